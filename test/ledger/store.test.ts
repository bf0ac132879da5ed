import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CashierError } from '../../src/domain/errors.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import { openPostgresStore } from '../../src/ledger/postgres-store.ts';
import { openSqliteStore } from '../../src/ledger/sqlite-store.ts';
import { listed, type SqlValue, type Store, type Tx } from '../../src/ledger/store.ts';
import { systemClock, systemRandom, systemTurn } from '../../src/platform/system.ts';
import { hasPostgres, newDatabase } from '../support/postgres.ts';
import { postgresMark } from '../support/skipped.ts';

const ports = { clock: systemClock, randomBytes: systemRandom };

/** A place for one ledger, of which any number of processes may hold a store. */
interface Place {
  open(ports?: { turn: () => Promise<void> }): Promise<Store>;
  end(): Promise<void>;
}
const PLACES: Readonly<Record<string, () => Promise<Place>>> = {
  async SQLite() {
    const folder = mkdtempSync(join(tmpdir(), 'store-'));
    return {
      open: (more) => openSqliteStore(join(folder, 'deep', 'l.db'), { ...ports, ...more }),
      end: async () => rmSync(folder, { recursive: true, force: true }),
    };
  },
  async PostgreSQL() {
    const { url, drop } = await newDatabase();
    return { open: (more) => openPostgresStore(url, 'postgres://test', { ...ports, ...more }), end: drop };
  },
};

describe.each(Object.keys(PLACES))('a ledger in %s', (name) => {
  const test = it.skipIf(name === 'PostgreSQL' && !hasPostgres);
  const titled = (title: string) => title + postgresMark(name === 'SQLite' || hasPostgres);
  let place: Place;
  let store: Store;
  beforeEach(async () => {
    if (name === 'PostgreSQL' && !hasPostgres) return;
    place = await (PLACES[name] as () => Promise<Place>)();
    store = await place.open({ turn: systemTurn });
    await store.write((tx) => tx.run('CREATE TABLE t (a BIGINT PRIMARY KEY, b TEXT, c BLOB)'));
  });
  afterEach(async () => {
    await store?.close();
    await place?.end();
  });
  const insert = (a: number) =>
    store.write(async (tx) => {
      await tx.run('INSERT INTO t (a) VALUES (?)', a);
      return a;
    });
  const rows = async (from = store) =>
    (await from.read((tx) => tx.all('SELECT a FROM t ORDER BY a'))).map(({ a }) => a);

  test(titled('keeps nothing of a transaction that throws'), async () => {
    const failing = store.write(async (tx) => {
      await tx.run('INSERT INTO t (a) VALUES (1)');
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await rows()).toEqual([]);
  });

  test(titled('takes no mistake in a statement of ours for a store that cannot be used'), async () => {
    await insert(1);
    const error: unknown = await insert(1).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Error);
    expect(error, 'INTERNAL, not CONFIGURATION').not.toBeInstanceOf(CashierError);
  });

  test(titled('finds nothing among none, one among some'), async () => {
    await insert(7);
    const among = (...values: number[]) =>
      store.read((tx) => tx.all(`SELECT a FROM t WHERE a IN ${listed(values)}`, ...values));
    expect([await among(), await among(7, 8)]).toEqual([[], [{ a: 7 }]]);
  });

  test(titled('never shows a reader half of a write of the same process'), async () => {
    const writing = store.write(async (tx) => {
      await tx.run('INSERT INTO t (a) VALUES (1)');
      await new Promise((resolve) => setImmediate(resolve));
      await tx.run('INSERT INTO t (a) VALUES (2)');
    });
    const seen = await rows();
    await writing;
    // Readers have a line of their own where the store has a second connection: before the write is as right as after it.
    expect([[], [1, 2]]).toContainEqual(seen);
    expect(await rows()).toEqual([1, 2]);
  });

  test(titled('shows a reader one instant, whatever others commit meanwhile'), async () => {
    const other = await place.open();
    const seen = await store.read(async (tx) => {
      const count = async () => (await tx.all('SELECT COUNT(*) AS n FROM t'))[0]?.n;
      const before = await count();
      await other.write((tx) => tx.run('INSERT INTO t (a) VALUES (1)'));
      return [before, await count()];
    });
    expect(seen).toEqual([0, 0]);
    expect(await rows()).toEqual([1]);
    await other.close();
  });

  test.each([
    ['one by one', undefined],
    ['in shared commits', { turn: systemTurn }],
  ])(titled('adds up under many connections that read and then write, %s'), async (_how, turn) => {
    const stores = await Promise.all(Array.from({ length: 6 }, () => place.open(turn)));
    await insert(0);
    const increments = stores.flatMap((one) =>
      Array.from({ length: 50 }, () =>
        one.write(async (tx) => {
          const [row] = await tx.all('SELECT a FROM t');
          await tx.run('UPDATE t SET a = ?', Number(row?.a) + 1);
        }),
      ),
    );
    await Promise.all(increments);
    expect(await rows()).toEqual([300]);
    await Promise.all(stores.map((one) => one.close()));
  });

  test(
    titled('shares a commit, and leaves out what one of them did before it failed, and nothing else'),
    async () => {
      const failing = store.write(async (tx) => {
        await tx.run('INSERT INTO t (a) VALUES (99)');
        // The refusal of one statement is not the others' either.
        await Promise.all([
          tx.run('INSERT INTO t (a) VALUES (1, 2, 3)'),
          tx.run('INSERT INTO t (a) VALUES (98)'),
        ]);
      });
      const refused = store.note(async () => Promise.reject(new Error('no')));
      const all = await Promise.allSettled([insert(1), failing, refused, insert(2)]);
      expect(all.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
      expect(await rows()).toEqual([1, 2]);
    },
  );

  test(titled('writes last, once, what those who share a commit have in common'), async () => {
    const sum = () => {
      let total = 0;
      return {
        add: (by: number) => {
          total += by;
        },
        end: async (tx: Tx) => void (await tx.run('INSERT INTO t (a) VALUES (?)', total)),
      };
    };
    const adding = (by: number) =>
      store.write(async (tx) => {
        await tx.run('INSERT INTO t (a) VALUES (?)', by);
        if (by === 4) throw new Error('no');
        tx.common(sum).add(by);
      }, 'beside');
    await Promise.allSettled([adding(1), adding(2), adding(4)]);
    expect(await rows(), 'nothing of who failed').toEqual([1, 2, 3]);
  });

  test(titled('leaves out of a commit whoever it could not end with'), async () => {
    const ending = () => {
      const all: number[] = [];
      return {
        all,
        end: async (tx: Tx) => {
          for (const a of all) await tx.run('INSERT INTO t (a) VALUES (?)', a);
        },
      };
    };
    const adding = (a: number) =>
      store.write(async (tx) => {
        tx.common(ending).all.push(a);
      }, 'beside');
    const all = await Promise.allSettled([adding(1), adding(1), adding(2)]);
    expect(all.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await rows()).toEqual([1, 2]);
  });

  test(titled('is found changed by another process at once'), async () => {
    const other = await place.open();
    const seen = await Promise.all([1, 2, 3].map((a) => insert(a).then(() => rows(other))));
    for (const [i, found] of seen.entries()) expect(found).toContain(i + 1);
    await store.note((tx) => tx.run('INSERT INTO t (a) VALUES (4)'));
    expect(await rows(other)).toEqual([1, 2, 3, 4]);
    await other.close();
  });

  test(titled('gives back what was put there'), async () => {
    const texts = ['it\'s ? a "test" \\ %', '收款 🍵', '', 'B', 'a'];
    const bytes = [Buffer.from([0, 255, 39]), new Uint8Array(0), null];
    const numbers = [0, -1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 1];
    await store.write(async (tx) => {
      for (const [i, a] of numbers.entries())
        await tx.run("INSERT INTO t (a, b, c) VALUES (?, ? || '?', ?)", a, texts[i] ?? '', bytes[i] ?? null);
    });
    const found = await store.read((tx) => tx.all('SELECT * FROM t'));
    expect(found.map(({ a }) => a)).toEqual(numbers);
    expect(found.map(({ b }) => b)).toEqual(texts.map((text) => `${text}?`));
    const read = found.map(({ c }) => (c instanceof Uint8Array ? [...c] : c));
    expect(read).toEqual([[0, 255, 39], [], null, null, null]);
    const one = async (sql: string, ...values: SqlValue[]) =>
      (await store.read((tx) => tx.all(`SELECT ${sql} AS one FROM t`, ...values)))[0]?.one;
    expect(await one('SUM(a)')).toBe(0);
    expect(await one('COUNT(*)')).toBe(5);
    expect(await one('MAX(a) / 2')).toBe(4503599627370495);
    expect(await one('COUNT(CASE WHEN b LIKE ? THEN 1 END)', '收款%')).toBe(1);
    expect(await one('COUNT(CASE WHEN b LIKE ? THEN 1 END)', '%TEST%'), 'letters of either case').toBe(1);
    expect(await one("MAX(CASE typeof(c) WHEN 'blob' THEN lower(hex(c)) END)")).toBe('00ff27');
    const ordered = await store.read((tx) => tx.all('SELECT b FROM t ORDER BY b'));
    expect(
      ordered.map(({ b }) => String(b)[0]),
      'by its bytes',
    ).toEqual(['?', 'B', 'a', 'i', '收']);
    expect(await store.write((tx) => tx.run('UPDATE t SET b = NULL WHERE a < 1'))).toBe(3);
    expect(await store.write((tx) => tx.run('INSERT INTO t (a) VALUES (1) ON CONFLICT DO NOTHING'))).toBe(0);
  });

  test(titled('refuses a number that cannot be read exactly'), async () => {
    await store.write((tx) => tx.run('INSERT INTO t (a) VALUES (9007199254740993)'));
    await expect(rows()).rejects.toThrow();
  });

  test(titled('of another program is refused and left alone'), async () => {
    await insert(7);
    const opening = Ledger.open(await place.open(), 'live', ports);
    await expect(opening).rejects.toMatchObject({ code: 'CONFIGURATION' });
    expect(await rows()).toEqual([7]);
  });

  describe('that is one', () => {
    beforeEach(async () => {
      if (place) await store.write((tx) => tx.run('DROP TABLE t'));
    });

    test(titled('is made once by many processes that start together'), async () => {
      const ledgers = await Promise.all(
        Array.from({ length: 8 }, async () => Ledger.open(await place.open(), 'live', ports)),
      );
      const salts = await Promise.all(ledgers.map((ledger) => ledger.read((book) => book.meta('salt'))));
      expect(new Set(salts).size).toBe(1);
      await Promise.all(ledgers.map((ledger) => ledger.close()));
    });

    test(
      titled('is refused where it is newer, also when it became that while it was open, or of another realm'),
      async () => {
        const old = await Ledger.open(await place.open(), 'live', ports);
        const refused = { code: 'CONFIGURATION', details: { variable: 'CASHIER_LEDGER' } };
        const other = await place.open();
        await expect(Ledger.open(other, 'simulator', ports)).rejects.toMatchObject(refused);
        await old.write((book) => book.setMeta('schema_version', '99'));
        const late = old.as({ caller: 'late' }).write((book) => book.setMeta('mine', '1'));
        await expect(late).rejects.toMatchObject(refused);
        expect(await old.read((book) => book.meta('mine'))).toBeUndefined();
        await expect(Ledger.open(other, 'live', ports)).rejects.toMatchObject(refused);
        await Promise.all([old.close(), other.close()]);
      },
    );

    test(titled('is not made where none is expected'), async () => {
      const opening = Ledger.open(store, 'live', ports, { mayMake: false });
      await expect(opening).rejects.toMatchObject({ code: 'CONFIGURATION', details: { absent: 'ledger' } });
      await (await Ledger.open(await place.open(), 'live', ports)).close();
      await (await Ledger.open(await place.open(), 'live', ports, { mayMake: false })).close();
    });
  });
});
