import { beijingIso } from '../../domain/clock.ts';
import type { OrderTerms, RefundTerms, Scene } from '../../domain/order.ts';
import { GatewayUnavailable } from '../contract.ts';
import { isLive } from './addresses.ts';
import { readAnswer, textAt } from './answer.ts';
import type { WechatpayConfig } from './config.ts';
import type { Call } from './gateway.ts';
import {
  checkOutRefundNo,
  checkOutTradeNo,
  checkPayerOpenid,
  checkReason,
  checkTitle,
  refused,
} from './limits.ts';
import { DIRECT_TRADES, merchantOf, PARTNER_TRADES } from './merchant.ts';
import { checkPayerClientIp } from './payer-ip.ts';

/** What each scene's order is called in a path. Mini programs are jsapi. */
const PRODUCTS: ReadonlyMap<Scene, string> = new Map<Scene, string>([
  ['qr', 'native'],
  ['h5', 'h5'],
  ['jsapi', 'jsapi'],
  ['app', 'app'],
]);
const REFUND_PATH = '/v3/refund/domestic/refunds';
const POST_PATHS: ReadonlySet<string> = new Set([
  ...[DIRECT_TRADES, PARTNER_TRADES].flatMap((trades) =>
    [...PRODUCTS.values()].map((product) => `${trades}/${product}`),
  ),
  REFUND_PATH,
]);

export const WECHATPAY_SCENES: ReadonlySet<Scene> = new Set(PRODUCTS.keys());

/**
 * The order as it will be sent, now and at every repetition: a line with the path, then the body. The expiry is
 * absolute; WeChat Pay stretches one that is less than a minute away.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012791877 (native)
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012791856 (jsapi)
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012525153 (h5)
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4013070347 (app)
 */
export function planPayment(order: OrderTerms, config: WechatpayConfig): string {
  const product = PRODUCTS.get(order.scene);
  if (product === undefined) {
    throw refused('scene', { zh: '只能是 qr、h5、jsapi 或 app', en: 'must be qr, h5, jsapi or app' });
  }
  checkOutTradeNo(order.outTradeNo);
  checkTitle(order.title);
  if (!Number.isSafeInteger(order.amountFen) || order.amountFen < 1) {
    throw refused('amountYuan', { zh: '至少是 0.01', en: 'must be at least 0.01' });
  }
  const merchant = merchantOf(config);
  const body = {
    ...merchant.ofOrder,
    description: order.title,
    out_trade_no: order.outTradeNo,
    time_expire: beijingIso(order.expiresAt),
    notify_url: config.notifyUrl,
    ...(order.mark === undefined ? {} : { attach: order.mark }),
    amount: { total: order.amountFen, currency: 'CNY' },
    ...(order.scene === 'jsapi' ? { payer: merchant.payer(checkPayerOpenid(order.payerOpenid)) } : {}),
    ...(order.scene === 'h5'
      ? {
          scene_info: {
            payer_client_ip: checkPayerClientIp(order.payerClientIp, isLive(config)),
            h5_info: { type: 'Wap' },
          },
        }
      : {}),
  };
  return `${merchant.trades}/${product}\n${JSON.stringify(body)}`;
}

/**
 * The refund as it will be sent, now and at every repetition. Without `funds_account` WeChat Pay takes the money from
 * unsettled funds.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012791883
 * @see https://pay.weixin.qq.com/doc/v3/partner/4013163605 (of a sub-merchant)
 */
export function planRefund(refund: RefundTerms, config: WechatpayConfig): string {
  checkOutTradeNo(refund.outTradeNo);
  checkOutRefundNo(refund.outRefundNo);
  if (refund.reason !== undefined) checkReason(refund.reason);
  const { refundFen, totalFen } = refund;
  if (
    !Number.isSafeInteger(refundFen) ||
    !Number.isSafeInteger(totalFen) ||
    refundFen < 1 ||
    refundFen > totalFen
  ) {
    throw refused('refundYuan', {
      zh: '必须在 0.01 与订单金额之间',
      en: "must be between 0.01 and the order's amount",
    });
  }
  const body = {
    ...merchantOf(config).ofRefund,
    out_trade_no: refund.outTradeNo,
    out_refund_no: refund.outRefundNo,
    ...(refund.reason === undefined || refund.reason === '' ? {} : { reason: refund.reason }),
    notify_url: config.notifyUrl,
    amount: { refund: refundFen, total: totalFen, currency: 'CNY' },
  };
  return `${REFUND_PATH}\n${JSON.stringify(body)}`;
}

/** A stored plan as a call. One that is not ours is never sent. */
export function callOf(plan: string): Call {
  const end = plan.indexOf('\n');
  const path = plan.slice(0, Math.max(end, 0));
  if (!POST_PATHS.has(path)) throw new GatewayUnavailable('plan-unreadable');
  return { method: 'POST', path, body: plan.slice(end + 1) };
}

/** As whose a stored plan was ordered, for what a front end signs. One that does not say so is never sent. */
export function partiesOf({ body = '' }: Call): { readonly appId: string; readonly mchId: string } {
  const said = readAnswer(Buffer.from(body));
  const appId = textAt(said, 'sub_appid') ?? textAt(said, 'sp_appid') ?? textAt(said, 'appid');
  const mchId = textAt(said, 'sp_mchid') ?? textAt(said, 'mchid');
  if (appId === undefined || mchId === undefined) throw new GatewayUnavailable('plan-unreadable');
  return { appId, mchId };
}
