import { CashierError, type Text } from '../domain/errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { isSettledOrder } from '../ledger/order-machine.ts';
import type { OrderRecord, RefundRecord } from '../ledger/records.ts';
import { insist, onRecord, type Person } from '../persons/person.ts';
import { isGivenOut } from './apply.ts';
import { noSuchOrder, refundNotFound } from './errors.ts';
import { isClaimed } from './sending.ts';

/** Stands as the code of a refund that a person has looked up and found not to have happened. */
export const RELEASED = 'RELEASED_BY_OPERATOR';

/**
 * Ends an order that nobody has a code or link of, by a person's word, ahead of its expiry. Nothing is sent.
 * Throws ORDER_NOT_FOUND, and INVALID_ARGUMENT for one that is final, or that somebody may pay.
 */
export function releaseOrder(ledger: Ledger, person: Person, outTradeNo: string): Promise<OrderRecord> {
  return onRecord(ledger, { outTradeNo }, async (book) => {
    await insist(book, person, 'release');
    const order = await book.orders.get(outTradeNo);
    if (!order) throw noSuchOrder();
    if (isSettledOrder(order.state)) throw notReleased(FINAL);
    if (isGivenOut(order)) throw notReleased(HELD);
    await book.event({ outTradeNo }, 'operator-released', { via: person.via });
    return book.orders.move(order, 'closed', { closing: false });
  });
}

/**
 * Frees the sum of a refund in doubt, by the word of a person who has looked it up at the gateway. Nothing is sent; a
 * later proof that it happened is taken all the same. Throws as {@link releaseOrder}.
 * @param now ms
 */
export function releaseRefund(
  ledger: Ledger,
  person: Person,
  { outTradeNo, outRefundNo }: Pick<RefundRecord, 'outTradeNo' | 'outRefundNo'>,
  now: number,
): Promise<RefundRecord> {
  return onRecord(ledger, { outTradeNo, outRefundNo }, async (book) => {
    await insist(book, person, 'release');
    const refund = await book.refunds.get(outTradeNo, outRefundNo);
    if (!refund) throw refundNotFound();
    if (refund.state !== 'UNKNOWN') throw notReleased(FINAL);
    if (isClaimed(refund, now)) throw notReleased(UNDER_WAY);
    await book.event({ outTradeNo, outRefundNo }, 'operator-released', { via: person.via });
    return book.refunds.move(refund, 'declined', { declinedCode: RELEASED });
  });
}

const FINAL: Text = { zh: '它的结果已经明确', en: 'its outcome is known' };
const HELD: Text = {
  zh: '买家可能持有它的付款码或链接；请在后台关闭，或让智能体用 close-payment 关闭',
  en: 'a buyer may hold its code or link; close it in the console, or have the agent call close-payment',
};
const UNDER_WAY: Text = { zh: '请求正在发送，请一分钟后再试', en: 'it is being sent; try again in a minute' };

function notReleased(why: Text): CashierError {
  return new CashierError('INVALID_ARGUMENT', {
    zh: `没有释放：${why.zh}。没有资金变动。`,
    en: `Not released: ${why.en}. No money moved.`,
    next: { zh: '用 query-payment 或 query-refund 查看。', en: 'Look with query-payment or query-refund.' },
  });
}
