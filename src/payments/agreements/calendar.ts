import { beijingDate, beijingMidnight, DAY_MS } from '../../domain/clock.ts';
import { dayOfMonth, nthDay, type Period, parsePeriod, plusDays } from '../../domain/period.ts';
import type { SubscriptionRecord } from '../../ledger/subscription-records.ts';
import type { AgreementRules } from '../../providers/contract.ts';

/** So long (ms) before the end of its last day nothing of a period is begun any more. */
const BEFORE_MIDNIGHT_MS = 30 * 60_000;
/** So long (ms) after midnight a period begins to be charged, or its payer to be reminded: nobody is woken by it. */
const MORNING_MS = 8 * 3_600_000;
/** How many days a payer who is reminded has. */
export const REMINDED_GRACE_DAYS = 3;

/** When (ms) a period is due, and until when it is charged or paid. */
export interface Span {
  readonly dueAt: number;
  readonly untilAt: number;
}

type Calendar = Pick<SubscriptionRecord, 'mode' | 'firstDay' | 'graceDays' | 'period'>;

/** The nth period of a subscription, counted from 1. Pure; of the day it began with, and nothing that happened since. */
export function spanOf({ mode, firstDay, graceDays, period }: Calendar, n: number): Span {
  const day = nthDay(firstDay, periodOf(period), n);
  const [due, last] = mode === 'auto' ? [plusDays(day, -graceDays), day] : [day, plusDays(day, graceDays)];
  return {
    // The first is asked for as soon as somebody has agreed to it.
    dueAt: midnight(due) + (n === 1 ? 0 : MORNING_MS),
    untilAt: midnight(last) + DAY_MS - BEFORE_MIDNIGHT_MS,
  };
}

/** As it stands in a record. */
export function periodOf(text: string): Period {
  const period = parsePeriod(text);
  if (!period) throw new Error(`${text} is no period`);
  return period;
}

/**
 * For which day the gateway is asked to expect the first charge, so that it takes it from now (ms) on: as late as its
 * window lets it be, for whoever signs takes their time, and on no day of a month that it does not plan for.
 */
export function firstPlannedDay(rules: AgreementRules, { unit }: Period, now: number): string {
  const today = beijingDate(now);
  const latest = plusDays(today, rules.daysBefore);
  const over = unit === 'month' ? dayOfMonth(latest) - rules.latestDayOfMonth : 0;
  if (over <= 0) return latest;
  const earlier = plusDays(latest, -over);
  // There has to be time to sign; else the first of the month after it.
  return earlier > today ? earlier : firstOfNextMonth(latest);
}

function firstOfNextMonth(day: string): string {
  return nthDay(`${day.slice(0, 7)}-01`, { unit: 'month', count: 1 }, 2);
}

function midnight(day: string): number {
  const ms = beijingMidnight(day);
  if (ms === undefined) throw new Error(`${day} is no day`);
  return ms;
}
