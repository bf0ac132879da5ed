import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { closePayment } from '../../src/payments/close-payment.ts';
import { createPayment } from '../../src/payments/create-payment.ts';
import { freeze } from '../../src/policy/decisions.ts';
import { CANARY, channel, deliver, Endpoint, kind } from '../support/channels.ts';
import { CALL, payment, World } from '../support/world.ts';

let world: World;
let endpoint: Endpoint;
beforeEach(() => {
  world = new World(7);
  endpoint = new Endpoint(world.clock);
});
afterEach(() => world.end());

/** Until something is so, by the world's clock; fails after a long while of it. */
async function until(isSo: () => boolean, ms = 4 * 86_400_000): Promise<void> {
  const end = world.clock.now() + ms;
  while (!isSo()) {
    if (world.clock.now() > end) throw new Error('it never came to be');
    await world.clock.sleep(500);
  }
}
const types = (name: string) => endpoint.of(name).map(({ type }) => type);

describe('what a channel is told', () => {
  it('is what has happened since it began, once, in order', async () => {
    const till = await world.process();
    await world.sold(till, 'BEFORE_1');
    const running = await deliver(till, endpoint, [channel('boss')]);
    await world.sold(till, 'ORDER_1');
    await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_2' }));
    await closePayment(till, CALL, { outTradeNo: 'ORDER_2' });
    await until(() => endpoint.heard.length >= 2);
    await world.clock.sleep(60_000);
    await running.stop();
    expect(types('boss')).toEqual(['payment.paid', 'payment.closed']);
    expect(endpoint.heard[0]?.data).toMatchObject({
      ...{ outTradeNo: 'ORDER_1', state: 'PAID', amountYuan: '10.00', simulated: true },
    });
  });

  it('is what it asks for', async () => {
    const till = await world.process();
    const running = await deliver(till, endpoint, [
      channel('paid', { events: ['payment.paid'] }),
      channel('freezes', { events: ['freeze.*'] }),
    ]);
    await world.sold(till, 'ORDER_1');
    await till.ledger.write((book) => freeze(book, 'cli', 'enough'));
    await until(() => endpoint.heard.length >= 2);
    await running.stop();
    expect(types('paid')).toEqual(['payment.paid']);
    expect(endpoint.of('freezes')[0]?.data).toEqual({ by: 'cli', reason: 'enough', simulated: true });
  });

  it('is told again where nobody answered', async () => {
    const till = await world.process();
    let isSilent = true;
    endpoint.answer = async () => (isSilent ? 'silent' : {});
    const running = await deliver(till, endpoint, [channel('boss')]);
    await world.sold(till, 'ORDER_1');
    await world.clock.sleep(3_000);
    isSilent = false;
    await until(() => types('boss').length >= 1);
    await running.stop();
    expect(types('boss')).toEqual(['payment.paid']);
  });

  it('says nothing of its address where a message cannot be made', async () => {
    const till = await world.process();
    const said: string[] = [];
    const note = (...what: unknown[]) => void said.push(JSON.stringify(what));
    const spoilt = kind({
      open: ({ url }) => ({
        compose: () => {
          throw new Error(`cannot tell ${url.href}`);
        },
        judge: () => ({ is: 'delivered' }),
      }),
    });
    const log = { info: note, warn: note, error: note };
    const running = await deliver({ ...till, log }, endpoint, [channel('boss', { kind: spoilt })]);
    await world.sold(till, 'ORDER_1');
    await until(() => said.length > 0);
    await running.stop();
    expect(said.join()).toContain('could not be made');
    expect(said.join()).not.toContain(CANARY);
  });

  it('waits for one of its order, and for no other', async () => {
    const till = await world.process();
    let isDown = true;
    endpoint.answer = async (_, events) =>
      isDown && events.some(({ data }) => data.outTradeNo === 'ORDER_1') ? { status: 500 } : {};
    const running = await deliver(till, endpoint, [channel('boss')]);
    await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_1' }));
    await closePayment(till, CALL, { outTradeNo: 'ORDER_1' });
    // Late: the buyer had paid all the same.
    world.bank.pay('ORDER_1');
    await world.sold(till, 'ORDER_2');
    await until(() => endpoint.heard.length >= 1);
    expect(endpoint.heard.map(({ data }) => data.outTradeNo)).toEqual(['ORDER_2']);
    isDown = false;
    await until(() => endpoint.heard.length >= 2);
    await running.stop();
    expect(endpoint.heard[1]).toMatchObject({ type: 'payment.closed', data: { outTradeNo: 'ORDER_1' } });
  });

  it('is told by another process when the one that did is gone', async () => {
    const [one, other] = [await world.process(), await world.process()];
    // It never hears an answer, and says nothing any more.
    const silent = new Endpoint(world.clock);
    silent.answer = () => new Promise(() => undefined);
    await deliver(one, silent, [channel('boss')]);
    await world.sold(one, 'ORDER_1');
    await world.clock.sleep(3_000);
    const killedAt = world.clock.now();
    const second = await deliver(other, endpoint, [channel('boss')]);
    await until(() => endpoint.heard.length > 0);
    expect(world.clock.now() - killedAt).toBeLessThan(30_000);
    expect(types('boss')).toEqual(['payment.paid']);
    await second.stop();
  });

  it('is told by another process as soon as its rest is over, where the one that did is gone by then', async () => {
    const till = await world.process();
    let tried = 0;
    endpoint.answer = async () => {
      tried++;
      return { status: 500 };
    };
    const first = await deliver(till, endpoint, [channel('boss')]);
    await world.sold(till, 'ORDER_1');
    await until(() => tried > 0);
    await first.stop();
    const restUntil = world.clock.now() + 25_000;
    const store = await world.store();
    await store.write((tx) => tx.run("UPDATE channels SET holder = 'gone', rest_until = ?", restUntil));
    await store.close();
    const second = new Endpoint(world.clock);
    const running = await deliver(await world.process(), second, [channel('boss')]);
    await until(() => second.heard.length > 0);
    expect(world.clock.now() - restUntil).toBeLessThan(5_000);
    await running.stop();
  });

  it('keeps within the limits of its kind', async () => {
    const till = await world.process();
    const limited = kind({ limits: { perMinute: 6, bytes: 1_000 } });
    const running = await deliver(till, endpoint, [channel('boss', { kind: limited })]);
    for (let i = 0; i < 15; i++) await world.sold(till, `ORDER_${i}`);
    await until(() => endpoint.heard.length >= 15);
    await running.stop();
    const at = endpoint.heard.map((one) => one.at);
    for (const start of at) {
      expect(at.filter((one) => one >= start && one < start + 60_000).length).toBeLessThanOrEqual(6);
    }
  });

  it('is nothing more of one that says that it is gone, and the others are told', async () => {
    const till = await world.process();
    endpoint.answer = async (name) =>
      name === 'gone' ? { status: 410, body: JSON.stringify({ is: 'disable', why: 'removed' }) } : {};
    const channels = [channel('gone'), channel('boss', { events: ['payment.paid'] })];
    const running = await deliver(till, endpoint, channels);
    await world.sold(till, 'ORDER_1');
    await until(() => types('boss').length >= 2);
    await world.sold(till, 'ORDER_2');
    await until(() => types('boss').length >= 3);
    await world.clock.sleep(60_000);
    expect(types('boss')).toEqual(['payment.paid', 'channel.disabled', 'payment.paid']);
    expect(endpoint.of('boss')[1]?.data).toEqual({ channel: 'gone', why: 'removed', simulated: true });
    expect(types('gone')).toEqual([]);
    // It begins where it stopped.
    endpoint.answer = async () => ({});
    await till.ledger.write((book) => book.outbox.enable('gone'));
    await until(() => types('gone').length >= 2);
    await world.clock.sleep(60_000);
    await running.stop();
    expect(types('gone')).toEqual(['payment.paid', 'payment.paid']);
  });

  it('is given up where nothing arrives for as long as it is tried, and not before', async () => {
    const till = await world.process();
    endpoint.answer = async (name) => (name === 'boss' ? {} : { status: 500 });
    const running = await deliver(till, endpoint, [channel('dead'), channel('boss')]);
    await world.sold(till, 'ORDER_1');
    const since = world.clock.now();
    // A day of looks every second would take minutes: the clock goes on in leaps.
    await until(() => {
      world.clock.advance(10 * 60_000);
      return types('boss').includes('channel.disabled');
    });
    await running.stop();
    expect(world.clock.now() - since).toBeGreaterThan(86_400_000);
    expect(endpoint.of('boss').at(-1)?.data).toMatchObject({ channel: 'dead', why: 'unreachable' });
    const waiting = await till.ledger.read(({ outbox }) => outbox.waiting('dead'));
    // Nothing of it is lost: it is told when somebody has seen to it.
    expect(waiting).toMatchObject({ count: 1, refused: 0 });
  });

  it('puts aside what will never be taken, and goes on with its order', async () => {
    const till = await world.process();
    endpoint.answer = async (_, [first]) =>
      first?.type === 'payment.closed' ? { status: 400, body: JSON.stringify({ is: 'bug' }) } : {};
    const running = await deliver(till, endpoint, [channel('boss')]);
    await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_1' }));
    await closePayment(till, CALL, { outTradeNo: 'ORDER_1' });
    await till.ledger.write((book) => book.event({ outTradeNo: 'ORDER_1' }, 'alarm-foreign-trade', {}));
    await until(() => types('boss').length >= 1);
    await running.stop();
    expect(types('boss')).toEqual(['alarm.foreign-trade']);
    expect(await till.ledger.read(({ outbox }) => outbox.waiting('boss'))).toMatchObject({
      ...{ count: 0, refused: 1 },
    });
  });

  it.each([
    ['', false],
    [', and was put right while nobody was there', true],
  ])('waits for no clock that was ahead%s', async (_, isAway) => {
    const till = await world.process();
    endpoint.answer = async () => ({ status: 500 });
    world.clock.correct(20 * 3_600_000);
    let running = await deliver(till, endpoint, [channel('boss')]);
    await world.sold(till, 'ORDER_1');
    await world.clock.sleep(30_000);
    if (isAway) await running.stop();
    world.clock.correct(-20 * 3_600_000);
    endpoint.answer = async () => ({});
    const since = world.clock.now();
    if (isAway) running = await deliver(till, endpoint, [channel('boss')]);
    await until(() => types('boss').length >= 1);
    await running.stop();
    expect(world.clock.now() - since).toBeLessThan(15 * 60_000);
  });

  it('waits after a restart as long as before it', async () => {
    const till = await world.process();
    const tried: unknown[] = [];
    endpoint.answer = async (_, events) => {
      tried.push(...events.map(({ data }) => data.outTradeNo));
      return { status: 500 };
    };
    const times = (outTradeNo: string) => tried.filter((one) => one === outTradeNo).length;
    const oldest = () =>
      till.ledger.inspect((tx) => tx.all('SELECT due_at FROM deliveries ORDER BY seq LIMIT 1'));
    const running = await deliver(till, endpoint, [channel('boss')]);
    await world.sold(till, 'ORDER_1');
    await until(() => times('ORDER_1') === 3);
    await running.stop();
    const due = await oldest();
    const again = await deliver(till, endpoint, [channel('boss')]);
    await world.sold(till, 'ORDER_2');
    await until(() => times('ORDER_2') === 1);
    await again.stop();
    expect(times('ORDER_1')).toBe(3);
    expect(due[0]?.due_at).toBeGreaterThan(world.clock.now());
    expect(await oldest()).toEqual(due);
  });

  it('is what it was told before, where somebody asks for that', async () => {
    const till = await world.process();
    const running = await deliver(till, endpoint, [channel('boss')]);
    await world.sold(till, 'ORDER_1');
    await world.sold(till, 'ORDER_2');
    await until(() => types('boss').length >= 2);
    await till.ledger.write(async ({ outbox, trail }) => outbox.replay('boss', await trail.before(0)));
    await until(() => types('boss').length >= 4);
    await running.stop();
    const ids = endpoint.of('boss').map(({ id }) => id);
    expect(ids.slice(2)).toEqual(ids.slice(0, 2));
  });

  it('is kept for seven days after it was told, and no longer', async () => {
    const till = await world.process();
    const running = await deliver(till, endpoint, [channel('boss')]);
    await world.sold(till, 'ORDER_1');
    await until(() => types('boss').length >= 1);
    const rows = async () => (await till.ledger.inspect((tx) => tx.all('SELECT seq FROM deliveries'))).length;
    await running.stop();
    world.clock.advance(7 * 86_400_000 + 3_600_000);
    expect(await rows()).toBe(1);
    const again = await deliver(till, endpoint, [channel('boss')]);
    world.clock.advance(3_600_000);
    await world.clock.sleep(5_000);
    await again.stop();
    expect(await rows()).toBe(0);
  });
});
