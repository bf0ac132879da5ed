import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Ledger } from '../../src/ledger/ledger.ts';
import { openSqliteStore } from '../../src/ledger/sqlite-store.ts';
import { systemClock, systemRandom } from '../../src/platform/system.ts';

const ports = { clock: systemClock, randomBytes: systemRandom };
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'store-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const open = (path: string) => openSqliteStore(path, ports);

describe('a ledger file', () => {
  it('keeps nothing of a transaction that throws', async () => {
    const store = await open(join(folder, 'l.db'));
    await store.write((tx) => tx.run('CREATE TABLE t (a INTEGER)'));
    await expect(
      store.write(async (tx) => {
        await tx.run('INSERT INTO t VALUES (1)');
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    expect(await store.read((tx) => tx.all('SELECT * FROM t'))).toEqual([]);
    await store.close();
  });

  it('never shows a reader half of a write of the same process', async () => {
    const store = await open(join(folder, 'l.db'));
    await store.write((tx) => tx.run('CREATE TABLE t (a INTEGER)'));
    const writing = store.write(async (tx) => {
      await tx.run('INSERT INTO t VALUES (1)');
      await new Promise((resolve) => setImmediate(resolve));
      await tx.run('INSERT INTO t VALUES (2)');
    });
    const seen = await store.read((tx) => tx.all('SELECT COUNT(*) AS n FROM t'));
    await writing;
    expect(seen).toEqual([{ n: 2 }]);
    await store.close();
  });

  it('adds up under many connections that read and then write', async () => {
    const path = join(folder, 'l.db');
    const stores = await Promise.all(Array.from({ length: 6 }, () => open(path)));
    await stores[0]?.write(async (tx) => {
      await tx.run('CREATE TABLE t (n INTEGER)');
      await tx.run('INSERT INTO t VALUES (0)');
    });
    const increments = stores.flatMap((store) =>
      Array.from({ length: 50 }, () =>
        store.write(async (tx) => {
          const [row] = await tx.all('SELECT n FROM t');
          await tx.run('UPDATE t SET n = ?', Number(row?.n) + 1);
        }),
      ),
    );
    await Promise.all(increments);
    expect(await stores[1]?.read((tx) => tx.all('SELECT n FROM t'))).toEqual([{ n: 300 }]);
    await Promise.all(stores.map((store) => store.close()));
  });

  it('is made once by many processes that start together', async () => {
    const path = join(folder, 'deep', 'l.db');
    const ledgers = await Promise.all(
      Array.from({ length: 8 }, async () => Ledger.open(await open(path), 'live', ports)),
    );
    const salts = await Promise.all(ledgers.map((ledger) => ledger.read((book) => book.meta('salt'))));
    expect(new Set(salts).size).toBe(1);
    await Promise.all(ledgers.map((ledger) => ledger.close()));
  });
});

describe('a ledger that cannot be used says so and is left alone', () => {
  const refuses = (path: string, realm: 'live' | 'simulator' = 'live') =>
    expect(open(path).then((store) => Ledger.open(store, realm, ports))).rejects.toMatchObject({
      code: 'CONFIGURATION',
      details: { variable: 'CASHIER_LEDGER' },
    });

  it('of a newer version', async () => {
    const path = join(folder, 'l.db');
    const ledger = await Ledger.open(await open(path), 'live', ports);
    await ledger.write((book) => book.setMeta('schema_version', '99'));
    await ledger.close();
    await refuses(path);
  });

  it('of a newer version, also when it became that while it was open', async () => {
    const path = join(folder, 'l.db');
    const old = await Ledger.open(await open(path), 'live', ports);
    await old.write((book) => book.setMeta('schema_version', '99'));
    const late = old.as({ caller: 'late' }).write((book) => book.setMeta('mine', '1'));
    await expect(late).rejects.toMatchObject({ code: 'CONFIGURATION' });
    expect(await old.read((book) => book.meta('mine'))).toBeUndefined();
    await old.close();
  });

  it('of another realm', async () => {
    const path = join(folder, 'l.db');
    await (await Ledger.open(await open(path), 'live', ports)).close();
    await refuses(path, 'simulator');
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
