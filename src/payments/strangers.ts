import { CashierError } from '../domain/errors.ts';
import { attempt } from './attempt.ts';
import { recordLimited } from './call-rate.ts';
import type { Call, Till } from './till.ts';

/**
 * Runs what is set going by somebody who has no more than an address: where it is refused, that is on record as a call
 * of whoever sells. Who is refused there too often is told of by number only, and can fill no ledger.
 * @param place the page, or what else such a flood comes to
 */
export async function byStranger<T>(
  till: Till,
  call: Call & { readonly tool: string },
  place: string,
  args: unknown,
  run: () => Promise<T>,
): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof CashierError)) throw error;
    till.denied?.(error);
    const rate = till.desk.strangers;
    if (rate.excess(place, true)) {
      await recordLimited(till, rate, call, place);
      throw error;
    }
    rate.refused(place);
    const said = { tool: call.tool, args, meta: undefined };
    return attempt(
      till,
      call,
      said,
      () => Promise.reject(error),
      () => ({}),
    );
  }
}
