import { describe, expect, it } from 'vitest';
import { CashierError, type Text } from '../../src/domain/errors.ts';
import { clientError } from '../../src/payments/errors.ts';
import { nextStep } from '../../src/providers/advice.ts';
import {
  type DeclineReason,
  GatewayDeclined,
  GatewayUnavailable,
  OutcomeUnknown,
} from '../../src/providers/contract.ts';

const STANDS: Text = { zh: '没有资金变动', en: 'no money moved' };
/** The very same call is to be made again, and nobody has to do anything first. */
const JUST_AGAIN = /^(Wait a moment|Call again (later|in|after|with the same))/;
/** Whether something must be done first for each reason that a gateway says no for. */
const REASONS: Readonly<Record<DeclineReason, boolean>> = {
  'not-exist': true,
  'already-paid': true,
  closed: true,
  'number-conflict': true,
  'not-paid': true,
  balance: true,
  'refund-not-allowed': true,
  'bad-parameter': true,
  credentials: true,
  permission: true,
  'rate-limited': false,
  other: true,
};

describe('an error that says call again is one that may be called again', () => {
  it.each(Object.entries(REASONS))('when a gateway says no: %s', (reason, first) => {
    const advice = nextStep('ask', reason as DeclineReason, true);
    const declined = new GatewayDeclined(reason as DeclineReason, 'CODE', true, undefined, advice);
    const error = clientError(declined, STANDS);
    expect(error.retryable).toBe(!first);
    expect(JUST_AGAIN.test(error.next.en)).toBe(error.retryable);
    if (error.retryable) expect(error.details.retryAfterSeconds).toBeGreaterThan(0);
  });

  it('when a gateway does not answer', () => {
    for (const error of [new GatewayUnavailable('ECONNREFUSED'), new OutcomeUnknown('timeout')]) {
      const said = clientError(error, STANDS);
      expect([said.retryable, JUST_AGAIN.test(said.next.en)]).toEqual([true, true]);
    }
  });

  it('when a rule lets it through at a time that is named, and not when it does not', () => {
    const denied = (details: Record<string, string>) =>
      new CashierError('POLICY_DENIED', { ...STANDS, next: STANDS, details: { rule: 'r', ...details } });
    expect(denied({ freeAt: '2026-11-29T00:00:00+08:00' }).retryable).toBe(true);
    expect(denied({}).retryable).toBe(false);
  });
});
