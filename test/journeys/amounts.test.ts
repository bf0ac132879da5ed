import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WALLETS } from '../support/simulator-client.ts';
import { type Agent, Shop } from './shop.ts';

/** No largest payment; refunds need nobody. */
const NO_LIMITS = 'version: 1\npayments: {}\nrefunds: { approveAboveYuan: "none" }\n';

interface LedgerRow {
  readonly outTradeNo: string;
  readonly amountYuan: string;
  readonly refunds: readonly { readonly refundYuan: string; readonly state: string }[];
}

let shop: Shop;
let agent: Agent;
beforeAll(async () => {
  shop = await Shop.open({ policy: NO_LIMITS });
  agent = await shop.agent();
});
afterAll(() => shop.close());

async function inLedger(outTradeNo: string): Promise<LedgerRow | undefined> {
  const { code, stdout } = await shop.command(['orders', '--json', '--limit', '200']);
  expect(code).toBe(0);
  return (JSON.parse(stdout) as { items: LedgerRow[] }).items.find((row) => row.outTradeNo === outTradeNo);
}

const EXACT: readonly { readonly given: string | number; readonly yuan: string; readonly fen: number }[] = [
  { given: '0.1', yuan: '0.10', fen: 10 },
  { given: '0.10', yuan: '0.10', fen: 10 },
  { given: 0.1, yuan: '0.10', fen: 10 },
  { given: '0.01', yuan: '0.01', fen: 1 },
  { given: 0.29, yuan: '0.29', fen: 29 },
  { given: 1.15, yuan: '1.15', fen: 115 },
  { given: 4.35, yuan: '4.35', fen: 435 },
  { given: 1e3, yuan: '1000.00', fen: 100_000 },
  { given: '1000', yuan: '1000.00', fen: 100_000 },
  { given: '99999999.99', yuan: '99999999.99', fen: 9_999_999_999 },
  { given: 99999999.99, yuan: '99999999.99', fen: 9_999_999_999 },
  { given: '100000000', yuan: '100000000.00', fen: 10_000_000_000 },
];

describe.concurrent.each(WALLETS)('an amount at %s', (provider) => {
  it.each(EXACT)(
    '$given is $yuan to the fen in the result, at the gateway and in the ledger',
    async ({ given, yuan, fen }) => {
      const order = await agent.create({ provider, amountYuan: given, title: 'exact' });
      expect(order.amountYuan).toBe(yuan);
      await shop.simulator.pay(order);
      expect(await shop.simulator.trade(order.outTradeNo)).toMatchObject({ amountFen: fen, state: 'PAID' });
      expect(await agent.query(order.outTradeNo)).toMatchObject({ state: 'PAID', amountYuan: yuan });
    },
  );

  it('stands in the ledger as it was asked for, and so does its refund', async () => {
    const { outTradeNo } = await shop.sell(agent, provider, { amountYuan: '99999999.99' });
    await agent.refundArrives(await agent.refund({ outTradeNo, refundYuan: 99999999.98 }));
    expect(await agent.query(outTradeNo)).toMatchObject({ refundedYuan: '99999999.98' });
    expect((await shop.simulator.trade(outTradeNo)).refunds).toMatchObject([{ amountFen: 9_999_999_998 }]);
    expect(await inLedger(outTradeNo)).toMatchObject({
      ...{ amountYuan: '99999999.99', refunds: [{ refundYuan: '99999999.98', state: 'SUCCESS' }] },
    });
    const last = { outTradeNo, refundYuan: '0.02', outRefundNo: shop.number('R') };
    expect(await agent.refused('refund-payment', last)).toMatchObject({ code: 'REFUND_EXCEEDS_PAID' });
  });
});

const REFUSED: readonly unknown[] = [
  ...['1e3', '-1', '-0.01', '0', '0.00', '0.001', '1.999', 'NaN', 'Infinity', '', ' ', ' 1', '1 ', '+1'],
  ...[
    '１',
    '1,000',
    '1.000,00',
    '¥1',
    '1元',
    '.5',
    '1.',
    '01',
    '0x10',
    '1_000',
    '100000000.01',
    '1e-2',
    '1\n',
  ],
  ...[-1, 0, 0.001, 0.1 + 0.2, 1e9, 1e21, 1.005, true, ['1'], { yuan: 1 }],
];

describe('what is no amount', () => {
  it.each(REFUSED)('%j is refused by create and refund, and nothing is sent or stored', async (amount) => {
    const before = { sent: await shop.simulator.deeds(), known: (await agent.list()).totals.count };
    const wanted = { provider: 'alipay', amountYuan: amount, title: 'no amount' };
    expect(await agent.refused('create-payment', wanted)).toMatchObject({
      ...{ code: 'INVALID_ARGUMENT', argument: 'amountYuan', retryable: false },
    });
    const refund = { outTradeNo: 'NOSUCHORDER', refundYuan: amount };
    expect(await agent.refused('refund-payment', refund)).toMatchObject({
      ...{ code: 'INVALID_ARGUMENT', argument: 'refundYuan', retryable: false },
    });
    const after = { sent: await shop.simulator.deeds(), known: (await agent.list()).totals.count };
    expect(after).toEqual(before);
  });
});
