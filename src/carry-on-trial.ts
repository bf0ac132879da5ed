import { type Config, ledgerIn } from './config.ts';
import { CashierError } from './domain/errors.ts';
import type { Ledger } from './ledger/ledger.ts';
import { merchantIn, openLedger } from './open-ledger.ts';
import { Desk } from './payments/desk.ts';
import { runPayBacks } from './payments/pay-back.ts';
import { runSettler } from './payments/settler.ts';
import type { Till } from './payments/till.ts';
import { ledgerFiles } from './platform/known-ledgers.ts';

/** How often (ms) it is looked for what a trial edition has left, and whether any of that is left still. */
const LOOK_EVERY_MS = 10 * 60_000;
const LEFT_EVERY_MS = 60_000;

/** Whether there may be something to carry on, at a glance. */
export function mayOweOfTrial({ realm, home, merchant }: Config): boolean {
  const place = ledgerIn(home, 'trial', merchant);
  return realm === 'live' && ledgerFiles(home, [place]).includes(place);
}

/**
 * A trial edition that has ended still owes what it was paid: a live server of the same home settles and pays back what
 * is left in its ledger, beside its own and as its own processes did, until nothing is. Nothing new is sold there, and
 * of accounts that this process has no keys of nothing is asked or paid. Until `signal` aborts; never rejects.
 */
export async function carryOnTrial(config: Config, till: Till, signal: AbortSignal): Promise<void> {
  if (config.realm !== 'live') return;
  const others = new Set([config.ledger]);
  while (!signal.aborted) {
    for (const path of filesOf(config).filter((one) => !others.has(one))) {
      try {
        if ((await carryOn(config, path, till, signal)) === 'not ours') others.add(path);
      } catch (error) {
        till.log.error('what the trial edition has left', { error: String(error) });
      }
    }
    await till.clock.sleep(LOOK_EVERY_MS, signal);
  }
}

/** In its place, or wherever `CASHIER_LEDGER` said when it was a file. */
function filesOf({ home, merchant }: Config): readonly string[] {
  return ledgerFiles(home, [ledgerIn(home, 'trial', merchant)]);
}

async function carryOn(
  config: Config,
  path: string,
  till: Till,
  signal: AbortSignal,
): Promise<'not ours' | 'done'> {
  const ledger = await openTrial(config, path);
  if (!ledger) return 'not ours';
  try {
    if ((await merchantIn(ledger)) !== config.merchant) return 'not ours';
    if (await isDone(ledger)) return 'done';
    till.log.info('carrying on what the trial edition has left', { ledger: path });
    const stop = new AbortController();
    const end = () => stop.abort();
    signal.addEventListener('abort', end);
    const { clock } = till;
    const theirs: Till = { ...till, ledger, desk: new Desk({ ledger, clock }) };
    const jobs = [runSettler(theirs, stop.signal), runPayBacks(theirs, stop.signal)];
    while (!signal.aborted && !(await isDone(ledger))) await clock.sleep(LEFT_EVERY_MS, signal);
    stop.abort();
    await Promise.all(jobs);
    signal.removeEventListener('abort', end);
    return 'done';
  } finally {
    await ledger.close();
  }
}

/** Undefined for a ledger of another realm, which is left untouched. */
async function openTrial(config: Config, path: string): Promise<Ledger | undefined> {
  const place = { ...config, realm: 'trial', ledger: path, ledgerName: path } as const;
  try {
    return await openLedger(place, { mayMake: false, ofAnyone: true });
  } catch (error) {
    if (error instanceof CashierError && error.code === 'CONFIGURATION') return undefined;
    throw error;
  }
}

/** Whether nothing is owed there, and nothing can become owed. */
function isDone(ledger: Ledger): Promise<boolean> {
  return ledger.read(async (book) => (await book.owed.accounts()).length === 0 && !(await book.asking.any()));
}
