import type { OrderRecord, RefundRecord } from '../ledger/records.ts';
import { applyRefund, applyTrade } from './apply.ts';
import { type Cashier, providerOf } from './cashier.ts';
import { record } from './sending.ts';

/**
 * Asks the gateway about an order and commits what it proves. `exists` is the gateway's proven word.
 * Throws the three errors of the provider port.
 */
export async function askTrade(
  cashier: Cashier,
  order: OrderRecord,
): Promise<{ readonly order: OrderRecord; readonly exists: boolean }> {
  const snapshot = await providerOf(cashier, order).queryTrade(order.outTradeNo);
  return record(cashier, order, async (book) => {
    const current = (await book.order(order.outTradeNo)) ?? order;
    return {
      order: await applyTrade(book, current, snapshot, 'query', cashier.clock.now()),
      exists: snapshot.exists,
    };
  });
}

/**
 * Asks the gateway about a refund and commits what it proves. `exists` is the gateway's proven word.
 * Throws the three errors of the provider port.
 */
export async function askRefund(
  cashier: Cashier,
  order: OrderRecord,
  refund: RefundRecord,
): Promise<{ readonly refund: RefundRecord; readonly exists: boolean }> {
  const snapshot = await providerOf(cashier, order).queryRefund(refund.outTradeNo, refund.outRefundNo);
  return record(cashier, refund, async (book) => {
    const current = (await book.refund(refund.outTradeNo, refund.outRefundNo)) ?? refund;
    return { refund: await applyRefund(book, current, snapshot), exists: snapshot.exists };
  });
}
