import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Payment } from '../journeys/shapes.ts';
import { type Agent, Shop } from '../journeys/shop.ts';
import { until } from '../support/server-process.ts';
import { Service } from './service.ts';

let shop: Shop;
let service: Service | undefined;
beforeAll(async () => {
  shop = await Shop.open();
});
afterAll(async () => {
  await service?.stop();
  await shop.close();
});

const sell = (agent: Agent) => agent.create({ provider: 'alipay', amountYuan: '1.00', title: '菜谱' });
const text = async (agent: Agent, { outTradeNo }: Payment) =>
  (await agent.server.call('query-payment', { outTradeNo })).text;
const opens = async (address = '') =>
  (await fetch(address).then(
    ({ status }) => status === 200,
    () => false,
  )) || undefined;

describe('the page that a client gives out', () => {
  it('is said to be for this machine and this client, and lives on in a service that runs beside', async () => {
    const client = await shop.agent();
    const first = await sell(client);
    expect(await opens(first.cashierUrl)).toBe(true);
    expect(await text(client, first)).toContain('（只有本机能打开，客户端退出后失效）');

    service = await Service.start(shop);
    const { origin } = service;
    const second = await until('the client knows of the service', async () => {
      const order = await sell(client);
      return order.cashierUrl?.startsWith(`${origin}/c/`) ? order : undefined;
    });
    expect(await text(client, second)).toContain('（只有本机能打开）');

    await client.server.kill();
    for (const { cashierUrl } of [first, second]) {
      await until('the page is served', () => opens(cashierUrl));
    }
  });
});
