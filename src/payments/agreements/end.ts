import type { Book } from '../../ledger/book.ts';
import { isSettledOrder } from '../../ledger/order-machine.ts';
import type { OrderRecord } from '../../ledger/records.ts';
import { SUBSCRIPTION_STATES } from '../../ledger/subscription-machine.ts';
import {
  contractSubject,
  type EndedReason,
  type SubscriptionRecord,
} from '../../ledger/subscription-records.ts';
import { insist, onRecord, type Person } from '../../persons/person.ts';
import { GatewayUnavailable } from '../../providers/contract.ts';
import { closePayment } from '../close-payment.ts';
import { isGatewayError } from '../errors.ts';
import { isBeingSent, isFrozenNow, record, unlessFrozen } from '../sending.ts';
import { providerOf, type Till } from '../till.ts';
import { subscriptionNotFound } from './errors.ts';
import { askAgreement, isEnding } from './learn.ts';

/** How many are looked up at once. */
const PAGE = 100;

/**
 * Inside a transaction: nothing more of a subscription is charged or asked to be paid, from its commit on. What there is
 * at the gateway is ended by {@link finishEnding}, which comes round until that is proven. A repeat changes nothing.
 */
export async function beginEnding(
  till: Pick<Till, 'clock'>,
  book: Book,
  subscription: SubscriptionRecord,
  reason: EndedReason,
): Promise<SubscriptionRecord> {
  if (isEnding(subscription)) return subscription;
  const now = till.clock.now();
  const wish = { endingAt: now, reason, tryAt: now };
  const { mode, openedAt, state } = subscription;
  // What nobody has signed, or is signed nowhere, has ended when we say so.
  if (mode === 'reminded' || openedAt === undefined)
    return book.subscriptions.move(subscription, 'ended', wish);
  return state === 'UNKNOWN'
    ? book.subscriptions.patch(subscription, wish)
    : book.subscriptions.move(subscription, 'ending', wish);
}

/** Has all end that have not, at once; what {@link beginEnding} leaves to do is done as they come round. */
export async function beginEndingAll(
  { ledger, clock }: Pick<Till, 'ledger' | 'clock'>,
  reason: EndedReason,
): Promise<void> {
  for (const state of SUBSCRIPTION_STATES.filter((one) => one !== 'ENDED')) {
    let after: SubscriptionRecord | undefined;
    do {
      const page = await ledger.read((book) => book.subscriptions.list({ state, after }, PAGE));
      for (const found of page.filter((one) => !isEnding(one)))
        await ledger.write(async (book) => {
          const current = await book.subscriptions.again(found);
          if (current) await beginEnding({ clock }, book, current, reason);
        });
      after = page.at(-1);
    } while (after);
  }
}

/**
 * A person without the wallet's keys at hand: nothing more is charged from the commit on, and whichever process has the
 * keys ends the agreement. A charge that had left before may still be told of.
 * Throws ORDER_NOT_FOUND, and CONFIGURATION for who may not.
 */
export function endByPerson(
  { ledger, clock }: Pick<Till, 'ledger' | 'clock'>,
  person: Person,
  contractNo: string,
): Promise<SubscriptionRecord> {
  return onRecord(ledger, contractSubject(contractNo), async (book) => {
    await insist(book, person, 'close');
    const known = await book.subscriptions.get(contractNo);
    if (!known) throw subscriptionNotFound();
    return beginEnding({ clock }, book, known, 'cancelled-by-person');
  });
}

/**
 * Sees to what is left of a subscription that is to end: the agreement at the gateway, which is ended by the same bytes
 * until the gateway proves that it has, and the payment that its subscriber has not made. Nothing of it throws what a
 * gateway says. Resolves to the subscription as it is known then.
 */
export async function finishEnding(till: Till, found: SubscriptionRecord): Promise<SubscriptionRecord> {
  await closeOpenPayment(till, found);
  if (found.mode === 'reminded') return found;
  const { subscription, isAnswered } = await askAgreement(till, found);
  // Nothing is sent that moves anything while a person has stopped everything; nor is anything charged.
  if (!isAnswered || subscription.state === 'ENDED' || (await isFrozenNow(till))) return subscription;
  const sent = await unsign(till, subscription);
  return sent ? (await askAgreement(till, sent)).subscription : subscription;
}

/** Undefined where there is nothing to end, or it was not sent. */
async function unsign(till: Till, found: SubscriptionRecord): Promise<SubscriptionRecord | undefined> {
  const { agreements } = providerOf(till, found);
  if (!agreements) return undefined;
  const subscription = await till.ledger.write(async (book) => {
    const current = await book.subscriptions.again(found);
    // Of one that has ended meanwhile nothing is to end.
    if (current?.state !== 'UNKNOWN' || !isEnding(current)) return undefined;
    const { signNo, agreementNo } = current;
    if (agreementNo === undefined || current.unsignPlan !== undefined) return current;
    return book.subscriptions.patch(current, { unsignPlan: agreements.planUnsign({ signNo, agreementNo }) });
  });
  const { signNo, agreementNo, unsignPlan, contractNo } = subscription ?? {};
  if (!subscription || signNo === undefined || agreementNo === undefined || unsignPlan === undefined)
    return undefined;
  try {
    await agreements.unsign({ signNo, agreementNo }, unsignPlan, unlessFrozen(till));
  } catch (error) {
    if (!isGatewayError(error)) throw error;
    till.log.info('agreement: not known to have ended', {
      contractNo: contractNo ?? '',
      error: error.message,
    });
    if (error instanceof GatewayUnavailable) return undefined;
  }
  return subscription;
}

/** What was begun and is not paid is closed at the gateway as well; where it turns out to be paid, it is. */
async function closeOpenPayment(till: Till, subscription: SubscriptionRecord): Promise<void> {
  const order = await till.ledger.read((book) => openOrderIn(book, subscription));
  if (!order || isBeingSent(till, order) || (await isFrozenNow(till))) return;
  if (order.scene === 'agreement') return closeWhenAsked(till, order);
  const { outTradeNo, caller } = order;
  try {
    await closePayment(till, { caller }, { outTradeNo });
  } catch (error) {
    till.log.info('the payment of a period is not closed', { outTradeNo, error: String(error) });
  }
}

/** The order of the last period that was begun, while it is neither paid nor closed. */
export async function openOrderIn(
  book: Book,
  { contractNo }: SubscriptionRecord,
): Promise<OrderRecord | undefined> {
  const period = await book.subscriptions.lastPeriod(contractNo);
  const order = period && (await book.orders.get(period.outTradeNo));
  return order && !isSettledOrder(order.state) ? order : undefined;
}

/** A charge that is not to be made any more: whoever asks about it closes it where it is there. */
export async function closeWhenAsked(till: Till, order: OrderRecord): Promise<void> {
  await record(till, order, async (book) => {
    const current = await book.orders.again(order);
    if (current.closing || isSettledOrder(current.state) || isBeingSent(till, current)) return;
    await book.event(current, 'close-intended', {});
    await book.orders.patch(current, { closing: true, askAt: till.clock.now() });
  });
}
