import { closeSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Clock, RandomBytes } from '../domain/clock.ts';
import { CashierError, codeOf, isNoRoom } from '../domain/errors.ts';
import {
  type Database,
  isBusy,
  journalOf,
  patiently,
  primaryCode,
  SQLITE,
  type Sqlite,
  settleJournal,
  sqlite,
} from '../platform/sqlite.ts';
import type { Row, SqlValue, Store, Tx } from './store.ts';
import { asSingle, inCommon, inTurns, type Job, type Kind, type Line } from './turns.ts';

/** How long (ms) a transaction keeps asking for its turn before it gives up with nothing done. */
const BUSY_DEADLINE_MS = 15_000;
/** How long (ms) a file is waited for that another program keeps to itself. */
const HELD_DEADLINE_MS = 2_000;
/** A blocking wait stops the whole event loop, so it is kept below what anyone notices (ms). */
const BUSY_BLOCK_MS = 2;
/** How many that share one commit go between two turns of the event loop. */
const BETWEEN_TURNS = 8;

const UNWRITABLE: ReadonlySet<number> = new Set([SQLITE.READONLY, SQLITE.IOERR, SQLITE.CANTOPEN]);

/** fullfsync: on macOS nothing else reaches the platter; elsewhere it means nothing. */
const PRAGMAS = `PRAGMA busy_timeout = ${BUSY_BLOCK_MS}; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON`;

interface Ports {
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  /** The machine's own by default. */
  readonly sqlite?: Sqlite;
  /**
   * Resolves when all that has come with this turn of the event loop has been heard: what is asked for by then shares
   * one commit, and its wait for the disk. Without it only what stands in line anyway does.
   */
  readonly turn?: () => Promise<void>;
}

/**
 * An SQLite ledger file, safe for several processes: WAL where the SQLite allows it, `synchronous=FULL`, every write
 * `BEGIN IMMEDIATE`, waiting asynchronously with jitter. Throws CONFIGURATION when the file cannot be used, naming
 * `CASHIER_LEDGER`, and when this machine has no SQLite.
 */
export async function openSqliteStore(path: string, ports: Ports): Promise<Store> {
  const { open, walIsSafe, version } = ports.sqlite ?? (await sqlite());
  const { turn = async () => undefined } = ports;
  let opened: Database | undefined;
  let isWal = false;
  let wasWal = false;
  try {
    await insist(() => {
      if (path !== ':memory:') {
        mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
        insistOnFile(path);
        closeSync(openSync(path, 'a', 0o600));
      }
      opened ??= open(path);
      opened.exec(PRAGMAS);
      wasWal = journalOf(opened) === 'wal';
      isWal = settleJournal(opened, walIsSafe) === 'wal';
    }, ports);
  } catch (error) {
    opened?.close();
    throw isBusy(error) && wasWal && !walIsSafe ? newerAtWork(path, version) : unusable(error, path);
  }
  const db = opened as Database;

  const { run, all, forget } = statements(db);
  /** One connection, one transaction at a time, and the file's own lock: nobody writes beside anybody. */
  const alone = { run, all, lock: async () => undefined, holds: () => true, alone: async () => undefined };
  /** Begins, and without WAL takes a reader's share at once: half-way it could be refused. */
  function start(begin: string): void {
    db.exec(begin);
    if (isWal) return;
    try {
      db.exec('SELECT 1 FROM sqlite_schema LIMIT 1');
      // Two that made the file in one moment may have chosen differently.
      if (!walIsSafe && journalOf(db) === 'wal') throw newerAtWork(path, version);
    } catch (error) {
      db.exec('ROLLBACK');
      throw error;
    }
  }

  /**
   * One connection, one transaction at a time: a reader in this process must not see half of a writer's work. Nobody is
   * told anything before the commit that it rests on: not what was done, nor why it was refused. Whoever comes while
   * the lock is waited for shares the commit.
   */
  async function together(kind: Kind, line: Line): Promise<void> {
    let jobs: readonly Job[] | undefined;
    const told: (() => void)[] = [];
    const { common, end } = inCommon();
    const tx: Tx = { ...alone, common };
    let isEnding = false;
    // Without WAL a commit that is not waited for could damage the file.
    const isNote = isWal && line.isNote;
    try {
      // What a savepoint would need to be undone would else go through a temporary file, and costs more than the rest.
      if (line.waiting > 1) db.exec('PRAGMA temp_store = MEMORY');
      if (isNote) db.exec('PRAGMA synchronous = NORMAL');
      await insist(() => start(kind === 'write' ? 'BEGIN IMMEDIATE' : 'BEGIN'), ports);
      jobs = line.take(isNote);
      for (const job of jobs) {
        told.push(jobs.length === 1 ? await job.run(tx) : await apart(job, tx));
        if (told.length % BETWEEN_TURNS === 0) await turn();
      }
      isEnding = true;
      await end(tx);
      isEnding = false;
      // Readers hold up a rollback journal's commit, which may be asked for again.
      await insist(() => db.exec('COMMIT'), ports);
    } catch (error) {
      const isUndone = db.isOpen && db.isTransaction;
      if (isUndone) db.exec('ROLLBACK');
      if (isEnding && isUndone && jobs && jobs.length > 1) return line.again(jobs.map(asSingle));
      for (const { fail } of jobs ?? line.giveUp()) fail(error);
      return;
    } finally {
      if (isNote && db.isOpen) db.exec('PRAGMA synchronous = FULL');
    }
    for (const tell of told) tell();
  }

  /** One of several: what it has done when it fails is undone, and nothing of the others. */
  async function apart({ run, fail }: Job, tx: Tx): Promise<() => void> {
    db.exec('SAVEPOINT job');
    try {
      const tell = await run(tx);
      db.exec('RELEASE job');
      return tell;
    } catch (error) {
      // A full disk, for one, has ended the transaction for all.
      if (!db.isTransaction) throw error;
      db.exec('ROLLBACK TO job; RELEASE job');
      return () => fail(error);
    }
  }

  const refusal = (error: unknown) => (isSqliteError(error) ? unusable(error, path) : error);
  const { idle, ...turns } = inTurns(together, turn, refusal);
  return {
    ...turns,
    async close() {
      await idle();
      // A statement that is kept keeps the file open.
      forget();
      db.close();
    },
  };
}

/** Each statement is prepared once: that costs more than to run it. To ask one for its columns costs several reads. */
function statements(db: Database): Pick<Tx, 'all' | 'run'> & { readonly forget: () => void } {
  const prepared = new Map<string, ReturnType<Database['prepare']>>();
  function prepare(sql: string) {
    const known = prepared.get(sql) ?? db.prepare(sql);
    prepared.set(sql, known);
    return known;
  }
  return {
    async all(sql, ...values) {
      return prepare(sql).all(...values) as Row[];
    },
    async run(sql, ...values: SqlValue[]) {
      return Number(prepare(sql).run(...values).changes);
    },
    forget: () => prepared.clear(),
  };
}

/** To open a pipe that nobody writes to would stop the process for good. */
function insistOnFile(path: string): void {
  const there = statSync(path, { throwIfNoEntry: false });
  if (there && !there.isFile() && !there.isDirectory()) throw notALedger(path);
}

/** Repeats `attempt` while another process holds the lock, or for a moment the file itself. */
function insist(attempt: () => void, ports: Ports): Promise<void> {
  const patience = (error: unknown) =>
    isBusy(error) ? BUSY_DEADLINE_MS : isHeld(error) ? HELD_DEADLINE_MS : 0;
  return patiently(attempt, patience, ports);
}

/** Whether somebody, such as a virus scanner or a backup, may be holding the file so that nobody else gets at it. */
function isHeld(error: unknown): boolean {
  const system = codeOf(error);
  if (process.platform !== 'win32') return system === 'EBUSY';
  return /^(EBUSY|EPERM|EACCES)$/.test(system) || UNWRITABLE.has(primaryCode(error));
}

function isSqliteError(error: unknown): boolean {
  return primaryCode(error) > 0;
}

function newerAtWork(path: string, version: string): CashierError {
  return new CashierError('CONFIGURATION', {
    zh: `账本 ${path} 正由别的进程以 WAL 方式使用，而这里的 SQLite ${version} 在这种方式下可能丢失记录，所以没有打开。`,
    en: `Other processes use the ledger ${path} in WAL mode, in which the SQLite ${version} of this one could lose records; it was not opened.`,
    next: {
      zh: '让所有进程使用同一个 Node 版本，或先停止其他进程再启动一次。',
      en: 'Run all processes with the same Node, or stop the others and start again.',
    },
    details: { variable: 'CASHIER_LEDGER', path },
  });
}

/** One clear sentence for every way in which the file can fail us; what is no such failure stays what it is. */
function unusable(error: unknown, path: string): unknown {
  if (error instanceof CashierError) return error;
  const details = { variable: 'CASHIER_LEDGER', path };
  const code = primaryCode(error);
  const system = codeOf(error);
  if (isBusy(error)) {
    return new CashierError('INTERNAL', {
      zh: `账本 ${path} 正被其他进程长时间占用，本次没有写入任何内容，也没有资金变动。`,
      en: `The ledger ${path} is held by another process; nothing was written and no money moved.`,
      next: { zh: '稍后重试。', en: 'Call again in a moment.' },
    });
  }
  if (code === SQLITE.FULL || isNoRoom(system)) {
    return new CashierError('CONFIGURATION', {
      zh: `账本 ${path} 所在磁盘没有空间；没有写入任何内容，也没有向支付平台发送任何请求。`,
      en: `No disk space left for the ledger ${path}; nothing was written and nothing was sent to a gateway.`,
      next: {
        zh: '清理磁盘，或把 CASHIER_LEDGER 指向有空间的位置。',
        en: 'Free some space, or point CASHIER_LEDGER at a disk that has some.',
      },
      details,
    });
  }
  if (code === SQLITE.NOTADB || code === SQLITE.CORRUPT) return notALedger(path);
  const known = code > 0 ? UNWRITABLE.has(code) : /^E[A-Z]+$/.test(system);
  if (!known) return error;
  return new CashierError('CONFIGURATION', {
    zh: `无法写入账本 ${path}，未做任何改动。`,
    en: `The ledger ${path} cannot be written; nothing was changed.`,
    next: {
      zh: '让 CASHIER_LEDGER（或 CASHIER_HOME）指向当前用户可写的位置。',
      en: 'Point CASHIER_LEDGER (or CASHIER_HOME) at a place this user can write.',
    },
    details,
  });
}

function notALedger(path: string): CashierError {
  return new CashierError('CONFIGURATION', {
    zh: `CASHIER_LEDGER 指向的 ${path} 不是 mcp-cashier 的账本（或已损坏），未做任何改动。`,
    en: `CASHIER_LEDGER points at ${path}, which is no ledger of mcp-cashier (or is damaged); it was left untouched.`,
    next: {
      zh: '把 CASHIER_LEDGER 指向正确的账本文件，或从备份恢复。',
      en: 'Point CASHIER_LEDGER at the right file, or restore it from a backup.',
    },
    details: { variable: 'CASHIER_LEDGER', path },
  });
}
