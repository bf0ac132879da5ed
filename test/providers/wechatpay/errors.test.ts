import { describe, expect, it } from 'vitest';
import { GatewayDeclined } from '../../../src/providers/contract.ts';
import { type Operation, provesAbsence, refusal } from '../../../src/providers/wechatpay/errors.ts';

const OPERATIONS: readonly Operation[] = [
  'create',
  'query-trade',
  'close',
  'refund',
  'query-refund',
  'certificates',
];

function meaning(operation: Operation, status: number, code: string | undefined, proven = true): string {
  const error = refusal(operation, status, code, proven, undefined);
  if (!(error instanceof GatewayDeclined)) return `unknown ${error.detail}`;
  return `${error.reason}${error.proven ? '' : ' unproven'}`;
}

describe('refusal', () => {
  it.each([
    ['ORDERPAID', 'already-paid'],
    ['ORDER_PAID', 'already-paid'],
    ['268449538', 'already-paid'],
    ['268498689', 'already-paid'],
    ['ORDER_CLOSED', 'closed'],
    ['268447914', 'closed'],
    ['OUT_TRADE_NO_USED', 'number-conflict'],
    ['268498688', 'number-conflict'],
    ['NOT_ENOUGH', 'balance'],
    ['NOTENOUGH', 'balance'],
    ['PARAM_ERROR', 'bad-parameter'],
    ['270924358', 'bad-parameter'],
    ['SIGN_ERROR', 'credentials'],
    ['268443699', 'credentials'],
    ['MCH_NOT_EXISTS', 'credentials'],
    ['APPID_MCHID_NOT_MATCH', 'credentials'],
    ['NO_AUTH', 'permission'],
    ['RULE_LIMIT', 'permission'],
    ['REQUEST_BLOCKED', 'permission'],
    ['USER_ACCOUNT_ABNORMAL', 'permission'],
    ['268443715', 'permission'],
    ['268448010', 'permission'],
    ['TRADE_ERROR', 'other'],
  ])('%s is %s for every call', (code, reason) => {
    for (const operation of OPERATIONS) expect(meaning(operation, 403, code)).toBe(reason);
  });

  it.each(['SYSTEM_ERROR', 'SYSTEMERROR', 'BANKERROR', 'BANK_ERROR', 'SERVICE_UNAVAILABLE', 'USERPAYING'])(
    '%s is an unknown outcome for every call',
    (code) => {
      for (const operation of OPERATIONS) expect(meaning(operation, 400, code)).toBe(`unknown code-${code}`);
    },
  );

  it.each(['FREQUENCY_LIMITED', 'RATELIMIT_EXCEEDED', '268447840', undefined])(
    'the rate limit %s may have let a refund through',
    (code) => {
      expect(meaning('refund', 429, code)).toBe('unknown rate-limited');
      for (const operation of ['create', 'query-trade', 'close', 'query-refund'] as const) {
        expect(meaning(operation, 429, code)).toMatch(/^rate-limited/);
      }
    },
  );

  it.each(['ORDER_NOT_EXIST', 'ORDERNOTEXIST', '268512771'])('%s is about orders', (code) => {
    expect(meaning('query-trade', 404, code)).toBe('not-exist');
    expect(meaning('close', 404, code)).toBe('not-exist');
    expect(meaning('refund', 404, code)).toBe('not-exist');
    expect(meaning('query-refund', 404, code)).toBe('other unproven');
  });

  it('RESOURCE_NOT_EXISTS is about refunds, and of certificates a matter of credentials', () => {
    expect(meaning('query-refund', 404, 'RESOURCE_NOT_EXISTS')).toBe('not-exist');
    expect(meaning('refund', 404, 'RESOURCE_NOT_EXISTS')).toBe('not-exist');
    expect(meaning('query-trade', 404, 'RESOURCE_NOT_EXISTS')).toBe('other unproven');
    expect(meaning('certificates', 404, 'RESOURCE_NOT_EXISTS')).toBe('credentials');
  });

  it('INVALID_REQUEST never says that an order was not created', () => {
    expect(meaning('create', 400, 'INVALID_REQUEST')).toBe('number-conflict');
    expect(meaning('refund', 400, 'INVALID_REQUEST')).toBe('refund-not-allowed');
  });

  it.each(['create', 'close', 'refund'] as const)('what %s does not understand is unknown', (operation) => {
    expect(meaning(operation, 400, 'NEVER_SEEN')).toBe('unknown code-NEVER_SEEN');
    expect(meaning(operation, 400, 'constructor')).toBe('unknown code-constructor');
    expect(meaning(operation, 404, undefined)).toBe('unknown http-404');
  });

  it.each(['query-trade', 'query-refund'] as const)(
    'what %s does not understand proves nothing',
    (operation) => {
      expect(meaning(operation, 400, 'NEVER_SEEN')).toBe('other unproven');
      expect(meaning(operation, 404, undefined)).toBe('other unproven');
    },
  );

  it('proves nothing without a signature', () => {
    const unsigned = refusal('query-trade', 404, 'ORDER_NOT_EXIST', false, undefined);
    expect(provesAbsence(unsigned)).toBe(false);
    expect(provesAbsence(refusal('query-trade', 404, 'ORDER_NOT_EXIST', true, undefined))).toBe(true);
    expect(provesAbsence(new Error('not-exist'))).toBe(false);
  });
});
