import { DAY_MS } from '../../domain/clock.ts';
import { defined } from '../../domain/defined.ts';
import type { RefundTerms } from '../../domain/order.ts';
import { unlessAbsent } from '../absence.ts';
import { type MayStill, OutcomeUnknown, type RefundRules, type RefundSnapshot } from '../contract.ts';
import { type Answer, objectAt, readAnswer, textAt, UNREADABLE, wordAt } from './answer.ts';
import type { Exchange, VerifiedAnswer } from './gateway.ts';
import { checkOutTradeNo, outRefundNoInPath } from './limits.ts';
import type { Merchant } from './merchant.ts';
import { callOf } from './plan.ts';
import { refundStateOf } from './states.ts';
import { fenAt } from './trade.ts';

/** One a minute, 50 an order, within a year; a refund number belongs to the merchant, not to the order. */
export const WECHATPAY_REFUND_RULES: RefundRules = {
  minIntervalMs: 60_000,
  maxPerOrder: 50,
  windowMs: 365 * DAY_MS,
  numberUniquePerMerchant: true,
  finalTradeStates: new Set(),
  // Every minute, after five minutes 5, 10, 20 and 30 minutes apart.
  askAfterMs: [60_000, 60_000, 60_000, 60_000, 60_000, 300_000, 600_000, 1_200_000, 1_800_000],
};

export type KnownRefund = Extract<RefundSnapshot, { exists: true }>;

/**
 * Sends a refund, or repeats it: one number refunds at most once. The answer is usually PROCESSING; acceptance is not
 * success.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012791883
 */
export async function sendRefund(
  exchange: Exchange,
  refund: RefundTerms,
  plan: string,
  mayStill?: MayStill,
): Promise<RefundSnapshot> {
  const verified = await exchange('refund', { ...callOf(plan), ...defined({ mayStill }) });
  const snapshot = provenRefund(verified, refund.outTradeNo, refund.outRefundNo);
  if (snapshot.refundFen !== refund.refundFen) throw new OutcomeUnknown('other-amount', verified.requestId);
  return snapshot;
}

/**
 * Asks for a refund by its number. It is looked up within the merchant, so that its order must be compared.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4013071041
 */
export async function queryRefund(
  exchange: Exchange,
  { ofRefund }: Merchant,
  outTradeNo: string,
  outRefundNo: string,
): Promise<RefundSnapshot> {
  checkOutTradeNo(outTradeNo);
  const whose = Object.keys(ofRefund).length === 0 ? '' : `?${new URLSearchParams(ofRefund)}`;
  const path = `/v3/refund/domestic/refunds/${outRefundNoInPath(outRefundNo)}${whose}`;
  const verified = await unlessAbsent(exchange('query-refund', { method: 'GET', path }));
  return verified ? provenRefund(verified, outTradeNo, outRefundNo) : { exists: false };
}

/** What the answer proves of this very refund; anything about another number, order or no sum is no proof. */
function provenRefund(verified: VerifiedAnswer, outTradeNo: string, outRefundNo: string): KnownRefund {
  const answer = readAnswer(verified.body);
  const snapshot = readRefund(answer, 'status', { outTradeNo, outRefundNo });
  if (!snapshot) throw new OutcomeUnknown('unreadable-answer', verified.requestId);
  if (textAt(answer, 'out_refund_no') !== outRefundNo || textAt(answer, 'out_trade_no') !== outTradeNo) {
    throw new OutcomeUnknown('other-refund', verified.requestId);
  }
  return snapshot;
}

/**
 * What a verified answer or notification proves of the refund with these numbers; undefined without a state or a sum.
 * @param stateField an answer says `status`, a notification `refund_status`
 */
export function readRefund(
  answer: Answer | undefined,
  stateField: 'status' | 'refund_status',
  { outTradeNo, outRefundNo }: Pick<KnownRefund, 'outTradeNo' | 'outRefundNo'>,
): KnownRefund | undefined {
  const word = textAt(answer, stateField);
  const refundFen = fenAt(objectAt(answer, 'amount'), 'refund');
  if (word === undefined || refundFen === undefined) return undefined;
  const gatewayRefundNo = wordAt(answer, 'refund_id');
  return {
    exists: true,
    outTradeNo,
    outRefundNo,
    state: refundStateOf(word),
    gatewayState: wordAt(answer, stateField) ?? UNREADABLE,
    ...(gatewayRefundNo === undefined ? {} : { gatewayRefundNo }),
    refundFen,
  };
}
