import type { Bug } from '../bug.ts';

const ONCE = 'What the server owes goes back exactly once, and never above what was paid';
const TRIAL = 'The trial edition pays back whatever it was paid, and nothing else';

const LIMITS = 'What nobody delivers in time goes back within the rules only';

/** What goes back without a person: too much, twice, to nobody, or not at all. */
export const OWED: readonly Bug[] = [
  {
    name: 'pay-back-forgets-what-others-refunded',
    deed: 'All of the order is to go back, whatever a person has refunded of it meanwhile.',
    breaks: ONCE,
    edits: [
      [
        'src/payments/give-back.ts',
        "order.amountFen - sum(done) - (elsewhere === 'unknown' ? 0 : (elsewhere ?? 0)),",
        'back.amountFen,',
      ],
    ],
    caughtBy: ['test/payments/pay-back.test.ts'],
  },
  {
    name: 'pay-back-takes-a-new-number-after-a-refusal',
    deed: 'Every try after a refusal goes under a number of its own.',
    breaks: ONCE,
    edits: [
      ['src/payments/give-back.ts', 'if (mayGoOn && known.amountFen === left)', 'if (mayGoOn && left < 0)'],
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
    edits: [['src/ledger/book.ts', 'if (adopted || (await', 'if ((await']],
    caughtBy: ['test/payments/trial.test.ts'],
  },
  {
    name: 'overdue-refund-above-the-limits',
    deed: 'What nobody has delivered in time goes back whatever the rules on refunds say.',
    breaks: LIMITS,
    edits: [
      [
        'src/payments/permit.ts',
        "const rules = all.filter(({ kind }) => kind !== 'approve');",
        "const rules = all.filter(({ kind }) => kind === 'budget');",
      ],
    ],
    caughtBy: ['test/payments/delivery.test.ts'],
  },
  {
    name: 'overdue-refund-past-the-rules-of-a-token',
    deed: 'What stands with the token of whoever has sold it is not looked at when the server gives back for it.',
    breaks: LIMITS,
    edits: [
      [
        'src/payments/permit.ts',
        'const who = { ...soldBy, caller, token: token as Partial<Sections> | undefined };',
        'const who = { caller, token: token && {} };',
      ],
    ],
    caughtBy: ['test/payments/delivery.test.ts'],
  },
  {
    name: 'overdue-refund-after-the-delivery',
    deed: 'That something was delivered is looked up before the gateway is asked, and not again with the intent.',
    breaks: LIMITS,
    edits: [
      [
        'src/payments/permit.ts',
        "promise?.course === 'refund' && promise.deliveredAt === undefined;",
        "promise?.course === 'refund';",
      ],
    ],
    caughtBy: ['test/payments/delivery.test.ts'],
  },
  {
    name: 'orders-overdue-that-nobody-could-confirm',
    deed: 'Every order is to be delivered in time once the rules say so, also where no tool to say so is listed.',
    breaks: LIMITS,
    edits: [
      ['src/payments/reserve-payment.ts', 'const { delivery } = delivers ?', 'const { delivery } = book ?'],
    ],
    caughtBy: ['test/payments/delivery.test.ts'],
  },
];
