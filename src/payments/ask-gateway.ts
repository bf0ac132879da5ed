import type { OrderRecord, RefundRecord } from '../ledger/records.ts';
import { applyRefund, applyTrade, isForeignTrade, isGivenOut, isOverdue } from './apply.ts';
import { type Cashier, providerOf } from './cashier.ts';
import { record } from './sending.ts';

/** What the gateway has proven of an order. */
export interface AskedTrade {
  readonly order: OrderRecord;
  readonly exists: boolean;
  /** There is a trade under this number, and it is not this order's. */
  readonly foreign: boolean;
}

/**
 * Asks the gateway about an order and commits what it proves. One that nobody could pay, and whose time is over, needs
 * no question. Throws the three errors of the provider port.
 */
export async function askTrade(cashier: Cashier, order: OrderRecord): Promise<AskedTrade> {
  const provider = providerOf(cashier, order);
  const over = !isGivenOut(order) && isOverdue(order, cashier.clock.now());
  const snapshot = over ? ({ exists: false } as const) : await provider.queryTrade(order.outTradeNo);
  return record(cashier, order, async (book) => {
    const current = (await book.order(order.outTradeNo)) ?? order;
    return {
      order: await applyTrade(book, current, snapshot, over ? 'ledger' : 'query', cashier.clock.now()),
      exists: snapshot.exists,
      foreign: snapshot.exists && isForeignTrade(current, snapshot),
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
