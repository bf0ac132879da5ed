import { defined } from '../../domain/defined.ts';
import type { Book } from '../../ledger/book.ts';
import {
  contractSubject,
  type EndedReason,
  type SubscriptionRecord,
} from '../../ledger/subscription-records.ts';
import { type AgreementSnapshot, isSameAccount } from '../../providers/contract.ts';
import { alarm } from '../apply.ts';
import { isGatewayError } from '../errors.ts';
import { record } from '../sending.ts';
import { providerOf, type Till } from '../till.ts';

/** How long (ms) after it should not be possible any more somebody may still be found to have signed. */
export const SIGNED_WITHIN_MS = 5 * 60_000;

type Signed = Extract<AgreementSnapshot, { exists: true }>;

/**
 * Asks the gateway about an agreement and commits what it proves. Resolves to the subscription as it is known then, and
 * whether the gateway has answered.
 */
export async function askAgreement(
  till: Till,
  subscription: SubscriptionRecord,
): Promise<{ readonly subscription: SubscriptionRecord; readonly isAnswered: boolean }> {
  const { signNo, agreementNo, account, caller } = subscription;
  const { agreements } = providerOf(till, subscription);
  if (!agreements) return { subscription, isAnswered: false };
  let snapshot: AgreementSnapshot;
  try {
    await till.desk.turns.take({ account, caller, urgency: 'call' });
    snapshot = await agreements.queryAgreement({ signNo, agreementNo });
  } catch (error) {
    if (!isGatewayError(error)) throw error;
    till.log.info('agreement: no answer', { contractNo: subscription.contractNo, error: error.message });
    return { subscription, isAnswered: false };
  }
  const known = await record(till, contractSubject(subscription.contractNo), async (book) => {
    const current = (await book.subscriptions.again(subscription)) ?? subscription;
    return snapshot.exists
      ? applyAgreement(book, current, snapshot, 'query', till.clock.now())
      : applyAbsence(book, current, till.clock.now());
  });
  return { subscription: known, isAnswered: true };
}

/**
 * Takes the gateway's proven word on an agreement into the ledger, by the table; a repeat changes nothing. Of another
 * account or number it changes no state and raises an alarm.
 */
export async function applyAgreement(
  book: Book,
  subscription: SubscriptionRecord,
  snapshot: Signed,
  source: 'query' | 'notify',
  now: number,
): Promise<SubscriptionRecord> {
  if (isForeignAgreement(subscription, snapshot)) {
    await alarm(book, contractSubject(subscription.contractNo), 'foreign-trade');
    return subscription;
  }
  const { agreementNo, gatewayState, validUntil, window, signedAt } = snapshot;
  const told = { agreementNo, gatewayState };
  switch (snapshot.state) {
    case 'PENDING':
      return subscription.gatewayState === gatewayState
        ? subscription
        : book.subscriptions.patch(subscription, { gatewayState });
    case 'ENDED':
      return ended(book, subscription, now, told);
    case 'UNKNOWN':
      return isEnding(subscription)
        ? subscription
        : book.subscriptions.move(subscription, 'doubted', { ...told, tryAt: now });
    case 'ACTIVE':
      break;
  }
  if (isEnding(subscription)) {
    // Old news may come late, so that of one that has ended the gateway is asked.
    if (source === 'notify') return book.subscriptions.patch(subscription, { tryAt: now });
    const known = await book.subscriptions.patch(subscription, told);
    return book.subscriptions.move(known, 'ending', { tryAt: now });
  }
  const facts = defined({
    ...told,
    ...{ provenAt: now, validUntil, windowFrom: window?.from, windowTo: window?.to },
    signedAt: subscription.signedAt ?? signedAt ?? now,
    // What is news may be charged at once.
    tryAt: subscription.signedAt === undefined ? now : undefined,
  });
  // One that was paused stays so until a period is paid.
  const before = await book.subscriptions.period(subscription.contractNo, subscription.nextPeriod - 1);
  const event = subscription.state === 'UNKNOWN' && before?.outcome === 'missed' ? 'paused' : 'signed';
  const moved =
    subscription.state === 'PENDING_SIGN' || subscription.state === 'UNKNOWN'
      ? await book.subscriptions.move(subscription, event, facts)
      : subscription;
  return moved === subscription ? book.subscriptions.patch(subscription, facts) : moved;
}

/** The gateway knows of no such agreement: one that was signed has ended, and of any other nothing is to end. */
async function applyAbsence(
  book: Book,
  subscription: SubscriptionRecord,
  now: number,
): Promise<SubscriptionRecord> {
  const { signedAt, signBefore } = subscription;
  // What was signed just now not all of a gateway has heard of, and what stands there would stand for ever.
  if (signedAt !== undefined && now < signedAt + SIGNED_WITHIN_MS) return subscription;
  const isOver = signedAt !== undefined || isEnding(subscription) || now > signBefore + SIGNED_WITHIN_MS;
  return isOver ? ended(book, subscription, now, {}) : subscription;
}

async function ended(
  book: Book,
  subscription: SubscriptionRecord,
  now: number,
  told: { readonly agreementNo?: string; readonly gatewayState?: string },
): Promise<SubscriptionRecord> {
  if (subscription.state === 'ENDED') return subscription;
  const { reason = reasonOf(subscription, now) } = subscription;
  return book.subscriptions.move(subscription, 'ended', { ...told, reason, tryAt: now });
}

/** Why it has ended where nobody here had wanted it to. */
function reasonOf({ signedAt, validUntil }: SubscriptionRecord, now: number): EndedReason {
  if (signedAt === undefined) return 'not-signed';
  return validUntil !== undefined && now >= validUntil ? 'expired' : 'ended-by-subscriber';
}

/** Whether nothing more is to be charged, whatever the gateway has heard of that. */
export function isEnding({ endingAt, state }: SubscriptionRecord): boolean {
  return endingAt !== undefined || state === 'ENDED';
}

/** Whether the gateway speaks of another agreement than the ledger's. */
export function isForeignAgreement(subscription: SubscriptionRecord, snapshot: Signed): boolean {
  const { agreementNo, signNo, account } = subscription;
  const byTheirs = agreementNo !== undefined && agreementNo === snapshot.agreementNo;
  return (
    !isSameAccount(account, snapshot.account) ||
    (agreementNo !== undefined && !byTheirs) ||
    (snapshot.signNo !== signNo && !(snapshot.signNo === '' && byTheirs))
  );
}
