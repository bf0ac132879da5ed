import { wholeSecond } from '../domain/clock.ts';
import type { OrderState, RefundState } from '../domain/order.ts';
import type { PaidOrder } from '../ledger/orders.ts';
import type { SentRefund } from '../ledger/refunds.ts';
import type { Bill, BillLine, BillPayment, BillRefund } from '../providers/contract.ts';

/** Every way in which a bill and the ledger can differ; `…here` is the ledger, `…there` the gateway. */
const DIFFERENCE_KINDS = [
  'missing-here',
  'missing-there',
  'amount',
  'state',
  'refund-missing-here',
  'refund-missing-there',
  'refund-amount',
  'refund-state',
  'fee',
] as const;
export type DifferenceKind = (typeof DIFFERENCE_KINDS)[number];

export type KnownOrder = Omit<PaidOrder, 'account'>;
/** Where numbers are timed, `sentAt` is the time that goes with its number. */
export type KnownRefund = Omit<SentRefund, 'plan'>;

/** One difference, with both sides where there are two. */
export interface Difference {
  readonly kind: DifferenceKind;
  readonly outTradeNo: string;
  readonly outRefundNo?: string;
  readonly order?: KnownOrder;
  readonly refund?: KnownRefund;
  readonly line?: BillLine;
  /** The ledger has no such order: another system's, or no system's. */
  readonly isForeign?: true;
}

/** The ledger's side of a day, for one account. */
export interface LedgerDay {
  /** Every order that the bill names, and those in `paid`. */
  readonly orders: ReadonlyMap<string, KnownOrder>;
  /** Numbers in the bill that stand on bills of single calls, of which nobody has shown that they are paid. */
  readonly unshown: ReadonlySet<string>;
  /** As `orders`; the key is {@link refundKey}. */
  readonly refunds: ReadonlyMap<string, KnownRefund>;
  /** What must stand in the bill: paid on that day. */
  readonly paid: readonly KnownOrder[];
  /** What must stand in the bill: sent on that day, and successful. */
  readonly refunded: readonly KnownRefund[];
}

/** A refund number is unique within its order only. */
export function refundKey(outTradeNo: string, outRefundNo: string): string {
  return `${outTradeNo} ${outRefundNo}`;
}

/**
 * Compares a bill with the ledger, line by line. Pure: neither side is believed more than the other, nothing changes.
 * A fee has no counterpart in the ledger; see {@link isOddFee}.
 */
export function compareBill(bill: Bill, ledger: LedgerDay): Difference[] {
  const found = new Set<string>();
  const differences: Difference[] = [];
  for (const line of bill.lines) {
    const told =
      line.kind === 'payment' ? comparePayment(line, ledger, found) : compareRefund(line, ledger, found);
    differences.push(...told);
  }
  for (const order of ledger.paid) {
    const { outTradeNo } = order;
    if (!found.has(outTradeNo)) differences.push({ kind: 'missing-there', outTradeNo, order });
  }
  for (const refund of ledger.refunded) {
    const { outTradeNo, outRefundNo } = refund;
    if (found.has(refundKey(outTradeNo, outRefundNo))) continue;
    differences.push({ kind: 'refund-missing-there', outTradeNo, outRefundNo, refund });
  }
  return differences;
}

function comparePayment(line: BillPayment, ledger: LedgerDay, found: Set<string>): Difference[] {
  const { outTradeNo } = line;
  const order = ledger.orders.get(outTradeNo);
  // The second line of one order is money that the ledger has no order for.
  if (order === undefined || found.has(outTradeNo) || isOtherTrade(order, line) || isOtherTime(order, line)) {
    return [
      { kind: 'missing-here', outTradeNo, line, ...(ledger.unshown.has(outTradeNo) ? {} : foreign(order)) },
    ];
  }
  found.add(outTradeNo);
  const both = { outTradeNo, order, line };
  return [
    ...(order.amountFen === line.amountFen ? [] : [{ kind: 'amount' as const, ...both }]),
    ...(order.state === 'PAID' && line.state === 'PAID' ? [] : [{ kind: 'state' as const, ...both }]),
    ...(isOddFee(line) ? [{ kind: 'fee' as const, ...both }] : []),
  ];
}

function compareRefund(line: BillRefund, ledger: LedgerDay, found: Set<string>): Difference[] {
  const { outTradeNo, outRefundNo } = line;
  const key = refundKey(outTradeNo, outRefundNo);
  const order = ledger.orders.get(outTradeNo);
  const refund = ledger.refunds.get(key);
  const isOther = order !== undefined && isOtherTrade(order, line);
  if (refund === undefined || found.has(key) || isOther || isOtherTime(refund, line)) {
    return [{ kind: 'refund-missing-here', outTradeNo, outRefundNo, line, ...foreign(order) }];
  }
  found.add(key);
  const both = { outTradeNo, outRefundNo, refund, line };
  return [
    ...(refund.amountFen === line.amountFen ? [] : [{ kind: 'refund-amount' as const, ...both }]),
    ...(agree(refund.state, line) ? [] : [{ kind: 'refund-state' as const, ...both }]),
    ...(isOddFee(line) ? [{ kind: 'fee' as const, ...both }] : []),
  ];
}

function foreign(order: KnownOrder | undefined): Pick<Difference, 'isForeign'> {
  return order === undefined ? { isForeign: true } : {};
}

/** Whether the gateway has proven since what the bill says. @param state what the ledger has now */
export function isSettledBy({ kind, line, refund }: Difference, state: OrderState | RefundState): boolean {
  if (kind === 'state' || kind === 'missing-here') return state === 'PAID' && line?.state === 'PAID';
  return line?.kind === 'refund' && refund !== undefined && agree(state as RefundState, line);
}

function isOtherTrade(order: KnownOrder, line: BillLine): boolean {
  return order.gatewayTradeNo !== undefined && order.gatewayTradeNo !== line.gatewayTradeNo;
}

/** Whether the gateway names another time than that of an order or refund, which makes it another one. */
export function isOtherTime({ sentAt }: { readonly sentAt?: number | undefined }, line: BillLine): boolean {
  return sentAt !== undefined && line.sentAt !== undefined && wholeSecond(sentAt) !== line.sentAt;
}

/**
 * A bill keeps the state in which it found a refund, so one that was on its way may have arrived, and an abnormal one
 * may have been settled, in a ledger that is newer.
 */
function agree(state: RefundState, line: BillRefund): boolean {
  const later: Readonly<Record<BillRefund['state'], readonly RefundState[]>> = {
    PROCESSING: ['PROCESSING', 'ABNORMAL', 'SUCCESS', 'CLOSED'],
    ABNORMAL: ['ABNORMAL', 'SUCCESS', 'CLOSED'],
    SUCCESS: ['SUCCESS'],
    CLOSED: ['CLOSED'],
    UNKNOWN: [],
  };
  return later[line.state].includes(state);
}

/**
 * Whether a fee cannot be right whatever the merchant's contract says: more than the amount, given for a payment, or
 * taken for a refund, or nothing that can be read. Rates differ by contract, product and day and stand in no setting, so none is assumed; the sum
 * of all fees is reported for a person to judge.
 */
function isOddFee(line: BillLine): boolean {
  if (line.feeFen === undefined) return true;
  const fee = line.kind === 'payment' ? line.feeFen : -line.feeFen;
  return fee < 0 || fee > line.amountFen;
}
