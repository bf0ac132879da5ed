import { z } from 'zod';
import { beijingIso } from '../../domain/clock.ts';
import type { Fen } from '../../domain/money.ts';
import { digits } from '../numbers.ts';
import { announce, refundOutcome } from '../payer.ts';
import { type Refund, refundedFen, refundStatus, type Trade } from '../state/trades.ts';
import type { Steered } from '../steering.ts';
import { canonical, fenAmount, notifyUrl, outRefundNo, readJson, text } from '../v3/request-body.ts';
import type { World } from '../world.ts';
import { BODY_REFUSALS, DouyinPayRefusal } from './refusal.ts';

/** ms that a refund is PROCESSING here. */
const SETTLES_AFTER_MS = 2_000;

const REFUND = z
  .strictObject({
    mchid: text(32),
    appid: text(32).optional(),
    transaction_id: text(32).optional(),
    out_trade_no: text(32).optional(),
    out_refund_no: outRefundNo,
    reason: text(80).optional(),
    notify_url: notifyUrl.optional(),
    funds_account: z.literal('AVAILABLE').optional(),
    amount: z.strictObject({ refund: fenAmount, total: fenAmount, currency: z.literal('CNY') }),
    goods_detail: z.array(z.unknown()).optional(),
  })
  .refine((request) => request.transaction_id || request.out_trade_no, { path: ['out_trade_no'] });

/** `POST /v1/trade/refund/domestic/refunds`: taking it is not having done it. One number refunds at most once. */
export function createRefund(world: World, body: Buffer, steered: Steered): Record<string, unknown> {
  const request = readJson(body, REFUND, BODY_REFUSALS);
  if (request.mchid !== world.identity.douyin.mchId)
    throw BODY_REFUSALS.parameterError('mchid', '与签名的商户号不一致');
  const now = world.clock.now();
  const trade = request.transaction_id
    ? world.trades.byTradeNo('douyinpay', request.transaction_id)
    : world.trades.byNumber('douyinpay', request.out_trade_no ?? '');
  if (!trade || trade.paidAt === undefined)
    throw new DouyinPayRefusal('RESOURCE_NOT_EXISTS', '订单不存在或未支付');
  const { refund, total } = request.amount;
  const fingerprint = JSON.stringify([trade.outTradeNo, refund, total, canonical(request.reason ?? '')]);
  const owner = world.trades.byRefundNumber('douyinpay', request.out_refund_no);
  const earlier = owner?.refunds.find((one) => one.outRefundNo === request.out_refund_no);
  if (owner && earlier) {
    if (earlier.fingerprint !== fingerprint)
      throw new DouyinPayRefusal('INVALID_REQUEST', '商户退款单号重复，且参数与首次请求不一致');
    return refundFields(world, owner, earlier);
  }
  if (total !== trade.amountFen) throw new DouyinPayRefusal('INVALID_REQUEST', '订单金额不一致');
  const held = refundedFen(trade, now, ['SUCCESS', 'PROCESSING', 'ABNORMAL']);
  if (held + refund > trade.amountFen) throw new DouyinPayRefusal('INVALID_REQUEST', '退款金额超过可退金额');
  const made: Refund = {
    ...{ outRefundNo: request.out_refund_no, refundId: `RP${digits(world.randomBytes, 26)}` },
    ...{ amountFen: refund as Fen, fingerprint, createdAt: now, settlesAt: now + SETTLES_AFTER_MS },
    ...(request.reason ? { reason: request.reason } : {}),
    ...(request.notify_url ? { notifyUrl: request.notify_url } : {}),
    outcome: refundOutcome(steered),
  };
  const refunded: Trade = { ...trade, refunds: [...trade.refunds, made] };
  world.trades.save(refunded);
  if (made.notifyUrl && made.outcome !== 'PROCESSING')
    announce(world, refunded, { kind: 'refund', url: made.notifyUrl, dueAt: made.settlesAt }, made);
  return refundFields(world, refunded, made, steered.has('unknown-word') ? 'PONDERING' : undefined);
}

/** `GET /v1/trade/refund/domestic/refunds/{out_refund_no}`. */
export function queryRefund(
  world: World,
  trade: Trade,
  refund: Refund,
  steered: Steered,
): Record<string, unknown> {
  const more = steered.has('wrong-amount') ? 1 : 0;
  const reported = { ...refund, amountFen: (refund.amountFen + more) as Fen };
  return refundFields(world, trade, reported, steered.has('unknown-word') ? 'PONDERING' : undefined);
}

function refundFields(world: World, trade: Trade, refund: Refund, word?: string): Record<string, unknown> {
  const status = word ?? refundStatus(refund, world.clock.now());
  return { ...told(trade, refund, status), status };
}

/** A refund as answers and notifications describe it, each with the state under a name of its own. */
export function told(trade: Trade, refund: Refund, status: string): Record<string, unknown> {
  return {
    ...{ refund_id: refund.refundId, out_refund_no: refund.outRefundNo },
    ...{ transaction_id: trade.tradeNo, out_trade_no: trade.outTradeNo },
    ...{ channel: 'ORIGINAL', user_received_account: '抖音零钱', funds_account: 'AVAILABLE' },
    ...(status === 'SUCCESS' ? { success_time: beijingIso(refund.settlesAt) } : {}),
    create_time: beijingIso(refund.createdAt),
    amount: {
      ...{ total: trade.amountFen, refund: refund.amountFen },
      ...{ payer_total: trade.amountFen, payer_refund: refund.amountFen, currency: 'CNY' },
    },
    promotion_detail: [],
  };
}
