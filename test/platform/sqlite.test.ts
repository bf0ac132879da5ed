import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as packaged from '@photostructure/sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DAY_MS } from '../../src/domain/clock.ts';
import { codeOf } from '../../src/domain/errors.ts';
import { openSqliteStore } from '../../src/ledger/sqlite-store.ts';
import {
  findSqlite,
  journalOf,
  openSqlite,
  primaryCode,
  releaseClosed,
  type Sqlite,
} from '../../src/platform/sqlite.ts';
import { systemClock, systemRandom, systemTurn } from '../../src/platform/system.ts';
import { PROC } from '../support/skipped.ts';
import { VirtualClock } from '../support/virtual-time.ts';

const ports = { clock: systemClock, randomBytes: systemRandom };
let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sqlite-'));
  path = join(folder, 'l.db');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the SQLite of this machine', () => {
  /** The packaged one in the part of Node's. */
  const node = async () => packaged;
  const none = () => Promise.reject(new Error("libm.so.6: version `GLIBC_2.29' not found"));
  const flagged = () => Promise.reject(new Error('No such built-in module: node:sqlite'));
  it.each([
    ["is Node's own where that is new enough", '3.51.3', node, node, 'node'],
    ['is the packaged one beside an older', '3.46.1', node, node, 'package'],
    ['is the packaged one where Node has none', undefined, flagged, node, 'package'],
    ['is the packaged one where Node keeps its own behind a flag', '3.53.0', flagged, node, 'package'],
    ["is Node's own, however old, where the packaged one does not run", '3.46.1', node, none, 'node'],
  ] as const)('%s', async (_, nodeVersion, own, other, origin) => {
    expect((await findSqlite({ nodeVersion, node: own, packaged: other })).origin).toBe(origin);
  });

  it('is not that of a Node in which it was not finished', async () => {
    class DatabaseSync {
      prepare = () => ({ get: () => ({ version: '3.47.2' }) });
      close(): void {}
    }
    const early = { DatabaseSync } as object as typeof packaged;
    const sources = { nodeVersion: '3.47.2', node: async () => early, packaged: none };
    await expect(findSqlite(sources)).rejects.toMatchObject({ code: 'CONFIGURATION' });
  });

  it('is missed in a sentence that says what to do', async () => {
    await expect(findSqlite({ nodeVersion: undefined, node: flagged, packaged: none })).rejects.toMatchObject(
      {
        code: 'CONFIGURATION',
        text: { zh: expect.stringContaining('GLIBC_2.29'), en: expect.stringContaining('GLIBC_2.29') },
        next: { en: expect.stringContaining('Node 22.16') },
      },
    );
  });
});

describe('a ledger file shared with an SQLite that is not safe in WAL mode', () => {
  let now: Sqlite;
  let old: Sqlite;
  beforeEach(async () => {
    now = await findSqlite({
      nodeVersion: undefined,
      node: async () => packaged,
      packaged: async () => packaged,
    });
    old = { ...now, version: '3.46.1', walIsSafe: false };
  });
  const modeOf = async () => {
    const db = await openSqlite(path);
    const mode = journalOf(db);
    db.close();
    return mode;
  };
  const store = (sqlite: Sqlite) => openSqliteStore(path, { ...ports, sqlite });

  it('never has a WAL when that one made it, whoever comes later', async () => {
    const first = await store(old);
    await first.write((tx) => tx.run('CREATE TABLE t (a INTEGER)'));
    const second = await store(now);
    await second.write((tx) => tx.run('INSERT INTO t VALUES (1)'));
    expect(await first.read((tx) => tx.all('SELECT * FROM t'))).toEqual([{ a: 1 }]);
    expect(await modeOf()).not.toBe('wal');
    await Promise.all([first.close(), second.close()]);
  });

  it('gives up its WAL for it when nobody else is there', async () => {
    const before = await store(now);
    await before.write((tx) => tx.run('CREATE TABLE t (a INTEGER)'));
    expect(await modeOf()).toBe('wal');
    await before.close();
    await releaseClosed();
    const after = await store(old);
    expect(await after.read((tx) => tx.all('SELECT * FROM t'))).toEqual([]);
    expect(await modeOf()).not.toBe('wal');
    await after.close();
  });

  it('is refused to it while others use the WAL', async () => {
    const other = await store(now);
    await other.write((tx) => tx.run('CREATE TABLE t (a INTEGER)'));
    const refused = openSqliteStore(path, {
      clock: new VirtualClock(),
      randomBytes: systemRandom,
      sqlite: old,
    });
    await expect(refused).rejects.toMatchObject({
      code: 'CONFIGURATION',
      details: { variable: 'CASHIER_LEDGER' },
      text: { en: expect.stringContaining('3.46.1') },
    });
    await other.close();
  });

  it('is left by it when somebody else turns the WAL on', async () => {
    const mine = await store(old);
    await mine.write((tx) => tx.run('CREATE TABLE t (a INTEGER)'));
    const db = await openSqlite(path);
    db.exec('PRAGMA journal_mode = WAL');
    await expect(mine.write((tx) => tx.run('INSERT INTO t VALUES (1)'))).rejects.toMatchObject({
      code: 'CONFIGURATION',
    });
    db.close();
    await mine.close();
  });

  it('adds up under many connections that read and write at once', async () => {
    const stores = await Promise.all(Array.from({ length: 6 }, (_, i) => store(i % 2 ? now : old)));
    await stores[0]?.write(async (tx) => {
      await tx.run('CREATE TABLE t (n INTEGER)');
      await tx.run('INSERT INTO t VALUES (0)');
    });
    const work = stores.flatMap((one) =>
      Array.from({ length: 20 }, async () => {
        await one.read(async (tx) => {
          const [before] = await tx.all('SELECT n FROM t');
          await new Promise((resolve) => setImmediate(resolve));
          expect(await tx.all('SELECT n FROM t')).toEqual([before]);
        });
        await one.write(async (tx) => {
          const [row] = await tx.all('SELECT n FROM t');
          await tx.run('UPDATE t SET n = ?', Number(row?.n) + 1);
        });
      }),
    );
    await Promise.all(work);
    expect(await stores[1]?.read((tx) => tx.all('SELECT n FROM t'))).toEqual([{ n: 120 }]);
    await Promise.all(stores.map((one) => one.close()));
  });
});

it('what a ledger writes reaches the platter on macOS too', async () => {
  const store = await openSqliteStore(path, ports);
  const pragma = async (name: string) =>
    Object.values((await store.read((tx) => tx.all(`PRAGMA ${name}`)))[0] ?? {})[0];
  expect(await pragma('synchronous')).toBe(2);
  expect(await pragma('fullfsync')).toBe(1);
  expect(await pragma('checkpoint_fullfsync')).toBe(1);
  await store.close();
});

it.runIf(existsSync('/proc/self/fd'))(
  `a closed ledger is let go of, so that its folder can be removed ${PROC}`,
  async () => {
    const held = () =>
      readdirSync('/proc/self/fd').filter((fd) => {
        try {
          return readlinkSync(`/proc/self/fd/${fd}`).startsWith(folder);
        } catch {
          return false; // the one that lists
        }
      });
    const store = await openSqliteStore(path, ports);
    await store.write((tx) => tx.run('CREATE TABLE t (a INTEGER)'));
    expect(held()).not.toEqual([]);
    await store.close();
    await releaseClosed();
    expect(held()).toEqual([]);
  },
);

describe('a ledger that cannot be had at once is waited for', () => {
  /** Fails until 300 ms have passed, with what somebody else's grip looks like. */
  const grips = {
    'locked by another process': Object.assign(new Error('database is locked'), { errcode: 5 }),
    'held by a backup program': Object.assign(new Error('busy'), { code: 'EBUSY' }),
  };
  it.each(Object.entries(grips))('%s', async (_, error) => {
    const clock = new VirtualClock();
    const until = clock.now() + 300;
    const machine = await findSqlite({
      nodeVersion: undefined,
      node: async () => packaged,
      packaged: async () => packaged,
    });
    const sqlite: Sqlite = {
      ...machine,
      open(file) {
        if (clock.now() < until) throw error;
        return machine.open(file);
      },
    };
    const store = await openSqliteStore(path, { clock, randomBytes: systemRandom, sqlite });
    expect(clock.now()).toBeGreaterThanOrEqual(until);
    await store.close();
  });
});

it('says by its number what is wrong with a file, also where that shows only while rows are read', async () => {
  const db = await openSqlite(path);
  db.exec('CREATE TABLE t (a); INSERT INTO t VALUES (zeroblob(50000))');
  for (let i = 0; i < 50; i++) db.exec('INSERT INTO t SELECT zeroblob(4000)');
  db.close();
  // All but the first two pages.
  const size = statSync(path).size;
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.alloc(size - 8192, 0x55), 0, size - 8192, 8192);
  closeSync(file);
  const broken = await openSqlite(path);
  const statement = broken.prepare('SELECT * FROM t');
  for (const read of [
    () => statement.all(),
    () => statement.get(),
    () => broken.exec('SELECT sum(a) FROM t'),
  ]) {
    let code = 0;
    try {
      read();
    } catch (error) {
      code = primaryCode(error);
    }
    expect(code).toBe(11);
  }
  broken.close();
});

it('and the system, although Node has no word for it', () => {
  const quota = Object.assign(new Error('Unknown system error -122'), { code: 'Unknown system error -122' });
  expect(codeOf(quota)).toBe(process.platform === 'linux' ? 'EDQUOT' : expect.any(String));
  expect(codeOf(Object.assign(new Error(), { code: 'Unknown system error -9999' }))).toBe('EUNKNOWN');
});

it('is waited for no longer where the clock is set back meanwhile', async () => {
  const store = await openSqliteStore(path, ports);
  await store.close();
  const holder = await openSqlite(path);
  holder.exec('BEGIN IMMEDIATE');
  const clock = new VirtualClock();
  const waiting = await openSqliteStore(path, { clock, randomBytes: systemRandom });
  const refused = waiting.write((tx) => tx.run('SELECT 1')).catch((error: unknown) => error);
  const began = clock.now();
  while (clock.now() < began + 1_000) await systemTurn();
  clock.correct(-365 * DAY_MS);
  expect(await refused).toMatchObject({ code: 'INTERNAL' });
  expect(clock.now() - began + 365 * DAY_MS).toBeLessThan(60_000);
  holder.close();
  await waiting.close();
});
