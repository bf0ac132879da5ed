import { DAY_MS } from '../../domain/clock.ts';
import type { RefundRules } from '../contract.ts';

/** One a minute, 50 an order, within a year; a refund number belongs to the merchant, not to the order. */
export const WECHATPAY_REFUND_RULES: RefundRules = {
  minIntervalMs: 60_000,
  maxPerOrder: 50,
  windowMs: 365 * DAY_MS,
  numberUniquePerMerchant: true,
  finalTradeStates: new Set(),
  // Every minute, after five minutes 5, 10, 20 and 30 minutes apart.
  askAfterMs: [60_000, 60_000, 60_000, 60_000, 60_000, 300_000, 600_000, 1_200_000, 1_800_000],
};
