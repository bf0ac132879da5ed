import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Clock, RandomBytes } from '../domain/clock.ts';
import { CashierError } from '../domain/errors.ts';
import { type Database, openSqlite } from '../platform/sqlite.ts';
import type { Row, SqlValue, Store, Tx } from './store.ts';

/** How long (ms) a transaction keeps asking for its turn before it gives up with nothing done. */
const BUSY_DEADLINE_MS = 15_000;
/** A blocking wait stops the whole event loop, so it is kept below what anyone notices (ms). */
const BUSY_BLOCK_MS = 5;

const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;
const SQLITE_READONLY = 8;
const SQLITE_IOERR = 10;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_CANTOPEN = 14;
const SQLITE_NOTADB = 26;
const UNWRITABLE: ReadonlySet<number> = new Set([SQLITE_READONLY, SQLITE_IOERR, SQLITE_CANTOPEN]);

/**
 * An SQLite ledger file, safe for several processes: WAL, `synchronous=FULL`, every write `BEGIN IMMEDIATE`, waiting
 * asynchronously with jitter. Throws CONFIGURATION when the file cannot be used, naming `CASHIER_LEDGER`.
 */
export async function openSqliteStore(
  path: string,
  ports: { readonly clock: Clock; readonly randomBytes: RandomBytes },
): Promise<Store> {
  let db: Database;
  try {
    if (path !== ':memory:') {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      closeSync(openSync(path, 'a', 0o600));
    }
    db = await openSqlite(path);
    await insist(() => {
      db.exec(
        `PRAGMA busy_timeout = ${BUSY_BLOCK_MS}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON`,
      );
    }, ports);
  } catch (error) {
    throw unusable(error, path);
  }

  const tx = statements(db);
  let turn: Promise<unknown> = Promise.resolve();
  /** One connection, one transaction at a time: a reader in this process must not see half of a writer's work. */
  function exclusively<T>(begin: string, work: (tx: Tx) => Promise<T>): Promise<T> {
    const run = async () => {
      try {
        await insist(() => db.exec(begin), ports);
      } catch (error) {
        throw unusable(error, path);
      }
      try {
        const result = await work(tx);
        db.exec('COMMIT');
        return result;
      } catch (error) {
        if (db.isTransaction) db.exec('ROLLBACK');
        throw isSqliteError(error) ? unusable(error, path) : error;
      }
    };
    const mine = turn.then(run, run);
    turn = mine.catch(() => undefined);
    return mine;
  }

  return {
    read: (work) => exclusively('BEGIN', work),
    write: (work) => exclusively('BEGIN IMMEDIATE', work),
    async close() {
      await turn;
      db.close();
    },
  };
}

/** Each statement is prepared once: that costs more than to run it. */
function statements(db: Database): Tx {
  const prepared = new Map<string, ReturnType<Database['prepare']>>();
  function prepare(sql: string) {
    const known = prepared.get(sql);
    if (known) return known;
    const made = db.prepare(sql);
    // Rows come over as arrays and are named here, in half the time that objects take.
    made.setReturnArrays(true);
    prepared.set(sql, made);
    return made;
  }
  return {
    async all(sql, ...values) {
      const statement = prepare(sql);
      const rows = statement.all(...values) as SqlValue[][];
      if (rows.length === 0) return [];
      // Asked after the run, which may have found another schema than the statement was prepared for.
      const names = statement.columns().map(({ name }) => name);
      return rows.map((row) => named(names, row));
    },
    async run(sql, ...values: SqlValue[]) {
      return Number(prepare(sql).run(...values).changes);
    },
  };
}

function named(names: readonly string[], values: readonly SqlValue[]): Row {
  const row: Row = {};
  for (let i = 0; i < names.length; i += 1) row[names[i] ?? ''] = values[i] ?? null;
  return row;
}

/** Repeats `attempt` while another process holds the lock. */
async function insist(
  attempt: () => void,
  { clock, randomBytes }: { clock: Clock; randomBytes: RandomBytes },
) {
  const deadline = clock.now() + BUSY_DEADLINE_MS;
  for (let wait = 2; ; wait = Math.min(wait * 2, 50)) {
    try {
      attempt();
      return;
    } catch (error) {
      if (!isBusy(error) || clock.now() > deadline) throw error;
      await clock.sleep(wait + ((randomBytes(1)[0] ?? 0) % wait));
    }
  }
}

function primaryCode(error: unknown): number {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number'
    ? error.errcode & 0xff
    : 0;
}

function isSqliteError(error: unknown): boolean {
  return primaryCode(error) > 0;
}

function isBusy(error: unknown): boolean {
  return primaryCode(error) === SQLITE_BUSY || primaryCode(error) === SQLITE_LOCKED;
}

/** One clear sentence for every way in which the file can fail us. */
function unusable(error: unknown, path: string): CashierError {
  const details = { variable: 'CASHIER_LEDGER', path };
  const code = primaryCode(error);
  const system = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (isBusy(error)) {
    return new CashierError('INTERNAL', {
      zh: `账本 ${path} 正被其他进程长时间占用，本次没有写入任何内容，也没有资金变动。`,
      en: `The ledger ${path} is held by another process; nothing was written and no money moved.`,
      next: { zh: '稍后重试。', en: 'Call again in a moment.' },
    });
  }
  if (code === SQLITE_FULL || system === 'ENOSPC' || system === 'EDQUOT') {
    return new CashierError(
      'CONFIGURATION',
      {
        zh: `账本 ${path} 所在磁盘没有空间；没有写入任何内容，也没有向支付网关发送任何请求。`,
        en: `No disk space left for the ledger ${path}; nothing was written and nothing was sent to a gateway.`,
        next: {
          zh: '清理磁盘，或把 CASHIER_LEDGER 指向有空间的位置。',
          en: 'Free some space, or point CASHIER_LEDGER at a disk that has some.',
        },
      },
      details,
    );
  }
  if (code === SQLITE_NOTADB || code === SQLITE_CORRUPT) {
    return new CashierError(
      'CONFIGURATION',
      {
        zh: `CASHIER_LEDGER 指向的 ${path} 不是 mcp-cashier 的账本（或已损坏），未做任何改动。`,
        en: `CASHIER_LEDGER points at ${path}, which is not an mcp-cashier ledger (or is damaged); it was left untouched.`,
        next: {
          zh: '把 CASHIER_LEDGER 指向正确的账本文件，或从备份恢复。',
          en: 'Point CASHIER_LEDGER at the right file, or restore it from a backup.',
        },
      },
      details,
    );
  }
  const known = code > 0 ? UNWRITABLE.has(code) : /^E[A-Z]+$/.test(system);
  if (!known) throw error;
  return new CashierError(
    'CONFIGURATION',
    {
      zh: `无法写入账本 ${path}，未做任何改动。`,
      en: `The ledger ${path} cannot be written; nothing was changed.`,
      next: {
        zh: '让 CASHIER_LEDGER（或 CASHIER_HOME）指向当前用户可写的位置。',
        en: 'Point CASHIER_LEDGER (or CASHIER_HOME) at a place this user can write.',
      },
    },
    details,
  );
}
