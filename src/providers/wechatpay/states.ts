type TradeState = 'NOTPAY' | 'PAID' | 'CLOSED' | 'UNKNOWN';
type RefundState = 'PROCESSING' | 'SUCCESS' | 'CLOSED' | 'ABNORMAL' | 'UNKNOWN';

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

const REFUND_STATES: ReadonlyMap<string, RefundState> = new Map<string, RefundState>([
  ['PROCESSING', 'PROCESSING'],
  ['SUCCESS', 'SUCCESS'],
  ['CLOSED', 'CLOSED'],
  ['ABNORMAL', 'ABNORMAL'],
]);

/**
 * `trade_state` in the house's words; UNKNOWN for a word we have never met.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4013070356
 */
export function tradeStateOf(word: string): TradeState {
  return TRADE_STATES.get(word) ?? 'UNKNOWN';
}

/**
 * `status` (API) or `refund_status` (notification) in the house's words.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4013071041
 */
export function refundStateOf(word: string): RefundState {
  return REFUND_STATES.get(word) ?? 'UNKNOWN';
}
