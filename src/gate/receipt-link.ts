import type { PaidCallRecord } from '../ledger/records.ts';
import type { Till } from '../payments/till.ts';

/** Where the buyer's page of a call, or of an order, stands; empty where no page can be served just now. */
export type PageOf = (page: Pick<PaidCallRecord, 'pageToken'>) => Promise<string>;

/**
 * Where the receipt of a call that is paid for is to be had, which whoever has the address can: as secret as the page
 * of its order. Undefined where there is none just now; nothing that was paid for is kept back for want of it.
 */
export async function receiptLink(
  { ledger, log }: Pick<Till, 'ledger' | 'log'>,
  pageOf: PageOf,
  { paidBy }: PaidCallRecord,
): Promise<string | undefined> {
  try {
    const order = paidBy === undefined ? undefined : await ledger.read((book) => book.orders.get(paidBy));
    const page = order && (await pageOf(order));
    return page ? `${page}/receipt` : undefined;
  } catch (error) {
    log.warn('no receipt link', { error: String(error) });
    return undefined;
  }
}
