import type { Bug } from '../bug.ts';

const CONSENT = 'Nothing is charged without consent';
const ONCE = 'A period is charged once';
const ENDED = 'What is to end, ends';
const DUE = 'A period is due on its day';
const SOLD = ['test/payments/subscriptions.test.ts'];
const CALENDAR = ['test/payments/subscription-calendar.test.ts'];

/** What is charged again and again by one consent. */
export const SUBSCRIBED: readonly Bug[] = [
  {
    name: 'charge-leaves-after-a-cancel',
    deed: 'A charge whose intent is committed leaves, although it was cancelled before it did.',
    breaks: CONSENT,
    edits: [['src/payments/agreements/charge.ts', '    if (!(await mayStill())) throw new Stopped();\n', '']],
    caughtBy: SOLD,
  },
  {
    name: 'charge-sent-once-more-after-a-sleep',
    deed: 'Where the first connection broke, a charge goes to the backup although others may have gone on with it.',
    breaks: ONCE,
    edits: [
      [
        'src/payments/agreements/charge.ts',
        'const mayStill = whileOurs(till, order, (book) => isToGoOn(book, subscription));',
        'const mayStill = () => till.ledger.read((book) => isToGoOn(book, subscription));',
      ],
    ],
    caughtBy: SOLD,
  },
  {
    name: 'cancel-answered-beside-a-charge',
    deed: 'A cancel is answered while a charge that had left before is still on its way.',
    breaks: CONSENT,
    edits: [
      [
        'src/payments/agreements/cancel-subscription.ts',
        "order && isBeingSent(till, order) ? 'busy' : 'quiet'",
        "order && order.amountFen < 0 && isBeingSent(till, order) ? 'busy' : 'quiet'",
      ],
    ],
    caughtBy: SOLD,
  },
  {
    name: 'charge-claims-nothing',
    deed: 'A charge is sent without a claim: nobody can tell that it is on its way.',
    breaks: CONSENT,
    edits: [
      [
        'src/payments/agreements/charge.ts',
        'asked: 0, ...permitted?.counts, ...claim(till) },',
        'asked: 0, ...permitted?.counts },',
      ],
    ],
    caughtBy: SOLD,
  },
  {
    name: 'other-terms-under-the-same-contract',
    deed: 'A contract that was made at one price is repeated at another as if nothing had changed.',
    breaks: CONSENT,
    edits: [
      [
        'src/payments/agreements/create-subscription.ts',
        'if (known.inputHash !== inputHash) throw contractConflict();',
        "if (known.inputHash === '') throw contractConflict();",
      ],
    ],
    caughtBy: SOLD,
  },
  {
    name: 'subscription-past-the-rules',
    deed: 'What the rules forbid of a subscription is made all the same.',
    breaks: CONSENT,
    edits: [
      [
        'src/payments/permit.ts',
        "kind === 'subscription' ? subscriptionRules(policy, who) :",
        "kind === 'subscription' ? subscriptionRules(policy, who).slice(0, 0) :",
      ],
    ],
    caughtBy: SOLD,
  },
  {
    name: 'refused-and-sent-again-at-once',
    deed: 'A charge that the gateway has refused is sent again as if it had never heard of it.',
    breaks: ONCE,
    edits: [
      [
        'src/payments/agreements/charge.ts',
        'const isAnswered = triedAt >= sentAt || gatewayState !== undefined;',
        'const isAnswered = triedAt > sentAt + tries * 1e12;',
      ],
    ],
    caughtBy: ['test/payments/subscription-unsent.test.ts'],
  },
  {
    name: 'frozen-and-charged',
    deed: 'Periods are charged while a person has stopped everything.',
    breaks: CONSENT,
    edits: [
      [
        'src/payments/agreements/charge.ts',
        '  if (await book.operator.freeze()) return undefined;\n  const { contractNo, signNo',
        '  const { contractNo, signNo',
      ],
      [
        'src/payments/sending.ts',
        'if ((await book.operator.freeze()) || !(await isWanted(book))) return false;',
        'if (!(await isWanted(book))) return false;',
      ],
    ],
    caughtBy: SOLD,
  },
  {
    name: 'period-of-another-number',
    deed: "A period's order has another number each time it is made, as after a backup was put back.",
    breaks: ONCE,
    edits: [
      [
        'src/ledger/subscriptions.ts',
        "rowDigest(salt, 'period', signNo, String(period))",
        "rowDigest(salt, 'period', signNo, String(period), String(this.#now))",
      ],
    ],
    caughtBy: SOLD,
  },
  {
    name: 'window-ignored',
    deed: 'A period is charged at any time, also before and after the gateway takes it.',
    breaks: DUE,
    edits: [
      [
        'src/payments/agreements/charge.ts',
        'return now >= dueAt && now < untilAt;',
        'return untilAt > dueAt && now > 0;',
      ],
    ],
    caughtBy: SOLD,
  },
  {
    name: 'due-from-the-last-one',
    deed: 'The next period is counted from the day of the last: one short month moves all later ones.',
    breaks: DUE,
    edits: [
      [
        'src/payments/agreements/calendar.ts',
        'const day = nthDay(firstDay, periodOf(period), n);',
        'let day = firstDay;\n  for (let i = 1; i < n; i++) day = nthDay(day, periodOf(period), 2);',
      ],
    ],
    caughtBy: CALENDAR,
  },
  {
    name: 'planned-for-the-thirty-first',
    deed: 'The gateway is asked to charge on a day of the month for which it plans no charge.',
    breaks: DUE,
    edits: [
      [
        'src/payments/agreements/calendar.ts',
        "const over = unit === 'month' ? dayOfMonth(latest) - rules.latestDayOfMonth : 0;",
        "const over = unit === 'month' ? dayOfMonth(latest) - 31 - rules.daysBefore : 0;",
      ],
    ],
    caughtBy: CALENDAR,
  },
  {
    name: 'agreement-left-at-the-gateway',
    deed: 'A cancelled subscription is charged no more, and its agreement stands at the gateway for ever.',
    breaks: ENDED,
    edits: [
      [
        'src/payments/agreements/end.ts',
        "if (!isAnswered || subscription.state === 'ENDED' || (await isFrozenNow(till))) return subscription;",
        'if (isAnswered || (await isFrozenNow(till))) return subscription;',
      ],
    ],
    caughtBy: SOLD,
  },
  {
    name: 'signed-after-its-cancel',
    deed: 'Who signs a link of a subscription that was cancelled stays signed.',
    breaks: ENDED,
    edits: [
      [
        'src/payments/agreements/round.ts',
        "mode === 'auto' && subscription.signedAt === undefined && now <=",
        "mode === 'auto' && subscription.signedAt !== undefined && now <=",
      ],
    ],
    caughtBy: SOLD,
  },
  {
    name: 'subscriber-not-believed',
    deed: 'A subscriber who has ended it in the wallet is charged until the next question.',
    breaks: ENDED,
    edits: [
      [
        'src/payments/agreements/learn.ts',
        "    case 'ENDED':\n      return ended(book, subscription, now, told);",
        "    case 'ENDED':\n      return source === 'notify' ? subscription : ended(book, subscription, now, told);",
      ],
    ],
    caughtBy: SOLD,
  },
  {
    name: 'agreement-of-another-account',
    deed: 'An agreement of another merchant is taken for the one of this number.',
    breaks: CONSENT,
    edits: [
      [
        'src/payments/agreements/learn.ts',
        '!isSameAccount(account, snapshot.account) ||',
        '!isSameAccount(account, account) ||',
      ],
    ],
    caughtBy: SOLD,
  },
  {
    name: 'missed-for-ever',
    deed: 'A subscription of which nobody pays any more is never ended.',
    breaks: ENDED,
    edits: [
      ['src/payments/agreements/round.ts', 'if (inARow >= MOST_MISSED)', 'if (inARow >= 99 * MOST_MISSED)'],
    ],
    caughtBy: SOLD,
  },
  {
    name: 'what-is-signed-by-paying-is-charged-as-well',
    deed: 'Where paying the first period is how the agreement is signed, as many periods are signed for beside it.',
    breaks: CONSENT,
    edits: [
      [
        'src/payments/agreements/results.ts',
        'const left = times === undefined ? undefined : times - 1;',
        'const left = times;',
      ],
    ],
    caughtBy: SOLD,
  },
  {
    name: 'paid-means-signed',
    deed: 'Once its first period is paid a subscription counts as signed, whatever the gateway says.',
    breaks: CONSENT,
    edits: [
      [
        'src/ledger/subscriptions.ts',
        "const signs = subscription.mode === 'reminded' && subscription.endingAt === undefined;",
        'const signs = subscription.endingAt === undefined;',
      ],
    ],
    caughtBy: SOLD,
  },
  {
    name: 'period-by-hand-is-counted-nowhere',
    deed: 'A period that its subscriber pays by hand is held to no limit of the day.',
    breaks: 'Limits hold for all payments of a day',
    edits: [
      ['src/policy/rules.ts', "scene === 'agreement' ? kind === 'budget'", "scene ? kind === 'budget'"],
    ],
    caughtBy: SOLD,
  },
  {
    name: 'untried-periods-end-it',
    deed: 'Two periods that nobody was asked to pay end a subscription as unpaid.',
    breaks: ENDED,
    edits: [['src/payments/agreements/round.ts', 'couldBePaid(period, order)', 'true']],
    caughtBy: SOLD,
  },
];
