import { DAY_MS, type RandomBytes, stillLasts } from '../domain/clock.ts';
import { CashierError } from '../domain/errors.ts';
import type { Subject } from '../domain/subject.ts';
import { typedCode } from '../domain/typed-code.ts';
import type { Book } from '../ledger/book.ts';
import type { ApprovalRecord } from '../ledger/records.ts';
import { contractOf } from '../ledger/subscription-records.ts';
import { insist, type Person } from '../persons/person.ts';

/** How long (ms) a person has, and how long the yes holds. */
export const APPROVAL_TTL_MS = 15 * 60_000;
/** The same (ms) of what the server proposes of its own accord, with nobody who would call again. */
const BY_SERVER_TTL_MS = DAY_MS;
const MAX_OPEN_PER_CALLER = 20;

function ttlOf({ asked }: Pick<ApprovalRecord, 'asked'>): number {
  return asked?.byServer ? BY_SERVER_TTL_MS : APPROVAL_TTL_MS;
}

export type ApprovalView = 'pending' | 'approved' | 'expired' | 'denied' | 'failed';

/** The state as a client sees it. */
export function approvalView(approval: ApprovalRecord, now: number): ApprovalView {
  if (approval.state === 'denied' || approval.state === 'failed') return approval.state;
  if (approval.state === 'used') return 'approved';
  if (!stillLasts(approval.expiresAt, now, ttlOf(approval))) return 'expired';
  return approval.state;
}

/** The call that is asked about. */
type Asking = Subject & Pick<ApprovalRecord, 'inputHash' | 'caller'>;

/**
 * A caller's approvals of exactly this call that have not run out, newest first. Others may have asked for the same
 * since: that takes nobody's yes away.
 */
export function approvalsFor(
  asked: readonly ApprovalRecord[],
  subject: Pick<Asking, 'inputHash' | 'caller'>,
  now: number,
): readonly ApprovalRecord[] {
  return asked.filter(
    (approval) =>
      stillLasts(approval.expiresAt, now, ttlOf(approval)) &&
      approval.inputHash === subject.inputHash &&
      approval.caller === subject.caller,
  );
}

/** Inside a transaction: asks a person, once for each call. Returns the question's id. Throws TRY_LATER with 20 open ones. */
export async function requestApproval(
  book: Book,
  subject: Asking & Pick<ApprovalRecord, 'kind' | 'amountFen' | 'rule' | 'asked'>,
  usable: readonly ApprovalRecord[],
  ports: { readonly now: number; readonly randomBytes: RandomBytes },
): Promise<string> {
  const pending = usable.find(({ state }) => state === 'pending');
  if (pending) return pending.id;
  // What the server proposes comes of sales, and each of them once: no agent can make it many.
  const mayBeMany = subject.asked?.byServer === true;
  if (!mayBeMany && (await book.approvals.open(subject.caller)).length >= MAX_OPEN_PER_CALLER)
    throw tooManyOpen();
  const id = `A${typedCode(ports.randomBytes, 12)}`;
  await book.approvals.insert({
    ...subject,
    outRefundNo: subject.outRefundNo,
    id,
    state: 'pending',
    createdAt: ports.now,
    expiresAt: ports.now + ttlOf(subject),
    decidedAt: undefined,
    decidedBy: undefined,
    reason: undefined,
    code: undefined,
  });
  return id;
}

/** Inside a transaction. Throws INVALID_ARGUMENT when there is nothing to decide, CONFIGURATION for who may not. */
export async function decideApproval(
  book: Book,
  person: Person,
  id: string,
  decision: { readonly approve: boolean; readonly reason?: string | undefined },
  now: number,
): Promise<ApprovalRecord> {
  await insist(book, person, 'approval');
  const approval = await book.approvals.get(id);
  if (!approval || approvalView(approval, now) !== 'pending') throw nothingToDecide(approval, now);
  await book.approvals.move(approval, 'pending', decision.approve ? 'approved' : 'denied', {
    decidedBy: person.by,
    reason: decision.reason,
  });
  if (!decision.approve) await denySubject(book, approval);
  return { ...approval, state: decision.approve ? 'approved' : 'denied' };
}

/** Whether a person has said no to this number; what waits under it ends then, whenever that was said. */
export async function isDenied(
  book: Book,
  numbers: Subject,
  asked: readonly ApprovalRecord[],
): Promise<boolean> {
  if (!asked.some(({ state }) => state === 'denied')) return false;
  await denySubject(book, numbers);
  return true;
}

/** A denial is final for that number. */
async function denySubject(book: Book, { outTradeNo, outRefundNo }: Subject): Promise<void> {
  const contract = contractOf(outTradeNo);
  if (contract !== undefined) {
    const subscription = await book.subscriptions.get(contract);
    // Nobody was let agree to it, so that nothing of it is anywhere.
    if (subscription && subscription.openedAt === undefined)
      await book.subscriptions.move(subscription, 'ended', { reason: 'denied', tryAt: undefined });
    return;
  }
  if (outRefundNo === undefined) {
    const order = await book.orders.get(outTradeNo);
    if (order) await book.orders.move(order, 'denied');
    return;
  }
  const refund = await book.refunds.get(outTradeNo, outRefundNo);
  if (refund) await book.refunds.move(refund, 'denied');
}

function tooManyOpen(): CashierError {
  return new CashierError('TRY_LATER', {
    zh: `已有 ${MAX_OPEN_PER_CALLER} 个请求待审批，没有新增；没有资金变动。`,
    en: `${MAX_OPEN_PER_CALLER} requests already await approval; this one was not added and no money moved.`,
    next: { zh: '等待商家处理后重试。', en: 'Wait until the merchant has decided some, then call again.' },
    details: { retryAfterSeconds: APPROVAL_TTL_MS / 1000 },
  });
}

function nothingToDecide(approval: ApprovalRecord | undefined, now: number): CashierError {
  const state = approval && approvalView(approval, now);
  return new CashierError('INVALID_ARGUMENT', {
    zh: approval ? `该审批已不在等待中（${state}）。` : '没有这个编号的审批。',
    en: approval ? `This approval is no longer pending (${state}).` : 'There is no approval with this id.',
    next: { zh: '运行 mcp-cashier approvals list 查看。', en: 'Run mcp-cashier approvals list.' },
  });
}
