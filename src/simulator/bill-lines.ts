import { beijingDate } from '../domain/clock.ts';
import type { Fen } from '../domain/money.ts';
import { token } from './numbers.ts';
import { steer } from './payer.ts';
import type { FileFault } from './state/bill-files.ts';
import { type Provider, type Refund, type RefundStatus, refundStatus, type Trade } from './state/trades.ts';
import type { Steered } from './steering.ts';
import { fakeOf, type World } from './world.ts';

/** One line of a bill, before it is written in a gateway's form. */
export interface BillLine {
  readonly trade: Trade;
  /** Absent: the line is the payment itself. */
  readonly refund?: Refund;
  readonly status?: RefundStatus;
  readonly amountFen: Fen;
  /** Signed fen: taken for a payment, given back with a refund. */
  readonly feeFen: number;
  /** ms */
  readonly at: number;
}

interface Whose {
  readonly space?: string | undefined;
  readonly seller?: string | undefined;
}

/** ms that the address of a bill works. */
const ADDRESS_LIFETIME_MS = 30_000;
/** Orders looked through. */
const MOST_TRADES = 100_000;

/**
 * What a gateway books on a day (`yyyy-MM-dd`, Beijing), as scenarios want it. Payments stand on the day they were
 * paid on, refunds on the day they were taken in. Call inside a write.
 * @param whose the merchant's own by default; a platform's of all sellers, or of one
 */
export function billLines(world: World, provider: Provider, date: string, whose: Whose = {}): BillLine[] {
  const { space, seller } = whose;
  const trades = world.trades
    .recent(MOST_TRADES)
    .filter((trade) => trade.provider === provider && trade.space === space)
    .filter((trade) => seller === undefined || trade.seller === seller);
  const lines = trades
    .reverse()
    .flatMap((trade) => [
      ...paymentLines(world, trade),
      ...trade.refunds.flatMap((refund) => refundLines(world, trade, refund)),
    ]);
  return lines.filter(({ at }) => beijingDate(at) === date);
}

/** Whether a bill of that day may be asked for. The real gateways have none of the day that still runs. */
export function hasBill(world: World, date: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(date) && date <= beijingDate(world.clock.now());
}

/** Keeps a file under a token of its own. */
export function keepBill(world: World, content: Buffer, steered: Steered): string {
  const now = world.clock.now();
  const name = token(world.randomBytes);
  const faults: readonly FileFault[] = ['truncated', 'redirect'];
  const fault = faults.find((known) => steered.has(`bill-${known}`));
  world.billFiles.save(name, { content: content.toString('base64'), fault }, now + ADDRESS_LIFETIME_MS, now);
  return name;
}

function paymentLines(world: World, trade: Trade): BillLine[] {
  const steered = steer(world, trade, 'bill-line');
  const at = trade.paidAt ?? (steered.has('bill-unpaid') ? trade.createdAt : undefined);
  if (at === undefined) return [];
  const amountFen = (trade.amountFen + (steered.has('bill-amount') ? 1 : 0)) as Fen;
  const fee = feeOf(amountFen);
  const line: BillLine = {
    trade: { ...trade, tradeNo: trade.tradeNo ?? '4200000000000000000000000000' },
    amountFen,
    feeFen: steered.has('bill-fee') ? amountFen + 1 : steered.has('bill-fee-negative') ? -fee - 1 : fee,
    at,
  };
  const extra: BillLine = {
    ...line,
    trade: {
      ...line.trade,
      outTradeNo: `X${trade.outTradeNo}`.slice(0, 32),
      tradeNo: `9${trade.tradeNo ?? ''}`,
    },
  };
  return [...(steered.has('bill-missing') ? [] : [line]), ...(steered.has('bill-extra') ? [extra] : [])];
}

/** A gateway books a refund when the money goes back, or when it takes it in, with its state of just now. */
function refundLines(world: World, trade: Trade, refund: Refund): BillLine[] {
  const steered = steer(world, trade, 'bill-line', refund);
  const other = steered.has('bill-refund-state');
  const status = refundStatus(refund, world.clock.now());
  const { booksRefundsWhenDone: whenDone } = fakeOf(world, trade.provider);
  if (whenDone && status !== 'SUCCESS' && !other) return [];
  const amountFen = (refund.amountFen + (steered.has('bill-refund-amount') ? 1 : 0)) as Fen;
  const fee = feeOf(amountFen);
  const line: BillLine = {
    trade,
    refund,
    status: other ? (whenDone ? 'SUCCESS' : 'CLOSED') : status,
    amountFen,
    feeFen: fee === 0 ? 0 : -fee,
    at: refund.createdAt,
  };
  const extra = { ...line, refund: { ...refund, outRefundNo: `X${refund.outRefundNo}`.slice(0, 64) } };
  return [
    ...(steered.has('bill-refund-missing') ? [] : [line]),
    ...(steered.has('bill-refund-extra') ? [extra] : []),
  ];
}

/** 0.6 % of an amount, rounded to the fen. */
function feeOf(amountFen: number): number {
  return Math.floor((amountFen * 6 + 500) / 1000);
}
