import { DAY_MS } from '../../domain/clock.ts';
import type { Book } from '../../ledger/book.ts';
import { isSettledOrder } from '../../ledger/order-machine.ts';
import type { OrderRecord } from '../../ledger/records.ts';
import { mayCharge } from '../../ledger/subscription-machine.ts';
import {
  isPaidByHand,
  isThrough,
  type PeriodRecord,
  type SubscriptionRecord,
} from '../../ledger/subscription-records.ts';
import type { AgreementRules } from '../../providers/contract.ts';
import { isGivenOut } from '../apply.ts';
import { askTrade } from '../ask-gateway.ts';
import { type Coming, restedAt, runDue } from '../due.ts';
import { isGatewayError } from '../errors.ts';
import { isBeingSent } from '../sending.ts';
import { providerOf, type Till } from '../till.ts';
import { spanOf } from './calendar.ts';
import { beginPeriod, chargePeriod, chargeSpan, isHeldBack, periodSpan, sentAgainAt } from './charge.ts';
import { beginEnding, closeWhenAsked, finishEnding } from './end.ts';
import { askAgreement, isEnding, SIGNED_WITHIN_MS } from './learn.ts';
import { recallPeriod } from './recall.ts';
import { openPayment } from './remind.ts';

/** How long (ms) the gateway's word that an agreement holds is good for a charge, and how long without one at most. */
const PROVEN_FOR_MS = 12 * 3_600_000;
const PROVEN_EVERY_MS = 7 * DAY_MS;
/** So many periods in a row that could have been paid, and were not, end a subscription. */
const MOST_MISSED = 2;
/** The longest rest (ms) while somebody may be signing, and while a charge is in doubt or to be closed. */
const LONGEST_SIGNING_MS = 5 * 60_000;
const IN_DOUBT_MS = 60_000;
/** While everything is stopped nothing rests longer (ms), so that it goes on soon once nothing is. */
const FROZEN_MS = 5 * 60_000;
/** Until a sender's claim has run out (ms) there is nothing to see. */
const BEING_SENT_MS = 30_000;

/**
 * Sees to subscriptions until `signal` aborts, as many processes as there are: learns whether they are signed, charges
 * the periods that are due or opens their payments, learns of those that have ended elsewhere, and ends those that are to.
 */
export function runSubscriptions(opened: Till, signal: AbortSignal): Promise<void> {
  return runDue({ ...opened, ledger: opened.ledger.as({ actor: 'settler' }) }, SUBSCRIPTIONS, signal);
}

const SUBSCRIPTIONS: Coming<SubscriptionRecord> = {
  name: 'subscriptions',
  rows: (book) => book.subscriptions,
  whileFrozen: true,
  async see(till, taken) {
    try {
      await seeTo(till, taken);
    } finally {
      await till.ledger.write((book) => putOff(till, book, taken));
    }
  },
};

/** One look. What it needs to know it learns first; what it does, it does by checks of its own. */
async function seeTo(till: Till, taken: SubscriptionRecord): Promise<void> {
  if (isEnding(taken)) return void (await finishEnding(till, taken));
  if (taken.openedAt === undefined) return leaveUnopened(till, taken);
  const { subscription, isAnswered } = needsProof(taken, till.clock.now())
    ? await askAgreement(till, taken)
    : { subscription: taken, isAnswered: true };
  // Without the gateway's word nothing is charged, and nothing concluded.
  if (!isAnswered) return;
  if (isEnding(subscription)) return void (await finishEnding(till, subscription));
  await seeToPeriod(till, subscription);
  const ended = await till.ledger.write((book) => endOf(till, book, subscription));
  if (ended) await finishEnding(till, ended);
}

/** Whether the gateway is asked how an agreement stands. */
function needsProof(subscription: SubscriptionRecord, now: number): boolean {
  const { mode, state, provenAt, validUntil } = subscription;
  if (mode === 'reminded') return false;
  if (!mayCharge(state) || provenAt === undefined) return true;
  const age = Math.abs(now - provenAt);
  const isDue = now >= spanOf(subscription, subscription.nextPeriod).dueAt;
  return age > (isDue ? PROVEN_FOR_MS : PROVEN_EVERY_MS) || (validUntil !== undefined && now >= validUntil);
}

/** Nobody has allowed it, and nobody waits for that any more. */
async function leaveUnopened(till: Till, taken: SubscriptionRecord): Promise<void> {
  await till.ledger.write(async (book) => {
    const current = await book.subscriptions.again(taken);
    if (current && current.openedAt === undefined) await beginEnding(till, book, current, 'not-signed');
  });
}

/** The period that is next or under way: settled, begun, tried again or given up, each once its time has come. */
async function seeToPeriod(till: Till, subscription: SubscriptionRecord): Promise<void> {
  const { contractNo, nextPeriod } = subscription;
  const byHand = isPaidByHand(subscription);
  if (isThrough(subscription) || !(await recallPeriod(till, subscription))) return;
  const known = await till.ledger.read(async (book) => {
    const period = await book.subscriptions.period(contractNo, nextPeriod);
    return { period, order: period && (await book.orders.get(period.outTradeNo)) };
  });
  let { order } = known;
  let isAbsent = false;
  if (order && isBeingSent(till, order)) return;
  if (order && order.state === 'UNKNOWN' && !byHand) {
    try {
      const asked = await askTrade(till, order);
      order = asked.order;
      isAbsent = !asked.exists;
    } catch (error) {
      if (!isGatewayError(error)) throw error;
      return;
    }
  }
  const now = till.clock.now();
  const { untilAt } = known.period ?? periodSpan(subscription);
  const isOver = now >= untilAt || known.period?.givenUpAt !== undefined;
  if (isOver && order && !isSettledOrder(order.state)) return closeWhenAsked(till, order);
  if (isOver || order?.state === 'CLOSED') {
    await till.ledger.write((book) => missed(till, book, subscription));
    return;
  }
  try {
    await (byHand ? openPayment(till, subscription) : chargePeriod(till, subscription, isAbsent));
  } catch (error) {
    if (!isHeldBack(error)) throw error;
    till.log.info('a period is not charged just now', { contractNo, error: String(error) });
  }
}

/** The time of the period has gone by and it provably is not paid: said once, and the next one is next. */
async function missed(till: Till, book: Book, found: SubscriptionRecord): Promise<void> {
  const subscription = await book.subscriptions.again(found);
  if (!subscription || subscription.nextPeriod !== found.nextPeriod || isEnding(subscription)) return;
  const { contractNo, nextPeriod, state } = subscription;
  const known = await book.subscriptions.period(contractNo, nextPeriod);
  const order = known && (await book.orders.get(known.outTradeNo));
  if (order && order.state !== 'CLOSED' && order.state !== 'DENIED') return;
  // Nobody has agreed to anything by not paying the first.
  if (state === 'PENDING_SIGN' && subscription.mode === 'auto') return;
  const period = known ?? (await beginPeriod(book, subscription, till.clock.now()));
  const counted = await book.subscriptions.miss(subscription, period, couldBePaid(period, order));
  if (state === 'PENDING_SIGN') await beginEnding(till, book, counted, 'not-signed');
  else await book.subscriptions.move(counted, 'paused');
}

/** Whether its subscriber could have paid it: the gateway has heard of its charge, or they had what to pay it by. */
function couldBePaid({ code }: PeriodRecord, order: OrderRecord | undefined): boolean {
  if (order?.scene !== 'agreement') return order !== undefined && isGivenOut(order);
  return code !== undefined || order.gatewayState !== undefined;
}

/** What has come to its end begins to end. */
async function endOf(
  till: Till,
  book: Book,
  found: SubscriptionRecord,
): Promise<SubscriptionRecord | undefined> {
  const subscription = await book.subscriptions.again(found);
  if (!subscription || isEnding(subscription) || !mayCharge(subscription.state)) return undefined;
  const { missed: inARow } = subscription;
  if (isThrough(subscription)) return beginEnding(till, book, subscription, 'completed');
  if (inARow >= MOST_MISSED) return beginEnding(till, book, subscription, 'unpaid');
  return undefined;
}

/** Says when it comes round again, by what is known of it now, unless somebody else has it meanwhile. */
async function putOff(till: Till, book: Book, taken: SubscriptionRecord): Promise<void> {
  const subscription = await book.subscriptions.again(taken);
  if (subscription?.tryAt === undefined || subscription.tries !== taken.tries) return;
  const { agreements } = providerOf(till, subscription);
  const tryAt = await comesAt(till, book, subscription, agreements?.rules);
  const now = till.clock.now();
  // Put off for long, it begins anew with short rests; and no corrected clock calls it back.
  const isLong = tryAt !== undefined && tryAt > now + DAY_MS;
  await book.subscriptions.patch(subscription, { tryAt, ...(isLong ? { tries: 0 } : {}) });
}

async function comesAt(
  till: Till,
  book: Book,
  subscription: SubscriptionRecord,
  rules: AgreementRules | undefined,
): Promise<number | undefined> {
  const now = till.clock.now();
  const isFrozen = (await book.operator.freeze()) !== undefined;
  const rested = Math.min(
    restedAt(till, subscription),
    isFrozen ? now + FROZEN_MS : Number.POSITIVE_INFINITY,
  );
  const {
    state,
    mode,
    signBefore,
    contractNo,
    nextPeriod,
    validUntil = Number.POSITIVE_INFINITY,
  } = subscription;
  if (state === 'ENDED') {
    const last = await book.subscriptions.lastPeriod(contractNo);
    const order = last && (await book.orders.get(last.outTradeNo));
    if (order && !isSettledOrder(order.state) && !order.closing) return rested;
    // Whoever has the link still can sign, and would have signed for nothing.
    const mayBeSigned =
      mode === 'auto' && subscription.signedAt === undefined && now <= signBefore + SIGNED_WITHIN_MS;
    return mayBeSigned ? Math.min(now + LONGEST_SIGNING_MS, signBefore + SIGNED_WITHIN_MS + 1) : undefined;
  }
  if (subscription.openedAt === undefined) return now + DAY_MS;
  if (state === 'UNKNOWN') return rested;
  if (state === 'PENDING_SIGN' && mode === 'auto') return Math.min(rested, now + LONGEST_SIGNING_MS);
  const period = await book.subscriptions.period(contractNo, nextPeriod);
  const begun = period && (await comesOfPeriod(till, book, subscription, { period, rules, isFrozen }));
  if (begun !== undefined) return begun;
  const due = spanOf(subscription, nextPeriod);
  const charged = mode === 'auto' && rules ? chargeSpan(subscription, rules) : due;
  // Where the gateway tells of the window of another period, this one still goes by, or was paid and forgotten.
  const { dueAt } = charged.dueAt < charged.untilAt ? charged : due;
  const proof = mode === 'auto' ? now + PROVEN_EVERY_MS : Number.POSITIVE_INFINITY;
  return Math.min(dueAt <= now ? rested : dueAt, proof, validUntil > now ? validUntil : rested);
}

interface Begun {
  readonly period: PeriodRecord;
  readonly rules: AgreementRules | undefined;
  readonly isFrozen: boolean;
}

/** Of a period that was begun: when it is tried again, or its time is over. */
async function comesOfPeriod(
  till: Till,
  book: Book,
  subscription: SubscriptionRecord,
  { period, rules, isFrozen }: Begun,
): Promise<number | undefined> {
  const now = till.clock.now();
  const order = await book.orders.get(period.outTradeNo);
  if (!order || isSettledOrder(order.state)) return restedAt(till, subscription);
  if (isBeingSent(till, order)) return now + BEING_SENT_MS;
  if (isPaidByHand(subscription)) {
    const dies = order.credential.linkExpiresAt ?? Number.POSITIVE_INFINITY;
    // A while after its end the gateway proves that nobody has paid it.
    return now < period.untilAt
      ? Math.min(Math.max(dies, now + IN_DOUBT_MS), period.untilAt)
      : now + IN_DOUBT_MS;
  }
  if (order.state === 'UNKNOWN' || order.closing || !rules) return now + IN_DOUBT_MS;
  return Math.min(
    Math.max(sentAgainAt(order, period, rules), now + (isFrozen ? FROZEN_MS : 1_000)),
    Math.max(period.untilAt, now + IN_DOUBT_MS),
  );
}
