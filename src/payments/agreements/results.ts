import { nthDay } from '../../domain/period.ts';
import type { Book } from '../../ledger/book.ts';
import type { ApprovalRecord, OrderRecord } from '../../ledger/records.ts';
import {
  contractSubject,
  isThrough,
  mostOf,
  type PeriodRecord,
  type SubscriptionRecord,
} from '../../ledger/subscription-records.ts';
import type { SubscriptionFilter } from '../../ledger/subscriptions.ts';
import type { AgreementTerms, SigningLink } from '../../providers/contract.ts';
import { isGatewayError } from '../errors.ts';
import { approvalFor } from '../results.ts';
import { isBeingSent } from '../sending.ts';
import { type Call, type Outcome, providerOf, type Till } from '../till.ts';
import { periodOf, spanOf } from './calendar.ts';
import { subscriptionNotFound } from './errors.ts';

/** A period, and its order where there is one. */
export interface PeriodWithOrder {
  readonly period: PeriodRecord;
  readonly order: OrderRecord | undefined;
}

export interface SubscriptionWithLast {
  readonly subscription: SubscriptionRecord;
  /** The period that was begun last. */
  readonly last: PeriodWithOrder | undefined;
}

/** What a use case tells about a subscription. All of it is committed. */
export interface SubscriptionResult extends SubscriptionWithLast {
  /** Somebody is talking to the gateway about that order right now. */
  readonly underWay: boolean;
  /** What the subscriber signs, while that may be. */
  readonly signing: SigningLink | undefined;
  readonly approval: ApprovalRecord | undefined;
  readonly replayed: boolean;
}

/** A subscription as it is committed; what is signed is made of the stored plan again. */
export async function tellSubscription(
  till: Till,
  call: Call,
  contractNo: string,
  replayed = false,
): Promise<SubscriptionResult> {
  const told = await till.ledger.read(async (book) => {
    const subscription = await ownSubscriptionIn(book, call, contractNo);
    const row = { subscription, last: await lastIn(book, contractNo) };
    return resultOf(till, call, row, await book.approvals.of(contractSubject(contractNo)));
  });
  return { ...told, signing: await signingOf(till, told.subscription), replayed };
}

/**
 * As it is told among others: without what a subscriber acts on.
 * @param asked the approvals of it
 */
export function resultOf(
  till: Till,
  call: Call,
  { subscription, last }: SubscriptionWithLast,
  asked: readonly ApprovalRecord[],
): SubscriptionResult {
  return {
    subscription,
    last,
    underWay: last?.order !== undefined && isBeingSent(till, last.order),
    signing: undefined,
    approval: approvalFor(call, asked),
    replayed: false,
  };
}

/** Those that match, newest first. */
export async function subscriptionsIn(
  book: Book,
  filter: SubscriptionFilter,
  limit: number,
): Promise<SubscriptionWithLast[]> {
  const rows: SubscriptionWithLast[] = [];
  for (const subscription of await book.subscriptions.list(filter, limit))
    rows.push({ subscription, last: await lastIn(book, subscription.contractNo) });
  return rows;
}

/** The period that was begun last. */
export async function lastIn(book: Book, contractNo: string): Promise<PeriodWithOrder | undefined> {
  const period = await book.subscriptions.lastPeriod(contractNo);
  return period && withOrder(book, period);
}

/** The periods that were begun, from `from` on, at most so many; oldest first. */
export async function periodsIn(
  book: Book,
  contractNo: string,
  from?: number,
  limit?: number,
): Promise<PeriodWithOrder[]> {
  const periods: PeriodWithOrder[] = [];
  for (const period of await book.subscriptions.periods(contractNo, from, limit))
    periods.push(await withOrder(book, period));
  return periods;
}

async function withOrder(book: Book, period: PeriodRecord): Promise<PeriodWithOrder> {
  return { period, order: await book.orders.get(period.outTradeNo) };
}

async function signingOf(till: Till, subscription: SubscriptionRecord): Promise<SigningLink | undefined> {
  const { state, plan, signBefore, endingAt } = subscription;
  const isOpen = state === 'PENDING_SIGN' && endingAt === undefined && till.clock.now() < signBefore;
  if (!isOpen || plan === undefined) return undefined;
  try {
    return await providerOf(till, subscription).agreements?.sign(agreementTerms(subscription), plan);
  } catch (error) {
    // What stands is told all the same; the link is asked for with the next call.
    if (!isGatewayError(error)) throw error;
    till.log.info('agreement: no link', { contractNo: subscription.contractNo, error: error.message });
    return undefined;
  }
}

/** What the subscriber agrees to. */
export function agreementTerms(subscription: SubscriptionRecord): AgreementTerms {
  const { signNo, firstDay, times, title, signBefore, signingScene, amountFen } = subscription;
  const period = periodOf(subscription.period);
  const named = { signNo, title, signBefore, period };
  if (signingScene === undefined) return { ...named, firstDay, times, mostFen: mostOf(subscription) };
  // What is paid as it is signed is no charge of it.
  const left = times === undefined ? undefined : times - 1;
  return { ...named, firstDay: nthDay(firstDay, period, 2), times: left, mostFen: amountFen };
}

/** A subscription as far as this caller may know it. Throws ORDER_NOT_FOUND. */
export async function ownSubscriptionIn(
  book: Pick<Book, 'subscriptions'>,
  { ownOrdersOnly, caller }: Pick<Call, 'ownOrdersOnly' | 'caller'>,
  contractNo: string,
): Promise<SubscriptionRecord> {
  const found = await book.subscriptions.get(contractNo);
  if (!found || (ownOrdersOnly && found.caller !== caller)) throw subscriptionNotFound();
  return found;
}

/** What the audit trail keeps of an answer. */
export function subscriptionOutcome({ contractNo, state }: SubscriptionRecord): Outcome {
  return { contractNo, state };
}

/** When (ms) the next period is charged, or its payment opened; undefined where none is to be. */
export function nextChargeAt({ subscription, last }: SubscriptionWithLast): number | undefined {
  const { state, nextPeriod, endingAt } = subscription;
  const isOver = state === 'ENDED' || state === 'UNKNOWN' || endingAt !== undefined;
  if (isOver || isThrough(subscription)) return undefined;
  // Of one that is yet to be agreed to, it is charged then.
  if (state === 'PENDING_SIGN' || last?.period.period === nextPeriod) return undefined;
  return spanOf(subscription, nextPeriod).dueAt;
}
