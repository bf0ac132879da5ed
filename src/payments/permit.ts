import { beijingIso, CLOCKS_APART_MS, DAY_MS, wholeSecond } from '../domain/clock.ts';
import { defined } from '../domain/defined.ts';
import { CashierError, type Text } from '../domain/errors.ts';
import { type Fen, fen, toYuan } from '../domain/money.ts';
import type { Subject } from '../domain/subject.ts';
import type { Allowed } from '../ledger/audit-kinds.ts';
import type { Book } from '../ledger/book.ts';
import type { MoneyKind } from '../ledger/counting.ts';
import { isOfDebt } from '../ledger/owed.ts';
import type { ApprovalRecord, AskedBy, OrderRecord, RefundRecord } from '../ledger/records.ts';
import { holdsSum } from '../ledger/refund-machine.ts';
import { sum } from '../ledger/refunded.ts';
import { approvalsFor, isDenied, requestApproval } from '../policy/approvals.ts';
import { type Denial, decide, type Request, type Used, windowStart } from '../policy/decide.ts';
import { holdToPolicy, insistNotFrozen } from '../policy/decisions.ts';
import type { Policy, Sections } from '../policy/policy.ts';
import {
  periodRules,
  type Rule,
  rulesFor,
  subscriptionRules,
  TRIAL_RULE,
  type Who,
} from '../policy/rules.ts';
import type { Call, Till } from './till.ts';

/** What an intent that may be committed brings along. */
export interface Permit {
  /** To be stored with the order or refund: from now on it counts, where anything counts it. */
  readonly counts: Partial<Pick<RefundRecord, 'countedAt' | 'countedBy' | 'client'>>;
  /** To be told with the send. */
  readonly allowed: Allowed;
  /** A person's yes that this very send uses up. */
  readonly approval: ApprovalRecord | undefined;
}

/** What of: a subscription is asked for as a payment, and counts among its like. */
type Kind = MoneyKind | 'subscription';
type Wish = Subject &
  Pick<ApprovalRecord, 'inputHash'> &
  Request & {
    /** Why a person is needed even where the rules let it pass. */
    readonly needsPerson?: string | undefined;
  };

/**
 * The last gate before a gateway, inside the transaction that commits the intent: freeze, the rules in force, what is
 * used of limits and budgets, and a person's yes where one is needed. A yes is good for one send under today's rules
 * and those that asked for it, both. Gives nothing while that yes is awaited, and when a person has said no.
 * Throws FROZEN, POLICY_DENIED, TRY_LATER (too many approvals are open).
 */
export async function permit(
  till: Till,
  book: Book,
  call: Call,
  kind: MoneyKind,
  subject: Wish,
): Promise<Permit | undefined> {
  await insistNotFrozen(book);
  if (call.owed !== undefined) return permitOwed(book, call.owed, subject);
  if (call.agreed !== undefined) return permitAgreed(till, book, call, call.agreed, subject);
  if (call.overdue !== undefined) return permitOverdue(till, book, call.overdue, subject);
  if (kind === 'payment') insistOnTrial(till, subject.amountFen);
  const now = till.clock.now();
  const held = await holdToRules(till, book, call, kind, subject);
  if (!held) return undefined;
  const { rules, taken, yes } = held;
  await drawOn(book, rules, taken, subject);
  return {
    counts: { countedAt: now, countedBy: call.caller, client: call.client },
    allowed: { rules: rules.map(({ path }) => path), ...(yes === undefined ? {} : { approval: yes.id }) },
    approval: yes,
  };
}

/** What the rules, and a person where they want one, say: those that hold, what is used of them, and the yes that is used up. */
export async function holdToRules(till: Till, book: Book, call: Call, kind: Kind, subject: Wish) {
  const asked = await book.approvals.of(subject);
  if (await isDenied(book, subject, asked)) return undefined;
  const now = till.clock.now();
  const { caller } = call;
  const usable = approvalsFor(asked, { ...subject, caller }, now);
  const yes = usable.find(({ id, state }) => state === 'approved' && id === (call.approval ?? id));
  const rulesOf = (policy: Policy, who: Who) =>
    kind === 'subscription' ? subscriptionRules(policy, who) : rulesFor(policy, kind, who);
  const today = rulesOf(await holdToPolicy(book, till.policy), call);
  // No rule of the agents' binds what a person wants of their own accord, or says to what the server proposes.
  const isPersons =
    yes !== undefined && (yes.asked?.person ?? yes.asked?.byServer) !== undefined && yes.id === call.approval;
  const rules = isPersons ? [] : yes ? together(today, await rulesThen(book, yes, rulesOf)) : today;
  const { taken, approve } = await insistOn(book, kind, rules, subject, now);
  const rule = approve ?? subject.needsPerson;
  if (yes) {
    await book.approvals.move(yes, 'approved', 'used', defined({ decidedBy: yes.decidedBy }));
  } else if (call.approval !== undefined) {
    return undefined;
  } else if (rule !== undefined) {
    const asks = {
      kind: kind === 'subscription' ? 'payment' : kind,
      asked: await askedBy(book, call, asked),
    };
    const question = { ...subject, ...asks, caller, rule };
    await requestApproval(book, question, usable, { now, randomBytes: till.randomBytes });
    return undefined;
  }
  return { rules, taken, yes };
}

/**
 * What is used of the rules, and the one that wants a person, where one does. Throws POLICY_DENIED, with when it frees.
 */
async function insistOn(book: Book, kind: Kind, rules: readonly Rule[], subject: Request, now: number) {
  const taken = await used(book, kind, rules, now, false);
  const decision = decide(rules, subject, taken, now);
  if (decision.kind === 'deny') {
    const whenFree = decide(rules, subject, await used(book, kind, rules, now, true), now);
    throw policyDenied(whenFree.kind === 'deny' ? whenFree : decision);
  }
  return { taken, approve: decision.kind === 'approve' ? decision.rule : undefined };
}

/** Takes it out of the allowances among the rules. */
async function drawOn(
  book: Book,
  rules: readonly Rule[],
  taken: ReadonlyMap<Rule, Used>,
  subject: Wish,
): Promise<void> {
  const budgets = new Map(
    rules.flatMap((rule) => (rule.kind === 'budget' ? [[rule.budget, taken.get(rule)] as const] : [])),
  );
  for (const [budget, held] of budgets) await noteLow(book, budget, held, subject.amountFen);
  await book.quotas.draw([...budgets.keys()], subject);
}

/**
 * Whether a payment of so much could be begun just now without a person; nothing is drawn on. What it will be paid by,
 * and so what the rules say of wallets and scenes, is known only later.
 * Throws FROZEN and POLICY_DENIED.
 */
export async function mayBegin(till: Till, book: Book, call: Call, amountFen: Fen): Promise<void> {
  await insistNotFrozen(book);
  insistOnTrial(till, amountFen);
  const [provider] = till.providers.keys();
  if (provider === undefined) return;
  const now = till.clock.now();
  const rules = rulesFor(await holdToPolicy(book, till.policy), 'payment', call).filter(
    ({ kind }) => kind !== 'providers' && kind !== 'scenes',
  );
  const subject = { provider, scene: 'qr', amountFen } as const;
  const { approve } = await insistOn(book, 'payment', rules, subject, now);
  if (approve !== undefined) throw needsPerson(approve);
}

/**
 * Whether the rules let a payment be made in a way of which nobody asks again: what is given out for it can be paid, and
 * what was given out before counts as paid, but within no minute.
 */
export async function mayGiveOut(till: Till, book: Book, call: Call, subject: Request): Promise<boolean> {
  const now = till.clock.now();
  const all = rulesFor(await holdToPolicy(book, till.policy), 'payment', call);
  const rules = all.filter((rule) => rule.kind !== 'ceiling' || rule.window === 'day');
  const taken = await used(book, 'payment', rules, now, false);
  const out = taken.size > 0 ? await book.paidCalls.provable(now - CLOCKS_APART_MS) : { count: 0, fen: 0 };
  if (!out) return false;
  const withOut = [...taken].map(([rule, known]): [Rule, Used] => {
    return [rule, { ...known, count: known.count + out.count, fen: known.fen + out.fen }];
  });
  return decide(rules, subject, new Map(withOut), now).kind === 'allow';
}

/** What is proven needs nobody's leave; it is taken out of the allowances all the same, whatever they still hold. */
export async function drawProven(till: Till, book: Book, call: Call, order: OrderRecord): Promise<void> {
  const all = rulesFor(await holdToPolicy(book, till.policy), 'payment', call);
  const rules = all.filter(({ kind }) => kind === 'budget');
  await drawOn(book, rules, await used(book, 'payment', rules, till.clock.now(), false), order);
}

function needsPerson(rule: string): CashierError {
  return new CashierError('POLICY_DENIED', {
    zh: `商家规则 ${rule} 要求人工审批，按次付费不能等待审批；没有资金变动。`,
    en: `The merchant's rule ${rule} wants a person to approve, and a call that is paid for cannot wait for one; no money moved.`,
    next: {
      zh: '请商家降低价格，或调整规则。',
      en: 'Ask the merchant to lower the price or to change the rule.',
    },
    details: { rule },
  });
}

/**
 * What the server owes needs nobody's leave and counts against nobody's limits, as far as the ledger says that it is
 * owed; that it stays within what was paid is insisted upon elsewhere, as of every refund.
 */
async function permitOwed(book: Book, owed: string, subject: Wish): Promise<Permit> {
  const { outTradeNo, outRefundNo = '', amountFen } = subject;
  const debt = await book.owed.get(outTradeNo, owed);
  const others = (await book.refunds.ofOrder(outTradeNo)).filter(
    (other) => isOfDebt(other, owed) && other.outRefundNo !== outRefundNo && holdsSum(other.state),
  );
  const isOwed = debt?.settledAt === undefined && isOfDebt({ outRefundNo }, owed);
  if (!debt || !isOwed || sum(others) + amountFen > debt.amountFen) {
    throw new Error(`${outRefundNo} of ${outTradeNo} is not owed`);
  }
  return { counts: {}, allowed: {}, approval: undefined };
}

/**
 * What nobody has delivered in time goes back without a person, as far as the rules on refunds of whoever has sold it,
 * those of its token as they were then, and of everybody, let it pass; it counts as that caller's.
 */
async function permitOverdue(till: Till, book: Book, overdue: string, subject: Wish): Promise<Permit> {
  const { outTradeNo, outRefundNo = '' } = subject;
  const promise = await book.promises.get(outTradeNo);
  const order = await book.orders.get(outTradeNo);
  const isMeant = promise?.course === 'refund' && promise.deliveredAt === undefined;
  const isOfIt = promise?.outRefundNo === overdue && isOfDebt({ outRefundNo }, overdue);
  if (!order || !isMeant || !isOfIt) throw new Error(`${outTradeNo} is not overdue`);
  const now = till.clock.now();
  const { caller, terms } = order;
  const { token, ...soldBy } = terms.soldBy ?? {};
  const who = { ...soldBy, caller, token: token as Partial<Sections> | undefined };
  const all = rulesFor(await holdToPolicy(book, till.policy), 'refund', who);
  const rules = all.filter(({ kind }) => kind !== 'approve');
  const { taken } = await insistOn(book, 'refund', rules, subject, now);
  await drawOn(book, rules, taken, subject);
  return {
    counts: { countedAt: now, countedBy: caller, client: soldBy.client },
    allowed: { rules: rules.map(({ path }) => path) },
    approval: undefined,
  };
}

/**
 * A period was allowed with its subscription: of the rules on payments those bind it still that are about money which is
 * moved today.
 */
async function permitAgreed(
  till: Till,
  book: Book,
  call: Call,
  contractNo: string,
  subject: Wish,
): Promise<Permit> {
  const subscription = await book.subscriptions.get(contractNo);
  const period = await book.subscriptions.periodOf(subject.outTradeNo);
  const isDue = period?.contractNo === contractNo && period.outcome === undefined;
  if (
    !subscription ||
    subscription.endingAt !== undefined ||
    !isDue ||
    period.amountFen !== subject.amountFen
  ) {
    throw new Error(`${subject.outTradeNo} is not due`);
  }
  const now = till.clock.now();
  const rules = periodRules(await holdToPolicy(book, till.policy), call, subject.scene);
  const { taken } = await insistOn(book, 'payment', rules, subject, now);
  await drawOn(book, rules, taken, subject);
  // What the server charges was counted with the subscription, but for what is taken out of an allowance.
  const isCounted = subject.scene !== 'agreement' || rules.length > 0;
  const counts = isCounted ? { countedAt: now, countedBy: call.caller, client: call.client } : {};
  return { counts, allowed: { rules: rules.map(({ path }) => path) }, approval: undefined };
}

/** As {@link permit} will for a period that is about to be opened, if nothing comes between. Throws POLICY_DENIED. */
export async function insistOnPeriod(till: Till, book: Book, call: Call, subject: Request): Promise<void> {
  const rules = periodRules(await holdToPolicy(book, till.policy), call, subject.scene);
  await insistOn(book, 'payment', rules, subject, till.clock.now());
}

/** The trial edition takes small sums only. Throws POLICY_DENIED. */
export function insistOnTrial({ trialMaxFen }: Pick<Till, 'trialMaxFen'>, amountFen: Fen): void {
  if (trialMaxFen === undefined || amountFen <= trialMaxFen) return;
  const [limit, used] = [toYuan(trialMaxFen), toYuan(amountFen)];
  throw policyDenied({ kind: 'deny', rule: TRIAL_RULE, limit, used });
}

/** Of what was added last, so much (a fifth) is little. */
const LITTLE = 5;

/** Records that a draw which is about to be made leaves little of an allowance, where so far it was more. */
async function noteLow(book: Book, budget: string, held: Used | undefined, amountFen: Fen): Promise<void> {
  const addedFen = await book.quotas.lastTopUp(budget);
  if (held === undefined || addedFen === undefined) return;
  const beforeFen = (held.filledFen ?? 0) - held.fen;
  const leftFen = beforeFen - amountFen;
  const isLittle = (rest: number) => rest * LITTLE < addedFen;
  if (!isLittle(leftFen) || isLittle(beforeFen)) return;
  await book.audit.append({
    kind: 'allowance-low',
    detail: { budget, leftFen: fen(Math.max(0, leftFen)), addedFen },
  });
}

/**
 * Nothing came of a send that used up a yes. Where nothing left this machine the yes stands again; where the gateway
 * has provably declined, `code` says why, and whoever repeats the call asks anew.
 */
export async function endApproval(
  book: Book,
  approval: ApprovalRecord,
  code: string | undefined,
): Promise<void> {
  if (code === undefined) await book.approvals.move(approval, 'used', 'approved');
  else await book.approvals.move(approval, 'used', 'failed', { code });
}

/** What the call was, to be kept with the question. @param before what was asked earlier */
export async function askedBy(
  book: Book,
  { id, tool, named, client, ownOrdersOnly, credential, token, caller, delivers }: Call,
  before: readonly ApprovalRecord[] = [],
): Promise<AskedBy> {
  const last = before.find((approval) => approval.caller === caller);
  return defined({
    policy: (await book.operator.policy())?.version ?? 0,
    call: id,
    tool,
    named: named || undefined,
    client,
    ownOrdersOnly: ownOrdersOnly || undefined,
    delivers: delivers || undefined,
    credential,
    token: token && { ...token },
    afterFailure: last?.state === 'failed' ? last.code : undefined,
  });
}

/** The rules on the call as they were when a person was asked. */
async function rulesThen(
  book: Book,
  { asked, caller }: ApprovalRecord,
  rulesOf: (policy: Policy, who: Who) => Rule[],
): Promise<Rule[]> {
  const stored = asked && (await book.operator.rulesOf(asked.policy));
  if (stored === undefined) return [];
  const token = asked?.token as Partial<Sections> | undefined;
  return rulesOf(JSON.parse(stored) as Policy, { ...asked, caller, token });
}

/** Both sets hold, which makes the stricter of the two; what stands in both stands once. */
function together(today: readonly Rule[], then: readonly Rule[]): Rule[] {
  const known = new Set(today.map((rule) => JSON.stringify(rule)));
  return [...today, ...then.filter((rule) => !known.has(JSON.stringify(rule)))];
}

/** What is used of the limits and budgets among rules. @param whenFree also what of it leaves its window when, which takes longer */
export async function used(
  book: Book,
  kind: Kind,
  rules: readonly Rule[],
  now: number,
  whenFree: boolean,
): Promise<ReadonlyMap<Rule, Used>> {
  const found = new Map<Rule, Used>();
  for (const rule of rules) {
    if (rule.kind === 'budget') {
      const { filledFen, heldFen } = await book.quotas.budget(rule.budget);
      found.set(rule, { count: 0, fen: heldFen, filledFen });
    }
    if (rule.kind === 'active')
      found.set(rule, { count: await book.subscriptions.countOpen(rule.count + 1), fen: 0 });
    if (rule.kind !== 'ceiling') continue;
    const since = windowStart(rule.window, now);
    if (kind === 'subscription') found.set(rule, await book.subscriptions.madeOn(now));
    else if (rule.window === 'day') {
      // Tomorrow's too, or setting the clock back would widen a limit; what lies further ahead a wrong clock has dated.
      found.set(rule, await book.quotas.usage(kind, rule.scope, since, since + 2 * DAY_MS));
    } else {
      const { quotas } = book;
      const entries = whenFree ? { entries: await quotas.recent(kind, rule.scope, since) } : {};
      found.set(rule, { ...(await quotas.recentUsage(kind, rule.scope, since)), ...entries });
    }
  }
  return found;
}

function policyDenied(denial: Denial): CashierError {
  const { rule, limit, used, freeAt } = denial;
  // Rounded up: at the second that is told it is free indeed.
  const until = freeAt === undefined ? undefined : beijingIso(wholeSecond(freeAt + 999));
  const cumulative = /\.(perDay|perMinute)\.|\.(from|active)$/.test(rule);
  // Wallets, scenes and hours are listed, not counted.
  const bound = /\.(providers|scenes|hours)$/.test(rule)
    ? { zh: '只允许', en: 'only' }
    : { zh: '上限', en: 'limit' };
  const measure = (value: string) => unitOf(rule, value);
  const taken = cumulative ? { zh: '已用', en: 'used' } : { zh: '本次', en: 'this call' };
  return new CashierError('POLICY_DENIED', {
    zh: `不符合商家规则 ${rule}（${bound.zh} ${measure(limit).zh}，${taken.zh} ${measure(used).zh}${until ? `，${until} 后恢复` : ''}）；没有资金变动。`,
    en: `The merchant's rule ${rule} does not allow it (${bound.en} ${measure(limit).en}, ${taken.en} ${measure(used).en}${until ? `, free again at ${until}` : ''}); no money moved.`,
    next: adviceOn(rule, until),
    details: { rule, limit, used, ...(until === undefined ? {} : { freeAt: until }) },
  });
}

/** What a rule counts in: payments by number, all other sums in yuan; what is no sum has no unit. */
function unitOf(rule: string, value: string): Text {
  if (rule.endsWith('.count')) return { zh: `${value} 笔`, en: value };
  if (/^\d+\.\d\d$/.test(value)) return { zh: `${value} 元`, en: `${value} yuan` };
  return { zh: value, en: value };
}

/** What the model may do instead. */
function adviceOn(rule: string, until: string | undefined): Text {
  if (until) {
    return {
      zh: `${until} 之后重试，或请商家调整；不要拆分或换单号绕过。`,
      en: `Call again after ${until}, or ask the merchant to change it; do not split or renumber to get around it.`,
    };
  }
  if (rule.endsWith('.from')) {
    return {
      zh: '在剩余额度内重试，或请商家追加额度（mcp-cashier budget top-up）。',
      en: 'Stay within what is left of the allowance, or ask the merchant to add to it (mcp-cashier budget top-up).',
    };
  }
  return {
    zh: '在限制内重试，或请商家调整规则；不要拆分金额绕过。',
    en: 'Stay within the limit or ask the merchant to change it; do not split the amount to get around it.',
  };
}
