import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Ledger } from '../../src/ledger/ledger.ts';
import { openSqliteStore } from '../../src/ledger/sqlite-store.ts';
import type { Tx } from '../../src/ledger/store.ts';
import { type Database, sqlite } from '../../src/platform/sqlite.ts';
import { systemClock, systemRandom, systemTurn } from '../../src/platform/system.ts';
import { PATIENCE_MS } from '../support/patience.ts';

const ports = { clock: systemClock, randomBytes: systemRandom };
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'store-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const open = (path: string) => openSqliteStore(path, ports);

describe('a commit that several share', () => {
  const path = () => join(folder, 'l.db');
  const said: string[] = [];
  /** What SQLite is told stands in `said`, and `before` may stop it. */
  async function overheard(before: (sql: string) => void = () => undefined) {
    const real = await sqlite();
    const open = (file: string): Database => {
      const db = real.open(file);
      const exec = db.exec.bind(db);
      return Object.defineProperty(db, 'exec', {
        value(sql: string) {
          before(sql);
          said.push(sql);
          exec(sql);
        },
      });
    };
    const store = await openSqliteStore(path(), { ...ports, turn: systemTurn, sqlite: { ...real, open } });
    await store.write((tx) => tx.run('CREATE TABLE t (a INTEGER)'));
    said.length = 0;
    const insert = (a: number) =>
      store.write(async (tx) => {
        await tx.run('INSERT INTO t VALUES (?)', a);
        return a;
      });
    const rows = async (from = store) =>
      (await from.read((tx) => tx.all('SELECT a FROM t ORDER BY a'))).map(({ a }) => a);
    return { store, insert, rows };
  }
  /** Resolves when the lock has been asked for in vain. */
  const refused = () =>
    vi.waitFor(() => expect(said.filter((sql) => sql === 'BEGIN IMMEDIATE').length).toBeGreaterThan(1), {
      timeout: PATIENCE_MS,
      interval: 1,
    });
  const commits = () => said.filter((sql) => sql === 'COMMIT').length;

  it('is one, and nobody hears anything before it', async () => {
    const { store, insert, rows } = await overheard();
    const refused = store.write(async (tx) => {
      await tx.run('INSERT INTO t VALUES (9)');
      throw new Error('no');
    });
    const told = [insert(1), refused, insert(2), insert(3)].map((one) =>
      one.then(String, String).then((answer) => said.push(answer)),
    );
    await Promise.all(told);
    expect(commits()).toBe(1);
    expect(said.slice(said.indexOf('COMMIT') + 1).sort()).toEqual(['1', '2', '3', 'Error: no']);
    expect(await rows()).toEqual([1, 2, 3]);
    await store.close();
  });

  it('is shared by who comes while another process has the lock, and readers hear what was written before', async () => {
    const { store, insert, rows } = await overheard();
    const other = await open(path());
    const seen: unknown[] = [];
    const all: Promise<unknown>[] = [];
    await other.write(async (tx) => {
      all.push(insert(1));
      // Refused the lock at least once by now.
      await refused();
      all.push(
        insert(2),
        insert(3),
        rows().then((found) => seen.push(...found)),
      );
      await tx.run('INSERT INTO t VALUES (0)');
    });
    await Promise.all(all);
    expect(commits()).toBe(2);
    expect(seen).toEqual([0, 1, 2, 3]);
    await Promise.all([store.close(), other.close()]);
  });

  it('never lets a note take a write along that has to be on the disk, nor a reader overtake it', async () => {
    const { store, insert, rows } = await overheard();
    const other = await open(path());
    const levels: unknown[] = [];
    const level = async (tx: Tx) => void levels.push((await tx.all('PRAGMA synchronous'))[0]?.synchronous);
    let seen: unknown;
    const all: Promise<unknown>[] = [];
    await other.write(async () => {
      all.push(store.note(level));
      await refused();
      all.push(
        store.note(level),
        store.write(level, 'beside'),
        insert(1),
        rows().then((found) => (seen = found)),
      );
    });
    await Promise.all(all);
    expect(levels).toEqual([1, 1, 2]);
    expect(seen).toEqual([1]);
    await Promise.all([store.close(), other.close()]);
  });

  it('waits for the disk unless a power cut may undo all that is in it, and always does so without WAL', async () => {
    const path = join(folder, 'l.db');
    const store = await openSqliteStore(path, { ...ports, turn: systemTurn });
    const other = await open(path);
    const level = async (tx: Tx) => (await tx.all('PRAGMA synchronous'))[0]?.synchronous;
    const [FULL, NORMAL] = [2, 1];
    expect(await store.write(level)).toBe(FULL);
    expect(await store.note(level)).toBe(NORMAL);
    expect(await Promise.all([store.note(level), store.write(level)])).toEqual([FULL, FULL]);
    await store.note((tx) => tx.run('CREATE TABLE t (a INTEGER)'));
    expect(await other.read((tx) => tx.all('SELECT * FROM t'))).toEqual([]);
    const failed = store.note(async (tx) => {
      await tx.run('INSERT INTO t VALUES (1)');
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    expect(await store.write(level)).toBe(FULL);
    expect(await other.read((tx) => tx.all('SELECT * FROM t'))).toEqual([]);
    const old = await openSqliteStore(join(folder, 'old.db'), {
      ...ports,
      sqlite: { ...(await sqlite()), walIsSafe: false },
    });
    expect(await old.note(level)).toBe(FULL);
    await Promise.all([store, other, old].map((one) => one.close()));
  });

  it('that fails has committed nothing, and all of them hear so', async () => {
    let isFull = false;
    const { store, insert, rows } = await overheard((sql) => {
      if (isFull && sql === 'COMMIT') throw Object.assign(new Error('full'), { errcode: 13 });
    });
    isFull = true;
    const refused = store.write(async () => Promise.reject(new Error('no')));
    for (const one of await Promise.allSettled([insert(1), refused, insert(2)]))
      expect(one).toMatchObject({ status: 'rejected', reason: { code: 'CONFIGURATION' } });
    isFull = false;
    await insert(3);
    expect(await rows()).toEqual([3]);
    await store.close();
  });

  it('cannot be had by the others when the disk is full for one', async () => {
    const { store, insert, rows } = await overheard();
    await store.write((tx) => tx.all('PRAGMA max_page_count = 4').then(() => undefined));
    const large = store.write((tx) => tx.run('INSERT INTO t VALUES (?)', 'x'.repeat(100_000)));
    const all = await Promise.allSettled([insert(1), large, insert(2)]);
    const stand = all.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    expect(all[1]).toMatchObject({ status: 'rejected', reason: { code: 'CONFIGURATION' } });
    expect(await rows(), 'who was told so, and nobody else').toEqual(stand);
    await store.close();
  });

  it('is not half there after a kill between two of them', async () => {
    const { store, insert } = await overheard();
    await insert(1);
    const killed = join(folder, 'killed');
    const dying = store.write(async (tx) => {
      await tx.run('INSERT INTO t VALUES (3)');
      for (const end of ['', '-wal']) cpSync(`${path()}${end}`, `${killed}/l.db${end}`);
    });
    mkdirSync(killed);
    await Promise.all([insert(2), dying, insert(4)]);
    await store.close();
    const left = await open(join(killed, 'l.db'));
    expect(await left.read((tx) => tx.all('SELECT a FROM t'))).toEqual([{ a: 1 }]);
    await left.close();
  });
});

describe('a ledger that cannot be used says so and is left alone', () => {
  const refuses = (path: string, realm: 'live' | 'simulator' = 'live') =>
    expect(open(path).then((store) => Ledger.open(store, realm, ports))).rejects.toMatchObject({
      code: 'CONFIGURATION',
      details: { variable: 'CASHIER_LEDGER' },
    });

  it('that is no database', async () => {
    const path = join(folder, 'l.db');
    const text = 'dear diary, '.repeat(500);
    writeFileSync(path, text);
    await refuses(path);
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  it('that is a folder, or lies below a file', async () => {
    mkdirSync(join(folder, 'dir'));
    writeFileSync(join(folder, 'file'), '');
    await refuses(join(folder, 'dir'));
    await refuses(join(folder, 'file', 'l.db'));
  });

  it('when the disk is full', async () => {
    const path = join(folder, 'l.db');
    const store = await open(path);
    await store.write((tx) => tx.run('CREATE TABLE t (a TEXT)'));
    await store.write((tx) => tx.all('PRAGMA max_page_count = 4').then(() => undefined));
    const fill = store.write((tx) => tx.run('INSERT INTO t VALUES (?)', 'x'.repeat(100_000)));
    await expect(fill).rejects.toMatchObject({
      code: 'CONFIGURATION',
      message: expect.stringContaining('disk space'),
    });
    expect(await store.read((tx) => tx.all('SELECT * FROM t'))).toEqual([]);
    await store.close();
  });
});
