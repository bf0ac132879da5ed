import { beijingDate, beijingMidnight, DAY_MS } from '../domain/clock.ts';
import { CashierError } from '../domain/errors.ts';
import { type BillNote, billNotes, setBillNote } from '../ledger/bill-notes.ts';
import type { Book } from '../ledger/book.ts';
import { GatewayDeclined, type PaymentProvider } from '../providers/contract.ts';
import { billOutAt, lastDay } from './bill-days.ts';
import { settleDay } from './settle-day.ts';
import type { Till } from './till.ts';

/** From one look to the next (ms). */
const LOOK_EVERY_MS = 60_000;
/** How long (ms) after an attempt was begun there is another one; the last of them for all that follow. */
const AGAIN_MS = [10, 20, 40, 60].map((minutes) => minutes * 60_000);
/** How long (ms) after a bill should be there one without a line is not believed. */
const BLANK_DOUBTED_MS = 4 * 3_600_000;
/** After so many a day without a bill is left to a person. */
const MOST_TIMES = 12;
/** So many days, yesterday among them, are caught up with after a time without a server. */
export const MOST_DAYS = 7;

/**
 * Compares the bill of every wallet's yesterday with the ledger each morning, and has the gateway settle what differs,
 * until `signal` aborts: once, however many processes share the ledger. What is left is told then; where no bills are to
 * be had, that is told once. A sandbox has samples of bills only, and a restored ledger a person who compares it until it
 * resumes.
 */
export async function runDailyBills(opened: Till, signal: AbortSignal): Promise<void> {
  const { clock, log } = opened;
  if (opened.ledger.realm === 'sandbox') return;
  const till = { ...opened, ledger: opened.ledger.as({ actor: 'settler' }) };
  while (!signal.aborted) {
    for (const wallet of till.providers.values()) {
      await compareNext(till, wallet).catch((error: unknown) =>
        log.error('bills', { provider: wallet.id, error: String(error) }),
      );
    }
    await clock.sleep(LOOK_EVERY_MS, signal);
  }
}

/** One day at most; the first look asks for nothing: what passed before it nobody here has sold. */
async function compareNext(till: Till, wallet: PaymentProvider): Promise<void> {
  const { ledger, clock, log } = till;
  const { account, id: provider } = wallet;
  const now = clock.now();
  const last = lastDay(now, 'refused');
  const find = async (book: Book) => {
    const note = (await billNotes(book))[account];
    // A day that is yet to come was done by a wrong clock.
    if (note?.done === undefined || note.done > last) return 'begin';
    const date = nextDay(note.done, note, now);
    return date === undefined || (await book.operator.isYetToResume()) ? undefined : { note, date };
  };
  const found = await ledger.read(find);
  if (found === 'begin') return ledger.note((book) => setBillNote(book, account, { provider, done: last }));
  if (found === undefined) return;
  const begun = await ledger.write(async (book) => {
    const still = await find(book);
    if (typeof still !== 'object') return undefined;
    const { note, date } = still;
    const times = note.asked?.date === date ? note.asked.times + 1 : 1;
    await setBillNote(book, account, { ...note, asked: { date, times, at: now } });
    return { ...still, times };
  });
  if (!begun) return;
  const { note, date, times } = begun;
  const end = (more: Pick<BillNote, 'differences' | 'refused'>, tell?: (book: Book) => Promise<void>) =>
    ledger.write(async (book) => {
      await setBillNote(book, account, { provider, done: date, ...more });
      await tell?.(book);
    });
  try {
    const isBlankDoubted = now < billOutAt(provider, date) + BLANK_DOUBTED_MS;
    const day = { date, today: 'refused', isBlankDoubted } as const;
    const { open } = await settleDay(till, wallet, day, true, false);
    await end({ differences: open });
  } catch (error) {
    if (!(error instanceof CashierError)) throw error;
    const code = String(error.details.why ?? error.code);
    const isForGood = error.cause instanceof GatewayDeclined && error.cause.reason === 'permission';
    if (!isForGood && times < MOST_TIMES) return log.info('bills: none yet', { provider, date, code });
    log.warn('bills: none', { provider, date, code });
    await end({ refused: code }, async ({ audit }) => {
      if (note.refused === undefined)
        await audit.append({ kind: 'bill-refused', detail: { provider, date, code } });
    });
  }
}

/** The day whose turn it is; undefined where there is none, or somebody is at it. */
function nextDay(done: string, { provider, asked }: BillNote, now: number): string | undefined {
  const [oldest, after] = [beijingDate(now - MOST_DAYS * DAY_MS), dayAfter(done)];
  const next = after > oldest ? after : oldest;
  if (now < billOutAt(provider, next)) return undefined;
  if (asked?.date !== next || asked.at > now) return next;
  const wait = AGAIN_MS[asked.times - 1] ?? AGAIN_MS.at(-1) ?? 0;
  return now < asked.at + wait ? undefined : next;
}

function dayAfter(date: string): string {
  return beijingDate((beijingMidnight(date) ?? 0) + DAY_MS);
}
