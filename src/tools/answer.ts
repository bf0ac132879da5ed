import type { Outcome } from '../payments/attempt.ts';
import type { ForeignPayment, ForeignRefund } from '../payments/foreign.ts';
import type { PaymentResult, RefundResult } from '../payments/results.ts';
import type { View } from './views.ts';

/** The language of every sentence of this process. */
export type Language = 'zh' | 'en';

export interface ToolAnswer<V extends View = View> {
  /** The first text block: everything the model needs to go on. */
  readonly text: string;
  /** A second text block, for tools whose first one has its words fixed. */
  readonly note?: string;
  /** Left out by tools whose clients read text only. */
  readonly structured?: Readonly<V>;
  /** What the audit trail keeps of it. */
  readonly outcome: Outcome;
  /** PNG, base64. */
  readonly image?: string;
}

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
