import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../domain/clock.ts';
import { isAddress } from '../domain/ledger-address.ts';
import { replaceFile } from './replace-file.ts';

const FILE = 'ledgers.json';
/** A list is written in no time: who holds the lock for longer (ms) has died over it. */
const STALE_MS = 5_000;

/** The addresses of the ledgers that servers of this home have opened, wherever they lie. Throws for a broken list. */
export function knownLedgers(home: string): readonly string[] {
  let text: string;
  try {
    text = readFileSync(join(home, FILE), 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
  const { ledgers } = JSON.parse(text) as { ledgers?: unknown };
  if (!Array.isArray(ledgers) || !ledgers.every((one) => typeof one === 'string')) {
    throw new Error(`${join(home, FILE)} is not a list of ledgers`);
  }
  return ledgers;
}

/** Of these, and of those that the home knows of, the ledgers that are files and there. A list that is broken names none. */
export function ledgerFiles(home: string, further: readonly string[]): readonly string[] {
  return [...new Set([...further, ...listed(home)])].filter((one) => !isAddress(one) && existsSync(one));
}

/** The others of those that the home knows of, without their passwords. */
export function notedAddresses(home: string): readonly string[] {
  return listed(home).filter(isAddress);
}

function listed(home: string): readonly string[] {
  try {
    return knownLedgers(home);
  } catch {
    // Whoever lists them says so; here it is as good as none.
    return [];
  }
}

/**
 * Notes a ledger in its home, so that a freeze finds it. Only the first server that opens it writes. Rejects with the
 * system's error where the home cannot be written.
 */
export async function noteLedger(home: string, ledger: string, clock: Clock): Promise<void> {
  if (readable(home).includes(ledger)) return;
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const path = join(home, FILE);
  const lock = `${path}.lock`;
  await take(lock, clock);
  try {
    // Read again: another server may have noted its own in between.
    const ledgers = [...new Set([...readable(home), ledger])];
    await replaceFile(path, `${JSON.stringify({ version: 1, ledgers }, null, 2)}\n`);
  } finally {
    rmSync(lock, { force: true });
  }
}

/** A list that is broken is begun anew: every server adds its own when it starts. */
function readable(home: string): readonly string[] {
  try {
    return knownLedgers(home);
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) throw error;
    return [];
  }
}

async function take(lock: string, clock: Clock): Promise<void> {
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx', mode: 0o600 });
      return;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
      const held = statSync(lock, { throwIfNoEntry: false });
      // Of a time to come it was by a clock that has been set back since.
      if (held && Math.abs(clock.now() - held.mtimeMs) > STALE_MS) rmSync(lock, { force: true });
      else await clock.sleep(20);
    }
  }
}
