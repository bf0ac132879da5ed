import type { Book } from '../ledger/book.ts';
import type { MoneyKind } from '../ledger/counting.ts';
import type { AcceptedPolicy, Freeze } from '../ledger/operator-book.ts';
import { used } from '../payments/permit.ts';
import type { Used } from '../policy/decide.ts';
import type { Policy } from '../policy/policy.ts';
import { type Rule, rulesFor } from '../policy/rules.ts';
import { markOf } from './overview.ts';

/** How many callers with rules of their own, and allowances, are shown at most. */
const MOST_CALLERS = 50;
const MOST_BUDGETS = 100;

/** A rule, and what of it is used where it is a limit. */
export interface RuleLine {
  readonly rule: Rule;
  readonly used: Used | undefined;
}

/** Rules on payments and on refunds. */
export type RuleLines = Readonly<Record<MoneyKind, readonly RuleLine[]>>;

export interface Allowance {
  readonly name: string;
  readonly filledFen: number;
  readonly heldFen: number;
}

export interface RulesView {
  readonly frozen: Freeze | undefined;
  /** undefined before anything was decided: the first rules are taken as they come. */
  readonly accepted: AcceptedPolicy | undefined;
  readonly policy: Policy | undefined;
  /** For everyone together. */
  readonly all: RuleLines;
  /** What stands there for one caller, by name. */
  readonly callers: readonly (readonly [name: string, lines: RuleLines])[];
  readonly moreCallers: boolean;
  readonly allowances: readonly Allowance[];
  readonly mark: string;
}

/** The rules in force and what is used of them, counted as a call that came now would count. @param now ms */
export async function readRules(book: Book, now: number): Promise<RulesView> {
  const accepted = await book.operator.policy();
  const policy = accepted && (JSON.parse(accepted.rulesJson) as Policy);
  const names = Object.keys(policy?.clients ?? {}).sort();
  const callers: (readonly [string, RuleLines])[] = [];
  for (const name of names.slice(0, MOST_CALLERS)) {
    callers.push([name, await linesOf(book, policy, name, now)]);
  }
  return {
    frozen: await book.operator.freeze(),
    accepted,
    policy,
    all: await linesOf(book, policy, undefined, now),
    callers,
    moreCallers: names.length > MOST_CALLERS,
    allowances: await book.quotas.filled(MOST_BUDGETS),
    mark: await markOf(book, now),
  };
}

async function linesOf(
  book: Book,
  policy: Policy | undefined,
  caller: string | undefined,
  now: number,
): Promise<RuleLines> {
  const of = async (kind: MoneyKind): Promise<RuleLine[]> => {
    // A caller without a name has none of its own; of one that has, only what is not everybody's.
    const rules = policy ? rulesFor(policy, kind, { caller: caller ?? '' }) : [];
    const own = rules.filter(({ path }) => path.startsWith('clients.') === (caller !== undefined));
    const taken = await used(book, kind, own, now, false);
    return own.map((rule) => ({ rule, used: taken.get(rule) }));
  };
  return { payment: await of('payment'), refund: await of('refund') };
}
