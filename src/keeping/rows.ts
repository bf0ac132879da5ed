import { CashierError } from '../domain/errors.ts';
import { makeTables } from '../ledger/schema.ts';
import { openSqliteStore } from '../ledger/sqlite-store.ts';
import type { Row, SqlValue, Store, Tx } from '../ledger/store.ts';
import type { Ports } from './ports.ts';
import { notCarried } from './refusals.ts';

/** A table of the ledger, as this version makes it. */
export interface TableShape {
  readonly name: string;
  readonly columns: readonly string[];
  /** The primary key. */
  readonly key: readonly string[];
  /** Whether the database itself gives the key's next number. */
  readonly isNumbered: boolean;
}

export type Read = Store['read'];

/** So many rows are carried in one transaction, as far as their values are no more than a statement can bind. */
const PAGE = 500;
const MOST_VALUES = 20_000;

/** All tables but `meta`, each behind those that it refers to; read from a ledger made for that, so none is forgotten. */
export async function tableShapes(ports: Ports): Promise<readonly TableShape[]> {
  const store = await openSqliteStore(':memory:', ports);
  try {
    return await store.write(async (tx) => {
      await makeTables(tx, undefined, ports.clock.now());
      const shapes: TableShape[] = [];
      for (const row of await tx.all("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY rowid")) {
        const name = String(row.name);
        const columns = await tx.all('SELECT name, type, pk FROM pragma_table_info(?)', name);
        const key = columns.filter(({ pk }) => Number(pk) > 0).sort((a, b) => Number(a.pk) - Number(b.pk));
        shapes.push({
          name,
          columns: columns.map((column) => String(column.name)),
          key: key.map((column) => String(column.name)),
          isNumbered: key.length === 1 && key[0]?.type === 'INTEGER',
        });
      }
      return shapes.filter(({ name }) => name !== 'meta');
    });
  } finally {
    await store.close();
  }
}

/** How many rows go into one transaction. */
export function pageOf({ columns }: TableShape, most = PAGE): number {
  return Math.max(1, Math.min(most, Math.floor(MOST_VALUES / columns.length)));
}

/** Rows in the order of their key, those behind `after` only. */
export async function readRows(
  tx: Pick<Tx, 'all'>,
  { name, columns, key }: TableShape,
  after: Row | undefined,
  limit: number,
): Promise<Row[]> {
  const places = key.map(() => '?').join(', ');
  const where = after === undefined ? '' : `WHERE (${key.join(', ')}) > (${places})`;
  return tx.all(
    `SELECT ${columns.join(', ')} FROM ${name} ${where} ORDER BY ${key.join(', ')} LIMIT ?`,
    ...(after === undefined ? [] : keyOf(key, after)),
    limit,
  );
}

/** The row with the greatest key. */
async function lastRow(tx: Pick<Tx, 'all'>, { name, key }: TableShape): Promise<Row | undefined> {
  const [row] = await tx.all(
    `SELECT ${key.join(', ')} FROM ${name} ORDER BY ${key.map((column) => `${column} DESC`).join(', ')} LIMIT 1`,
  );
  return row;
}

/**
 * Carries a table's rows over in the order of their key, a page a transaction: what is there already was carried by one
 * that was broken off, and is behind nothing that is missing.
 */
export async function carryRows(
  read: Read,
  target: Store,
  shape: TableShape,
  carried: (rows: number) => void,
  most?: number,
): Promise<void> {
  const limit = pageOf(shape, most);
  let after = await target.read((tx) => lastRow(tx, shape));
  for (;;) {
    const rows = await read((tx) => readRows(tx, shape, after, limit));
    if (rows.length > 0) {
      await target
        .write((tx) => insertRows(tx, shape, rows))
        .catch((error: unknown) => {
          throw isOfDatabase(error) ? notCarried(shape.name, String(error.code)) : error;
        });
    }
    carried(rows.length);
    if (rows.length < limit) return;
    after = rows.at(-1);
  }
}

/** An error of a statement, such as a text that PostgreSQL cannot hold. */
function isOfDatabase(error: unknown): error is Error & { readonly code: unknown } {
  return error instanceof Error && !(error instanceof CashierError) && 'code' in error;
}

async function insertRows(tx: Tx, { name, columns }: TableShape, rows: readonly Row[]): Promise<void> {
  const places = `(${columns.map(() => '?').join(', ')})`;
  await tx.run(
    `INSERT INTO ${name} (${columns.join(', ')}) VALUES ${rows.map(() => places).join(', ')}`,
    ...rows.flatMap((row) => columns.map((column) => row[column] ?? null)),
  );
}

/**
 * Holds every row against the other side's. Returns the key of the first that is not the same on both; undefined where
 * all are, and neither side has one more.
 */
export async function firstUnlike(
  read: Read,
  target: Store,
  shape: TableShape,
  compared: (rows: number) => void,
): Promise<string | undefined> {
  const limit = pageOf(shape);
  let after: Row | undefined;
  for (;;) {
    const [rows, others] = await Promise.all([
      read((tx) => readRows(tx, shape, after, limit)),
      target.read((tx) => readRows(tx, shape, after, limit)),
    ]);
    for (let i = 0; i < Math.max(rows.length, others.length); i++) {
      const [row, other] = [rows[i], others[i]];
      if (row && other && shape.columns.every((column) => isSame(row[column], other[column]))) continue;
      return keyOf(shape.key, row ?? other ?? {})
        .map(String)
        .join('/');
    }
    compared(rows.length);
    if (rows.length < limit) return undefined;
    after = rows.at(-1);
  }
}

function isSame(a: SqlValue | undefined, b: SqlValue | undefined): boolean {
  if (a instanceof Uint8Array) return b instanceof Uint8Array && Buffer.compare(a, b) === 0;
  return (a ?? null) === (b ?? null);
}

function keyOf(key: readonly string[], row: Row): SqlValue[] {
  return key.map((column) => row[column] ?? null);
}
