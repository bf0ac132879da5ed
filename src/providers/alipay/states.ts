import { parseBeijingDateTime } from '../../domain/clock.ts';
import { fenFromYuan } from '../../domain/money.ts';
import type { RefundSnapshot, TradeSnapshot } from '../contract.ts';

type TradeState = Extract<TradeSnapshot, { exists: true }>['state'];
type RefundSnapshotState = Extract<RefundSnapshot, { exists: true }>['state'];
type Fields = ReadonlyMap<string, string>;

/** When the trade was paid, as query answers and as notifications call it. */
export type PaymentDateField = 'send_pay_date' | 'gmt_payment';

/** trade_status → state. TRADE_CLOSED is not here: it needs a second look. */
const TRADE_STATES: ReadonlyMap<string | undefined, TradeState> = new Map<string, TradeState>([
  ['WAIT_BUYER_PAY', 'NOTPAY'],
  ['TRADE_SUCCESS', 'PAID'],
  ['TRADE_FINISHED', 'PAID'],
]);

/** refund_status → state. REFUND_FAIL says nothing of the money's whereabouts, so it stays unrecognised. */
const REFUND_STATES: ReadonlyMap<string | undefined, RefundSnapshotState> = new Map<
  string,
  RefundSnapshotState
>([
  ['REFUND_SUCCESS', 'SUCCESS'],
  ['REFUND_PROCESSING', 'PROCESSING'],
]);

/** fund_change → state. `N` or nothing: taken in, or done by an earlier send of the same number; a query tells. */
const FUND_CHANGE_STATES: ReadonlyMap<string | undefined, RefundSnapshotState> = new Map<
  string | undefined,
  RefundSnapshotState
>([
  ['Y', 'SUCCESS'],
  ['N', 'PROCESSING'],
  [undefined, 'PROCESSING'],
]);

export function tradeState(fields: Fields, paymentDate: PaymentDateField): TradeState {
  const status = fields.get('trade_status');
  if (status === 'TRADE_CLOSED') return closedTradeState(fields, paymentDate);
  return TRADE_STATES.get(status) ?? 'UNKNOWN';
}

/** Closed unpaid, or closed because all of it was refunded; a date that cannot be read proves neither. */
function closedTradeState(fields: Fields, paymentDate: PaymentDateField): TradeState {
  const date = fields.get(paymentDate);
  if (date !== undefined) return parseBeijingDateTime(date) === undefined ? 'UNKNOWN' : 'PAID';
  return fenFromYuan(fields.get('refund_fee') ?? '') ? 'PAID' : 'CLOSED';
}

export function queriedRefundState(refundStatus: string | undefined): RefundSnapshotState {
  return REFUND_STATES.get(refundStatus) ?? 'UNKNOWN';
}

export function sentRefundState(fundChange: string | undefined): RefundSnapshotState {
  return FUND_CHANGE_STATES.get(fundChange) ?? 'UNKNOWN';
}
