import { constants, copyFileSync, existsSync, linkSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { codeOf } from '../domain/errors.ts';
import { isAddress } from '../domain/ledger-address.ts';
import { type Checkpoint, ensureKey, makeCheckpoint } from '../ledger/audit-checkpoint.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { ensureFirstReceiptKey } from '../ledger/receipt-keys.ts';
import { openSqliteStore } from '../ledger/sqlite-store.ts';
import { type Address, openStore } from '../open-ledger.ts';
import { copySqlite, flushSqlite, removeSqlite } from '../platform/sqlite-file.ts';
import { noteKept } from './facts.ts';
import { fill, insistIntact, open, type Progress } from './fill.ts';
import type { Ports } from './ports.ts';
import { unusableFile } from './refusals.ts';
import type { Read } from './rows.ts';

export interface Backup {
  /** Where its trail ends, signed: to be kept elsewhere. */
  readonly checkpoint: Checkpoint;
  readonly bytes: number;
}

/**
 * Writes a whole ledger, as one instant has it, into a new SQLite file while servers work on it, goes through the
 * copy's trail, and only then gives it its name. Throws INVALID_ARGUMENT for a file that is there, and CONFIGURATION for
 * a trail that is not intact: a copy of that is kept by whoever has to look into it, not by this.
 */
export async function backUp(
  ledger: Ledger,
  address: Address,
  file: string,
  ports: Ports,
  progress: Progress,
): Promise<Backup> {
  if (existsSync(file)) throw unusableFile(file, { code: 'EEXIST' });
  const operator = ledger.as({ actor: 'operator', tool: 'ledger' });
  await operator.write(async (book) => {
    await ensureKey(book, ports.randomBytes);
    await ensureFirstReceiptKey(book, ports.randomBytes);
  });
  const name = `${file}.${ports.randomBytes(4).toString('hex')}.part`;
  const [draft, rows] = [name, `${name}.rows`];
  let isPublished = false;
  try {
    statSync(dirname(file));
    if (isAddress(address.ledger)) await writeOut(address, rows, ports, progress);
    await copySqlite(isAddress(address.ledger) ? rows : address.ledger, draft);
    const checkpoint = await checked(draft, address.ledgerName, ports, progress);
    publish(draft, file);
    isPublished = true;
    flushSqlite(file);
    const { seq, hash } = checkpoint;
    await operator.write(async (book) => {
      await noteKept(book, 'backed_up', { at: ports.clock.now(), seq });
      await book.audit.append({ kind: 'ledger-backed-up', detail: { seq, hash } });
    });
    return { checkpoint, bytes: statSync(file).size };
  } catch (error) {
    // Who is told that there is none must find none.
    if (isPublished) rmSync(file, { force: true });
    throw /^E[A-Z]+$/.test(codeOf(error)) ? unusableFile(file, error) : error;
  } finally {
    await removeSqlite(draft);
    await removeSqlite(rows);
  }
}

/** As one instant has it: all of it is read in one transaction, which keeps nobody from writing. */
async function writeOut(address: Address, file: string, ports: Ports, progress: Progress): Promise<void> {
  const { ledgerName } = address;
  const [source, target] = [await openStore(address), await openSqliteStore(file, ports)];
  try {
    await source.read(async (tx) => {
      const read: Read = (work) => work(tx);
      const origin = { read, move: 'backup', name: ledgerName };
      await fill({ origin, target, name: file, ports, progress });
    });
    await open(target, ports, async () => undefined);
  } finally {
    await Promise.all([source.close(), target.close()]);
  }
}

async function checked(file: string, name: string, ports: Ports, progress: Progress): Promise<Checkpoint> {
  const copy = await openSqliteStore(file, ports);
  try {
    await insistIntact(copy.read, name, progress);
    const checkpoint = await copy.read((tx) => makeCheckpoint(tx, ports.clock.now()));
    if (!checkpoint) throw new Error('an intact trail has an end');
    return checkpoint;
  } finally {
    await copy.close();
  }
}

/** Gives the file its name, where nothing has it. Not every file system has links. */
function publish(draft: string, file: string): void {
  try {
    linkSync(draft, file);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw unusableFile(file, error);
    copyFileSync(draft, file, constants.COPYFILE_EXCL);
  }
}
