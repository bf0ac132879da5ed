import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { walletOf } from '../../src/providers/registry.ts';
import { WALLETS } from '../support/simulator-client.ts';
import { type Agent, REFUNDS_WITHOUT_APPROVAL, Shop } from './shop.ts';

/** Two server processes on one home: what holds within one must hold between them. */
let shop: Shop;
let one: Agent;
let two: Agent;
beforeAll(async () => {
  shop = await Shop.open({ policy: REFUNDS_WITHOUT_APPROVAL });
  [one, two] = await Promise.all([shop.agent(), shop.agent()]);
});
afterAll(() => shop.close());

describe.each(WALLETS)('the same outTradeNo at %s', (provider) => {
  it('with the same arguments is the first payment, in every process', async () => {
    const wanted = { provider, outTradeNo: shop.number(), amountYuan: '20.00', title: 'same' };
    const first = await one.create(wanted);
    for (const agent of [one, two]) {
      const again = await agent.create({ ...wanted, amountYuan: 20 });
      const { cashierUrl: _ours, ...rest } = first;
      expect(again).toMatchObject({ ...rest, replayed: true });
    }
    expect(await shop.simulator.calls(wanted.outTradeNo, 'create')).toHaveLength(1);
  });

  it.each([
    { amountYuan: '20.01' },
    { title: 'another' },
    { scene: walletOf(provider).scenes.at(-1) },
    { expiresInMinutes: 31 },
    { buyer: 'somebody else' },
  ])('with another %o is a conflict, and nothing is sent', async (other) => {
    const wanted = { provider, outTradeNo: shop.number(), amountYuan: '20.00', title: 'same' };
    await one.create(wanted);
    const before = await shop.simulator.deeds();
    for (const agent of [one, two]) {
      expect(await agent.refused('create-payment', { ...wanted, ...other })).toMatchObject({
        ...{ code: 'IDEMPOTENCY_CONFLICT', retryable: false, argument: 'outTradeNo' },
      });
    }
    expect(await shop.simulator.deeds()).toBe(before);
    expect(await one.known(wanted.outTradeNo)).toMatchObject({ amountYuan: '20.00', title: 'same' });
  });

  it('after the payment answers PAID and charges nobody again', async () => {
    const wanted = { provider, outTradeNo: shop.number(), amountYuan: '20.00', title: 'paid' };
    await shop.simulator.pay(await one.create(wanted));
    expect(await two.query(wanted.outTradeNo)).toMatchObject({ state: 'PAID' });
    const again = await one.create(wanted);
    expect(again).toMatchObject({ state: 'PAID', replayed: true });
    expect(again).not.toHaveProperty('qrCode');
  });

  it('called eight times at once from both processes is one order with one code', async () => {
    const wanted = { provider, outTradeNo: shop.number(), amountYuan: '20.00', title: 'at once' };
    const agents = [one, two, one, two, one, two, one, two];
    const orders = await Promise.all(agents.map((agent) => agent.create(wanted)));
    expect(new Set(orders.map((order) => order.qrCode)).size).toBe(1);
    expect(orders.every((order) => order.state === 'NOTPAY')).toBe(true);
    expect(orders.filter((order) => !order.replayed)).toHaveLength(1);
    expect(await shop.simulator.calls(wanted.outTradeNo, 'create')).toHaveLength(1);
  });

  it('is replaced by the buyer: the same wish of the same buyer is one payment until it is final', async () => {
    const wanted = { provider, amountYuan: '20.00', title: 'by buyer', buyer: `conversation ${provider}` };
    shop.secrets.add(wanted.buyer);
    const first = await one.create(wanted);
    expect(await two.create(wanted)).toMatchObject({ outTradeNo: first.outTradeNo, replayed: true });
    const stranger = await two.create({ ...wanted, buyer: 'another conversation' });
    expect(stranger.outTradeNo).not.toBe(first.outTradeNo);
    await shop.simulator.pay(first);
    await one.query(first.outTradeNo);
    const next = await two.create(wanted);
    expect(next).toMatchObject({ state: 'NOTPAY', replayed: false });
    expect(next.outTradeNo).not.toBe(first.outTradeNo);
  });
});

describe('numbers between the wallets', () => {
  it('an outTradeNo of one is taken for the other', async () => {
    const wanted = { outTradeNo: shop.number(), amountYuan: '1.00', title: 'both' };
    await one.create({ ...wanted, provider: 'alipay' });
    expect(await two.refused('create-payment', { ...wanted, provider: 'wechatpay' })).toMatchObject({
      code: 'IDEMPOTENCY_CONFLICT',
    });
  });

  it('an outRefundNo is unique within the merchant at WeChat Pay, within the order at Alipay', async () => {
    const sell = (provider: 'alipay' | 'wechatpay') =>
      Promise.all([shop.sell(one, provider), shop.sell(two, provider)]);
    const [[a, b], [c, d]] = await Promise.all([sell('alipay'), sell('wechatpay')]);
    const wanted = { refundYuan: '1.00', outRefundNo: shop.number('R') };
    for (const { outTradeNo } of [a, b, c]) await one.refund({ ...wanted, outTradeNo });
    const { outTradeNo } = d;
    expect(await two.refused('refund-payment', { ...wanted, outTradeNo })).toMatchObject({
      ...{ code: 'IDEMPOTENCY_CONFLICT', argument: 'outRefundNo' },
    });
    expect((await shop.simulator.trade(outTradeNo)).refunds).toEqual([]);
  });
});

describe.each(WALLETS)('refunds of one order at %s', (provider) => {
  it('with the same number are one refund, with other arguments a conflict', async () => {
    const { outTradeNo } = await shop.sell(one, provider);
    const wanted = { outTradeNo, refundYuan: '3.00', outRefundNo: shop.number('R'), reason: 'once' };
    const first = await one.refund(wanted);
    expect(await two.refund(wanted)).toMatchObject({ outRefundNo: first.outRefundNo, replayed: true });
    for (const other of [{ refundYuan: '3.01' }, { reason: 'twice' }]) {
      expect(await two.refused('refund-payment', { ...wanted, ...other })).toMatchObject({
        ...{ code: 'IDEMPOTENCY_CONFLICT', argument: 'outRefundNo' },
      });
    }
    const withoutNumber = await two.refund({ outTradeNo, refundYuan: '3.00' });
    expect(withoutNumber).toMatchObject({ outRefundNo: first.outRefundNo, replayed: true });
    expect((await shop.simulator.trade(outTradeNo)).refunds).toMatchObject([{ amountFen: 300 }]);
  });

  it('never sum above what was paid, also in parallel from both processes', async () => {
    const { outTradeNo } = await shop.sell(one, provider);
    const replies = await Promise.all(
      [one, two, one, two, one, two].map((agent) =>
        agent.server.call('refund-payment', {
          ...{ outTradeNo, refundYuan: '6.00', outRefundNo: shop.number('R') },
        }),
      ),
    );
    const codes = replies.filter((reply) => reply.isError).map((reply) => JSON.parse(reply.text).code);
    expect(codes).toEqual(Array.from({ length: 5 }, () => 'REFUND_EXCEEDS_PAID'));
    expect(await shop.simulator.calls(outTradeNo, 'refund')).toHaveLength(1);
    expect((await shop.simulator.trade(outTradeNo)).refunds).toMatchObject([{ amountFen: 600 }]);
  });
});
