import { expect, it } from 'vitest';
import { createPayment } from '../../src/payments/create-payment.ts';
import { watchOrders } from '../../src/resources/watch.ts';
import { CALL, payment, World } from '../support/world.ts';

/** Nobody awaits the watch (`void watchOrders(…)`): its rejection would end the process, whatever moves money in it. */
it('watching orders outlives a ledger that cannot be read for a moment', async () => {
  const world = new World();
  const cashier = await world.process();
  let reads = 0;
  const ledger = new Proxy(cashier.ledger, {
    get(target, name) {
      if (name === 'read' && ++reads === 2) return () => Promise.reject(new Error('SQLITE_IOERR'));
      const value = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const stop = new AbortController();
  const told: string[] = [];
  const watching = watchOrders({ ledger, clock: cashier.clock }, stop.signal, (number) => told.push(number));
  const ended = watching.then(
    () => 'ended',
    (error: Error) => `rejected: ${error.message}`,
  );
  await world.clock.sleep(2_000);
  await createPayment(cashier, CALL, payment({ outTradeNo: 'ORDER_1' }));
  await world.clock.sleep(2_000);
  stop.abort();
  expect(await ended).toBe('ended');
  expect(told).toContain('ORDER_1');
  await world.end();
});
