import type { Book } from '../ledger/book.ts';
import type { AuditRecord } from '../ledger/records.ts';
import { contractOf } from '../ledger/subscription-records.ts';
import { eventOf, type Facts } from './derive.ts';
import type { CashierEvent } from './event.ts';

/** The events that some records are, oldest first. */
export async function readEvents(
  book: Book,
  seqs: readonly number[],
  money: Pick<Facts, 'simulated' | 'trial'>,
): Promise<CashierEvent[]> {
  const events: CashierEvent[] = [];
  for (const record of await book.trail.at(seqs)) {
    const event = eventOf(record, { ...(await factsOf(book, record)), ...money });
    if (event) events.push(event);
  }
  return events;
}

/** What an alarm is about may become an order of ours afterwards: each try tells the same. */
const BEFORE_ITS_ORDER = /^alarm-foreign-/;

async function factsOf(book: Book, { kind, at, outTradeNo, outRefundNo, detail }: AuditRecord) {
  const contractNo = contractOf(outTradeNo);
  const subscription = contractNo === undefined ? undefined : await book.subscriptions.get(contractNo);
  const known = outTradeNo === undefined ? undefined : await book.orders.get(outTradeNo);
  const order = known && BEFORE_ITS_ORDER.test(kind) && known.createdAt > at ? undefined : known;
  const refund =
    outTradeNo === undefined || outRefundNo === undefined
      ? undefined
      : await book.refunds.get(outTradeNo, outRefundNo);
  const approval =
    typeof detail.approval === 'string' ? await book.approvals.get(detail.approval) : undefined;
  return { order, refund, approval, subscription };
}
