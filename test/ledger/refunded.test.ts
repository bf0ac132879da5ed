import { describe, expect, it } from 'vitest';
import { fen } from '../../src/domain/money.ts';
import { REFUND_STATES, type RefundState } from '../../src/domain/order.ts';
import type { OrderRecord, RefundRecord } from '../../src/ledger/records.ts';
import {
  ELSEWHERE,
  elsewhereOf,
  isDeclined,
  isElsewhere,
  laterTotal,
  refundedHere,
  sum,
} from '../../src/ledger/refunded.ts';

type Told = OrderRecord['gatewayRefunded'];
const HOLDING = ['UNKNOWN', 'PROCESSING', 'ABNORMAL', 'SUCCESS'];

/** As far as sums go by it; sent, unless it waits for a person. */
function made(caller: string, state: RefundState, amount: number, more: Partial<RefundRecord> = {}) {
  const sentAt = state === 'PENDING_APPROVAL' || state === 'DENIED' ? undefined : 1;
  return { caller, state, amountFen: fen(amount), sentAt, declinedCode: undefined, ...more } as RefundRecord;
}
const own = (state: RefundState, amount: number, more?: Partial<RefundRecord>) =>
  made('shop', state, amount, more);
const other = (state: RefundState, amount: number) => made(ELSEWHERE, state, amount);
const elsewhere = (told: Told, ...refunds: RefundRecord[]) => elsewhereOf({ gatewayRefunded: told }, refunds);

describe('what has been given back', () => {
  it('is the sum of what is', () => {
    expect(sum([])).toBe(0);
    expect(sum([own('SUCCESS', 3), other('CLOSED', 4)])).toBe(7);
  });

  it.each(REFUND_STATES)('here counts of %s what has gone out', (state) => {
    const refunds = [own(state, 5), other(state, 70), own('CLOSED', 900)];
    expect(refundedHere(refunds)).toBe(state === 'SUCCESS' ? 5 : 0);
  });

  it("is another's where the gateway is who asked", () => {
    expect([own('SUCCESS', 1), other('SUCCESS', 1)].map(isElsewhere)).toEqual([false, true]);
    expect(ELSEWHERE).toBe('gateway');
  });

  it.each(REFUND_STATES)('was refused of %s only where it ended and the gateway said so', (state) => {
    expect(isDeclined(own(state, 1))).toBe(false);
    expect(isDeclined(own(state, 1, { declinedCode: 'NO' }))).toBe(state === 'CLOSED');
  });
});

describe('what was refunded elsewhere', () => {
  it('is nothing where nobody tells of any', () => {
    expect(elsewhere(undefined)).toBeUndefined();
    expect(elsewhere(fen(0))).toBeUndefined();
    expect(elsewhere(undefined, own('SUCCESS', 5))).toBeUndefined();
  });

  it.each(REFUND_STATES)('is what refunds in %s hold that were told one by one', (state) => {
    const holds = HOLDING.includes(state);
    expect(elsewhere(undefined, other(state, 5), other('CLOSED', 90))).toBe(holds ? 5 : undefined);
  });

  it.each(REFUND_STATES)('is what a total has beyond our own in %s', (state) => {
    const beyond = HOLDING.includes(state) ? 7 : 12;
    expect(elsewhere(fen(12), own(state, 5))).toBe(beyond);
    // Told one by one, it is the same money.
    expect(elsewhere(fen(12), own(state, 5), other('SUCCESS', 7))).toBe(beyond);
  });

  it('is the larger of what is told one by one and of what the total has beyond', () => {
    expect(elsewhere(fen(12), own('SUCCESS', 5), other('SUCCESS', 9))).toBe(9);
    expect(elsewhere(fen(20), own('SUCCESS', 5), other('SUCCESS', 9))).toBe(15);
    // A total that lags behind our own proves nothing.
    expect(elsewhere(fen(4), own('SUCCESS', 5))).toBeUndefined();
    expect(elsewhere(fen(5), own('SUCCESS', 5))).toBeUndefined();
  });

  it.each(['elsewhere', 'unknown'] as const)('has no sum where the gateway gives none: %s', (told) => {
    expect(elsewhere(told)).toBe('unknown');
    expect(elsewhere(told, other('SUCCESS', 9))).toBe(9);
    expect(elsewhere(told, other('CLOSED', 9))).toBe('unknown');
  });

  it('may be our own where the gateway only says that there is one', () => {
    expect(elsewhere('unknown', own('UNKNOWN', 5))).toBeUndefined();
    expect(elsewhere('elsewhere', own('UNKNOWN', 5))).toBe('unknown');
    // One that was never sent, or that the gateway refused, is not it.
    expect(elsewhere('unknown', own('PENDING_APPROVAL', 5))).toBe('unknown');
    expect(elsewhere('unknown', own('CLOSED', 5, { declinedCode: 'NO' }))).toBe('unknown');
    expect(elsewhere('unknown', own('CLOSED', 5, { declinedCode: 'NO' }), own('UNKNOWN', 5))).toBeUndefined();
    // Nor is another's.
    expect(elsewhere('unknown', other('CLOSED', 5))).toBe('unknown');
  });
});

describe("the gateway's later word on the total", () => {
  it.each<[before: Told, told: Told, after: Told]>([
    [undefined, undefined, undefined],
    [undefined, 'unknown', 'unknown'],
    [undefined, 'elsewhere', 'elsewhere'],
    [undefined, fen(0), fen(0)],
    ['unknown', undefined, 'unknown'],
    ['unknown', 'elsewhere', 'elsewhere'],
    ['unknown', fen(5), fen(5)],
    ['elsewhere', undefined, 'elsewhere'],
    ['elsewhere', 'unknown', 'elsewhere'],
    ['elsewhere', 'elsewhere', 'elsewhere'],
    ['elsewhere', fen(5), fen(5)],
    [fen(5), undefined, fen(5)],
    [fen(5), 'unknown', fen(5)],
    [fen(5), 'elsewhere', fen(5)],
    [fen(5), fen(4), fen(5)],
    [fen(5), fen(6), fen(6)],
  ])('after %s, %s leaves %s', (before, told, after) => {
    expect(laterTotal(before, told)).toBe(after);
  });
});
