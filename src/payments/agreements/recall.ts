import type { Book } from '../../ledger/book.ts';
import {
  amountOf,
  isPaidByHand,
  isThrough,
  periodScene,
  type SubscriptionRecord,
} from '../../ledger/subscription-records.ts';
import { isSameAccount, type TradeSnapshot } from '../../providers/contract.ts';
import { APPEARS_WITHIN_MS } from '../apply.ts';
import { tradeAt } from '../ask-gateway.ts';
import { isGatewayError } from '../errors.ts';
import { takeIn } from '../foreign.ts';
import { providerOf, type Till } from '../till.ts';
import { beginPeriod, periodSpan } from './charge.ts';
import { isEnding } from './learn.ts';

type Trade = Extract<TradeSnapshot, { exists: true }>;

/**
 * A restored ledger may have forgotten that the period which is next was paid. Its order has the same number whoever makes
 * it: where that was taken in from a bill, or the gateway proves now that it is paid, the period is paid by it. Resolves
 * to whether the period is to be seen to as in any ledger: not where this has paid it, nor where it may be paid yet by what
 * is forgotten, or nobody can say.
 */
export async function recallPeriod(till: Till, found: SubscriptionRecord): Promise<boolean> {
  if (isEnding(found) || isThrough(found)) return true;
  const { contractNo, nextPeriod } = found;
  const forgotten = await till.ledger.read(async (book) => {
    const restoredAt = await book.operator.restoredAt();
    if (restoredAt === undefined || periodSpan(found).dueAt > restoredAt) return undefined;
    const number = await book.subscriptions.numberOf(found, nextPeriod);
    return { number, known: await book.orders.get(number) };
  });
  const { number, known } = forgotten ?? {};
  if (number === undefined || (known && !known.terms.adopted)) return true;
  let trade: Trade | undefined;
  try {
    trade = known ? undefined : await askedFor(till, found, number);
  } catch (error) {
    if (!isGatewayError(error)) throw error;
    till.log.info('it is not known whether a period was paid', { contractNo, error: error.message });
    return false;
  }
  if (trade && mayBePaidYet(found, trade, till.clock.now())) return false;
  const paid = known ?? trade;
  const isOf = paid?.amountFen === amountOf(found, nextPeriod) && isSameAccount(found.account, paid.account);
  if (!isOf || paid.state !== 'PAID') return true;
  await till.ledger.write((book) => payBy(till, book, found, number, trade));
  return false;
}

/** Whether its subscriber has had a code by which it can be paid still (`now` in ms): under its number there is no other. */
function mayBePaidYet(found: SubscriptionRecord, trade: Trade, now: number): boolean {
  const { amountFen = amountOf(found, found.nextPeriod), account, state } = trade;
  const isOurs = amountFen === amountOf(found, found.nextPeriod) && isSameAccount(found.account, account);
  const isOpen = state === 'NOTPAY' || state === 'UNKNOWN';
  return isPaidByHand(found) && isOurs && isOpen && now <= periodSpan(found).untilAt + APPEARS_WITHIN_MS;
}

/** The gateway's word on a number; where that says nothing without its time, only a bill tells. */
async function askedFor(till: Till, found: SubscriptionRecord, number: string): Promise<Trade | undefined> {
  const provider = providerOf(till, found);
  const trade = provider.timedNumbers ? undefined : await tradeAt(till, provider, found, number);
  return trade?.exists && trade.outTradeNo === number ? trade : undefined;
}

/** One transaction: the payment is in the ledger, and the period is begun and paid, unless somebody has seen to it since. */
async function payBy(
  till: Till,
  book: Book,
  found: SubscriptionRecord,
  number: string,
  trade: Trade | undefined,
): Promise<void> {
  const subscription = await book.subscriptions.again(found);
  if (subscription?.nextPeriod !== found.nextPeriod || isEnding(subscription)) return;
  const { contractNo, nextPeriod, provider } = subscription;
  const order =
    (await book.orders.get(number)) ??
    (trade &&
      (await takeIn(till, book, subscription, provider, trade, { scene: periodScene(subscription) })));
  if (order?.state !== 'PAID') return;
  const begun = await book.subscriptions.period(contractNo, nextPeriod);
  if (!begun) await beginPeriod(book, subscription, till.clock.now());
  await book.subscriptions.paid(order);
}
