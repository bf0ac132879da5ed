import type { DatabaseSyncInstance } from '@photostructure/sqlite';

export type Database = DatabaseSyncInstance;

/** SQLite before this lost acknowledged rows when several writers reset the WAL at once. @see https://sqlite.org/wal.html */
const FIRST_SAFE_SQLITE = [3, 51, 3];

/**
 * Opens an SQLite file through the `node:sqlite` API: Node's own where its SQLite is safe for several writers, else
 * the packaged one with the same API. Errors are SQLite's own (`code: ERR_SQLITE_ERROR`).
 */
export async function openSqlite(path: string): Promise<Database> {
  const { DatabaseSync } = isSafe(process.versions.sqlite)
    ? await quietly(
        async () => (await import('node:sqlite' as string)) as typeof import('@photostructure/sqlite'),
      )
    : await import('@photostructure/sqlite');
  return new DatabaseSync(path, { timeout: 0 });
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
