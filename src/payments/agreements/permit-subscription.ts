import { defined } from '../../domain/defined.ts';
import type { Book } from '../../ledger/book.ts';
import { contractSubject, mostOf, type SubscriptionRecord } from '../../ledger/subscription-records.ts';
import { approvalsFor, isDenied, requestApproval } from '../../policy/approvals.ts';
import { decide, type Used, windowStart } from '../../policy/decide.ts';
import { holdToPolicy, insistNotFrozen } from '../../policy/decisions.ts';
import { type Rule, subscriptionRules } from '../../policy/rules.ts';
import { askedBy, insistOnTrial, policyDenied, rulesThen, together } from '../permit.ts';
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
  const subject = { ...contractSubject(contractNo), inputHash };
  const asked = await book.approvals.of(subject);
  if (await isDenied(book, subject, asked)) return false;
  const now = till.clock.now();
  const usable = approvalsFor(asked, { ...subject, caller: call.caller }, now);
  const yes = usable.find(({ id, state }) => state === 'approved' && id === (call.approval ?? id));
  const today = subscriptionRules(await holdToPolicy(book, till.policy), call);
  const rules = yes ? together(today, await rulesThen(book, yes, subscriptionRules)) : today;
  const request = { provider, scene: 'agreement', amountFen: most } as const;
  const decision = decide(rules, request, await usedOf(book, rules, now), now);
  if (decision.kind === 'deny') throw policyDenied(decision);
  if (yes) {
    await book.approvals.move(yes, 'approved', 'used', defined({ decidedBy: yes.decidedBy }));
    return true;
  }
  if (call.approval !== undefined) return false;
  if (decision.kind === 'allow') return true;
  const question = {
    ...({ ...subject, kind: 'payment', amountFen: most, caller: call.caller, rule: decision.rule } as const),
    asked: await askedBy(book, call, asked),
  };
  await requestApproval(book, question, usable, { now, randomBytes: till.randomBytes });
  return false;
}

async function usedOf(book: Book, rules: readonly Rule[], now: number): Promise<ReadonlyMap<Rule, Used>> {
  const found = new Map<Rule, Used>();
  for (const rule of rules) {
    if (rule.kind === 'active')
      found.set(rule, { count: await book.subscriptions.countOpen(rule.count + 1), fen: 0 });
    if (rule.kind === 'ceiling')
      found.set(rule, await book.subscriptions.madeSince(windowStart(rule.window, now)));
  }
  return found;
}
