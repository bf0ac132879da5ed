import { defined } from '../../domain/defined.ts';
import type { RefundTerms } from '../../domain/order.ts';
import { unlessAbsent } from '../absence.ts';
import { type MayStill, OutcomeUnknown, type RefundSnapshot } from '../contract.ts';
import { type Answer, fenAt, objectAt, readAnswer, textAt, UNREADABLE, wordAt } from './answer.ts';
import type { Call, Exchange, VerifiedAnswer } from './exchange.ts';
import type { Limits } from './limits.ts';
import type { ApiMerchant } from './merchant.ts';
import { refundStateOf } from './states.ts';

/** Where refunds are. */
export interface Refunds {
  readonly exchange: Exchange<'refund' | 'query-refund'>;
  readonly merchant: ApiMerchant;
  readonly limits: Limits;
}

export type KnownRefund = Extract<RefundSnapshot, { exists: true }>;

/**
 * Sends a refund, or repeats it: one number refunds at most once. The answer is usually PROCESSING; acceptance is not
 * success.
 * @param call of the plan
 */
export async function sendRefund(
  { exchange }: Refunds,
  refund: RefundTerms,
  call: Call,
  mayStill?: MayStill,
): Promise<RefundSnapshot> {
  const verified = await exchange('refund', { ...call, ...defined({ mayStill }) });
  const snapshot = provenRefund(verified, refund.outTradeNo, refund.outRefundNo);
  if (snapshot.refundFen !== refund.refundFen) throw new OutcomeUnknown('other-amount', verified.requestId);
  return snapshot;
}

/** Asks for a refund by its number. It is looked up within the merchant, so that its order must be compared. */
export async function queryRefund(
  { exchange, merchant, limits }: Refunds,
  outTradeNo: string,
  outRefundNo: string,
): Promise<RefundSnapshot> {
  limits.checkOutTradeNo(outTradeNo);
  const { refunds, ofRefund } = merchant;
  const whose = Object.keys(ofRefund).length === 0 ? '' : `?${new URLSearchParams(ofRefund)}`;
  const path = `${refunds}/${limits.outRefundNoInPath(outRefundNo)}${whose}`;
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
  return {
    exists: true,
    outTradeNo,
    outRefundNo,
    state: refundStateOf(word),
    gatewayState: wordAt(answer, stateField) ?? UNREADABLE,
    ...defined({ gatewayRefundNo: wordAt(answer, 'refund_id') }),
    refundFen,
  };
}
