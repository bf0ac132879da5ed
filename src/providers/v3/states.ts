/** States of a trade and of a refund in the house's words. */
export type TradeState = 'NOTPAY' | 'PAID' | 'CLOSED' | 'UNKNOWN';
export type RefundState = 'PROCESSING' | 'SUCCESS' | 'CLOSED' | 'ABNORMAL' | 'UNKNOWN';

const REFUND_STATES: ReadonlyMap<string, RefundState> = new Map<string, RefundState>([
  ['PROCESSING', 'PROCESSING'],
  ['SUCCESS', 'SUCCESS'],
  ['CLOSED', 'CLOSED'],
  ['ABNORMAL', 'ABNORMAL'],
]);

/**
 * `status` (API) or `refund_status` (notification) in the house's words; UNKNOWN for a word we have never met.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4013071041
 */
export function refundStateOf(word: string): RefundState {
  return REFUND_STATES.get(word) ?? 'UNKNOWN';
}
