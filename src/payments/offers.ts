import type { Book } from '../ledger/book.ts';
import type { OfferRecord } from '../ledger/records.ts';
import { offerOf } from './paid-calls/quote.ts';
import type { Call, Outcome, Till } from './till.ts';

/** What a use case tells about a payment of which the buyer is yet to choose the wallet. All of it is committed. */
export interface OfferResult {
  readonly offer: OfferRecord;
  readonly replayed: boolean;
}

/** The last thing the call does, on record in the same transaction. */
export async function concludedOffer(book: Book, call: Call, result: OfferResult): Promise<OfferResult> {
  await call.conclude?.(book, offerOutcome(result));
  return result;
}

/** What a buyer is yet to choose the wallet of on a page: a payment, or a call that is to be paid for. */
export async function offeredAt(
  { offers, paidCalls }: Pick<Book, 'offers' | 'paidCalls'>,
  page: string,
): Promise<OfferRecord | undefined> {
  const offer = await offers.byPageToken(page);
  const call = offer ? undefined : await paidCalls.byPageToken(page);
  return offer ?? (call && offerOf(call));
}

/** What the audit trail keeps of it. */
export function offerOutcome({ offer: { outTradeNo }, replayed }: OfferResult): Outcome {
  return { outTradeNo, provider: 'any', replayed };
}

/** Whether the buyer can still choose (`now` in ms). */
export function isOpen({ closedAt, expiresAt }: OfferRecord, now: number): boolean {
  return closedAt === undefined && now < expiresAt;
}

/**
 * Closes what nobody has chosen yet; undefined where it is an order by now, or nothing was offered under that number.
 * Throws ORDER_NOT_FOUND for another caller's.
 */
export async function closeOffer(
  { ledger, clock }: Till,
  call: Call,
  outTradeNo: string,
): Promise<OfferResult | undefined> {
  const isOffered = await ledger.read((book) => ownOfferIn(book, call, outTradeNo));
  if (!isOffered) return undefined;
  return ledger.write(async (book) => {
    const known = await ownOfferIn(book, call, outTradeNo);
    if (!known) return undefined;
    const closed = known.closedAt !== undefined;
    const after = closed ? known : await book.offers.close(known, clock.now());
    return concludedOffer(book, call, { offer: after, replayed: closed });
  });
}

/** What nobody has chosen yet; undefined where it is an order by now. An offer of another caller does not exist. */
export async function ownOfferIn(
  book: Pick<Book, 'orders' | 'offers'>,
  { ownOrdersOnly, caller }: Pick<Call, 'ownOrdersOnly' | 'caller'>,
  outTradeNo: string,
): Promise<OfferRecord | undefined> {
  if (await book.orders.get(outTradeNo)) return undefined;
  const known = await book.offers.get(outTradeNo);
  return known && !(ownOrdersOnly && known.caller !== caller) ? known : undefined;
}

/**
 * How what nobody has chosen stands; waits up to `waitSeconds` until somebody chooses or closes it. Throws TRY_LATER
 * (too many wait).
 */
export async function askOffer(
  { ledger, clock, desk }: Till,
  call: Call,
  outTradeNo: string,
  waitSeconds: number,
): Promise<OfferResult | undefined> {
  const look = () => ledger.read((book) => ownOfferIn(book, call, outTradeNo));
  const known = await look();
  if (!known || waitSeconds <= 0 || !isOpen(known, clock.now()))
    return known && { offer: known, replayed: false };
  await desk.waits.forNews(call, outTradeNo, waitSeconds, async () => (await look()) !== undefined);
  const after = await look();
  return after && { offer: after, replayed: false };
}
