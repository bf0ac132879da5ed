import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Shop } from '../journeys/shop.ts';
import { Service } from './service.ts';
import { addToken } from './tokens.ts';

let shop: Shop;
let service: Service;
let token: string;
let other: string;
beforeAll(async () => {
  shop = await Shop.open();
  token = await addToken(shop, 'flood');
  other = await addToken(shop, 'other');
  service = await Service.start(shop);
});
afterAll(async () => {
  expect(await service.stop()).toBe(0);
  await shop.close();
});

/** The code that a call is refused with, undefined when it is not. */
async function call(by: string, name: string, args: object, meta: object = {}): Promise<string | undefined> {
  const answer = await fetch(`${service.origin}/mcp`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      authorization: `Bearer ${by}`,
    },
    body: JSON.stringify({
      ...{ jsonrpc: '2.0', id: 1, method: 'tools/call' },
      params: { name, arguments: args, _meta: meta },
    }),
  });
  const [, code] = /\\"code\\":\\"([A-Z_]+)\\"/.exec(await answer.text()) ?? [];
  return code;
}
describe('a caller whose every call is refused', () => {
  const meta = { 'example.com/conversation': 'x'.repeat(2_000) };
  const nonsense = { provider: 'wechatpay', amountYuan: 'much', title: 'flood' };

  it("is told to wait, leaves little behind, and is in nobody else's way", async () => {
    expect(await call(token, 'create-payment', nonsense, meta)).toBe('INVALID_ARGUMENT');
    let limited = false;
    const sender = async () => {
      while (!limited) limited = (await call(token, 'create-payment', nonsense, meta)) === 'TRY_LATER';
    };
    await Promise.all(Array.from({ length: 8 }, sender));
    expect(await call(token, 'list-payments', {})).toBeUndefined();
    expect(await call(other, 'create-payment', nonsense)).toBe('INVALID_ARGUMENT');
    const { stdout } = await shop.command(['audit', 'export', '--format', 'jsonl']);
    expect(stdout).toContain('calls-limited');
    expect(stdout).toContain('metaOmitted');
    expect(stdout).not.toContain('xxxxxxxxxx');
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThan(1_000);
    expect((await shop.command(['audit', 'verify'])).code).toBe(0);
  });

  it('is told so on stdio too', async () => {
    const agent = await shop.agent();
    let limited = false;
    while (!limited) limited = (await agent.refused('create-payment', nonsense)).code === 'TRY_LATER';
    expect((await agent.list()).items).toEqual([]);
  });
});

it('eleven hundred silent connections keep nobody out', async () => {
  const silent = await Promise.all(
    Array.from(
      { length: 1_100 },
      () =>
        new Promise<Socket>((resolve) => {
          const socket = connect({ port: service.port, host: '127.0.0.1' });
          socket.on('error', () => undefined);
          socket.once('connect', () => resolve(socket));
        }),
    ),
  );
  expect((await fetch(`${service.origin}/livez`)).status).toBe(200);
  expect(await call(other, 'list-payments', {})).toBeUndefined();
  for (const socket of silent) socket.destroy();
});
