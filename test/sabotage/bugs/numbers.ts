import type { Bug } from '../bug.ts';

const ONE = 'One number, one effect';
const CLOCK = 'The clock is not trusted';

/** One number, one effect: repeated, in parallel, from several processes, after a clock was set. */
export const NUMBERS: readonly Bug[] = [
  {
    name: 'replay-under-changed-arguments-answered',
    deed: 'A number that is known is answered with its payment, whatever the arguments are this time.',
    breaks: ONE,
    edits: [
      [
        'src/payments/reserve-payment.ts',
        "      if (known.inputHash !== inputHash) throw conflict('outTradeNo');\n",
        '',
      ],
    ],
    caughtBy: ['test/payments/create-payment.test.ts'],
    simulated: true,
  },
  {
    name: 'chosen-after-it-was-closed',
    deed: 'What was closed before the buyer chose the wallet can be chosen and paid all the same.',
    breaks: ONE,
    edits: [
      [
        'src/payments/reserve-payment.ts',
        'if (offered && (offer?.closedAt !== undefined || till.clock.now() >= offered.expiresAt))',
        'if (offered && till.clock.now() >= offered.expiresAt)',
      ],
    ],
    caughtBy: ['test/payments/either-wallet.test.ts'],
  },
  {
    name: 'named-wallet-beside-the-choice',
    deed: 'A call that names a wallet makes an order under a number whose page lets the buyer choose another.',
    breaks: ONE,
    edits: [
      ['src/payments/reserve-payment.ts', 'if (offer && !offered) {', 'if (offer && !offered && false) {'],
    ],
    caughtBy: ['test/payments/either-wallet.test.ts'],
  },
  {
    name: 'title-not-an-argument',
    deed: 'The title is no part of what tells a repeated call from another.',
    breaks: ONE,
    edits: [
      [
        'src/payments/reserve-payment.ts',
        '      input.amountFen,\n      input.title,\n      input.expiresInMinutes,',
        '      input.amountFen,\n      input.expiresInMinutes,',
      ],
    ],
    caughtBy: ['test/payments/create-payment.test.ts', 'test/payments/attack/create.test.ts'],
  },
  {
    name: 'refund-replay-under-changed-arguments-answered',
    deed: 'A refund number that is known is answered, whatever the sum is this time.',
    breaks: ONE,
    edits: [
      [
        'src/payments/reserve-refund.ts',
        "    if (input.outRefundNo !== undefined && first.inputHash !== inputHash) throw conflict('outRefundNo');\n",
        '',
      ],
    ],
    caughtBy: ['test/payments/refund-payment.test.ts'],
    simulated: true,
  },
  {
    name: 'two-buyers-share-a-code',
    deed: 'Identical calls without a buyer are recognised as one, so two buyers get the same code.',
    breaks: ONE,
    edits: [
      [
        'src/payments/reserve-payment.ts',
        'const sameBuyers = buyerHash === undefined ? [] : await book.orders.byCall(inputHash, call.caller);',
        'const sameBuyers = await book.orders.byCall(inputHash, call.caller);',
      ],
      ['src/ledger/orders.ts', "state <> 'UNKNOWN' AND buyer_hash IS NOT NULL", "state <> 'UNKNOWN'"],
    ],
    caughtBy: ['test/payments/create-payment.test.ts', 'test/payments/attack/create.test.ts'],
  },
  {
    name: 'claim-not-fenced',
    deed: 'Nobody looks whether another process is just sending the same thing.',
    breaks: ONE,
    edits: [
      [
        'src/payments/sending.ts',
        '    sendingBy !== undefined &&\n    isClaimed(',
        "    sendingBy === '' &&\n    isClaimed(",
      ],
    ],
    caughtBy: [
      'test/payments/create-payment.test.ts',
      'test/payments/attack/takeover.test.ts',
      'test/payments/storm.test.ts',
    ],
    simulated: true,
  },
  {
    name: 'sleeper-does-not-look-again',
    deed: 'A process that slept over its claim sends its refund all the same.',
    breaks: ONE,
    edits: [
      [
        'src/payments/refund-payment.ts',
        'if (!current || isSettledRefund(current.state) || !isStillOurs(current, refund)) {',
        'if (!current) {',
      ],
    ],
    caughtBy: ['test/payments/attack/takeover.test.ts'],
    simulated: true,
  },
  {
    name: 'loser-of-a-claim-records-its-refusal',
    deed: 'What a sender learns by refusal counts although another one has taken over since.',
    breaks: ONE,
    edits: [
      [
        'src/payments/sending.ts',
        'return current.sendingBy !== undefined && current.sendingBy === sent.sendingBy;',
        'return sent.sendingBy !== undefined || current.sendingBy === sent.sendingBy;',
      ],
    ],
    caughtBy: ['test/payments/attack/takeover.test.ts'],
  },
  {
    name: 'only-successes-count-against-the-paid-sum',
    deed: 'The sum of refunds is checked against those that have succeeded.',
    breaks: 'Refunds never sum above what was paid',
    edits: [
      [
        'src/payments/refund-rules.ts',
        'const own = sum(others.filter((other) => holdsSum(other.state) && !isElsewhere(other)));',
        "const own = sum(others.filter((other) => other.state === 'SUCCESS' && !isElsewhere(other)));",
      ],
    ],
    caughtBy: ['test/payments/refund-payment.test.ts', 'test/payments/attack/refund.test.ts'],
    simulated: true,
  },
  {
    name: 'sum-checked-once-only',
    deed: "The sum is checked when a refund is asked for, and not again when it is sent after a person's yes.",
    breaks: 'Refunds never sum above what was paid',
    edits: [
      [
        'src/payments/reserve-refund.ts',
        '  insistWithinPaid(order, others, refund);\n  insistOneAtATime(till, others);',
        '  insistOneAtATime(till, others);',
      ],
    ],
    caughtBy: [
      'test/payments/refund-payment.test.ts',
      'test/payments/attack/approvals-edges.test.ts',
      'test/payments/carry-out.test.ts',
    ],
    simulated: true,
  },
  {
    name: 'refund-number-of-another-order',
    deed: 'A refund number is looked up within the order only, though WeChat Pay wants it once for the merchant.',
    breaks: ONE,
    edits: [
      [
        'src/payments/reserve-refund.ts',
        "  if (await book.refunds.byMerchant(scope, outRefundNo)) throw conflict('outRefundNo');\n",
        '',
      ],
    ],
    caughtBy: ['test/payments/attack/refund-number.test.ts'],
  },
  {
    name: 'no-interval-between-refunds',
    deed: "The gateway's distance between two refunds of an order is not kept.",
    breaks: "The gateways' rules are kept",
    edits: [['src/payments/reserve-refund.ts', '  insistInterval(provider, others, now);\n', '']],
    caughtBy: ['test/payments/refund-payment.test.ts', 'test/payments/attack/refund.test.ts'],
  },
  {
    name: 'clock-set-back-extends',
    deed: 'What was stored until an instant lasts until the clock says so, however far the clock was ahead when it was stored.',
    breaks: CLOCK,
    edits: [
      [
        'src/domain/clock.ts',
        'return until > now && until <= now + longest + CLOCKS_APART_MS;',
        'return until > now;',
      ],
    ],
    caughtBy: ['test/domain/clock.test.ts'],
    simulated: true,
  },
  {
    name: 'clock-set-back-widens-a-limit',
    deed: 'Only what was counted today by this clock counts today.',
    breaks: CLOCK,
    edits: [
      [
        'src/payments/permit.ts',
        'await book.quotas.usage(kind, rule.scope, since, since + 2 * DAY_MS)',
        'await book.quotas.usage(kind, rule.scope, since, since + DAY_MS)',
      ],
    ],
    caughtBy: ['test/payments/quota/shares.test.ts'],
  },
  {
    name: 'corrected-clock-leaves-questions-in-the-future',
    deed: 'What a clock that was ahead has scheduled is asked about only when that time comes.',
    breaks: CLOCK,
    edits: [
      ['src/payments/settler.ts', 'if (horizon === undefined) return;\n', 'if (horizon !== -1) return;\n'],
    ],
    caughtBy: ['test/payments/asking.test.ts'],
    simulated: true,
  },
  {
    name: 'slow-clock-makes-a-payment-foreign',
    deed: "A payment dated before the order was made, by this machine's clock, is taken for another's.",
    breaks: CLOCK,
    edits: [
      [
        'src/payments/apply.ts',
        '    snapshot.outTradeNo !== order.outTradeNo ||\n    (snapshot.amountFen',
        '    snapshot.outTradeNo !== order.outTradeNo ||\n    (paid && (snapshot.paidAt ?? Infinity) < order.createdAt) ||\n    (snapshot.amountFen',
      ],
    ],
    caughtBy: ['test/payments/foreign.test.ts'],
    simulated: true,
  },
];
