import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WALLETS, type Wallet } from '../support/simulator-client.ts';
import { type Agent, REFUNDS_WITHOUT_APPROVAL, Shop } from './shop.ts';

let shop: Shop;
let agent: Agent;
beforeAll(async () => {
  shop = await Shop.open({ policy: REFUNDS_WITHOUT_APPROVAL });
  agent = await shop.agent();
});
afterAll(() => shop.close());

/** Answers that prove nothing, whatever they say. */
const WORTHLESS = ['forged-answer', 'unsigned-answer', 'garbage', 'http-502', 'system-error-done'];
const CASES: readonly { readonly provider: Wallet; readonly scenario: string }[] = [
  ...WALLETS.flatMap((provider) => WORTHLESS.map((scenario) => ({ provider, scenario }))),
  { provider: 'wechatpay', scenario: 'stale-answer' },
  { provider: 'wechatpay', scenario: 'signtest' },
];

describe.concurrent.each(CASES)('$scenario at $provider', ({ provider, scenario }) => {
  it('makes nothing PAID, though the buyer has paid', async () => {
    const title = `sim:${scenario}@query*99`;
    const order = await agent.create({ provider, amountYuan: '2.00', title });
    await shop.simulator.pay(order);
    for (const _ of [1, 2]) {
      expect(await agent.refused('query-payment', { outTradeNo: order.outTradeNo })).toMatchObject({
        ...{ code: 'OUTCOME_UNKNOWN', retryable: true, state: 'NOTPAY' },
      });
    }
    expect(await agent.known(order.outTradeNo)).toMatchObject({ state: 'NOTPAY', source: 'ledger' });
    expect(await shop.simulator.trade(order.outTradeNo)).toMatchObject({ state: 'PAID' });
  });

  it('in answer to a create gives the buyer nothing to pay with', async () => {
    const outTradeNo = shop.number();
    const wanted = { provider, outTradeNo, amountYuan: '2.00', title: `sim:${scenario}@create*1` };
    const unknown = await agent.create(wanted);
    expect(unknown).toMatchObject({ state: 'UNKNOWN' });
    expect(unknown).not.toHaveProperty('qrCode');
    await shop.createAgain(agent, wanted, outTradeNo);
  });

  it('in answer to a refund is no SUCCESS, and the refund happens once', async () => {
    const { outTradeNo } = await shop.sell(agent, provider);
    const wanted = {
      ...{ outTradeNo, refundYuan: '10.00', outRefundNo: shop.number('R') },
      reason: `sim:${scenario}*1`,
    };
    expect(await agent.refund(wanted)).toMatchObject({ state: 'UNKNOWN', refundedYuan: '0.00' });
    await agent.refundArrives(await agent.refund(wanted));
    expect((await shop.simulator.trade(outTradeNo)).refunds).toMatchObject([{ amountFen: 1000 }]);
  });
});

describe.concurrent.each(WALLETS)('what %s says without a signature or in unknown words', (provider) => {
  it('"does not exist" without a signature closes no order', async () => {
    const title = 'sim:unsigned-not-exist@query*1';
    const order = await agent.create({ provider, amountYuan: '2.00', title });
    await shop.simulator.pay(order);
    const { code } = await agent.refused('query-payment', { outTradeNo: order.outTradeNo });
    expect(['GATEWAY_DECLINED', 'OUTCOME_UNKNOWN']).toContain(code);
    expect(await agent.known(order.outTradeNo)).toMatchObject({ state: 'NOTPAY' });
    expect(await agent.query(order.outTradeNo)).toMatchObject({ state: 'PAID' });
  });

  it('"no such refund" without a signature sends no second refund', async () => {
    const { outTradeNo } = await shop.sell(agent, provider);
    const wanted = {
      ...{ outTradeNo, refundYuan: '3.00', outRefundNo: shop.number('R') },
      reason: 'sim:lost-after@refund*1 sim:unsigned-not-exist@query-refund*2',
    };
    expect(await agent.refund(wanted)).toMatchObject({ state: 'UNKNOWN' });
    const { outRefundNo } = wanted;
    await agent.refused('query-refund', { outTradeNo, outRefundNo });
    expect(await agent.refused('refund-payment', wanted)).toMatchObject({ code: 'GATEWAY_DECLINED' });
    expect(await shop.simulator.calls(outTradeNo, 'refund')).toHaveLength(1);
    await agent.refundArrives(await agent.refund(wanted));
    expect((await shop.simulator.trade(outTradeNo)).refunds).toHaveLength(1);
  });

  it('a trade state that is in no document changes nothing', async () => {
    const order = await agent.create({ provider, amountYuan: '2.00', title: 'sim:unknown-word@query*1' });
    await shop.simulator.pay(order);
    expect(await agent.query(order.outTradeNo)).toMatchObject({ state: 'NOTPAY' });
    expect(await agent.query(order.outTradeNo)).toMatchObject({ state: 'PAID' });
  });

  it('a refund state that is in no document is no SUCCESS', async () => {
    const { outTradeNo } = await shop.sell(agent, provider);
    const wanted = {
      ...{ outTradeNo, refundYuan: '3.00', outRefundNo: shop.number('R') },
      reason: 'sim:lost-after@refund*1 sim:unknown-word@query-refund',
    };
    expect(await agent.refund(wanted)).toMatchObject({ state: 'UNKNOWN' });
    expect(await agent.queryRefund(outTradeNo, wanted.outRefundNo)).toMatchObject({ state: 'UNKNOWN' });
    expect(await agent.refund(wanted)).toMatchObject({ state: 'UNKNOWN', refundedYuan: '0.00' });
    expect(await shop.simulator.calls(outTradeNo, 'refund')).toHaveLength(1);
  });

  it('a payment of another amount pays for nothing', async () => {
    const order = await agent.create({ provider, amountYuan: '2.00', title: 'sim:wrong-amount@query' });
    await shop.simulator.pay(order);
    for (const _ of [1, 2]) {
      const asked = await agent.query(order.outTradeNo);
      expect(asked).toMatchObject({ state: 'NOTPAY', amountYuan: '2.00' });
      expect(asked).not.toHaveProperty('paidAt');
    }
    expect(await shop.simulator.trade(order.outTradeNo)).toMatchObject({ state: 'PAID' });
  });

  it('a refund of another amount is no proof of this one', async () => {
    const { outTradeNo } = await shop.sell(agent, provider);
    const wanted = {
      ...{ outTradeNo, refundYuan: '3.00', outRefundNo: shop.number('R') },
      reason: 'sim:lost-after@refund*1 sim:wrong-amount@query-refund',
    };
    expect(await agent.refund(wanted)).toMatchObject({ state: 'UNKNOWN' });
    expect(await agent.queryRefund(outTradeNo, wanted.outRefundNo)).toMatchObject({ state: 'UNKNOWN' });
    expect(await agent.query(outTradeNo)).toMatchObject({ refundedYuan: '0.00' });
  });
});

describe('a payment to another account', () => {
  it('pays for nothing at wechatpay, where the answer names the merchant', async () => {
    const title = 'sim:wrong-account@query*1';
    const order = await agent.create({ provider: 'wechatpay', amountYuan: '2.00', title });
    await shop.simulator.pay(order);
    expect(await agent.query(order.outTradeNo)).toMatchObject({ state: 'NOTPAY' });
    expect(await agent.known(order.outTradeNo)).toMatchObject({ state: 'NOTPAY' });
    expect(await agent.query(order.outTradeNo)).toMatchObject({ state: 'PAID' });
  });
});
