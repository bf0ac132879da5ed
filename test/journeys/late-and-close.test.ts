import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLOSE_NOTHING } from '../support/gateways.ts';
import { WALLETS } from '../support/simulator-client.ts';
import type { Payment } from './shapes.ts';
import { type Agent, Shop } from './shop.ts';

let shop: Shop;
let agent: Agent;
beforeAll(async () => {
  shop = await Shop.open();
  agent = await shop.agent();
});
afterAll(() => shop.close());

/** An order that exists at the gateway: at Alipay the buyer has opened it. */
async function opened(provider: string): Promise<Payment> {
  const order = await agent.create({ provider, amountYuan: '9.00', title: 'closing time' });
  await shop.simulator.open(order);
  return order;
}

describe.concurrent.each(WALLETS)('an order of %s that is closed', (provider) => {
  const closes = !CLOSE_NOTHING.has(provider);
  const given = closes ? { state: 'CLOSED' } : { state: 'NOTPAY', closing: true };
  const there = { state: given.state };

  it('is closed at the gateway that can, and there is nothing left to pay with', async () => {
    const { outTradeNo, cashierUrl = '' } = await opened(provider);
    const closed = await agent.close(outTradeNo);
    expect(closed).toMatchObject({ ...given, replayed: false });
    expect(closed).not.toHaveProperty('qrCode');
    expect(await shop.simulator.trade(outTradeNo)).toMatchObject(there);
    expect(await (await fetch(cashierUrl)).text()).not.toContain('<svg width');
    expect(await agent.close(outTradeNo)).toMatchObject({ ...given, replayed: closes });
    expect(await shop.simulator.calls(outTradeNo, 'close')).toHaveLength(closes ? 1 : 0);
  });

  it('becomes PAID when the payment came late, and says deliver or refund', async () => {
    const order = await opened(provider);
    expect(await agent.close(order.outTradeNo)).toMatchObject(given);
    await shop.simulator.payByNumber(provider, order.outTradeNo, { late: true });
    const late = await agent.query(order.outTradeNo);
    expect(late).toMatchObject({ state: 'PAID', source: 'query', ...(closes && { late: true }) });
    if (closes) expect(late.nextStep).toMatch(/交付.*refund-payment/);
    const refund = await agent.refund({ outTradeNo: order.outTradeNo, refundYuan: '9.00' });
    await shop.approve(refund);
    await agent.refundArrives(await agent.refund({ outTradeNo: order.outTradeNo, refundYuan: '9.00' }));
    expect(await agent.query(order.outTradeNo)).toMatchObject({ state: 'PAID', refundedYuan: '9.00' });
  });

  it('that was paid a moment ago is ALREADY_PAID, and the ledger knows it', async () => {
    const order = await opened(provider);
    await shop.simulator.pay(order);
    const { outTradeNo } = order;
    expect(await agent.refused('close-payment', { outTradeNo })).toMatchObject({ code: 'ALREADY_PAID' });
    expect(await agent.known(outTradeNo)).toMatchObject({ state: 'PAID', source: 'query' });
    expect(await agent.refused('close-payment', { outTradeNo })).toMatchObject({ code: 'ALREADY_PAID' });
    expect(await shop.simulator.trade(outTradeNo)).toMatchObject({ state: 'PAID' });
  });

  it('is not reported closed as long as the close does not arrive', async () => {
    const order = await agent.create({ provider, amountYuan: '9.00', title: 'sim:lost-before@close*999' });
    await shop.simulator.open(order);
    for (const say of [agent.close, agent.query]) {
      expect(await say.call(agent, order.outTradeNo)).toMatchObject({ state: 'NOTPAY', closing: true });
      expect(await shop.simulator.trade(order.outTradeNo)).toMatchObject({ state: 'NOTPAY' });
    }
  });

  it('is closed by the next question when the close was lost', async () => {
    const order = await agent.create({ provider, amountYuan: '9.00', title: 'sim:lost-before@close*1' });
    await shop.simulator.open(order);
    // Before this is answered, the settler may have asked on its own.
    await agent.close(order.outTradeNo);
    expect(await agent.query(order.outTradeNo)).toMatchObject(given);
    expect(await shop.simulator.trade(order.outTradeNo)).toMatchObject(there);
  });

  it('is not reported closed on a forged answer', async () => {
    const order = await agent.create({ provider, amountYuan: '9.00', title: 'sim:forged-answer@close*1' });
    await shop.simulator.open(order);
    await agent.close(order.outTradeNo);
    expect(await agent.query(order.outTradeNo)).toMatchObject(given);
  });

  it('cannot be refunded when nobody has paid', async () => {
    const { outTradeNo } = await opened(provider);
    const wanted = { outTradeNo, refundYuan: '1.00' };
    expect(await agent.refused('refund-payment', wanted)).toMatchObject({ code: 'NOT_PAID' });
    expect(await shop.simulator.calls(outTradeNo, 'refund')).toEqual([]);
  });
});

describe.concurrent.each(['qr', 'web', 'h5'])(
  'closing an Alipay %s payment that nobody has opened',
  (scene) => {
    it('answers NOTPAY and closing, and is completed once the buyer has opened it', async () => {
      const order = await agent.create({ provider: 'alipay', scene, amountYuan: '9.00', title: 'unopened' });
      const closing = await agent.close(order.outTradeNo);
      expect(closing).toMatchObject({ state: 'NOTPAY', closing: true });
      expect(closing.nextStep).toContain(order.expiresAt);
      for (const gone of ['qrCode', 'payUrl', 'cashierUrl']) expect(closing).not.toHaveProperty(gone);
      expect(await agent.query(order.outTradeNo)).toMatchObject({ state: 'NOTPAY', closing: true });

      await shop.simulator.open(order);
      const closed = await agent.query(order.outTradeNo);
      expect(closed).toMatchObject({ state: 'CLOSED' });
      expect(closed).not.toHaveProperty('closing');
      expect(await shop.simulator.trade(order.outTradeNo)).toMatchObject({ state: 'CLOSED' });
    });

    it('cannot stop a buyer who still pays with the link', async () => {
      const order = await agent.create({ provider: 'alipay', scene, amountYuan: '9.00', title: 'too late' });
      await agent.close(order.outTradeNo);
      await shop.simulator.pay(order);
      const paid = await agent.query(order.outTradeNo);
      expect(paid).toMatchObject({ state: 'PAID', source: 'query' });
      expect(paid).not.toHaveProperty('closing');
    });
  },
);
