import type { Book } from '../ledger/book.ts';
import type { OrderRecord } from '../ledger/records.ts';
import type { Till } from './till.ts';

/** How long (ms) the outcome of an order may be unknown before the merchant is told. */
const DOUBT_MS = 10 * 60_000;

/**
 * Records, once, that an order has been in doubt for long. Cheap for those that have not, or of which this process has
 * `told` already.
 */
export async function noteDoubt(till: Till, order: OrderRecord, told: Set<string>): Promise<void> {
  const { outTradeNo, state, sentAt } = order;
  const isLong = (since: number | undefined) => since !== undefined && till.clock.now() - since >= DOUBT_MS;
  if (state !== 'UNKNOWN') told.delete(outTradeNo);
  if (state !== 'UNKNOWN' || !isLong(sentAt) || told.has(outTradeNo)) return;
  const untold = async (book: Book) => {
    const since = await doubtSince(book, outTradeNo);
    if (since === 'told') told.add(outTradeNo);
    return since !== 'told' && isLong(since) ? since : undefined;
  };
  if ((await till.ledger.read(untold)) === undefined) return;
  await till.ledger.write(async (book) => {
    const current = await book.orders.again(order);
    const since = current.state === 'UNKNOWN' ? await untold(book) : undefined;
    if (since !== undefined) await book.event(current, 'order-in-doubt', { since });
  });
}

/** Since when (ms) nobody knows; `told` where that stands on record. */
async function doubtSince(book: Book, outTradeNo: string): Promise<number | 'told' | undefined> {
  for (const { kind, at, detail } of (await book.audit.deeds(outTradeNo)).reverse()) {
    if (kind === 'order-in-doubt') return 'told';
    if (detail.to === 'UNKNOWN' && detail.from !== 'UNKNOWN') return at;
  }
  return undefined;
}
