import { CLOCKS_APART_MS } from '../domain/clock.ts';
import type { Notes } from '../ledger/ledger.ts';

/** Questions to one gateway account are kept this far apart (ms) by all processes on the ledger together: 20 a second. */
export const PACE_MS = 50;
/** How far ahead (ms) the background books: what is more urgent never stands behind more than this. */
const AHEAD_MS = 250;
/** However busy calls keep the gateway, the background gets a place this often (ms). */
const BACKGROUND_EVERY_MS = 200;
/** Nobody books further ahead than this (ms); what is booked beyond was booked by a clock that was ahead. */
const FURTHEST_MS = 1_000;

interface Pace {
  /** When (ms) the next question may be sent. */
  readonly free: number;
  /** When (ms) a call last wanted a place, and the background was last given one. */
  readonly call: number;
  readonly background: number;
}

/** Inside a transaction: the next place (ms) in an account's pace for a question that somebody waits for; undefined while others stand ahead. */
export async function placeForCall(book: Notes, account: string, now: number): Promise<number | undefined> {
  const pace = await readPace(book, account, now);
  if (pace.free > now + PACE_MS) {
    // Seen to wait, or the background would fill every place before it.
    if (now - pace.call > PACE_MS) await writePace(book, account, { ...pace, call: now });
    return undefined;
  }
  await writePace(book, account, { ...pace, free: pace.free + PACE_MS, call: now });
  return pace.free;
}

/** How many places the background may take now (ms): it leaves the way to calls, and is never pushed out by them. */
export async function roomForBackground(book: Notes, account: string, now: number): Promise<number> {
  const pace = await readPace(book, account, now);
  const isBusy = now - pace.call < AHEAD_MS;
  if (isBusy) return pace.free <= now || now - pace.background >= BACKGROUND_EVERY_MS ? 1 : 0;
  return Math.max(0, Math.ceil((now + AHEAD_MS - pace.free) / PACE_MS));
}

/** Inside a transaction: the next `count` places (ms) for the background, within {@link roomForBackground}. */
export async function takePlaces(
  book: Notes,
  account: string,
  now: number,
  count: number,
): Promise<number[]> {
  if (count === 0) return [];
  const pace = await readPace(book, account, now);
  await writePace(book, account, { ...pace, free: pace.free + count * PACE_MS, background: now });
  return Array.from({ length: count }, (_, i) => pace.free + i * PACE_MS);
}

/** Whether the pace was left in the future by a clock that was ahead (`now` in ms). */
export async function isPaceAhead(book: Notes, account: string, now: number): Promise<boolean> {
  const [free = 0] = await stored(book, account);
  // By so much another machine's clock may be ahead and not wrong.
  return free > now + CLOCKS_APART_MS;
}

async function readPace(book: Notes, account: string, now: number): Promise<Pace> {
  const [free = 0, call = 0, background = 0] = await stored(book, account);
  const past = (at: number) => (at > now + FURTHEST_MS ? 0 : at);
  return { free: Math.max(now, past(free)), call: past(call), background: past(background) };
}

async function stored(book: Notes, account: string): Promise<number[]> {
  return ((await book.meta(key(account))) ?? '').split(' ').map(Number);
}

function writePace(book: Notes, account: string, { free, call, background }: Pace): Promise<void> {
  return book.setMeta(key(account), `${free} ${call} ${background}`);
}

function key(account: string): string {
  return `pace ${account}`;
}
