import type { Bug } from '../bug.ts';

const NO_ANSWER = 'No answer is not "no"';
const HOLDS = 'What is in doubt keeps its sum';

/** What a lost, late, unsigned or lagging answer is taken for. */
export const DOUBT: readonly Bug[] = [
  {
    name: 'refund-given-up-on-timeout',
    deed: 'A `catch` takes a timeout for a failed refund and frees its sum, so that a retry pays twice.',
    breaks: NO_ANSWER,
    edits: [
      [
        'src/payments/refund-payment.ts',
        "const ends = notSent || (refused !== undefined && refused !== 'number-conflict' && todo === 'send');",
        "const ends = notSent || refused !== 'number-conflict';",
      ],
    ],
    caughtBy: ['test/payments/refund-payment.test.ts', 'test/payments/attack/refund.test.ts'],
    simulated: true,
  },
  {
    name: 'create-given-up-on-timeout',
    deed: 'A timeout of create is taken for a failure, and the order for closed.',
    breaks: NO_ANSWER,
    edits: [
      [
        'src/payments/create-payment.ts',
        "if (!ours || todo !== 'send' || !(notSent || refused)) return false;",
        "if (!ours || todo !== 'send') return false;",
      ],
    ],
    caughtBy: ['test/payments/create-payment.test.ts', 'test/payments/attack/create.test.ts'],
    simulated: true,
  },
  {
    name: 'cut-connection-means-not-sent',
    deed: 'Every network error counts as "nothing was sent".',
    breaks: NO_ANSWER,
    edits: [
      [
        'src/providers/gateway-http.ts',
        'throw isSent ? new OutcomeUnknown(why) : new GatewayUnavailable(why);',
        'throw new GatewayUnavailable(why);',
      ],
    ],
    caughtBy: ['test/providers/gateway-http.test.ts'],
  },
  {
    name: 'unsigned-refusal-believed',
    deed: 'A refusal counts as one although nobody has signed it.',
    breaks: NO_ANSWER,
    edits: [
      [
        'src/payments/errors.ts',
        'refused: declined?.proven && !limited ? declined.reason : undefined,',
        'refused: !limited ? declined?.reason : undefined,',
      ],
    ],
    caughtBy: [
      'test/payments/refund-payment.test.ts',
      'test/payments/attack/refund.test.ts',
      'test/payments/create-payment.test.ts',
    ],
    simulated: true,
  },
  {
    name: 'unsigned-absence-believed',
    deed: '"Not found" from a proxy, which nobody has signed, counts as the gateway\'s word.',
    breaks: NO_ANSWER,
    edits: [
      [
        'src/providers/absence.ts',
        "return error instanceof GatewayDeclined && error.proven && error.reason === 'not-exist';",
        "return error instanceof GatewayDeclined && error.reason === 'not-exist';",
      ],
    ],
    caughtBy: ['test/providers/alipay/trade.test.ts', 'test/providers/wechatpay/trade.test.ts'],
  },
  {
    name: 'rate-limit-read-as-refusal',
    deed: '"Too fast" ends a refund like any other refusal.',
    breaks: NO_ANSWER,
    edits: [
      [
        'src/payments/errors.ts',
        "const limited = declined?.reason === 'rate-limited';",
        'const limited = false;',
      ],
    ],
    caughtBy: ['test/payments/attack/refund.test.ts'],
  },
  {
    name: 'alipay-system-error-read-as-refusal',
    deed: "Alipay's own ACQ.SYSTEM_ERROR is passed on as a refusal.",
    breaks: NO_ANSWER,
    edits: [
      [
        'src/providers/alipay/errors.ts',
        "if (verdict === 'system-error' || verdict === 'unrecognised') return new OutcomeUnknown(verdict, requestId);",
        "if (verdict === 'unrecognised') return new OutcomeUnknown(verdict, requestId);",
      ],
    ],
    caughtBy: ['test/providers/alipay/refund.test.ts'],
  },
  {
    name: 'wechatpay-unlisted-code-read-as-refusal',
    deed: 'A code of WeChat Pay that nobody has met counts as a no to a refund.',
    breaks: NO_ANSWER,
    edits: [
      [
        'src/providers/wechatpay/errors.ts',
        'if (meaning === undefined && CHANGES.has(operation)) {',
        'if (meaning === undefined && status >= 500) {',
      ],
    ],
    caughtBy: ['test/providers/wechatpay/errors.test.ts'],
  },
  {
    name: 'douyinpay-unlisted-code-read-as-refusal',
    deed: 'A code of Douyin Pay that nobody has met counts as a no to a refund.',
    breaks: NO_ANSWER,
    edits: [
      [
        'src/providers/douyinpay/errors.ts',
        "if (meaning === undefined && operation === 'refund') {",
        'if (meaning === undefined && code === undefined) {',
      ],
    ],
    caughtBy: ['test/providers/douyinpay/answers.test.ts'],
  },
  {
    name: 'douyinpay-unsigned-refusal-believed',
    deed: 'A refusal by Douyin Pay counts although nobody signed it, as its own client has it.',
    breaks: NO_ANSWER,
    edits: [
      [
        'src/providers/douyinpay/errors.ts',
        'const said = signed && code !== undefined && !limited;',
        'const said = code !== undefined && !limited;',
      ],
    ],
    caughtBy: ['test/providers/douyinpay/answers.test.ts'],
  },
  {
    name: 'backup-host-refusal-believed',
    deed: "A refusal by WeChat Pay's backup host counts although the main host may have done it.",
    breaks: NO_ANSWER,
    edits: [
      [
        'src/providers/v3/exchange.ts',
        'if (isRefused && response.mayBeSecond && changes.has(operation)) {',
        "if (isRefused && response.mayBeSecond && operation === 'close') {",
      ],
    ],
    caughtBy: ['test/providers/wechatpay/backup.test.ts'],
  },
  {
    name: 'refusal-after-lost-answer-frees-the-sum',
    deed: 'A refused re-send of a refund in doubt frees its sum, though the first send may have gone through.',
    breaks: HOLDS,
    edits: [
      [
        'src/payments/refund-payment.ts',
        "const ends = notSent || (refused !== undefined && refused !== 'number-conflict' && todo === 'send');",
        "const ends = notSent || (refused !== undefined && refused !== 'number-conflict');",
      ],
    ],
    caughtBy: ['test/payments/attack/refund.test.ts', 'test/payments/refund-payment.test.ts'],
    simulated: true,
  },
  {
    name: 'refund-in-doubt-blocks-nothing',
    deed: 'A second refund of an order goes out while the first is in doubt.',
    breaks: HOLDS,
    edits: [['src/payments/refund-rules.ts', 'if (inDoubt) throw refundInDoubt(inDoubt);', '']],
    caughtBy: ['test/payments/refund-payment.test.ts', 'test/payments/attack/refund.test.ts'],
    simulated: true,
  },
  {
    name: 'unknown-refund-releases-its-sum',
    deed: 'A refund of unknown outcome holds neither its sum nor its share of a limit or budget.',
    breaks: HOLDS,
    edits: [
      [
        'src/ledger/refund-machine.ts',
        "['UNKNOWN', 'PROCESSING', 'ABNORMAL', 'SUCCESS']",
        "['PROCESSING', 'ABNORMAL', 'SUCCESS']",
      ],
    ],
    caughtBy: ['test/ledger/machines.test.ts', 'test/payments/refund-payment.test.ts'],
    simulated: true,
  },
  {
    name: 'unknown-payment-releases-its-budget',
    deed: 'A payment counts against budgets and limits only once the gateway has answered.',
    breaks: HOLDS,
    edits: [
      [
        'src/ledger/counting.ts',
        "if (countedAt === undefined || state === 'PENDING_APPROVAL' || state === 'DENIED') return false;",
        "if (countedAt === undefined || state === 'PENDING_APPROVAL' || state === 'DENIED' || state === 'UNKNOWN') return false;",
      ],
      [
        'src/ledger/counting.ts',
        "state NOT IN ('PENDING_APPROVAL', 'DENIED') AND",
        "state NOT IN ('PENDING_APPROVAL', 'DENIED', 'UNKNOWN') AND",
      ],
    ],
    caughtBy: ['test/payments/quota/shares.test.ts', 'test/ledger/tallies.test.ts'],
    simulated: true,
  },
  {
    name: 'lagging-replica-believed-of-a-refund',
    deed: 'That a query does not find a refund in doubt is taken for "never happened", and its sum is freed.',
    breaks: NO_ANSWER,
    edits: [
      [
        'src/payments/apply.ts',
        'if (!snapshot.exists) return refund;',
        "if (!snapshot.exists) return book.refunds.move(refund, 'declined', { declinedCode: 'NOT_EXIST' });",
      ],
    ],
    caughtBy: [
      'test/payments/refund-payment.test.ts',
      'test/payments/attack/refund.test.ts',
      'test/payments/settler.test.ts',
    ],
    simulated: true,
  },
  {
    name: 'lagging-replica-believed-of-an-order',
    deed: '"Does not exist" closes an unpaid order at once, though it may still appear.',
    breaks: NO_ANSWER,
    edits: [
      [
        'src/payments/apply.ts',
        'if (isOverdue(order, now) && (!snapshot.exists || !isGivenOut(order))) {',
        'if (!snapshot.exists || (isOverdue(order, now) && !isGivenOut(order))) {',
      ],
    ],
    caughtBy: [
      'test/payments/create-payment.test.ts',
      'test/payments/platforms.test.ts',
      'test/payments/settler.test.ts',
    ],
    simulated: true,
  },
  {
    name: 'refund-sent-again-at-the-first-miss',
    deed: 'The settler sends a refund again the first time a query does not find it.',
    breaks: NO_ANSWER,
    edits: [
      [
        'src/payments/refund-payment.ts',
        "if (refund.asked < 1 || refund.state === 'ABNORMAL' || refund.declinedCode !== undefined) {",
        "if (refund.state === 'ABNORMAL' || refund.declinedCode !== undefined) {",
      ],
    ],
    caughtBy: ['test/payments/settler.test.ts'],
  },
  {
    name: 'create-sent-again-with-a-new-expiry',
    deed: 'A re-send of a lost create is built anew, with the expiry counted from now.',
    breaks: 'A re-send is byte-identical',
    edits: [
      [
        'src/payments/create-payment.ts',
        "credential = await providerOf(till, order).sendPayment(terms, order.plan ?? '', whileOurs(till, order));",
        'const anew = termsOf({ ...order, expiresAt: undefined }, till.clock.now());\n    credential = await providerOf(till, order).sendPayment(terms, providerOf(till, order).planPayment(anew), whileOurs(till, order));',
      ],
    ],
    caughtBy: ['test/payments/create-payment.test.ts', 'test/payments/attack/create.test.ts'],
    simulated: true,
  },
  {
    name: 'absence-from-one-bill-frees-a-refund',
    deed: 'A refund in doubt is freed when the bill of the day it was made on does not have it.',
    breaks: HOLDS,
    edits: [
      [
        'src/payments/absent-refunds.ts',
        'const until = (refund.sentAt ?? now) + DAY_MS;',
        'const until = refund.createdAt;',
      ],
    ],
    caughtBy: ['test/payments/attack/refund.test.ts'],
  },
  {
    name: 'unfinished-bill-frees-a-refund',
    deed: 'A bill of a day that is not over for the gateway counts as complete.',
    breaks: HOLDS,
    edits: [
      [
        'src/payments/absent-refunds.ts',
        "if (!whole || !days.includes(daysOf(until, until)[0] ?? '')) continue;",
        "if (!days.includes(daysOf(until, until)[0] ?? '')) continue;",
      ],
    ],
    caughtBy: ['test/payments/attack/refund.test.ts'],
  },
  {
    name: 'query-failure-told-as-unpaid',
    deed: 'A query that failed is answered with the last known state, as if the gateway had confirmed it.',
    breaks: NO_ANSWER,
    edits: [
      [
        'src/payments/query-payment.ts',
        "if (failed !== undefined && !(isGatewayError(failed) && order.state === 'PAID'))\n    throw unanswered(failed, order);",
        'if (failed !== undefined && !isGatewayError(failed)) throw unanswered(failed, order);',
      ],
    ],
    caughtBy: [
      'test/payments/create-payment.test.ts',
      'test/payments/asking.test.ts',
      'test/payments/platforms.test.ts',
    ],
  },
  {
    name: 'sent-once-more-after-a-sleep',
    deed: 'Where the first connection broke, the same request goes to the backup however long the machine has slept.',
    breaks: 'What is in doubt keeps its sum',
    edits: [
      [
        'src/payments/sending.ts',
        'return current.state === sent.state && isStillOurs(current, sent) && isBeingSent(till, current);',
        'return current.caller === sent.caller;',
      ],
    ],
    caughtBy: ['test/payments/refund-payment.test.ts'],
  },
];
