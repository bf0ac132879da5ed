import type { Book } from '../../ledger/book.ts';
import { mayCharge } from '../../ledger/subscription-machine.ts';
import {
  isPaidByHand,
  isThrough,
  type PeriodRecord,
  periodScene,
  type SubscriptionRecord,
} from '../../ledger/subscription-records.ts';
import { createPayment } from '../create-payment.ts';
import { type Call, plannerOf, type Till } from '../till.ts';
import { beginPeriod, periodSpan } from './charge.ts';
import { isEnding } from './learn.ts';

/**
 * Opens the payment of the period that is due, which the subscriber makes themselves, and gives it a new code where the
 * old one has died: one payment a period, an ordinary one. Does nothing where none is due. Throws as {@link createPayment}.
 */
export async function openPayment(till: Till, subscription: SubscriptionRecord): Promise<void> {
  const { contractNo, caller, title } = subscription;
  // Another account than this process has is none to open it at.
  const { id: provider } = plannerOf(till, subscription);
  const period = await till.ledger.write((book) => dueIn(till, book, subscription));
  if (!period) return;
  const { outTradeNo, amountFen, untilAt } = period;
  const call: Call = { ...subscription.asked, caller, agreed: contractNo };
  await createPayment(till, call, {
    ...{ provider, scene: periodScene(subscription), amountFen, title, outTradeNo },
    expiresInMinutes: Math.ceil((untilAt - period.createdAt) / 60_000),
    period: { contractNo, period: period.period, untilAt },
  });
}

/** The period to be paid just now, begun in the same transaction where it was not before. */
async function dueIn(till: Till, book: Book, found: SubscriptionRecord): Promise<PeriodRecord | undefined> {
  const subscription = await book.subscriptions.again(found);
  if (!subscription || isEnding(subscription) || subscription.openedAt === undefined) return undefined;
  if (!isPaidByHand(subscription)) return undefined;
  const { state, contractNo, nextPeriod } = subscription;
  // The first is how the subscriber agrees to the others.
  const isFirst = state === 'PENDING_SIGN' && nextPeriod === 1;
  if (!(mayCharge(state) || isFirst) || isThrough(subscription)) return undefined;
  if (await book.operator.freeze()) return undefined;
  const now = till.clock.now();
  const known = await book.subscriptions.period(contractNo, nextPeriod);
  const { dueAt, untilAt } = known ?? periodSpan(subscription);
  if (now < dueAt || now >= untilAt || known?.outcome !== undefined) return undefined;
  return known ?? beginPeriod(book, subscription, now);
}
