import type { OrderState, RefundState } from '../domain/order.ts';
import type { RefundRecord } from '../ledger/records.ts';
import type { PaymentProvider } from '../providers/contract.ts';
import { releaseAbsentRefunds } from './absent-refunds.ts';
import { isSettledBy } from './bill-comparison.ts';
import { noteReconciled, takeInForgotten } from './forgotten.ts';
import { billsOf, type ReconcileInput, type Reconciliation, reconcile } from './reconcile.ts';
import { settleDifference } from './settle-differences.ts';
import type { Till } from './till.ts';

/** A wallet's day, compared. */
export interface SettledDay {
  readonly result: Reconciliation;
  /** The ledger's state after the gateway was asked. */
  readonly settled: ReadonlyMap<Reconciliation['differences'][number], OrderState | RefundState>;
  /** How many differences are left that concern orders of the ledger and will not stand in the next bill. */
  readonly open: number;
  /** Refunds in doubt, of whatever day, whose sums were freed because no bill has them. */
  readonly released: readonly RefundRecord[];
  /** How many payments and refunds a restored ledger had forgotten and has again. */
  readonly taken: number;
}

/**
 * Compares a day and, where `settle` says so, has the gateway settle what differs. A restored ledger takes in what it
 * had forgotten, and notes of each such day what is left. Throws as {@link reconcile}.
 * @param isPersons to make up for what was forgotten, or to be content without, is no server's to do
 */
export async function settleDay(
  till: Till,
  wallet: PaymentProvider,
  input: ReconcileInput,
  settle: boolean,
  isPersons = true,
): Promise<SettledDay> {
  const compare = () => reconcile(till, wallet, input);
  const isRestored = (await till.ledger.read((book) => book.operator.restored())) !== undefined;
  let result = await compare();
  const taken =
    isRestored && settle && isPersons ? await takeInForgotten(till, wallet, result.differences) : 0;
  if (taken > 0) result = await compare();
  const settled = new Map<(typeof result.differences)[number], OrderState | RefundState>();
  for (const difference of settle ? result.differences : []) {
    const state = await settleDifference(till, wallet, difference);
    if (state !== undefined) settled.set(difference, state);
  }
  const open = result.differences.filter((difference) => {
    const state = settled.get(difference);
    const isSettled = state !== undefined && isSettledBy(difference, state);
    return !isSettled && !difference.mayFollow && !difference.isForeign;
  }).length;
  if (open > 0) await noteDifferences(till, result, open);
  // It wants older bills too: where one cannot be had, what this one says is told all the same.
  const released = settle ? await releaseAbsentRefunds(till, wallet, billsOf(wallet)) : [];
  if (isRestored && isPersons) {
    const { differences } = settled.size > 0 ? await compare() : result;
    await noteReconciled(till, { provider: wallet.id, date: input.date, taken, differences });
  }
  return { result, settled, open, released, taken };
}

/** What of a wallet's days was last noted to differ. */
const noted = (provider: string) => `bill_differs ${provider}`;

/**
 * Records that a bill says otherwise than the ledger, once for a day, and again where that has become more or less.
 */
async function noteDifferences(
  { ledger }: Till,
  { provider, date }: Pick<Reconciliation, 'provider' | 'date'>,
  count: number,
): Promise<void> {
  await ledger.write(async (book) => {
    const found = `${date} ${count}`;
    if ((await book.meta(noted(provider))) === found) return;
    await book.audit.append({ kind: 'bill-differs', detail: { provider, date, count } });
    await book.setMeta(noted(provider), found);
  });
}
