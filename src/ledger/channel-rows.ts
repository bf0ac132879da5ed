import { DAY_MS, stillLasts } from '../domain/clock.ts';
import type { Tx } from './store.ts';
import { type Field, maybe, number, Table, text } from './table.ts';

/** How long (ms) what was told is kept; older events are not told at all, nor again. */
export const KEPT_MS = 7 * DAY_MS;
/** The longest (ms) that a channel is ever left alone. */
const LONGEST_REST_MS = 2 * 3_600_000;
/** How many there may be in a figure. */
const MOST = 5_000;

const instants: Field<readonly number[]> = {
  read: (value) => String(value).split(' ').filter(Boolean).map(Number),
  write: (value) => value.join(' '),
};

/** Where channels stand. Instants in ms. */
export const CHANNELS = new Table('channels', ['channel'], {
  channel: text(),
  /** The newest record that it has been looked through for. */
  seq: number,
  /** Who is telling it something, and how often one has said so; nobody: undefined. */
  holder: maybe(text()),
  beat: number,
  /** When it was told something in the last minute, as far as its limits ask for that. */
  sent: instants,
  /** Until when it wants to be left alone. */
  restUntil: number,
  /** How many times in a row nothing could be told, and since when. */
  failures: number,
  failingSince: maybe(number),
  toldAt: maybe(number),
  disabledAt: maybe(number),
  disabledWhy: maybe(text()),
});
export type ChannelState = ReturnType<typeof CHANNELS.fromRow>;

/** Whether it wants to be left alone still; what lies further ahead was noted by a clock that has been set back. */
export function isResting({ restUntil }: Pick<ChannelState, 'restUntil'>, now: number): boolean {
  return stillLasts(restUntil, now, LONGEST_REST_MS);
}

/** Events that channels are to be told. */
export const DELIVERIES = new Table('deliveries', ['seq'], {
  seq: number,
  type: text(),
  /** Less is more urgent. */
  rank: number,
  /** Events in one lane are told one after the other. */
  lane: text(),
  /** How often that was tried in vain. */
  tries: number,
}).part('seq', 'type', 'rank', 'lane', 'tries');
export type Delivery = ReturnType<typeof DELIVERIES.fromRow>;

/** What waits for a channel. */
export interface Waiting {
  /** Nothing is counted any further than 5,000. */
  readonly count: number;
  /** When (ms) the oldest of them was recorded. */
  readonly since: number | undefined;
  /** What was put aside because it would never be taken. */
  readonly refused: number;
}

/**
 * What waits to be told to a channel: what was taken in, and not what lies in the trail still.
 * @param now ms
 */
export async function waitingFor({ all }: Pick<Tx, 'all'>, channel: string, now: number): Promise<Waiting> {
  const [open] = await all(
    `SELECT COUNT(*) AS count, MIN(seq) AS first FROM (
       SELECT seq FROM deliveries WHERE channel = ? AND done_at IS NULL LIMIT ${MOST}) AS open`,
    channel,
  );
  const [oldest] = await all('SELECT at FROM audit WHERE seq = ?', open?.first ?? null);
  const [aside] = await all(
    `SELECT COUNT(*) AS count FROM (
       SELECT seq FROM deliveries WHERE channel = ? AND outcome = 'refused' AND done_at >= ? LIMIT ${MOST}) AS aside`,
    ...[channel, now - KEPT_MS],
  );
  return {
    count: Number(open?.count ?? 0),
    since: oldest === undefined ? undefined : Number(oldest.at),
    refused: Number(aside?.count ?? 0),
  };
}
