import { DAY_MS } from './clock.ts';

/** A span of the calendar: days of Beijing, or months of it. A week is seven days, a year twelve months. */
export interface Period {
  readonly unit: 'day' | 'month';
  /** 7 to 366 days, 1 to 12 months. */
  readonly count: number;
}

const WRITTEN = /^P([1-9]\d{0,2})([DWMY])$/;
const UNITS: Readonly<Record<string, Period>> = {
  D: { unit: 'day', count: 1 },
  W: { unit: 'day', count: 7 },
  M: { unit: 'month', count: 1 },
  Y: { unit: 'month', count: 12 },
};

/** Reads an ISO 8601 duration of one part from `P7D` to `P1Y`; undefined for every other. */
export function parsePeriod(text: string): Period | undefined {
  const [, number = '', letter = ''] = WRITTEN.exec(text) ?? [];
  const of = UNITS[letter];
  if (!of) return undefined;
  const count = Number(number) * of.count;
  const fits = of.unit === 'day' ? count >= 7 && count <= 366 : count <= 12;
  return fits ? { unit: of.unit, count } : undefined;
}

/**
 * The day (`YYYY-MM-DD`) on which the nth period begins, counted from 1, whose first begins on `first`. It is computed from
 * that day alone, so that no month which is short moves any later one: where a month has no such day, its last it is.
 */
export function nthDay(first: string, { unit, count }: Period, n: number): string {
  const ahead = count * (n - 1);
  if (unit === 'day') return plusDays(first, ahead);
  const [year = 0, month = 0, day = 0] = first.split('-').map(Number);
  const months = year * 12 + (month - 1) + ahead;
  const [toYear, toMonth] = [Math.floor(months / 12), months % 12];
  // Day 0 of the next month is the last of this one.
  const last = new Date(Date.UTC(toYear, toMonth + 1, 0)).getUTCDate();
  return written(Date.UTC(toYear, toMonth, Math.min(day, last)));
}

/** @param day `YYYY-MM-DD` @param days may be negative */
export function plusDays(day: string, days: number): string {
  return written(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS);
}

/** The day of the month, 1 to 31. */
export function dayOfMonth(day: string): number {
  return Number(day.slice(8));
}

function written(utc: number): string {
  return new Date(utc).toISOString().slice(0, 10);
}
