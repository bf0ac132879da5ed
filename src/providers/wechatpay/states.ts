import type { TradeState } from '../v3/states.ts';

const TRADE_STATES: ReadonlyMap<string, TradeState> = new Map<string, TradeState>([
  ['NOTPAY', 'NOTPAY'],
  ['USERPAYING', 'NOTPAY'],
  ['ACCEPT', 'NOTPAY'],
  ['SUCCESS', 'PAID'],
  ['REFUND', 'PAID'], // also of a partial refund; the refund itself tells more
  ['CLOSED', 'CLOSED'],
  ['REVOKED', 'CLOSED'],
  ['PAYERROR', 'CLOSED'],
]);

/**
 * `trade_state` in the house's words; UNKNOWN for a word we have never met.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4013070356
 */
export function tradeStateOf(word: string): TradeState {
  return TRADE_STATES.get(word) ?? 'UNKNOWN';
}
