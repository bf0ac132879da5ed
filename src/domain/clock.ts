/** Time enters here and nowhere else. All instants are milliseconds since the epoch. */
export interface Clock {
  now(): number;
  /** Resolves after `ms` milliseconds, or early when `signal` aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Randomness enters here and nowhere else: `size` unpredictable bytes. */
export type RandomBytes = (size: number) => Buffer;

/** ms by which Beijing is ahead of UTC; it knows no summer time. */
export const BEIJING_OFFSET_MS = 8 * 3_600_000;
export const DAY_MS = 86_400_000;

/** `2026-11-21T14:30:05+08:00`: RFC 3339, whole seconds, whatever the machine's time zone. */
export function beijingIso(ms: number): string {
  return `${new Date(ms + BEIJING_OFFSET_MS).toISOString().slice(0, 19)}+08:00`;
}

/** The last instant (ms) of the year 9999. */
const LAST_MS = 253_402_300_799_999;

/** As {@link beijingIso}, of what may be no instant (ms) at all: undefined then. */
export function beijingInstant(ms: unknown): string | undefined {
  return typeof ms === 'number' && ms >= 0 && ms < LAST_MS ? beijingIso(ms) : undefined;
}

/** `2026-11-21`: the day in Beijing. */
export function beijingDate(ms: number): string {
  return beijingIso(ms).slice(0, 10);
}

/** The day in Beijing, counted from that of the epoch. */
export function beijingDay(ms: number): number {
  return Math.floor((ms + BEIJING_OFFSET_MS) / DAY_MS);
}

/** Whether a day begins in Beijing at this instant. */
export function isBeijingMidnight(ms: number): boolean {
  return (ms + BEIJING_OFFSET_MS) % DAY_MS === 0;
}

/** `2026-11-21 14:30:05` in Beijing time, the form Alipay uses. */
export function beijingDateTime(ms: number): string {
  return beijingIso(ms).slice(0, 19).replace('T', ' ');
}

/** Reads Alipay's `yyyy-MM-dd HH:mm:ss` (Beijing time); undefined when it is not one. */
export function parseBeijingDateTime(text: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/.test(text)) return undefined;
  const ms = Date.parse(`${text.replace(' ', 'T')}+08:00`);
  return Number.isNaN(ms) ? undefined : ms;
}

/** When (ms) a day, `YYYY-MM-DD`, begins in Beijing; undefined for what is no day. */
export function beijingMidnight(day: string): number | undefined {
  const ms = Date.parse(`${day}T00:00:00+08:00`);
  return /^\d{4}-\d{2}-\d{2}$/.test(day) && !Number.isNaN(ms) && beijingIso(ms).startsWith(day)
    ? ms
    : undefined;
}

/** How far apart (ms) the clocks of two machines that share a ledger may be. */
export const CLOCKS_APART_MS = 60_000;

/**
 * Whether what was stored to last until an instant (ms), for no more than `longest` (ms), still lasts. What reaches
 * further was stored by a clock that has been set back since, and is over: else it would last until that time comes.
 */
export function stillLasts(until: number, now: number, longest: number): boolean {
  return until > now && until <= now + longest + CLOCKS_APART_MS;
}

/** Cuts an instant to the whole second, the resolution the gateways keep. */
export function wholeSecond(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}

/** How long (ms) it is since this was called. Set back meanwhile, a clock makes nobody wait until that time comes again. */
export function stopwatch(clock: Clock): () => number {
  let began = clock.now();
  return () => {
    const now = clock.now();
    began = Math.min(began, now);
    return now - began;
  };
}
