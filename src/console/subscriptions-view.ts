import type { Book } from '../ledger/book.ts';
import type { Freeze } from '../ledger/operator-book.ts';
import type { AuditRecord } from '../ledger/records.ts';
import type { SubscriptionState } from '../ledger/subscription-machine.ts';
import { contractSubject } from '../ledger/subscription-records.ts';
import type { SubscriptionFilter } from '../ledger/subscriptions.ts';
import {
  type PeriodWithOrder,
  periodsIn,
  type SubscriptionWithLast,
  subscriptionsIn,
} from '../payments/agreements/results.ts';
import { markOf } from './overview.ts';

/** The newest of the periods of one, at most. */
const MOST_PERIODS = 60;

export interface FoundSubscriptions {
  readonly items: readonly SubscriptionWithLast[];
  /** Behind which there are more. */
  readonly after: SubscriptionFilter['after'];
  readonly state: SubscriptionState | undefined;
  readonly mark: string;
}

export interface SubscriptionShown extends SubscriptionWithLast {
  /** Oldest first. */
  readonly periods: readonly PeriodWithOrder[];
  /** Oldest first. */
  readonly events: readonly AuditRecord[];
  readonly frozen: Freeze | undefined;
  readonly mark: string;
}

/** A page of them, newest first. @param now ms */
export async function findSubscriptions(
  book: Book,
  filter: SubscriptionFilter,
  limit: number,
  now: number,
): Promise<FoundSubscriptions> {
  const found = await subscriptionsIn(book, filter, limit + 1);
  const items = found.slice(0, limit);
  const after = found.length > limit ? items.at(-1)?.subscription : undefined;
  return { items, after, state: filter.state, mark: await markOf(book, now) };
}

/** undefined where there is none of this number. @param now ms */
export async function readSubscription(
  book: Book,
  contractNo: string,
  now: number,
): Promise<SubscriptionShown | undefined> {
  const subscription = await book.subscriptions.get(contractNo);
  if (!subscription) return undefined;
  const from = Math.max(1, subscription.nextPeriod - MOST_PERIODS + 1);
  const periods = await periodsIn(book, contractNo, from, MOST_PERIODS);
  return {
    ...{ subscription, periods, last: periods.at(-1) },
    events: await book.audit.newestStory(contractSubject(contractNo).outTradeNo),
    frozen: await book.operator.freeze(),
    mark: await markOf(book, now),
  };
}
