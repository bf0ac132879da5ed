import type { OrderState } from '../domain/order.ts';

/** What can happen to an order. `sent` is our own intent; the others are proven by the gateway or said by a person. */
export type OrderEvent =
  | 'sent'
  | 'notpay'
  | 'paid'
  | 'closed'
  | 'declined'
  | 'unknown'
  | 'denied'
  | 'withdrawn'
  /** Another system's, which the gateway has proven. */
  | 'adopted'
  /** The gateway had provably declined it, and the same call comes again. */
  | 'reopened';

/**
 * Where an event leads. A pair that is missing changes nothing: repeats, late words and out-of-order messages are
 * legal. PAID has no way out; CLOSED has, because a payment can be late.
 * PENDING_APPROVAL also is where every order starts: recorded, nothing sent.
 */
const TABLE: Readonly<Record<OrderState, Partial<Record<OrderEvent, OrderState>>>> = {
  PENDING_APPROVAL: {
    sent: 'UNKNOWN',
    adopted: 'UNKNOWN',
    denied: 'DENIED',
    withdrawn: 'CLOSED',
    paid: 'PAID',
  },
  DENIED: { paid: 'PAID' },
  UNKNOWN: { notpay: 'NOTPAY', paid: 'PAID', closed: 'CLOSED', declined: 'CLOSED' },
  NOTPAY: { paid: 'PAID', closed: 'CLOSED', unknown: 'UNKNOWN' },
  CLOSED: { paid: 'PAID', reopened: 'PENDING_APPROVAL' },
  PAID: {},
};

/** The state after `event`, or undefined when the event changes nothing. */
export function nextOrderState(state: OrderState, event: OrderEvent): OrderState | undefined {
  return TABLE[state][event];
}

/** In which nothing is going to be sent any more. */
export const FINAL: readonly OrderState[] = ['PAID', 'CLOSED', 'DENIED'];

/** Whether the gateway need not be asked any more of its own accord; a late payment may still be learned. */
export function isSettledOrder(state: OrderState): boolean {
  return state !== 'NOTPAY' && state !== 'UNKNOWN';
}
