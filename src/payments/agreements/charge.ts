import { CashierError } from '../../domain/errors.ts';
import type { Book } from '../../ledger/book.ts';
import { isSettledOrder } from '../../ledger/order-machine.ts';
import type { OrderRecord } from '../../ledger/records.ts';
import { mayCharge } from '../../ledger/subscription-machine.ts';
import {
  amountOf,
  isPaidByHand,
  isThrough,
  type PeriodRecord,
  type SubscriptionRecord,
} from '../../ledger/subscription-records.ts';
import {
  type AgreementRules,
  type Agreements,
  ChargeDeclined,
  type DeclineReason,
  GatewayDeclined,
  type PaidTrade,
  type SignedAgreement,
  Stopped,
} from '../../providers/contract.ts';
import { applyTrade } from '../apply.ts';
import { newOrder } from '../beginnings.ts';
import { restOf } from '../due.ts';
import { failureOf } from '../errors.ts';
import { permit } from '../permit.ts';
import { termsOf } from '../reserve-payment.ts';
import { digest } from '../results.ts';
import { firstAskAt } from '../schedule.ts';
import { claim, isBeingSent, isStillOurs, record, release, releaseOurs, whileOurs } from '../sending.ts';
import { type Call, providerOf, type Till } from '../till.ts';
import { type Span, spanOf } from './calendar.ts';
import { isEnding } from './learn.ts';

/** A charge whose intent is committed. */
interface Charge {
  readonly order: OrderRecord;
  readonly period: PeriodRecord;
  /** Nothing that was sent before is without an answer: a refusal of this one says that nothing was charged. */
  readonly isFresh: boolean;
}

/**
 * Charges the period that is due, by its one order: the intent is committed, with every check made in that transaction,
 * then it is sent, then what came of it is committed. Does nothing where there is nothing to send just now. Throws what
 * the ledger throws, and POLICY_DENIED where an allowance does not reach.
 * @param isAbsent the gateway has just now proven that it knows nothing of its number
 */
export async function chargePeriod(
  till: Till,
  subscription: SubscriptionRecord,
  isAbsent = false,
): Promise<void> {
  const provider = providerOf(till, subscription);
  const { agreements } = provider;
  if (!agreements) return;
  const charge = await till.ledger.write((book) => intend(till, book, agreements, subscription, isAbsent));
  if (!charge) return;
  const { order } = charge;
  let trade: PaidTrade | 'accepted';
  try {
    // A freeze and a cancel count within a second, however long it took from the commit to here.
    const mayStill = whileOurs(till, order, (book) => isToGoOn(book, subscription));
    if (!(await mayStill())) throw new Stopped();
    trade = await agreements.sendCharge(termsOf(order, order.createdAt), order.plan ?? '', mayStill);
  } catch (error) {
    return chargeFailed(till, charge, error);
  }
  await record(till, order, async (book) => {
    const current = await book.orders.again(order);
    const released = await book.orders.patch(current, releaseOurs(current, order));
    if (trade !== 'accepted') await applyTrade(book, released, trade, 'query', till.clock.now());
  });
}

/** Whether nobody has ended it since. */
async function isToGoOn(book: Book, subscription: SubscriptionRecord): Promise<boolean> {
  const current = await book.subscriptions.again(subscription);
  return current !== undefined && !isEnding(current);
}

/** One transaction: whatever has become of it since it was found, may this period be charged right now? */
async function intend(
  till: Till,
  book: Book,
  agreements: Agreements,
  found: SubscriptionRecord,
  isAbsent: boolean,
): Promise<Charge | undefined> {
  const subscription = await book.subscriptions.again(found);
  if (!subscription || !mayCharge(subscription.state) || isEnding(subscription)) return undefined;
  if (await book.operator.freeze()) return undefined;
  const { contractNo, signNo, agreementNo, nextPeriod } = subscription;
  if (agreementNo === undefined || isThrough(subscription) || isPaidByHand(subscription)) return undefined;
  const now = till.clock.now();
  const { rules } = agreements;
  if (!isOpen(chargeSpan(subscription, rules), now)) return undefined;
  const known = await book.subscriptions.period(contractNo, nextPeriod);
  if (!known) return begin(till, book, agreements, subscription, { signNo, agreementNo });
  if (known.outcome !== undefined || known.givenUpAt !== undefined) return undefined;
  const order = await book.orders.get(known.outTradeNo);
  if (!order || isSettledOrder(order.state) || order.closing || isBeingSent(till, order)) return undefined;
  if (now < sentAgainAt(order, known, rules, isAbsent)) return undefined;
  const period = await book.subscriptions.note(known, { tries: known.tries + 1 });
  // Sent again, it is in doubt again; what was in doubt before stays so, whatever this one is told.
  const inDoubt = await book.orders.move(order, 'unknown');
  const sent = await book.orders.patch(inDoubt, {
    sentAt: now,
    asked: 0,
    askAt: firstAskAt(now),
    ...claim(till),
  });
  return { order: sent, period, isFresh: order.state === 'NOTPAY' };
}

/** The first time: the period and its one order come into being with the intent. */
async function begin(
  till: Till,
  book: Book,
  agreements: Agreements,
  subscription: SubscriptionRecord,
  agreement: SignedAgreement,
): Promise<Charge> {
  const { contractNo, provider, account, caller, title, nextPeriod } = subscription;
  const now = till.clock.now();
  const period = await beginPeriod(book, subscription, now);
  const { outTradeNo, amountFen, untilAt } = period;
  const order = newOrder(till, {
    ...{ outTradeNo, provider, account, caller, scene: 'agreement', amountFen, title },
    ...{ source: 'ledger', inputHash: digest('period', contractNo, nextPeriod), expiresAt: untilAt },
    terms: {
      expiresInMinutes: Math.ceil((untilAt - now) / 60_000),
      period: { contractNo, period: nextPeriod },
    },
  });
  await book.orders.insert(order);
  const call: Call = { ...subscription.asked, caller, agreed: contractNo };
  const permitted = await permit(till, book, call, 'payment', order);
  const plan = agreements.planCharge(termsOf(order, order.createdAt), agreement);
  const sent = await book.orders.move(
    order,
    'sent',
    { plan, sentAt: now, askAt: firstAskAt(now), asked: 0, ...permitted?.counts, ...claim(till) },
    permitted?.allowed,
  );
  const tried = await book.subscriptions.note(period, { tries: 1 });
  return { order: sent, period: tried, isFresh: true };
}

/** The next period begins: from now on it has its number, and is paid or missed. */
export async function beginPeriod(
  book: Book,
  subscription: SubscriptionRecord,
  now: number,
): Promise<PeriodRecord> {
  const { contractNo, nextPeriod } = subscription;
  const period: PeriodRecord = {
    ...{
      contractNo,
      period: nextPeriod,
      outTradeNo: await book.subscriptions.numberOf(subscription, nextPeriod),
    },
    ...{ amountFen: amountOf(subscription, nextPeriod), ...periodSpan(subscription) },
    ...{ tries: 0, triedAt: undefined, code: undefined, givenUpAt: undefined, outcome: undefined },
    createdAt: now,
  };
  await book.subscriptions.begin(subscription, period);
  return period;
}

/** Then the number has been charged before, as by what a restored ledger has forgotten: the gateway is asked for it. */
const ABOUT_NUMBER: readonly DeclineReason[] = ['already-paid', 'number-conflict'];

/** What the gateway's refusal or silence means for the period. */
async function chargeFailed(till: Till, charge: Charge, thrown: unknown): Promise<void> {
  const { order, period, isFresh } = charge;
  const failure = failureOf(thrown);
  if (!failure) {
    await release(till, order);
    throw thrown;
  }
  const { error, code, notSent } = failure;
  const isTaken = error instanceof GatewayDeclined && ABOUT_NUMBER.includes(error.reason);
  const refused = isTaken ? undefined : failure.refused;
  await record(till, order, async (book) => {
    const current = await book.orders.again(order);
    const ours = isStillOurs(current, order);
    await book.event(order, 'send-failed', { error: error.name, code });
    const released = await book.orders.patch(current, releaseOurs(current, order));
    const known = (await book.subscriptions.period(period.contractNo, period.period)) ?? period;
    const noted = refused ? await book.subscriptions.refused(known, code) : known;
    const isOver = !isTaken && error instanceof ChargeDeclined && error.retry !== 'later';
    if (isOver) await giveUp(till, book, noted, error.retry === 'agreement-ended');
    // Behind a lost answer a refusal proves nothing, and the order stays in doubt until the gateway is asked.
    if (!ours || !isFresh || !(notSent || refused)) return;
    if (isOver) await book.orders.move(released, 'declined', { declinedCode: code });
    else await book.orders.move(released, 'notpay');
  });
  const { outTradeNo } = order;
  till.log.warn('a period could not be charged', { outTradeNo, error: error.message });
}

/** It will not be charged any more; where its agreement is said to have ended, that is asked for at once. */
async function giveUp(till: Till, book: Book, period: PeriodRecord, hasEnded: boolean): Promise<void> {
  const now = till.clock.now();
  await book.subscriptions.note(period, { givenUpAt: now });
  const subscription = await book.subscriptions.get(period.contractNo);
  if (!subscription) return;
  await book.subscriptions.patch(subscription, { tryAt: now, ...(hasEnded ? { provenAt: undefined } : {}) });
}

/** In which the period that is next is paid: what is signed by being paid, as long as it may be signed. */
export function periodSpan(subscription: SubscriptionRecord): Span {
  const { mode, signBefore, nextPeriod } = subscription;
  const span = spanOf(subscription, nextPeriod);
  return mode === 'auto' && isPaidByHand(subscription) ? { ...span, untilAt: signBefore } : span;
}

/** In which the period that is next is charged: what the calendar and the gateway both let it be. */
export function chargeSpan(subscription: SubscriptionRecord, rules: AgreementRules): Span {
  const span = spanOf(subscription, subscription.nextPeriod);
  const { windowFrom = span.dueAt, windowTo = span.untilAt } = rules.tellsWindow ? subscription : {};
  return { dueAt: Math.max(span.dueAt, windowFrom), untilAt: Math.min(span.untilAt, windowTo) };
}

function isOpen({ dueAt, untilAt }: Span, now: number): boolean {
  return now >= dueAt && now < untilAt;
}

/**
 * When (ms) a period that was not charged is sent again: as the gateway wants it where that has refused it, and after a
 * short rest where it has provably never heard of it.
 * @param isAbsent as {@link chargePeriod} has it
 */
export function sentAgainAt(
  { state, gatewayState, sentAt = 0 }: OrderRecord,
  { tries, triedAt = 0 }: PeriodRecord,
  { retryAfterMs }: AgreementRules,
  isAbsent = false,
): number {
  const isAnswered = triedAt >= sentAt || gatewayState !== undefined;
  const neverLeft = !isAnswered && (isAbsent || state === 'NOTPAY');
  const wait = neverLeft ? restOf(tries) : (retryAfterMs[Math.min(tries, retryAfterMs.length) - 1] ?? 0);
  return Math.max(sentAt, triedAt) + wait;
}

/** Whether it is a rule of the merchant's, or a freeze, that keeps it from being charged just now. */
export function isHeldBack(error: unknown): boolean {
  return error instanceof CashierError && (error.code === 'POLICY_DENIED' || error.code === 'FROZEN');
}
