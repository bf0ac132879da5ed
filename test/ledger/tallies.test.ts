import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fen } from '../../src/domain/money.ts';
import { ORDER_STATES } from '../../src/domain/order.ts';
import type { Book } from '../../src/ledger/book.ts';
import type { OrderFilter } from '../../src/ledger/order-filter.ts';
import type { OrderEvent } from '../../src/ledger/order-machine.ts';
import type { OrderRecord, RefundRecord } from '../../src/ledger/records.ts';
import { miscounted } from '../../src/ledger/recount.ts';
import type { RefundEvent } from '../../src/ledger/refund-machine.ts';
import type { Store, Tx } from '../../src/ledger/store.ts';
import { Tallies } from '../../src/ledger/tallies.ts';
import type { Till } from '../../src/payments/till.ts';
import { orderRow, refundRow } from '../support/rows.ts';
import { seeded } from '../support/virtual-time.ts';
import { World } from '../support/world.ts';

const DAY_MS = 86_400_000;
const MIDNIGHT = Date.parse('2026-11-21T00:00:00+08:00');
const CALLERS = ['a', 'b', 'client x'];
const CLIENTS = ['cursor', 'a', undefined];
const ORDER_EVENTS = 'sent notpay paid closed declined unknown denied withdrawn adopted reopened'.split(' ');
const REFUND_EVENTS = 'sent processing success closed abnormal declined denied reopened'.split(' ');

let world: World;
let till: Till;
let store: Store;
beforeEach(async () => {
  world = new World();
  till = await world.process();
  store = await world.store();
});
afterEach(async () => {
  await store.close();
  await world.end();
});

/** Orders, refunds and budgets to which anything happens that the tables allow, under clocks that jump. */
function history(seed: number) {
  const random = seeded(seed);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  const instant = () =>
    MIDNIGHT + Math.floor((random() - 0.7) * 90) * DAY_MS + pick([0, 1, DAY_MS - 1, DAY_MS / 2]);
  const orders: string[] = [];
  const refunds: (readonly [string, string])[] = [];
  const counts = () => ({
    countedAt: pick([instant(), undefined]),
    sentAt: pick([instant(), undefined]),
    countedBy: pick(CALLERS),
    client: pick(CLIENTS),
    declinedCode: pick(['NO', undefined]),
  });
  const amount = () => fen(1 + Math.floor(random() * 1000));

  async function sell(book: Book): Promise<void> {
    const outTradeNo = `ORDER_${orders.length}`;
    orders.push(outTradeNo);
    await book.orders.insert(
      orderRow(till, {
        ...{ outTradeNo, caller: pick(CALLERS), amountFen: amount() },
        ...{ provider: pick(['alipay', 'wechatpay'] as const), createdAt: instant() },
      }),
    );
  }

  async function giveBack(book: Book): Promise<void> {
    const outTradeNo = pick(orders);
    const outRefundNo = `R${refunds.length}`;
    refunds.push([outTradeNo, outRefundNo]);
    await book.refunds.insert(
      refundRow(till, {
        ...{ amountFen: amount(), caller: pick([...CALLERS, 'gateway']), outTradeNo, outRefundNo },
        ...{ state: pick(['PENDING_APPROVAL', 'SUCCESS'] as const), createdAt: instant(), updatedAt: 0 },
        ...(random() < 0.5 ? counts() : {}),
      }),
    );
  }

  async function step(book: Book): Promise<void> {
    const chance = random();
    if (orders.length === 0 || chance < 0.15) return sell(book);
    if (refunds.length === 0 || chance < 0.25) return giveBack(book);
    const [outTradeNo, outRefundNo] = random() < 0.5 ? pick(refunds) : [pick(orders), undefined];
    if (chance < 0.35) {
      const budgets = [pick(CALLERS), pick(CALLERS)].slice(0, Math.floor(random() * 3));
      return book.quotas.draw(budgets, { outTradeNo, outRefundNo });
    }
    if (chance < 0.4) {
      const amountFen = Math.floor((random() - 0.4) * 1000);
      return book.quotas.insertBudgetMove({
        budget: pick(CALLERS),
        amountFen,
        by: 'terminal',
        note: undefined,
      });
    }
    if (outRefundNo !== undefined) {
      const refund = (await book.refunds.get(outTradeNo, outRefundNo)) as RefundRecord;
      await (chance < 0.5
        ? book.refunds.patch(refund, counts())
        : book.refunds.move(refund, pick(REFUND_EVENTS) as RefundEvent, random() < 0.3 ? counts() : {}));
      return;
    }
    const order = (await book.orders.get(outTradeNo)) as OrderRecord;
    await (chance < 0.5
      ? book.orders.patch(order, { ...counts(), paidAt: pick([instant(), undefined]) })
      : book.orders.move(order, pick(ORDER_EVENTS) as OrderEvent, random() < 0.3 ? counts() : {}));
  }

  let stand = { orders: 0, refunds: 0 };
  /** So many steps in one write, which may be done again from its beginning. */
  return async function steps(count: number): Promise<void> {
    await till.ledger.write(async (book) => {
      orders.length = stand.orders;
      refunds.length = stand.refunds;
      for (let n = 0; n < count; n++) await step(book);
    });
    stand = { orders: orders.length, refunds: refunds.length };
  };
}

/** What the rows say, by the statement that needs no sums. */
async function addedUp(filter: OrderFilter) {
  const [row] = await store.read((tx) =>
    tx.all(
      `SELECT COUNT(*) AS count, SUM(CASE WHEN state = 'PAID' THEN amount_fen ELSE 0 END) AS paid, SUM((
         SELECT SUM(refunds.amount_fen) FROM refunds WHERE refunds.out_trade_no = orders.out_trade_no
           AND refunds.state = 'SUCCESS' AND refunds.caller <> 'gateway')) AS refunded
       FROM orders WHERE created_at >= ? AND created_at < ? AND COALESCE(?, caller) = caller
         AND COALESCE(?, state) = state AND COALESCE(?, provider) = provider`,
      filter.from ?? 0,
      filter.to ?? Number.MAX_SAFE_INTEGER,
      filter.caller ?? null,
      filter.state ?? null,
      filter.provider ?? null,
    ),
  );
  const { count, paid, refunded } = row ?? {};
  return { count: Number(count), paidFen: Number(paid ?? 0), refundedFen: Number(refunded ?? 0) };
}

describe('what is added up as it changes', () => {
  it.each([1, 2, 3, 4])('is what the rows add up to, whatever happens to them: %i', async (seed) => {
    const steps = history(seed);
    for (let i = 0; i < 60; i++) {
      if (i % 7 === 3) {
        const wrote = till.ledger.write(() => Promise.reject(new Error('comes to nothing')));
        await expect(wrote).rejects.toThrow('comes to nothing');
      } else await steps(5);
      if (i % 10 === 9) expect(await store.read(miscounted)).toEqual([]);
    }
    const ends = [undefined, -63, -62, -33, -32, -31, -1, 0, 1, 30].map((days) =>
      days === undefined ? undefined : MIDNIGHT + days * DAY_MS,
    );
    const filters: OrderFilter[] = ends.flatMap((from, i) => [
      { ...(from === undefined ? {} : { from }) },
      { ...(from === undefined ? {} : { from, to: (ends[i + 1] ?? from) + DAY_MS }) },
      { ...(from === undefined ? {} : { to: from }), caller: 'a' },
      { ...(from === undefined ? {} : { from }), state: ORDER_STATES[i % 6] ?? 'PAID', provider: 'alipay' },
    ]);
    for (const filter of [...filters, { from: MIDNIGHT - 40 * DAY_MS + 1 }]) {
      const totals = await till.ledger.read((book) => book.orders.totals(filter));
      expect(totals, JSON.stringify(filter)).toEqual(await addedUp(filter));
    }
  });

  it('is not added up from a record that has changed since it was read', async () => {
    await history(2)(1);
    const read = () => till.ledger.read((book) => book.orders.get('ORDER_0'));
    const stale = (await read()) as OrderRecord;
    world.clock.advance(1);
    await till.ledger.write(async (book) => book.orders.move(stale, 'sent'));
    const late = till.ledger.write(async (book) => book.orders.move(stale, 'denied'));
    await expect(late).rejects.toThrow('changed since');
    expect((await read())?.state).toBe('UNKNOWN');
  });

  it('is looked up no more often than it changes', async () => {
    const asked = async (work: (tallies: Tallies) => Promise<void>) => {
      const all = vi.fn(async () => []);
      await work(new Tallies({ all } as unknown as Tx));
      return all.mock.calls.length;
    };
    const refund = (before: Partial<RefundRecord>, after: Partial<RefundRecord>) =>
      asked((tallies) => tallies.refund(refundRow(till, before), refundRow(till, after)));
    const given = { state: 'SUCCESS', sentAt: MIDNIGHT } as const;
    expect([
      await refund({ state: 'DENIED' }, { state: 'CLOSED' }),
      await refund({ sentAt: MIDNIGHT - 1 }, { sentAt: MIDNIGHT }),
      await refund(given, { ...given, updatedAt: 1 }),
      await refund(given, { ...given, sentAt: MIDNIGHT - 1 }),
      await refund({ state: 'PROCESSING' }, given),
    ]).toEqual([0, 0, 0, 1, 1]);
    const order = (before: Partial<OrderRecord> | undefined, after: Partial<OrderRecord>) =>
      asked((tallies) => tallies.order(before && orderRow(till, before), orderRow(till, after)));
    expect([
      await order(undefined, {}),
      await order({ state: 'PAID' }, { state: 'PAID', updatedAt: 1 }),
      await order({ state: 'DENIED' }, { state: 'PENDING_APPROVAL' }),
    ]).toEqual([0, 0, 1]);
  });

  it('is seen by the transaction that adds to it', async () => {
    await till.ledger.write(async (book) => {
      await book.quotas.insertBudgetMove({ budget: 'a', amountFen: 5, by: 'terminal', note: undefined });
      await book.quotas.insertBudgetMove({ budget: 'b', amountFen: 70, by: 'terminal', note: undefined });
      expect(await book.quotas.budget('a')).toEqual({ filledFen: 5, heldFen: 0 });
      const sold = { state: 'NOTPAY', countedAt: till.clock.now(), amountFen: fen(3) } as const;
      await book.orders.insert(orderRow(till, sold));
      await book.quotas.draw(['a'], { outTradeNo: 'O1', outRefundNo: undefined });
      expect(await book.quotas.budget('a')).toEqual({ filledFen: 5, heldFen: 3 });
    });
  });

  it('is no more given back once the gateway has taken that back', async () => {
    await till.ledger.write((book) => book.orders.insert(orderRow(till, { state: 'PAID' })));
    await store.read(async (tx) => {
      const tallies = new Tallies(tx);
      await tallies.refund(refundRow(till, { state: 'SUCCESS' }), refundRow(till, { state: 'ABNORMAL' }));
      expect(tallies.added.of('takings', 'refunded_count', () => true)).toBe(-1);
    });
  });

  it.each([
    'UPDATE budgets SET filled_fen = filled_fen + 1',
    "UPDATE limit_tallies SET fen = fen - 1 WHERE scope = ''",
    "DELETE FROM order_tallies WHERE scope = ''",
    "INSERT INTO budgets VALUES ('nobody', 0, 1)",
    'UPDATE takings SET paid_fen = paid_fen - 1',
    'UPDATE takings SET day = day + 1',
    'INSERT INTO subscription_tallies VALUES (1, 1, 1900)',
  ])('is found out when somebody has been at it: %s', async (sql) => {
    await history(3)(80);
    expect(await store.read(miscounted)).toEqual([]);
    const tampering = store.write(async (tx) => {
      expect(await tx.run(sql)).toBeGreaterThan(0);
      expect(await miscounted(tx)).not.toEqual([]);
      throw new Error('taken back');
    });
    await expect(tampering).rejects.toThrow('taken back');
  });
});
