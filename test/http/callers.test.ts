import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readList, readPayment, readRefusal } from '../journeys/shapes.ts';
import { Shop } from '../journeys/shop.ts';
import { until } from '../support/server-process.ts';
import { ERAS, type HttpAgent, modernClient, Service } from './service.ts';
import { addToken } from './tokens.ts';

let shop: Shop;
let service: Service;
let file: string;
const tokens = { alice: '', bob: '', boss: '', reader: '' };
beforeAll(async () => {
  shop = await Shop.open();
  file = join(shop.home, 'tokens.json');
  tokens.alice = await addToken(shop, 'alice');
  tokens.bob = await addToken(shop, 'bob');
  tokens.boss = await addToken(shop, 'boss', '--orders', 'all');
  tokens.reader = await addToken(shop, 'reader', '--tools', 'list-payments,query-payment');
  service = await Service.start(shop);
});
afterAll(async () => {
  expect(await service.stop()).toBe(0);
  await shop.close();
});

const create = async (agent: HttpAgent, title: string) =>
  readPayment(await agent.call('create-payment', { provider: 'wechatpay', amountYuan: '5.00', title }));
const listed = async (agent: HttpAgent) =>
  readList(await agent.call('list-payments', { limit: 100 })).items.map(({ outTradeNo }) => outTradeNo);
const authorized = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
/** The status of a list of tools asked for with this token. */
const statusOf = async (token: string) => {
  const answer = await fetch(new URL('/mcp', service.origin), {
    method: 'POST',
    headers: {
      ...authorized(token).headers,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    },
    body: '{"jsonrpc":"2.0","id":1,"method":"tools/list"}',
  });
  await answer.text();
  return answer.status;
};

describe.each(ERAS)('two callers with a %s client', (era) => {
  it('do not see each other, and who may see all does', async () => {
    const [alice, bob, boss] = await Promise.all([
      service.agent(era, tokens.alice),
      service.agent(era, tokens.bob),
      service.agent(era, tokens.boss),
    ]);
    const [hers, his] = await Promise.all([create(alice, 'hers'), create(bob, 'his')]);
    expect(await listed(alice)).toContain(hers.outTradeNo);
    expect(await listed(alice)).not.toContain(his.outTradeNo);
    expect(await listed(boss)).toEqual(expect.arrayContaining([hers.outTradeNo, his.outTradeNo]));
    expect(await bob.resources()).toContain(`payment://orders/${his.outTradeNo}`);
    expect(await bob.resources()).not.toContain(`payment://orders/${hers.outTradeNo}`);
    await expect(bob.readResource(`payment://orders/${hers.outTradeNo}`)).rejects.toThrow();
    expect(await boss.readResource(`payment://orders/${hers.outTradeNo}`)).toContain(hers.outTradeNo);
    const { outTradeNo } = hers;
    const refused = readRefusal(await bob.call('query-payment', { outTradeNo }));
    const invented = readRefusal(await bob.call('query-payment', { outTradeNo: 'NEVER_WAS_1' }));
    // Word for word as if it did not exist.
    expect(refused).toEqual(invented);
    await Promise.all([alice.close(), bob.close(), boss.close()]);
  });

  it('have the tools that their tokens say', async () => {
    const reader = await service.agent(era, tokens.reader);
    expect(await reader.tools()).toEqual(['query-payment', 'list-payments']);
    await expect(reader.call('close-payment', { outTradeNo: 'ANY_000001' })).rejects.toThrow(/not found/);
    const alice = await service.agent(era, tokens.alice);
    expect(await alice.tools()).toHaveLength(6);
    await Promise.all([reader.close(), alice.close()]);
  });
});

describe('an identical call for one buyer', () => {
  it('of another caller is another payment', async () => {
    const [alice, bob] = await Promise.all([
      service.agent('modern', tokens.alice),
      service.agent('modern', tokens.bob),
    ]);
    const same = { provider: 'wechatpay', amountYuan: '8.00', title: 'same', buyer: 'carol' };
    const hers = readPayment(await alice.call('create-payment', same));
    expect(readPayment(await bob.call('create-payment', same)).outTradeNo).not.toBe(hers.outTradeNo);
    expect(readPayment(await alice.call('create-payment', same))).toMatchObject({
      outTradeNo: hers.outTradeNo,
      replayed: true,
    });
    await Promise.all([alice.close(), bob.close()]);
  });
});

describe('news', () => {
  it("of another caller's order are not heard by who listens to its number", async () => {
    const alice = await service.agent('modern', tokens.alice);
    const url = new URL('/mcp', service.origin);
    const [client, boss] = await Promise.all([
      modernClient(url, authorized(tokens.bob)),
      modernClient(url, authorized(tokens.boss)),
    ]);
    const heard = { bob: [] as string[], boss: [] as string[] };
    client.setNotificationHandler('notifications/resources/updated', ({ params }) => {
      heard.bob.push(params.uri);
    });
    boss.setNotificationHandler('notifications/resources/updated', ({ params }) => {
      heard.boss.push(params.uri);
    });
    const hers = await create(alice, 'hers');
    const bob = await service.agent('modern', tokens.bob);
    const his = await create(bob, 'his');
    const [herUri, hisUri] = [hers, his].map(({ outTradeNo }) => `payment://orders/${outTradeNo}`);
    const listen = { resourceSubscriptions: [herUri ?? '', hisUri ?? ''] };
    await Promise.all([client.listen(listen), boss.listen(listen)]);
    await alice.call('close-payment', { outTradeNo: hers.outTradeNo });
    await bob.call('close-payment', { outTradeNo: his.outTradeNo });
    await until(
      'both are heard of',
      () => (heard.boss.includes(hisUri ?? '') && heard.bob.length > 0) || undefined,
    );
    expect(heard.boss).toContain(herUri);
    expect(new Set(heard.bob)).toEqual(new Set([hisUri]));
    await Promise.all([alice.close(), bob.close(), client.close(), boss.close()]);
  });
});

describe('the tokens file, while the service runs', () => {
  it('lets in who is added, and out who is revoked, at once', async () => {
    const dave = await addToken(shop, 'dave');
    expect(await statusOf(dave)).toBe(200);
    const agent = await service.agent('legacy', dave);
    expect((await shop.command(['tokens', 'revoke', 'dave'])).code).toBe(0);
    expect(await statusOf(dave)).toBe(401);
    await expect(agent.call('list-payments', {})).rejects.toThrow();
    expect(await statusOf(tokens.alice)).toBe(200);
  });

  it('cuts the stream of who is revoked', async () => {
    const erin = await addToken(shop, 'erin');
    const client = await modernClient(new URL('/mcp', service.origin), authorized(erin));
    const stream = await client.listen({ resourceSubscriptions: ['payment://orders/ANY_000001'] });
    expect((await shop.command(['tokens', 'revoke', 'erin'])).code).toBe(0);
    expect(await statusOf(tokens.alice)).toBe(200);
    await stream.closed;
    await client.close();
  });

  it('counts as it last was while it cannot be read, and goes on when it can', async () => {
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.slice(0, -20));
    expect(await statusOf(tokens.alice)).toBe(200);
    expect(await statusOf('mcpc_nobody')).toBe(401);
    writeFileSync(file, text);
    expect(await statusOf(tokens.alice)).toBe(200);
  });

  it('holds no token, and is for its owner only', () => {
    const text = readFileSync(file, 'utf8');
    for (const token of Object.values(tokens)) expect(text).not.toContain(token);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });
});

it('says no token anywhere: not on stderr, not in the log', () => {
  const log = readFileSync(join(shop.home, 'cashier.log'), 'utf8');
  for (const token of Object.values(tokens)) {
    expect(log + service.stderr).not.toContain(token);
  }
});
