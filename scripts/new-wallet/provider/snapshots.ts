import { DAY_MS } from '../../domain/clock.ts';
import type { RefundRules, RefundSnapshot, TradeSnapshot } from '../contract.ts';
import type { Answer } from './gateway.ts';
import { toDo } from './to-do.ts';

/** What its documents say of refunds. */
export const REFUND_RULES: RefundRules = {
  ...{ minIntervalMs: 0, maxPerOrder: 50, windowMs: 365 * DAY_MS, numberUniquePerMerchant: true },
  ...{ askAfterMs: [5_000, 30_000, 120_000, 600_000], finalTradeStates: new Set() },
};

type Stated<T> = Extract<T, { exists: true }>;

/** What a signed message says of an order. */
export function tradeIn(_answer: Answer, _outTradeNo: string): Stated<TradeSnapshot> {
  return toDo(
    'To do 20: read an order: its number and account as the gateway says them, state by table, fen, time of payment',
  );
}

/** What a signed message says of a refund. */
export function refundIn(_answer: Answer, _outTradeNo: string, _outRefundNo: string): Stated<RefundSnapshot> {
  return toDo(
    'To do 22: read a refund: SUCCESS only where the gateway says that the money is back, taken in is PROCESSING',
  );
}
