import { verifyAudit } from '../ledger/audit-verify.ts';
import { Book } from '../ledger/book.ts';
import { isEmptyDatabase, makeTables, SCHEMA_VERSION } from '../ledger/schema.ts';
import { breakSeal, type Seal, sealOf, setSeal, versionOf } from '../ledger/seal.ts';
import type { Row, Store, Tx } from '../ledger/store.ts';
import type { Ports } from './ports.ts';
import { notEmpty, notIntact, otherVersion, unlike } from './refusals.ts';
import { carryRows, firstUnlike, type Read, type TableShape, tableShapes } from './rows.ts';

/** What is being done, and with how many rows or records so far. */
export type Progress = (doing: 'verify' | 'carry' | 'compare', done: number) => void;

/** What a ledger is filled from. */
export interface Origin {
  readonly read: Read;
  /** Which filling it is: one that was broken off goes on only as the same. */
  readonly move: string;
  /** As people may know it. */
  readonly name: string;
}

interface Filling {
  readonly origin: Origin;
  readonly target: Store;
  /** As people may know it. */
  readonly name: string;
  readonly ports: Ports;
  readonly progress: Progress;
  /** Rows in one transaction at most. */
  readonly page?: number | undefined;
}

/**
 * Fills an empty database with a whole ledger, row by row in short transactions, holds every row against its original
 * and goes through the trail. Until {@link open} nobody else can use it; whoever was broken off goes on where they were.
 * Throws CONFIGURATION where the database holds anything else, and where what has arrived is not what was sent.
 */
export async function fill({ origin, target, name, ports, progress, page }: Filling): Promise<void> {
  const shapes = await tableShapes(ports);
  const seal: Seal = { state: 'filling', move: origin.move, other: origin.name };
  const state = await target.write(async (tx) => {
    if (await isEmptyDatabase(tx)) {
      await makeTables(tx, target.dialect, ports.clock.now());
      // What a new ledger begins with, this one has of its own.
      for (const shape of shapes.toReversed()) await tx.run(`DELETE FROM ${shape.name}`);
      await setSeal(tx, seal, SCHEMA_VERSION);
      return seal.state;
    }
    const found = await sealOf(tx);
    if (found?.move !== origin.move || !['filling', 'filled'].includes(found.state)) throw notEmpty(name);
    if ((await versionOf(tx)) !== SCHEMA_VERSION) throw otherVersion();
    return found.state;
  });
  if (state === 'filled') return;
  const counted = (doing: 'carry' | 'compare') => {
    let done = 0;
    return (rows: number) => {
      done += rows;
      progress(doing, done);
    };
  };
  const [carried, compared] = [counted('carry'), counted('compare')];
  for (const shape of shapes) {
    await carryRows(origin.read, target, shape, carried, page);
    if (shape.isNumbered && target.dialect === 'postgres') await goOnNumbering(target, shape);
  }
  await carryMeta(origin.read, target);
  for (const shape of shapes) {
    const found = await firstUnlike(origin.read, target, shape, compared);
    if (found !== undefined) throw unlike(shape.name, found, name);
  }
  await insistIntact(target.read, name, progress);
  await target.write((tx) => setSeal(tx, { ...seal, state: 'filled' }, SCHEMA_VERSION));
}

/** Opens a ledger that was filled, with what `first` has to write and record ahead of everybody else. */
export async function open(
  target: Store,
  ports: Ports,
  first: (book: Book, tx: Tx) => Promise<void>,
): Promise<void> {
  await target.write(async (tx) => {
    await breakSeal(tx, SCHEMA_VERSION);
    const book = new Book(tx, ports.clock.now(), { actor: 'operator', tool: 'ledger' });
    await first(book, tx);
    book.end();
  });
}

/** Throws CONFIGURATION where a trail, or what it tells of the tables, was changed. */
export async function insistIntact(read: Read, name: string, progress: Progress): Promise<void> {
  const { intact } = await verifyAudit({ inspect: read }, [], (done) => progress('verify', done));
  if (!intact) throw notIntact(name);
}

/** The next number that the database gives is behind those that were carried over. */
async function goOnNumbering(target: Store, { name, key }: TableShape): Promise<void> {
  const [column] = key;
  await target.write((tx) =>
    tx.all(
      `SELECT setval(pg_get_serial_sequence('${name}', '${column}'), MAX(${column})) AS next FROM ${name}`,
    ),
  );
}

/** What stands under names, in one go: it is little. */
async function carryMeta(read: Read, target: Store): Promise<void> {
  const own = "key IN ('schema_version', 'seal')";
  const rows: Row[] = await read((tx) => tx.all(`SELECT key, value FROM meta WHERE NOT ${own} ORDER BY key`));
  await target.write(async (tx) => {
    await tx.run(`DELETE FROM meta WHERE NOT ${own}`);
    for (const { key = null, value = null } of rows) {
      await tx.run('INSERT INTO meta (key, value) VALUES (?, ?)', key, value);
    }
  });
}
