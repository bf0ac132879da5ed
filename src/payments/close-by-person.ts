import { insist, type Person } from '../persons/person.ts';
import { attempt } from './attempt.ts';
import { closePayment } from './close-payment.ts';
import { outcomeOf } from './outcome.ts';
import { callerOf } from './refund-by-person.ts';
import type { PaymentResult } from './results.ts';
import type { Till } from './till.ts';

/** A person closes an order that is not paid, recorded like every other call. Throws as {@link closePayment}. */
export async function closeByPerson(till: Till, person: Person, outTradeNo: string): Promise<PaymentResult> {
  const call = { caller: callerOf(person), tool: 'console' };
  return attempt(
    till,
    call,
    { tool: 'console', args: { outTradeNo }, meta: undefined },
    async (errand) => {
      await errand.till.ledger.read((book) => insist(book, person, 'close'));
      return closePayment(errand.till, errand.call, { outTradeNo });
    },
    outcomeOf,
  );
}
