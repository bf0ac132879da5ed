import type { Book } from '../ledger/book.ts';
import type { DueRecord, DueRows } from '../ledger/due-rows.ts';
import { isHome } from '../providers/contract.ts';
import { isFrozenNow } from './sending.ts';
import type { Till } from './till.ts';

/** How often (ms) the ledger is looked at for what is due. */
const LOOK_EVERY_MS = 1_000;
/** How many are seen to at once. */
const MOST_AT_ONCE = 8;
/** How long (ms) nobody else takes up what somebody has: a question and a refund, as slow as they may be, and some. */
const TAKEN_MS = 120_000;
/** How long (ms) one rests with which nothing can be done just now; doubled each time, to the longest. */
const FIRST_REST_MS = 15_000;
const LONGEST_REST_MS = 3_600_000;

/** What comes round, and what is done about it then. */
export interface Coming<R extends DueRecord> {
  readonly name: string;
  rows(book: Book): DueRows<R>;
  /** Leaves it settled, or says when it comes round again; what it throws is logged, and it comes round by itself. */
  see(till: Till, row: R): Promise<void>;
  /** Whether anything can be done about it while no money may move. */
  readonly whileFrozen: boolean;
}

/**
 * Sees to what is due, of the accounts that this process has the keys of, until `signal` aborts. It is taken in a
 * transaction, so that it is one process's at a time; whoever is killed leaves it to whoever looks two minutes later.
 */
export async function runDue<R extends DueRecord>(
  till: Till,
  coming: Coming<R>,
  signal: AbortSignal,
): Promise<void> {
  const { clock, log } = till;
  const running = new Set<Promise<void>>();
  const failed = (error: unknown) => log.error(coming.name, { error: String(error) });
  let last = Number.POSITIVE_INFINITY;
  while (!signal.aborted) {
    const now = clock.now();
    // A clock that was ahead has put things off until its own time; it may have been corrected while nobody was here.
    if (now < last) await putBack(till, coming, now).catch(failed);
    last = now;
    const taken = await takeDue(till, coming, MOST_AT_ONCE - running.size).catch((error: unknown) => {
      failed(error);
      return [];
    });
    for (const row of taken) {
      const run = coming
        .see(till, row)
        .catch(failed)
        .finally(() => running.delete(run));
      running.add(run);
    }
    await clock.sleep(LOOK_EVERY_MS, signal);
  }
  // What a gateway answers to the last of them is still recorded.
  await Promise.all(running);
}

/** When (ms) something comes round again with which nothing could be done. */
export function restedAt({ clock }: Till, { tries }: DueRecord): number {
  return clock.now() + restOf(tries);
}

/** How long (ms) something rests of which so many tries came to nothing. */
export function restOf(tries: number): number {
  return Math.min(FIRST_REST_MS * 2 ** Math.min(tries - 1, 20), LONGEST_REST_MS);
}

async function putBack<R extends DueRecord>(till: Till, { rows }: Coming<R>, now: number): Promise<void> {
  const isThere = await till.ledger.read(async (book) => (await rows(book).accounts()).length > 0);
  if (isThere) await till.ledger.write((book) => rows(book).putBack(now));
}

async function takeDue<R extends DueRecord>(
  till: Till,
  { name, rows, whileFrozen }: Coming<R>,
  room: number,
): Promise<R[]> {
  if (room <= 0) return [];
  const now = till.clock.now();
  const due = await till.ledger.read(async (book) => {
    const found: R[] = [];
    for (const account of await rows(book).accounts()) {
      const isOurs = [...till.providers.values()].some((provider) => isHome(provider, account));
      if (isOurs) found.push(...(await rows(book).due(account, now, room)));
    }
    return found.slice(0, room);
  });
  if (due.length === 0 || (!whileFrozen && (await isFrozenNow(till)))) return [];
  const taken: R[] = [];
  for (const row of due) {
    const { contractNo, outTradeNo = contractNo ?? '' } = row;
    // What was taken before is seen to all the same.
    const mine = await till.ledger
      .write((book) => rows(book).take(row, now + TAKEN_MS))
      .catch((error: unknown) => void till.log.error(name, { outTradeNo, error: String(error) }));
    if (mine) taken.push(mine);
  }
  return taken;
}
