import { beijingDate, beijingDay, beijingMidnight, type Clock, DAY_MS } from '../domain/clock.ts';
import { defined } from '../domain/defined.ts';
import type { AuditDetails, DayBill } from '../ledger/audit-kinds.ts';
import { billNotes } from '../ledger/bill-notes.ts';
import type { Book } from '../ledger/book.ts';
import { figuresOf } from '../ledger/figures.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { WALLET_IDS } from '../providers/registry.ts';

/** When (ms behind midnight in Beijing) a day is summed up, where nobody says otherwise: 9:00 of the next one. */
export const DAILY_AT_MS = 9 * 3_600_000;
/** The last day that was summed up. */
const SUMMED_KEY = 'day_summed';

type Sum = AuditDetails['day-summed'];

/** Sums up yesterday, once, whichever process looks first. What passed before the first look nobody asked for. */
export async function noticeDay(
  { ledger, clock }: { readonly ledger: Ledger; readonly clock: Clock },
  atMs: number,
): Promise<void> {
  const now = clock.now();
  const today = beijingDate(now);
  const date = beijingDate(now - DAY_MS);
  const told = await ledger.read((book) => book.meta(SUMMED_KEY));
  if (told === undefined) return ledger.note((book) => book.setMeta(SUMMED_KEY, date));
  // A day that is yet to come was summed up by a wrong clock.
  const isSummed = (day: string | undefined) => day !== undefined && day >= date && day <= today;
  if (now < (beijingMidnight(today) ?? 0) + atMs || isSummed(told)) return;
  const sum = await sumOfDay(ledger, date, now);
  await ledger.write(async (book) => {
    if (isSummed(await book.meta(SUMMED_KEY))) return;
    await book.audit.append({ kind: 'day-summed', detail: sum });
    await book.setMeta(SUMMED_KEY, date);
  });
}

/** Sums up today so far, for whoever does not want to wait. */
export async function sumUpNow(ledger: Ledger, now: number): Promise<Sum> {
  // Of a day that goes on there is no bill.
  const sum = { ...(await sumOfDay(ledger, beijingDate(now), now)), bills: [] };
  await ledger.write(({ audit }) => audit.append({ kind: 'day-summed', detail: sum }));
  return sum;
}

/** What a day (`YYYY-MM-DD`, Beijing) came to, and what waits now. */
async function sumOfDay(ledger: Ledger, date: string, now: number): Promise<Sum> {
  const start = beijingMidnight(date) ?? 0;
  const { taken, bills } = await ledger.read(async (book) => ({
    taken: (await book.takings.byDay(start)).filter(({ day }) => day === beijingDay(start)),
    bills: await billsOf(book, date),
  }));
  const { orders, refunds, approvals } = await ledger.inspect((tx) => figuresOf(tx, WALLET_IDS, [], now));
  const sum = (of: (one: (typeof taken)[number]) => number) => taken.reduce((all, one) => all + of(one), 0);
  return {
    date,
    paidCount: sum(({ paidCount }) => paidCount),
    paidFen: sum(({ paidFen }) => paidFen),
    refundedCount: sum(({ refundedCount }) => refundedCount),
    refundedFen: sum(({ refundedFen }) => refundedFen),
    openApprovals: approvals.pending,
    inDoubt: [...orders.values()].reduce((all, { count }) => all + count, refunds.count),
    bills,
  };
}

/** Of the accounts whose bills are compared from day to day. */
async function billsOf(book: Book, date: string): Promise<DayBill[]> {
  const oldest = beijingDate((beijingMidnight(date) ?? 0) - 7 * DAY_MS);
  return Object.values(await billNotes(book)).flatMap(({ provider, done, differences, refused }) => {
    if (done === undefined || done < oldest) return [];
    return [{ provider, ...(done === date ? defined({ differences, refused }) : {}) }];
  });
}
