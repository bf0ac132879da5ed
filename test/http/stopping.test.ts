import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Ledger } from '../../src/ledger/ledger.ts';
import { openSqliteStore } from '../../src/ledger/sqlite-store.ts';
import { systemClock, systemRandom } from '../../src/platform/system.ts';
import { readPayment } from '../journeys/shapes.ts';
import { Shop } from '../journeys/shop.ts';
import { ENDLESS_WAITS, until } from '../support/server-process.ts';
import { ERAS, modernClient, Service } from './service.ts';

const ports = { clock: systemClock, randomBytes: systemRandom };
const CREATE = /transactions\/native/;
let shop: Shop;
let ledger: Ledger;
beforeAll(async () => {
  shop = await Shop.open();
  ledger = await Ledger.open(
    await openSqliteStore(join(shop.home, 'simulator', 'ledger.db'), ports),
    'simulator',
    ports,
  );
});
afterAll(async () => {
  await ledger.close();
  await shop.close();
});

const recorded = (outTradeNo: string) => ledger.read((book) => book.orders.get(outTradeNo));
const beingSent = (outTradeNo: string) =>
  until('it is being sent', async () => (await recorded(outTradeNo))?.state === 'UNKNOWN' || undefined);
/** Each is another product: identical ones wait for each other. */
const sale = (outTradeNo: string) => ({
  ...{ provider: 'wechatpay', amountYuan: '1.00', outTradeNo },
  title: `stop ${outTradeNo}`,
});
/** A service whose creates reach the gateway only when they are released. */
async function heldBack() {
  const network = await shop.slowNetwork();
  const release = network.holdBack(CREATE);
  return { network, release, service: await Service.start(shop, { ...network.env, ...ENDLESS_WAITS }) };
}

describe.concurrent.each(ERAS)('told to stop, the service of a %s client', (era) => {
  it('records and tells what the gateway answers', async () => {
    const { service, release } = await heldBack();
    const agent = await service.agent(era);
    const outTradeNo = shop.number('STOP');
    const answer = agent.call('create-payment', sale(outTradeNo));
    await beingSent(outTradeNo);
    service.signal('SIGTERM');
    await until('it listens no more', async () =>
      fetch(`${service.origin}/livez`).then(
        ({ status }) => status === 503 || undefined,
        () => true,
      ),
    );
    expect((await recorded(outTradeNo))?.state).toBe('UNKNOWN');
    release();
    expect(readPayment(await answer)).toMatchObject({ outTradeNo, state: 'NOTPAY' });
    expect(await service.ended()).toBe(0);
    expect(await recorded(outTradeNo)).toMatchObject({
      state: 'NOTPAY',
      credential: { qrCode: expect.stringMatching(/^weixin:/) },
    });
  });

  it('records it although the client has gone before', async () => {
    const { service, release } = await heldBack();
    const agent = await service.agent(era);
    const outTradeNo = shop.number('GONE');
    const patience = new AbortController();
    const answer = agent.call('create-payment', sale(outTradeNo), { signal: patience.signal });
    await beingSent(outTradeNo);
    patience.abort();
    await expect(answer).rejects.toThrow();
    service.signal('SIGTERM');
    release();
    expect(await service.ended()).toBe(0);
    expect((await recorded(outTradeNo))?.state).toBe('NOTPAY');
  });

  it('ends a wait, with what is known', async () => {
    const service = await Service.start(shop, ENDLESS_WAITS);
    const agent = await service.agent(era);
    const { outTradeNo } = readPayment(
      await agent.call('create-payment', { provider: 'wechatpay', amountYuan: '1.00', title: 'awaited' }),
    );
    let heard = 0;
    const waiting = agent.call(
      'query-payment',
      { outTradeNo, waitSeconds: 50 },
      { onprogress: () => void heard++ },
    );
    await until('it waits', () => heard > 0 || undefined);
    service.signal('SIGTERM');
    expect(readPayment(await waiting).state).toBe('NOTPAY');
    expect(await service.ended()).toBe(0);
  });
});

it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('%s ends it in order', async (signal) => {
  const service = await Service.start(shop);
  service.signal(signal);
  expect(await service.ended()).toBe(0);
});

it('does not wait for who only listens, and tells them that it ends', async () => {
  const service = await Service.start(shop);
  const client = await modernClient(new URL('/mcp', service.origin));
  const stream = await client.listen({ resourceSubscriptions: ['payment://orders/ANY_000001'] });
  expect(await service.stop()).toBe(0);
  expect(await stream.closed).toBe('graceful');
  await client.close();
});

it('that was killed leaves the payment to the next one', async () => {
  const { service, network } = await heldBack();
  const agent = await service.agent('modern');
  const outTradeNo = shop.number('KILL');
  const lost = agent.call('create-payment', sale(outTradeNo)).catch(() => 'lost');
  await beingSent(outTradeNo);
  service.signal('SIGKILL');
  expect(await lost).toBe('lost');
  await service.ended();
  network.treat = () => 'pass';
  const next = await Service.start(shop, network.env);
  const again = await (await next.agent('legacy')).call('create-payment', sale(outTradeNo));
  expect(readPayment(again)).toMatchObject({ outTradeNo, state: 'NOTPAY' });
  expect(await next.stop()).toBe(0);
});
