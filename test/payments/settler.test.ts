import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fen } from '../../src/domain/money.ts';
import { Asking } from '../../src/ledger/asking.ts';
import { closePayment } from '../../src/payments/close-payment.ts';
import { createPayment } from '../../src/payments/create-payment.ts';
import { queryPayment } from '../../src/payments/query-payment.ts';
import { refundPayment } from '../../src/payments/refund-payment.ts';
import { runSettler } from '../../src/payments/settler.ts';
import type { Till } from '../../src/payments/till.ts';
import { freeze, unfreeze } from '../../src/policy/decisions.ts';
import { inEnglish } from '../support/presenter.ts';
import { CALL, payment, person, refund, World } from '../support/world.ts';

let world: World;
let till: Till;
let stop: AbortController;
let settlers: Promise<void>[];
const settle = (process: Till) => settlers.push(runSettler(process, stop.signal));
const order = (no: string) => till.ledger.read((book) => book.orders.get(no));
const asked = (operation: string) => world.bank.calls.filter((call) => call.operation === operation);
/** Lets `ms` of the world's time go by. */
const pass = (ms: number) => world.clock.sleep(ms);

beforeEach(async () => {
  world = new World();
  till = await world.process();
  stop = new AbortController();
  settlers = [];
});
afterEach(async () => {
  stop.abort();
  await Promise.all(settlers);
  await world.end();
});

describe('the settler', () => {
  it('learns of a payment within 15 s although no tool asks', async () => {
    await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_1' }));
    settle(till);
    await pass(20_000);
    world.bank.pay('ORDER_1');
    await pass(15_000);
    expect(await order('ORDER_1')).toMatchObject({ state: 'PAID', source: 'query', askAt: undefined });
    const before = asked('query').length;
    await pass(3_600_000);
    expect(asked('query').length, 'PAID is not asked for').toBe(before);
  });

  it('goes on for the others where one account cannot be seen to, and does not say that it went round', async () => {
    await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_1' }));
    world.bank.pay('ORDER_1');
    const { earliest } = Asking.prototype;
    const spy = vi.spyOn(Asking.prototype, 'earliest').mockImplementation(function (this: Asking, account) {
      if (account === 'broken') throw new Error('broken');
      return earliest.call(this, account);
    });
    const [provider] = till.providers.values();
    if (!provider) throw new Error('no provider');
    const broken = { ...provider, account: 'broken', owns: () => false };
    const rounds: number[] = [];
    const both = new Map([
      ['wechatpay' as const, broken],
      ['alipay' as const, provider],
    ] as const);
    settlers.push(
      runSettler({ ...till, providers: both }, stop.signal, () => rounds.push(world.clock.now())),
    );
    await pass(15_000);
    expect(await order('ORDER_1')).toMatchObject({ state: 'PAID' });
    expect(rounds).toEqual([]);
    spy.mockRestore();
    await pass(2_000);
    expect(rounds.length).toBeGreaterThan(0);
  });

  it('asks ever more rarely, and once more when the order expires', async () => {
    await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_1', expiresInMinutes: 30 }));
    settle(till);
    await pass(30 * 60_000);
    expect(asked('query').length).toBeGreaterThan(25);
    expect(asked('query').length).toBeLessThan(50);
    const trade = world.bank.trades.get('ORDER_1');
    if (trade) trade.state = 'CLOSED';
    await pass(5_000);
    expect(await order('ORDER_1')).toMatchObject({ state: 'CLOSED' });
  });

  it.each(['none', 'unavailable', 'lost-before', 'lost-after'] as const)(
    'closes what has run out unpaid, which the gateway need not do by itself (%s)',
    async (fault) => {
      await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_1', expiresInMinutes: 1 }));
      world.failing('close', fault, 1);
      settle(till);
      await pass(59_000);
      expect(asked('close')).toEqual([]);
      await pass(fault === 'none' ? 10_000 : 2 * 60_000);
      expect(world.bank.trades.get('ORDER_1')?.state).toBe('CLOSED');
      expect(await order('ORDER_1')).toMatchObject({ state: 'CLOSED', closing: false });
      const story = await till.ledger.read((book) => book.audit.ofOrder('ORDER_1'));
      const intents = story.filter(({ kind }) => kind === 'close-intended');
      expect(intents).toMatchObject([{ caller: 'settler' }]);
    },
  );

  it('speaks of no time in which what has run out can still be paid, while the close cannot be sent', async () => {
    await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_1', expiresInMinutes: 1 }));
    world.failing('close', 'unavailable', Number.POSITIVE_INFINITY);
    await pass(61_000);
    const result = await queryPayment(till, CALL, { outTradeNo: 'ORDER_1', waitSeconds: 0 });
    expect(result.order).toMatchObject({ state: 'NOTPAY', closing: true });
    const present = inEnglish(world);
    const { structured } = await present.payment(result);
    expect(structured).toMatchObject({ nextStep: expect.stringContaining('The time to pay is over') });
  });

  it('closes nothing while it is frozen, and nothing that turns out to be paid', async () => {
    await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_1', expiresInMinutes: 1 }));
    await till.ledger.write((book) => freeze(book, 'page', undefined));
    settle(till);
    await pass(3 * 60_000);
    expect(asked('close')).toEqual([]);
    world.bank.pay('ORDER_1');
    const operator = await person(till);
    await till.ledger.write((book) => unfreeze(book, operator));
    await pass(2 * 60_000);
    expect(await order('ORDER_1')).toMatchObject({ state: 'PAID', closing: false });
    expect(asked('close')).toEqual([]);
  });

  it('closes a create that never arrived, and finishes a close that had to wait', async () => {
    let lost = true;
    world.bank.fault = (op) => (op === 'create' && lost ? 'lost-before' : 'none');
    await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_1', title: 'a', expiresInMinutes: 1 }));
    lost = false;
    await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_2', title: 'b' }));
    const trade = world.bank.trades.get('ORDER_2');
    world.bank.trades.delete('ORDER_2');
    await closePayment(till, CALL, { outTradeNo: 'ORDER_2' });
    settle(till);
    await pass(60_000);
    if (trade) world.bank.trades.set('ORDER_2', trade);
    await pass(6 * 60_000);
    expect(await order('ORDER_1')).toMatchObject({ state: 'CLOSED' });
    expect(await order('ORDER_2')).toMatchObject({ state: 'CLOSED', closing: false });
    expect(world.bank.trades.get('ORDER_2')?.state).toBe('CLOSED');
  });

  it.each(['lost-before', 'lost-after', 'crash-before', 'crash-after'] as const)(
    'settles a %s refund with the same number, once',
    async (fault) => {
      await world.sold(till);
      let faults = 1;
      world.bank.fault = (op) => (op === 'refund' && faults-- > 0 ? fault : 'none');
      void refundPayment(till, CALL, refund({ outTradeNo: 'ORDER_1', outRefundNo: 'R1' }));
      await pass(1_000);
      const survivor = await world.process();
      settle(survivor);
      await pass(120_000);
      const settled = await survivor.ledger.read((book) => book.refunds.get('ORDER_1', 'R1'));
      expect(settled).toMatchObject({ state: 'SUCCESS', askAt: undefined });
      expect(world.bank.refundedFen('ORDER_1')).toBe(100);
    },
  );

  it('takes the first miss of a lagging replica for nothing: a refund that arrived is not sent again', async () => {
    await world.sold(till);
    let [sent, missed] = [0, 0];
    world.bank.fault = (op) => {
      if (op === 'refund') return sent++ === 0 ? 'lost-after' : 'none';
      return op === 'query-refund' && missed++ === 0 ? 'lag' : 'none';
    };
    await refundPayment(till, CALL, refund({ outTradeNo: 'ORDER_1', outRefundNo: 'R1' }));
    settle(till);
    await pass(120_000);
    expect(asked('query-refund').length, 'questions').toBeGreaterThan(1);
    expect(asked('refund')).toHaveLength(1);
    expect(await till.ledger.read((book) => book.refunds.get('ORDER_1', 'R1'))).toMatchObject({
      state: 'SUCCESS',
    });
  });

  it.each(['declined', 'unavailable', 'lost-before'] as const)(
    'does not shout where the gateway takes no refund that it sends again: %s',
    async (fault) => {
      const errors: string[] = [];
      till = { ...till, log: { ...till.log, error: (event) => errors.push(event) } };
      await world.sold(till);
      world.failing('refund', 'lost-before');
      await refundPayment(till, CALL, refund({ outTradeNo: 'ORDER_1', outRefundNo: 'R1' }));
      world.failing('refund', fault);
      settle(till);
      await pass(120_000);
      expect(asked('refund').length).toBeGreaterThan(1);
      expect(errors).toEqual([]);
    },
  );

  it('goes on through a gateway that does not answer', async () => {
    await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_1' }));
    world.bank.pay('ORDER_1');
    world.bank.fault = () => 'lost-before';
    settle(till);
    await pass(120_000);
    expect(await order('ORDER_1')).toMatchObject({ state: 'NOTPAY' });
    world.bank.fault = () => 'none';
    await pass(60_000);
    expect(await order('ORDER_1')).toMatchObject({ state: 'PAID' });
  });

  it('learns of 1,000 payments that nobody told of within 60 s at 20 a second, three processes sharing the work', async () => {
    for (let i = 0; i < 1000; i++) {
      await createPayment(till, CALL, payment({ title: `t${i}`, amountFen: fen(i + 1) }));
    }
    for (const trade of world.bank.trades.keys()) world.bank.pay(trade);
    world.bank.calls.length = 0;
    const times: number[] = [];
    world.bank.delay = async () => {
      times.push(world.clock.now());
    };
    world.clock.advance(5_000);
    for (const process of [till, await world.process(), await world.process()]) settle(process);
    await pass(60_000);
    const states = await till.ledger.read((book) => book.orders.totals({ state: 'PAID' }));
    expect(states.count).toBe(1000);
    expect(asked('query'), 'nobody asked twice').toHaveLength(1000);
    const busiest = Math.max(...times.map((at) => times.filter((t) => t >= at && t < at + 1000).length));
    expect(busiest).toBeLessThanOrEqual(21);
  });
});
