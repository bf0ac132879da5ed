import type { Bug } from '../bug.ts';

const ONCE = 'What the server owes goes back exactly once, and never above what was paid';
const TRIAL = 'The trial edition pays back whatever it was paid, and nothing else';

/** What goes back without a person: too much, twice, to nobody, or not at all. */
export const OWED: readonly Bug[] = [
  {
    name: 'pay-back-forgets-what-others-refunded',
    deed: 'All of the order is to go back, whatever a person has refunded of it meanwhile.',
    breaks: ONCE,
    edits: [
      [
        'src/payments/pay-back.ts',
        "order.amountFen - sum(back) - (elsewhere === 'unknown' ? 0 : (elsewhere ?? 0)),",
        'debt.amountFen,',
      ],
    ],
    caughtBy: ['test/payments/pay-back.test.ts'],
  },
  {
    name: 'pay-back-takes-a-new-number-after-a-refusal',
    deed: 'Every try after a refusal goes under a number of its own.',
    breaks: ONCE,
    edits: [
      ['src/payments/pay-back.ts', 'if (mayGoOn && known.amountFen === left)', 'if (mayGoOn && left < 0)'],
    ],
    caughtBy: ['test/payments/pay-back.test.ts'],
  },
  {
    name: 'whoever-says-so-is-owed',
    deed: 'A call that claims to pay back what is owed needs no debt that says how much.',
    breaks: 'Rules are enforced in code',
    edits: [
      [
        'src/payments/permit.ts',
        'if (!debt || !isOwed || sum(others) + amountFen > debt.amountFen) {',
        'if (!isOwed) {',
      ],
    ],
    caughtBy: ['test/payments/pay-back.test.ts'],
  },
  {
    name: 'trial-keeps-late-payments',
    deed: 'Only an order that was awaiting payment is owed back once it is paid.',
    breaks: TRIAL,
    edits: [
      [
        'src/ledger/orders.ts',
        "if (state === 'PAID' && order.state !== 'PAID') await this.#paid(updated);",
        "if (state === 'PAID' && order.state === 'NOTPAY') await this.#paid(updated);",
      ],
    ],
    caughtBy: ['test/payments/trial.test.ts'],
  },
  {
    name: 'trial-gives-away-what-others-sold',
    deed: 'An order of another system that was taken into the trial ledger is paid back as well.',
    breaks: TRIAL,
    edits: [['src/ledger/book.ts', 'if (order.terms.adopted || (await', 'if ((await']],
    caughtBy: ['test/payments/trial.test.ts'],
  },
];
