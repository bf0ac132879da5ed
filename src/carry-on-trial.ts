import { type Config, ledgerIn } from './config.ts';
import { CashierError } from './domain/errors.ts';
import { isAddress, ledgerName, postgresAddress } from './domain/ledger-address.ts';
import type { Ledger } from './ledger/ledger.ts';
import type { Channels } from './open-channels.ts';
import { merchantIn, openLedger } from './open-ledger.ts';
import { beginEndingAll } from './payments/agreements/end.ts';
import { runSubscriptions } from './payments/agreements/round.ts';
import { Desk } from './payments/desk.ts';
import { runOverdueCalls } from './payments/paid-calls/overdue.ts';
import { runPayBacks } from './payments/pay-back.ts';
import { runSettler } from './payments/settler.ts';
import type { Till } from './payments/till.ts';
import { ledgerFiles, notedAddresses } from './platform/known-ledgers.ts';

/** How often (ms) it is looked for what a trial edition has left, and whether any of that is left still. */
const LOOK_EVERY_MS = 10 * 60_000;
const LEFT_EVERY_MS = 60_000;

/** Whether there may be something to carry on, at a glance. */
export function mayOweOfTrial(config: Config): boolean {
  const place = ledgerIn(config.home, 'trial', config.merchant);
  const { realm, home } = config;
  return realm === 'live' && (ledgerFiles(home, [place]).includes(place) || addressesOf(config).length > 0);
}

/**
 * A trial edition that has ended still owes what it was paid: a live server of the same home settles and pays back what
 * is left in its ledger, beside its own and as its own processes did, until nothing is, and tells the channels. Nothing
 * new is sold there, its subscriptions end, and of accounts that this process has no keys of nothing is asked or paid.
 * Until `signal` aborts; never rejects.
 * @param channelsOf those of this merchant, for another ledger
 */
export async function carryOnTrial(
  config: Config,
  till: Till,
  channelsOf: (ledger: Ledger) => Promise<Channels>,
  signal: AbortSignal,
): Promise<void> {
  if (config.realm !== 'live') return;
  const others = new Set([config.ledger]);
  // One that is long not done with holds up no other.
  const underWay = new Map<string, Promise<void>>();
  const see = async (place: string) => {
    try {
      if ((await carryOn(config, place, { till, channelsOf }, signal)) === 'not ours') others.add(place);
    } catch (error) {
      till.log.error('what the trial edition has left', { error: String(error) });
    }
    underWay.delete(place);
  };
  while (!signal.aborted) {
    for (const place of placesOf(config))
      if (!others.has(place) && !underWay.has(place)) underWay.set(place, see(place));
    await till.clock.sleep(LOOK_EVERY_MS, signal);
  }
  await Promise.all(underWay.values());
}

/** In its place, or wherever `CASHIER_LEDGER` said. */
function placesOf(config: Config): readonly string[] {
  const { home, merchant } = config;
  return [...ledgerFiles(home, [ledgerIn(home, 'trial', merchant)]), ...addressesOf(config)];
}

/** Databases other than ours. No password is noted: ours opens what its user has at the same server. */
function addressesOf({ home, ledger }: Config): readonly string[] {
  const own = isAddress(ledger) ? postgresAddress(ledger) : undefined;
  return notedAddresses(home)
    .filter((one) => one !== ledgerName(ledger))
    .map((one) => {
      const url = postgresAddress(one);
      if (!url || !own || url.host !== own.host || url.username !== own.username) return one;
      url.password = own.password;
      return url.href;
    });
}

async function carryOn(
  config: Config,
  place: string,
  { till, channelsOf }: { readonly till: Till; readonly channelsOf: (ledger: Ledger) => Promise<Channels> },
  signal: AbortSignal,
): Promise<'not ours' | 'done'> {
  const ledger = await openTrial(config, place);
  if (!ledger) return 'not ours';
  try {
    if ((await merchantIn(ledger)) !== config.merchant) return 'not ours';
    const told = await channelsOf(ledger);
    if (await isDone(ledger, told)) return 'done';
    till.log.info('carrying on what the trial edition has left', { ledger: ledgerName(place) });
    const stop = new AbortController();
    const end = () => stop.abort();
    signal.addEventListener('abort', end);
    const { clock } = till;
    const theirs: Till = { ...till, ledger, desk: new Desk({ ledger, clock }) };
    await beginEndingAll(theirs, 'trial-over');
    const jobs = [
      runSettler(theirs, stop.signal),
      runPayBacks(theirs, stop.signal),
      runOverdueCalls(theirs, stop.signal),
      runSubscriptions(theirs, stop.signal),
      told.run(stop.signal),
    ];
    while (!signal.aborted && !(await isDone(ledger, told))) await clock.sleep(LEFT_EVERY_MS, signal);
    stop.abort();
    await Promise.all(jobs);
    signal.removeEventListener('abort', end);
    return 'done';
  } finally {
    await ledger.close();
  }
}

/** Undefined for a ledger of another realm, which is left untouched. */
async function openTrial(config: Config, place: string): Promise<Ledger | undefined> {
  const at = {
    realm: 'trial',
    ledger: place,
    ledgerName: ledgerName(place),
    ledgerListen: undefined,
  } as const;
  try {
    return await openLedger({ ...config, ...at }, { mayMake: false, ofAnyone: true });
  } catch (error) {
    if (error instanceof CashierError && error.code === 'CONFIGURATION') return undefined;
    throw error;
  }
}

/** Whether nothing is owed there, nothing can become owed, and those channels have heard of all of it that ever began there. */
function isDone(ledger: Ledger, { all }: Channels): Promise<boolean> {
  return ledger.read(async (book) => {
    if ((await book.owed.accounts()).length > 0 || (await book.asking.any())) return false;
    if ((await book.subscriptions.accounts()).length > 0) return false;
    const states = all.length > 0 ? await book.outbox.states(all.map(({ name }) => name)) : new Map();
    const head = await book.trail.head();
    for (const [name, { seq, disabledWhy }] of states) {
      const isBehind = seq < head || (await book.outbox.dueAt(name)) !== undefined;
      if (disabledWhy === undefined && isBehind) return false;
    }
    return true;
  });
}
