import { describe, expect, it } from 'vitest';
import type { Scene } from '../../../src/domain/order.ts';
import { provesAbsence } from '../../../src/providers/absence.ts';
import { GatewayDeclined } from '../../../src/providers/contract.ts';
import { CODE_TABLE, type Operation } from '../../../src/providers/wechatpay/codes.ts';
import { refusal } from '../../../src/providers/wechatpay/errors.ts';
import { misleading } from '../advice.ts';

const OPERATIONS: readonly Operation[] = [
  'create',
  'query-trade',
  'close',
  'refund',
  'query-refund',
  'certificates',
];

const refused = (
  operation: Operation,
  status: number,
  code: string | undefined,
  signed = true,
  more: { readonly scene?: Scene; readonly requestId?: string } = {},
) => refusal({ operation, status, code, signed, requestId: more.requestId, scene: more.scene });

function meaning(operation: Operation, status: number, code: string | undefined, signed = true): string {
  const error = refused(operation, status, code, signed);
  if (!(error instanceof GatewayDeclined)) return `unknown ${error.detail}`;
  return `${error.reason}${error.proven ? '' : ' unproven'}`;
}

describe('refusal', () => {
  it.each([
    ['PARAM_ERROR', 'bad-parameter'],
    ['270924358', 'bad-parameter'],
    ['SIGN_ERROR', 'credentials'],
    ['268443699', 'credentials'],
    ['MCH_NOT_EXISTS', 'credentials'],
    ['APPID_MCHID_NOT_MATCH', 'credentials'],
    ['NO_AUTH', 'permission'],
    ['REQUEST_BLOCKED', 'permission'],
    ['268443715', 'permission'],
    ['268448010', 'permission'],
  ])('%s is %s for every call', (code, reason) => {
    for (const operation of OPERATIONS) expect(meaning(operation, 403, code)).toBe(reason);
  });

  // From the documents of each call: the same code, after another call, is another matter or none at all.
  it.each<[Operation, number, string, string]>([
    ['create', 400, 'ORDERPAID', 'already-paid'],
    ['create', 400, 'ORDER_PAID', 'already-paid'],
    ['create', 400, '268498689', 'already-paid'],
    ['create', 400, '268449538', 'already-paid'],
    ['create', 400, 'ORDER_CLOSED', 'closed'],
    ['create', 400, '268447914', 'closed'],
    ['create', 403, 'OUT_TRADE_NO_USED', 'number-conflict'],
    ['create', 400, 'INVALID_REQUEST', 'number-conflict'],
    ['create', 400, '268498688', 'number-conflict'],
    ['create', 403, 'ACCOUNT_ERROR', 'other'],
    ['create', 403, 'ACCOUNTERROR', 'other'],
    ['create', 403, 'TRADE_ERROR', 'other'],
    ['create', 403, 'NOT_ENOUGH', 'other'],
    ['create', 403, 'USER_ACCOUNT_ABNORMAL', 'other'],
    ['create', 500, 'OPENID_MISMATCH', 'bad-parameter'],
    ['create', 400, 'OPENIDMISMATCH', 'bad-parameter'],
    ['close', 400, 'ORDER_PAID', 'already-paid'],
    ['close', 400, 'ORDERPAID', 'already-paid'],
    ['close', 400, 'ORDER_CLOSED', 'closed'],
    ['close', 403, 'TRADE_ERROR', 'other'],
    ['close', 400, '268449641', 'other'],
    ['close', 404, 'ORDER_NOT_EXIST', 'not-exist'],
    ['refund', 403, 'NOT_ENOUGH', 'balance'],
    ['refund', 403, 'NOTENOUGH', 'balance'],
    ['refund', 403, 'USER_ACCOUNT_ABNORMAL', 'refund-not-allowed'],
    ['refund', 400, 'INVALID_REQUEST', 'refund-not-allowed'],
    ['refund', 404, 'RESOURCE_NOT_EXISTS', 'not-exist'],
    ['refund', 403, 'NO_AUTH', 'permission'],
  ])('after %s, %i %s is a proven %s', (operation, status, code, reason) => {
    expect(meaning(operation, status, code)).toBe(reason);
    expect(meaning(operation, status, code, false)).toBe(`${reason} unproven`);
  });

  it.each<[Operation, string]>([
    ['refund', 'ORDER_CLOSED'],
    ['refund', 'ORDERPAID'],
    ['refund', 'OUT_TRADE_NO_USED'],
    ['refund', 'ACCOUNT_ERROR'],
    ['refund', 'OPENID_MISMATCH'],
    ['refund', 'TRADE_ERROR'],
    ['close', 'NOT_ENOUGH'],
    ['create', 'ORDER_NOT_EXIST'],
    ['create', 'RESOURCE_NOT_EXISTS'],
  ])('after %s, %s is in no document and proves nothing', (operation, code) => {
    expect(meaning(operation, 400, code)).toBe(`unknown code-${code}`);
  });

  it.each(['SYSTEM_ERROR', 'SYSTEMERROR', 'BANKERROR', 'BANK_ERROR', 'SERVICE_UNAVAILABLE', 'USERPAYING'])(
    '%s is an unknown outcome for every call',
    (code) => {
      for (const operation of OPERATIONS) expect(meaning(operation, 400, code)).toBe(`unknown code-${code}`);
    },
  );

  it.each([
    'FREQUENCY_LIMITED',
    'FREQUENCYLIMITED',
    'RATELIMIT_EXCEEDED',
    'RULE_LIMIT',
    '268447840',
    undefined,
  ])(
    'the rate limit %s, signed or not, may have let an order or a refund through, and proves nothing',
    (code) => {
      for (const signed of [true, false]) {
        for (const operation of ['create', 'refund'] as const)
          expect(meaning(operation, 429, code, signed)).toBe('unknown rate-limited');
        for (const operation of ['query-trade', 'close', 'query-refund'] as const)
          expect(meaning(operation, 429, code, signed)).toBe('rate-limited unproven');
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
    expect(meaning('query-trade', 404, 'RESOURCE_NOT_EXISTS')).toBe('other unproven');
    expect(meaning('certificates', 404, 'RESOURCE_NOT_EXISTS')).toBe('credentials');
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
    expect(provesAbsence(refused('query-trade', 404, 'ORDER_NOT_EXIST', false))).toBe(false);
    expect(provesAbsence(refused('query-trade', 404, 'ORDER_NOT_EXIST'))).toBe(true);
    expect(provesAbsence(new Error('not-exist'))).toBe(false);
  });
});

describe('what to do next', () => {
  const rows = CODE_TABLE.flatMap((row) =>
    row.calls.flatMap((call) =>
      row.codes.flatMap((code) =>
        (row.scenes ?? [undefined]).map((scene) => [call, code, scene, row] as const),
      ),
    ),
  );

  it.each(rows)('after %s, %s (%s) fits the call', (operation, code, scene, row) => {
    for (const signed of [true, false]) {
      const error = refused(operation, 400, code, signed, scene === undefined ? {} : { scene });
      if (!(error instanceof GatewayDeclined)) {
        expect(['unsettled', 'rate-limited']).toContain(row.meaning);
        continue;
      }
      expect(error.advice?.zh).toBeTruthy();
      expect(error.advice?.en).toBeTruthy();
      if (error.proven && row.advice) expect(error.advice).toEqual(row.advice);
      const verb = ['create', 'close', 'refund'].find((one) => one === operation) ?? 'ask';
      expect(misleading(verb as 'create' | 'close' | 'refund' | 'ask', error)).toEqual([]);
    }
  });

  it('has one line for a call, a code and a scene', () => {
    const keys = rows.map(([call, code, scene]) => `${call} ${code.replaceAll('_', '')} ${scene}`);
    expect(keys.filter((key, at) => keys.indexOf(key) !== at)).toEqual([]);
  });

  const zh = (...args: Parameters<typeof refused>) => {
    const error = refused(...args);
    return error instanceof GatewayDeclined ? error.advice?.zh : undefined;
  };

  it('is sharpened by the number behind Request-ID, which changes no meaning', () => {
    const other = refused('create', 400, 'INVALID_REQUEST', true, { requestId: '08F7-268498688' });
    expect(other).toMatchObject({ reason: 'number-conflict', gatewayCode: 'INVALID_REQUEST' });
    expect(zh('create', 400, 'INVALID_REQUEST', true, { requestId: '08F7-268498688' })).toContain('完全相同');
    const paid = refused('create', 400, 'INVALID_REQUEST', true, { requestId: '08F7-268498689' });
    expect(paid).toMatchObject({ reason: 'number-conflict' });
    expect(zh('create', 400, 'INVALID_REQUEST', true, { requestId: '08F7-268498689' })).toContain(
      '不要再次收款',
    );
    expect(zh('create', 403, 'NO_AUTH', true, { requestId: '08F7-268498689', scene: 'qr' })).toContain(
      'Native',
    );
  });

  it('names the product of the scene', () => {
    expect(zh('create', 403, 'NO_AUTH', true, { scene: 'h5' })).toContain('H5 支付');
    expect(zh('create', 403, 'NO_AUTH', true, { scene: 'jsapi' })).toContain('JSAPI 支付');
  });

  it.each<[Operation, string, RegExp, RegExp]>([
    ['create', 'NOT_ENOUGH', /买家/, /退款|充值/],
    ['refund', 'NOT_ENOUGH', /充值.*同一个 outRefundNo/, /下单|买家/],
    ['refund', 'USER_ACCOUNT_ABNORMAL', /线下/, /开通|签约|权限/],
    ['create', 'ORDER_CLOSED', /新的 outTradeNo/, /退款/],
    ['create', 'OPENID_MISMATCH', /payerOpenid/, /稍/],
  ])('after %s, %s says so', (operation, code, wanted, unwanted) => {
    expect(zh(operation, 400, code)).toMatch(wanted);
    expect(zh(operation, 400, code)).not.toMatch(unwanted);
  });
});
