import type { Book } from '../../ledger/book.ts';
import type { SubscriptionRecord } from '../../ledger/subscription-records.ts';
import { isBeingSent, whenFree } from '../sending.ts';
import type { Call, Till } from '../till.ts';
import { beginEnding, finishEnding, openOrderIn } from './end.ts';
import { isEnding } from './learn.ts';
import {
  ownSubscriptionIn,
  type SubscriptionResult,
  subscriptionOutcome,
  tellSubscription,
} from './results.ts';

/**
 * Cancels a subscription, which always may be: from the commit of the wish on nothing more of it is sent, and it is
 * answered only once no charge is on its way any more that had begun before. What the gateway has not answered is told as
 * it is known. Whether the agreement has ended there is proven by the gateway, now or by the round that follows.
 *
 * Throws ORDER_NOT_FOUND, CONFIGURATION.
 */
export async function cancelSubscription(
  till: Till,
  call: Call,
  { contractNo }: { readonly contractNo: string },
): Promise<SubscriptionResult> {
  const { subscription, replayed } = await till.ledger.write(async (book) => {
    const known = await ownSubscriptionIn(book, call, contractNo);
    return { subscription: await beginEnding(till, book, known, 'cancelled'), replayed: isEnding(known) };
  });
  // A charge that has left already is let come to its end: none is begun beside it, nor after it.
  await whenFree(till, () => till.ledger.read((book) => isQuiet(till, book, subscription)));
  if (subscription.state !== 'ENDED' || subscription.mode === 'reminded')
    await finishEnding(till, subscription);
  const told = await tellSubscription(till, call, contractNo, replayed);
  await till.ledger.write(async (book) => call.conclude?.(book, subscriptionOutcome(told.subscription)));
  return told;
}

async function isQuiet(till: Till, book: Book, subscription: SubscriptionRecord): Promise<'quiet' | 'busy'> {
  const order = await openOrderIn(book, subscription);
  return order && isBeingSent(till, order) ? 'busy' : 'quiet';
}
