import type { RandomBytes } from '../domain/clock.ts';
import { CashierError } from '../domain/errors.ts';
import type { Fen } from '../domain/money.ts';
import type { Book } from '../ledger/book.ts';
import { BY_PERSON, type OrderRecord, type RefundRecord } from '../ledger/records.ts';
import { insist, type Person } from '../persons/person.ts';
import { decideApproval, requestApproval } from '../policy/approvals.ts';
import { insistNotFrozen } from '../policy/decisions.ts';
import { NEVER_SENT } from './beginnings.ts';
import { conflict, orderNotFound } from './errors.ts';
import { insistWithinPaid } from './refund-rules.ts';
import { digest } from './results.ts';

export interface PersonsRefund {
  readonly outTradeNo: string;
  /** Made with the form, so that what is sent twice is the same refund. */
  readonly outRefundNo: string;
  readonly refundFen: Fen;
  readonly reason: string | undefined;
}

/**
 * Inside a transaction: a person gives money back. What is committed is a refund that waits, and that person's yes to
 * it; whichever process has the account's keys sends it, as anything that was approved, and no rule of the agents'
 * binds it. The same number with the same arguments changes nothing more.
 *
 * Throws CONFIGURATION for who may not, FROZEN, ORDER_NOT_FOUND, NOT_PAID, REFUND_EXCEEDS_PAID, IDEMPOTENCY_CONFLICT.
 */
export async function refundByPerson(
  book: Book,
  person: Person,
  wish: PersonsRefund,
  ports: { readonly now: number; readonly randomBytes: RandomBytes },
): Promise<'asked' | 'replayed'> {
  const { outTradeNo, outRefundNo, refundFen, reason } = wish;
  await insist(book, person, 'refund');
  const caller = callerOf(person);
  const order = await book.orders.get(outTradeNo);
  if (!order) throw orderNotFound();
  const refunds = await book.refunds.ofOrder(outTradeNo);
  const inputHash = digest(refundFen, reason);
  const known = refunds.find((other) => other.outRefundNo === outRefundNo);
  if (known) {
    if (known.caller !== caller || known.inputHash !== inputHash) throw conflict('outRefundNo');
    return 'replayed';
  }
  await insistNotFrozen(book);
  if (order.state !== 'PAID') throw notPaid(order);
  const refund: RefundRecord = {
    ...NEVER_SENT,
    ...{ outTradeNo, outRefundNo, caller, reason, inputHash },
    // Within which its number is unique is known to whoever sends it.
    merchantScope: undefined,
    amountFen: refundFen,
    state: 'PENDING_APPROVAL',
    gatewayRefundNo: undefined,
    createdAt: ports.now,
    updatedAt: ports.now,
  };
  insistWithinPaid(order, refunds, refund);
  await book.refunds.insert(refund);
  const asked = { policy: (await book.operator.policy())?.version ?? 0, person: person.name };
  const question = { outTradeNo, outRefundNo, inputHash, caller, amountFen: refundFen, rule: BY_PERSON };
  const id = await requestApproval(book, { ...question, kind: 'refund', asked }, [], ports);
  await decideApproval(book, person, id, { approve: true }, ports.now);
  return 'asked';
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
