import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { beside, metaKey } from '../../src/ledger/beside.ts';
import { Book } from '../../src/ledger/book.ts';
import { openPostgresStore } from '../../src/ledger/postgres-store.ts';
import type { Store, Tx } from '../../src/ledger/store.ts';
import { refundPayment } from '../../src/payments/refund-payment.ts';
import { systemClock, systemRandom, systemTurn } from '../../src/platform/system.ts';
import { gate } from '../support/gate.ts';
import { hasPostgres, newDatabase, say } from '../support/postgres.ts';
import { postgresMark } from '../support/skipped.ts';
import { CALL, refund, World } from '../support/world.ts';

const ports = { clock: systemClock, randomBytes: systemRandom, turn: systemTurn };

describe.skipIf(!hasPostgres)(`writers in PostgreSQL${postgresMark(hasPostgres)}`, () => {
  let url: string;
  let drop: () => Promise<void>;
  let one: Store;
  let other: Store;
  /** Whoever reads waits for what its own process writes. */
  let reader: Store;
  beforeEach(async () => {
    ({ url, drop } = await newDatabase());
    await say(url, 'CREATE TABLE t (n BIGINT)');
    one = await openPostgresStore(url, 'postgres://test', ports);
    other = await openPostgresStore(url, 'postgres://test', ports);
    reader = await openPostgresStore(url, 'postgres://test', ports);
    // The first that each writes it writes alone.
    for (const store of [one, other]) await store.write(async () => undefined);
  });
  afterEach(async () => {
    await Promise.all([one, other, reader].map((store) => store.close()));
    await drop();
  });
  const put = (tx: Tx, n: number) => tx.run('INSERT INTO t (n) VALUES (?)', n);
  const found = async (tx: Pick<Tx, 'all'>) => (await tx.all('SELECT n FROM t ORDER BY n')).map(({ n }) => n);
  const stored = () => reader.read(found);
  /** One writer in the midst of its work, with a key. */
  async function busy(key: string, how: 'beside' | undefined = 'beside') {
    const { arrived, open, pass } = gate();
    const written = one.write(async (tx) => {
      await tx.lock(key);
      await put(tx, 1);
      await pass();
    }, how);
    await arrived;
    return { written, open };
  }

  it('go on beside each other under different keys', async () => {
    const { written, open } = await busy('a');
    await other.write(async (tx) => {
      await tx.lock('b');
      await put(tx, 2);
    }, 'beside');
    expect(await stored()).toEqual([2]);
    open();
    await written;
    expect(await stored()).toEqual([1, 2]);
  });

  it.each([
    ['the same key', 'beside', 'a', 'beside'],
    ['one that is alone', undefined, 'a', 'beside'],
    ['one that wants to be alone', 'beside', 'b', undefined],
  ] as const)('wait for %s, and see what it has committed', async (_, how, key, how2) => {
    const { written, open } = await busy('a', how);
    const order: string[] = [];
    const second = other.write(async (tx) => {
      await tx.lock(key);
      order.push('second');
      return found(tx);
    }, how2);
    const first = written.then(() => order.push('first'));
    // Whoever does not wait would be through by the time that another has made a whole transaction.
    await reader.read(found);
    open();
    expect(await second).toEqual([1]);
    await first;
    expect(order).toHaveLength(2);
  });

  it('begin again, alone, with nothing of the first try, when they find that they have to be', async () => {
    const { written, open } = await busy('a');
    let tries = 0;
    const mine = other.write(async (tx) => {
      tries += 1;
      await put(tx, 10 * tries);
      await tx.alone();
      return found(tx);
    }, 'beside');
    const mate = other.write((tx) => put(tx, 3), 'beside');
    open();
    const seen = await mine;
    expect(seen).toEqual(expect.arrayContaining([1, 10 * tries]));
    expect(tries).toBeGreaterThan(1);
    await Promise.all([written, mate]);
    expect(await stored(), 'once').toEqual([1, 3, 10 * tries]);
  });

  it('let who shares their commit come again that wants a key which another has', async () => {
    const { written, open } = await busy('a');
    const mates = Promise.all([
      other.write((tx) => put(tx, 2), 'beside'),
      other.write((tx) => put(tx, 3), 'beside'),
    ]);
    const late = other.write(async (tx) => {
      await put(tx, 4);
      await tx.lock('a');
      await put(tx, Number((await found(tx)).includes(1)) * 100);
    }, 'beside');
    await mates;
    expect(await stored()).toEqual([2, 3]);
    open();
    await Promise.all([written, late]);
    expect(await stored()).toEqual([1, 2, 3, 4, 100]);
  });

  it('do not take a key for theirs that somebody had who has failed in the same commit', async () => {
    const { arrived, open, pass } = gate();
    const failed = other.write(async (tx) => {
      await tx.lock('a');
      throw new Error('no');
    }, 'beside');
    const mate = other.write(pass, 'beside');
    const late = other.write(async (tx) => {
      await tx.lock('a');
      await put(tx, Number((await found(tx)).includes(1)) * 100);
    }, 'beside');
    const refused = expect(failed).rejects.toThrow('no');
    await arrived;
    const first = await busy('a');
    open();
    await mate;
    first.open();
    await Promise.all([refused, late, first.written]);
    expect(await stored()).toEqual([1, 100]);
  });

  it('keep nothing of who comes again, though that one took the refusal for something else', async () => {
    const { written, open } = await busy('a');
    const ended: number[] = [];
    const ending = { end: async (tx: Tx) => void (await put(tx, 50 + ended.length)) };
    let tries = 0;
    const mate = other.write((tx) => put(tx, 2), 'beside');
    const late = other.write(async (tx) => {
      tries += 1;
      await tx.lock('a').catch(() => undefined);
      await put(tx, 5);
      tx.common(() => ending);
      ended.push(tries);
    }, 'beside');
    await mate;
    open();
    await Promise.all([written, late]);
    expect(ended).toHaveLength(1);
    expect(await stored()).toEqual([1, 2, 5, 51]);
  });

  it('that lock each other out are told apart and both come through', async () => {
    const gates = [gate(), gate()];
    const crossing = (store: Store, [first, second]: readonly [string, string], i: number) => {
      let isFirst = true;
      return store.write(async (tx) => {
        await tx.lock(first);
        if (isFirst) await gates[i]?.pass();
        isFirst = false;
        await tx.lock(second);
        await put(tx, i);
      }, 'beside');
    };
    const both = [crossing(one, ['a', 'b'], 0), crossing(other, ['b', 'a'], 1)];
    await Promise.all(gates.map(({ arrived }) => arrived));
    for (const { open } of gates) open();
    await Promise.all(both);
    expect(await stored()).toEqual([0, 1]);
  });
});

it('nobody writes beside others what is not an order, nor under the key that it has', async () => {
  const wanted: string[] = [];
  const tx = beside({
    all: async () => [],
    run: async () => 0,
    lock: async () => undefined,
    holds: (key) => key === metaKey('mine'),
    alone: async () => void wanted.push('alone'),
    common: (make) => make(),
  });
  const isAlone = async (sql: string, ...values: string[]) => {
    wanted.length = 0;
    await tx.run(sql, ...values);
    return wanted.length > 0;
  };
  for (const table of ['orders', 'plans', 'refunds', 'budget_draws'])
    for (const sql of [
      `INSERT INTO ${table} VALUES (1)`,
      `UPDATE ${table} SET a = 1`,
      ` DELETE FROM ${table}`,
    ])
      expect(await isAlone(sql), sql).toBe(false);
  expect(await isAlone('INSERT INTO meta (key, value) VALUES (?, ?)', 'mine', '1')).toBe(false);
  expect(await isAlone('INSERT INTO meta (key, value) VALUES (?, ?)', 'frozen', '1')).toBe(true);
  for (const sql of [
    'INSERT INTO approvals VALUES (1)',
    'UPDATE policies SET a = 1',
    'CREATE TABLE orders (a)',
  ])
    expect(await isAlone(sql), sql).toBe(true);
});

it('nobody changes an order or a refund beside others whose key it has not', async () => {
  const world = new World();
  const till = await world.process();
  await world.sold(till);
  await refundPayment(till, CALL, refund({ outTradeNo: 'ORDER_1', outRefundNo: 'R1' }));
  const { order, given } = await till.ledger.read(async (book) => ({
    order: await book.orders.get('ORDER_1'),
    given: await book.refunds.get('ORDER_1', 'R1'),
  }));
  if (!order || !given) throw new Error('nothing was sold');
  for (const held of [true, false]) {
    const alone: number[] = [];
    const tx: Tx = {
      all: async () => [],
      run: async () => 1,
      lock: async () => undefined,
      holds: () => held,
      alone: async () => void alone.push(1),
      common: (make) => make(),
    };
    const book = new Book(beside(tx), 0, { actor: 'system' });
    await book.orders.patch(order, {});
    await book.refunds.patch(given, {});
    expect(alone).toHaveLength(held ? 0 : 2);
  }
  await world.end();
});
