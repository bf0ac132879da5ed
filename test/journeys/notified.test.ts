import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../support/free-port.mjs';
import { until } from '../support/server-process.ts';
import { WALLETS } from '../support/simulator-client.ts';
import { type Agent, Shop } from './shop.ts';

let shop: Shop;
let agent: Agent;
let port: number;
beforeAll(async () => {
  port = await freePort();
  shop = await Shop.open({ env: { CASHIER_HTTP_PORT: String(port) } });
  agent = await shop.agent();
});
afterAll(() => shop.close());

describe.concurrent.each(WALLETS)('a payment with %s where notifications are received', (provider) => {
  it('is in the ledger at once, although no tool asks', async () => {
    const order = await agent.create({ provider, amountYuan: '3.00', title: 'notified' });
    await shop.simulator.pay(order);
    const paid = await until('the notification', async () => {
      const known = await agent.known(order.outTradeNo);
      return known.state === 'PAID' ? known : undefined;
    });
    expect(paid.source).toBe('notify');
  });

  it('wakes a client that waits', async () => {
    const order = await agent.create({ provider, amountYuan: '3.00', title: 'awaited' });
    const waiting = agent.server.call('query-payment', { outTradeNo: order.outTradeNo, waitSeconds: 50 });
    await shop.simulator.pay(order);
    expect((await waiting).structured).toMatchObject({ state: 'PAID' });
  });

  it('is not believed from a stranger', async () => {
    const order = await agent.create({ provider, amountYuan: '3.00', title: 'sim:notify-forged' });
    const forged = new URLSearchParams({ out_trade_no: order.outTradeNo, trade_status: 'TRADE_SUCCESS' });
    const answer = await fetch(`http://127.0.0.1:${port}/notify/${provider}`, {
      method: 'POST',
      body: forged,
    });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(await agent.known(order.outTradeNo)).toMatchObject({ state: 'NOTPAY' });
  });

  it('settles a refund that takes its time', async () => {
    const { outTradeNo } = await shop.sell(agent, provider, { title: 'refunded' });
    const asked = await agent.refund({ outTradeNo, refundYuan: '1.00' });
    await shop.approve(asked);
    expect(['PROCESSING', 'SUCCESS']).toContain(
      (await agent.refund({ outTradeNo, refundYuan: '1.00' })).state,
    );
    await until(
      'the refund',
      async () => (await agent.known(outTradeNo)).refundedYuan === '1.00' || undefined,
    );
  });
});

it('is learned within seconds by who waits where nothing is received', async () => {
  const elsewhere = await Shop.open();
  const alone = await elsewhere.agent();
  for (const provider of WALLETS) {
    const order = await alone.create({ provider, amountYuan: '3.00', title: 'unnotified' });
    const waiting = alone.server.call('query-payment', { outTradeNo: order.outTradeNo, waitSeconds: 50 });
    await elsewhere.simulator.pay(order);
    expect((await waiting).structured).toMatchObject({ state: 'PAID', source: 'query' });
  }
  await elsewhere.close();
});

it('leaves the port to the first process and takes it over when that one dies', async () => {
  const second = await shop.agent();
  const order = await second.create({ provider: 'wechatpay', amountYuan: '3.00', title: 'taken over' });
  process.kill(agent.server.pid, 'SIGKILL');
  await until('the port is served again', async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/notify/wechatpay`, {
      method: 'POST',
      body: '{}',
    }).catch(() => undefined);
    return answer?.status === 400 ? true : undefined;
  });
  await shop.simulator.pay(order);
  await until(
    'the notification',
    async () => (await second.known(order.outTradeNo)).state === 'PAID' || undefined,
  );
});
