import type { Book } from '../../ledger/book.ts';
import {
  amountOf,
  contractSubject,
  isPaidByHand,
  mostOf,
  periodScene,
  type SubscriptionRecord,
} from '../../ledger/subscription-records.ts';
import { insistNotFrozen } from '../../policy/decisions.ts';
import { holdToRules, insistOnPeriod, insistOnTrial } from '../permit.ts';
import type { Call, Till } from '../till.ts';

/**
 * Inside the transaction that lets somebody agree to a subscription: freeze, the rules in force, and a person's yes where
 * one is needed, as of a payment of one period. Whether it may be; false while that yes is awaited, and after a no.
 * Throws FROZEN, POLICY_DENIED, TRY_LATER (too many approvals are open).
 */
export async function permitSubscription(
  till: Till,
  book: Book,
  call: Call,
  subscription: SubscriptionRecord,
): Promise<boolean> {
  await insistNotFrozen(book);
  const { contractNo, provider, inputHash } = subscription;
  const most = mostOf(subscription);
  insistOnTrial(till, most);
  // One that is paid by hand opens its first payment with this very call.
  if (isPaidByHand(subscription)) {
    const first = { provider, scene: periodScene(subscription), amountFen: amountOf(subscription, 1) };
    await insistOnPeriod(till, book, call, first);
  }
  const subject = {
    ...contractSubject(contractNo),
    inputHash,
    provider,
    scene: 'agreement',
    amountFen: most,
  } as const;
  return (await holdToRules(till, book, call, 'subscription', subject)) !== undefined;
}
