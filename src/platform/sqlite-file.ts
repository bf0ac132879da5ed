import { closeSync, openSync, readSync, rmSync, statSync } from 'node:fs';
import { flushFile, flushFolder } from './replace-file.ts';
import { isBusy, openSqlite, releaseClosed } from './sqlite.ts';

/**
 * Writes the whole of a database as one instant has it into a new file of mode 0600, durable when it resolves. In WAL
 * mode nobody waits for it. Rejects with the system's error where `to` is there, and SQLite's own for what is no database.
 */
export async function copySqlite(from: string, to: string): Promise<void> {
  // SQLite would make it.
  statSync(from);
  closeSync(openSync(to, 'wx', 0o600));
  try {
    const db = await openSqlite(from);
    try {
      db.prepare('VACUUM INTO ?').run(to);
    } finally {
      db.close();
    }
    flushSqlite(to);
  } catch (error) {
    rmSync(to, { force: true });
    throw error;
  }
}

/** Waits until the disk has a file that nobody writes to any more, and its name. Throws the system's error. */
export function flushSqlite(path: string): void {
  flushFile(path);
  flushFolder(path);
}

/** Whether another connection has the file open. Undefined where that shows only while it works: outside WAL mode. */
export async function isOpenElsewhere(path: string): Promise<boolean | undefined> {
  const isWal = hasWal(path);
  const db = await openSqlite(path);
  try {
    // In this mode whoever begins wants the file for themselves.
    db.exec('PRAGMA locking_mode = EXCLUSIVE; SELECT 1 FROM sqlite_schema LIMIT 1');
    db.exec('PRAGMA locking_mode = NORMAL; SELECT 1 FROM sqlite_schema LIMIT 1');
    return isWal ? false : undefined;
  } catch (error) {
    if (isBusy(error)) return true;
    throw error;
  } finally {
    db.close();
  }
}

/** Removes a database that nobody has open any more, with what lies beside it. */
export async function removeSqlite(path: string): Promise<void> {
  await releaseClosed();
  for (const end of ['', '-wal', '-shm', '-journal']) rmSync(`${path}${end}`, { force: true });
}

/** By its header, without a statement that would keep it open. @see https://sqlite.org/fileformat.html#the_database_header */
function hasWal(path: string): boolean {
  const header = Buffer.alloc(20);
  const file = openSync(path, 'r');
  try {
    readSync(file, header, 0, header.length, 0);
  } finally {
    closeSync(file);
  }
  return header[18] === 2;
}
