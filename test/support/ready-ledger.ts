import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPostgresStore } from '../../src/ledger/postgres-store.ts';
import { makeTables, SCHEMA_VERSION } from '../../src/ledger/schema.ts';
import { openSqliteStore } from '../../src/ledger/sqlite-store.ts';
import type { Store } from '../../src/ledger/store.ts';
import { openSqlite } from '../../src/platform/sqlite.ts';
import { systemClock, systemRandom } from '../../src/platform/system.ts';

/*
 * A ledger's tables take longer to make, step by step from the first version on, than most tests take. They are made
 * once, and each world begins with a copy that nobody has opened yet.
 */

const PORTS = { clock: systemClock, randomBytes: systemRandom };

let made: Promise<Buffer> | undefined;

/** Puts a ledger's tables where there is no file yet. */
export async function readySqlite(path: string): Promise<void> {
  if (existsSync(path)) return;
  made ??= makeSqlite();
  const bytes = await made;
  if (!existsSync(path)) writeFileSync(path, bytes);
}

async function makeSqlite(): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), 'cashier-ready-'));
  const path = join(folder, 'ledger.db');
  await fillAndClose(await openSqliteStore(path, PORTS));
  // Its statements are closed by the garbage collector only, and its log with them.
  const db = await openSqlite(path);
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  db.close();
  const bytes = readFileSync(path);
  rmSync(folder, { recursive: true });
  return bytes;
}

/** Makes the tables of a ledger in an empty database. */
export async function readyPostgres(url: string): Promise<void> {
  await fillAndClose(await openPostgresStore(url, 'postgres://test', { ...PORTS, patienceMs: 5_000 }));
}

async function fillAndClose(store: Store): Promise<void> {
  await store.write(async (tx) => {
    await makeTables(tx, store.dialect, systemClock.now());
    await tx.run("INSERT INTO meta (key, value) VALUES ('schema_version', ?)", String(SCHEMA_VERSION));
  });
  await store.close();
}
