import { type Database, type Sqlite, sqlite } from '../../src/platform/sqlite.ts';

const SQLITE_BUSY = 5;
const SQLITE_FULL = 13;
const SQLITE_IOERR = 10;

/** What a commit meets instead of being done. */
export type DiskFault = 'full' | 'error';
const CODES: Readonly<Record<DiskFault, number>> = { full: SQLITE_FULL, error: SQLITE_IOERR };

type Statement = ReturnType<Database['prepare']>;

/**
 * The machine's disk with the one ledger of a history on it: a database in memory, whose transactions are savepoints
 * in one that is undone at the end, so that the next history begins on the same tables. What was only noted is inside
 * a savepoint of its own until the next durable commit: that is what a power cut loses.
 */
export class Disk {
  readonly #db: Database;
  readonly #real: Sqlite;
  readonly #prepared = new Map<string, Statement>();
  holder: Handle | undefined;
  /** What the next durable commit meets. */
  fault: DiskFault | undefined;
  /** How often it was written durably. */
  commits = 0;
  lost = 0;
  #notes = 0;

  private constructor(db: Database, real: Sqlite) {
    this.#db = db;
    this.#real = real;
  }

  static async open(): Promise<Disk> {
    const real = await sqlite();
    const db = real.open(':memory:');
    db.exec('PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY');
    return new Disk(db, real);
  }

  /** What is done in `work` is there at the beginning of each history. */
  async format(work: (sqlite: Sqlite) => Promise<void>): Promise<void> {
    this.#db.exec('BEGIN; SAVEPOINT durable');
    await work(this.sqliteOf(new Handle(this)));
    this.#db.exec('COMMIT');
  }

  begin(): void {
    this.#db.exec('BEGIN; SAVEPOINT durable');
    this.holder = undefined;
    this.fault = undefined;
    this.commits = 0;
    this.lost = 0;
    this.#notes = 0;
  }

  end(): void {
    this.#db.exec('ROLLBACK');
  }

  /** The SQLite of one process. */
  sqliteOf(handle: Handle): Sqlite {
    return { ...this.#real, walIsSafe: true, open: () => handle as object as Database };
  }

  exec(sql: string): void {
    this.#db.exec(sql);
  }

  prepare(sql: string): Statement {
    const known = this.#prepared.get(sql) ?? this.#db.prepare(sql);
    this.#prepared.set(sql, known);
    return known;
  }

  committed(isDurable: boolean): void {
    if (!isDurable) {
      this.#notes += 1;
      return;
    }
    this.#db.exec('RELEASE durable; SAVEPOINT durable');
    this.commits += 1;
    this.#notes = 0;
  }

  /** The power is gone: every process of the machine dies, and what was not written durably was never there. */
  cutPower(): void {
    this.lost += this.#notes;
    this.#notes = 0;
    this.#db.exec('ROLLBACK TO durable');
  }
}

/** One process's connection to the ledger, as far as the store uses one. */
export class Handle {
  readonly #disk: Disk;
  isOpen = true;
  isTransaction = false;
  #isRead = false;
  #isNote = false;

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  exec(sql: string): void {
    if (!this.isOpen) throw new Error('a dead process has written');
    if (sql === 'BEGIN IMMEDIATE') this.#begin(false);
    else if (sql === 'BEGIN') this.#begin(true);
    else if (sql === 'COMMIT') this.#commit();
    else if (sql === 'ROLLBACK') this.#rollback();
    else if (!sql.startsWith('PRAGMA')) this.#disk.exec(sql);
    else this.#set(sql);
  }

  /** What is waited for from now on, where a pragma says so. */
  #set(pragmas: string): void {
    const [, waitsFor] = /synchronous = (\w+)/.exec(pragmas) ?? [];
    if (waitsFor !== undefined) this.#isNote = waitsFor === 'NORMAL';
  }

  prepare(sql: string): Pick<Statement, 'all' | 'get' | 'run'> {
    if (sql.startsWith('PRAGMA')) {
      const row = { journal_mode: 'wal', page_count: 1 };
      return { all: () => [row], get: () => row, run: () => ({ changes: 0, lastInsertRowid: 0 }) };
    }
    return this.#disk.prepare(sql);
  }

  close(): void {
    this.isOpen = false;
  }

  /** Its process is killed: what it had not committed is undone, and its locks are gone. */
  die(): void {
    if (!this.isOpen) return;
    if (this.isTransaction) this.#rollback();
    this.isOpen = false;
  }

  #begin(isRead: boolean): void {
    const { holder } = this.#disk;
    // There is one connection for all: readers wait as well, as with a rollback journal.
    if (holder !== undefined) throw sqliteError('database is locked', SQLITE_BUSY);
    this.#disk.holder = this;
    this.isTransaction = true;
    this.#isRead = isRead;
    if (!isRead) this.#disk.exec('SAVEPOINT tx');
  }

  #commit(): void {
    const { fault } = this.#disk;
    if (!this.#isRead && !this.#isNote && fault !== undefined) {
      this.#disk.fault = undefined;
      this.#rollback();
      throw sqliteError(`disk ${fault}`, CODES[fault]);
    }
    if (!this.#isRead) {
      this.#disk.exec('RELEASE tx');
      this.#disk.committed(!this.#isNote);
    }
    this.#free();
  }

  #rollback(): void {
    if (!this.#isRead) this.#disk.exec('ROLLBACK TO tx; RELEASE tx');
    this.#free();
  }

  #free(): void {
    this.isTransaction = false;
    this.#disk.holder = undefined;
  }
}

function sqliteError(message: string, errcode: number): Error {
  return Object.assign(new Error(message), { code: 'ERR_SQLITE_ERROR', errcode });
}
