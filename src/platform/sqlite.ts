import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { DatabaseSyncInstance } from '@photostructure/sqlite';
import { type Clock, type RandomBytes, stopwatch } from '../domain/clock.ts';
import { CashierError, codeOf } from '../domain/errors.ts';
import { systemClock } from './system.ts';

export type Database = DatabaseSyncInstance;
type Module = Pick<typeof import('@photostructure/sqlite'), 'DatabaseSync'>;

/** SQLite before this lost acknowledged rows when several writers reset the WAL at once. @see https://sqlite.org/wal.html */
const FIRST_SAFE_SQLITE = [3, 51, 3];

/** An SQLite with the API of `node:sqlite`. */
export interface Sqlite {
  /** Node's own, or the one that comes with this package. */
  readonly origin: 'node' | 'package';
  readonly version: string;
  /** Whether several processes may write through it in WAL mode. */
  readonly walIsSafe: boolean;
  /** Throws SQLite's own errors (`code: ERR_SQLITE_ERROR`). */
  open(path: string): Database;
}

/** Where an SQLite may come from. */
export interface Sources {
  /** Of Node's own SQLite; undefined where it has none. */
  readonly nodeVersion: string | undefined;
  readonly node: () => Promise<Module>;
  readonly packaged: () => Promise<Module>;
}

const SOURCES: Sources = {
  nodeVersion: process.versions.sqlite,
  node: () => quietly(async () => (await import('node:sqlite' as string)) as Module),
  packaged: () => import('@photostructure/sqlite'),
};

let found: Promise<Sqlite> | undefined;

/** The SQLite of this machine, by {@link findSqlite}. */
export function sqlite(): Promise<Sqlite> {
  found ??= findSqlite(SOURCES);
  return found;
}

/** Opens a file with the SQLite of this machine. */
export async function openSqlite(path: string): Promise<Database> {
  return (await sqlite()).open(path);
}

/**
 * Node's own SQLite where it is safe for several writers, else the packaged one, which is. Where that does not run, for
 * want of a binary for this machine, Node's own whatever its age: outside WAL mode the old fault cannot occur. Throws
 * CONFIGURATION where there is none at all.
 */
export async function findSqlite({ nodeVersion, node, packaged }: Sources): Promise<Sqlite> {
  const fromNode = async () => (nodeVersion === undefined ? undefined : loaded('node', node));
  const newEnough = isSafe(nodeVersion) ? await fromNode() : undefined;
  if (newEnough && !(newEnough instanceof Error)) return newEnough;
  const own = await loaded('package', packaged);
  if (!(own instanceof Error)) return own;
  const old = await fromNode();
  if (old && !(old instanceof Error)) return old;
  throw noSqlite(own);
}

async function loaded(origin: Sqlite['origin'], load: () => Promise<Module>): Promise<Sqlite | Error> {
  try {
    const { DatabaseSync } = await load();
    const memory = new DatabaseSync(':memory:');
    const version = String(memory.prepare('SELECT sqlite_version() AS version').get()?.version);
    memory.close();
    // Before Node 22.16 half of what we call is not there.
    if (!('isTransaction' in memory)) throw new Error('an unfinished node:sqlite');
    return {
      origin,
      version,
      walIsSafe: isSafe(version),
      open: (path) => new DatabaseSync(path, { timeout: 0 }),
    };
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/**
 * Chooses how `db` commits: WAL for a file that is new or has it already, if this SQLite may; else a rollback journal,
 * which every SQLite shares safely. Who meets a file with a rollback journal keeps it, since an older one may be at
 * work on it. Answers what holds then; throws while others hold the file, such as when WAL has to be ended.
 */
export function settleJournal(db: Database, walIsSafe: boolean): 'wal' | 'truncate' {
  const isNew = Number(db.prepare('PRAGMA page_count').get()?.page_count) === 0;
  const wal = walIsSafe && (isNew || journalOf(db) === 'wal');
  // TRUNCATE rather than DELETE: with synchronous=FULL its end is flushed as well.
  db.exec(wal ? 'PRAGMA journal_mode = WAL' : 'PRAGMA journal_mode = TRUNCATE; PRAGMA cache_spill = OFF');
  return journalOf(db) === 'wal' ? 'wal' : 'truncate';
}

/** The journal mode of a file as it is now, in SQLite's words. */
export function journalOf(db: Database): string {
  return String(db.prepare('PRAGMA journal_mode').get()?.journal_mode);
}

/** Who waits looks again after this long (ms) at most: whoever waits longer than others comes last for ever. */
const LOOK_AGAIN_MS = 8;

/**
 * Repeats `attempt` while another process holds the file, with a short random pause between. Waiting never blocks the
 * event loop.
 * @param patience how long (ms) an error is waited for to end; 0: not at all
 */
export async function patiently<T>(
  attempt: () => T,
  patience: (error: unknown) => number,
  { clock, randomBytes }: { readonly clock: Clock; readonly randomBytes: RandomBytes },
): Promise<T> {
  const elapsed = stopwatch(clock);
  for (let wait = 1; ; wait = Math.min(wait * 2, LOOK_AGAIN_MS)) {
    try {
      return attempt();
    } catch (error) {
      const most = patience(error);
      if (most === 0 || elapsed() > most) throw error;
      await clock.sleep(wait + ((randomBytes(1)[0] ?? 0) % wait));
    }
  }
}

/** Whether another process has the file. */
export function isBusy(error: unknown): boolean {
  return primaryCode(error) === SQLITE.BUSY || primaryCode(error) === SQLITE.LOCKED;
}

/** What SQLite calls what can become of a file. @see https://sqlite.org/rescode.html */
export const SQLITE = {
  ERROR: 1,
  BUSY: 5,
  LOCKED: 6,
  READONLY: 8,
  IOERR: 10,
  CORRUPT: 11,
  FULL: 13,
  CANTOPEN: 14,
  NOTADB: 26,
} as const;

/** The same by its words. */
const WORDS: ReadonlyMap<string, number> = new Map([
  ['database is locked', SQLITE.BUSY],
  ['database table is locked', SQLITE.LOCKED],
  ['attempt to write a readonly database', SQLITE.READONLY],
  ['disk I/O error', SQLITE.IOERR],
  ['database disk image is malformed', SQLITE.CORRUPT],
  ['database or disk is full', SQLITE.FULL],
  ['unable to open database file', SQLITE.CANTOPEN],
  ['file is not a database', SQLITE.NOTADB],
]);

/**
 * SQLite's own number of an error, without what extends it; 0 for what is no error of SQLite's. The packaged one gives
 * no number with what goes wrong while rows are read, so that its words have to tell.
 */
export function primaryCode(error: unknown): number {
  if (!(error instanceof Error)) return 0;
  if ('errcode' in error && typeof error.errcode === 'number') return error.errcode & 0xff;
  return codeOf(error) === 'ERR_SQLITE_ERROR' ? (WORDS.get(error.message) ?? SQLITE.ERROR) : 0;
}

/**
 * Lets go of the files of databases that have been closed. The packaged SQLite does so only when its last statement has
 * been collected, and Windows removes no file that somebody holds.
 */
export async function releaseClosed(): Promise<void> {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  // What is collected is closed some turns later, and what it alone held is collected after it.
  for (let turn = 0; turn < 3; turn += 1) {
    if (typeof collect === 'function') collect();
    await systemClock.sleep(0);
  }
}

/** Node tells everyone who runs a command that its SQLite is experimental; that is ours to know. */
async function quietly<T>(load: () => Promise<T>): Promise<T> {
  const { emitWarning } = process;
  const others = (...args: Parameters<typeof emitWarning>) => {
    if (!String(args[0]).includes('SQLite')) emitWarning.apply(process, args);
  };
  process.emitWarning = others as typeof emitWarning;
  try {
    return await load();
  } finally {
    process.emitWarning = emitWarning;
  }
}

function isSafe(version: string | undefined): boolean {
  if (!version) return false;
  const parts = version.split('.').map(Number);
  for (const [i, least] of FIRST_SAFE_SQLITE.entries()) {
    const part = parts[i] ?? 0;
    if (part !== least) return part > least;
  }
  return true;
}

function noSqlite(reason: Error): CashierError {
  const lacking = /GLIBC(?:XX)?_[\d.]+/.exec(reason.message)?.[0];
  const machine = `${process.platform}-${process.arch}, Node ${process.versions.node}`;
  return new CashierError('CONFIGURATION', {
    zh: `这台机器（${machine}）没有可用的 SQLite，无法建立账本：安装包里没有能在它上面运行的二进制文件${lacking ? `（需要 ${lacking}）` : ''}，Node 也没有自带。`,
    en: `This machine (${machine}) has no SQLite to keep a ledger with: the package holds no binary that runs on it${lacking ? ` (${lacking} is needed)` : ''}, and this Node brings none.`,
    next: {
      zh: '改用 Node 22.16 或更新的版本（自带 SQLite）。',
      en: 'Use Node 22.16 or newer, which brings one.',
    },
  });
}
