import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EVENT_KINDS, typeOf } from '../../src/events/derive.ts';
import { readEvents } from '../../src/events/read-events.ts';
import { createPayment } from '../../src/payments/create-payment.ts';
import { refundPayment } from '../../src/payments/refund-payment.ts';
import { runSettler } from '../../src/payments/settler.ts';
import type { Till } from '../../src/payments/till.ts';
import { Person } from '../../src/persons/person.ts';
import { decideApproval } from '../../src/policy/approvals.ts';
import { moveBudget } from '../../src/policy/decisions.ts';
import { channel, deliver, Endpoint } from '../support/channels.ts';
import { CALL, DEFAULTS, NO_APPROVAL, payment, refund, World } from '../support/world.ts';

let world: World;
beforeEach(() => {
  world = new World(11);
});
afterEach(() => world.end());

const MINUTE = 60_000;
const person = (till: Till) => Person.bySecret(till.ledger, 'simulator', undefined, 'terminal');

/** All events that stand on record, oldest first. */
async function events(till: Till) {
  return till.ledger.read(async (book) => {
    const records = await book.trail.between(0, await book.trail.head(), EVENT_KINDS);
    const seqs = records.filter((record) => typeOf(record) !== undefined).map(({ seq }) => seq);
    return readEvents(book, seqs, { simulated: true });
  });
}
const typesOf = async (till: Till) => (await events(till)).map(({ type }) => type);

describe('an order', () => {
  it('that nobody knows about for ten minutes is told once, and not before', async () => {
    const till = await world.process();
    world.bank.fault = (operation) => (operation === 'create' ? 'lost-after' : 'none');
    await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_1' })).catch(() => undefined);
    world.bank.fault = () => 'lost-before';
    const stop = new AbortController();
    const settling = runSettler(till, stop.signal);
    await world.clock.sleep(9 * MINUTE);
    expect(await typesOf(till)).toEqual([]);
    await world.clock.sleep(12 * MINUTE);
    expect(await typesOf(till)).toEqual(['payment.unknown']);
    stop.abort();
    // Another process does not tell it again.
    const again = new AbortController();
    const other = runSettler(await world.process(), again.signal);
    await world.clock.sleep(5 * MINUTE);
    again.abort();
    await Promise.all([settling, other]);
    expect(await typesOf(till)).toEqual(['payment.unknown']);
    expect((await events(till))[0]?.data).toMatchObject({ state: 'UNKNOWN', outTradeNo: 'ORDER_1' });
  });
});

describe('an approval', () => {
  it('that is asked, decided and carried out is told as such, each in its words', async () => {
    const till = await world.process(DEFAULTS);
    await world.sold(till);
    await refundPayment(till, CALL, refund({ outTradeNo: 'ORDER_1', reason: 'the cup was broken' }));
    const [asked] = await till.ledger.read((book) => book.approvals.open());
    const who = await person(till);
    await till.ledger.write((book) =>
      decideApproval(book, who, asked?.id ?? '', { approve: false, reason: 'not ours' }, world.clock.now()),
    );
    const [, first, second] = await events(till);
    expect(first).toMatchObject({
      type: 'approval.asked',
      data: {
        approval: { id: asked?.id, kind: 'refund', state: 'pending' },
        reason: 'the cup was broken',
        ...{ refundYuan: '1.00', amountYuan: '10.00', outTradeNo: 'ORDER_1', simulated: true },
      },
    });
    expect(second).toMatchObject({
      type: 'approval.decided',
      data: { approval: { state: 'denied', decidedBy: 'terminal' }, reason: 'not ours' },
    });
  });

  it('that nobody decides in time is told once, by whichever process, and never one of before', async () => {
    const till = await world.process(DEFAULTS);
    await world.sold(till);
    await refundPayment(till, CALL, refund({ outTradeNo: 'ORDER_1', outRefundNo: 'R_1' }));
    await world.clock.sleep(40 * MINUTE);
    // Nobody was told of that one, and nobody waits for it any more.
    const endpoint = new Endpoint(world.clock);
    const one = await deliver(till, endpoint, [channel('boss')], { notices: true });
    const two = await deliver(await world.process(DEFAULTS), endpoint, [channel('boss')], { notices: true });
    await world.clock.sleep(MINUTE);
    await refundPayment(till, CALL, refund({ outTradeNo: 'ORDER_1', outRefundNo: 'R_2' }));
    await world.clock.sleep(20 * MINUTE);
    await one.stop();
    await two.stop();
    expect(endpoint.heard.map(({ type }) => type)).toEqual(['approval.asked', 'approval.expired']);
    expect(endpoint.heard[1]?.data).toMatchObject({ outRefundNo: 'R_2', approval: { state: 'expired' } });
  });
});

describe('what the rules refuse', () => {
  it('is summed up: at once the first, then no more often than every ten minutes', async () => {
    const till = await world.process({ payments: { maxFen: 500 as never }, refunds: {} });
    const endpoint = new Endpoint(world.clock);
    const running = await deliver(till, endpoint, [channel('boss')], { notices: true });
    await world.clock.sleep(MINUTE);
    const { attempt } = await import('../../src/payments/attempt.ts');
    const refused = () =>
      attempt(
        till,
        CALL,
        { tool: 'create-payment', args: {}, meta: undefined },
        ({ till: own, call }) => createPayment(own, call, payment()),
        () => ({}),
      ).catch(() => undefined);
    for (let i = 0; i < 30; i++) {
      await refused();
      await world.clock.sleep(30_000);
    }
    await world.clock.sleep(15 * MINUTE);
    await running.stop();
    const told = endpoint.heard.filter(({ type }) => type === 'policy.denied');
    expect(told.reduce((sum, { data }) => sum + (data.count ?? 0), 0)).toBe(30);
    expect(told.length).toBeLessThanOrEqual(4);
    expect(told[0]?.data.rules).toEqual({ 'payments.maxYuan': told[0]?.data.count });
  });
});

describe('an allowance', () => {
  it('is told to be low when a draw makes it so, and again only after it was added to', async () => {
    const till = await world.process({ payments: { from: 'budget' }, refunds: {} });
    const who = await person(till);
    const add = () => till.ledger.write((book) => moveBudget(book, who, 'test', 10_000, undefined));
    const pay = (n: number) => createPayment(till, CALL, payment({ outTradeNo: `ORDER_${n}` }));
    await add();
    for (let n = 0; n < 8; n++) await pay(n);
    expect(await typesOf(till)).toEqual([]);
    await pay(8);
    await pay(9);
    expect((await events(till)).map(({ type, data }) => [type, data.budget, data.leftYuan])).toEqual([
      ['budget.low', 'test', '10.00'],
    ]);
    await add();
    for (let n = 10; n < 19; n++) await pay(n);
    expect(await typesOf(till)).toEqual(['budget.low', 'budget.low']);
  });
});

it('an event has the same id and words every time, and no other ledger has it', async () => {
  const till = await world.process(NO_APPROVAL);
  await world.sold(till);
  const [first] = await events(till);
  const [again] = await events(await world.process(NO_APPROVAL));
  expect(first).toEqual(again);
  expect(first?.id).toMatch(/^evt_\d+_[0-9a-f]{16}$/);
});
