import { CashierError } from '../domain/errors.ts';
import { attempt, newCallId } from '../payments/attempt.ts';
import { recordLimited } from '../payments/call-rate.ts';
import type { Outcome, Till } from '../payments/till.ts';
import type { LimitDeps } from './call-limit.ts';

/** A call that a token does not allow, and why. */
export interface RefusedCall {
  readonly tool: string;
  readonly args: unknown;
  readonly meta: unknown;
  readonly outcome: Outcome & { readonly code: 'INSUFFICIENT_SCOPE' | 'TOOL_NOT_ALLOWED' };
}

/**
 * Records a call that was refused before anything looked at it, as one that the rules refuse: who is refused too often
 * is told of by number only. Never rejects.
 */
export async function recordRefused(
  deps: LimitDeps & { readonly till: () => Promise<Till> },
  { tool, args, meta, outcome }: RefusedCall,
): Promise<void> {
  const { identity, log, rate } = deps;
  const { caller } = identity;
  try {
    if (rate?.excess(caller, true)) return await recordLimited(deps, rate, { caller, tool });
    rate?.refused(caller);
    const till = await deps.till();
    const id = newCallId(till.randomBytes);
    log.info('call refused', { call: id, caller, tool, outcome: outcome.code });
    const nothing = async () => undefined;
    await attempt(till, { ...identity, tool, id }, { tool, args: args ?? {}, meta }, nothing, () => outcome);
  } catch (error) {
    log.error('a refused call could not be recorded', {
      tool,
      error: error instanceof CashierError ? error.code : String(error),
    });
  }
}
