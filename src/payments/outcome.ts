import type { Book } from '../ledger/book.ts';
import type { ForeignPayment, ForeignRefund } from './foreign.ts';
import type { PaymentResult, RefundResult } from './results.ts';
import type { Call, Outcome } from './till.ts';

/** What the audit trail keeps of an answer. */
export function outcomeOf(result: PaymentResult | ForeignPayment | RefundResult | ForeignRefund): Outcome {
  if ('foreign' in result) return { outTradeNo: result.foreign.outTradeNo, state: result.foreign.state };
  if ('foreignRefund' in result) {
    const { outTradeNo, outRefundNo, state } = result.foreignRefund;
    return { outTradeNo, outRefundNo, state };
  }
  const { replayed } = result;
  const { outTradeNo, state, closing, late } = result.order;
  if (!('refund' in result))
    return { outTradeNo, state, replayed, closing: closing || undefined, late: late || undefined };
  const { outRefundNo } = result.refund;
  return { outTradeNo, outRefundNo, state: result.refund.state, replayed };
}

/** The last thing a call does, with its answer on record in the same transaction, which spares one of its own. */
export async function concluded<R extends PaymentResult | RefundResult>(
  book: Book,
  call: Pick<Call, 'conclude'>,
  result: Promise<R>,
): Promise<R> {
  const told = await result;
  await call.conclude?.(book, outcomeOf(told));
  return told;
}
