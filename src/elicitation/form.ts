import type { Call, Till } from '../payments/till.ts';
import { Person } from '../persons/person.ts';
import { approvalView, decideApproval } from '../policy/approvals.ts';
import { policyInForce } from '../policy/decisions.ts';
import { MAX_REASON, oneLine } from '../policy/reason.ts';

/**
 * Commits what a form says about an approval of this caller, where the policy in force trusts forms at that very
 * moment and nobody has decided yet. Returns whether it is decided now.
 * @param content as the client sent it
 */
export async function decideByForm(
  till: Till,
  { caller }: Call,
  id: string,
  content: unknown,
): Promise<boolean> {
  const decision = readForm(content);
  if (!decision) return false;
  const { clock, ledger, policy } = till;
  return ledger.as({ actor: 'operator', tool: 'form' }).write(async (book) => {
    const person = Person.byForm(await policyInForce(book, policy));
    const approval = await book.approvals.get(id);
    if (!person || approval?.caller !== caller) return false;
    if (approvalView(approval, clock.now()) !== 'pending') return false;
    await decideApproval(book, person, id, decision, clock.now());
    return true;
  });
}

/** Whether a form was filled in. */
export function isForm(content: unknown): boolean {
  return readForm(content) !== undefined;
}

/** Nothing but a plain yes or no counts. */
function readForm(
  content: unknown,
): { readonly approve: boolean; readonly reason: string | undefined } | undefined {
  if (typeof content !== 'object' || content === null) return undefined;
  const { approve, reason } = content as Readonly<Record<string, unknown>>;
  if (typeof approve !== 'boolean') return undefined;
  return {
    approve,
    reason: typeof reason === 'string' && !approve ? oneLine(reason.slice(0, 2 * MAX_REASON)) : undefined,
  };
}
