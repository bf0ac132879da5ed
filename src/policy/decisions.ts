import { ACTORS, isActorName } from '../domain/actors.ts';
import { beijingIso } from '../domain/clock.ts';
import { CashierError } from '../domain/errors.ts';
import { type Fen, fen, toYuan } from '../domain/money.ts';
import type { Book } from '../ledger/book.ts';
import type { Freeze } from '../ledger/operator-book.ts';
import { type Due, dayName } from '../ledger/restored.ts';
import { insist, type Person } from '../persons/person.ts';
import type { Policy } from './policy.ts';

/**
 * The rules that hold in every process on the ledger: the last that a person has accepted. The first that anything is
 * decided by is taken as it is.
 * @param offered what this process found in its policy file
 */
export async function policyInForce(book: Book, offered: Policy): Promise<Policy> {
  const accepted = await book.operator.policy();
  return accepted ? (JSON.parse(accepted.rulesJson) as Policy) : offered;
}

/** As {@link policyInForce}, inside a write: the first policy is kept from now on. */
export async function holdToPolicy(book: Book, offered: Policy): Promise<Policy> {
  const accepted = await book.operator.policy();
  if (accepted) return JSON.parse(accepted.rulesJson) as Policy;
  const version = await book.operator.insertPolicy(JSON.stringify(offered), 'first');
  await book.audit.append({ kind: 'policy-first', detail: { version, policy: offered } });
  return offered;
}

/** Whether the rules of a policy file are those in force, or will be because none are yet. */
export async function isInForce(book: Book, offered: Policy): Promise<boolean> {
  const accepted = await book.operator.policy();
  return accepted === undefined || accepted.rulesJson === JSON.stringify(offered);
}

/** Puts changed rules in force, in every process from its next call on. Returns their version. */
export async function acceptPolicy(book: Book, person: Person, offered: Policy): Promise<number> {
  await insist(book, person, 'policy');
  const version = await book.operator.insertPolicy(JSON.stringify(offered), person.by);
  await book.audit.append({ kind: 'policy-accepted', detail: { version, via: person.via, policy: offered } });
  return version;
}

/**
 * Stops every call that moves money, in every process on the ledger, until a person thaws it. Anybody may. Who froze
 * first, when and why is not lost by a second one. Returns the freeze that stood before, if any.
 */
export async function freeze(
  book: Book,
  by: string,
  reason: string | undefined,
): Promise<Freeze | undefined> {
  const before = await book.operator.freeze();
  if (before) return before;
  await book.operator.setFreeze({ by, reason });
  await book.audit.append({ kind: 'operator-froze', detail: { by, reason } });
  return undefined;
}

/**
 * Lets money move again, where it was frozen. Throws FROZEN for a restored ledger of which days that the backup has
 * forgotten are not reconciled, or open orders not asked about.
 * @param despite although that is so
 */
export async function unfreeze(book: Book, person: Person, despite = false): Promise<void> {
  await insist(book, person, 'freeze');
  if (!(await book.operator.freeze())) return;
  await book.operator.setFreeze(undefined);
  await resume(book, person, despite);
  await book.audit.append({ kind: 'operator-unfroze', detail: { via: person.via } });
}

async function resume(book: Book, person: Person, despite: boolean): Promise<void> {
  const due = await book.operator.due();
  if (!due) return;
  const { days } = due;
  if (!despite && (days.length > 0 || due.unasked)) throw notReconciled(due);
  await book.operator.passOver(due);
  await book.audit.append({
    kind: 'ledger-resumed',
    detail: { via: person.via, despite: days.map(dayName) },
  });
}

/** Throws FROZEN while a freeze stands. */
export async function insistNotFrozen(book: Book): Promise<void> {
  if (await book.operator.freeze()) throw frozen();
}

/** What a budget was filled with, what calls hold of it, and what is left, in fen. */
export interface BudgetState {
  readonly filledFen: Fen;
  readonly heldFen: Fen;
  /** Below zero when a refund that had been given up went through all the same. */
  readonly leftFen: number;
}

export async function budgetState(book: Book, budget: string): Promise<BudgetState> {
  const { filledFen, heldFen } = await book.quotas.budget(budget);
  return { filledFen: fen(filledFen), heldFen: fen(heldFen), leftFen: filledFen - heldFen };
}

/**
 * Tops a budget up, or draws it down by a negative amount. Throws INVALID_ARGUMENT when more would be drawn than is
 * left, and where nobody can be called so.
 */
export async function moveBudget(
  book: Book,
  person: Person,
  budget: string,
  amountFen: number,
  note: string | undefined,
): Promise<BudgetState> {
  await insist(book, person, 'budget');
  if (isActorName(budget)) throw nobodyCalls(budget);
  const { leftFen } = await budgetState(book, budget);
  if (amountFen < 0 && -amountFen > leftFen) throw notThatMuchLeft(leftFen);
  await book.quotas.insertBudgetMove({ budget, amountFen, by: person.by, note });
  await book.audit.append({
    kind: amountFen < 0 ? 'budget-drawn' : 'budget-topped-up',
    detail: { budget, amountFen, via: person.via, note },
  });
  return budgetState(book, budget);
}

/** Whether an error is {@link insistNotFrozen}'s. */
export function isFrozen(error: unknown): error is CashierError {
  return error instanceof CashierError && error.code === 'FROZEN';
}

function frozen(): CashierError {
  return new CashierError('FROZEN', {
    zh: '商家已暂停收款和退款，本次没有执行，也没有资金变动。',
    en: 'The merchant has paused payments and refunds; this call did nothing and no money moved.',
    next: {
      zh: '告诉用户收款和退款已暂停；查询仍可用。只有商家能恢复，不要反复重试。',
      en: 'Tell the user that it is paused; queries still work. Only the merchant can resume; do not keep retrying.',
    },
  });
}

function notReconciled({ restored: { at, since }, days: due, unasked }: Due): CashierError {
  const days = (none: string, some: string, between: string) =>
    due.map((day) => `${dayName(day)} (${day.open ? `${day.open}${some}` : none})`).join(between);
  const open = unasked
    ? {
        zh: '还有未完成的订单或退款没有向支付平台问过：启动服务器，它会问（暂停期间只查询）。',
        en: 'Open orders or refunds have not been asked about: start a server, which does (while paused it only asks). ',
      }
    : { zh: '', en: '' };
  return new CashierError('FROZEN', {
    zh: `这本账于 ${beijingIso(at)} 从备份恢复，备份止于 ${beijingIso(since)}，其后的事要先补齐：${due.length > 0 ? `${days('未对账', ' 处差异', '、')}。` : ''}${open.zh}仍然暂停。`,
    en: `This ledger was restored at ${beijingIso(at)} from a backup that ends at ${beijingIso(since)}; what came after has to be made up for first: ${due.length > 0 ? `${days('not reconciled', ' differences', ', ')}. ` : ''}${open.en}It stays paused.`,
    next: {
      zh: '从最早的一天起，对每一天运行 mcp-cashier reconcile --date 日期 --settle；恢复当天的账单次日才有。剩下的差异核实无误后，或不等那份账单，可用 mcp-cashier unfreeze --despite-differences。',
      en: 'From the oldest on, run mcp-cashier reconcile --date DAY --settle for each; the bill of the day of restoring comes on the next. Where the differences that are left are explained, or you do not wait for that bill, mcp-cashier unfreeze --despite-differences goes on all the same.',
    },
    details: { days: days('-', '', ', '), unasked: unasked ? 1 : 0 },
  });
}

function nobodyCalls(budget: string): CashierError {
  return new CashierError('INVALID_ARGUMENT', {
    zh: `没有调用方会叫 ${budget}：${ACTORS.join('、')} 是保留名称。`,
    en: `No caller can be called ${budget}: ${ACTORS.join(', ')} are reserved.`,
    next: {
      zh: '写调用方的名称，见 mcp-cashier tokens list。',
      en: 'Name a caller, see mcp-cashier tokens list.',
    },
  });
}

function notThatMuchLeft(leftFen: number): CashierError {
  const left = toYuan(fen(Math.max(0, leftFen)));
  return new CashierError('INVALID_ARGUMENT', {
    zh: `额度只剩 ${left} 元，不能支取更多。`,
    en: `Only ${left} yuan of this allowance are left; no more can be taken.`,
    next: { zh: '减小金额后重试。', en: 'Try a smaller amount.' },
  });
}
