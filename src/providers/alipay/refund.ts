import { DAY_MS } from '../../domain/clock.ts';
import { fenFromYuan, toYuan } from '../../domain/money.ts';
import type { RefundTerms } from '../../domain/order.ts';
import { unlessAbsent } from '../absence.ts';
import { type Known, OutcomeUnknown, type RefundRules, type RefundSnapshot } from '../contract.ts';
import { readWord } from './codes.ts';
import { accepted, requireTrade } from './errors.ts';
import type { AlipayGateway } from './gateway.ts';
import { bizContent, readPlan, tradeNamed, writePlan } from './plan.ts';
import { queriedRefundState, sentRefundState } from './states.ts';

/** Alipay documents no number of refunds per order, and 12 months by default (the contract may say otherwise). */
export const ALIPAY_REFUND_RULES: RefundRules = {
  minIntervalMs: 3000,
  maxPerOrder: Number.POSITIVE_INFINITY,
  windowMs: 365 * DAY_MS,
  numberUniquePerMerchant: false,
  finalTradeStates: new Set(['TRADE_FINISHED']),
  askAfterMs: [10_000, 20_000, 60_000, 300_000, 1_800_000],
};

/**
 * Plans a refund with documented parameters only: Alipay warns that any other can make it fail or happen twice. A trade
 * that came about without an order of ours is named by Alipay's number: that such a one can be refunded so, no document
 * says.
 */
export function planRefund(refund: RefundTerms): string {
  return writePlan({
    method: 'alipay.trade.refund',
    biz_content: bizContent({
      ...tradeNamed(refund),
      refund_amount: toYuan(refund.refundFen),
      out_request_no: refund.outRefundNo,
      ...(refund.reason === undefined ? {} : { refund_reason: refund.reason }),
    }),
  });
}

/**
 * Sends a refund. Code 10000 only means taken in; `fund_change=Y` means that this refund has happened. The answer's
 * `refund_fee` is everything refunded so far, so it is no amount of this refund, but it cannot be less than what
 * was refunded before and this together: else it is the answer to an earlier one.
 *
 * @see https://opendocs.alipay.com/open/f60979b3_alipay.trade.refund
 */
export async function sendRefund(
  gateway: AlipayGateway,
  refund: RefundTerms,
  planText: string,
): Promise<RefundSnapshot> {
  const plan = readPlan(planText, ['alipay.trade.refund'], refund);
  const answer = await accepted(gateway.call(plan), 'refund', refund.outTradeNo);
  requireTrade(answer, refund);
  const fundChange = answer.fields.get('fund_change');
  const state = sentRefundState(fundChange);
  const refundedSoFar = fenFromYuan(answer.fields.get('refund_fee') ?? '');
  const atLeast = (refund.refundedBeforeFen ?? 0) + refund.refundFen;
  if (state === 'SUCCESS' && refundedSoFar !== undefined && refundedSoFar < atLeast) {
    throw new OutcomeUnknown('refund-fee-too-small', answer.requestId);
  }
  return {
    exists: true,
    outTradeNo: refund.outTradeNo,
    outRefundNo: refund.outRefundNo,
    state,
    gatewayState: gatewayWord('fund_change', fundChange),
    ...(refundedSoFar ? { refundedFen: refundedSoFar } : {}),
  };
}

/**
 * Asks for a refund. A number that Alipay does not know (yet) is answered with 10000 and no details: it does not
 * exist, which is not the same as failed. Alipay asks for 10 s between refund and query.
 *
 * @see https://opendocs.alipay.com/open/8c776df6_alipay.trade.fastpay.refund.query
 */
export async function queryRefund(
  gateway: AlipayGateway,
  outTradeNo: string,
  outRefundNo: string,
  { gatewayTradeNo }: Known = {},
): Promise<RefundSnapshot> {
  const trade = { outTradeNo, gatewayTradeNo };
  const asked = gateway.call({
    method: 'alipay.trade.fastpay.refund.query',
    biz_content: bizContent({ ...tradeNamed(trade), out_request_no: outRefundNo }),
  });
  const answer = await unlessAbsent(accepted(asked, 'refund-query', outTradeNo));
  if (answer === undefined) return { exists: false };
  const { fields, requestId } = answer;
  const answeredNo = fields.get('out_request_no');
  if (answeredNo !== undefined && answeredNo !== outRefundNo) {
    throw new OutcomeUnknown('answer-of-another-refund', requestId);
  }
  const refundStatus = fields.get('refund_status');
  const amount = fields.get('refund_amount');
  if (refundStatus === undefined && amount === undefined) return { exists: false };

  const state = queriedRefundState(refundStatus);
  requireTrade(answer, trade);
  if (answeredNo === undefined) throw new OutcomeUnknown('answer-of-another-refund', requestId);
  const refundFen = fenFromYuan(amount ?? '');
  if (state === 'SUCCESS' && refundFen === undefined)
    throw new OutcomeUnknown('amount-unreadable', requestId);
  return {
    exists: true,
    outTradeNo,
    outRefundNo,
    state,
    gatewayState: gatewayWord('refund_status', refundStatus),
    ...(refundFen === undefined ? {} : { refundFen }),
  };
}

/** Alipay's own word with its field where the word alone says nothing: `fund_change.Y`, `REFUND_SUCCESS`. */
function gatewayWord(field: 'fund_change' | 'refund_status', word: string | undefined): string {
  if (word === undefined) return `${field}.missing`;
  const readable = readWord(word) ?? 'unreadable';
  return field === 'fund_change' ? `${field}.${readable}` : readable;
}
