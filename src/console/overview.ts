import { beijingDay, DAY_MS } from '../domain/clock.ts';
import type { ProviderId } from '../domain/order.ts';
import { billNotes } from '../ledger/bill-notes.ts';
import type { Book } from '../ledger/book.ts';
import type { Freeze } from '../ledger/operator-book.ts';
import type { Taken } from '../ledger/takings.ts';

/** So many days are looked back on, at choice: today, a week, a month. */
export const PERIODS = [1, 7, 30] as const;
export type Period = (typeof PERIODS)[number];
const MOST_DAYS = 30;
/** A chart of fewer days says nothing. */
const LEAST_CHARTED = 7;
/** How many callers and approvals are listed, or counted, at most. */
const MOST_CALLERS = 20;
const MOST_WAITING = 99;
const MOST_SUBSCRIPTIONS = 9_999;

/** One day of Beijing, counted as by `beijingDay`. */
export interface Day extends Taken {
  readonly day: number;
  readonly byWallet: ReadonlyMap<ProviderId, Taken>;
}

export interface OverviewView {
  readonly period: Period;
  readonly frozen: Freeze | undefined;
  readonly totals: ReadonlyMap<Period, Taken>;
  readonly byWallet: ReadonlyMap<ProviderId, Taken>;
  readonly byCaller: readonly (Taken & { readonly caller: string })[];
  /** Whether there may be more callers than are listed. */
  readonly moreCallers: boolean;
  /** Of the period, or of a week where that is longer; every day, oldest first. */
  readonly charted: readonly Day[];
  readonly waiting: number;
  readonly unknown: number;
  readonly open: number;
  /** Subscriptions that may be agreed to, or are, and have not ended. */
  readonly subscriptions: number;
  /** Left of the days of bills that were compared last. */
  readonly differences: number;
  /** Differs when anything has happened since. */
  readonly mark: string;
}

/** @param now ms */
export async function readOverview(book: Book, period: Period, now: number): Promise<OverviewView> {
  const today = beijingDay(now);
  const since = (days: number) => now - (days - 1) * DAY_MS;
  const rows = await book.takings.byDay(since(MOST_DAYS));
  // What a clock that was ahead has dated into days to come belongs to no day of these.
  const known = rows.filter(({ day }) => day <= today);
  const last = (days: number) => known.filter(({ day }) => day > today - days);
  const callers = await book.takings.byCaller(since(period), MOST_CALLERS + 1);
  const charted = Math.max(period, LEAST_CHARTED);
  const count = async (state: 'UNKNOWN' | 'NOTPAY') => (await book.orders.totals({ state })).count;
  return {
    period,
    frozen: await book.operator.freeze(),
    totals: new Map(PERIODS.map((days) => [days, sumOf(last(days))])),
    byWallet: walletsOf(last(period)),
    byCaller: callers.slice(0, MOST_CALLERS),
    moreCallers: callers.length > MOST_CALLERS,
    charted: Array.from({ length: charted }, (_, i) => {
      const day = today - charted + 1 + i;
      const ofDay = known.filter((row) => row.day === day);
      return { day, ...sumOf(ofDay), byWallet: walletsOf(ofDay) };
    }),
    waiting: (await book.approvals.open(undefined, MOST_WAITING)).length,
    unknown: await count('UNKNOWN'),
    open: await count('NOTPAY'),
    subscriptions: await book.subscriptions.countOpen(MOST_SUBSCRIPTIONS),
    differences: Object.values(await billNotes(book)).reduce((sum, note) => sum + (note.differences ?? 0), 0),
    mark: await markOf(book, now),
  };
}

/** What an open page compares: the end of the record, and the day. @param now ms */
export async function markOf(book: Book, now: number): Promise<string> {
  return `${(await book.audit.head()).seq} ${beijingDay(now)}`;
}

export function sumOf(rows: readonly Taken[]): Taken {
  const sum = (of: (row: Taken) => number) => rows.reduce((total, row) => total + of(row), 0);
  return {
    paidCount: sum(({ paidCount }) => paidCount),
    paidFen: sum(({ paidFen }) => paidFen),
    refundedCount: sum(({ refundedCount }) => refundedCount),
    refundedFen: sum(({ refundedFen }) => refundedFen),
  };
}

function walletsOf(rows: readonly (Taken & { readonly provider: ProviderId })[]): Map<ProviderId, Taken> {
  const ids = [...new Set(rows.map(({ provider }) => provider))].sort();
  return new Map(ids.map((id) => [id, sumOf(rows.filter(({ provider }) => provider === id))]));
}
