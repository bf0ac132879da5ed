import { type OwedRecord, type OwedWhy, PAY_BACK } from '../ledger/records.ts';
import { type Coming, restedAt, runDue } from './due.ts';
import { type Back, refusalOf, sendBack, stepIn } from './give-back.ts';
import type { Till } from './till.ts';

/** What the buyer reads beside the money. */
const REASON: Readonly<Record<OwedWhy, string>> = {
  trial: '体验版自动退款',
  call: '服务未交付，自动退款',
  'paid-twice': '重复付款，自动退回',
};

/**
 * Pays back what the server owes, until `signal` aborts: without a person, outside all limits, never above what was
 * paid, and not while it is frozen. It goes on under the same number until it is proven, for ever or until a person has
 * seen to it; what the gateway provably refuses is told once.
 */
export function runPayBacks(opened: Till, signal: AbortSignal): Promise<void> {
  return runDue({ ...opened, ledger: opened.ledger.as({ actor: PAY_BACK }) }, DEBTS, signal);
}

const DEBTS: Coming<OwedRecord> = {
  name: 'pay-back',
  rows: (book) => book.owed,
  whileFrozen: false,
  async see(till, debt) {
    const back: Back = { ...debt, reason: REASON[debt.why] };
    const failure = await sendBack(till, back, { owed: debt.outRefundNo });
    await till.ledger.write(async (book) => {
      const { step } = await stepIn(book, back);
      if (step === 'settled') return book.owed.settle(debt);
      const code = await refusalOf(book, back, failure);
      if (code !== undefined) await book.owed.refused(debt, code);
      await book.owed.later(debt, restedAt(till, debt));
    });
  },
};
