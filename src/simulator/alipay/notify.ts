import { beijingDateTime } from '../../domain/clock.ts';
import { type Fen, toYuan } from '../../domain/money.ts';
import type { Delivery } from '../state/deliveries.ts';
import { asOf, type Trade } from '../state/trades.ts';
import type { Message, World } from '../world.ts';
import { signingText, signRsa2 } from './signature.ts';

/**
 * The form notification of a paid trade. Its signature leaves out `sign` and `sign_type`; the only good answer is
 * exactly `success`.
 * @see https://opendocs.alipay.com/open/203/105286
 */
export function alipayMessage(world: World, delivery: Delivery): Message {
  const trade = delivery.forged ?? world.trades.of(delivery.space).byNumber('alipay', delivery.outTradeNo);
  if (!trade) throw new Error(`no trade ${delivery.outTradeNo} to notify of`);
  const fields = notificationFields(world, delivery, asOf(trade, world.clock.now()));
  return formMessage(world, fields, delivery.forged !== undefined);
}

/** A form, signed by Alipay or by nobody's key. */
export function formMessage({ identity }: World, form: Map<string, string>, forged: boolean): Message {
  const { alipay, forger } = identity.keys;
  const key = (forged ? forger : alipay).privateKey;
  form.set('sign', signRsa2(signingText(form, ['sign', 'sign_type']), key));
  return {
    headers: {
      'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
      'user-agent': 'Mozilla/4.0',
    },
    body: new URLSearchParams([...form]).toString(),
    accepts: (status, body) => status === 200 && body === 'success',
  };
}

function notificationFields(world: World, delivery: Delivery, trade: Trade): Map<string, string> {
  const { appId, authAppId, sellerId } = partiesOf(world, trade, delivery.wrongAccount);
  const total = toYuan((delivery.wrongAmount ? trade.amountFen + 1 : trade.amountFen) as Fen);
  const paidAt = beijingDateTime(trade.paidAt ?? world.clock.now());
  return new Map([
    ['notify_time', beijingDateTime(world.clock.now())],
    ['notify_type', 'trade_status_sync'],
    ['notify_id', delivery.notifyId],
    ['charset', 'utf-8'],
    ['version', '1.0'],
    ['sign_type', 'RSA2'],
    ['app_id', appId],
    ['auth_app_id', authAppId],
    ['seller_id', sellerId],
    ['seller_email', 'simulated@example.com'],
    ['trade_no', trade.tradeNo ?? ''],
    ['out_trade_no', trade.outTradeNo],
    ['trade_status', 'TRADE_SUCCESS'],
    ['total_amount', total],
    ['receipt_amount', total],
    ['invoice_amount', total],
    ['buyer_pay_amount', total],
    ['point_amount', '0.00'],
    ['buyer_id', trade.payer],
    ['buyer_logon_id', '159****5620'],
    ['subject', trade.title],
    ['gmt_create', beijingDateTime(trade.createdAt)],
    ['gmt_payment', paidAt],
    ['fund_bill_list', JSON.stringify([{ amount: total, fundChannel: 'ALIPAYACCOUNT' }])],
    ...(trade.body ? [['body', trade.body] as const] : []),
    ...(trade.attach ? [['passback_params', trade.attach] as const] : []),
  ]);
}

/** The app that called, the app in whose name, and who is paid; `lie` names others. */
export function partiesOf(
  { identity }: World,
  { seller }: Pick<Trade, 'seller'>,
  lie = false,
): { readonly appId: string; readonly authAppId: string; readonly sellerId: string } {
  const { appId, sellerId, isv } = identity;
  if (seller === undefined) {
    const other = (id: string) => (lie ? `${id.slice(0, -4)}0000` : id);
    return { appId: other(appId), authAppId: other(appId), sellerId: other(sellerId) };
  }
  // Another merchant of the same ISV, whose app and keys are the same.
  const merchant = isv.merchants.find((one) => (one.sellerId === seller) !== lie);
  return { appId: isv.appId, authAppId: merchant?.appId ?? '', sellerId: merchant?.sellerId ?? '' };
}

/**
 * The address to send the payer back to, with what Alipay adds and signs. It proves nothing about the payment.
 * @see https://opendocs.alipay.com/open/270/105899
 */
export function returnAddress(world: World, trade: Trade): string | undefined {
  if (!trade.returnUrl || !URL.canParse(trade.returnUrl)) return undefined;
  const product = trade.scene === 'web' ? 'page' : 'wap';
  const { appId, authAppId, sellerId } = partiesOf(world, trade);
  const parameters = new Map([
    ['charset', 'utf-8'],
    ['out_trade_no', trade.outTradeNo],
    ['method', `alipay.trade.${product}.pay.return`],
    ['total_amount', toYuan(trade.amountFen)],
    ['trade_no', trade.tradeNo ?? ''],
    ['auth_app_id', authAppId],
    ['version', '1.0'],
    ['app_id', appId],
    ['sign_type', 'RSA2'],
    ['seller_id', sellerId],
    ['timestamp', beijingDateTime(world.clock.now())],
  ]);
  parameters.set(
    'sign',
    signRsa2(signingText(parameters, ['sign', 'sign_type']), world.identity.keys.alipay.privateKey),
  );
  const address = new URL(trade.returnUrl);
  for (const [name, value] of parameters) address.searchParams.set(name, value);
  return address.href;
}
