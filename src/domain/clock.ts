/** Time enters here and nowhere else. All instants are milliseconds since the epoch. */
export interface Clock {
  now(): number;
  /** Resolves after `ms` milliseconds, or early when `signal` aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Randomness enters here and nowhere else: `size` unpredictable bytes. */
export type RandomBytes = (size: number) => Buffer;

const BEIJING_OFFSET_MS = 8 * 3_600_000;

/** `2026-11-21T14:30:05+08:00`: RFC 3339, whole seconds, whatever the machine's time zone. */
export function beijingIso(ms: number): string {
  return `${new Date(ms + BEIJING_OFFSET_MS).toISOString().slice(0, 19)}+08:00`;
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

/** Cuts an instant to the whole second, the resolution the gateways keep. */
export function wholeSecond(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}
