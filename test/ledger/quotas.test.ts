import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CLOCKS_APART_MS } from '../../src/domain/clock.ts';
import { fen } from '../../src/domain/money.ts';
import { ORDER_STATES, REFUND_STATES } from '../../src/domain/order.ts';
import type { Book } from '../../src/ledger/book.ts';
import { COUNTS, counts, givesBack, inScope, type Scope, scopeKey } from '../../src/ledger/counting.ts';
import { Quotas } from '../../src/ledger/quotas.ts';
import type { OrderRecord, RefundRecord } from '../../src/ledger/records.ts';
import type { Row, SqlValue, Tx } from '../../src/ledger/store.ts';
import { columnsOf, Sums } from '../../src/ledger/sums.ts';
import { Tallies } from '../../src/ledger/tallies.ts';
import type { Till } from '../../src/payments/till.ts';
import { orderRow, refundRow } from '../support/rows.ts';
import { World } from '../support/world.ts';

const DAY_MS = 86_400_000;

describe('what counts', () => {
  const code = [undefined, 'NO'];

  it.each(ORDER_STATES)('of orders in %s is what was sent and not provably declined', (state) => {
    const of = (countedAt: number | undefined, declinedCode: string | undefined) =>
      counts({ state, countedAt, declinedCode } as OrderRecord);
    const isSent = state !== 'PENDING_APPROVAL' && state !== 'DENIED';
    expect(code.map((declined) => of(undefined, declined))).toEqual([false, false]);
    expect(code.map((declined) => of(1, declined))).toEqual([isSent, isSent && state !== 'CLOSED']);
  });

  it.each(REFUND_STATES)('of refunds in %s is what holds its sum', (state) => {
    const isHeld = ['UNKNOWN', 'PROCESSING', 'ABNORMAL', 'SUCCESS'].includes(state);
    expect(counts({ state, outRefundNo: 'R1' } as RefundRecord)).toBe(isHeld);
  });

  it('goes back by a refund of ours that went through', () => {
    const goes = (state: string, caller: string) => givesBack({ state, caller } as RefundRecord);
    expect([goes('SUCCESS', 'shop'), goes('SUCCESS', 'gateway'), goes('UNKNOWN', 'shop')]).toEqual([
      ...[true, false, false],
    ]);
  });

  it.each<[Scope, string, string, SqlValue[]]>([
    [{}, '', '1 = 1', []],
    [{ caller: 'a' }, 'caller a', 'counted_by = ?', ['a']],
    [{ client: 'a' }, 'client a', 'client = ?', ['a']],
    [{ caller: 'a', client: 'b' }, 'caller a', 'counted_by = ?', ['a']],
  ])('of %j has a key and rows of its own', (scope, key, where, values) => {
    expect(scopeKey(scope)).toBe(key);
    expect(inScope(scope)).toEqual({ where, values });
  });
});

describe('sums that are to be added', () => {
  /** A transaction that only tells what it was asked to run. */
  const told = async (sums: Sums) => {
    const ran: [string, ...SqlValue[]][] = [];
    await sums.write({ run: async (...asked: [string, ...SqlValue[]]) => ran.push(asked) } as unknown as Tx);
    return ran.map(([sql, ...values]) => [sql.replace(/\s+/g, ' '), ...values]);
  };
  const INTO = 'INSERT INTO budgets (budget, filled_fen) VALUES';
  const THEN = 'ON CONFLICT (budget) DO UPDATE SET filled_fen = budgets.filled_fen + excluded.filled_fen';

  it('come together by table and key, and rows that change alike go in one statement', async () => {
    const sums = new Sums();
    expect(sums.isEmpty).toBe(true);
    expect(await told(sums)).toEqual([]);
    sums.add('budgets', ['a'], [['filled_fen', 5]]);
    sums.add('budgets', ['b'], [['filled_fen', 7]]);
    sums.add('budgets', ['a'], [['filled_fen', 2]]);
    sums.add(
      'budgets',
      ['c'],
      [
        ['held_fen', 1],
        ['filled_fen', 3],
      ],
    );
    sums.add(
      'budgets',
      ['d'],
      [
        ['filled_fen', 4],
        ['held_fen', 2],
      ],
    );
    expect(sums.isEmpty).toBe(false);
    const both = ['filled_fen', 'held_fen'].map((sum) => `${sum} = budgets.${sum} + excluded.${sum}`);
    expect(await told(sums)).toEqual([
      [`${INTO} (?, ?), (?, ?) ${THEN}`, 'a', 7, 'b', 7],
      [
        'INSERT INTO budgets (budget, filled_fen, held_fen) VALUES (?, ?, ?), (?, ?, ?) ' +
          `ON CONFLICT (budget) DO UPDATE SET ${both.join(', ')}`,
        ...['c', 3, 1, 'd', 4, 2],
      ],
    ]);
  });

  it('that come to nothing are not written', async () => {
    const sums = new Sums();
    sums.add(
      'budgets',
      ['a'],
      [
        ['filled_fen', 5],
        ['held_fen', 1],
      ],
    );
    sums.add(
      'budgets',
      ['a'],
      [
        ['filled_fen', -5],
        ['held_fen', -1],
      ],
    );
    sums.add(
      'budgets',
      ['b'],
      [
        ['filled_fen', 5],
        ['held_fen', 0],
      ],
    );
    expect(await told(sums)).toEqual([[`${INTO} (?, ?) ${THEN}`, 'b', 5]]);
  });

  it('of another are added to them', async () => {
    const [sums, others] = [new Sums(), new Sums()];
    sums.add('budgets', ['a'], [['filled_fen', 5]]);
    others.add('budgets', ['a'], [['filled_fen', 6]]);
    others.add('limit_tallies', ['payment', '', 1], [['count', 1]]);
    sums.addAll(others);
    expect(sums.of('budgets', 'filled_fen', () => true)).toBe(11);
    expect(sums.of('limit_tallies', 'count', () => true)).toBe(1);
  });

  it('are of one row where all of its key is the same', () => {
    const sums = new Sums();
    sums.add('limit_tallies', ['payment', 'caller a1', 2], [['count', 1]]);
    sums.add('limit_tallies', ['payment', 'caller a', 12], [['count', 30]]);
    expect(sums.of('limit_tallies', 'count', ([, scope]) => scope === 'caller a')).toBe(30);
  });

  it('are told by table, sum and key', () => {
    const sums = new Sums();
    sums.add(
      'budgets',
      ['a'],
      [
        ['filled_fen', 5],
        ['held_fen', 3],
      ],
    );
    sums.add('budgets', ['b'], [['filled_fen', 70]]);
    sums.add('order_tallies', ['a', 1, 'alipay'], [['paid_fen', 900]]);
    const of = (sum: string, name: string) => sums.of('budgets', sum, ([budget]) => budget === name);
    expect([of('filled_fen', 'a'), of('held_fen', 'a'), of('held_fen', 'b'), of('filled_fen', 'c')]).toEqual([
      ...[5, 3, 0, 0],
    ]);
    expect(sums.of('budgets', 'paid_fen', () => true)).toBe(0);
  });

  it('of one state stand in columns of its own', () => {
    expect(columnsOf('NOTPAY')).toEqual({ count: 'notpay_count', refunded: 'notpay_refunded_fen' });
  });
});

describe('limits and budgets', () => {
  let world: World;
  let till: Till;
  let now: number;
  beforeEach(async () => {
    world = new World();
    till = await world.process();
    now = till.clock.now();
  });
  afterEach(() => world.end());

  const sell = (book: Book, outTradeNo: string, amount: number, more: Partial<OrderRecord>) =>
    book.orders.insert(orderRow(till, { outTradeNo, amountFen: fen(amount), state: 'NOTPAY', ...more }));
  const giveBack = (book: Book, outRefundNo: string, amount: number, more: Partial<RefundRecord>) =>
    book.refunds.insert(refundRow(till, { outRefundNo, amountFen: fen(amount), state: 'UNKNOWN', ...more }));
  /** What a payment and a refund each count, before and after what has counted is committed. */
  async function both<T>(fill: (book: Book) => Promise<void>, ask: (book: Book) => Promise<T>): Promise<T> {
    const within = await till.ledger.write(async (book) => {
      await fill(book);
      return ask(book);
    });
    expect(await till.ledger.read(ask)).toEqual(within);
    return within;
  }

  it('count by whole days of Beijing, by kind and by whose they are', async () => {
    const midnight = Date.parse('2026-11-21T00:00:00+08:00');
    const fill = async (book: Book) => {
      await sell(book, 'O1', 1, { countedAt: midnight, countedBy: 'a', client: 'cline' });
      await sell(book, 'O2', 20, { countedAt: midnight + DAY_MS - 1, countedBy: 'b', client: 'cline' });
      await sell(book, 'O3', 300, { countedAt: midnight - 1, countedBy: 'a' });
      await sell(book, 'O4', 4000, { countedAt: midnight + DAY_MS, countedBy: 'a' });
      await sell(book, 'O5', 50_000, {});
      await giveBack(book, 'R1', 7, { countedAt: midnight, countedBy: 'a' });
    };
    const usage = (book: Book, kind: 'payment' | 'refund', scope: Scope) =>
      book.quotas.usage(kind, scope, midnight + 1, midnight + DAY_MS + 1);
    const asked = await both(fill, async (book) => [
      await usage(book, 'payment', {}),
      await usage(book, 'payment', { caller: 'a' }),
      await usage(book, 'payment', { client: 'cline' }),
      await usage(book, 'payment', { caller: 'nobody' }),
      await usage(book, 'refund', {}),
      await book.quotas.usage('payment', {}, midnight - DAY_MS, midnight + 2 * DAY_MS),
    ]);
    expect(asked).toEqual([
      { count: 2, fen: 21 },
      { count: 1, fen: 1 },
      { count: 2, fen: 21 },
      { count: 0, fen: 0 },
      { count: 1, fen: 7 },
      { count: 4, fen: 4321 },
    ]);
  });

  it('count since an instant, oldest first, and not what a wrong clock has dated ahead', async () => {
    const fill = async (book: Book) => {
      await sell(book, 'O1', 1, { countedAt: now, countedBy: 'a', client: 'cline' });
      await sell(book, 'O2', 20, { countedAt: now - 1000, countedBy: 'b' });
      await sell(book, 'O3', 300, { countedAt: now - 1001, countedBy: 'b' });
      await sell(book, 'O4', 4000, { countedAt: now + CLOCKS_APART_MS - 1, countedBy: 'a' });
      await sell(book, 'O5', 50_000, { countedAt: now + CLOCKS_APART_MS, countedBy: 'a' });
      await sell(book, 'O6', 600_000, { countedAt: now, countedBy: 'a', state: 'DENIED' });
      await giveBack(book, 'R1', 7, { countedAt: now, countedBy: 'a' });
      await giveBack(book, 'R2', 8, { countedAt: now, countedBy: 'a', state: 'CLOSED' });
    };
    const since = now - 1000;
    const asked = await both(fill, async (book) => [
      await book.quotas.recentUsage('payment', {}, since),
      await book.quotas.recentUsage('payment', { caller: 'b' }, since),
      await book.quotas.recentUsage('payment', { client: 'cline' }, since),
      await book.quotas.recentUsage('payment', { caller: 'nobody' }, since),
      await book.quotas.recentUsage('refund', {}, since),
    ]);
    expect(asked).toEqual([
      { count: 3, fen: 4021 },
      { count: 1, fen: 20 },
      { count: 1, fen: 1 },
      { count: 0, fen: 0 },
      { count: 1, fen: 7 },
    ]);
    expect(await till.ledger.read((book) => book.quotas.recent('payment', {}, since))).toEqual([
      { at: now - 1000, fen: 20 },
      { at: now, fen: 1 },
      { at: now + CLOCKS_APART_MS - 1, fen: 4000 },
    ]);
  });

  const budget = (name: string) => till.ledger.read((book) => book.quotas.budget(name));
  const draw = (budgets: string[], numbers: { outTradeNo: string; outRefundNo?: string }) =>
    till.ledger.write((book) => book.quotas.draw(budgets, { outRefundNo: undefined, ...numbers }));

  it('are filled by persons, and every move is kept', async () => {
    const moves = [
      { budget: 'a', amountFen: 500, by: 'terminal', note: 'for May' },
      { budget: 'b', amountFen: 9, by: 'terminal', note: undefined },
      { budget: 'a', amountFen: -200, by: 'page', note: undefined },
    ];
    for (const move of moves) await till.ledger.write((book) => book.quotas.insertBudgetMove(move));
    expect([await budget('a'), await budget('b'), await budget('c')]).toEqual([
      { filledFen: 300, heldFen: 0 },
      { filledFen: 9, heldFen: 0 },
      { filledFen: 0, heldFen: 0 },
    ]);
    const kept = await till.ledger.read((book) => book.quotas.budgetMoves('a'));
    expect(kept).toEqual([moves[0], moves[2]].map((move) => ({ ...move, at: now })));
    expect(await till.ledger.read((book) => book.quotas.budgets())).toEqual(['a', 'b']);
    const filled = (limit: number) => till.ledger.read((book) => book.quotas.filled(limit));
    const [a, b] = [
      { name: 'a', filledFen: 300, heldFen: 0 },
      { name: 'b', filledFen: 9, heldFen: 0 },
    ];
    expect([await filled(1), await filled(9)]).toEqual([[a], [a, b]]);
  });

  it('are seen by those who share a transaction with whoever fills them', async () => {
    const fill = () =>
      till.ledger.write((book) =>
        book.quotas.insertBudgetMove({ budget: 'a', amountFen: 5, by: 'terminal', note: undefined }),
      );
    const ask = () => till.ledger.write((book) => book.quotas.budget('a'));
    const [, , seen] = await Promise.all([fill(), fill(), ask()]);
    expect(seen).toEqual({ filledFen: 10, heldFen: 0 });
  });

  it('tell what was put into them last', async () => {
    const moves: [string, number][] = [
      ['a', 500],
      ['a', 300],
      ['b', 9],
      ['a', -200],
      ['c', -1],
    ];
    for (const [name, amountFen] of moves) {
      const move = { budget: name, amountFen, by: 'terminal', note: undefined };
      await till.ledger.write((book) => book.quotas.insertBudgetMove(move));
    }
    const last = (name: string) => till.ledger.read((book) => book.quotas.lastTopUp(name));
    expect([await last('a'), await last('b'), await last('c')]).toEqual([300, 9, undefined]);
  });

  it('hold what was drawn for as long as it counts, once whatever is said twice', async () => {
    await till.ledger.write((book) => sell(book, 'O1', 30, { countedAt: now }));
    await draw(['a', 'a', 'b'], { outTradeNo: 'O1' });
    expect([await budget('a'), await budget('b')].map(({ heldFen }) => heldFen)).toEqual([30, 30]);
    await draw(['b'], { outTradeNo: 'O1' });
    expect([await budget('a'), await budget('b')].map(({ heldFen }) => heldFen)).toEqual([0, 30]);
    await draw([], { outTradeNo: 'O1' });
    expect((await budget('b')).heldFen).toBe(0);
    await draw([], { outTradeNo: 'O1' });
    expect((await budget('b')).heldFen).toBe(0);
  });

  it('hold a refund by its own number, and nothing of what does not count', async () => {
    await till.ledger.write(async (book) => {
      await sell(book, 'O1', 30, { countedAt: now });
      await giveBack(book, 'R1', 7, {});
      await giveBack(book, 'R2', 8, { state: 'CLOSED' });
      await sell(book, 'O2', 40, {});
    });
    await draw(['a'], { outTradeNo: 'O1', outRefundNo: 'R1' });
    await draw(['b'], { outTradeNo: 'O1', outRefundNo: 'R2' });
    await draw(['b'], { outTradeNo: 'O2' });
    await draw(['b'], { outTradeNo: 'NOBODY' });
    expect([await budget('a'), await budget('b')].map(({ heldFen }) => heldFen)).toEqual([7, 0]);
  });

  it('are not looked for further where nothing was drawn nor is to be', async () => {
    const all = vi.fn(async () => []);
    const tx = { all } as unknown as Tx;
    await new Quotas(tx, now, new Tallies(tx)).draw([], { outTradeNo: 'O1', outRefundNo: undefined });
    expect(all).toHaveBeenCalledTimes(1);
  });

  it('are read under a key that whoever draws on the same has, too', async () => {
    const keys: string[] = [];
    const tx = {
      all: async (): Promise<Row[]> => [],
      lock: async (key: string) => void keys.push(key),
      common: <T>(make: () => T) => make(),
    } as unknown as Tx;
    const quotas = new Quotas(tx, now, new Tallies(tx));
    const keyOf = async (read: () => Promise<unknown>) => {
      keys.length = 0;
      await read();
      expect(keys).toHaveLength(1);
      return keys[0];
    };
    const usage = (kind: 'payment' | 'refund', scope: Scope) =>
      keyOf(() => quotas.usage(kind, scope, now, now));
    const own = await usage('payment', { caller: 'a' });
    expect(await keyOf(() => quotas.recent('payment', { caller: 'a' }, now))).toBe(own);
    expect(await keyOf(() => quotas.recentUsage('payment', { caller: 'a' }, now))).toBe(own);
    const others = [
      own,
      await usage('refund', { caller: 'a' }),
      await usage('payment', { caller: 'b' }),
      await usage('payment', { client: 'a' }),
      await usage('payment', {}),
      await keyOf(() => quotas.budget('a')),
      await keyOf(() => quotas.budget('b')),
    ];
    expect(new Set(others).size).toBe(others.length);
  });
});

it('what counts is said to the database as it is said here', async () => {
  expect(COUNTS.refund).toBe("state IN ('UNKNOWN', 'PROCESSING', 'ABNORMAL', 'SUCCESS')");
});
