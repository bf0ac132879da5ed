import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SlowNetwork } from '../support/fake-gateway-server.ts';
import { WALLETS } from '../support/simulator-client.ts';
import { type Agent, REFUNDS_WITHOUT_APPROVAL, Shop } from './shop.ts';

let shop: Shop;
let agent: Agent;
let network: SlowNetwork;
beforeAll(async () => {
  shop = await Shop.open({ policy: REFUNDS_WITHOUT_APPROVAL });
  network = await shop.slowNetwork();
  agent = await shop.agent(network);
});
afterAll(() => shop.close());

/** Keeps the gateway from being asked about what is sent under this number until the returned function is called. */
const unasked = (number: string) =>
  network.holdBack(
    new RegExp(`(trade\\.query|refund\\.query|^GET |queryTrans).*${number}`),
    new RegExp(`(precreate|trade\\.refund|^POST /v\\d|backTrans).*${number}`),
  );

describe.concurrent.each(WALLETS)('a no of %s', (provider) => {
  it('with a signature ends the payment, and the same call tries again once the cause is gone', async () => {
    const outTradeNo = shop.number();
    const wanted = { provider, outTradeNo, amountYuan: '5.00', title: 'sim:declined@create*1' };
    const refusal = await agent.refused('create-payment', wanted);
    expect(refusal).toMatchObject({ code: 'GATEWAY_DECLINED', outTradeNo });
    expect(refusal.gatewayCode).toMatch(/^[\w.-]+$/);
    expect(await agent.known(outTradeNo)).toMatchObject({ state: 'CLOSED' });
    expect(await agent.create(wanted)).toMatchObject({ state: 'NOTPAY', outTradeNo });
    await shop.simulator.payByNumber(provider, outTradeNo);
    expect(await agent.query(outTradeNo)).toMatchObject({ state: 'PAID' });
  });

  it('without a signature ends the call and proves nothing about the payment', async () => {
    const outTradeNo = shop.number();
    const wanted = { provider, outTradeNo, amountYuan: '5.00', title: 'sim:unsigned-decline@create*1' };
    const ask = unasked(outTradeNo);
    expect(await agent.refused('create-payment', wanted)).toMatchObject({ code: 'GATEWAY_DECLINED' });
    expect(await agent.known(outTradeNo)).toMatchObject({ state: 'UNKNOWN' });
    ask();
    expect(await agent.create(wanted)).toMatchObject({ state: 'NOTPAY', replayed: true });
  });

  it('to a refund with a signature frees the sum', async () => {
    const { outTradeNo } = await shop.sell(agent, provider);
    const wanted = { outTradeNo, refundYuan: '10.00', outRefundNo: shop.number('R') };
    const declined = { ...wanted, reason: 'sim:declined*1' };
    expect(await agent.refused('refund-payment', declined)).toMatchObject({ code: 'GATEWAY_DECLINED' });
    expect((await shop.simulator.trade(outTradeNo)).refunds).toEqual([]);
    expect(await agent.queryRefund(outTradeNo, wanted.outRefundNo)).toMatchObject({ state: 'CLOSED' });
    expect(await agent.query(outTradeNo)).toMatchObject({ refundedYuan: '0.00' });
    await agent.refundArrives(await agent.refund(declined));
    expect((await shop.simulator.trade(outTradeNo)).refunds).toHaveLength(1);
  });

  it('to a refund without a signature leaves it in doubt, holding its sum', async () => {
    const { outTradeNo } = await shop.sell(agent, provider);
    const doubtful = { outTradeNo, refundYuan: '4.00', outRefundNo: shop.number('R') };
    const reason = 'sim:unsigned-decline*1';
    const ask = unasked(doubtful.outRefundNo);
    expect(await agent.refused('refund-payment', { ...doubtful, reason })).toMatchObject({
      ...{ code: 'GATEWAY_DECLINED', outRefundNo: doubtful.outRefundNo },
    });
    const other = { outTradeNo, refundYuan: '1.00', outRefundNo: shop.number('R') };
    expect(await agent.refused('refund-payment', other)).toMatchObject({
      ...{ code: 'OUTCOME_UNKNOWN', outRefundNo: doubtful.outRefundNo },
    });
    const tooMuch = { outTradeNo, refundYuan: '6.01', outRefundNo: shop.number('R') };
    expect(await agent.refused('refund-payment', tooMuch)).toMatchObject({ code: 'REFUND_EXCEEDS_PAID' });
    ask();
    await agent.refundArrives(await agent.refund({ ...doubtful, reason }));
    expect((await shop.simulator.trade(outTradeNo)).refunds).toMatchObject([{ amountFen: 400 }]);
  });
});

describe.concurrent.each(WALLETS)('an answer of %s that got lost', (provider) => {
  it.each(['lost-create-before', 'lost-create-after'])(
    '%s: the payment is UNKNOWN until the repeated call settles it with the identical bytes',
    async (scenario) => {
      const outTradeNo = shop.number();
      const wanted = { provider, outTradeNo, amountYuan: '6.60', title: `sim:${scenario}` };
      const ask = unasked(outTradeNo);
      const lost = await agent.create(wanted);
      expect(lost).toMatchObject({ state: 'UNKNOWN', replayed: false });
      expect(lost.nextStep).toContain('outTradeNo');
      expect(lost).not.toHaveProperty('qrCode');
      expect(await agent.known(outTradeNo)).toMatchObject({ state: 'UNKNOWN' });
      ask();

      const settled = await shop.createAgain(agent, wanted, outTradeNo);
      if (settled.replayed) expect(settled.expiresAt).toBe(lost.expiresAt);
      const sent = await shop.simulator.calls(outTradeNo, 'create');
      expect(sent.length).toBeGreaterThan(1);
      expect(new Set(sent.map((call) => call.bodyDigest)).size).toBe(1);
      await shop.simulator.pay(settled);
      expect(await agent.query(settled.outTradeNo)).toMatchObject({ state: 'PAID' });
      expect(await shop.simulator.trade(settled.outTradeNo)).toMatchObject({ amountFen: 660 });
    },
  );

  it('keeps no other buyer from buying the same thing, and its own number settles it', async () => {
    const wanted = { provider, amountYuan: '7.70', title: `sim:lost-create-before ${provider}` };
    const { outTradeNo, state } = await agent.create(wanted);
    expect(state).toBe('UNKNOWN');
    const other = await agent.create(wanted);
    expect(other.outTradeNo).not.toBe(outTradeNo);
    expect(other.replayed).toBe(false);
    expect(await agent.create({ ...wanted, outTradeNo })).toMatchObject({ state: 'NOTPAY', replayed: true });
    expect(await shop.simulator.calls(outTradeNo, 'create')).toHaveLength(2);
  });

  it('is found again for the same buyer, who gets one payment', async () => {
    const wanted = { provider, amountYuan: '7.10', title: 'sim:lost-create-after', buyer: `b-${provider}` };
    const lost = await agent.create(wanted);
    await shop.createAgain(agent, wanted, lost.outTradeNo);
    shop.secrets.add(wanted.buyer);
  });

  it.each(['refund-lost-before', 'refund-lost-after'])(
    '%s: the refund is UNKNOWN, blocks others, and happens once',
    async (scenario) => {
      const { outTradeNo } = await shop.sell(agent, provider);
      const wanted = {
        ...{ outTradeNo, refundYuan: '4.00', outRefundNo: shop.number('R') },
        reason: `sim:${scenario.replace('refund-', '')}`,
      };
      const ask = unasked(wanted.outRefundNo);
      expect(await agent.refund(wanted)).toMatchObject({ state: 'UNKNOWN', refundedYuan: '0.00' });
      const other = { outTradeNo, refundYuan: '1.00', outRefundNo: shop.number('R') };
      expect(await agent.refused('refund-payment', other)).toMatchObject({ code: 'OUTCOME_UNKNOWN' });
      ask();

      const settled = await agent.refund(wanted);
      expect(settled).toMatchObject({ replayed: true, outRefundNo: wanted.outRefundNo });
      expect(await agent.refundArrives(settled)).toMatchObject({ refundedYuan: '4.00' });
      const sent = await shop.simulator.calls(outTradeNo, 'refund');
      expect(sent).toHaveLength(scenario === 'refund-lost-before' ? 2 : 1);
      expect(new Set(sent.map((call) => call.bodyDigest)).size).toBe(1);
      expect((await shop.simulator.trade(outTradeNo)).refunds).toMatchObject([
        { outRefundNo: wanted.outRefundNo, amountFen: 400, status: 'SUCCESS' },
      ]);
    },
  );
});
