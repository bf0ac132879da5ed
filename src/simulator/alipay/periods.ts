import { beijingDate, beijingMidnight, DAY_MS } from '../../domain/clock.ts';
import type { Agreement } from '../state/agreements.ts';
import { asOf, tradeState } from '../state/trades.ts';
import type { World } from '../world.ts';

/** ms before the planned day from which a deduction is taken: what all papers agree on. */
const EARLIEST_MS = 3 * DAY_MS;
/** Periods looked at. */
const MOST_PERIODS = 10_000;

/** What Alipay says of an agreement whose end nobody has set. */
export const FOR_EVER = '2115-02-01 00:00:00';

/** The period in which the next money is to be taken. */
export interface Plan {
  /** From 0. */
  readonly period: number;
  /** `yyyy-MM-dd` */
  readonly on: string;
  /** ms; money is taken from here on, until just before `closesAt`. */
  readonly opensAt: number;
  readonly closesAt: number;
}

/** The plan of a period, wherever it stands to now. */
export function planOf(agreement: Agreement, period: number): Plan {
  const { unit, every, firstOn, putOff } = agreement;
  const base = putOff ?? { period: 0, on: firstOn };
  const steps = (period - base.period) * every;
  const on = unit === 'DAY' ? daysLater(base.on, steps) : monthsLater(base.on, steps);
  const midnight = midnightOf(on);
  return { period, on, opensAt: midnight - EARLIEST_MS, closesAt: midnight + DAY_MS };
}

/** The next plan: not over yet, and nothing taken for it. undefined: as often as was agreed. */
export function nextPlan(world: World, agreement: Agreement): Plan | undefined {
  const now = world.clock.now();
  const taken = takenPeriods(world, agreement);
  if (agreement.times !== undefined && taken.size >= agreement.times) return undefined;
  for (let period = agreement.putOff?.period ?? 0; period < MOST_PERIODS; period += 1) {
    const plan = planOf(agreement, period);
    if (plan.closesAt > now && !taken.has(period)) return plan;
  }
  return undefined;
}

/** The periods for which money was taken or is being taken, and that money (fen). Failed attempts do not count. */
export function takenPeriods(world: World, { provider, taken }: Agreement): ReadonlyMap<number, number> {
  const now = world.clock.now();
  const money = new Map<number, number>();
  for (const { period, outTradeNo } of taken) {
    const trade = world.trades.byNumber(provider, outTradeNo);
    if (trade && tradeState(asOf(trade, now), now) !== 'CLOSED') money.set(period, trade.amountFen);
  }
  return money;
}

export function midnightOf(day: string): number {
  const midnight = beijingMidnight(day);
  if (midnight === undefined) throw new Error(`no day: ${day}`);
  return midnight;
}

function daysLater(day: string, days: number): string {
  return beijingDate(midnightOf(day) + days * DAY_MS);
}

/** The same day of a later month, or its last. */
export function monthsLater(day: string, months: number): string {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number);
  const count = year * 12 + (month - 1) + months;
  const two = (part: number) => String(part).padStart(2, '0');
  const later = (on: number) => `${Math.floor(count / 12)}-${two((count % 12) + 1)}-${two(on)}`;
  let on = date;
  while (beijingMidnight(later(on)) === undefined) on -= 1;
  return later(on);
}
