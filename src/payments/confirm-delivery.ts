import { CashierError } from '../domain/errors.ts';
import { concluded } from './outcome.ts';
import { queryPayment } from './query-payment.ts';
import { ownOrderIn, type PaymentResult, paymentResult } from './results.ts';
import type { Call, Till } from './till.ts';

/**
 * Whoever has sold it says that what was paid for is delivered: from then on nothing comes of it that nobody has said
 * so. The first time counts, also where it was overdue already; what has gone back by then is not taken back.
 *
 * Throws ORDER_NOT_FOUND, NOT_PAID, and where the gateway has to be asked as queryPayment.
 */
export async function confirmDelivery(
  till: Till,
  call: Call,
  { outTradeNo, note }: { readonly outTradeNo: string; readonly note?: string | undefined },
): Promise<PaymentResult> {
  const known = await till.ledger.read((book) => ownOrderIn(book, call, outTradeNo));
  // The buyer may have paid a moment ago.
  if (known.state !== 'PAID') await queryPayment(till, call, { outTradeNo, waitSeconds: 0 });
  return till.ledger.write(async (book) => {
    const order = await ownOrderIn(book, call, outTradeNo);
    if (order.state !== 'PAID') throw notPaid(outTradeNo, order.state);
    const promise = await book.promises.make(order);
    await book.promises.deliver(promise, note);
    const replayed = promise.deliveredAt !== undefined;
    return concluded(book, call, paymentResult(book, call, order, replayed));
  });
}

function notPaid(outTradeNo: string, state: string): CashierError {
  return new CashierError('NOT_PAID', {
    zh: '订单没有付款，不要交付；没有资金变动。',
    en: 'The order is not paid: do not deliver. No money moved.',
    next: {
      zh: '用 query-payment 确认付款之后再交付。',
      en: 'Deliver once query-payment says that it is paid.',
    },
    details: { outTradeNo, state },
  });
}
