import { beijingIso, wholeSecond } from '../../domain/clock.ts';
import type { Fen } from '../../domain/money.ts';
import { digits, token } from '../numbers.ts';
import { announceForged, pay } from '../payer.ts';
import { type Trade, type TradeScene, tradeState } from '../state/trades.ts';
import type { Steered } from '../steering.ts';
import { canonical } from '../v3/request-body.ts';
import type { World } from '../world.ts';
import { closeRequest, ORDERS, type OrderKind, type OrderRequest, readBody } from './parameters.ts';
import { type OrderCall, partiesOf, requireOwn, type Side, sellerOf, spaceOf } from './parties.ts';
import { notExist, parameterError, WechatPayRefusal } from './refusal.ts';

const MINUTE_MS = 60_000;
/** ms that an order waits when it names no `time_expire`, and after which one that nobody has paid is closed. */
const DEFAULT_WAIT_MS = 7 * 1_440 * MINUTE_MS;
/** ms; the longest it may name. */
const LONGEST_WAIT_MS = 90 * 1_440 * MINUTE_MS;
/** ms that a credential works. */
const CODE_LIFETIME_MS = 120 * MINUTE_MS;
const H5_LIFETIME_MS = 5 * MINUTE_MS;

const SCENES: Readonly<Record<OrderKind, TradeScene>> = {
  native: 'qr',
  jsapi: 'jsapi',
  h5: 'h5',
  app: 'app',
};
const TRADE_TYPES: Readonly<Partial<Record<TradeScene, string>>> = {
  qr: 'NATIVE',
  jsapi: 'JSAPI',
  h5: 'MWEB',
  app: 'APP',
};

/**
 * `POST /v3/pay/transactions/{native|jsapi|h5|app}`, for a sub-merchant under `/v3/pay/partner`. The same number with the same parameters gets a fresh
 * credential and the old one dies; with others it is refused.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012791877
 */
export function createOrder(
  world: World,
  { side, isPartner }: OrderCall,
  kind: OrderKind,
  body: Buffer,
  steered: Steered,
): Record<string, string> {
  const request = readBody(body, ORDERS[isPartner ? 'partner' : 'own'][kind]);
  const { app, seller } = checkParties(world, side, request);
  const now = world.clock.now();
  const fingerprint = JSON.stringify([kind, canonical(request)]);
  const existing = world.trades.byNumber('wechatpay', request.out_trade_no);
  if (existing) checkReentry(requireOwn(existing, seller), fingerprint, now);
  const space = spaceOf(side);
  const { openid, sp_openid, sub_openid } = request.payer ?? {};
  const order: Trade = existing ?? {
    provider: 'wechatpay',
    ...(space === undefined ? {} : { space }),
    ...(seller === undefined ? {} : { seller }),
    ...(app === undefined ? {} : { app }),
    scene: SCENES[kind],
    outTradeNo: request.out_trade_no,
    amountFen: request.amount.total as Fen,
    title: request.description,
    fingerprint,
    notifyUrl: request.notify_url,
    ...(request.attach ? { attach: request.attach } : {}),
    payer: openid ?? sub_openid ?? sp_openid ?? `o${world.randomBytes(14).toString('hex').slice(1)}`,
    cashierToken: token(world.randomBytes),
    createdAt: now,
    expiresAt: readExpiry(request.time_expire, now),
    refunds: [],
  };
  if (!existing) world.trades.save(order);
  if (!existing && steered.has('notify-forged')) announceForged(world, order);
  const credential = issueCredential(world, kind, order, now);
  if (steered.has('auto-pay')) pay(world, order);
  return credential;
}

/** For whom, and with which app of theirs: a merchant's own, or a sub-merchant's if it has one here. */
function checkParties(
  world: World,
  side: Side,
  request: OrderRequest,
): { readonly app: string | undefined; readonly seller: string | undefined } {
  const { wechatAppId, serviceProvider } = world.identity;
  const { appid, mchid, sp_appid, sub_appid, payer } = request;
  const seller = sellerOf(world, side, request, 'body');
  if (seller === undefined) {
    if (mchid !== side.mchId) throw new WechatPayRefusal('MCH_NOT_EXISTS', '商户号不存在');
    if (appid !== wechatAppId && appid !== serviceProvider.appId)
      throw new WechatPayRefusal('APPID_MCHID_NOT_MATCH', 'appid和mch_id不匹配');
    return { app: appid, seller };
  }
  if (sp_appid !== serviceProvider.appId)
    throw new WechatPayRefusal('APPID_MCHID_NOT_MATCH', 'appid和mch_id不匹配');
  const sub = serviceProvider.subMerchants.find((known) => known.mchId === seller);
  if (sub_appid !== undefined && sub_appid !== sub?.appId)
    throw new WechatPayRefusal('APPID_MCHID_NOT_MATCH', 'sub_mch_id与sub_appid不匹配');
  if (payer?.sub_openid !== undefined && sub_appid === undefined)
    throw parameterError('payer/sub_openid', '传入sub_openid时须传入sub_appid');
  return { app: sub_appid, seller };
}

/**
 * `GET /v3/pay/transactions/out-trade-no/{no}` and `/id/{id}`. Unpaid orders answer only to their own number.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012791880
 */
export function queryOrder(world: World, trade: Trade, steered: Steered): Record<string, unknown> {
  return transaction(world, trade, {
    wrongAmount: steered.has('wrong-amount'),
    wrongAccount: steered.has('wrong-account'),
    ...(steered.has('unknown-word') ? { state: 'PONDERING' } : {}),
  });
}

/**
 * `POST …/close`: unpaid orders, as often as one likes.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012791881
 */
export function closeOrder(
  world: World,
  { side, isPartner }: OrderCall,
  find: () => Trade | undefined,
  body: Buffer,
): void {
  const given: { mchid?: string; sp_mchid?: string; sub_mchid?: string } = isPartner
    ? readBody(body, closeRequest.partner)
    : readBody(body, closeRequest.own);
  const seller = sellerOf(world, side, given, 'body');
  if ((given.mchid ?? given.sp_mchid) !== side.mchId) throw parameterError('mchid', '与签名的商户号不一致');
  const trade = requireOwn(find() ?? notExist(), seller);
  const now = world.clock.now();
  if (trade.paidAt !== undefined) throw new WechatPayRefusal('ORDERPAID', '该订单已支付');
  if (transactionState(trade, now) === 'CLOSED') return;
  world.trades.save({ ...trade, closedAt: now });
  world.codes.expire('wechatpay', trade.outTradeNo, now);
}

/** An order as queries and notifications describe it. */
export function transaction(
  world: World,
  trade: Trade,
  lies: { readonly wrongAmount?: boolean; readonly wrongAccount?: boolean; readonly state?: string } = {},
): Record<string, unknown> {
  const state = lies.state ?? transactionState(trade, world.clock.now());
  const total = lies.wrongAmount ? trade.amountFen + 1 : trade.amountFen;
  const paid = trade.paidAt === undefined ? undefined : beijingIso(trade.paidAt);
  return {
    ...partiesOf(world.identity, trade, lies.wrongAccount),
    out_trade_no: trade.outTradeNo,
    ...(paid ? { transaction_id: trade.tradeNo, success_time: paid, bank_type: 'OTHERS' } : {}),
    trade_type: TRADE_TYPES[trade.scene],
    trade_state: state,
    trade_state_desc: STATE_TEXTS[state] ?? '',
    ...(paid && trade.attach ? { attach: trade.attach } : {}),
    ...(paid ? { payer: payerOf(trade), promotion_detail: [] } : {}),
    amount: { total, currency: 'CNY', ...(paid ? { payer_total: total, payer_currency: 'CNY' } : {}) },
  };
}

function payerOf({ seller, app, payer }: Trade): Record<string, string> {
  if (seller === undefined) return { openid: payer };
  // The provider's app knows the payer by another name.
  return app === undefined ? { sp_openid: payer } : { sp_openid: `${payer}_`, sub_openid: payer };
}

const STATE_TEXTS: Readonly<Record<string, string>> = {
  NOTPAY: '订单未支付',
  SUCCESS: '支付成功',
  REFUND: '订单发生过退款，退款详情请查询退款单',
  CLOSED: '订单已关闭',
};

/**
 * REFUND as soon as there is any refund, whatever became of it. `time_expire` only ends the time to pay: until somebody
 * closes it, an order stays NOTPAY for a week.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012525171
 */
function transactionState(trade: Trade, now: number): string {
  if (trade.paidAt !== undefined) return trade.refunds.length > 0 ? 'REFUND' : 'SUCCESS';
  const closesAt = Math.max(trade.expiresAt, trade.createdAt + DEFAULT_WAIT_MS);
  return trade.closedAt !== undefined || now >= closesAt ? 'CLOSED' : 'NOTPAY';
}

function checkReentry(existing: Trade, fingerprint: string, now: number): void {
  if (existing.fingerprint !== fingerprint) {
    throw new WechatPayRefusal('INVALID_REQUEST', '请求重入时，参数与首次请求时不一致', 268498688);
  }
  const state = tradeState(existing, now);
  if (state === 'PAID') throw new WechatPayRefusal('ORDERPAID', '该订单已支付');
  if (state === 'CLOSED') throw new WechatPayRefusal('ORDER_CLOSED', '该订单已失效，请重新下单');
}

function issueCredential(world: World, kind: OrderKind, order: Trade, now: number): Record<string, string> {
  world.codes.expire('wechatpay', order.outTradeNo, now);
  const issue = (code: string, lifetimeMs: number) =>
    world.codes.issue({
      code,
      provider: 'wechatpay',
      outTradeNo: order.outTradeNo,
      diesAt: now + lifetimeMs,
    });
  if (kind === 'native') {
    const code = `weixin://wxpay/bizpayurl?pr=${world.randomBytes(6).toString('base64url')}zz`;
    issue(code, CODE_LIFETIME_MS);
    return { code_url: code };
  }
  const stamp = beijingIso(now).slice(0, 19).replace(/\D/g, '');
  const prepayId = `wx${stamp}${world.randomBytes(9).toString('hex')}${digits(world.randomBytes, 2)}`;
  issue(prepayId, kind === 'h5' ? H5_LIFETIME_MS : CODE_LIFETIME_MS);
  if (kind !== 'h5') return { prepay_id: prepayId };
  const seal = digits(world.randomBytes, 10);
  return { h5_url: `${world.origin}/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=${prepayId}&package=${seal}` };
}

/** At least a minute ahead (adjusted), at most 90 days. */
function readExpiry(text: string | undefined, now: number): number {
  if (text === undefined) return wholeSecond(now + DEFAULT_WAIT_MS);
  const at = Date.parse(text);
  if (at > now + LONGEST_WAIT_MS) throw parameterError('time_expire', '超过最长有效期');
  return Math.max(at, wholeSecond(now + MINUTE_MS));
}
