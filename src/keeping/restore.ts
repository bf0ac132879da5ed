import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from '../domain/errors.ts';
import { type ProviderId, REALMS, type Realm } from '../domain/order.ts';
import { readHead, readLinks } from '../ledger/audit-reader.ts';
import { type GivenCheckpoint, type Verdict, verifyAudit } from '../ledger/audit-verify.ts';
import { Ledger } from '../ledger/ledger.ts';
import { forgottenAgain } from '../ledger/restored.ts';
import { openSqliteStore } from '../ledger/sqlite-store.ts';
import type { Store, Tx } from '../ledger/store.ts';
import { type Address, openStore } from '../open-ledger.ts';
import { openSqlite } from '../platform/sqlite.ts';
import { copySqlite, removeSqlite } from '../platform/sqlite-file.ts';
import { freeze } from '../policy/decisions.ts';
import { fill, open, type Progress } from './fill.ts';
import type { Ports } from './ports.ts';
import { notABackup, notIntact, unusableFile } from './refusals.ts';

export interface Restoring {
  readonly file: string;
  readonly target: Address;
  /** Where a working copy may lie meanwhile: the file itself is never written. */
  readonly home: string;
  /** The realm that it must belong to, where one was asked for. */
  readonly realm: Realm | undefined;
  readonly checkpoints: readonly GivenCheckpoint[];
  readonly ports: Ports;
  readonly progress: Progress;
  /** Rows in one transaction at most. */
  readonly page?: number;
  /** Asks the person whose ledger it is; throws where it is nobody. Returns where they were asked. */
  readonly person: (backup: Ledger) => Promise<string>;
}

export interface RestoredLedger {
  readonly realm: Realm;
  /** The backup's last record: its number, and when (ms) it was. */
  readonly seq: number;
  readonly since: number;
  readonly verdict: Verdict;
}

/**
 * Puts a backup into a place where no ledger is. It is verified first, filled as by {@link fill}, and begins frozen:
 * it has forgotten what came after it. Throws CONFIGURATION where the file is no intact ledger, or the place not empty.
 */
export async function restore(how: Restoring): Promise<RestoredLedger> {
  const { file, home, ports } = how;
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const copy = join(home, `restoring-${ports.randomBytes(4).toString('hex')}.db`);
  try {
    await copySqlite(file, copy).catch((error: unknown) => {
      throw /^E[A-Z]+$/.test(codeOf(error)) ? unusableFile(file, error) : notABackup(file);
    });
    const store = await openSqliteStore(copy, ports);
    try {
      return await restoreFrom(store, how);
    } finally {
      await store.close();
    }
  } finally {
    await removeSqlite(copy);
  }
}

/** What a backup says it is of; undefined where it says nothing that we know. */
export async function realmOf(file: string): Promise<Realm | undefined> {
  if (!existsSync(file)) throw unusableFile(file, { code: 'ENOENT' });
  try {
    const db = await openSqlite(file);
    try {
      const row = db.prepare("SELECT value FROM meta WHERE key = 'realm'").get();
      return REALMS.find((one) => one === row?.value);
    } finally {
      db.close();
    }
  } catch {
    return undefined; // whoever restores it says what is wrong with it
  }
}

async function restoreFrom(store: Store, how: Restoring): Promise<RestoredLedger> {
  const { file, ports, progress, realm } = how;
  // An older backup becomes what this version writes, in the copy.
  const backup = await Ledger.open(store, realm ?? 'live', ports, {
    adopt: realm === undefined,
    mayMake: false,
  });
  const verdict = await verifyAudit(backup, how.checkpoints, (done) => progress('verify', done));
  if (!verdict.intact) throw notIntact(file);
  const end = await backup.inspect(endOf);
  const via = await how.person(backup);
  const target = await openStore(how.target, true);
  try {
    const origin = {
      read: store.read,
      move: `restore ${verdict.ledgerId} ${end.seq} ${end.hash}`,
      name: file,
    };
    const { ledgerName: name } = how.target;
    await fill({ origin, target, name, ports, progress, page: how.page });
    await open(target, ports, async (book, tx) => {
      const at = ports.clock.now();
      await freeze(book, 'restore', undefined);
      const before = await book.operator.restored();
      await book.operator.setRestored(
        forgottenAgain(before, { at, since: end.at, providers: end.providers }),
      );
      // Who has been revoked since is not in it.
      await book.persons.removeAll();
      const detail = { seq: end.seq, at: end.at, via, roster: await book.roster() };
      await book.audit.append({ kind: 'ledger-restored', detail });
      await forgetWhatHeld(tx, at);
    });
  } finally {
    await target.close();
  }
  return { realm: backup.realm, seq: end.seq, since: end.at, verdict };
}

/** All that was open is asked about at once. */
async function forgetWhatHeld(tx: Tx, now: number): Promise<void> {
  for (const table of ['orders', 'refunds']) {
    await tx.run(`UPDATE ${table} SET ask_at = ? WHERE ask_at IS NOT NULL`, now);
  }
}

async function endOf(tx: Pick<Tx, 'all'>) {
  const head = await readHead(tx);
  const [last] = head ? await readLinks(tx, head.seq - 1, 1) : [];
  const providers = await tx.all(
    "SELECT DISTINCT provider FROM order_tallies WHERE scope = '' ORDER BY provider",
  );
  return {
    seq: last?.seq ?? 0,
    hash: last?.hash ?? '',
    at: last?.at ?? 0,
    providers: providers.map(({ provider }) => String(provider) as ProviderId),
  };
}
