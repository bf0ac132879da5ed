import type { RandomBytes } from '../domain/clock.ts';
import { CashierError } from '../domain/errors.ts';
import type { Fen } from '../domain/money.ts';
import type { Book } from '../ledger/book.ts';
import { type ApprovalRecord, BY_PERSON, type OrderRecord, type RefundRecord } from '../ledger/records.ts';
import { holdsSum } from '../ledger/refund-machine.ts';
import { isElsewhere } from '../ledger/refunded.ts';
import { insist, type Person } from '../persons/person.ts';
import { approvalView, decideApproval, requestApproval } from '../policy/approvals.ts';
import { insistNotFrozen } from '../policy/decisions.ts';
import { NEVER_SENT, newNumber } from './beginnings.ts';
import { conflict, noSuchOrder } from './errors.ts';
import { insistWithinPaid } from './refund-rules.ts';
import { digest } from './results.ts';

/** Longest reason (characters) of a refund. */
export const MOST_REFUND_REASON = 80;

export interface PersonsRefund {
  readonly outTradeNo: string;
  /** Made with the form, so that what is sent twice is the same refund; without one it is the one of that sum. */
  readonly outRefundNo: string | undefined;
  readonly refundFen: Fen;
  readonly reason: string | undefined;
}

/**
 * Inside a transaction: a person gives money back. What is committed is a refund that waits, and that person's yes to
 * it; whichever process has the account's keys sends it, as anything that was approved, and no rule of the agents'
 * binds it. The same number with the same arguments changes nothing more. Without a number, a sum that has been given
 * back of the order, or may still be, is not given back again, and one that nobody has sent in time is wanted anew.
 *
 * Throws CONFIGURATION for who may not, FROZEN, ORDER_NOT_FOUND, NOT_PAID, REFUND_EXCEEDS_PAID, IDEMPOTENCY_CONFLICT.
 */
export async function refundByPerson(
  book: Book,
  person: Person,
  wish: PersonsRefund,
  ports: { readonly now: number; readonly randomBytes: RandomBytes },
): Promise<{
  readonly refund: RefundRecord;
  /** What a person has said yes to; undefined for a refund that needed none. */
  readonly approval: string | undefined;
  readonly replayed: boolean;
}> {
  const { outTradeNo, outRefundNo, refundFen, reason } = wish;
  await insist(book, person, 'refund');
  const caller = callerOf(person);
  const order = await book.orders.get(outTradeNo);
  if (!order) throw noSuchOrder();
  const refunds = await book.refunds.ofOrder(outTradeNo);
  const inputHash = digest(refundFen, reason);
  const known =
    outRefundNo === undefined
      ? await ofSum(book, refunds, refundFen, caller, ports.now)
      : refunds.find((other) => other.outRefundNo === outRefundNo);
  if (known) {
    const isOther = known.caller !== caller || known.inputHash !== inputHash;
    if (outRefundNo !== undefined && isOther) throw conflict('outRefundNo');
    const asked = await book.approvals.of(known);
    const isOver = known.state === 'PENDING_APPROVAL' && !isAllowed(asked, ports.now);
    if (outRefundNo !== undefined || !isOver)
      return { refund: known, approval: asked[0]?.id, replayed: true };
  }
  await insistNotFrozen(book);
  if (order.state !== 'PAID') throw notPaid(order);
  const refund: RefundRecord = known ?? {
    ...NEVER_SENT,
    ...{ outTradeNo, caller, reason, inputHash },
    outRefundNo:
      outRefundNo ?? newNumber({ clock: { now: () => ports.now }, randomBytes: ports.randomBytes }, 'R'),
    // Within which its number is unique is known to whoever sends it.
    merchantScope: undefined,
    amountFen: refundFen,
    state: 'PENDING_APPROVAL',
    gatewayRefundNo: undefined,
    createdAt: ports.now,
    updatedAt: ports.now,
  };
  insistWithinPaid(order, refunds, refund);
  if (!known) await book.refunds.insert(refund);
  const asked = { policy: (await book.operator.policy())?.version ?? 0, person: person.name };
  const numbers = { outTradeNo, outRefundNo: refund.outRefundNo };
  const question = { ...numbers, inputHash: refund.inputHash, caller, amountFen: refundFen, rule: BY_PERSON };
  const approval = await requestApproval(book, { ...question, kind: 'refund', asked }, [], ports);
  await decideApproval(book, person, approval, { approve: true }, ports.now);
  return { refund, approval, replayed: false };
}

/**
 * What gives that sum back, has, or is about to by a person's yes, whoever wanted it; else what waits by this person's
 * own wish.
 */
async function ofSum(
  book: Book,
  refunds: readonly RefundRecord[],
  amountFen: Fen,
  caller: string,
  now: number,
): Promise<RefundRecord | undefined> {
  const same = refunds.filter((refund) => refund.amountFen === amountFen && !isElsewhere(refund));
  const held = same.find(({ state }) => holdsSum(state));
  if (held) return held;
  const waiting = same.filter(({ state }) => state === 'PENDING_APPROVAL');
  for (const refund of waiting) if (isAllowed(await book.approvals.of(refund), now)) return refund;
  return waiting.find((refund) => refund.caller === caller);
}

/** Whether a person's yes still stands, of what was asked of them for a refund, and nothing was sent by it. */
function isAllowed(asked: readonly ApprovalRecord[], now: number): boolean {
  return asked.some((one) => one.state === 'approved' && approvalView(one, now) === 'approved');
}

/** Under whose name what a person does stands and counts; no agent can have it. */
export function callerOf(person: Person): string {
  const actor = person.acting('console');
  return 'actor' in actor ? actor.actor : actor.caller;
}

function notPaid({ outTradeNo, state }: OrderRecord): CashierError {
  return new CashierError('NOT_PAID', {
    zh: '订单没有付款，无款可退；没有资金变动。',
    en: 'The order is not paid, there is nothing to refund; no money moved.',
    next: { zh: '确认付款后再退款。', en: 'Refund it once it is paid.' },
    details: { outTradeNo, state },
  });
}
