import { beijingMidnight, DAY_MS } from '../domain/clock.ts';
import type { RefundRecord } from '../ledger/records.ts';
import type { Bill, PaymentProvider } from '../providers/contract.ts';
import { accountsOf } from './accounts.ts';
import { daysOf } from './bill-days.ts';
import { isBeingSent } from './sending.ts';
import type { Till } from './till.ts';

/** Stands as the code of a refund that no bill has. */
const ABSENT = 'ABSENT_FROM_BILLS';

/** A bill is believed to be whole when the day after its own is over. */
const WHOLE_AFTER_MS = 2 * DAY_MS;

/**
 * Frees the sum of every refund in doubt that stands in no bill of the days from its making to the day after it was
 * last sent, all of them whole. Nothing is sent; a later proof is taken all the same.
 * Returns those it freed. Throws what `billOf` throws.
 */
export async function releaseAbsentRefunds(
  till: Till,
  provider: PaymentProvider,
  billOf: (date: string) => Promise<Bill>,
): Promise<RefundRecord[]> {
  const now = till.clock.now();
  const freed: RefundRecord[] = [];
  const inDoubt = await till.ledger.read(async (book) => {
    const refunds = (await accountsOf(book, provider)).map((account) => book.refunds.inDoubt(account));
    return (await Promise.all(refunds)).flat();
  });
  for (const refund of inDoubt) {
    const until = (refund.sentAt ?? now) + DAY_MS;
    const days = daysOf(refund.createdAt, until);
    const whole = days.every((day) => (beijingMidnight(day) ?? now) + WHOLE_AFTER_MS <= now);
    // One that has been sent for more than a week is left to a person.
    if (!whole || !days.includes(daysOf(until, until)[0] ?? '')) continue;
    const bills = await Promise.all(days.map(billOf));
    const isThere = bills.some(({ lines }) =>
      lines.some(
        (line) =>
          line.kind === 'refund' &&
          line.outTradeNo === refund.outTradeNo &&
          line.outRefundNo === refund.outRefundNo,
      ),
    );
    if (isThere) continue;
    const released = await till.ledger.write(async (book) => {
      const current = await book.refunds.get(refund.outTradeNo, refund.outRefundNo);
      // Sent again meanwhile: the bills that were read say nothing of that.
      if (current?.state !== 'UNKNOWN' || current.sentAt !== refund.sentAt || isBeingSent(till, current)) {
        return undefined;
      }
      return book.refunds.move(current, 'declined', { declinedCode: ABSENT });
    });
    if (released) freed.push(released);
  }
  return freed;
}
