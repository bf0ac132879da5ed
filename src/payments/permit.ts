import { beijingIso, wholeSecond } from '../domain/clock.ts';
import { CashierError, type Text } from '../domain/errors.ts';
import type { Book } from '../ledger/book.ts';
import type { MoneyKind } from '../ledger/quotas.ts';
import type { ApprovalRecord } from '../ledger/records.ts';
import { isDenied, takeApproval } from '../policy/approvals.ts';
import { type Denial, decide, type Request, type Used, windowStart } from '../policy/decide.ts';
import { holdToPolicy, insistNotFrozen } from '../policy/decisions.ts';
import { type Rule, rulesFor } from '../policy/rules.ts';
import type { Call, Cashier } from './cashier.ts';

/** What an intent that may be committed brings along. */
export interface Permit {
  /** To be stored with the order or refund: from now on it counts. */
  readonly counts: {
    readonly countedAt: number;
    readonly countedBy: string;
    readonly client: string | undefined;
  };
  /** A person's yes that this very send uses up. */
  readonly approval: ApprovalRecord | undefined;
}

type Subject = Pick<ApprovalRecord, 'outTradeNo' | 'outRefundNo' | 'inputHash'> &
  Request & {
    /** Why a person is needed even where the rules let it pass. */
    readonly needsPerson?: string | undefined;
  };

/**
 * The last gate before a gateway, inside the transaction that commits the intent: freeze, the rules in force, what is
 * used of limits and budgets, and a person's yes where one is needed. Gives nothing while that yes is awaited, and when a
 * person has said no.
 * Throws FROZEN, POLICY_DENIED, TRY_LATER (too many approvals are open).
 */
export async function permit(
  cashier: Cashier,
  book: Book,
  call: Call,
  kind: MoneyKind,
  subject: Subject,
): Promise<Permit | undefined> {
  await insistNotFrozen(book);
  if (await isDenied(book, subject)) return undefined;
  const now = cashier.clock.now();
  const rules = rulesFor(await holdToPolicy(book, cashier.policy), kind, call);
  const decision = decide(rules, subject, await used(book, kind, rules, now), now);
  if (decision.kind === 'deny') throw policyDenied(decision);
  let approval: ApprovalRecord | undefined;
  const needed = decision.kind === 'approve' ? decision.rule : subject.needsPerson;
  if (needed !== undefined) {
    const taken = await takeApproval(
      book,
      { ...subject, kind, caller: call.caller, rule: needed },
      { now, randomBytes: cashier.randomBytes },
    );
    if (!taken.granted) return undefined;
    approval = taken.approval;
  }
  const budgets = rules.flatMap((rule) => (rule.kind === 'budget' ? [rule.budget] : []));
  await book.quotas.draw(budgets, subject.outTradeNo, subject.outRefundNo);
  await book.event(subject.outTradeNo, subject.outRefundNo, 'policy-allowed', {
    rules: rules.map(({ path }) => path),
    ...(approval === undefined ? {} : { approval: approval.id }),
  });
  return { counts: { countedAt: now, countedBy: call.caller, client: call.client }, approval };
}

async function used(
  book: Book,
  kind: MoneyKind,
  rules: readonly Rule[],
  now: number,
): Promise<ReadonlyMap<Rule, Used>> {
  const found = new Map<Rule, Used>();
  for (const rule of rules) {
    if (rule.kind === 'budget') {
      const { filledFen, heldFen } = await book.quotas.budget(rule.budget);
      found.set(rule, { count: 0, fen: heldFen, filledFen });
    }
    if (rule.kind !== 'ceiling') continue;
    const since = windowStart(rule.window, now);
    if (rule.window === 'day') {
      found.set(rule, await book.quotas.usage(kind, rule.scope, since));
    } else {
      const entries = await book.quotas.recent(kind, rule.scope, since);
      found.set(rule, {
        count: entries.length,
        fen: entries.reduce((sum, entry) => sum + entry.fen, 0),
        entries,
      });
    }
  }
  return found;
}

function policyDenied(denial: Denial): CashierError {
  const { rule, limit, used, freeAt } = denial;
  // Rounded up: at the second that is told it is free indeed.
  const until = freeAt === undefined ? undefined : beijingIso(wholeSecond(freeAt + 999));
  const cumulative = /\.(perDay|perMinute)\.|\.from$/.test(rule);
  const taken = cumulative ? { zh: '已用', en: 'used' } : { zh: '本次', en: 'this call' };
  return new CashierError(
    'POLICY_DENIED',
    {
      zh: `商家规则 ${rule} 不允许（限制 ${limit}，${taken.zh} ${used}${until ? `，${until} 后恢复` : ''}）；没有资金变动。`,
      en: `The merchant's rule ${rule} forbids it (limit ${limit}, ${taken.en} ${used}${until ? `, free again at ${until}` : ''}); no money moved.`,
      next: adviceOn(rule, until),
    },
    { rule, limit, used, ...(until === undefined ? {} : { freeAt: until }) },
  );
}

/** What the model may do instead. */
function adviceOn(rule: string, until: string | undefined): Text {
  if (until) {
    return {
      zh: `${until} 之后重试，或请商家调整；不要拆分或换号绕过。`,
      en: `Call again after ${until}, or ask the merchant to change it; do not split or renumber to get around it.`,
    };
  }
  if (rule.endsWith('.from')) {
    return {
      zh: '在预算余额内重试，或请商家充值（mcp-cashier budget top-up）。',
      en: 'Stay within what is left of the budget, or ask the merchant to top it up (mcp-cashier budget top-up).',
    };
  }
  return {
    zh: '在限制内重试，或请商家调整规则；不要拆分金额绕过。',
    en: 'Stay within the limit or ask the merchant to change it; do not split the amount to get around it.',
  };
}
