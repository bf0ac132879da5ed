import { beijingDateTime, DAY_MS, parseBeijingDateTime } from '../../domain/clock.ts';

/** `yyyyMMddHHmmss` in Beijing, from ms. */
export function timeText(ms: number): string {
  return beijingDateTime(ms).replace(/\D/g, '');
}

/** ms; undefined for what is no such time. */
export function readTime(text: string | undefined): number | undefined {
  const [, date, clock] = /^(\d{8})(\d{6})$/.exec(text ?? '') ?? [];
  if (date === undefined || clock === undefined) return undefined;
  const day = `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`;
  return parseBeijingDateTime(`${day} ${clock.slice(0, 2)}:${clock.slice(2, 4)}:${clock.slice(4)}`);
}

const HALF_A_YEAR_MS = 183 * DAY_MS;

/** `MMddHHmmss`, which has no year: the one next to an instant (ms) of the same affair. */
export function readTimeNear(text: string | undefined, near: number): number | undefined {
  if (!/^\d{10}$/.test(text ?? '')) return undefined;
  const year = Number(timeText(near).slice(0, 4));
  const times = [year - 1, year, year + 1].map((one) => readTime(`${one}${text}`));
  return times.find((time) => time !== undefined && Math.abs(time - near) < HALF_A_YEAR_MS);
}
