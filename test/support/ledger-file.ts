import { type Database, openSqlite } from '../../src/platform/sqlite.ts';

const LOCKED = /database (table )?is locked|SQLITE_BUSY/;

/**
 * The ledger's file as another process of the machine has it. Nothing stays open between two uses: a server that
 * starts after a kill finds the file as the dead one left it.
 */
export class LedgerFile {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** Takes the write lock: until the returned function is called, nobody commits anything. */
  async lock(): Promise<() => void> {
    const db = await openSqlite(this.#path);
    for (;;) {
      try {
        db.exec('BEGIN IMMEDIATE');
        break;
      } catch (error) {
        if (!isLocked(error)) throw error;
        await soon();
      }
    }
    return () => {
      db.exec('ROLLBACK');
      db.close();
    };
  }

  /** Changes it behind everybody's back, as soon as the write lock is free. */
  async change(sql: string, ...values: (string | number)[]): Promise<void> {
    const db = await openSqlite(this.#path);
    try {
      for (;;) {
        try {
          db.prepare(sql).run(...values);
          return;
        } catch (error) {
          if (!isLocked(error)) throw error;
          await soon();
        }
      }
    } finally {
      db.close();
    }
  }

  /** The rows of this query as they are committed. */
  async rows(sql: string, ...values: string[]): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const db = await openSqlite(this.#path);
    try {
      return db.prepare(sql).all(...values) as Record<string, unknown>[];
    } finally {
      db.close();
    }
  }

  /** Resolves at once when a row of this query has been committed; with false when `signal` aborts before. */
  async written(signal: AbortSignal, sql: string, ...values: string[]): Promise<boolean> {
    const db = await openSqlite(this.#path);
    try {
      while (!signal.aborted) {
        if (has(db, sql, values)) return true;
        await soon();
      }
      return false;
    } finally {
      db.close();
    }
  }
}

function has(db: Database, sql: string, values: readonly string[]): boolean {
  try {
    return db.prepare(sql).get(...values) !== undefined;
  } catch (error) {
    if (isLocked(error)) return false;
    throw error;
  }
}

function isLocked(error: unknown): boolean {
  return error instanceof Error && LOCKED.test(error.message);
}

function soon(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
