import { setMaxListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CashierError } from '../../src/domain/errors.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import { createPayment } from '../../src/payments/create-payment.ts';
import { Desk } from '../../src/payments/desk.ts';
import { queryPayment } from '../../src/payments/query-payment.ts';
import { queryRefund } from '../../src/payments/query-refund.ts';
import { refundPayment } from '../../src/payments/refund-payment.ts';
import { runSettler } from '../../src/payments/settler.ts';
import { Shared } from '../../src/payments/shared.ts';
import type { Call, Till } from '../../src/payments/till.ts';
import { openOrders } from '../support/open-orders.ts';
import { CALL, payment, refund, World } from '../support/world.ts';

let world: World;
let till: Till;
let stop: AbortController;
let running: Promise<unknown>[];
/** When (ms) which question was sent. */
let sent: { at: number; number: string }[];

beforeEach(async () => {
  world = new World();
  till = await world.process();
  stop = new AbortController();
  running = [];
  sent = [];
  world.bank.fault = (operation, number) => {
    if (operation.startsWith('query')) sent.push({ at: world.clock.now(), number });
    return 'none';
  };
});
afterEach(async () => {
  stop.abort();
  await Promise.all(running);
  await world.end();
});

const wait = (process: Till, outTradeNo: string, waitSeconds: number, call: Call = CALL) =>
  queryPayment(process, call, { outTradeNo, waitSeconds });
const settle = (process: Till) => void running.push(runSettler(process, stop.signal));
/** The most questions within any second. */
const busiest = () =>
  Math.max(...sent.map(({ at }) => sent.filter((other) => other.at >= at && other.at < at + 1000).length));

/** A process whose reads of the ledger are counted. */
async function counted(): Promise<{ process: Till; reads: () => number; end: () => Promise<void> }> {
  const store = await world.store();
  let reads = 0;
  const counting: typeof store = {
    ...store,
    read: (work) => {
      reads += 1;
      return store.read(work);
    },
    write: (work) => {
      reads += 1;
      return store.write(work);
    },
  };
  const ledger = await Ledger.open(counting, 'simulator', till);
  const desk = new Desk({ ledger, clock: world.clock });
  return { process: { ...till, ledger, desk }, reads: () => reads, end: () => ledger.close() };
}

describe('calls that wait', () => {
  it('2,000 of them on 40 orders share the pace and end in time', async () => {
    const callers = Array.from({ length: 40 }, (_, i) => `caller${i}`);
    await openOrders(till, world.bank, 40, (i) => ({ outTradeNo: `ORDER_${i}`, caller: `caller${i}` }));
    const startedAt = world.clock.now();
    const ended = callers.flatMap((caller, i) =>
      Array.from({ length: 50 }, async () => {
        const { order } = await wait(till, `ORDER_${i}`, 50, { caller });
        return { state: order.state, after: world.clock.now() - startedAt };
      }),
    );
    const ends = await Promise.all(ended);
    expect(new Set(ends.map(({ state }) => state))).toEqual(new Set(['NOTPAY']));
    expect(Math.max(...ends.map(({ after }) => after))).toBeLessThanOrEqual(52_000);
    expect(busiest()).toBeLessThanOrEqual(21);
    expect(new Set(sent.map(({ number }) => number)).size, 'every order is asked about').toBe(40);
  });

  it('share one question, in one process and in three', async () => {
    await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_1' }));
    const processes = [till, await world.process(), await world.process()];
    await Promise.all(
      processes.flatMap((process) => Array.from({ length: 50 }, () => wait(process, 'ORDER_1', 50))),
    );
    expect(sent.length).toBeGreaterThan(15);
    expect(sent.length).toBeLessThanOrEqual(50);
  });

  it.each([1, 3])('hear of a payment within 3 s, whichever of %i processes asks', async (count) => {
    await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_1' }));
    const processes = await Promise.all(
      Array.from({ length: count }, (_, i) => (i === 0 ? till : world.process())),
    );
    const waits = processes.map(async (process) => {
      const { order } = await wait(process, 'ORDER_1', 50);
      return { state: order.state, at: world.clock.now() };
    });
    await world.clock.sleep(9_000);
    world.bank.pay('ORDER_1');
    const paidAt = world.clock.now();
    for (const { state, at } of await Promise.all(waits)) {
      expect(state).toBe('PAID');
      expect(at - paidAt).toBeLessThanOrEqual(3_000);
    }
  });

  it('cost the ledger nothing each', async () => {
    await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_1' }));
    const { process, reads, end } = await counted();
    const cost = async (waiters: number) => {
      const stopped = new AbortController();
      setMaxListeners(0, stopped.signal);
      const call = { ...CALL, signal: stopped.signal };
      const waits = Array.from({ length: waiters }, () => wait(process, 'ORDER_1', 50, call));
      await world.clock.sleep(5_000);
      const before = reads();
      await world.clock.sleep(20_000);
      const during = reads() - before;
      stopped.abort();
      await Promise.all(waits);
      return during;
    };
    const one = await cost(1);
    expect(await cost(50)).toBeLessThanOrEqual(one + 5);
    await end();
  });

  it('are at most 50 of a caller; one more asks nothing, and another caller may', async () => {
    await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_1' }));
    const waits = Array.from({ length: 50 }, () => wait(till, 'ORDER_1', 10));
    await world.clock.sleep(1_000);
    const before = sent.length;
    const refused = await wait(till, 'ORDER_1', 10).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(CashierError);
    expect(refused).toMatchObject({ code: 'TRY_LATER', details: { retryAfterSeconds: expect.any(Number) } });
    expect(sent.length).toBe(before);
    expect((await wait(till, 'ORDER_1', 0)).order.state, 'without waiting').toBe('NOTPAY');
    expect((await wait(till, 'ORDER_1', 1, { caller: 'other' })).order.state).toBe('NOTPAY');
    await Promise.all(waits);
    expect((await wait(till, 'ORDER_1', 1)).order.state, 'there is room again').toBe('NOTPAY');
  });

  it('wait no longer because the clock is set back', async () => {
    await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_1' }));
    let ended = false;
    const waiting = wait(till, 'ORDER_1', 10).then(() => {
      ended = true;
    });
    await world.clock.sleep(5_000);
    world.clock.correct(-3_600_000);
    await world.clock.sleep(7_000);
    expect(ended).toBe(true);
    await waiting;
  });

  it('say at the end that the gateway did not answer', async () => {
    await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_1' }));
    world.bank.fault = () => 'lost-before';
    await expect(wait(till, 'ORDER_1', 5)).rejects.toMatchObject({
      code: 'OUTCOME_UNKNOWN',
      details: { state: 'NOTPAY' },
    });
  });
});

describe('questions', () => {
  it.each(['payment', 'refund'] as const)('about one %s at the same time are one', async (kind) => {
    await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_1' }));
    if (kind === 'refund') {
      world.bank.pay('ORDER_1');
      world.bank.refundsProcessFirst = true;
      await refundPayment(till, CALL, refund({ outTradeNo: 'ORDER_1', outRefundNo: 'R1' }));
    }
    sent.length = 0;
    const ask = (): Promise<unknown> =>
      kind === 'payment'
        ? wait(till, 'ORDER_1', 0)
        : queryRefund(till, CALL, { outTradeNo: 'ORDER_1', outRefundNo: 'R1' });
    await Promise.all(Array.from({ length: 100 }, ask));
    expect(sent.length).toBeGreaterThan(0);
    expect(sent.length).toBeLessThanOrEqual(2);
  });

  it('that were sent before somebody asks are not the answer to that', async () => {
    const shared = new Shared<number>();
    const answers: ((n: number) => void)[] = [];
    const ask = () =>
      shared.share(
        'k',
        async () => undefined,
        () => new Promise<number>((resolve) => answers.push(resolve)),
      );
    const first = [ask(), ask()];
    await new Promise(setImmediate);
    const later = [ask(), ask()];
    await new Promise(setImmediate);
    expect(answers.length).toBe(1);
    answers[0]?.(1);
    expect(await Promise.all(first)).toEqual([1, 1]);
    await new Promise(setImmediate);
    answers[1]?.(2);
    expect(await Promise.all(later)).toEqual([2, 2]);
  });

  it('of all processes, callers and the settler keep the pace of 20 a second', async () => {
    await openOrders(till, world.bank, 300, (i) => ({
      outTradeNo: `ORDER_${i}`,
      caller: `caller${i % 7}`,
    }));
    world.clock.advance(6_000);
    const other = await world.process();
    for (const process of [till, other]) settle(process);
    const asking = Array.from({ length: 80 }, (_, i) =>
      wait(i % 2 === 0 ? till : other, `ORDER_${i}`, 0, { caller: `caller${i % 7}` }),
    );
    await Promise.all(asking);
    await world.clock.sleep(5_000);
    expect(busiest()).toBeLessThanOrEqual(21);
    expect(sent.length, 'and use it').toBeGreaterThan(80);
  });

  it('of a call come before those that nobody waits for', async () => {
    await openOrders(till, world.bank, 600, (i) => ({ outTradeNo: `ORDER_${i}` }));
    await createPayment(till, CALL, payment({ outTradeNo: 'MINE_1' }));
    world.clock.advance(6_000);
    for (const process of [till, await world.process()]) settle(process);
    await world.clock.sleep(3_000);
    const askedAt = world.clock.now();
    await wait(till, 'MINE_1', 0);
    expect(world.clock.now() - askedAt).toBeLessThanOrEqual(400);
  });

  it('of the settler go on while calls take all that they can', async () => {
    await openOrders(till, world.bank, 30, (i) => ({ outTradeNo: `ORDER_${i}` }));
    await createPayment(till, CALL, payment({ outTradeNo: 'FRESH_1' }));
    settle(till);
    const busy = Array.from({ length: 30 }, async (_, i) => {
      const until = world.clock.now() + 15_000;
      while (world.clock.now() < until) await wait(till, `ORDER_${i}`, 0);
    });
    await Promise.all(busy);
    expect(sent.map(({ number }) => number)).toContain('FRESH_1');
    expect(busiest()).toBeLessThanOrEqual(21);
  });

  it('beyond 50 of one caller at a time are refused, unsent', async () => {
    await openOrders(till, world.bank, 70, (i) => ({ outTradeNo: `ORDER_${i}` }));
    const answers = await Promise.allSettled(
      Array.from({ length: 70 }, (_, i) => wait(till, `ORDER_${i}`, 0)),
    );
    const refused = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []));
    expect(refused.length).toBeGreaterThan(0);
    expect(sent.length).toBe(70 - refused.length);
    for (const error of refused) {
      expect(error).toMatchObject({ code: 'TRY_LATER', details: { retryAfterSeconds: expect.any(Number) } });
    }
  });
});

describe('what nobody asks about', () => {
  it('a fresh order of one caller is asked for within 15 s beside 1,500 open ones of another', async () => {
    const old = world.clock.now() - 20 * 60_000;
    await openOrders(till, world.bank, 1_500, (i) => ({
      outTradeNo: `ORDER_${i}`,
      caller: 'flood',
      createdAt: old,
      sentAt: old,
      asked: 30,
      askAt: world.clock.now() - 30_000 + i * 20,
    }));
    settle(till);
    await world.clock.sleep(10_000);
    await createPayment(till, { caller: 'other' }, payment({ outTradeNo: 'FRESH_1' }));
    await world.clock.sleep(1_000);
    world.bank.pay('FRESH_1');
    await world.clock.sleep(14_000);
    expect(await till.ledger.read((book) => book.orders.get('FRESH_1'))).toMatchObject({ state: 'PAID' });
    expect(sent.length, 'the flood is asked for as well').toBeGreaterThan(300);
  });

  it('no caller stands behind the fresh orders of another', async () => {
    await openOrders(till, world.bank, 900, (i) => ({
      outTradeNo: `ORDER_${i}`,
      caller: i < 890 ? 'flood' : `small${i}`,
      askAt: world.clock.now() + (i < 890 ? 0 : 1_000),
    }));
    settle(till);
    await world.clock.sleep(15_000);
    const small = new Set(sent.map(({ number }) => Number(number.slice(6))).filter((i) => i >= 890));
    expect(small.size).toBe(10);
  });

  it('refunds in doubt do not stand behind orders', async () => {
    await createPayment(till, CALL, payment({ outTradeNo: 'PAID_1' }));
    world.bank.pay('PAID_1');
    world.bank.refundsProcessFirst = true;
    await refundPayment(till, CALL, refund({ outTradeNo: 'PAID_1', outRefundNo: 'R1' }));
    await openOrders(till, world.bank, 1_500, (i) => ({
      outTradeNo: `ORDER_${i}`,
      asked: 30,
      askAt: world.clock.now(),
    }));
    settle(till);
    await world.clock.sleep(20_000);
    expect(await till.ledger.read((book) => book.refunds.get('PAID_1', 'R1'))).toMatchObject({
      state: 'SUCCESS',
    });
  });

  it('a gateway that is silent on one question is asked the others', async () => {
    await openOrders(till, world.bank, 20, (i) => ({ outTradeNo: `ORDER_${i}` }));
    world.bank.delay = async (operation) => {
      if (operation === 'query' && sent.length === 1) await new Promise(() => undefined);
    };
    void runSettler(till, stop.signal);
    await world.clock.sleep(15_000);
    expect(new Set(sent.map(({ number }) => number)).size).toBe(20);
  });

  it.each([
    ['2 minutes', 120_000],
    ['an hour', 3_600_000],
    ['a year', 365 * 86_400_000],
  ] as const)('is asked for within 15 s after a clock that was %s ahead is corrected', async (_, ahead) => {
    world.clock.correct(ahead);
    await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_1' }));
    settle(till);
    await world.clock.sleep(30_000);
    world.clock.correct(-ahead);
    const before = sent.length;
    await world.clock.sleep(15_000);
    expect(sent.length).toBeGreaterThan(before);
  });

  it('is not asked for more often because the clocks of two machines are a little apart', async () => {
    const [bank] = till.providers.values();
    if (!bank) throw new Error('no provider');
    const slow = {
      ...bank,
      refundRules: { ...bank.refundRules, askAfterMs: [10_000, 1_800_000] },
      queryRefund: async (outTradeNo: string, outRefundNo: string) => {
        const told = await bank.queryRefund(outTradeNo, outRefundNo);
        return told.exists ? { ...told, state: 'PROCESSING' as const } : told;
      },
    };
    world.bank.refundsProcessFirst = true;
    const here = { ...till, providers: new Map([[slow.id, slow]]) };
    await createPayment(here, CALL, payment({ outTradeNo: 'ORDER_1' }));
    world.bank.pay('ORDER_1');
    await refundPayment(here, CALL, refund({ outTradeNo: 'ORDER_1', outRefundNo: 'R1' }));
    await createPayment(here, CALL, payment({ outTradeNo: 'ORDER_2' }));
    const clock = {
      now: () => world.clock.now() + 30_000,
      sleep: (...args: Parameters<typeof world.clock.sleep>) => world.clock.sleep(...args),
    };
    const ledger = await Ledger.open(await world.store(), 'simulator', {
      ...till,
      clock,
    });
    settle(here);
    settle({ ...here, clock, ledger, desk: new Desk({ ledger, clock }) });
    await world.clock.sleep(20 * 60_000);
    expect(sent.filter(({ number }) => number === 'R1').length).toBeLessThanOrEqual(3);
    stop.abort();
    await Promise.all(running);
    await ledger.close();
  });

  it('is asked for by a process that starts after the clock was corrected', async () => {
    world.clock.correct(3_600_000);
    await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_1' }));
    settle(till);
    await world.clock.sleep(30_000);
    stop.abort();
    await Promise.all(running);
    stop = new AbortController();
    world.clock.correct(-3_600_000);
    const before = sent.length;
    settle(await world.process());
    await world.clock.sleep(15_000);
    expect(sent.length).toBeGreaterThan(before);
  });
});
