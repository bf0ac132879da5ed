import type { OrderRecord } from '../../src/ledger/records.ts';
import { createPayment } from '../../src/payments/create-payment.ts';
import type { Till } from '../../src/payments/till.ts';
import type { Bank } from './bank.ts';
import { CALL, payment } from './world.ts';

/** Puts open orders into ledger and bank in one go, each as `createPayment` leaves it but for what `differ` says. */
export async function openOrders(
  till: Till,
  bank: Bank,
  count: number,
  differ: (i: number) => Partial<OrderRecord> & { readonly outTradeNo: string },
): Promise<void> {
  const { order: model } = await createPayment(till, CALL, payment());
  const trade = bank.trades.get(model.outTradeNo);
  await till.ledger.write(async (book) => {
    await book.orders.move(model, 'closed');
    for (let i = 0; i < count; i++) {
      const order = { ...model, pageToken: `${model.outTradeNo} ${i}`, ...differ(i) };
      await book.orders.insert(order);
      if (trade) bank.trades.set(order.outTradeNo, { ...trade, refunds: new Map() });
    }
  });
}
