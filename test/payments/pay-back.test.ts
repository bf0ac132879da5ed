import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CashierError } from '../../src/domain/errors.ts';
import { type Fen, fen } from '../../src/domain/money.ts';
import { verifyAudit } from '../../src/ledger/audit-verify.ts';
import { Owed } from '../../src/ledger/owed.ts';
import type { OwedWhy } from '../../src/ledger/records.ts';
import { runPayBacks } from '../../src/payments/pay-back.ts';
import { refundByPerson } from '../../src/payments/refund-by-person.ts';
import { refundPayment } from '../../src/payments/refund-payment.ts';
import { runSettler } from '../../src/payments/settler.ts';
import type { Till } from '../../src/payments/till.ts';
import { freeze, unfreeze } from '../../src/policy/decisions.ts';
import type { Policy } from '../../src/policy/policy.ts';
import type { PaymentProvider, TradeSnapshot } from '../../src/providers/contract.ts';
import { FAULTS, type Fault, type Operation } from '../support/bank.ts';
import { seeds } from '../support/seeds.ts';
import { accept, CALL, person, refund, World } from '../support/world.ts';

/** An agent may refund nothing at all. */
const STRICT: Policy = { payments: {}, refunds: { maxFen: fen(0), approveAboveFen: fen(0) } };
const ORDER = 'ORDER_1';
const NUMBER = 'OWED_1';
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

let world: World;
let till: Till;
beforeEach(async () => {
  world = new World();
  till = await world.process();
  await world.sold(till);
  await accept(till, STRICT);
  world.bank.calls.length = 0;
});
afterEach(() => world.end());

/** A server, as far as it matters here. */
const serve = (from: Till, of = world) =>
  of.serve(
    (signal) => runPayBacks(from, signal),
    (signal) => runSettler(from, signal),
  );
const owe = (dueAt = world.clock.now(), why: OwedWhy = 'trial', amountFen = fen(1000), outTradeNo = ORDER) =>
  till.ledger.write((book) => book.owed.owe({ outTradeNo, outRefundNo: NUMBER, amountFen, dueAt, why }));
const debt = () => till.ledger.read((book) => book.owed.get(ORDER, NUMBER));
const refunds = () => till.ledger.read((book) => book.refunds.ofOrder(ORDER));
const back = () => world.bank.refundedFen(ORDER);
const sent = (operation: Operation = 'refund') =>
  world.bank.calls.filter((call) => call.operation === operation).map(({ number }) => number);
const kinds = async (kind: string) =>
  (await till.ledger.read((book) => book.audit.ofOrder(ORDER))).filter((record) => record.kind === kind);
const pass = (ms: number, { clock } = world) => clock.pass(ms, 20 * 60_000);
const settled = async () => {
  expect(await debt()).toMatchObject({ tryAt: undefined, settledAt: expect.any(Number) });
  expect(await kinds('owed-settled')).toHaveLength(1);
  expect((await verifyAudit(till.ledger, [])).intact).toBe(true);
};
/** A person's refund, as far as it has come when it was given. */
async function byPerson(outRefundNo: string, refundFen: Fen): Promise<void> {
  const operator = await person(till);
  const ports = { now: world.clock.now(), randomBytes: till.randomBytes };
  const wish = { outTradeNo: ORDER, outRefundNo, refundFen, reason: undefined };
  await till.ledger.write((book) => refundByPerson(book, operator, wish, ports));
  const [approval] = await till.ledger.read((book) => book.approvals.of({ outTradeNo: ORDER, outRefundNo }));
  const call = { caller: 'operator', approval: approval?.id ?? '' };
  await refundPayment(till, call, wish);
}

describe('what the server owes', () => {
  it('goes back at its time, once, without a person and outside all limits', async () => {
    const dueAt = world.clock.now() + 20 * HOUR_MS;
    await owe(dueAt);
    await owe(dueAt);
    serve(till);
    serve(await world.process());
    await pass(19 * HOUR_MS);
    expect(back()).toBe(0);
    await pass(HOUR_MS + 10_000);
    expect(back()).toBe(1000);
    expect(sent()).toEqual([NUMBER]);
    const [given] = await refunds();
    expect(given).toMatchObject({ caller: 'pay-back', state: 'SUCCESS', countedAt: undefined });
    const today = world.clock.now();
    const used = await till.ledger.read((book) =>
      book.quotas.usage('refund', {}, today - DAY_MS, today + DAY_MS),
    );
    expect(used).toEqual({ count: 0, fen: 0 });
    expect(await kinds('approval-asked')).toEqual([]);
    await pass(DAY_MS);
    expect(sent()).toEqual([NUMBER]);
    await settled();
  });

  it('goes back although another that is due cannot be taken up', async () => {
    await world.sold(till, 'ORDER_2');
    await owe();
    await owe(world.clock.now() + 1, 'trial', fen(1000), 'ORDER_2');
    const { take } = Owed.prototype;
    const spy = vi.spyOn(Owed.prototype, 'take').mockImplementation(function (this: Owed, row, until) {
      if (row.outTradeNo === 'ORDER_2') throw new Error('broken');
      return take.call(this, row, until);
    });
    await pass(1_000);
    serve(till);
    await pass(10_000);
    spy.mockRestore();
    expect(back()).toBe(1000);
  });

  it('goes back although everybody slept through its hour', async () => {
    await owe(world.clock.now() + HOUR_MS);
    serve(till);
    await pass(1_000);
    world.clock.correct(3 * DAY_MS);
    await pass(10_000);
    expect(back()).toBe(1000);
  });

  it('comes round again after a clock that was months ahead', async () => {
    await owe();
    world.failing('refund', 'unavailable');
    world.clock.correct(100 * DAY_MS);
    const stop = serve(till);
    await pass(5_000);
    stop.abort();
    world.clock.correct(-100 * DAY_MS);
    expect(back()).toBe(0);
    serve(await world.process());
    await pass(5_000);
    expect(back()).toBe(1000);
  });

  it('waits while everything is frozen', async () => {
    await owe();
    await till.ledger.write((book) => freeze(book, 'page', undefined));
    serve(till);
    await pass(HOUR_MS);
    expect(world.bank.calls).toEqual([]);
    const operator = await person(till);
    await till.ledger.write((book) => unfreeze(book, operator));
    await pass(5_000);
    expect(back()).toBe(1000);
  });

  it.each(['lost-before', 'lost-after', 'unavailable', 'refused', 'declined-unsigned'] as const)(
    'goes on under the same number after %s',
    async (fault) => {
      await owe();
      world.failing('refund', fault);
      serve(till);
      serve(await world.process());
      await pass(2 * HOUR_MS);
      expect(back()).toBe(1000);
      expect(new Set(sent())).toEqual(new Set([NUMBER]));
      await settled();
    },
  );

  const KILLS: readonly (readonly [Operation, Fault])[] = [
    ['query', 'crash-before'],
    ['query', 'crash-after'],
    ['refund', 'crash-before'],
    ['refund', 'crash-after'],
  ];
  it.each(KILLS)('goes back once although its process was killed at the %s, %s', async (operation, fault) => {
    await owe();
    const first = serve(till);
    let killed = 0;
    world.bank.fault = (op) => {
      if (op !== operation || killed > 0) return 'none';
      killed += 1;
      first.abort();
      return fault;
    };
    await pass(5_000);
    expect(killed).toBe(1);
    serve(await world.process());
    await pass(HOUR_MS);
    expect(back()).toBe(1000);
    expect(world.bank.trades.get(ORDER)?.refunds.size).toBe(1);
    await settled();
  });

  it('is refused for want of balance: that is told once, and the same number tried again', async () => {
    await owe();
    world.failing('refund', 'declined', 3);
    serve(till);
    await pass(DAY_MS);
    expect(back()).toBe(1000);
    expect(sent()).toEqual([NUMBER, NUMBER, NUMBER, NUMBER]);
    const told = await kinds('owed-refused');
    expect(told.map(({ detail }) => detail)).toEqual([{ code: 'BANK_SAYS_NO', why: 'trial' }]);
    await settled();
  });

  it('is not told to be refused where nothing was sent', async () => {
    await owe();
    world.failing('refund', 'unavailable', 3);
    serve(till);
    await pass(4 * HOUR_MS);
    expect(await kinds('owed-refused')).toEqual([]);
    await settled();
  });

  it('is sent again behind a lost answer although the gateway has refused it since', async () => {
    await owe();
    const faults: Fault[] = ['lost-before', 'declined', 'declined'];
    world.bank.fault = (op) => (op === 'refund' ? (faults.shift() ?? 'none') : 'none');
    serve(till);
    await pass(DAY_MS);
    expect(faults).toEqual([]);
    expect(back()).toBe(1000);
    expect(world.bank.trades.get(ORDER)?.refunds.size).toBe(1);
    await settled();
  });
});

describe('what others give back of the order', () => {
  it.each([300, 1000])('is owed no more (%i fen by a person)', async (refundFen) => {
    await owe(world.clock.now() + HOUR_MS);
    await byPerson('P1', fen(refundFen));
    serve(till);
    await pass(2 * HOUR_MS);
    expect(back()).toBe(1000);
    expect(sent()).toEqual(refundFen === 1000 ? ['P1'] : ['P1', NUMBER]);
    await settled();
  });

  it('is waited for while it is in doubt', async () => {
    await owe();
    world.failing('refund', 'lost-before');
    await byPerson('P1', fen(300));
    world.bank.fault = (operation) => (operation === 'query-refund' ? 'lost-before' : 'none');
    serve(till);
    await pass(HOUR_MS);
    expect(sent()).toEqual(['P1']);
    world.bank.fault = () => 'none';
    await pass(4 * HOUR_MS);
    expect(back()).toBe(1000);
    await settled();
  });

  it('goes on under a further number where another part has gone back between two tries', async () => {
    await owe();
    world.failing('refund', 'declined');
    serve(till);
    await pass(5_000);
    await byPerson('P1', fen(300));
    await pass(HOUR_MS);
    expect(back()).toBe(1000);
    expect(sent()).toEqual([NUMBER, 'P1', `${NUMBER}N2`]);
    await settled();
  });

  it('leaves a person nothing to give once it has gone back', async () => {
    await owe();
    serve(till);
    await pass(5_000);
    await expect(byPerson('P1', fen(1))).rejects.toMatchObject({ code: 'REFUND_EXCEEDS_PAID' });
    expect(back()).toBe(1000);
  });

  /** The gateway says that so much was refunded besides. */
  const saying = (from: Till, elsewhere: Fen | 'unknown'): Till => {
    const [bank] = from.providers.values() as Iterable<PaymentProvider>;
    const queryTrade = async (number: string): Promise<TradeSnapshot> => {
      const trade = await (bank as PaymentProvider).queryTrade(number);
      const refundedFen = elsewhere === 'unknown' ? elsewhere : fen(elsewhere + back());
      return trade.exists ? { ...trade, refundedFen } : trade;
    };
    return { ...from, providers: new Map([['alipay', { ...(bank as PaymentProvider), queryTrade }]]) };
  };

  it.each([400, 1000])('is owed no more (%i fen elsewhere)', async (elsewhere) => {
    await owe();
    serve(saying(till, fen(elsewhere)));
    await pass(HOUR_MS);
    expect(back()).toBe(1000 - elsewhere);
    await settled();
  });

  it('needs a person where the gateway proves a refund elsewhere and no sum', async () => {
    await owe(world.clock.now(), 'call');
    serve(saying(till, 'unknown'));
    await pass(DAY_MS);
    expect(sent()).toEqual([]);
    const told = await kinds('owed-refused');
    expect(told.map(({ detail }) => detail)).toEqual([{ code: 'refunded-elsewhere', why: 'call' }]);
    expect(await debt()).toMatchObject({ settledAt: undefined, tryAt: expect.any(Number) });
  });
});

describe('nobody else pays by what is owed', () => {
  const asServer = (outRefundNo: string, refundFen: number, owed = NUMBER) =>
    refundPayment(
      till,
      { caller: 'pay-back', owed },
      refund({ outTradeNo: ORDER, outRefundNo, refundFen: fen(refundFen) }),
    );

  it.each([
    ['nothing is owed', 0, NUMBER, 100],
    ['less is owed', 99, NUMBER, 100],
    ['another number is meant', 1000, 'OWED_2', 100],
    ['the number only begins so', 1000, `${NUMBER}X`, 100],
  ])('where %s', async (_, owedFen, outRefundNo, refundFen) => {
    if (owedFen > 0) await owe(world.clock.now(), 'trial', fen(owedFen));
    await expect(asServer(outRefundNo, refundFen)).rejects.toThrow();
    expect(sent()).toEqual([]);
    expect(await refunds()).toEqual([]);
  });

  it('where it has gone back, whatever is left of the order', async () => {
    await owe(world.clock.now(), 'trial', fen(600));
    serve(till);
    await pass(5_000);
    await expect(asServer(`${NUMBER}N2`, 100)).rejects.toThrow();
    expect(back()).toBe(600);
  });

  it('an agent that has read the number gets nothing by it, and stands in nobody’s way', async () => {
    await owe();
    world.failing('refund', 'declined');
    serve(till);
    await pass(3_000);
    const [declined] = await refunds();
    const same = { outTradeNo: ORDER, outRefundNo: NUMBER, refundFen: fen(1000), reason: declined?.reason };
    await expect(refundPayment(till, CALL, same)).rejects.toMatchObject({ code: 'POLICY_DENIED' });
    await accept(till, { payments: {}, refunds: { approveAboveFen: fen(0) } });
    expect(await refundPayment(till, CALL, same)).toMatchObject({ refund: { state: 'PENDING_APPROVAL' } });
    await pass(HOUR_MS);
    expect(back()).toBe(1000);
    expect(world.bank.trades.get(ORDER)?.refunds.size).toBe(1);
    await settled();
  });
});

describe('the trail', () => {
  it.each([
    ['an amount', 'UPDATE owed SET amount_fen = 999'],
    ['a due date', 'UPDATE owed SET due_at = due_at + 1'],
    ['that it is settled', 'UPDATE owed SET settled_at = 5, try_at = NULL'],
    ['a debt that is gone', 'DELETE FROM owed'],
    [
      'one that nobody has made',
      `INSERT INTO owed SELECT out_trade_no, 'X', account, amount_fen, why, created_at, due_at, try_at, tries,
         refused_code, settled_at FROM owed`,
    ],
  ])('shows who has been at %s', async (_, sql) => {
    await owe(world.clock.now() + HOUR_MS);
    expect((await verifyAudit(till.ledger, [])).intact).toBe(true);
    const store = await world.store();
    await store.write((tx) => tx.run(sql));
    await store.close();
    expect((await verifyAudit(till.ledger, [])).intact).toBe(false);
  });
});

describe('a faulty world', () => {
  it.each(seeds(16))('gets back what it is owed exactly once, seed %i', async (seed) => {
    const faulty = new World(1000 + seed);
    const lot = <T>(items: readonly T[]): T => items[Math.floor(faulty.random() * items.length)] as T;
    const orders = ['ORDER_1', 'ORDER_2', 'ORDER_3', 'ORDER_4'];
    const first = await faulty.process();
    for (const one of orders) await faulty.sold(first, one);
    const operator = await person(first);
    for (const [i, outTradeNo] of orders.entries()) {
      const dueAt = faulty.clock.now() + i * 20_000;
      await first.ledger.write(async (book) => {
        const whole = { outTradeNo, amountFen: fen(1000), dueAt };
        await book.owed.owe({ ...whole, outRefundNo: `OWED_${i}`, why: 'trial' });
        // For two reasons, and still only once.
        if (i === 3) await book.owed.owe({ ...whole, outRefundNo: 'OWED_CALL', why: 'call' });
      });
    }
    faulty.bank.fault = () => lot(FAULTS);
    faulty.bank.delay = () => faulty.clock.sleep(Math.floor(faulty.random() * lot([300, 40_000])));
    faulty.bank.refundsProcessFirst = faulty.random() < 0.5;
    const running: AbortController[] = [];
    const start = async () => {
      running.push(serve(await faulty.process(), faulty));
    };
    const within = () => {
      for (const one of orders) expect(faulty.bank.refundedFen(one)).toBeLessThanOrEqual(1000);
    };
    const unexpected: unknown[] = [];
    const persons = async () => {
      const outTradeNo = lot(orders);
      const wanted = refund({
        outTradeNo,
        outRefundNo: lot(['P1', 'P2']),
        refundFen: fen(lot([200, 500, 1000])),
      });
      await Promise.race([refundPayment(first, CALL, wanted), faulty.clock.sleep(60_000)]).catch((error) => {
        if (!(error instanceof CashierError)) unexpected.push(error);
      });
    };
    await start();
    for (let step = 0; step < 25; step++) {
      const what = faulty.random();
      if (what < 0.2) await start();
      else if (what < 0.35) running.shift()?.abort();
      else if (what < 0.45) await first.ledger.write((book) => freeze(book, 'page', undefined));
      else if (what < 0.6) await first.ledger.write((book) => unfreeze(book, operator));
      else if (what < 0.8) await persons();
      await faulty.clock.sleep(Math.floor(faulty.random() * 120_000));
      within();
    }
    // The weather clears up.
    faulty.bank.fault = () => 'none';
    faulty.bank.delay = async () => undefined;
    await first.ledger.write((book) => unfreeze(book, operator));
    for (const stop of running.splice(0)) stop.abort();
    await start();
    await pass(4 * HOUR_MS, faulty);
    for (const one of orders) expect(faulty.bank.refundedFen(one), one).toBe(1000);
    expect(unexpected).toEqual([]);
    expect(await first.ledger.read((book) => book.owed.accounts())).toEqual([]);
    expect((await verifyAudit(first.ledger, [])).intact).toBe(true);
    for (const stop of running) stop.abort();
    await faulty.end();
  });
});
