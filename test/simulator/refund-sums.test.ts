import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fen as toFen, toYuan } from '../../src/domain/money.ts';
import { answered, type Bench, controlOf, freshNumber, openBench } from './bench.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

const TOTAL_FEN = 1_000;

/** An attempt to refund: one of a few numbers, so that they are used again; fen; ms that pass afterwards. */
const attempt = fc.record({
  number: fc.integer({ min: 1, max: 4 }),
  fen: fc.integer({ min: 1, max: 600 }),
  passes: fc.constantFrom(0, 3_000, 60_000),
});

/** A paid order of 10.00 yuan at either wallet, and how a refund of it is asked for: true when it was taken. */
const WALLETS = {
  async alipay(outTradeNo: string) {
    const bizContent = { out_trade_no: outTradeNo, total_amount: '10.00', subject: 'sim:auto-pay' };
    await bench.alipay.exec('alipay.trade.precreate', { bizContent });
    return async (number: string, fen: number) => {
      const refund = { out_trade_no: outTradeNo, out_request_no: number, refund_amount: toYuan(toFen(fen)) };
      const { code } = await bench.alipay.exec('alipay.trade.refund', { bizContent: refund });
      return code === '10000';
    };
  },
  async wechatpay(outTradeNo: string) {
    await bench.wechatpay.post('v3/pay/transactions/native', {
      appid: bench.env.WXPAY_APP_ID,
      mchid: bench.env.WXPAY_MCH_ID,
      description: 'sim:auto-pay',
      out_trade_no: outTradeNo,
      notify_url: bench.env.WXPAY_NOTIFY_URL,
      amount: { total: TOTAL_FEN },
    });
    return async (number: string, fen: number) => {
      const amount = { refund: fen, total: TOTAL_FEN, currency: 'CNY' };
      const body = { out_trade_no: outTradeNo, out_refund_no: `${outTradeNo}${number}`, amount };
      return (await answered(bench.wechatpay.post('v3/refund/domestic/refunds', body))).status === 200;
    };
  },
};

/** What the gateway has on its books for an order: fen by refund number. */
async function booked(outTradeNo: string): Promise<Map<string, number>> {
  const { value } = await controlOf(bench.simulator, 'GET', 'trades');
  const trade = value.trades.find((known) => known.outTradeNo === outTradeNo);
  return new Map(trade?.refunds.map(({ outRefundNo, amountFen }) => [outRefundNo, amountFen]));
}

const sum = (refunds: Map<string, number>) => [...refunds.values()].reduce((total, fen) => total + fen, 0);

describe.each(['alipay', 'wechatpay'] as const)('%s', (wallet) => {
  it('whatever is asked, refunds never sum above what was paid, and one number has one effect', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(attempt, { minLength: 1, maxLength: 8 }), async (attempts) => {
        const outTradeNo = freshNumber();
        const refund = await WALLETS[wallet](outTradeNo);
        const taken = new Map<number, number>();
        for (const { number, fen, passes } of attempts) {
          const accepted = await refund(`R${number}`, fen);
          const before = taken.get(number);
          if (before !== undefined) expect(accepted).toBe(before === fen);
          else if (accepted) taken.set(number, fen);
          bench.clock.travel(passes);
        }
        const books = await booked(outTradeNo);
        expect([...books.values()].sort()).toEqual([...taken.values()].sort());
        expect(sum(books)).toBeLessThanOrEqual(TOTAL_FEN);
      }),
      { numRuns: 25 },
    );
  });

  it('of refunds asked for at the same moment one is taken', async () => {
    const outTradeNo = freshNumber();
    const refund = await WALLETS[wallet](outTradeNo);
    const accepted = await Promise.all(['A', 'B', 'C', 'D', 'E'].map((number) => refund(number, 600)));
    expect(accepted.filter(Boolean)).toHaveLength(1);
    expect(sum(await booked(outTradeNo))).toBe(600);
  });
});
