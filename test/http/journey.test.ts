import { setMaxListeners } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Payment, readPayment, readRefund, readRefusal } from '../journeys/shapes.ts';
import { Shop } from '../journeys/shop.ts';
import { ENDLESS_WAITS, until } from '../support/server-process.ts';
import { WALLETS } from '../support/simulator-client.ts';
import { ERAS, type HttpAgent, modernClient, Service } from './service.ts';

let shop: Shop;
let service: Service;
beforeAll(async () => {
  shop = await Shop.open();
  service = await Service.start(shop);
});
afterAll(async () => {
  expect(await service.stop()).toBe(0);
  await shop.close();
});

/** What the ledger says, without asking a gateway. */
async function known(agent: HttpAgent, outTradeNo: string): Promise<Payment> {
  const { structured } = await agent.call('list-payments', { limit: 100 });
  const { items } = structured as { items: Payment[] };
  const found = items.find((item) => item.outTradeNo === outTradeNo);
  if (!found) throw new Error(`${outTradeNo} is not in the ledger`);
  return found;
}

describe.concurrent.each(ERAS)('over HTTP, a %s client', (era) => {
  it.each(WALLETS)('sells, waits and refunds with %s', async (provider) => {
    const agent = await service.agent(era);
    const order = readPayment(
      await agent.call('create-payment', { provider, amountYuan: '10.00', title: '菜谱 recipe' }),
    );
    expect(order).toMatchObject({ state: 'NOTPAY', simulated: true });
    expect(order.cashierUrl).toContain(`${service.origin}/c/`);
    const page = await fetch(order.cashierUrl ?? '');
    expect([page.status, page.headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(await page.text()).toContain(order.outTradeNo);

    let heard = 0;
    const waiting = agent.call(
      'query-payment',
      { outTradeNo: order.outTradeNo, waitSeconds: 50 },
      { onprogress: () => void heard++ },
    );
    await until('progress is told while the result is awaited', () => heard > 0 || undefined);
    await shop.simulator.pay(order);
    expect(readPayment(await waiting)).toMatchObject({ state: 'PAID' });

    const refund = { outTradeNo: order.outTradeNo, refundYuan: '4.00' };
    const asked = readRefund(await agent.call('refund-payment', refund));
    expect(asked.state).toBe('PENDING_APPROVAL');
    await shop.approve(asked);
    const moved = readRefund(await agent.call('refund-payment', refund));
    expect(moved.outRefundNo).toBe(asked.outRefundNo);
    await until('the refund arrives', async () => {
      const { outTradeNo } = order;
      const now = await agent.call('query-refund', { outTradeNo, outRefundNo: moved.outRefundNo });
      return readRefund(now).state === 'SUCCESS' || undefined;
    });
    expect(await known(agent, order.outTradeNo)).toMatchObject({ state: 'PAID', refundedYuan: '4.00' });
    expect(await agent.resources()).toContain(`payment://orders/${order.outTradeNo}`);
    await agent.close();
  });
});

it.each(ERAS)('a wait that a %s client gives up is over, and gives its place to another', async (era) => {
  const patient = await Service.start(shop, ENDLESS_WAITS);
  const agent = await patient.agent(era);
  const { outTradeNo } = readPayment(
    await agent.call('create-payment', { provider: 'wechatpay', amountYuan: '1.00', title: 'left alone' }),
  );
  let heard = 0;
  const patience = new AbortController();
  setMaxListeners(0, patience.signal);
  const waits = Array.from({ length: 50 }, () => {
    let told = false;
    const onprogress = () => {
      if (!told) heard++;
      told = true;
    };
    const options = { onprogress, signal: patience.signal };
    return agent.call('query-payment', { outTradeNo, waitSeconds: 50 }, options);
  });
  const given = Promise.allSettled(waits);
  await until('all wait', () => heard === 50 || undefined);
  const another = () => agent.call('query-payment', { outTradeNo, waitSeconds: 1 });
  expect(readRefusal(await another())).toMatchObject({ code: 'TRY_LATER' });
  patience.abort();
  await given;
  await until('there is a place again', async () => !(await another()).isError || undefined);
  await agent.close();
  expect(await patient.stop()).toBe(0);
});

it('is paid into the ledger by the notification, which needs no token', async () => {
  const agent = await service.agent('modern');
  for (const provider of WALLETS) {
    const order = readPayment(
      await agent.call('create-payment', { provider, amountYuan: '2.00', title: 'notified' }),
    );
    await shop.simulator.pay(order);
    const paid = await until('the notification', async () => {
      const now = await known(agent, order.outTradeNo);
      return now.state === 'PAID' ? now : undefined;
    });
    expect(paid.source).toBe('notify');
  }
  await agent.close();
});

it('tells a 2026 client of changes of the orders it listens to', async () => {
  const agent = await service.agent('legacy');
  const client = await modernClient(new URL('/mcp', service.origin));
  const heard: string[] = [];
  client.setNotificationHandler(
    'notifications/resources/updated',
    ({ params }) => void heard.push(params.uri),
  );
  const create = { provider: 'wechatpay', amountYuan: '3.00', title: 'heard of' };
  const mine = readPayment(await agent.call('create-payment', create));
  const other = readPayment(await agent.call('create-payment', create));
  const uri = `payment://orders/${mine.outTradeNo}`;
  const listening = await client.listen({ resourceSubscriptions: [uri] });
  await agent.call('close-payment', { outTradeNo: other.outTradeNo });
  await agent.call('close-payment', { outTradeNo: mine.outTradeNo });
  await until('the change is told', () => heard.length > 0 || undefined);
  expect(new Set(heard)).toEqual(new Set([uri]));
  await listening.close();
  await client.close();
  await agent.close();
});

it('says on stderr where it is, and on stdout nothing', () => {
  expect(service.stderr).toContain(`${service.origin}/mcp`);
  expect(service.stderr).toContain('SIMULATOR');
  expect(service.stdout).toBe('');
});
