import { createHash } from 'node:crypto';
import type { Fen } from '../domain/money.ts';
import type { Credential } from '../domain/order.ts';
import type { Book } from '../ledger/book.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { ApprovalRecord, OrderRecord, RefundRecord } from '../ledger/records.ts';
import { elsewhereOf, refundedHere } from '../ledger/refunded.ts';
import type { Call, Cashier } from './cashier.ts';
import { orderNotFound } from './errors.ts';

/** What a use case tells about a payment. All of it is committed. */
export interface PaymentResult {
  readonly order: OrderRecord;
  /** Σ of SUCCESS refunds of this ledger. */
  readonly refundedFen: Fen;
  /** What the gateway proves to have been refunded besides. */
  readonly refundedElsewhere: Fen | 'unknown' | undefined;
  /** The newest approval asked for it. */
  readonly approval: ApprovalRecord | undefined;
  /** The number had been used before with the same arguments, and this is that payment. */
  readonly replayed: boolean;
}

/** What a use case tells about a refund. All of it is committed. */
export interface RefundResult {
  readonly refund: RefundRecord;
  readonly order: OrderRecord;
  readonly refundedFen: Fen;
  readonly approval: ApprovalRecord | undefined;
  readonly replayed: boolean;
}

export async function paymentResult(
  book: Book,
  order: OrderRecord,
  replayed: boolean,
): Promise<PaymentResult> {
  const refunds = await book.refunds.ofOrder(order.outTradeNo);
  return {
    order,
    refundedFen: refundedHere(refunds),
    refundedElsewhere: elsewhereOf(order, refunds),
    approval: await book.approvals.latest(order.outTradeNo, undefined),
    replayed,
  };
}

export async function refundResult(
  book: Book,
  order: OrderRecord,
  refund: RefundRecord,
  replayed: boolean,
): Promise<RefundResult> {
  return {
    refund,
    order,
    refundedFen: refundedHere(await book.refunds.ofOrder(order.outTradeNo)),
    approval: await book.approvals.latest(order.outTradeNo, refund.outRefundNo),
    replayed,
  };
}

/**
 * The result with the approval that concerns this caller: the newest of its own. Another caller's yes is no use to it,
 * and is shown only to one that sees everybody's orders and has asked for none itself.
 */
export async function withOwnApproval<T extends PaymentResult | RefundResult>(
  ledger: Ledger,
  call: Pick<Call, 'caller' | 'ownOrdersOnly'>,
  result: T,
): Promise<T> {
  const { approval } = result;
  if (approval === undefined || approval.caller === call.caller) return result;
  const asked = await ledger.read((book) => book.approvals.of(approval.outTradeNo, approval.outRefundNo));
  const own = asked.find(({ caller }) => caller === call.caller);
  return { ...result, approval: own ?? (call.ownOrdersOnly ? undefined : approval) };
}

/** An order as far as this caller may know it; an order of another caller does not exist for it. */
export async function ownOrder(cashier: Cashier, call: Call, outTradeNo: string): Promise<OrderRecord> {
  return cashier.ledger.read((book) => ownOrderIn(book, call, outTradeNo));
}

export async function ownOrderIn(
  book: Book,
  call: Pick<Call, 'caller' | 'ownOrdersOnly'>,
  outTradeNo: string,
): Promise<OrderRecord> {
  const order = await book.orders.get(outTradeNo);
  if (!order || (call.ownOrdersOnly && order.caller !== call.caller)) throw orderNotFound();
  return order;
}

/** A digest of arguments, to tell the same call from another. */
export function digest(...parts: readonly (string | number | undefined)[]): string {
  return createHash('sha256')
    .update(JSON.stringify(parts.map((part) => part ?? null)))
    .digest('hex');
}

/** What a buyer can act on now (ms); nothing of a dead, closing or finished order is handed out. */
export function payable(order: OrderRecord, now: number): Credential {
  const { linkExpiresAt } = order.credential;
  const dead = (order.expiresAt ?? 0) <= now || (linkExpiresAt !== undefined && linkExpiresAt <= now);
  return order.state !== 'NOTPAY' || order.closing || dead ? {} : order.credential;
}
