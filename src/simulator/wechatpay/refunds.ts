import { beijingIso, DAY_MS } from '../../domain/clock.ts';
import type { Fen } from '../../domain/money.ts';
import { digits } from '../numbers.ts';
import { announce, refundOutcome } from '../payer.ts';
import { type Refund, refundedFen, refundStatus, type Trade } from '../state/trades.ts';
import type { Steered } from '../steering.ts';
import { canonical } from '../v3/request-body.ts';
import type { World } from '../world.ts';
import { readBody, refundRequest } from './parameters.ts';
import { requireOwn, type Side, sellerOf } from './parties.ts';
import { parameterError, WechatPayRefusal } from './refusal.ts';

/** ms between two refunds of one order; how many; and how long after payment. */
const REFUND_INTERVAL_MS = 60_000;
const MOST_REFUNDS = 50;
const REFUND_WINDOW_MS = 365 * DAY_MS;
/** ms that a refund is PROCESSING here; minutes to days at the real one. */
const SETTLES_AFTER_MS = 2_000;

/**
 * `POST /v3/refund/domestic/refunds`: taking it is not having done it. One number refunds at most once.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012791883
 */
export function createRefund(
  world: World,
  side: Side,
  body: Buffer,
  steered: Steered,
): Record<string, unknown> {
  const request = readBody(body, refundRequest);
  const seller = sellerOf(world, side, request, 'body');
  const now = world.clock.now();
  const trade = request.transaction_id
    ? world.trades.byTradeNo('wechatpay', request.transaction_id)
    : world.trades.byNumber('wechatpay', request.out_trade_no ?? '');
  if (!trade || trade.paidAt === undefined)
    throw new WechatPayRefusal('RESOURCE_NOT_EXISTS', '订单不存在或未支付');
  requireOwn(trade, seller);
  const fingerprint = JSON.stringify([
    trade.outTradeNo,
    request.amount.refund,
    request.amount.total,
    canonical(request.reason ?? ''),
  ]);
  const owner = world.trades.byRefundNumber('wechatpay', request.out_refund_no);
  const earlier = owner?.refunds.find(({ outRefundNo }) => outRefundNo === request.out_refund_no);
  if (owner && earlier) {
    if (earlier.fingerprint !== fingerprint) {
      throw new WechatPayRefusal('INVALID_REQUEST', '商户退款单号重复，且参数与首次请求不一致', 268498688);
    }
    return refundFields(world, owner, earlier);
  }
  if (request.out_trade_no && request.out_trade_no !== trade.outTradeNo) {
    throw parameterError('out_trade_no', '与 transaction_id 不是同一订单');
  }
  checkRefundable(trade, request.amount, now);
  const made: Refund = {
    outRefundNo: request.out_refund_no,
    refundId: `503${digits(world.randomBytes, 25)}`,
    amountFen: request.amount.refund as Fen,
    fingerprint,
    ...(request.reason ? { reason: request.reason } : {}),
    ...(request.notify_url ? { notifyUrl: request.notify_url } : {}),
    createdAt: now,
    settlesAt: now + SETTLES_AFTER_MS,
    outcome: refundOutcome(steered),
  };
  const refunded: Trade = { ...trade, refunds: [...trade.refunds, made] };
  world.trades.save(refunded);
  if (made.notifyUrl && made.outcome !== 'PROCESSING') {
    announce(world, refunded, { kind: 'refund', url: made.notifyUrl, dueAt: made.settlesAt }, made);
  }
  return refundFields(world, refunded, made, steered.has('unknown-word') ? 'PONDERING' : undefined);
}

/**
 * `GET /v3/refund/domestic/refunds/{out_refund_no}`.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012791884
 */
export function queryRefund(
  world: World,
  trade: Trade,
  refund: Refund,
  steered: Steered,
): Record<string, unknown> {
  const reported = steered.has('wrong-amount')
    ? { ...refund, amountFen: (refund.amountFen + 1) as Fen }
    : refund;
  return refundFields(world, trade, reported, steered.has('unknown-word') ? 'PONDERING' : undefined);
}

function checkRefundable(
  trade: Trade,
  amount: { readonly refund: number; readonly total: number },
  now: number,
): void {
  if (amount.total !== trade.amountFen) throw new WechatPayRefusal('INVALID_REQUEST', '订单金额不一致');
  const held = refundedFen(trade, now, ['SUCCESS', 'PROCESSING', 'ABNORMAL']);
  if (held + amount.refund > trade.amountFen)
    throw new WechatPayRefusal('INVALID_REQUEST', '退款金额超过可退金额');
  if (now > (trade.paidAt ?? now) + REFUND_WINDOW_MS) {
    throw new WechatPayRefusal('INVALID_REQUEST', '订单已超过可退款的最大期限');
  }
  if (trade.refunds.length >= MOST_REFUNDS)
    throw new WechatPayRefusal('INVALID_REQUEST', '部分退款次数超过限制');
  const last = trade.refunds.at(-1);
  if (last && now < last.createdAt + REFUND_INTERVAL_MS) {
    throw new WechatPayRefusal('FREQUENCY_LIMITED', '同一订单两次退款须间隔一分钟，请稍后用原参数重试');
  }
}

function refundFields(world: World, trade: Trade, refund: Refund, word?: string): Record<string, unknown> {
  const status = word ?? refundStatus(refund, world.clock.now());
  return {
    refund_id: refund.refundId,
    out_refund_no: refund.outRefundNo,
    transaction_id: trade.tradeNo,
    out_trade_no: trade.outTradeNo,
    channel: 'ORIGINAL',
    user_received_account: '支付用户零钱',
    ...(status === 'SUCCESS' ? { success_time: beijingIso(refund.settlesAt) } : {}),
    create_time: beijingIso(refund.createdAt),
    status,
    funds_account: 'AVAILABLE',
    amount: {
      ...amountFields(trade, refund),
      from: [],
      settlement_total: trade.amountFen,
      settlement_refund: refund.amountFen,
      discount_refund: 0,
      currency: 'CNY',
      refund_fee: 0,
    },
    promotion_detail: [],
  };
}

/** The part of a refund's amounts that notifications carry as well. */
export function amountFields(trade: Trade, refund: Refund): Record<string, number> {
  return {
    total: trade.amountFen,
    refund: refund.amountFen,
    payer_total: trade.amountFen,
    payer_refund: refund.amountFen,
  };
}
