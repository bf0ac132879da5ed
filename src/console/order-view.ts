import type { Book } from '../ledger/book.ts';
import type { Freeze } from '../ledger/operator-book.ts';
import type { ApprovalRecord, AuditRecord, OrderRecord, RefundRecord } from '../ledger/records.ts';
import { elsewhereOf } from '../ledger/refunded.ts';
import { type Outcome, outcomeOf } from '../operator/outcome.ts';
import { type Phase, phaseOf, type Sums, sumsOf } from '../operator/view.ts';
import { markOf } from './overview.ts';

/** How many approvals of an order are shown at most, the newest of them. */
const MOST_APPROVALS = 50;

export interface AskedView {
  readonly approval: ApprovalRecord;
  readonly phase: Phase;
  /** What came of a yes or no; undefined while that is awaited. */
  readonly outcome: Outcome | undefined;
}

/** One order with everything that is known of it. */
export interface OrderView {
  readonly order: OrderRecord;
  /** Oldest first. */
  readonly refunds: readonly RefundRecord[];
  readonly sums: Sums;
  /** What the gateway proves to have been refunded outside this ledger. */
  readonly elsewhere: ReturnType<typeof elsewhereOf>;
  /** Newest first. */
  readonly asked: readonly AskedView[];
  /** Oldest first. */
  readonly events: readonly AuditRecord[];
  readonly frozen: Freeze | undefined;
  readonly mark: string;
}

/** undefined where there is none of this number. */
export async function orderOf(book: Book, outTradeNo: string): Promise<OrderRecord | undefined> {
  return /^\w{1,64}$/.test(outTradeNo) ? book.orders.get(outTradeNo) : undefined;
}

/** As {@link orderOf}. @param now ms */
export async function readOrder(book: Book, outTradeNo: string, now: number): Promise<OrderView | undefined> {
  const order = await orderOf(book, outTradeNo);
  if (!order) return undefined;
  const refunds = await book.refunds.ofOrder(outTradeNo);
  const approvals = (await book.approvals.ofOrders([outTradeNo])).get(outTradeNo) ?? [];
  const frozen = await book.operator.freeze();
  const asked = approvals.slice(0, MOST_APPROVALS).map((approval) => {
    const phase = phaseOf(approval, now);
    const refund = refunds.find(({ outRefundNo }) => outRefundNo === approval.outRefundNo);
    const view = { approval, phase, order, refund, frozen };
    return { approval, phase, outcome: phase === 'pending' ? undefined : outcomeOf(view, now) };
  });
  return {
    order,
    refunds,
    sums: sumsOf(order, refunds),
    elsewhere: elsewhereOf(order, refunds),
    asked,
    events: await book.audit.newestStory(outTradeNo),
    frozen,
    mark: await markOf(book, now),
  };
}

/** Whether a person may try to close it: nothing is known of a payment, and it has not ended. */
export function canBeClosed({ state }: OrderRecord): boolean {
  return state === 'NOTPAY' || state === 'UNKNOWN' || state === 'PENDING_APPROVAL';
}
