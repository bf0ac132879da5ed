import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PaymentList, readList, readPayment } from '../journeys/shapes.ts';
import { Shop } from '../journeys/shop.ts';
import {
  BODIES,
  type Expected,
  HOST_AND_ORIGIN,
  METHODS_AND_PATHS,
  OTHERS,
  post,
  type Row,
  type Target,
  TOKENS,
  toolCall,
  WIRE,
} from './hostile-rows.ts';
import { type HttpAgent, Service } from './service.ts';
import { addToken } from './tokens.ts';
import { type Answer, send } from './wire.ts';

let shop: Shop;
let service: Service;
let target: Target;
let admin: HttpAgent;
beforeAll(async () => {
  shop = await Shop.open();
  const alice = await addToken(shop, 'alice');
  const bob = await addToken(shop, 'bob');
  const reader = await addToken(shop, 'reader', '--tools', 'query-payment,list-payments', '--orders', 'all');
  const all = await addToken(shop, 'admin', '--orders', 'all');
  service = await Service.start(shop);
  admin = await service.agent('modern', all);
  const hers = await service.agent('legacy', alice);
  const order = readPayment(
    await hers.call('create-payment', { provider: 'wechatpay', amountYuan: '5.00', title: 'hers' }),
  ).outTradeNo;
  // Proven once, it does not change any more when the settler asks by itself.
  await hers.call('query-payment', { outTradeNo: order });
  await hers.close();
  const sha256 = createHash('sha256').update(alice).digest('hex');
  target = { port: service.port, alice, bob, reader, order, sha256 };
});
afterAll(async () => {
  await admin.close();
  expect(await service.stop()).toBe(0);
  expect(service.stdout).toBe('');
  // A stranger cannot fill the log: one line, the address.
  expect(service.stderr.trim().split('\n')).toEqual([expect.stringContaining('/mcp')]);
  await shop.close();
});

/** All that a refused request must leave as it is: the ledger, and what the gateway was asked to do. */
async function everything(): Promise<unknown> {
  const list: PaymentList = readList(await admin.call('list-payments', { limit: 100 }));
  const deeds = (await shop.simulator.calls()).filter(({ operation }) => !operation.startsWith('query'));
  return { list, deeds: deeds.map(({ operation, outTradeNo }) => `${operation} ${outTradeNo}`) };
}

function meets({ status, body }: Answer, expected: Expected): boolean {
  if (expected === 'cut') return status === undefined;
  if (expected === 'no') return status === 200 && /"isError":true|"error":\{/.test(body);
  return [expected].flat().some((one) => one === status);
}

describe.each([
  ['Host and Origin', HOST_AND_ORIGIN],
  ['methods and paths', METHODS_AND_PATHS],
  ['bodies', BODIES],
  ['what is on the wire', WIRE],
  ['tokens', TOKENS],
  ["others' orders and tools", OTHERS],
] as const satisfies readonly (readonly [string, readonly Row[]])[])('%s', (_, rows) => {
  it.each(rows)('$name', async ({ bytes, expected }) => {
    const before = await everything();
    const answer = await send(target.port, bytes(target));
    expect(meets(answer, expected), `${answer.status} ${answer.body.slice(0, 300)}`).toBe(true);
    expect(answer.body).not.toContain(target.alice);
    if (answer.status === 401) expect(answer.headers.toLowerCase()).toContain('www-authenticate: bearer');
    expect(await everything()).toEqual(before);
    expect(service.running).toBe(true);
  });
});

describe.concurrent('slowness', () => {
  it('in the headers is cut', async () => {
    const answer = await send(target.port, `POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:${target.port}\r\nX: `, {
      trickle: 200,
    });
    expect(answer.status).toBe(408);
  });

  it.each(['/mcp', '/notify/alipay'])('in the body of %s is cut', async (path) => {
    const slow = post(target, { 'Content-Length': '60000' }, '{', `POST ${path} HTTP/1.1`);
    const answer = await send(target.port, slow, { trickle: 200 });
    expect([408, 400, undefined]).toContain(answer.status);
  });

  it('of one does not keep another waiting', async () => {
    const slow = send(target.port, post(target, { 'Content-Length': '100000' }, '{'), { trickle: 200 });
    const other = fetch(`${service.origin}/livez`).then(({ status }) => `answered ${status}`);
    expect(await Promise.race([other, slow])).toBe('answered 200');
    await slow;
  });

  it('of who leaves in the middle of a call for a payment makes no payment', async () => {
    const before = await everything();
    await send(target.port, post(target, { 'Content-Length': '100000' }), { hangUp: true });
    expect(await everything()).toEqual(before);
  });
});

it('lets in who is right, so that the rows prove something', async () => {
  const list = toolCall('list-payments', {});
  const names = [`127.0.0.1:${target.port}`, `localhost:${target.port}`, `LOCALHOST:${target.port}`];
  for (const Host of names) {
    const answer = await send(
      target.port,
      post(target, { Host, Origin: `http://${Host.toLowerCase()}` }, list),
    );
    expect([answer.status, answer.body.includes(target.order)]).toEqual([200, true]);
  }
  const anyCase = { Authorization: `bearer ${target.alice}` };
  expect((await send(target.port, post(target, anyCase, list))).status).toBe(200);
});
