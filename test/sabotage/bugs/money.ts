import type { Bug } from '../bug.ts';

const FEN = 'Money is a whole number of fen';
const LIMITS = 'Limits and budgets hold';

/** Amounts, and what is counted against limits. */
export const MONEY: readonly Bug[] = [
  {
    name: 'float-money-in',
    deed: 'Yuan become fen by a multiplication: 1.13 is 112.',
    breaks: FEN,
    edits: [
      [
        'src/domain/money.ts',
        "return fen(Number(`${match[1]}${(match[2] ?? '').padEnd(2, '0')}`));",
        'return fen(Math.floor(Number(yuan) * 100));',
      ],
    ],
    caughtBy: ['test/domain/money.test.ts'],
    simulated: true,
  },
  {
    name: 'float-money-out',
    deed: 'Fen become yuan by a division: 9.9 instead of 9.90.',
    breaks: FEN,
    edits: [
      [
        'src/domain/money.ts',
        'return `${digits.slice(0, -2)}.${digits.slice(-2)}`;',
        'return String(Number(digits) / 100);',
      ],
    ],
    caughtBy: ['test/domain/money.test.ts'],
  },
  {
    name: 'amount-of-a-thousandth-accepted',
    deed: 'A third decimal is cut off instead of refused.',
    breaks: FEN,
    edits: [['src/domain/money.ts', '(?:\\.(\\d{1,2}))?$/', '(?:\\.(\\d{1,2})\\d*)?$/']],
    caughtBy: ['test/domain/money.test.ts'],
  },
  {
    name: 'returned-fee-loses-its-sign',
    deed: 'A fee that is given back in a bill is added instead of subtracted.',
    breaks: FEN,
    edits: [
      [
        'src/domain/money.ts',
        'return negative && amount ? -amount : amount;',
        'return negative ? amount : amount;',
      ],
    ],
    caughtBy: ['test/domain/money.test.ts', 'test/providers/alipay/bills.test.ts'],
  },
  {
    name: 'fee-rounding-makes-a-bill-differ',
    deed: 'A fee is held against 0.6 % of the sum, whatever the contract says.',
    breaks: 'A bill is compared line by line',
    edits: [
      [
        'src/payments/bill-comparison.ts',
        'return fee < 0 || fee > line.amountFen;',
        'return fee !== Math.floor(line.amountFen * 0.006);',
      ],
    ],
    caughtBy: ['test/reconcile/reconcile.test.ts'],
  },
  {
    name: 'second-line-of-a-bill-overlooked',
    deed: 'A second payment of one order in a bill is not told.',
    breaks: 'A bill is compared line by line',
    edits: [
      [
        'src/payments/bill-comparison.ts',
        'order === undefined || found.has(outTradeNo) || isOther',
        'order === undefined || isOther',
      ],
    ],
    caughtBy: ['test/reconcile/reconcile.test.ts'],
  },
  {
    name: 'missing-payment-not-told',
    deed: 'A payment that the ledger has and the bill has not is not told.',
    breaks: 'A bill is compared line by line',
    edits: [
      [
        'src/payments/bill-comparison.ts',
        "if (!found.has(outTradeNo)) differences.push({ kind: 'missing-there', outTradeNo, order });",
        '',
      ],
    ],
    caughtBy: ['test/reconcile/reconcile.test.ts'],
  },
  {
    name: 'limit-by-the-wrong-day',
    deed: "A day's limit begins at midnight in Greenwich.",
    breaks: LIMITS,
    edits: [
      [
        'src/policy/decide.ts',
        'return (Math.floor(now / MINUTE_MS) + BEIJING_OFFSET_MINUTES) % DAY_MINUTES;',
        'return Math.floor(now / MINUTE_MS) % DAY_MINUTES;',
      ],
    ],
    caughtBy: ['test/policy/decide-properties.test.ts', 'test/policy/policy.test.ts'],
  },
  {
    name: 'tallies-by-the-wrong-day',
    deed: 'What is counted is put to the account of the day in Greenwich.',
    breaks: LIMITS,
    edits: [
      [
        'src/domain/clock.ts',
        'return Math.floor((ms + BEIJING_OFFSET_MS) / DAY_MS);',
        'return Math.floor(ms / DAY_MS);',
      ],
    ],
    caughtBy: ['test/domain/clock.test.ts'],
  },
  {
    name: 'one-more-than-the-limit',
    deed: 'A count is compared before the call itself is counted.',
    breaks: LIMITS,
    edits: [['src/policy/decide.ts', 'if (used.count + 1 > count) {', 'if (used.count > count) {']],
    caughtBy: ['test/policy/decide-properties.test.ts', 'test/policy/policy.test.ts'],
    simulated: true,
  },
  {
    name: 'budget-below-zero',
    deed: 'A budget lets a call through as long as anything is left of it.',
    breaks: LIMITS,
    edits: [
      ['src/policy/decide.ts', 'return used.fen + amount > filledFen\n', 'return used.fen >= filledFen\n'],
    ],
    caughtBy: ['test/policy/decide-properties.test.ts', 'test/payments/quota/shares.test.ts'],
    simulated: true,
  },
  {
    name: 'unread-use-passes-for-unused',
    deed: 'A ceiling whose use nobody has looked up lets everything pass.',
    breaks: LIMITS,
    edits: [
      [
        'src/policy/decide.ts',
        "case 'ceiling': {\n      if (used === undefined) return notLookedUp(path);",
        "case 'ceiling': {\n      if (used === undefined) return undefined;",
      ],
      [
        'src/policy/decide.ts',
        "case 'budget': {\n      if (used === undefined) return notLookedUp(path);",
        "case 'budget': {\n      if (used === undefined) return undefined;",
      ],
    ],
    caughtBy: ['test/policy/decide-properties.test.ts', 'test/policy/policy.test.ts'],
  },
  {
    name: 'program-lifts-its-own-rules',
    deed: 'What a program calls itself replaces the rules on its caller.',
    breaks: LIMITS,
    edits: [
      [
        'src/policy/rules.ts',
        'const own = clientOf(policy, who.caller)?.[section] ?? {};',
        'const own = clientOf(policy, who.client ?? who.caller)?.[section] ?? {};',
      ],
    ],
    caughtBy: [
      'test/policy/policy.test.ts',
      'test/policy/decide-properties.test.ts',
      'test/payments/quota/shares.test.ts',
    ],
  },
  {
    name: 'limits-outside-the-transaction',
    deed: 'What shares a commit does not see what the others in it draw upon the same limit.',
    breaks: LIMITS,
    edits: [
      [
        'src/ledger/tallies.ts',
        'return this.added.of(table, sum, isMeant) + sums.of(table, sum, isMeant);',
        'return this.added.of(table, sum, isMeant) + 0 * sums.of(table, sum, isMeant);',
      ],
    ],
    caughtBy: ['test/payments/quota/shares.test.ts'],
    simulated: true,
  },
  {
    name: 'changed-policy-file-taken-at-once',
    deed: 'A changed policy file holds with the next start, without a person accepting it.',
    breaks: "Rules are the operator's",
    edits: [
      [
        'src/policy/decisions.ts',
        'if (accepted) return JSON.parse(accepted.rulesJson) as Policy;\n',
        'if (accepted?.rulesJson === JSON.stringify(offered)) return offered;\n',
      ],
    ],
    caughtBy: ['test/payments/quota/shares.test.ts'],
  },
  {
    name: 'allowed-sum-given-back-again',
    deed: 'A person who wants a sum back that another has just allowed to go back, and that nobody has sent yet, gets it once more.',
    breaks: 'Nobody is refunded twice',
    edits: [
      [
        'src/payments/refund-by-person.ts',
        '  for (const refund of waiting) if (isAllowed(await book.approvals.of(refund), now)) return refund;\n',
        '',
      ],
    ],
    caughtBy: ['test/payments/refund-by-person.test.ts'],
  },
];
