import { CashierError } from '../domain/errors.ts';
import type { ProviderId } from '../domain/order.ts';
import { type Reconciliation, reconcile } from './reconcile.ts';
import type { Till } from './till.ts';

/** A wallet's day, compared, or why it could not be. */
export type ComparedDay =
  | { readonly provider: ProviderId; readonly result: Reconciliation }
  | { readonly provider: ProviderId; readonly error: CashierError };

/**
 * Compares the bills of all wallets of a day (`YYYY-MM-DD`, Asia/Shanghai) with the ledger, and changes nothing. One
 * that cannot be had does not keep the others from being compared. Throws INVALID_ARGUMENT for a date.
 */
export async function compareDay(till: Till, date: string): Promise<ComparedDay[]> {
  const today = till.ledger.realm === 'simulator' ? 'allowed' : 'refused';
  const days: ComparedDay[] = [];
  for (const provider of till.providers.values()) {
    try {
      days.push({ provider: provider.id, result: await reconcile(till, provider, { date, today }) });
    } catch (error) {
      if (!(error instanceof CashierError) || error.code === 'INVALID_ARGUMENT') throw error;
      days.push({ provider: provider.id, error });
    }
  }
  return days;
}
