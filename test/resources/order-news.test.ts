import type { ServerEvent } from '@modelcontextprotocol/server';
import { expect, it } from 'vitest';
import type { Clock } from '../../src/domain/clock.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import { closePayment } from '../../src/payments/close-payment.ts';
import { createPayment } from '../../src/payments/create-payment.ts';
import type { Identity } from '../../src/policy/identity.ts';
import { OrderNews } from '../../src/resources/order-news.ts';
import { CALL, payment, World } from '../support/world.ts';

const ANYBODY: Identity = { caller: 'test' };
/** In the order in which they were told. */
function hearing(news: OrderNews, identity = ANYBODY) {
  const told: string[] = [];
  const hear = (event: ServerEvent) => told.push('uri' in event ? event.uri : event.kind);
  return { told, leave: news.busOf(identity).subscribe(hear) };
}

/** Nobody awaits what is told: its rejection would end the process, whatever moves money in it. */
it.each([1, 2, 3, 4])('outlives a ledger that cannot be read at read %i', async (failing) => {
  const world = new World();
  const till = await world.process();
  const store = await world.store();
  let reads = 0;
  const broken: typeof store = {
    ...store,
    read: (work) => (++reads === failing ? Promise.reject(new Error('SQLITE_IOERR')) : store.read(work)),
  };
  const ledger = await Ledger.open(broken, 'simulator', till);
  const { told, leave } = hearing(new OrderNews({ ...till, ledger }));
  await world.clock.sleep(2_000);
  await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_1' }));
  await world.clock.sleep(2_000);
  await closePayment(till, CALL, { outTradeNo: 'ORDER_1' });
  await world.clock.sleep(2_000);
  leave();
  expect(told).toContain('payment://orders/ORDER_1');
  await ledger.close();
  await world.end();
});

it('each caller hears of what it may know, by whichever process, while its token is good', async () => {
  const world = new World();
  const [till, elsewhere] = [await world.process(), await world.process()];
  const own: Identity = { caller: 'test', ownOrdersOnly: true };
  const other: Identity = { caller: 'other', ownOrdersOnly: true };
  const ended: Identity = { caller: 'test' };
  const news = new OrderNews({ ...till, current: () => new Set([own, other, ANYBODY]) });
  const heard = [own, other, ANYBODY, ended].map((identity) => hearing(news, identity));
  await createPayment(elsewhere, CALL, payment({ outTradeNo: 'ORDER_1' }));
  await world.clock.sleep(1_000);
  const [mine, others, all, none] = heard.map(({ told }) => [...new Set(told)]);
  const uri = 'payment://orders/ORDER_1';
  expect({ mine, others, all, none }).toEqual({
    mine: [uri, 'resources_list_changed'],
    others: [],
    all: [uri, 'resources_list_changed'],
    none: [],
  });
  for (const { leave } of heard) leave();
  await world.end();
});

it('an order is new once, whatever the clock of the process that makes it says', async () => {
  const world = new World();
  const [till, elsewhere] = [await world.process(), await world.process()];
  const { told, leave } = hearing(new OrderNews(till));
  const isNew = () => told.filter((what) => what === 'resources_list_changed').length;
  const behind: Clock = {
    now: () => world.clock.now() - 30_000,
    sleep: (ms, signal) => world.clock.sleep(ms, signal),
  };
  const slow = {
    ...elsewhere,
    clock: behind,
    ledger: await Ledger.open(await world.store(), 'simulator', { ...till, clock: behind }),
  };
  for (const [i, where] of [till, slow, till, elsewhere].entries()) {
    await createPayment(where, CALL, payment({ outTradeNo: `ORDER_${i}` }));
    await world.clock.sleep(1_000);
    expect(isNew()).toBe(i + 1);
  }
  for (const outTradeNo of ['ORDER_0', 'ORDER_1']) await closePayment(till, CALL, { outTradeNo });
  await world.clock.sleep(1_000);
  expect(isNew()).toBe(4);
  leave();
  await slow.ledger.close();
  await world.end();
});
