import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, RandomBytes } from '../../domain/clock.ts';
import { type Database, isBusy, patiently, settleJournal, sqlite } from '../../platform/sqlite.ts';

/** Orders and refunds are kept as JSON documents: the simulator asks for them by number and for nothing else. */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS identity (one INTEGER PRIMARY KEY CHECK (one = 1), document TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS port (one INTEGER PRIMARY KEY CHECK (one = 1), port INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS trades (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, provider TEXT NOT NULL, out_trade_no TEXT NOT NULL,
    trade_no TEXT, cashier_token TEXT NOT NULL UNIQUE, document TEXT NOT NULL,
    UNIQUE (provider, out_trade_no)) STRICT;
  CREATE INDEX IF NOT EXISTS trades_by_trade_no ON trades (provider, trade_no);
  CREATE TABLE IF NOT EXISTS refund_numbers (
    provider TEXT NOT NULL, out_trade_no TEXT NOT NULL, out_refund_no TEXT NOT NULL,
    PRIMARY KEY (provider, out_refund_no, out_trade_no)) STRICT;
  CREATE TABLE IF NOT EXISTS codes (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, code TEXT NOT NULL UNIQUE, provider TEXT NOT NULL,
    out_trade_no TEXT NOT NULL, dies_at INTEGER NOT NULL, terms TEXT) STRICT;
  CREATE INDEX IF NOT EXISTS codes_by_number ON codes (provider, out_trade_no);
  CREATE TABLE IF NOT EXISTS payment_codes (
    code TEXT PRIMARY KEY, shown TEXT NOT NULL, dies_at INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS deliveries (
    id TEXT PRIMARY KEY, due_at INTEGER, document TEXT NOT NULL) STRICT;
  CREATE INDEX IF NOT EXISTS deliveries_by_due ON deliveries (due_at);
  CREATE TABLE IF NOT EXISTS faults (
    id INTEGER PRIMARY KEY AUTOINCREMENT, provider TEXT, operation TEXT, scenario TEXT NOT NULL,
    out_trade_no TEXT, times_left INTEGER) STRICT;
  CREATE TABLE IF NOT EXISTS bill_files (
    token TEXT PRIMARY KEY, dies_at INTEGER NOT NULL, document TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS agreements (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, provider TEXT NOT NULL, agreement_no TEXT NOT NULL,
    external_no TEXT, token TEXT NOT NULL UNIQUE, document TEXT NOT NULL,
    UNIQUE (provider, agreement_no), UNIQUE (provider, external_no)) STRICT;
  CREATE TABLE IF NOT EXISTS addresses (provider TEXT PRIMARY KEY, url TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS token_uses (key TEXT PRIMARY KEY, uses INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS inbox (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, box TEXT NOT NULL, at INTEGER NOT NULL,
    document TEXT NOT NULL) STRICT;
  CREATE INDEX IF NOT EXISTS inbox_by_box ON inbox (kind, box, at);
  CREATE TABLE IF NOT EXISTS requests (sequence INTEGER PRIMARY KEY AUTOINCREMENT, document TEXT NOT NULL) STRICT;
`;

/** ms; how long a write may wait for another process before giving up. Waiting never blocks the event loop. */
const PATIENCE_MS = 10_000;

interface Ports {
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
}

/** The simulator's SQLite file. Writes are immediate transactions; a busy file is waited for asynchronously. */
export class SimulatorDatabase {
  private readonly db: Database;
  private readonly ports: Ports;

  private constructor(db: Database, ports: Ports) {
    this.db = db;
    this.ports = ports;
  }

  /** Opens `simulator.db` in `folder`, making both (folder 0700, file 0600) on first use. */
  static async open(folder: string, ports: Ports): Promise<SimulatorDatabase> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await chmod(folder, 0o700);
    const path = join(folder, 'simulator.db');
    const { open, walIsSafe } = await sqlite();
    const db = open(path);
    const database = new SimulatorDatabase(db, ports);
    await chmod(path, 0o600);
    await database.patiently(() => {
      settleJournal(db, walIsSafe);
      db.exec('PRAGMA synchronous = NORMAL');
    });
    await database.write(() => db.exec(SCHEMA));
    return database;
  }

  /** Runs `work` in one immediate transaction: all of it or nothing, whoever else writes. */
  write<T>(work: () => T): Promise<T> {
    return this.patiently(() => {
      this.db.exec('BEGIN IMMEDIATE');
      try {
        const result = work();
        this.db.exec('COMMIT');
        return result;
      } catch (error) {
        if (this.db.isTransaction) this.db.exec('ROLLBACK');
        throw error;
      }
    });
  }

  /** Runs `work`, which only reads; waits where another process is just opening or closing the file. */
  read<T>(work: () => T): Promise<T> {
    return this.patiently(work);
  }

  /** Rows of a query; values are bound by position. */
  rows(sql: string, ...values: (string | number | null)[]): Record<string, unknown>[] {
    return this.db.prepare(sql).all(...values) as Record<string, unknown>[];
  }

  /** The first row of a query. */
  row(sql: string, ...values: (string | number | null)[]): Record<string, unknown> | undefined {
    return this.rows(sql, ...values)[0];
  }

  /** Runs one statement; answers the number of rows it changed. */
  run(sql: string, ...values: (string | number | null)[]): number {
    return Number(this.db.prepare(sql).run(...values).changes);
  }

  close(): void {
    if (this.db.isOpen) this.db.close();
  }

  private patiently<T>(attempt: () => T): Promise<T> {
    return patiently(attempt, (error) => (isBusy(error) ? PATIENCE_MS : 0), this.ports);
  }
}
