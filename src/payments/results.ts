import { createHash } from 'node:crypto';
import { type Fen, fen } from '../domain/money.ts';
import type { Credential } from '../domain/order.ts';
import type { Book } from '../ledger/book.ts';
import type { ApprovalRecord, OrderRecord, PromiseRecord, RefundRecord } from '../ledger/records.ts';
import { elsewhereOf, refundedHere, refundingHere } from '../ledger/refunded.ts';
import { approvalView } from '../policy/approvals.ts';
import { orderNotFound } from './errors.ts';
import type { Call, Errand } from './till.ts';

/** What a use case tells about a payment. All of it is committed. */
export interface PaymentResult {
  readonly order: OrderRecord;
  /** Σ of SUCCESS refunds of this ledger. */
  readonly refundedFen: Fen;
  /** What the gateway proves to have been refunded besides. */
  readonly refundedElsewhere: Fen | 'unknown' | undefined;
  /** Σ of refunds of this ledger whose result is not proven and that hold their sum. */
  readonly refundingFen: Fen;
  /** What was asked of a person for its refunds, newest first. */
  readonly refundsAsked: readonly ApprovalRecord[];
  /** Whether it is delivered, or until when it is to be, where anybody wants to know. */
  readonly delivery?: PromiseRecord | undefined;
  /** The approval asked for it that concerns whoever is told. */
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

/** Whoever is told. */
type Viewer = Pick<Call, 'caller' | 'ownOrdersOnly'>;

export async function paymentResult(
  book: Book,
  call: Viewer,
  order: OrderRecord,
  replayed = false,
): Promise<PaymentResult> {
  const [result] = await paymentResults(book, call, [order]);
  return { ...(result as PaymentResult), replayed };
}

/** Of any number of orders, in as many questions to the ledger as of one. */
export async function paymentResults(
  book: Book,
  call: Viewer,
  orders: readonly OrderRecord[],
): Promise<PaymentResult[]> {
  const numbers = orders.map(({ outTradeNo }) => outTradeNo);
  const refunds = await book.refunds.ofOrders(numbers);
  const approvals = await book.approvals.ofOrders(numbers);
  const promises = await book.promises.ofOrders(numbers);
  return orders.map((order) => {
    const refunded = refunds.get(order.outTradeNo) ?? [];
    const asked = approvals.get(order.outTradeNo) ?? [];
    return {
      order,
      refundedFen: refundedHere(refunded),
      refundedElsewhere: elsewhereOf(order, refunded),
      refundingFen: refundingHere(refunded),
      refundsAsked: asked.filter(({ outRefundNo }) => outRefundNo !== undefined),
      delivery: promises.get(order.outTradeNo),
      approval: approvalFor(
        call,
        asked.filter(({ outRefundNo }) => outRefundNo === undefined),
      ),
      replayed: false,
    };
  });
}

/** A payment as it is committed now. */
export function tellPayment({ till, call }: Errand, order: OrderRecord, replayed = false) {
  return till.ledger.read(async (book) =>
    paymentResult(book, call, await book.orders.again(order), replayed),
  );
}

/** As {@link tellPayment}. */
export function tellRefund(
  { till, call }: Errand,
  order: OrderRecord,
  refund: RefundRecord,
  replayed = false,
): Promise<RefundResult> {
  return till.ledger.read(async (book) =>
    refundResult(book, call, await book.orders.again(order), await book.refunds.again(refund), replayed),
  );
}

export async function refundResult(
  book: Book,
  call: Viewer,
  order: OrderRecord,
  refund: RefundRecord,
  replayed = false,
): Promise<RefundResult> {
  return {
    refund,
    order,
    refundedFen: refundedHere(await book.refunds.ofOrder(order.outTradeNo)),
    approval: approvalFor(call, await book.approvals.of(refund)),
    replayed,
  };
}

/**
 * The approval, of those asked for, that concerns a caller: the newest of its own. Another caller's yes is no use to it,
 * and is shown only to one that sees everybody's orders and has asked for none itself.
 */
export function approvalFor(
  { caller, ownOrdersOnly }: Viewer,
  asked: readonly ApprovalRecord[],
): ApprovalRecord | undefined {
  return asked.find((approval) => approval.caller === caller) ?? (ownOrdersOnly ? undefined : asked[0]);
}

/** An order as far as this caller may know it; an order of another caller does not exist for it. */
export async function ownOrderIn(book: Book, call: Viewer, outTradeNo: string): Promise<OrderRecord> {
  return own(call, await book.orders.get(outTradeNo));
}

/** As {@link ownOrderIn}. */
export function own(call: Viewer, order: OrderRecord | undefined): OrderRecord {
  if (!order || (call.ownOrdersOnly && order.caller !== call.caller)) throw orderNotFound();
  return order;
}

/** A digest of arguments, to tell the same call from another. */
export function digest(...parts: readonly (string | number | undefined)[]): string {
  return createHash('sha256')
    .update(JSON.stringify(parts.map((part) => part ?? null)))
    .digest('hex');
}

/** Fen that have gone back or may yet: refunded, on their way, or waiting for a person or for that person's yes to be sent. */
export function goingBack({ refundedFen, refundingFen, refundsAsked }: PaymentResult, now: number): Fen {
  const waiting = new Map<string | undefined, Fen>();
  for (const approval of refundsAsked) {
    const { state, outRefundNo, amountFen } = approval;
    const view = approvalView(approval, now);
    if (view === state && (view === 'pending' || view === 'approved')) waiting.set(outRefundNo, amountFen);
  }
  return fen([...waiting.values()].reduce<number>((total, each) => total + each, refundedFen + refundingFen));
}

/** What a buyer can act on now (ms); nothing of a dead, closing or finished order is handed out. */
export function payable(order: OrderRecord, now: number): Credential {
  const { linkExpiresAt } = order.credential;
  const dead = (order.expiresAt ?? 0) <= now || (linkExpiresAt !== undefined && linkExpiresAt <= now);
  return order.state !== 'NOTPAY' || order.closing || dead ? {} : order.credential;
}
