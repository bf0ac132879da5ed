import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Agent, Shop } from '../journeys/shop.ts';
import { freePort } from '../support/free-port.mjs';
import { until } from '../support/server-process.ts';
import { HOST_AND_ORIGIN, type Target } from './hostile-rows.ts';
import { request, send } from './wire.ts';

let shop: Shop;
let agent: Agent;
let target: Target;
let page: string;
beforeAll(async () => {
  const port = await freePort();
  shop = await Shop.open({ env: { CASHIER_HTTP_PORT: String(port) } });
  agent = await shop.agent();
  const order = await agent.create({ provider: 'wechatpay', amountYuan: '5.00', title: 'ours' });
  page = new URL(order.cashierUrl ?? '').pathname;
  target = { ...{ port, alice: 'a', bob: 'b', reader: 'c', sha256: 'd' }, order: order.outTradeNo };
  await until('the port is served', () =>
    fetch(`http://127.0.0.1:${port}${page}`).then(
      () => true,
      () => undefined,
    ),
  );
});
afterAll(() => shop.close());

const host = () => ({ Host: `127.0.0.1:${target.port}`, Connection: 'close' });
async function unharmed() {
  expect(await agent.known(target.order)).toMatchObject({ state: 'NOTPAY' });
}

describe('the listener beside stdio', () => {
  it.each(HOST_AND_ORIGIN)('refuses $name', async ({ bytes, expected }) => {
    const { status } = await send(target.port, bytes(target));
    expect([expected].flat()).toContain(status);
    await unharmed();
  });

  it.each([
    ['POST /mcp', 404],
    ['GET /mcp', 404],
    ['GET /livez', 404],
    ['GET /notify/alipay', 404],
    ['PUT /notify/alipay', 404],
    ['DELETE /notify/wechatpay', 404],
    ['POST /notify/paypal', 404],
    ['POST /notify/wechatpay/x', 404],
    ['GET /', 404],
    ['TRACE /', 404],
    ['PAY /', 400],
  ])('%s is %i', async (line, status) => {
    expect((await send(target.port, request(`${line} HTTP/1.1`, host()))).status).toBe(status);
    await unharmed();
  });

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('gives a page to nobody who says %s', async (method) => {
    expect((await send(target.port, request(`${method} ${page} HTTP/1.1`, host()))).status).toBe(405);
    expect((await send(target.port, request(`GET ${page} HTTP/1.1`, host()))).status).toBe(200);
  });

  it.each([
    ['a length of 65 KiB', 65 * 1024],
    ['a length of 1 GiB', 2 ** 30],
  ])('takes no notification with %s', async (_, length) => {
    const headers = { ...host(), 'Content-Length': String(length) };
    const body = 'x'.repeat(Math.min(length, 1024));
    const { status } = await send(target.port, request('POST /notify/wechatpay HTTP/1.1', headers, body));
    expect(status).toBe(413);
  });

  it('says to a browser that there is nothing', async () => {
    const answer = await fetch(`http://127.0.0.1:${target.port}/`);
    expect([answer.status, await answer.text()]).toEqual([
      404,
      expect.stringMatching(/没有这个页面.*\nThere is no/),
    ]);
  });

  it('cuts who is slow', async () => {
    const headers = { ...host(), 'Content-Length': '60000' };
    const slow = request('POST /notify/wechatpay HTTP/1.1', headers, '{');
    const answer = await send(target.port, slow, { trickle: 200 });
    expect([400, 408, undefined]).toContain(answer.status);
    await unharmed();
  });
});
