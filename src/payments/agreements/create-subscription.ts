import { beijingDate, DAY_MS, wholeSecond } from '../../domain/clock.ts';
import { CashierError, invalidArgument } from '../../domain/errors.ts';
import type { Fen } from '../../domain/money.ts';
import type { ProviderId, Scene } from '../../domain/order.ts';
import { parsePeriod } from '../../domain/period.ts';
import type { Book } from '../../ledger/book.ts';
import { isPaidByHand, type SubscriptionRecord } from '../../ledger/subscription-records.ts';
import type { PaymentProvider } from '../../providers/contract.ts';
import { newNumber } from '../beginnings.ts';
import { askedBy } from '../permit.ts';
import { digest } from '../results.ts';
import { type Call, chooseProvider, plannerOf, type Till } from '../till.ts';
import { firstPlannedDay, periodOf, REMINDED_GRACE_DAYS, spanOf } from './calendar.ts';
import {
  contractConflict,
  contractTaken,
  nothingToSign,
  notSignedByPaying,
  periodTooShort,
} from './errors.ts';
import { isEnding } from './learn.ts';
import { permitSubscription } from './permit-subscription.ts';
import { recallPeriod } from './recall.ts';
import { openPayment } from './remind.ts';
import {
  agreementTerms,
  ownSubscriptionIn,
  type SubscriptionResult,
  subscriptionOutcome,
  tellSubscription,
} from './results.ts';

/** What is asked for. */
export interface CreateSubscriptionInput {
  readonly provider?: ProviderId | undefined;
  /** Of one period. */
  readonly amountFen: Fen;
  readonly title: string;
  /** ISO 8601, `P7D` to `P1Y`. */
  readonly period: string;
  /** Of the first period, where that is another. */
  readonly firstFen?: Fen | undefined;
  /** How many periods there are in all, the first included; until somebody cancels it where this is absent. */
  readonly times?: number | undefined;
  /** Any stable id of the person; only its hash is kept. */
  readonly subscriber: string;
  readonly contractNo?: string | undefined;
  /** Have the subscriber sign by paying the first period in this scene, rather than by a link of its own. */
  readonly scene?: Scene | undefined;
}

/** Signing has to be over so long (ms) before the first period's time is: who signs last is charged in time as well. */
const SIGNED_BEFORE_MS = 12 * 3_600_000;
/** So long (ms) a subscription that waits for a person is kept. */
const UNOPENED_MS = DAY_MS;
/** What a gateway takes as a number of a contract; ours may have an underscore, too. */
const SIGN_NO = /^[A-Za-z0-9]{6,32}$/;

/**
 * Makes a subscription, or repeats the one that the number (or the subscriber) stands for. Where the wallet can charge by
 * consent, the subscriber is given something to sign and the server charges from then on; else, or where they sign by
 * paying, the first period's payment is opened, which is how they agree to the others.
 *
 * Throws INVALID_ARGUMENT, IDEMPOTENCY_CONFLICT, POLICY_DENIED, FROZEN, TRY_LATER, CONFIGURATION, and GATEWAY_DECLINED where
 * the first payment is refused.
 */
export async function createSubscription(
  till: Till,
  call: Call,
  input: CreateSubscriptionInput,
): Promise<SubscriptionResult> {
  const provider = chooseProvider(till, input.provider);
  const { subscription, replayed } = await till.ledger.write((book) =>
    reserve(till, book, call, provider, input),
  );
  return open(till, call, subscription, replayed);
}

/** Lets somebody agree to what a person has approved ({@link Call.approval}), unless it does not wait for that any more. */
export async function openApproved(till: Till, call: Call, contractNo: string): Promise<SubscriptionResult> {
  const subscription = await till.ledger.write(async (book) =>
    proceed(till, book, call, await ownSubscriptionIn(book, call, contractNo)),
  );
  return open(till, call, subscription, true);
}

/** What is committed is opened: the payment by which the subscriber agrees, where they sign nothing beside it. */
async function open(
  till: Till,
  call: Call,
  subscription: SubscriptionRecord,
  replayed: boolean,
): Promise<SubscriptionResult> {
  if (isPaidByHand(subscription)) {
    try {
      if (await recallPeriod(till, subscription)) await openPayment(till, subscription);
    } catch (error) {
      // It is opened by the round that follows, and what stands is told.
      if (!(error instanceof CashierError) || !LATER.has(error.code)) throw error;
    }
  }
  return tellSubscription(till, call, subscription.contractNo, replayed);
}

const LATER: ReadonlySet<string> = new Set(['GATEWAY_UNAVAILABLE', 'OUTCOME_UNKNOWN', 'TRY_LATER', 'FROZEN']);

/** One transaction: find what the call means, check the rules, commit the intent. Sends nothing. */
async function reserve(
  till: Till,
  book: Book,
  call: Call,
  provider: PaymentProvider,
  input: CreateSubscriptionInput,
): Promise<{ readonly subscription: SubscriptionRecord; readonly replayed: boolean }> {
  const { amountFen, title, firstFen, times, contractNo, scene } = input;
  const { unit, count } = readPeriod(input.period);
  const subscriberHash = digest(await book.salt(), 'subscriber', input.subscriber);
  const inputHash = digest(
    ...['subscription', provider.id, amountFen, title, unit, count],
    ...[firstFen === amountFen ? undefined : firstFen, times, subscriberHash],
    ...(scene === undefined ? [] : [scene]),
  );
  const known =
    contractNo === undefined
      ? await book.subscriptions.byCall(inputHash, call.caller)
      : await book.subscriptions.get(contractNo);
  if (known) {
    if (call.ownOrdersOnly && known.caller !== call.caller) throw contractTaken();
    if (known.inputHash !== inputHash) throw contractConflict();
    return {
      subscription: await concluded(book, call, await proceed(till, book, call, known)),
      replayed: true,
    };
  }
  const number = contractNo ?? newNumber(till, 'S');
  const subscription: SubscriptionRecord = {
    contractNo: number,
    signNo: SIGN_NO.test(number) ? number : newNumber(till, 'S'),
    ...{ provider: provider.id, account: provider.account, caller: call.caller },
    mode: provider.agreements ? 'auto' : 'reminded',
    state: 'PENDING_SIGN',
    ...{ amountFen, firstFen: firstFen === amountFen ? undefined : firstFen, title, times },
    ...{ period: input.period, signingScene: scene },
    ...{ subscriberHash, inputHash, asked: await askedBy(book, call) },
    ...UNOPENED,
    ...begun(till, provider, input.period),
    createdAt: till.clock.now(),
    updatedAt: till.clock.now(),
    tryAt: till.clock.now() + UNOPENED_MS,
  };
  refuseEarly(provider, subscription);
  await book.subscriptions.insert(subscription);
  return {
    subscription: await concluded(book, call, await proceed(till, book, call, subscription)),
    replayed: false,
  };
}

/** The last thing the call commits says what it is told. */
async function concluded(
  book: Book,
  call: Call,
  subscription: SubscriptionRecord,
): Promise<SubscriptionRecord> {
  await call.conclude?.(book, subscriptionOutcome(subscription));
  return subscription;
}

/** From when its periods are counted, and until when it can be agreed to: by now, which is when somebody may. */
function begun(
  till: Till,
  { agreements }: PaymentProvider,
  period: string,
): Pick<SubscriptionRecord, 'firstDay' | 'graceDays' | 'signBefore'> {
  const now = till.clock.now();
  if (!agreements) {
    const calendar = {
      mode: 'reminded',
      firstDay: beijingDate(now),
      graceDays: REMINDED_GRACE_DAYS,
      period,
    } as const;
    return { ...calendar, signBefore: spanOf(calendar, 1).untilAt };
  }
  const { rules } = agreements;
  const firstDay = firstPlannedDay(rules, periodOf(period), now);
  const calendar = { mode: 'auto', firstDay, graceDays: rules.daysBefore, period } as const;
  const signBefore = Math.min(now + rules.signWithinMs, spanOf(calendar, 1).untilAt - SIGNED_BEFORE_MS);
  return { firstDay, graceDays: rules.daysBefore, signBefore: wholeSecond(signBefore) };
}

/** What a recorded subscription still needs: somebody's leave, from which on it can be agreed to. */
async function proceed(
  till: Till,
  book: Book,
  call: Call,
  subscription: SubscriptionRecord,
): Promise<SubscriptionRecord> {
  const provider = plannerOf(till, subscription);
  if (subscription.openedAt !== undefined || isEnding(subscription)) return subscription;
  if (!(await permitSubscription(till, book, call, subscription)))
    return (await book.subscriptions.again(subscription)) ?? subscription;
  const now = till.clock.now();
  const { firstDay, signBefore } = begun(till, provider, subscription.period);
  const ready = { ...subscription, firstDay, signBefore };
  const plan =
    ready.signingScene === undefined ? provider.agreements?.planSigning(agreementTerms(ready)) : undefined;
  return book.subscriptions.patch(subscription, { firstDay, signBefore, openedAt: now, plan, tryAt: now });
}

/** What a subscription has that nobody may agree to yet. */
export const UNOPENED = {
  ...{ openedAt: undefined, plan: undefined, agreementNo: undefined, gatewayState: undefined },
  ...{ signedAt: undefined, provenAt: undefined, validUntil: undefined, windowFrom: undefined },
  ...{ windowTo: undefined, nextPeriod: 1, charged: 0, missed: 0, endingAt: undefined, reason: undefined },
  ...{ unsignPlan: undefined, endedAt: undefined, tries: 0 },
} as const;

/** What the gateway would refuse is refused before anything is stored. */
function refuseEarly(provider: PaymentProvider, subscription: SubscriptionRecord): void {
  const { amountFen, title, signBefore, period, signingScene, times, createdAt } = subscription;
  const { agreements } = provider;
  const outTradeNo = subscription.signNo;
  const first = { outTradeNo, amountFen, title, sentAt: wholeSecond(createdAt), expiresAt: signBefore };
  if (signingScene !== undefined && agreements?.payAndSign?.scene !== signingScene)
    throw notSignedByPaying(provider);
  if (!agreements) {
    provider.planPayment({ ...first, scene: 'qr' });
    return;
  }
  const { unit, count } = periodOf(period);
  if (unit === 'day' && count < agreements.rules.leastDays) throw periodTooShort(agreements.rules.leastDays);
  if (signingScene === undefined) return void agreements.planSigning(agreementTerms(subscription));
  if (times === 1) throw nothingToSign();
  agreements.payAndSign?.plan({ ...first, scene: signingScene }, agreementTerms(subscription));
}

function readPeriod(text: string) {
  const period = parsePeriod(text);
  if (period) return period;
  throw invalidArgument(
    'period',
    {
      zh: 'period 必须是 P7D 到 P1Y 之间的周期，例如 P1M、P2W、P30D。',
      en: 'period must be a span from P7D to P1Y, such as P1M, P2W or P30D.',
    },
    { zh: '改正 period 后重试。', en: 'Correct period and call again.' },
  );
}
