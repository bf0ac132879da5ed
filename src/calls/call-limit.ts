import { CashierError } from '../domain/errors.ts';
import type { Log } from '../domain/ports.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { type CallRate, recordLimited } from '../payments/call-rate.ts';
import type { Identity } from '../policy/identity.ts';
import type { Asked, Offer } from '../protocol/offer.ts';
import { tooManyRequests } from '../protocol/refusals.ts';
import type { Tool } from '../tools/define-tool.ts';
import type { Presenter } from '../tools/present.ts';
import { failureOf } from './failure.ts';

/** Until (s) what waits may have been written. */
const CROWDED_SECONDS = 2;

export interface LimitDeps {
  readonly identity: Identity;
  readonly ledger: Ledger;
  readonly present: Presenter;
  /** How often each caller may call. */
  readonly rate?: CallRate;
  readonly log: Log;
  /** Told of each request of a caller that asks too often. */
  readonly limited?: () => void;
}

/**
 * A caller that asks too often, for a tool or anything else, is not answered: nothing is looked at, and of many one
 * record says how many. Nor is a call that might move money while too much waits to be written.
 */
export function admission(deps: LimitDeps, tools: readonly Tool[]): Pick<Offer, 'admit' | 'isExcess'> {
  const { rate, identity, ledger } = deps;
  const { caller } = identity;
  if (!rate) return {};
  const toolOf = ({ method, name }: Asked) =>
    method === 'tools/call' ? tools.find((tool) => tool.name === name) : undefined;
  const moves = (tool: Tool | undefined) => tool?.hints.readOnlyHint === false;
  return {
    isExcess(asked) {
      const isMove = moves(toolOf(asked));
      return rate.excess(caller, isMove) || (isMove && ledger.isCrowded);
    },
    async admit(asked) {
      const tool = toolOf(asked);
      try {
        rate.admit(caller, moves(tool));
        // Nothing of it has been written yet, and nothing is to be.
        if (moves(tool) && ledger.isCrowded) throw crowded();
        return undefined;
      } catch (error) {
        if (!(error instanceof CashierError)) throw error;
        deps.limited?.();
        const recorded = recordLimited(deps, rate, { caller, tool: tool?.name });
        // Whoever is told that the ledger is crowded does not wait for it.
        if (!ledger.isCrowded) await recorded;
        if (tool) return failureOf(deps.present, tool, error);
        throw tooManyRequests(Number(error.details.retryAfterSeconds));
      }
    },
  };
}

function crowded(): CashierError {
  return new CashierError('TRY_LATER', {
    zh: '等待记账的内容太多，这次没有处理：没有发出请求，没有资金变动。',
    en: 'Too much waits to be written to the ledger; this call was not looked at: nothing was sent and no money moved.',
    next: {
      zh: `${CROWDED_SECONDS} 秒后用相同参数重试。`,
      en: `Call again with the same arguments in ${CROWDED_SECONDS} s.`,
    },
    details: { retryAfterSeconds: CROWDED_SECONDS },
  });
}
