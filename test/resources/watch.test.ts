import { expect, it } from 'vitest';
import { Ledger } from '../../src/ledger/ledger.ts';
import { createPayment } from '../../src/payments/create-payment.ts';
import { watchOrders } from '../../src/resources/watch.ts';
import { CALL, payment, World } from '../support/world.ts';

/** Nobody awaits the watch (`void watchOrders(…)`): its rejection would end the process, whatever moves money in it. */
it.each([1, 2, 3])('watching orders outlives a ledger that cannot be read at look %i', async (failing) => {
  const world = new World();
  const till = await world.process();
  const store = await world.store();
  let reads = 0;
  const broken: typeof store = {
    ...store,
    read: (work) => (++reads === failing ? Promise.reject(new Error('SQLITE_IOERR')) : store.read(work)),
  };
  const ledger = await Ledger.open(broken, 'simulator', till);
  const stop = new AbortController();
  const told: string[] = [];
  const watching = watchOrders({ ledger }, stop.signal, (number) => told.push(number));
  const ended = watching.then(
    () => 'ended',
    (error: Error) => `rejected: ${error.message}`,
  );
  await world.clock.sleep(2_000);
  await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_1' }));
  await world.clock.sleep(2_000);
  stop.abort();
  expect(await ended).toBe('ended');
  expect(told).toContain('ORDER_1');
  await ledger.close();
  await world.end();
});
