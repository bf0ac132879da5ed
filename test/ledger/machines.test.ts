import { describe, expect, it } from 'vitest';
import type { OrderState, RefundState } from '../../src/domain/order.ts';
import { FINAL, isSettledOrder, nextOrderState, type OrderEvent } from '../../src/ledger/order-machine.ts';
import {
  holdsSum,
  isSettledRefund,
  nextRefundState,
  type RefundEvent,
} from '../../src/ledger/refund-machine.ts';
import {
  mayCharge,
  nextSubscriptionState,
  SUBSCRIPTION_STATES,
  type SubscriptionEvent,
  type SubscriptionState,
} from '../../src/ledger/subscription-machine.ts';

const ORDER_STATES: readonly OrderState[] = [
  'PENDING_APPROVAL',
  'DENIED',
  'UNKNOWN',
  'NOTPAY',
  'CLOSED',
  'PAID',
];
const ORDER_EVENTS: readonly OrderEvent[] = [
  'sent',
  'notpay',
  'paid',
  'closed',
  'declined',
  'unknown',
  'denied',
  'withdrawn',
  'reopened',
  'adopted',
];
const REFUND_STATES: readonly RefundState[] = [
  'PENDING_APPROVAL',
  'DENIED',
  'UNKNOWN',
  'PROCESSING',
  'ABNORMAL',
  'SUCCESS',
  'CLOSED',
];
const REFUND_EVENTS: readonly RefundEvent[] = [
  'sent',
  'processing',
  'success',
  'closed',
  'abnormal',
  'declined',
  'denied',
  'reopened',
];
const SUBSCRIPTION_EVENTS: readonly SubscriptionEvent[] = [
  'signed',
  'paused',
  'resumed',
  'ending',
  'doubted',
  'ended',
];

/** Written down a second time, pair by pair, so that a slip in the tables is seen. `.` changes nothing. */
const ORDER_TABLE = `
                  sent     notpay  paid  closed  declined  unknown  denied  withdrawn  reopened          adopted
PENDING_APPROVAL  UNKNOWN  .       PAID  .       .         .        DENIED  CLOSED     .                 UNKNOWN
DENIED            .        .       PAID  .       .         .        .       .          .                 .
UNKNOWN           .        NOTPAY  PAID  CLOSED  CLOSED    .        .       .          .                 .
NOTPAY            .        .       PAID  CLOSED  .         UNKNOWN  .       .          .                 .
CLOSED            .        .       PAID  .       .         .        .       .          PENDING_APPROVAL  .
PAID              .        .       .     .       .         .        .       .          .                 .`;
const REFUND_TABLE = `
                  sent     processing  success  closed  abnormal  declined  denied  reopened
PENDING_APPROVAL  UNKNOWN  PROCESSING  SUCCESS  .       ABNORMAL  .         DENIED  .
DENIED            .        PROCESSING  SUCCESS  .       ABNORMAL  .         .       .
UNKNOWN           .        PROCESSING  SUCCESS  CLOSED  ABNORMAL  CLOSED    .       .
PROCESSING        .        .           SUCCESS  CLOSED  ABNORMAL  .         .       .
ABNORMAL          .        PROCESSING  SUCCESS  CLOSED  .         .         .       .
SUCCESS           .        .           .        .       .         .         .       .
CLOSED            .        PROCESSING  SUCCESS  .       ABNORMAL  .         .       PENDING_APPROVAL`;
const SUBSCRIPTION_TABLE = `
              signed  paused  resumed  ending   doubted  ended
PENDING_SIGN  ACTIVE  .       .        UNKNOWN  UNKNOWN  ENDED
ACTIVE        .       PAUSED  .        UNKNOWN  UNKNOWN  ENDED
PAUSED        .       .       ACTIVE   UNKNOWN  UNKNOWN  ENDED
ENDED         .       .       .        UNKNOWN  .        .
UNKNOWN       ACTIVE  PAUSED  .        .        .        ENDED`;

function draw(
  states: readonly string[],
  events: readonly string[],
  next: (state: string, event: string) => string | undefined,
): string[][] {
  return [
    ['', ...events],
    ...states.map((state) => [state, ...events.map((event) => next(state, event) ?? '.')]),
  ];
}
function read(table: string): string[][] {
  return table
    .trim()
    .split('\n')
    .map((line, i) => (i === 0 ? ['', ...line.trim().split(/\s+/)] : line.trim().split(/\s+/)));
}

describe('state machines', () => {
  it('move orders by the table and not otherwise', () => {
    const drawn = draw(ORDER_STATES, ORDER_EVENTS, (s, e) =>
      nextOrderState(s as OrderState, e as OrderEvent),
    );
    expect(drawn).toEqual(read(ORDER_TABLE));
  });

  it('move refunds by the table and not otherwise', () => {
    const drawn = draw(REFUND_STATES, REFUND_EVENTS, (s, e) =>
      nextRefundState(s as RefundState, e as RefundEvent),
    );
    expect(drawn).toEqual(read(REFUND_TABLE));
  });

  it('move subscriptions by the table and not otherwise', () => {
    const drawn = draw(SUBSCRIPTION_STATES, SUBSCRIPTION_EVENTS, (s, e) =>
      nextSubscriptionState(s as SubscriptionState, e as SubscriptionEvent),
    );
    expect(drawn).toEqual(read(SUBSCRIPTION_TABLE));
    expect(SUBSCRIPTION_STATES.filter(mayCharge)).toEqual(['ACTIVE', 'PAUSED']);
  });

  it('release a sum only where no money can go out any more', () => {
    expect(REFUND_STATES.filter((state) => !holdsSum(state))).toEqual([
      'PENDING_APPROVAL',
      'DENIED',
      'CLOSED',
    ]);
  });

  it('have the gateway asked only about what it may have and has not ended', () => {
    expect(ORDER_STATES.filter((state) => !isSettledOrder(state))).toEqual(['UNKNOWN', 'NOTPAY']);
    expect(REFUND_STATES.filter((state) => !isSettledRefund(state))).toEqual([
      'UNKNOWN',
      'PROCESSING',
      'ABNORMAL',
    ]);
  });

  it('end an order where nothing of it is sent any more', () => {
    expect([...FINAL].sort()).toEqual(['CLOSED', 'DENIED', 'PAID']);
  });
});
