import type { Bug } from '../bug.ts';

const ONCE = 'What is paid for is executed once, or paid back';
const CALLS = ['test/payments/paid-calls.test.ts'];
const PROOFS = ['test/payments/paid-calls-proof.test.ts'];
const REDEEM = 'src/payments/paid-calls/redeem.ts';

/** What becomes of a bill that is paid, over HTTP and MCP alike. */
export const PAID_CALLS: readonly Bug[] = [
  {
    name: 'executed-before-the-claim',
    deed: 'The upstream is asked first, and that it was is noted with its result.',
    breaks: ONCE,
    edits: [
      [
        REDEEM,
        "return { todo: 'execute', call: await book.paidCalls.move(call, 'claimed', patch, (to) => ({ to })) };",
        "return { todo: 'execute', call: { ...call, ...patch } };",
      ],
    ],
    caughtBy: CALLS,
    simulated: true,
  },
  {
    name: 'interrupted-call-is-made-again',
    deed: 'What a process that died has begun is begun again by the next one, whatever the price says of that.',
    breaks: ONCE,
    edits: [
      [
        REDEEM,
        "if (!call.repeatable) return oweCall(book, call, 'interrupted', now);",
        "if (call.requestHash === '') return oweCall(book, call, 'interrupted', now);",
      ],
    ],
    caughtBy: CALLS,
    simulated: true,
  },
  {
    name: 'result-stored-after-the-pay-back',
    deed: 'Whoever comes back with a result stores and delivers it, also where its claim is lost.',
    breaks: ONCE,
    edits: [
      [
        REDEEM,
        "const isOurs = call.state === 'EXECUTING' && isStillOurs(call, claimed);",
        "const isOurs = call.state !== 'QUOTED';",
      ],
    ],
    caughtBy: CALLS,
    simulated: true,
  },
  {
    name: 'bill-number-is-enough',
    deed: 'A bill that nobody has paid is executed for who names it.',
    breaks: 'Paid means proven',
    edits: [
      [
        REDEEM,
        "if (call.state === 'QUOTED') return { todo: 'unpaid', call };",
        "if (call.state === 'QUOTED') return execute(till, book, call);",
      ],
      [
        'src/payments/paid-calls/pay.ts',
        'if (now >= (paidAt ?? 0) + refundAfterMs) return',
        'if (now >= (paidAt ?? now) + refundAfterMs) return',
      ],
      [
        'src/ledger/paid-call-machine.ts',
        "QUOTED: { paid: 'PAID' }",
        "QUOTED: { paid: 'PAID', claimed: 'EXECUTING' }",
      ],
    ],
    caughtBy: CALLS,
    simulated: true,
  },
  {
    name: 'second-payment-is-kept',
    deed: 'Whoever pays a bill that is paid already, by another way, or too late, gets nothing for it.',
    breaks: 'The first proven payment pays the bill, and every further one goes back',
    edits: [
      [
        'src/payments/paid-calls/pay.ts',
        "await oweBack(book, order, 'paid-twice', now);",
        "if (order.amountFen !== call.amountFen) await oweBack(book, order, 'paid-twice', now);",
      ],
    ],
    caughtBy: CALLS,
    simulated: true,
  },
  {
    name: 'paid-call-that-nobody-fetches-is-kept',
    deed: 'Only a call whose execution has failed is paid back.',
    breaks: 'What has no stored result in time is paid back',
    edits: [
      [
        'src/ledger/paid-calls.ts',
        'const paid = { paidBy: outTradeNo, paidAt: this.#now, dueAt };',
        'const paid = { paidBy: outTradeNo, paidAt: this.#now, dueAt: dueAt < 0 ? dueAt : undefined };',
      ],
    ],
    caughtBy: CALLS,
    simulated: true,
  },
  {
    name: 'known-trade-redeems-without-its-proof',
    deed: 'Once a trade was proven, its number alone is taken for its proof.',
    breaks: 'Paid means proven',
    edits: [
      [
        'src/payments/paid-calls/prove.ts',
        'if (isProvenByPayer(order) && order.inputHash === keyOf(proof))',
        'if (isProvenByPayer(order))',
      ],
    ],
    caughtBy: PROOFS,
    simulated: true,
  },
  {
    name: 'paid-late-of-a-forgotten-bill',
    deed: 'An unpaid price is forgotten after its time, whether or not an order of it is at a gateway.',
    breaks: ONCE,
    edits: [['src/ledger/paid-calls.ts', "IN ('PAID', 'NOTPAY', 'UNKNOWN'))`;", "IN ('NEVER'))`;"]],
    caughtBy: CALLS,
  },
  {
    name: 'refund-beside-an-execution',
    deed: 'An agent refunds what is being executed.',
    breaks: ONCE,
    edits: [
      [
        'src/payments/refund-rules.ts',
        "if (paidCall?.state !== 'EXECUTING' || paidCall.paidBy !== outTradeNo) return;",
        'if (paidCall !== null) return;',
      ],
    ],
    caughtBy: CALLS,
  },
  {
    name: 'proof-draws-on-no-allowance',
    deed: 'What is paid by proof is not taken out of the allowance.',
    breaks: 'What an allowance holds is the most that its caller can move',
    edits: [['src/payments/paid-calls/prove.ts', '  await drawProven(till, book, GATE, paid);\n', '']],
    caughtBy: PROOFS,
  },
];
