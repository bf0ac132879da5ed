import type { Bug } from '../bug.ts';

const INTENT_FIRST = 'Intent before gateway';
const FACT_FIRST = 'Fact before client';

/** What is sent before it is intended, and what is told before it stands. */
export const INTENT: readonly Bug[] = [
  {
    name: 'create-sent-before-intent',
    deed: 'The order is made at the gateway inside the transaction that stores it, "so that we only store what exists".',
    breaks: INTENT_FIRST,
    edits: [
      [
        'src/payments/reserve-payment.ts',
        "  const sent = await book.orders.move(\n    order,\n    'sent',",
        "  await provider.sendPayment(terms, provider.planPayment(terms));\n  const sent = await book.orders.move(\n    order,\n    'sent',",
      ],
    ],
    caughtBy: ['test/payments/create-payment.test.ts', 'test/audit/attempt.test.ts'],
    simulated: true,
  },
  {
    name: 'refund-sent-before-intent',
    deed: 'The refund is sent inside the transaction that stores it.',
    breaks: INTENT_FIRST,
    edits: [
      [
        'src/payments/reserve-refund.ts',
        "  const sent = await book.refunds.move(\n    refund,\n    'sent',",
        "  const early = termsOf(order, refund, provider, now);\n  await provider.sendRefund(early, provider.planRefund(early));\n  const sent = await book.refunds.move(\n    refund,\n    'sent',",
      ],
    ],
    caughtBy: ['test/payments/refund-payment.test.ts'],
    simulated: true,
  },
  {
    name: 'close-sent-without-intent',
    deed: 'A close goes out without a record that it was wanted.',
    breaks: INTENT_FIRST,
    edits: [
      [
        'src/payments/close-payment.ts',
        "  await book.event(known, 'close-intended', {});\n  return { order: await book.orders.patch(known, { closing: true }), send: true, intended };",
        '  return { order: known, send: true, intended };',
      ],
    ],
    caughtBy: ['test/payments/create-payment.test.ts'],
    simulated: true,
  },
  {
    name: 'run-out-closed-without-intent',
    deed: 'The server closes what nobody has paid in time, and the trail does not say that it wanted to.',
    breaks: INTENT_FIRST,
    edits: [['src/payments/close-payment.ts', "    await book.event(current, 'close-intended', {});\n", '']],
    caughtBy: ['test/payments/settler.test.ts'],
    simulated: true,
  },
  {
    name: 'call-not-on-record-before-question',
    deed: 'The record of a call is written with its result, so a question goes out before the call is on record.',
    breaks: INTENT_FIRST,
    edits: [
      [
        'src/ledger/ledger.ts',
        'if (this.#opening !== undefined) await this.#inTurn(() => this.#commit(async () => undefined, true));',
        'return;',
      ],
    ],
    caughtBy: ['test/audit/attempt.test.ts'],
  },
  {
    name: 'told-before-commit',
    deed: 'Whoever asked for a write is answered as soon as its statements ran, and the commit comes after.',
    breaks: FACT_FIRST,
    edits: [
      [
        'src/ledger/sqlite-store.ts',
        'told.push(jobs.length === 1 ? await job.run(tx) : await apart(job, tx));',
        '(jobs.length === 1 ? await job.run(tx) : await apart(job, tx))();\n        told.push(() => undefined);',
      ],
    ],
    caughtBy: ['test/ledger/sqlite-store.test.ts'],
    simulated: true,
  },
  {
    name: 'notification-acknowledged-before-commit',
    deed: 'A notification is answered at once and taken in afterwards, "because the gateway wants a quick answer".',
    breaks: FACT_FIRST,
    edits: [
      [
        'src/payments/apply-notify.ts',
        'const outcome = await ledger.write((book) => apply(till, book, provider, verified));',
        "void ledger.write((book) => apply(till, book, provider, verified)).catch(() => undefined);\n  const outcome = 'applied' as NotifyOutcome;",
      ],
    ],
    caughtBy: ['test/notify/routes.test.ts'],
    simulated: true,
  },
  {
    name: 'news-before-commit',
    deed: 'Listeners hear of an order inside the transaction that changes it.',
    breaks: FACT_FIRST,
    edits: [
      [
        'src/ledger/ledger.ts',
        '        book.end();\n        return { book, result };',
        '        book.end();\n        this.#news.committed(book);\n        return { book, result };',
      ],
      [
        'src/ledger/ledger.ts',
        '      this.#opening = undefined;\n      this.#news.committed(book);',
        '      this.#opening = undefined;',
      ],
      [
        'src/ledger/news.ts',
        'if (span === undefined || !this.#following) return;',
        'if (!this.#following) return;',
      ],
      [
        'src/ledger/news.ts',
        '    if (span.after === this.#seen) this.#seen = span.last;\n    else this.#own.push(span);',
        '    if (span?.after === this.#seen && span) this.#seen = span.last;\n    else if (span) this.#own.push(span);',
      ],
    ],
    caughtBy: ['test/ledger/news.test.ts', 'test/resources/order-news.test.ts'],
  },
  {
    name: 'news-of-others-missed',
    deed: 'After a look at the ledger only the newest record is remembered, and what another process committed before our own is skipped.',
    breaks: 'Events are told at least once',
    edits: [
      [
        'src/ledger/news.ts',
        'if (span.after === this.#seen) this.#seen = span.last;',
        'if (this.#seen !== undefined) this.#seen = span.last;',
      ],
    ],
    caughtBy: ['test/ledger/news.test.ts'],
  },
];
