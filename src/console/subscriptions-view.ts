import type { Book } from '../ledger/book.ts';
import type { Freeze } from '../ledger/operator-book.ts';
import type { AuditRecord, OrderRecord } from '../ledger/records.ts';
import type { SubscriptionState } from '../ledger/subscription-machine.ts';
import {
  contractSubject,
  type PeriodRecord,
  type SubscriptionRecord,
} from '../ledger/subscription-records.ts';
import type { SubscriptionFilter } from '../ledger/subscriptions.ts';
import { markOf } from './overview.ts';

/** The newest of the periods of one, at most. */
const MOST_PERIODS = 60;

export interface SubscriptionRow {
  readonly subscription: SubscriptionRecord;
  /** The period that was begun last. */
  readonly last: { readonly period: PeriodRecord; readonly order: OrderRecord | undefined } | undefined;
}

export interface FoundSubscriptions {
  readonly items: readonly SubscriptionRow[];
  /** Behind which there are more. */
  readonly after: SubscriptionFilter['after'];
  readonly state: SubscriptionState | undefined;
  readonly mark: string;
}

export interface SubscriptionShown extends SubscriptionRow {
  /** Oldest first. */
  readonly periods: readonly NonNullable<SubscriptionRow['last']>[];
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
  const found = await book.subscriptions.list(filter, limit + 1);
  const items: SubscriptionRow[] = [];
  for (const subscription of found.slice(0, limit)) {
    const period = await book.subscriptions.lastPeriod(subscription.contractNo);
    items.push({ subscription, last: period && (await withOrder(book, period)) });
  }
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
  const periods: NonNullable<SubscriptionRow['last']>[] = [];
  const from = Math.max(1, subscription.nextPeriod - MOST_PERIODS + 1);
  for (const period of await book.subscriptions.periods(contractNo, from, MOST_PERIODS))
    periods.push(await withOrder(book, period));
  return {
    ...{ subscription, periods, last: periods.at(-1) },
    events: await book.audit.newestStory(contractSubject(contractNo).outTradeNo),
    frozen: await book.operator.freeze(),
    mark: await markOf(book, now),
  };
}

async function withOrder(book: Book, period: PeriodRecord) {
  return { period, order: await book.orders.get(period.outTradeNo) };
}
