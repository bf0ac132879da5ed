import { BEIJING_OFFSET_MS, type Clock, DAY_MS } from '../domain/clock.ts';
import { fenFromYuan } from '../domain/money.ts';
import type { Book } from '../ledger/book.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { OrderFilter } from '../ledger/order-filter.ts';
import type { OrderTotals } from '../ledger/order-totals.ts';
import type { OrderPlace } from '../ledger/orders.ts';
import type { OrderRecord } from '../ledger/records.ts';
import { refundedHere } from '../ledger/refunded.ts';
import type { SheetRow } from '../payments/order-sheet.ts';

/** Titles, sums and parts of numbers are looked for so far back. */
const SIFTED_DAYS = 31;
/** About so many orders are gone through in one read, which holds up whoever else has work, and for one page. */
const SIFTED_AT_ONCE = 4_000;
const SIFTED_AT_MOST = 60_000;
/** Orders of one gateway number: its own, and what other systems have caused. */
const MOST_OF_A_NUMBER = 5;

export interface FoundOrders {
  readonly items: readonly SheetRow[];
  /** Behind which there are more, or may be. */
  readonly after: OrderFilter['after'];
  /** How far back (ms) was sifted; undefined where nothing had to be. */
  readonly sifted: number | undefined;
  /** Over all that match, on the first page; undefined where that would take sifting. */
  readonly totals: OrderTotals | undefined;
}

type Wanted = { readonly filter: OrderFilter; readonly text: string | undefined };

/** Where orders are found, and the clock by which they are. */
export interface Shelf {
  readonly ledger: Ledger;
  readonly clock: Clock;
}

/** A page of the orders that match, newest first. */
export async function findOrders(
  shelf: Shelf,
  { filter, text }: Wanted,
  limit: number,
): Promise<FoundOrders> {
  const { ledger } = shelf;
  if (text !== undefined) return search(shelf, { filter, text }, limit);
  return ledger.read(async (book) => {
    const found = await book.orders.list(filter, limit + 1);
    const page = found.slice(0, limit);
    const last = page.at(-1);
    const isMore = found.length > page.length && last !== undefined;
    return {
      items: await withRefunds(book, page),
      after: isMore ? last : undefined,
      sifted: undefined,
      totals: filter.after ? undefined : await book.orders.totals(filter),
    };
  });
}

/** What has exactly this number comes first; then what is sifted out of the last days. */
async function search(
  { ledger, clock }: Shelf,
  { filter, text }: { readonly filter: OrderFilter; readonly text: string },
  limit: number,
): Promise<FoundOrders> {
  const exact = filter.after ? [] : await ledger.read((book) => ofNumber(book, text));
  if (exact.length > 0) {
    const items = await ledger.read((book) => withRefunds(book, exact));
    return { items, after: undefined, sifted: undefined, totals: undefined };
  }
  const { to = clock.now() + DAY_MS } = filter;
  const from = Math.max(filter.from ?? 0, to - SIFTED_DAYS * DAY_MS);
  const wanted = wantedIn(text);
  const found: OrderPlace[] = [];
  let after = filter.after;
  let left = SIFTED_AT_MOST;
  let isEnd = true;
  const until = Math.min(to, (after?.createdAt ?? to) + 1);
  for (const span of spansOf(await ledger.read((book) => book.orders.countByDay(from, until)), from, until)) {
    if (found.length >= limit || left <= 0) {
      isEnd = false;
      break;
    }
    const { count, ...within } = span;
    found.push(
      ...(await ledger.read((book) =>
        book.orders.sift({ ...filter, ...within }, wanted, limit - found.length),
      )),
    );
    left -= count;
    // Nothing made since then is left; no number comes before this one.
    after = found.length >= limit ? found.at(-1) : { createdAt: within.from, outTradeNo: '0' };
    // Others come in between.
    await clock.sleep(0);
  }
  const hasMore = !isEnd || found.length >= limit;
  const items = await ledger.read(async (book) => {
    const orders: OrderRecord[] = [];
    for (const { outTradeNo } of found) {
      const order = await book.orders.get(outTradeNo);
      if (order) orders.push(order);
    }
    return withRefunds(book, orders);
  });
  return {
    items,
    after: hasMore ? after : undefined,
    sifted: hasMore ? after?.createdAt : from,
    totals: undefined,
  };
}

async function ofNumber(book: Book, text: string): Promise<OrderRecord[]> {
  if (!/^\w{1,64}$/.test(text)) return [];
  const own = await book.orders.get(text);
  return own ? [own] : book.orders.byGatewayNo(text, MOST_OF_A_NUMBER);
}

/** As people type: letters of another width, and sums with the sign of yuan. */
function wantedIn(text: string): {
  readonly texts: readonly string[];
  readonly amountFen: number | undefined;
} {
  const plain = text.normalize('NFKC');
  const amountFen = fenFromYuan(plain.replace(/^[¥\u00a5]\s*/, '').replaceAll(',', ''));
  return { texts: [...new Set([text, plain, plain.toLowerCase()])], amountFen };
}

/** Spans of time of about as many orders each, the newest first. @param from ms, as `to`, which is exclusive */
function* spansOf(
  counts: ReadonlyMap<number, number>,
  from: number,
  to: number,
): Generator<{ readonly from: number; readonly to: number; readonly count: number }> {
  for (const [day, count] of [...counts].sort(([a], [b]) => b - a)) {
    const begins = day * DAY_MS - BEIJING_OFFSET_MS;
    const parts = Math.ceil(count / SIFTED_AT_ONCE);
    for (let part = parts - 1; part >= 0; part--) {
      const at = (n: number) => begins + Math.round((n * DAY_MS) / parts);
      const [start, end] = [Math.max(from, at(part)), Math.min(to, at(part + 1))];
      if (start < end) yield { from: start, to: end, count: count / parts };
    }
  }
}

/** In as many questions to the ledger as of one order. */
async function withRefunds(book: Book, orders: readonly OrderRecord[]): Promise<SheetRow[]> {
  const refunds = await book.refunds.ofOrders(orders.map(({ outTradeNo }) => outTradeNo));
  return orders.map((order) => ({
    order,
    refundedFen: refundedHere(refunds.get(order.outTradeNo) ?? []),
  }));
}
