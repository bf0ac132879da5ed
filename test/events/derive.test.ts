import { describe, expect, it } from 'vitest';
import { EVENT_KINDS, eventOf, laneOf, typeOf } from '../../src/events/derive.ts';
import { EVENT_TYPES } from '../../src/events/event.ts';
import type { AuditRecord } from '../../src/ledger/records.ts';

const record = (kind: string, detail: object = {}, over: Partial<AuditRecord> = {}): AuditRecord => ({
  ...{ seq: 7, at: 1_795_831_200_000, kind, caller: 'test', tool: undefined, call: undefined },
  ...{ outTradeNo: 'ORDER_1', outRefundNo: undefined, hash: 'ab'.repeat(32) },
  ...over,
  detail: detail as AuditRecord['detail'],
});

/** What each record is told as. */
const ROWS: readonly (readonly [kind: string, detail: object, type: string | undefined])[] = [
  ['order-paid', { from: 'NOTPAY', to: 'PAID' }, 'payment.paid'],
  ['order-paid', { from: 'CLOSED', to: 'PAID', late: true }, 'payment.late'],
  ['order-closed', { from: 'NOTPAY', to: 'CLOSED' }, 'payment.closed'],
  ['order-declined', { from: 'UNKNOWN', to: 'CLOSED', declinedCode: 'X' }, 'payment.closed'],
  ['order-withdrawn', { from: 'PENDING_APPROVAL', to: 'CLOSED' }, 'payment.closed'],
  ['order-in-doubt', { since: 1 }, 'payment.unknown'],
  ['refund-success', { to: 'SUCCESS' }, 'refund.succeeded'],
  ['refund-created', { state: 'SUCCESS' }, 'refund.succeeded'],
  ['refund-created', { state: 'CLOSED' }, 'refund.failed'],
  ['refund-created', { state: 'PENDING_APPROVAL' }, undefined],
  ['refund-closed', { to: 'CLOSED' }, 'refund.failed'],
  ['refund-declined', { to: 'CLOSED' }, 'refund.failed'],
  ['refund-abnormal', { to: 'ABNORMAL' }, 'refund.failed'],
  ['call-paid', { to: 'PAID', amountFen: 10 }, 'call.paid'],
  ['call-delivered', { to: 'DELIVERED' }, 'call.delivered'],
  ['call-refunded', { to: 'REFUNDED' }, 'call.refunded'],
  ['call-paid-twice', {}, 'call.paid-twice'],
  ['call-paid-twice', { late: true }, 'call.paid-twice'],
  ['owed-refused', { code: 'NOT_ENOUGH', why: 'trial' }, 'refund.failed'],
  ['owed-refused', { code: 'NOT_ENOUGH', why: 'call' }, 'call.refund-failed'],
  ['owed-refused', { code: 'NOT_ENOUGH', why: 'paid-twice' }, 'call.refund-failed'],
  ['subscription-signed', { from: 'PENDING_SIGN', to: 'ACTIVE' }, 'subscription.signed'],
  ['subscription-signed', { from: 'UNKNOWN', to: 'ACTIVE' }, undefined],
  ['subscription-due', { contract: 'GYM001', period: 2, mode: 'reminded' }, 'subscription.due'],
  ['subscription-due', { contract: 'GYM001', period: 2, mode: 'auto' }, undefined],
  ['subscription-charged', { contract: 'GYM001', period: 2, amountFen: 10 }, 'subscription.charged'],
  ['subscription-failed', { contract: 'GYM001', period: 2, code: 'NO_MONEY' }, 'subscription.failed'],
  ['subscription-paused', { from: 'ACTIVE', to: 'PAUSED' }, 'subscription.paused'],
  ['subscription-paused', { from: 'UNKNOWN', to: 'PAUSED' }, undefined],
  ['subscription-ended', { from: 'ACTIVE', to: 'ENDED', reason: 'cancelled' }, 'subscription.ended'],
  ['delivery-overdue', { since: 1, course: 'tell' }, 'delivery.overdue'],
  ['approval-asked', { approval: 'A1' }, 'approval.asked'],
  ['approval-approved', { approval: 'A1' }, 'approval.decided'],
  ['approval-denied', { approval: 'A1' }, 'approval.decided'],
  ['approval-failed', { approval: 'A1', code: 'FROZEN' }, 'approval.decided'],
  ['approval-expired', { approval: 'A1' }, 'approval.expired'],
  ['policy-denied', { count: 3, since: 1, rules: {} }, 'policy.denied'],
  ['allowance-low', { budget: 'b', leftFen: 1, addedFen: 9 }, 'budget.low'],
  ['operator-froze', { by: 'terminal' }, 'freeze.set'],
  ['operator-unfroze', { via: 'page' }, 'freeze.lifted'],
  ['bill-refused', { provider: 'alipay', date: '2026-11-27', code: 'NO_AUTH' }, 'reconcile.refused'],
  [
    'day-summed',
    {
      ...{ date: '2026-11-27', paidCount: 2, paidFen: 300, refundedCount: 1, refundedFen: 500 },
      ...{ openApprovals: 1, inDoubt: 0, bills: [{ provider: 'alipay', differences: 2 }] },
    },
    'daily.summary',
  ],
  ['bill-differs', { provider: 'alipay', date: '2026-11-27', count: 2 }, 'reconcile.differences'],
  ['alarm-foreign-trade', {}, 'alarm.foreign-trade'],
  ['alarm-foreign-refund', {}, 'alarm.foreign-refund'],
  ['alarm-refunded-after-closed', {}, 'alarm.refunded-after-closed'],
  ['trail-broken', { count: 1 }, 'alarm.audit'],
  ['channel-disabled', { channel: 'boss', why: 'removed' }, 'channel.disabled'],
  // What is intended, asked, answered or looked at is no fact that anybody waits for.
  ...['call', 'result', 'order-created', 'order-sent', 'order-notpay', 'refund-sent', 'approval-used'].map(
    (kind) => [kind, {}, undefined] as const,
  ),
  ['of-a-later-version', {}, undefined],
];

describe('a record', () => {
  it.each(ROWS)('%s %j is %s', (kind, detail, type) => {
    const one = record(kind, detail);
    expect(typeOf(one)).toBe(type);
    expect(eventOf(one, { simulated: false })?.type).toBe(type);
  });

  it.each(['order-closed', 'order-declined', 'order-withdrawn', 'order-in-doubt', 'refund-declined'])(
    '%s is told the same when its order or refund has learned more since',
    (kind) => {
      const one = record(kind, { from: 'NOTPAY', to: 'CLOSED', since: 1 }, { outRefundNo: 'R1' });
      const order = { outTradeNo: 'ORDER_1', amountFen: 100, terms: {}, caller: 'test', title: 'tea' };
      const refund = { outRefundNo: 'R1', amountFen: 50, caller: 'test' };
      const told = (later: object, back: object) =>
        eventOf(one, {
          ...{ order: { ...order, ...later } as never, refund: { ...refund, ...back } as never },
          simulated: true,
        });
      const learned = told({ paidAt: 1_795_831_200_000, gatewayTradeNo: 'T1' }, { gatewayRefundNo: 'G1' });
      expect(learned).toEqual(told({}, {}));
    },
  );

  it.each(['approval-asked', 'approval-expired', 'approval-approved', 'approval-failed'])(
    '%s is told the same when its approval has been decided since, or something has come in its way',
    (kind) => {
      const asked = { id: 'A1', kind: 'refund', state: 'pending', amountFen: 50, expiresAt: 1 };
      const learned = {
        state: 'failed',
        code: 'POLICY_DENIED',
        decidedBy: 'lily',
        decidedAt: 2,
        reason: 'no',
      };
      for (const code of ['FROZEN', undefined]) {
        const one = record(kind, { approval: 'A1', code }, { outRefundNo: 'R1' });
        const told = (later: object) =>
          eventOf(one, { approval: { ...asked, ...later } as never, simulated: true })?.data;
        expect(told(learned)).toEqual(told({}));
        expect(told({})?.code).toBe(code);
      }
    },
  );

  it('of a contract is told under its number, of a period under that of its order', () => {
    const ended = record(
      'subscription-ended',
      { to: 'ENDED', reason: 'unpaid' },
      { outTradeNo: 'contract:GYM001' },
    );
    const { data } = eventOf(ended, { simulated: false }) ?? {};
    expect(data).toEqual({ contractNo: 'GYM001', state: 'ENDED', endedReason: 'unpaid', simulated: false });
    const due = record('subscription-due', {
      contract: 'GYM001',
      period: 2,
      mode: 'reminded',
      untilAt: 1_795_831_200_000,
    });
    expect(eventOf(due, { simulated: false })?.data.expiresAt).toBe('2026-11-28T10:00:00+08:00');
    const charged = record('subscription-charged', { contract: 'GYM001', period: 2 });
    expect(eventOf(charged, { simulated: false })?.data).toMatchObject({
      ...{ outTradeNo: 'ORDER_1', contractNo: 'GYM001', period: 2 },
    });
  });

  it('tells of a refusal of what the server owes, which it sends again and again, only once', () => {
    const declined = (caller: string) => record('refund-declined', { to: 'CLOSED' }, { caller });
    expect(typeOf(declined('pay-back'))).toBeUndefined();
    expect(typeOf(declined('system'))).toBe('refund.failed');
  });

  it('raises every event that this version knows', () => {
    const raised = new Set(ROWS.map(([, , type]) => type));
    expect(EVENT_TYPES.filter((type) => !raised.has(type))).toEqual([]);
    expect(EVENT_TYPES).toHaveLength(new Set(EVENT_TYPES).size);
    expect(EVENT_KINDS.filter((kind) => !ROWS.some(([one]) => one === kind))).toEqual([]);
  });

  // Of an older record, or one that somebody has edited, anything may be missing, or be anything.
  it.each(EVENT_KINDS)('%s may say nothing, or nonsense', (kind) => {
    for (const detail of [
      {},
      { to: 7, approval: {}, leftFen: 'x', since: 'y', count: 'z', why: '__proto__' },
    ]) {
      const event = eventOf(record(kind, detail), { simulated: true });
      if (event) expect(() => JSON.stringify(event)).not.toThrow();
    }
  });

  it('has the lane of its order, else of its matter, which no order is called', () => {
    expect(laneOf(record('order-paid'), 'payment.paid')).toBe('ORDER_1');
    expect(laneOf(record('operator-froze', {}, { outTradeNo: undefined }), 'freeze.set')).toBe(':freeze');
    expect(laneOf(record('operator-unfroze', {}, { outTradeNo: undefined }), 'freeze.lifted')).toBe(
      ':freeze',
    );
  });

  it('of another ledger, or another history of this one, is another event', () => {
    const ids = [record('order-paid'), record('order-paid', {}, { hash: 'cd'.repeat(32) })].map(
      (one) => eventOf(one, { simulated: true })?.id,
    );
    expect(ids).toEqual(['evt_7_abababababababab', 'evt_7_cdcdcdcdcdcdcdcd']);
  });
});
