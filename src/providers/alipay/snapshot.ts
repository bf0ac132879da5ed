import { parseBeijingDateTime } from '../../domain/clock.ts';
import { defined } from '../../domain/defined.ts';
import { fenFromYuan } from '../../domain/money.ts';
import type { TradeSnapshot } from '../contract.ts';
import { readWord } from './codes.ts';
import { type PaymentDateField, tradeState } from './states.ts';

/**
 * What Alipay has proven of a trade, in the port's words. Query answers and notifications name the same things alike,
 * but for the date of payment. Undefined for a paid trade whose amount cannot be read: that proves nothing.
 */
export function tradeSnapshot(
  fields: ReadonlyMap<string, string>,
  about: { readonly account: string; readonly outTradeNo: string },
  paymentDate: PaymentDateField,
): Extract<TradeSnapshot, { exists: true }> | undefined {
  const state = tradeState(fields, paymentDate);
  const amountFen = fenFromYuan(fields.get('total_amount') ?? '');
  if (state === 'PAID' && amountFen === undefined) return undefined;
  const paidAt = state === 'PAID' ? parseBeijingDateTime(fields.get(paymentDate) ?? '') : undefined;
  const gatewayTradeNo = readWord(fields.get('trade_no'));
  const refundFee = fenFromYuan(fields.get('refund_fee') ?? '') ?? 0;
  const isClosed = fields.get('trade_status') === 'TRADE_CLOSED';
  // A paid trade is closed when all of it went back.
  const refundedFen = state === 'PAID' && isClosed && refundFee === 0 ? amountFen : refundFee;
  return {
    exists: true,
    opened: true,
    account: about.account,
    outTradeNo: about.outTradeNo,
    state,
    gatewayState: readWord(fields.get('trade_status')) ?? 'unreadable',
    ...defined({ gatewayTradeNo, amountFen, paidAt }),
    ...(refundedFen ? { refundedFen } : {}),
  };
}
