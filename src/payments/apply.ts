import { wholeSecond } from '../domain/clock.ts';
import { isProvenByPayer, type OrderState, type Source } from '../domain/order.ts';
import type { Subject } from '../domain/subject.ts';
import type { Alarm } from '../ledger/audit-kinds.ts';
import type { Book } from '../ledger/book.ts';
import type { OrderEvent } from '../ledger/order-machine.ts';
import type { OrderRecord, RefundRecord } from '../ledger/records.ts';
import type { RefundEvent } from '../ledger/refund-machine.ts';
import { ELSEWHERE, isElsewhere, laterTotal } from '../ledger/refunded.ts';
import {
  isSameAccount,
  type PaymentProvider,
  type RefundSnapshot,
  type TradeSnapshot,
} from '../providers/contract.ts';
import { NEVER_SENT } from './beginnings.ts';
import { endRefundedCall, payCall } from './paid-calls/pay.ts';

/** How long (ms) after its expiry an order that the gateway does not know may still appear there. */
export const APPEARS_WITHIN_MS = 5 * 60_000;

const ORDER_EVENT: Readonly<Partial<Record<OrderState, OrderEvent>>> = {
  NOTPAY: 'notpay',
  PAID: 'paid',
  CLOSED: 'closed',
};

/**
 * Takes the gateway's proven word on a trade into the ledger, by the table; a repeat changes nothing. Money, number or
 * account that are not the ledger's change no state and raise an alarm, and so does a payment of an order that nobody
 * could pay.
 */
export async function applyTrade(
  book: Book,
  order: OrderRecord,
  snapshot: TradeSnapshot,
  source: Source,
  now: number,
): Promise<OrderRecord> {
  const foreign = snapshot.exists && isForeignTrade(order, snapshot);
  if (foreign) await alarm(book, order, 'foreign-trade');
  if (isOverdue(order, now) && (!snapshot.exists || !isGivenOut(order))) {
    return book.orders.move(order, 'closed', { source, closing: false });
  }
  if (!snapshot.exists || foreign) return order;
  const givenUp = order.state !== 'NOTPAY' && order.state !== 'UNKNOWN' && order.state !== 'PAID';
  const facts = {
    gatewayState: snapshot.gatewayState,
    ...(snapshot.gatewayTradeNo === undefined ? {} : { gatewayTradeNo: snapshot.gatewayTradeNo }),
  };
  const event = ORDER_EVENT[snapshot.state];
  const moved =
    event &&
    (await book.orders.move(order, event, {
      ...facts,
      source,
      ...(event === 'paid' ? { paidAt: snapshot.paidAt ?? now, late: givenUp, closing: false } : {}),
      ...(event === 'closed' ? { closing: false } : {}),
    }));
  if (moved && moved !== order) {
    if (event === 'paid') await payCall(book, moved, now);
    return applyRefundedTotal(book, moved, snapshot.refundedFen);
  }
  const told = await applyRefundedTotal(book, order, snapshot.refundedFen);
  const proven = event && told.state === snapshot.state && told.source !== source;
  if (told.gatewayState === facts.gatewayState && !proven) return told;
  return book.orders.patch(told, { ...facts, ...(proven ? { source } : {}) });
}

/**
 * Takes the gateway's word that money of an order went back, by whomever: a total, which is no news of a payment.
 * The trade is not a foreign one.
 */
export async function applyRefundedTotal(
  book: Book,
  order: OrderRecord,
  total: OrderRecord['gatewayRefunded'],
): Promise<OrderRecord> {
  const gatewayRefunded = laterTotal(order.gatewayRefunded, total);
  if (gatewayRefunded === order.gatewayRefunded) return order;
  await book.event(order, 'gateway-refunded', { gatewayRefunded });
  return book.orders.patch(order, { gatewayRefunded });
}

/**
 * Records a refund that the gateway has proven and that nobody asked for here: of the back office, or of another
 * system. `foreign`, with an alarm, where it cannot be this order's.
 * @param merchantScope within which its number is taken from now on, unless a refund of ours has it
 */
export async function applyElsewhere(
  book: Book,
  order: OrderRecord,
  snapshot: Extract<RefundSnapshot, { exists: true }>,
  merchantScope: string | undefined,
  now: number,
): Promise<'applied' | 'foreign'> {
  const { outRefundNo, refundFen } = snapshot;
  const state = snapshot.state === 'UNKNOWN' ? undefined : snapshot.state;
  if (!isGivenOut(order) || (refundFen ?? 0) > order.amountFen) {
    await alarm(book, { ...order, outRefundNo }, 'foreign-refund');
    return 'foreign';
  }
  if (refundFen === undefined || state === undefined) {
    await applyRefundedTotal(book, order, 'unknown');
    return 'applied';
  }
  const isTaken =
    merchantScope !== undefined && (await book.refunds.byMerchant(merchantScope, outRefundNo)) !== undefined;
  await book.refunds.insert({
    ...NEVER_SENT,
    outTradeNo: order.outTradeNo,
    outRefundNo,
    merchantScope: isTaken ? undefined : merchantScope,
    caller: ELSEWHERE,
    amountFen: refundFen,
    reason: undefined,
    state,
    gatewayState: snapshot.gatewayState,
    gatewayRefundNo: snapshot.gatewayRefundNo,
    inputHash: '',
    createdAt: now,
    updatedAt: now,
  });
  return 'applied';
}

/** Money of an order went back under a number that the ledger has for something else, so that its sum has no place. */
async function refundedByOthers(book: Book, { outTradeNo }: RefundRecord): Promise<void> {
  const order = await book.orders.get(outTradeNo);
  if (order && isGivenOut(order)) await applyRefundedTotal(book, order, 'elsewhere');
}

const REFUND_EVENT: Readonly<
  Partial<Record<Exclude<RefundSnapshot, { exists: false }>['state'], RefundEvent>>
> = {
  PROCESSING: 'processing',
  SUCCESS: 'success',
  CLOSED: 'closed',
  ABNORMAL: 'abnormal',
};

/** As {@link applyTrade}, for a refund. That the gateway does not know it changes nothing: it may be sent again. */
export async function applyRefund(
  book: Book,
  refund: RefundRecord,
  snapshot: RefundSnapshot,
  provider: Pick<PaymentProvider, 'timedNumbers'>,
): Promise<RefundRecord> {
  if (!snapshot.exists) return refund;
  const givenUp = ['CLOSED', 'DENIED', 'PENDING_APPROVAL'].includes(refund.state);
  // Never sent by us: another system's refund under the same number, and nothing of ours.
  const neverSent = givenUp && refund.plan === undefined && !isElsewhere(refund);
  if (neverSent || isForeignRefund(refund, snapshot, provider)) {
    await alarm(book, refund, 'foreign-refund');
    if (snapshot.outTradeNo === refund.outTradeNo && snapshot.state !== 'CLOSED')
      await refundedByOthers(book, refund);
    return refund;
  }
  const facts = {
    gatewayState: snapshot.gatewayState,
    ...(snapshot.gatewayRefundNo === undefined ? {} : { gatewayRefundNo: snapshot.gatewayRefundNo }),
  };
  const event = REFUND_EVENT[snapshot.state];
  const moved =
    event &&
    (await book.refunds.move(refund, event, {
      ...facts,
      declinedCode: undefined,
      // Taken for not refunded, and it was: the settler follows it again from now on.
      ...(givenUp && !isElsewhere(refund) ? { askAt: refund.createdAt } : {}),
    }));
  if (moved && moved !== refund) {
    if (givenUp && !isElsewhere(refund)) await alarm(book, refund, 'refunded-after-closed');
    if (event === 'success') await endRefundedCall(book, refund.outTradeNo);
    return moved;
  }
  return refund.gatewayState === facts.gatewayState ? refund : book.refunds.patch(refund, facts);
}

/**
 * Whether the gateway speaks of another trade than the ledger's: of another account, number, sending or amount, paid without our
 * mark or without a sum, or opened or paid although no code or link of ours was ever given out. No clock is compared:
 * the merchant's may be wrong.
 */
export function isForeignTrade(
  order: OrderRecord,
  snapshot: Extract<TradeSnapshot, { exists: true }>,
): boolean {
  const { mark } = order.terms;
  const paid = snapshot.state === 'PAID';
  return (
    !isSameAccount(order.account, snapshot.account) ||
    snapshot.outTradeNo !== order.outTradeNo ||
    (snapshot.amountFen !== undefined && snapshot.amountFen !== order.amountFen) ||
    (snapshot.sentAt !== undefined && snapshot.sentAt !== wholeSecond(order.sentAt ?? 0)) ||
    (paid && snapshot.amountFen === undefined) ||
    (paid && mark !== undefined && snapshot.mark !== mark) ||
    ((paid || snapshot.opened === true) && !isGivenOut(order))
  );
}

/**
 * Whether there is, or was, a code or link by which somebody can pay it. Without one a payment under its number is
 * another system's, and nothing of ours is at the gateway to be closed or refunded. One that was adopted has its code
 * from its maker; one that its payer proves was paid by its bill; a charge that the payer has agreed to needs none.
 */
export function isGivenOut(order: Pick<OrderRecord, 'scene' | 'terms' | 'credential'>): boolean {
  const { terms, credential } = order;
  const needsNone = isProvenByPayer(order) || order.scene === 'agreement';
  return terms.adopted === true || needsNone || Object.keys(credential).length > 0;
}

/** Whether a trade that is not at the gateway by now (ms) will never be. */
export function isOverdue({ expiresAt }: OrderRecord, now: number): boolean {
  return expiresAt !== undefined && now > expiresAt + APPEARS_WITHIN_MS;
}

/** As {@link isForeignTrade}, for a refund. */
export function isForeignRefund(
  refund: RefundRecord,
  snapshot: Extract<RefundSnapshot, { exists: true }>,
  { timedNumbers }: Pick<PaymentProvider, 'timedNumbers'>,
): boolean {
  const { plan } = refund;
  return (
    snapshot.outTradeNo !== refund.outTradeNo ||
    (plan !== undefined &&
      snapshot.sentAt !== undefined &&
      snapshot.sentAt !== timedNumbers?.refundSentAt(plan)) ||
    snapshot.outRefundNo !== refund.outRefundNo ||
    (snapshot.refundFen !== undefined && snapshot.refundFen !== refund.amountFen)
  );
}

/** Once per order or refund and kind: a gateway that keeps saying it need not fill the history. */
export async function alarm(book: Book, subject: Subject, kind: Alarm): Promise<void> {
  if (await book.audit.isAlarmed(subject, kind)) return;
  await book.event(subject, `alarm-${kind}`, {});
}
