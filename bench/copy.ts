import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import pg from 'pg';
import { Ledger } from '../src/ledger/ledger.ts';
import { openPostgresStore } from '../src/ledger/postgres-store.ts';
import { openSqlite } from '../src/platform/sqlite.ts';
import { systemClock as clock, systemRandom as randomBytes } from '../src/platform/system.ts';

const PIECE = 1 << 20;

/**
 * Copies the rows of a ledger's file into an empty database, as they are. The server reads them itself.
 * @param file that both can get at, for the rows of one table at a time
 */
export async function copyLedger(path: string, url: string, file: string): Promise<void> {
  const ports = { clock, randomBytes };
  await (await Ledger.open(await openPostgresStore(url, 'postgres', ports), 'simulator', ports)).close();
  const from = await openSqlite(path);
  const to = new pg.Client(url);
  await to.connect();
  const rowsOf = async (sql: string) => (await to.query(sql)).rows as Record<string, string>[];
  try {
    const indexes = await rowsOf(
      `SELECT indexname AS name, indexdef AS sql FROM pg_indexes WHERE schemaname = current_schema()
       AND indexname NOT IN (SELECT conname FROM pg_constraint)`,
    );
    // What has to exist for what refers to it comes first.
    const tables = await rowsOf(
      `SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema() AND tablename <> 'ledger_writers'
       ORDER BY tablename = 'refunds', tablename`,
    );
    await to.query(`TRUNCATE ${tables.map(({ name }) => name).join(', ')}`);
    for (const { name } of indexes) await to.query(`DROP INDEX ${name}`);
    for (const { name = '' } of tables) {
      const columns = await rowsOf(
        `SELECT column_name AS name, is_identity AS identity FROM information_schema.columns
         WHERE table_schema = current_schema() AND table_name = '${name}'`,
      );
      const names = columns.map((column) => column.name).join(', ');
      writeRows(file, from.prepare(`SELECT ${names} FROM ${name}`).iterate());
      await to.query(`COPY ${name} (${names}) FROM '${file}'`);
      for (const { name: column } of columns.filter(({ identity }) => identity === 'YES')) {
        await to.query(
          `SELECT setval(pg_get_serial_sequence('${name}', '${column}'), COALESCE(MAX(${column}), 1)) FROM ${name}`,
        );
      }
    }
    for (const { sql = '' } of indexes) await to.query(sql);
    await to.query('VACUUM ANALYZE');
  } finally {
    rmSync(file, { force: true });
    await to.end();
    from.close();
  }
}

/** As COPY reads them. */
function writeRows(path: string, rows: Iterable<unknown>): void {
  const file = openSync(path, 'w', 0o644);
  let piece = '';
  for (const row of rows) {
    piece += `${Object.values(row as object)
      .map(field)
      .join('\t')}\n`;
    if (piece.length < PIECE) continue;
    writeSync(file, piece);
    piece = '';
  }
  writeSync(file, piece);
  closeSync(file);
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

function field(value: unknown): string {
  if (value === null) return '\\N';
  if (value instanceof Uint8Array) return `\\\\x${Buffer.from(value).toString('hex')}`;
  return String(value).replace(/[\\\t\n\r]/g, (letter) => ESCAPES[letter] ?? letter);
}
