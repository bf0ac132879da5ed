import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fen } from '../../src/domain/money.ts';
import { verifyAudit } from '../../src/ledger/audit-verify.ts';
import type { Course } from '../../src/ledger/records.ts';
import { runApproved } from '../../src/payments/carry-out.ts';
import { confirmDelivery } from '../../src/payments/confirm-delivery.ts';
import { createPayment } from '../../src/payments/create-payment.ts';
import { runOverdue } from '../../src/payments/overdue.ts';
import { queryPayment } from '../../src/payments/query-payment.ts';
import { refundPayment } from '../../src/payments/refund-payment.ts';
import type { PaymentResult } from '../../src/payments/results.ts';
import { runSettler } from '../../src/payments/settler.ts';
import type { Call, Till } from '../../src/payments/till.ts';
import { freeze, moveBudget, unfreeze } from '../../src/policy/decisions.ts';
import type { Policy, RuleSet } from '../../src/policy/policy.ts';
import { FAULTS, type Fault } from '../support/bank.ts';
import { inEnglish } from '../support/presenter.ts';
import { seeds } from '../support/seeds.ts';
import { accept, decide, payment, person, refund, World } from '../support/world.ts';

const ORDER = 'ORDER_1';
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Whose tools list one by which it can say that something is delivered. */
const SELLER: Call = { caller: 'seller', ownOrdersOnly: true, delivers: true };
const rules = (
  otherwise: Course,
  refunds: RuleSet = { approveAboveFen: fen(0) },
  more: Partial<Policy> = {},
): Policy => ({
  payments: {},
  refunds,
  delivery: { withinMs: DAY_MS, otherwise },
  ...more,
});

let world: World;
let till: Till;
beforeEach(async () => {
  world = new World();
  till = await world.process(rules('tell'));
});
afterEach(() => world.end());

/** A server, as far as it matters here. */
const serve = (from: Till, of = world) =>
  of.serve(
    (signal) => runOverdue(from, signal),
    (signal) => runApproved(from, () => 'unknown', signal),
    (signal) => runSettler(from, signal),
  );
const pass = (ms: number, { clock } = world) => clock.pass(ms, 40 * 60_000);
async function sell(call: Call = SELLER, outTradeNo = ORDER): Promise<void> {
  await createPayment(till, call, payment({ outTradeNo }));
  world.bank.pay(outTradeNo);
  await queryPayment(till, call, { outTradeNo, waitSeconds: 0 });
}
const confirm = (call: Call = SELLER, note?: string) =>
  confirmDelivery(till, call, { outTradeNo: ORDER, note });
const promise = () => till.ledger.read((book) => book.promises.get(ORDER));
const kinds = async (kind: string) =>
  (await till.ledger.read((book) => book.audit.ofOrder(ORDER))).filter((record) => record.kind === kind);
const open = () => till.ledger.read((book) => book.approvals.open());
const back = () => world.bank.refundedFen(ORDER);
const refunds = () => till.ledger.read((book) => book.refunds.ofOrder(ORDER));
const isIntact = async () => expect((await verifyAudit(till.ledger, [])).intact).toBe(true);

describe('an order that is paid', () => {
  it('is overdue after its time, which is told once', async () => {
    await sell();
    serve(till);
    serve(await world.process());
    await pass(DAY_MS - 60_000);
    expect(await kinds('delivery-overdue')).toEqual([]);
    await pass(90_000);
    expect(await kinds('delivery-overdue')).toMatchObject([
      { detail: { course: 'tell' }, caller: 'pay-back' },
    ]);
    await pass(2 * DAY_MS);
    expect(await kinds('delivery-overdue')).toHaveLength(1);
    expect(await refunds()).toEqual([]);
    expect(await open()).toEqual([]);
    await isIntact();
  });

  it('is called for delivery before its time is over and not after, and never where its money goes back', async () => {
    await sell();
    await refundPayment(till, SELLER, refund({ outTradeNo: ORDER, refundFen: fen(1) }));
    const present = inEnglish(world);
    const nextStep = async () => {
      const result = await queryPayment(till, SELLER, { outTradeNo: ORDER, waitSeconds: 0 });
      return (await present.payment(result as PaymentResult)).structured.nextStep;
    };
    expect(await nextStep()).toMatch(/^Deliver now, then call confirm-delivery before/);
    await pass(DAY_MS + 90_000);
    expect(await nextStep()).toMatch(/^It was to be delivered before .* only if the user still wants it/);
    world.bank.fault = (operation) => (operation === 'refund' ? 'lost-after' : 'none');
    const { order } = (await queryPayment(till, SELLER, {
      outTradeNo: ORDER,
      waitSeconds: 0,
    })) as PaymentResult;
    await accept(till, rules('tell', { approveAboveFen: 'none' }));
    await refundPayment(till, SELLER, refund({ outTradeNo: ORDER, refundFen: order.amountFen }));
    world.bank.fault = (operation) => (operation === 'query-refund' ? 'lost-before' : 'none');
    expect((await refunds()).at(-1)).toMatchObject({ state: 'UNKNOWN' });
    expect(await nextStep()).toMatch(/under way or awaits approval: deliver nothing/);
  });

  it.each([
    ['whoever sells it cannot say that it is delivered', { ...SELLER, delivers: false }, rules('refund')],
    ['the rules say nothing of it', SELLER, { payments: {}, refunds: {} }],
  ])('is never overdue where %s', async (_, call, policy) => {
    till = await world.process(policy);
    await sell(call);
    serve(till);
    await pass(2 * DAY_MS);
    expect(await promise()).toBeUndefined();
    expect(await kinds('delivery-overdue')).toEqual([]);
  });

  it('is never overdue where it was made before the rules said so, nor after they say no more', async () => {
    till = await world.process({ payments: {}, refunds: {} });
    await createPayment(till, SELLER, payment({ outTradeNo: ORDER }));
    await accept(till, rules('refund', { approveAboveFen: 'none' }));
    await sell();
    await sell(SELLER, 'ORDER_2');
    await accept(till, { payments: {}, refunds: {} });
    serve(till);
    await pass(2 * DAY_MS);
    expect(world.bank.refundedFen(ORDER) + world.bank.refundedFen('ORDER_2')).toBe(0);
    expect(await till.ledger.read((book) => book.promises.accounts())).toEqual([]);
  });

  it('is delivered once whoever sold it says so, and then nothing comes of it', async () => {
    await sell();
    expect(await confirm(SELLER, 'SF123')).toMatchObject({ replayed: false, delivery: { note: 'SF123' } });
    expect(await confirm(SELLER, 'another')).toMatchObject({ replayed: true, delivery: { note: 'SF123' } });
    expect(await kinds('delivery-confirmed')).toHaveLength(1);
    // What an agent writes is not in the trail for ever.
    expect(JSON.stringify(await till.ledger.read((book) => book.audit.ofOrder(ORDER)))).not.toContain(
      'SF123',
    );
    serve(till);
    await pass(2 * DAY_MS);
    expect(await kinds('delivery-overdue')).toEqual([]);
    await isIntact();
  });

  it('can be said to be delivered late, and without anybody having asked', async () => {
    await sell({ ...SELLER, delivers: false });
    await confirm();
    expect(await promise()).toMatchObject({ deliveredAt: expect.any(Number), overdueAt: undefined });
    await isIntact();
  });

  it('is nobody else’s to deliver, and what is not paid is not delivered', async () => {
    await createPayment(till, SELLER, payment({ outTradeNo: ORDER }));
    await expect(confirm()).rejects.toMatchObject({ code: 'NOT_PAID' });
    world.bank.pay(ORDER);
    const other = { ...SELLER, caller: 'another' };
    await expect(confirm(other)).rejects.toMatchObject({ code: 'ORDER_NOT_FOUND' });
    // Paid a moment ago.
    expect(await confirm()).toMatchObject({ order: { state: 'PAID' } });
  });

  it.each([
    ['when it was overdue', 'UPDATE promises SET overdue_at = overdue_at + 1'],
    ['that it is delivered', 'UPDATE promises SET delivered_at = 5, try_at = NULL'],
    ['what was said of it', "UPDATE promises SET note = 'x'"],
    ['that it was promised', 'DELETE FROM promises'],
  ])('has a trail that shows who has been at %s', async (_, sql) => {
    await sell();
    const store = await world.store();
    await store.write((tx) => tx.run(sql));
    await store.close();
    expect((await verifyAudit(till.ledger, [])).intact).toBe(false);
  });
});

describe('a refund that is proposed', () => {
  beforeEach(async () => {
    // An agent may refund next to nothing.
    till = await world.process(rules('propose-refund', { maxFen: fen(1), approveAboveFen: fen(0) }));
    await sell();
    serve(till);
    serve(await world.process());
    await pass(DAY_MS + 10_000);
  });

  it('waits for a person, who is bound by what was paid only', async () => {
    const [asked, ...others] = await open();
    expect(others).toEqual([]);
    expect(asked).toMatchObject({ caller: 'pay-back', rule: 'delivery.otherwise', amountFen: 1000 });
    expect(back()).toBe(0);
    await decide(till, asked?.id);
    await pass(10_000);
    expect(back()).toBe(1000);
    await pass(2 * DAY_MS);
    expect(await kinds('approval-asked')).toHaveLength(1);
    await isIntact();
  });

  it('is not made again when a person has said no', async () => {
    await decide(till, (await open())[0]?.id, false);
    await pass(3 * DAY_MS);
    expect(await kinds('approval-asked')).toHaveLength(1);
    expect(back()).toBe(0);
  });

  it('is asked for again each day until somebody decides', async () => {
    await pass(DAY_MS + 2 * HOUR_MS);
    expect(await kinds('approval-asked')).toHaveLength(2);
    const [asked, ...others] = await open();
    expect(others).toEqual([]);
    await decide(till, asked?.id);
    await pass(10_000);
    expect(back()).toBe(1000);
  });

  it('is of what is left, and of nothing once all has gone back', async () => {
    await accept(till, { payments: {}, refunds: { approveAboveFen: 'none' } });
    await refundPayment(till, SELLER, refund({ outTradeNo: ORDER, refundFen: fen(400), outRefundNo: 'R1' }));
    const [asked] = await open();
    await decide(till, asked?.id);
    await pass(10_000);
    // The yes was to more than there is by now.
    expect(back()).toBe(400);
    await pass(2 * DAY_MS);
    const [again] = await open();
    expect(again?.amountFen).toBe(600);
    await decide(till, again?.id);
    await pass(10_000);
    expect(back()).toBe(1000);
  });

  it('is no longer wanted where it is delivered after all', async () => {
    await confirm();
    await pass(DAY_MS + HOUR_MS);
    expect(await kinds('approval-asked')).toHaveLength(1);
    expect(await open()).toEqual([]);
  });
});

describe('a refund that is sent', () => {
  const overdue = async (refundRules: RuleSet, more: Partial<Policy> = {}, seller = SELLER) => {
    till = await world.process(rules('refund', refundRules, more));
    await sell(seller);
    serve(till);
    serve(await world.process());
    await pass(DAY_MS + 20_000);
  };

  it('needs nobody within the limits, and counts in them as its seller’s', async () => {
    await overdue({ maxFen: fen(1000), approveAboveFen: fen(0), perDay: { totalFen: fen(1000) } });
    expect(back()).toBe(1000);
    expect(await kinds('approval-asked')).toEqual([]);
    const now = world.clock.now();
    const used = await till.ledger.read((book) =>
      book.quotas.usage('refund', { caller: 'seller' }, now - DAY_MS, now + DAY_MS),
    );
    expect(used).toEqual({ count: 1, fen: 1000 });
    await pass(DAY_MS);
    expect(world.bank.trades.get(ORDER)?.refunds.size).toBe(1);
    await isIntact();
  });

  it.each<readonly [string, RuleSet, Partial<Policy>]>([
    ['one refund may be', { maxFen: fen(999) }, {}],
    ['a day may see', { perDay: { totalFen: fen(999) } }, {}],
    ['its seller may give', {}, { clients: { seller: { refunds: { maxFen: fen(999) } } } }],
    ['the allowance of its seller holds', {}, { clients: { seller: { refunds: { from: 'budget' } } } }],
  ])('is left to a person where it is more than %s', async (_, refundRules, more) => {
    await overdue({ approveAboveFen: 'none', ...refundRules }, more);
    expect(back()).toBe(0);
    const [asked, ...others] = await open();
    expect(others).toEqual([]);
    expect(asked).toMatchObject({ rule: 'delivery.otherwise', amountFen: 1000 });
    await decide(till, asked?.id);
    await pass(10_000);
    expect(back()).toBe(1000);
  });

  const LITTLE: RuleSet = { maxFen: fen(999) };
  it.each<readonly [string, Partial<Policy>, Partial<Call>]>([
    ['token', {}, { token: { refunds: LITTLE } }],
    ['program', { clients: { desk: { refunds: LITTLE } } }, { client: 'desk' }],
  ])('is left to a person where it is more than the %s of its seller may give', async (_, more, seller) => {
    await overdue({ approveAboveFen: 'none' }, more, { ...SELLER, ...seller });
    expect([back(), (await open()).length]).toEqual([0, 1]);
    await isIntact();
  });

  it('is taken out of the allowance of its seller', async () => {
    till = await world.process(
      rules('refund', { approveAboveFen: 'none' }, { clients: { seller: { refunds: { from: 'budget' } } } }),
    );
    const operator = await person(till);
    await till.ledger.write((book) => moveBudget(book, operator, 'seller', 1500, undefined));
    await sell();
    serve(till);
    await pass(DAY_MS + 20_000);
    expect(back()).toBe(1000);
    const { heldFen } = await till.ledger.read((book) => book.quotas.budget('seller'));
    expect(heldFen).toBe(1000);
  });

  it('waits while everything is frozen, although it is told', async () => {
    till = await world.process(rules('refund', { approveAboveFen: 'none' }));
    await sell();
    await till.ledger.write((book) => freeze(book, 'page', undefined));
    serve(till);
    await pass(DAY_MS + HOUR_MS);
    expect(await kinds('delivery-overdue')).toHaveLength(1);
    expect(back()).toBe(0);
    const operator = await person(till);
    await till.ledger.write((book) => unfreeze(book, operator));
    await pass(HOUR_MS);
    expect(back()).toBe(1000);
  });

  it('is not sent where it was delivered after it was told and before that', async () => {
    till = await world.process(rules('refund', { approveAboveFen: 'none' }));
    await sell();
    world.bank.delay = async (operation) => {
      if (operation === 'query') await confirm();
    };
    serve(till);
    await pass(DAY_MS + HOUR_MS);
    expect(await kinds('delivery-overdue')).toHaveLength(1);
    expect(back()).toBe(0);
  });

  it('is left to a person where the gateway refuses it', async () => {
    till = await world.process(rules('refund', { approveAboveFen: 'none' }));
    await sell();
    world.failing('refund', 'declined');
    serve(till);
    await pass(DAY_MS + HOUR_MS);
    const [asked] = await open();
    expect(asked?.rule).toBe('delivery.otherwise');
    await decide(till, asked?.id);
    await pass(10_000);
    expect(back()).toBe(1000);
  });

  it('is nobody’s who only says that it is overdue', async () => {
    till = await world.process(rules('refund', { approveAboveFen: 'none' }));
    await sell();
    const { outRefundNo = '' } = (await promise()) ?? {};
    const said = { caller: 'pay-back', overdue: outRefundNo };
    await expect(
      refundPayment(till, said, refund({ outTradeNo: ORDER, outRefundNo, refundFen: fen(1000) })),
    ).rejects.toThrow('is not overdue');
    expect(back()).toBe(0);
  });

  it.each(seeds(8))('goes back once at most in a faulty world, seed %i', async (seed) => {
    const faulty = new World(3000 + seed);
    const lot = <T>(items: readonly T[]): T => items[Math.floor(faulty.random() * items.length)] as T;
    const first = await faulty.process(rules('refund', { approveAboveFen: 'none' }));
    const orders = ['ORDER_1', 'ORDER_2', 'ORDER_3'];
    for (const outTradeNo of orders) {
      await createPayment(first, SELLER, payment({ outTradeNo }));
      faulty.bank.pay(outTradeNo);
      await queryPayment(first, SELLER, { outTradeNo, waitSeconds: 0 });
    }
    faulty.clock.advance(DAY_MS);
    faulty.bank.fault = (): Fault => lot(FAULTS);
    faulty.bank.delay = () => faulty.clock.sleep(Math.floor(faulty.random() * lot([300, 40_000])));
    const running: AbortController[] = [];
    const start = async () => {
      running.push(serve(await faulty.process(), faulty));
    };
    await start();
    for (let step = 0; step < 20; step++) {
      const what = faulty.random();
      if (what < 0.3) await start();
      else if (what < 0.5) running.shift()?.abort();
      for (const asked of await first.ledger.read((book) => book.approvals.open())) {
        if (faulty.random() < 0.7) await decide(first, asked.id).catch(() => undefined);
      }
      await faulty.clock.sleep(Math.floor(faulty.random() * 60_000));
      for (const one of orders) expect(faulty.bank.refundedFen(one)).toBeLessThanOrEqual(1000);
    }
    faulty.bank.fault = () => 'none';
    faulty.bank.delay = async () => undefined;
    for (const stop of running.splice(0)) stop.abort();
    await start();
    for (let round = 0; round < 12; round++) {
      for (const asked of await first.ledger.read((book) => book.approvals.open()))
        await decide(first, asked.id);
      await pass(HOUR_MS, faulty);
    }
    for (const one of orders) expect(faulty.bank.refundedFen(one), one).toBe(1000);
    expect((await verifyAudit(first.ledger, [])).intact).toBe(true);
    for (const stop of running) stop.abort();
    await faulty.end();
  });
});
