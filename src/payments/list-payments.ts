import { beijingMidnight, DAY_MS } from '../domain/clock.ts';
import { defined } from '../domain/defined.ts';
import { invalidArgument } from '../domain/errors.ts';
import { type Fen, fen } from '../domain/money.ts';
import type { OrderState, ProviderId } from '../domain/order.ts';
import type { OrderFilter } from '../ledger/order-filter.ts';
import { type PaymentResult, paymentResults } from './results.ts';
import type { Call, Till } from './till.ts';

export interface ListPaymentsInput {
  /** `YYYY-MM-DD`, Asia/Shanghai, inclusive. */
  readonly from?: string | undefined;
  /** As `from`, inclusive. */
  readonly to?: string | undefined;
  readonly state?: OrderState | undefined;
  readonly provider?: ProviderId | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export interface PaymentList {
  readonly items: readonly PaymentResult[];
  /** Over everything that matches, not only this page. */
  readonly totals: { readonly count: number; readonly paidFen: Fen; readonly refundedFen: Fen };
  readonly nextCursor: string | undefined;
}

/** The caller's payments, newest first, from the ledger alone. Throws INVALID_ARGUMENT. */
export async function listPayments(till: Till, call: Call, input: ListPaymentsInput): Promise<PaymentList> {
  const { from, to, state, provider, cursor } = input;
  const filter: OrderFilter = defined({
    caller: call.ownOrdersOnly ? call.caller : undefined,
    from: from === undefined ? undefined : dayStart(from, 'from'),
    to: to === undefined ? undefined : dayStart(to, 'to') + DAY_MS,
    state,
    provider,
    after: cursor === undefined ? undefined : readCursor(cursor),
  });
  insistSpan(filter, 'from', 'to');
  return till.ledger.read(async (book) => {
    const found = await book.orders.list(filter, input.limit + 1);
    const page = found.slice(0, input.limit);
    const last = page.at(-1);
    const { count, paidFen, refundedFen } = await book.orders.totals(filter);
    return {
      items: await paymentResults(book, call, page),
      totals: { count, paidFen: fen(paidFen), refundedFen: fen(refundedFen) },
      nextCursor:
        found.length > page.length && last ? writeCursor(last.createdAt, last.outTradeNo) : undefined,
    };
  });
}

/** Throws INVALID_ARGUMENT for a first day after the last: an empty list would be believed. */
export function insistSpan(
  { from, to }: { readonly from?: number | undefined; readonly to?: number | undefined },
  first: string,
  last: string,
): void {
  if (from === undefined || to === undefined || from < to) return;
  throw invalidArgument(first, {
    zh: `${first} 在 ${last} 之后，没有任何一天符合。`,
    en: `${first} is after ${last}: no day lies between them.`,
  });
}

/** Midnight in Shanghai (ms). */
function dayStart(date: string, argument: string): number {
  const ms = beijingMidnight(date);
  if (ms !== undefined) return ms;
  throw invalidArgument(argument, {
    zh: `${argument} 必须是 YYYY-MM-DD 形式的日期。`,
    en: `${argument} must be a date such as 2026-11-21.`,
  });
}

/** Where a page, newest first, goes on. */
export function writeCursor(createdAt: number, outTradeNo: string): string {
  return Buffer.from(`${createdAt} ${outTradeNo}`).toString('base64url');
}

type Place = NonNullable<OrderFilter['after']>;

/** As written by {@link writeCursor}; undefined for what was not. */
export function placeIn(cursor: string): Place | undefined {
  const match = /^(\d{1,16}) (\w{1,64})$/.exec(Buffer.from(cursor, 'base64url').toString());
  return match?.[1] && match[2] ? { createdAt: Number(match[1]), outTradeNo: match[2] } : undefined;
}

/** As {@link placeIn}. Throws INVALID_ARGUMENT. */
export function readCursor(cursor: string): Place {
  const place = placeIn(cursor);
  if (place) return place;
  throw invalidArgument('cursor', {
    zh: 'cursor 必须原样取自上一次的 nextCursor。',
    en: 'cursor must be the nextCursor of an earlier answer, unchanged.',
  });
}
