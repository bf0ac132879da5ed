import { DAY_MS } from '../domain/clock.ts';
import { CashierError } from '../domain/errors.ts';
import { type Fen, fen } from '../domain/money.ts';
import type { ProviderId } from '../domain/order.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { PaidOrder } from '../ledger/orders.ts';
import type { SentRefund } from '../ledger/refunds.ts';
import {
  type Bill,
  type BillLine,
  GatewayDeclined,
  isHome,
  type PaymentProvider,
} from '../providers/contract.ts';
import {
  compareBill,
  type Difference,
  isOtherTime,
  type KnownOrder,
  type KnownRefund,
  type LedgerDay,
  refundKey,
} from './bill-comparison.ts';
import { daysOf, lastDay, startOf, type Today } from './bill-days.ts';
import { clientError, type GatewayError, isGatewayError } from './errors.ts';
import type { Till } from './till.ts';

/** How far (ms) two clocks may disagree about the day on which something happened. */
const EDGE_MS = 5 * 60_000;
/** How much of a day (ms), and of a bill, is looked up at once. */
const PIECE_MS = 3_600_000;
const PIECE_LINES = 100;

export interface ReconcileInput {
  /** `YYYY-MM-DD`, Asia/Shanghai. */
  readonly date: string;
  readonly today: Today;
  /**
   * Whether a bill without a line is none, where the ledger has something of the day: a gateway that has not made it yet
   * says the same as of a day without trades.
   */
  readonly isBlankDoubted?: boolean;
}

/** Counts and sums of one side. */
export interface DayTotals {
  readonly payments: number;
  readonly paidFen: Fen;
  readonly refunds: number;
  readonly refundedFen: Fen;
}

export interface Reconciliation {
  readonly provider: ProviderId;
  readonly date: string;
  /** Fees in signed fen, as far as they can be read. */
  readonly bill: DayTotals & { readonly feeFen: number };
  readonly ledger: DayTotals;
  /** What the bill has of further AppIDs of the merchant, for which this ledger has no orders: not compared. */
  readonly elsewhere: DayTotals;
  readonly differences: readonly (Difference & {
    /** It may stand in the bill of the next day, which is not out yet. */
    readonly mayFollow?: true;
  })[];
}

/**
 * Compares the gateway's bill of a day with the ledger. It reads on both sides and changes nothing: what a bill says
 * of an order is no proof (Law 3), only query-payment and query-refund are.
 *
 * An order must stand in the bill of the day it was paid on, a refund in that of the day it was sent on; what happened
 * near midnight, or was on its way over it, may stand in a neighbouring one and is looked for there.
 *
 * Throws INVALID_ARGUMENT for a date, and GATEWAY_DECLINED, GATEWAY_UNAVAILABLE or OUTCOME_UNKNOWN when a bill could
 * not be had or not be trusted.
 */
export async function reconcile(
  till: Till,
  provider: PaymentProvider,
  input: ReconcileInput,
): Promise<Reconciliation> {
  const { date } = input;
  const last = lastDay(till.clock.now(), input.today);
  const start = startOf(date, last, input.today);
  const billOf = billsOf(provider);
  const bill = await billOf(date);
  // Read after the bill: what the gateway has already booked, this process may have learned meanwhile.
  const ledger = await ledgerDay(till.ledger, provider, bill, start);
  const isBlank = bill.lines.length === 0 && ledger.paid.length + ledger.refunded.length > 0;
  if (isBlank && input.isBlankDoubted) throw noBill(provider.id, date, 'blank');
  const lines = ownLines(bill, provider.account, ledger);
  const own = new Set(lines);
  const differences: (Difference & { mayFollow?: true })[] = [];
  for (const difference of compareBill({ date, lines }, ledger)) {
    const elsewhere = await lookElsewhere(difference, date, last, billOf);
    if (elsewhere !== 'found') {
      differences.push(elsewhere === 'not-out' ? { ...difference, mayFollow: true } : difference);
    }
  }
  return {
    provider: provider.id,
    date,
    bill: { ...totals(lines), feeFen: lines.reduce((sum, { feeFen }) => sum + (feeFen ?? 0), 0) },
    elsewhere: totals(bill.lines.filter((line) => !own.has(line))),
    ledger: totals([
      ...ledger.paid.map(({ amountFen }) => ({ kind: 'payment' as const, amountFen })),
      ...ledger.refunded.map(({ amountFen }) => ({ kind: 'refund' as const, amountFen })),
    ]),
    differences,
  };
}

/** In small pieces: a server has other things to do meanwhile. */
async function ledgerDay(
  ledger: Ledger,
  provider: PaymentProvider,
  bill: Bill,
  start: number,
): Promise<LedgerDay> {
  const orders = new Map<string, KnownOrder>();
  const unshown = new Set<string>();
  const refunds = new Map<string, KnownRefund>();
  const paid = new Map<string, PaidOrder>();
  const refunded = new Map<string, KnownRefund>();
  const readDay = async (account: string) => {
    for (let from = start; from < start + DAY_MS; from += PIECE_MS) {
      const piece = await ledger.read(async (book) => ({
        paid: await book.orders.paid(account, from, from + PIECE_MS),
        sent: await book.refunds.sent(account, from, from + PIECE_MS),
      }));
      for (const order of piece.paid) paid.set(order.outTradeNo, order);
      for (const refund of piece.sent) {
        refunded.set(refundKey(refund.outTradeNo, refund.outRefundNo), knownRefund(provider, refund));
      }
    }
  };
  await readDay(provider.account);
  const others = new Set<string>();
  for (let i = 0; i < bill.lines.length; i += PIECE_LINES) {
    const lines = bill.lines.slice(i, i + PIECE_LINES);
    // Most of what the bill names is of that day; the rest is looked up one by one.
    await ledger.read(async (book) => {
      for (const line of lines) {
        const order = paid.get(line.outTradeNo) ?? (await book.orders.get(line.outTradeNo));
        // An order of another account has this number by chance: its money is not this money.
        const home = line.account === undefined ? provider : { account: line.account };
        const isBill = order === undefined && provider.a2m && (await book.paidCalls.ofProof(line.outTradeNo));
        if (isBill) unshown.add(line.outTradeNo);
        if (order === undefined || !isHome(home, order.account)) continue;
        if (order.account !== provider.account) others.add(order.account);
        orders.set(line.outTradeNo, order);
        if (line.kind !== 'refund') continue;
        const key = refundKey(line.outTradeNo, line.outRefundNo);
        const sent = refunded.has(key)
          ? undefined
          : await book.refunds.get(line.outTradeNo, line.outRefundNo);
        const refund = sent ? knownRefund(provider, sent) : refunded.get(key);
        if (refund) refunds.set(key, refund);
      }
    });
  }
  for (const account of others) await readDay(account);
  return { orders, unshown, refunds, paid: [...paid.values()], refunded: [...refunded.values()] };
}

function knownRefund({ timedNumbers }: PaymentProvider, { plan, ...refund }: SentRefund): KnownRefund {
  const sentAt = plan === undefined ? undefined : timedNumbers?.refundSentAt(plan);
  return { ...refund, sentAt: sentAt ?? refund.sentAt };
}

/** Without what the bill has of further AppIDs and the ledger has not: that is other systems' money. */
function ownLines({ lines }: Bill, account: string, { orders }: LedgerDay): BillLine[] {
  return lines.filter((line) => (line.account ?? account) === account || orders.has(line.outTradeNo));
}

/** Whether what is missing in this day's bill stands in another one, as far as it may. */
async function lookElsewhere(
  difference: Difference,
  date: string,
  last: string,
  billOf: (day: string) => Promise<Bill>,
): Promise<'found' | 'not-out' | 'nowhere'> {
  const span = spanOf(difference);
  if (span === undefined) return 'nowhere';
  const days = daysOf(span.from - EDGE_MS, span.to + EDGE_MS).filter((day) => day !== date);
  for (const day of days.filter((candidate) => candidate <= last)) {
    const { lines } = await billOf(day);
    const { outTradeNo, outRefundNo, order, refund } = difference;
    const isThere = lines.some(
      (line) =>
        line.outTradeNo === outTradeNo &&
        (line.kind === 'refund' ? line.outRefundNo === outRefundNo : outRefundNo === undefined) &&
        !isOtherTime(refund ?? order ?? {}, line),
    );
    if (isThere) return 'found';
  }
  return days.some((day) => day > last) ? 'not-out' : 'nowhere';
}

/** When (ms) the gateway may have booked something that this day's bill does not have. */
function spanOf({ kind, order, refund }: Difference): { from: number; to: number } | undefined {
  if (kind === 'missing-there' && order?.paidAt !== undefined)
    return { from: order.paidAt, to: order.paidAt };
  if (kind !== 'refund-missing-there' || refund?.sentAt === undefined) return undefined;
  // It was taken in at some instant between our sending it and our hearing of it.
  return { from: refund.sentAt, to: Math.max(refund.sentAt, refund.updatedAt) };
}

function totals(
  lines: readonly { readonly kind: 'payment' | 'refund'; readonly amountFen: Fen }[],
): DayTotals {
  const sum = (kind: 'payment' | 'refund') =>
    fen(lines.reduce((fenSoFar, line) => fenSoFar + (line.kind === kind ? line.amountFen : 0), 0));
  const payments = lines.filter(({ kind }) => kind === 'payment').length;
  return {
    payments,
    paidFen: sum('payment'),
    refunds: lines.length - payments,
    refundedFen: sum('refund'),
  };
}

/** Bills by day, each downloaded once. Throws as {@link reconcile}. */
export function billsOf(provider: PaymentProvider): (date: string) => Promise<Bill> {
  const bills = new Map<string, Promise<Bill>>();
  return (date) => {
    const bill = bills.get(date) ?? download(provider, date);
    bills.set(date, bill);
    return bill;
  };
}

/** A bill, or why there is none, in the client's words; the detail is a word of ours. */
async function download(provider: PaymentProvider, date: string): Promise<Bill> {
  try {
    return await provider.downloadBill(date);
  } catch (error) {
    if (!isGatewayError(error)) throw error;
    const why = error instanceof GatewayDeclined ? error.gatewayCode : error.detail;
    throw Object.assign(noBill(provider.id, date, why, error), { cause: error });
  }
}

function noBill(provider: ProviderId, date: string, why: string, error?: GatewayError): CashierError {
  const { code, details } = error
    ? clientError(error, { zh: '', en: '' })
    : { code: 'TRY_LATER' as const, details: {} };
  return new CashierError(code, {
    zh: `没有得到 ${provider} ${date} 的可信账单（${why}），没有对账；没有资金变动。`,
    en: `No bill of ${provider} for ${date} that can be trusted (${why}); nothing was compared and no money moved.`,
    next: {
      zh: '稍后重试；若一直如此，请检查商户平台是否有这一天的账单。',
      en: "Try again later; if it stays so, check that day's bill on the merchant platform.",
    },
    details: { provider, date, why, ...details },
  });
}
