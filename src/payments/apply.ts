import type { OrderState, Source } from '../domain/order.ts';
import type { Book } from '../ledger/book.ts';
import type { OrderRecord, RefundRecord } from '../ledger/records.ts';
import type { RefundEvent } from '../ledger/refund-machine.ts';
import type { OrderEvent } from '../ledger/trade-machine.ts';
import type { RefundSnapshot, TradeSnapshot } from '../providers/contract.ts';

/** How long (ms) after its expiry an order that the gateway does not know may still appear there. */
export const APPEARS_WITHIN_MS = 5 * 60_000;

/** How far (ms) a gateway's clock and ours may be apart. */
const CLOCKS_APART_MS = 10 * 60_000;

const ORDER_EVENT: Readonly<Partial<Record<OrderState, OrderEvent>>> = {
  NOTPAY: 'notpay',
  PAID: 'paid',
  CLOSED: 'closed',
};

/**
 * Takes the gateway's proven word on a trade into the ledger, by the table; a repeat changes nothing. Money, number or
 * account that are not the ledger's change no state and raise an alarm.
 */
export async function applyTrade(
  book: Book,
  order: OrderRecord,
  snapshot: TradeSnapshot,
  source: Source,
  now: number,
): Promise<OrderRecord> {
  const isAnothers = snapshot.exists && isYetToBeSigned(order);
  if (isAnothers) await alarm(book, order.outTradeNo, undefined, 'foreign-trade');
  if (!snapshot.exists || isAnothers) {
    const gone = order.expiresAt !== undefined && now > order.expiresAt + APPEARS_WITHIN_MS;
    return gone ? book.moveOrder(order, 'closed', { source, closing: false }) : order;
  }
  if (isForeignTrade(order, snapshot)) {
    await alarm(book, order.outTradeNo, undefined, 'foreign-trade');
    return order;
  }
  const givenUp = order.state !== 'NOTPAY' && order.state !== 'UNKNOWN' && order.state !== 'PAID';
  // Never sent by us: another system's trade under the same number, and nothing of ours.
  if (givenUp && order.plan === undefined && !order.terms.adopted) {
    await alarm(book, order.outTradeNo, undefined, 'foreign-trade');
    return order;
  }
  const facts = {
    gatewayState: snapshot.gatewayState,
    ...(snapshot.gatewayTradeNo === undefined ? {} : { gatewayTradeNo: snapshot.gatewayTradeNo }),
  };
  const event = ORDER_EVENT[snapshot.state];
  const moved =
    event &&
    (await book.moveOrder(order, event, {
      ...facts,
      source,
      ...(event === 'paid' ? { paidAt: snapshot.paidAt ?? now, late: givenUp, closing: false } : {}),
      ...(event === 'closed' ? { closing: false } : {}),
    }));
  if (moved && moved !== order) return moved;
  const proven = event && order.state === snapshot.state && order.source !== source;
  if (order.gatewayState === facts.gatewayState && !proven) return order;
  return book.patchOrder(order, { ...facts, ...(proven ? { source } : {}) });
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
): Promise<RefundRecord> {
  if (!snapshot.exists) return refund;
  if (isForeignRefund(refund, snapshot)) {
    await alarm(book, refund.outTradeNo, refund.outRefundNo, 'foreign-refund');
    return refund;
  }
  const facts = {
    gatewayState: snapshot.gatewayState,
    ...(snapshot.gatewayRefundNo === undefined ? {} : { gatewayRefundNo: snapshot.gatewayRefundNo }),
  };
  const event = REFUND_EVENT[snapshot.state];
  const givenUp = ['CLOSED', 'DENIED', 'PENDING_APPROVAL'].includes(refund.state);
  // Never sent by us: another system's refund under the same number, and nothing of ours.
  if (givenUp && refund.plan === undefined) {
    await alarm(book, refund.outTradeNo, refund.outRefundNo, 'foreign-refund');
    return refund;
  }
  const moved =
    event &&
    (await book.moveRefund(refund, event, {
      ...facts,
      // Taken for not refunded, and it was: the settler follows it again from now on.
      ...(givenUp ? { declinedCode: undefined, askAt: refund.createdAt } : {}),
    }));
  if (moved && moved !== refund) {
    if (givenUp) await alarm(book, refund.outTradeNo, refund.outRefundNo, 'refunded-after-closed');
    return moved;
  }
  return refund.gatewayState === facts.gatewayState ? refund : book.patchRefund(refund, facts);
}

/** Whether the gateway speaks of another account, number or amount than the ledger's. A PAID without amount is no proof. */
export function isForeignTrade(
  order: OrderRecord,
  snapshot: Extract<TradeSnapshot, { exists: true }>,
): boolean {
  return (
    isYetToBeSigned(order) ||
    snapshot.account !== order.account ||
    snapshot.outTradeNo !== order.outTradeNo ||
    (snapshot.amountFen !== undefined && snapshot.amountFen !== order.amountFen) ||
    (snapshot.state === 'PAID' && snapshot.amountFen === undefined) ||
    // Paid before we ever sent it: a trade of another system under the same number.
    (snapshot.paidAt !== undefined && snapshot.paidAt < (order.sentAt ?? 0) - CLOCKS_APART_MS)
  );
}

/** Whether there is no link yet that anybody could have opened, so that no trade at the gateway can be ours. */
export function isYetToBeSigned({ terms, credential }: OrderRecord): boolean {
  return terms.signedHere === true && Object.keys(credential).length === 0;
}

/** As {@link isForeignTrade}, for a refund. */
export function isForeignRefund(
  refund: RefundRecord,
  snapshot: Extract<RefundSnapshot, { exists: true }>,
): boolean {
  return (
    snapshot.outTradeNo !== refund.outTradeNo ||
    snapshot.outRefundNo !== refund.outRefundNo ||
    (snapshot.refundFen !== undefined && snapshot.refundFen !== refund.amountFen)
  );
}

/** Once per order or refund and kind: a gateway that keeps saying it need not fill the history. */
async function alarm(
  book: Book,
  outTradeNo: string,
  outRefundNo: string | undefined,
  kind: string,
): Promise<void> {
  if (await book.audit.isAlarmed(outTradeNo, outRefundNo, kind)) return;
  await book.event(outTradeNo, outRefundNo, `alarm-${kind}`, {});
}
