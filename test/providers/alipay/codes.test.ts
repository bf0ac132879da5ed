import { describe, expect, it } from 'vitest';
import type { Scene } from '../../../src/domain/order.ts';
import { AGREEMENT_ROWS } from '../../../src/providers/alipay/agreement-codes.ts';
import type { Answer } from '../../../src/providers/alipay/answer.ts';
import { BUSINESS_ROWS, GATEWAY_ROWS, type Operation } from '../../../src/providers/alipay/code-table.ts';
import { requireAccepted } from '../../../src/providers/alipay/errors.ts';
import { ChargeDeclined, GatewayDeclined, OutcomeUnknown } from '../../../src/providers/contract.ts';
import { misleading } from '../advice.ts';

const VERBS = {
  create: 'create',
  query: 'ask',
  close: 'close',
  refund: 'refund',
  'refund-query': 'ask',
  bill: 'ask',
  verify: 'ask',
  confirm: 'ask',
  agreement: 'ask',
  charge: 'charge',
  postpone: 'charge',
  unsign: 'unsign',
} as const;

function refused(
  operation: Operation,
  subCode: string,
  { code = '40004', proven = true, scene }: { code?: string; proven?: boolean; scene?: Scene } = {},
): GatewayDeclined | OutcomeUnknown {
  const answer: Answer = {
    proven,
    fields: new Map([
      ['code', code],
      ['sub_code', subCode],
    ]),
    flags: new Map(),
    lists: new Map(),
    requestId: undefined,
  };
  try {
    requireAccepted(answer, operation, 'ORDER_0001', scene);
  } catch (error) {
    if (error instanceof GatewayDeclined || error instanceof OutcomeUnknown) return error;
    throw error;
  }
  throw new Error('accepted');
}

const rows = [
  ...GATEWAY_ROWS.map((row) => [row, '40002'] as const),
  ...[...AGREEMENT_ROWS, ...BUSINESS_ROWS].map((row) => [row, '40004'] as const),
].flatMap(([row, code]) =>
  row.calls.flatMap((call) =>
    row.codes.flatMap((subCode) =>
      (row.scenes ?? [undefined]).map((scene) => [call, subCode, code, scene, row] as const),
    ),
  ),
);

describe('every line of the table', () => {
  it.each(rows)(
    'after %s, %s (%s, %s) means what it says and asks for what fits',
    (...[call, subCode, code, scene, row]) => {
      for (const prefix of ['', 'ACQ.', 'isv.']) {
        for (const proven of [true, false]) {
          const error = refused(call, `${prefix}${subCode}`, { code, proven, ...(scene && { scene }) });
          if (error instanceof OutcomeUnknown) {
            expect(['system-error', 'rate-limited']).toContain(row.meaning);
            expect(error.detail).toBe(row.meaning);
            continue;
          }
          expect(error.reason).toBe(row.meaning);
          expect(error instanceof ChargeDeclined && error.retry).toBe(proven && (row.retry ?? false));
          expect(error.proven).toBe(proven && row.meaning !== 'rate-limited');
          expect(misleading(VERBS[call], error)).toEqual([]);
          expect(error.advice?.zh).toBeTruthy();
          expect(error.advice?.en).toBeTruthy();
          if (error.proven && row.advice) expect(error.advice).toEqual(row.advice);
        }
      }
    },
  );
});

describe('a code that another call has in its documents', () => {
  it.each<[Operation, string]>([
    ['refund', 'ACQ.TRADE_HAS_SUCCESS'],
    ['refund', 'ACQ.CONTEXT_INCONSISTENT'],
    ['refund', 'ACQ.TOTAL_FEE_EXCEED'],
    ['close', 'ACQ.SELLER_BALANCE_NOT_ENOUGH'],
    ['close', 'ACQ.NOT_ALLOW_REFUND'],
  ])('proves nothing: after %s, %s', (operation, subCode) => {
    expect(refused(operation, subCode)).toMatchObject({ name: 'OutcomeUnknown', detail: 'unrecognised' });
  });
});

describe('what to do next', () => {
  const zh = (...args: Parameters<typeof refused>) => {
    const error = refused(...args);
    return error instanceof GatewayDeclined ? error.advice?.zh : undefined;
  };

  it.each<[Operation, string, RegExp, RegExp]>([
    ['refund', 'ACQ.TRADE_HAS_CLOSE', /query-payment/, /下单|outTradeNo/],
    ['create', 'ACQ.TRADE_HAS_CLOSE', /新的 outTradeNo/, /退款/],
    ['refund', 'ACQ.SELLER_BALANCE_NOT_ENOUGH', /充值.*同一个 outRefundNo/, /下单/],
    ['refund', 'ACQ.DISCORDANT_REPEAT_REQUEST', /query-refund/, /用新的/],
    ['create', 'ACQ.TRADE_HAS_SUCCESS', /query-payment/, /新的 outTradeNo/],
    ['create', 'ACQ.CONTEXT_INCONSISTENT', /query-payment.*新的 outTradeNo/, /退款/],
    ['close', 'ACQ.TRADE_STATUS_ERROR', /query-payment/, /重试/],
    ['refund', 'ACQ.TRADE_HAS_FINISHED', /线下/, /下单/],
    ['refund', 'ACQ.NOT_ALLOW_PARTIAL_REFUND', /全额/, /下单/],
  ])('after %s, %s says so', (operation, subCode, wanted, unwanted) => {
    expect(zh(operation, subCode)).toMatch(wanted);
    expect(zh(operation, subCode)).not.toMatch(unwanted);
  });

  it('asks for another number when Alipay gives no second code for one', () => {
    const repeated = refused('create', 'ACQ.APPLY_PC_MERCHANT_CODE_ERROR', { scene: 'qr' });
    expect(repeated).toMatchObject({ reason: 'number-conflict', proven: true });
    expect(repeated).toMatchObject({ advice: { zh: expect.stringMatching(/新的 outTradeNo/) } });
  });

  it('keeps the number whatever the merchant has to mend', () => {
    const code = '40006';
    const create = zh('create', 'isv.insufficient-isv-permissions', { code, scene: 'qr' });
    expect(create).toMatch(/当面付.*同一个 outTradeNo/);
    expect(zh('refund', 'isv.insufficient-isv-permissions', { code })).toMatch(/签约.*同一个 outRefundNo/);
    expect(zh('create', 'isv.invalid-timestamp', { code: '40002' })).toMatch(/商家.*同一个 outTradeNo/);
  });
});
