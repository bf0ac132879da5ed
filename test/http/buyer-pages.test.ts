import { createRemoteJWKSet, jwtVerify } from 'jose';
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

describe('the receipt on the page of a paid order', () => {
  it('is checked by anybody with the keys that the service publishes, and says what the agent is told', async () => {
    service ??= await Service.start(shop);
    const { origin } = service;
    const agent = await shop.agent();
    const order = await until('the client knows of the service', async () => {
      const made = await sell(agent);
      return made.cashierUrl?.startsWith(origin) ? made : undefined;
    });
    const receipt = () => fetch(`${order.cashierUrl}/receipt`);
    expect((await receipt()).status).toBe(404);
    await shop.simulator.pay(order);
    expect((await agent.query(order.outTradeNo)).state).toBe('PAID');
    const keys = createRemoteJWKSet(new URL('/.well-known/jwks.json', origin));
    const how = { algorithms: ['ES256'], typ: 'cashier-receipt+jwt' };
    const { payload } = await jwtVerify((await (await receipt()).text()).trim(), keys, how);
    expect(payload).toMatchObject({ order_id: order.outTradeNo, amount: '1.00', simulated: true });
    const uri = `payment://receipts/${order.outTradeNo}`;
    const { contents } = await agent.server.client.readResource({ uri });
    const told = JSON.parse(String((contents[0] as { text: string }).text));
    expect(told).toMatchObject({ simulated: true, claims: payload });
    expect((await jwtVerify(told.receipt, keys, how)).payload).toEqual(payload);
    const { resourceTemplates } = await agent.server.client.listResourceTemplates();
    expect(resourceTemplates.map(({ uriTemplate }) => uriTemplate)).toContain(
      'payment://receipts/{outTradeNo}',
    );
    const foreign = { headers: { origin: 'https://evil.example' } };
    expect((await fetch(new URL('/.well-known/jwks.json', origin), foreign)).status).toBe(403);
  });
});
