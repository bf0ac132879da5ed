import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GatewayDeclined, OutcomeUnknown } from '../../../src/providers/contract.ts';
import { closeAt } from '../../support/close.ts';
import { refund, setUp, signed, unsigned } from './fake-gateway.ts';

const about = { code: '10000', msg: 'Success', out_trade_no: 'ORDER_0001' };
const answers = {
  query: signed('alipay.trade.query', {
    ...about,
    trade_status: 'TRADE_SUCCESS',
    total_amount: '9.90',
    send_pay_date: '2026-11-21 14:29:58',
    store_name: '店/铺',
  }),
  unpaid: signed('alipay.trade.query', { ...about, trade_status: 'WAIT_BUYER_PAY', total_amount: '9.90' }),
  close: signed('alipay.trade.close', about),
  refund: signed('alipay.trade.refund', { ...about, fund_change: 'Y', refund_fee: '3.00' }),
  refundQuery: signed('alipay.trade.fastpay.refund.query', {
    ...about,
    out_request_no: 'REFUND_1',
    refund_status: 'REFUND_SUCCESS',
    refund_amount: '3.00',
  }),
};
const verbs = {
  query: (provider: Provider) => provider.queryTrade('ORDER_0001'),
  unpaid: (provider: Provider) => provider.queryTrade('ORDER_0001'),
  close: (provider: Provider) => closeAt(provider, 'ORDER_0001'),
  refund: (provider: Provider) => provider.sendRefund(refund(), provider.planRefund(refund())),
  refundQuery: (provider: Provider) => provider.queryRefund('ORDER_0001', 'REFUND_1'),
};
type Provider = ReturnType<typeof setUp>['provider'];
type Verb = keyof typeof answers;
const VERBS: readonly Verb[] = ['query', 'unpaid', 'close', 'refund', 'refundQuery'];

const { provider, gateway } = setUp();

/** Whether the adapter takes this body for a word of Alipay's; any of the port's "no, not proven" errors is fine. */
async function believes(verb: Verb, body: Buffer): Promise<boolean> {
  gateway.answer(body);
  try {
    await verbs[verb](provider);
    return true;
  } catch (error) {
    if (error instanceof OutcomeUnknown) return false;
    if (error instanceof GatewayDeclined && !error.proven) return false;
    throw error;
  }
}

describe('a tampered answer proves nothing', () => {
  it('untouched answers are believed', async () => {
    for (const verb of VERBS) expect(await believes(verb, Buffer.from(answers[verb]))).toBe(true);
  });

  it('any other byte anywhere', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...VERBS),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.integer({ min: 1, max: 255 }),
        async (verb, where, change) => {
          const body = Buffer.from(answers[verb]);
          const at = Math.floor(where * body.length);
          body[at] = (body[at] ?? 0) ^ change;
          expect(await believes(verb, body)).toBe(false);
        },
      ),
      { numRuns: 400 },
    );
  });

  it('every byte of a paid answer, one bit at a time', async () => {
    const original = Buffer.from(answers.query);
    for (let at = 0; at < original.length; at += 1) {
      const body = Buffer.from(original);
      body[at] = (body[at] ?? 0) ^ (1 << (at % 8));
      expect(await believes('query', body)).toBe(false);
    }
  });

  it('cut off anywhere', async () => {
    const original = Buffer.from(answers.query);
    for (let length = 0; length < original.length; length += 3) {
      expect(await believes('query', original.subarray(0, length))).toBe(false);
    }
  });

  it('a piece doubled or left out inside the signed text', async () => {
    const original = answers.refundQuery;
    const end = original.indexOf('},"sign"');
    await fc.assert(
      fc.asyncProperty(
        fc.nat(end),
        fc.integer({ min: 1, max: 30 }),
        fc.boolean(),
        async (from, size, double) => {
          const to = Math.min(from + size, end);
          fc.pre(to > from);
          const piece = original.slice(from, to);
          const body = original.slice(0, from) + (double ? piece + piece : '') + original.slice(to);
          fc.pre(body !== original);
          expect(await believes('refundQuery', Buffer.from(body))).toBe(false);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('an invented unsigned answer of any shape', async () => {
    const word = fc.constantFrom(
      '10000',
      'TRADE_SUCCESS',
      'REFUND_SUCCESS',
      'Y',
      'ORDER_0001',
      'REFUND_1',
      '9.90',
      '40004',
      'ACQ.TRADE_NOT_EXIST',
    );
    const name = fc.constantFrom(
      'code',
      'sub_code',
      'trade_status',
      'refund_status',
      'fund_change',
      'out_trade_no',
      'total_amount',
    );
    const methods = [
      'alipay.trade.query',
      'alipay.trade.fastpay.refund.query',
      'alipay.trade.refund',
      'alipay.trade.close',
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...VERBS),
        fc.constantFrom(...methods),
        fc.dictionary(name, word),
        async (verb, method, node) => {
          expect(await believes(verb, Buffer.from(unsigned(method, node)))).toBe(false);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('any JSON at all', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...VERBS), fc.json(), async (verb, json) => {
        expect(await believes(verb, Buffer.from(json))).toBe(false);
        expect(
          await believes(verb, Buffer.from(`{"alipay_trade_query_response":${json},"sign":"AAAA"}`)),
        ).toBe(false);
      }),
      { numRuns: 200 },
    );
  });
});
