import type { Bug } from '../bug.ts';

const PROVEN = 'Paid means proven';
const CLOSE = 'A close is told when it is proven';

/** What counts as the gateway's word on our own money. */
export const PROOF: readonly Bug[] = [
  {
    name: 'receipt-of-what-was-asked-for',
    deed: 'A receipt is given for an order, whether it was paid or not.',
    breaks: PROVEN,
    edits: [['src/receipts/claims.ts', "if (order?.state !== 'PAID') return [];", 'if (!order) return [];']],
    caughtBy: ['test/receipts/receipts.test.ts'],
  },
  {
    name: 'receipt-of-an-accepted-refund',
    deed: 'A refund that the gateway has accepted gives a receipt, as if the money had gone.',
    breaks: PROVEN,
    edits: [
      ['src/receipts/claims.ts', "({ state }) => state === 'SUCCESS'", "({ state }) => state !== 'CLOSED'"],
    ],
    caughtBy: ['test/receipts/receipts.test.ts'],
  },
  {
    name: 'amount-unchecked',
    deed: 'An order is paid when the gateway says so, whatever the sum.',
    breaks: PROVEN,
    edits: [
      [
        'src/payments/apply.ts',
        '    (snapshot.amountFen !== undefined && snapshot.amountFen !== order.amountFen) ||\n',
        '',
      ],
    ],
    caughtBy: ['test/notify/routes.test.ts'],
    simulated: true,
  },
  {
    name: 'account-unchecked',
    deed: 'Whose account the money came to is not compared.',
    breaks: PROVEN,
    edits: [['src/payments/apply.ts', '    !isSameAccount(order.account, snapshot.account) ||\n', '']],
    caughtBy: ['test/notify/routes.test.ts'],
  },
  {
    name: 'mark-unchecked',
    deed: "A payment under our number counts as ours although it does not carry our order's mark.",
    breaks: PROVEN,
    edits: [['src/payments/apply.ts', '    (paid && mark !== undefined && snapshot.mark !== mark) ||\n', '']],
    // Of an order that was given out WeChat Pay gives the number to nobody else, so no history gets here.
    caughtBy: ['test/payments/attack/nobody-can-pay.test.ts'],
  },
  {
    name: 'payment-of-what-nobody-could-pay-believed',
    deed: 'A paid trade under the number of an order whose code never reached us is taken for its payment.',
    breaks: PROVEN,
    edits: [['src/payments/apply.ts', '((paid || snapshot.opened === true) && !isGivenOut(order))', 'false']],
    caughtBy: ['test/payments/attack/nobody-can-pay.test.ts', 'test/payments/attack/foreign-number.test.ts'],
    simulated: true,
  },
  {
    name: 'number-not-asked-for-at-the-gateway',
    deed: 'A number that the caller chose is taken without asking whether another system has it.',
    breaks: PROVEN,
    edits: [
      [
        'src/payments/reserve-payment.ts',
        "  if (order.terms.chosen && !provider.timedNumbers && !ready.number) throw new AskFirst('number', order);\n",
        '',
      ],
    ],
    caughtBy: ['test/payments/attack/foreign-number.test.ts', 'test/payments/create-payment.test.ts'],
    simulated: true,
  },
  {
    name: 'foreign-order-adopted-unasked',
    deed: 'An order that the ledger does not know is adopted and refunded although the policy says "query".',
    breaks: 'Numbers that the ledger does not know are refused',
    edits: [
      [
        'src/payments/foreign.ts',
        "if (known || (await foreignOrders(till, call)) !== 'allow') {",
        "if (known || (await foreignOrders(till, call)) === 'refuse') {",
      ],
      [
        'src/payments/foreign.ts',
        "if (allowed !== 'allow') throw orderNotFound();",
        "if (allowed === 'refuse') throw orderNotFound();",
      ],
    ],
    caughtBy: ['test/payments/foreign.test.ts'],
  },
  {
    name: 'late-payment-after-close-lost',
    deed: 'A closed order stays closed when a late payment is proven.',
    breaks: 'A late payment is told',
    edits: [
      [
        'src/ledger/order-machine.ts',
        "CLOSED: { paid: 'PAID', reopened: 'PENDING_APPROVAL' },",
        "CLOSED: { reopened: 'PENDING_APPROVAL' },",
      ],
    ],
    caughtBy: ['test/ledger/machines.test.ts', 'test/payments/attack/proof-after-closed.test.ts'],
    simulated: true,
  },
  {
    name: 'closed-before-its-time',
    deed: 'What the gateway says is not paid yet is closed by the server whether or not its time is over.',
    breaks: CLOSE,
    edits: [
      [
        'src/payments/close-payment.ts',
        '  if (order.closing || !isOver) return order;\n',
        '  if (order.closing || isOver === undefined) return order;\n',
      ],
    ],
    caughtBy: ['test/payments/settler.test.ts'],
  },
  {
    name: 'paid-order-closed-again',
    deed: 'A late "closed" takes the payment back.',
    breaks: 'PAID never leaves PAID',
    edits: [['src/ledger/order-machine.ts', '  PAID: {},', "  PAID: { closed: 'CLOSED' },"]],
    caughtBy: ['test/ledger/machines.test.ts', 'test/payments/foreign.test.ts'],
    simulated: true,
  },
  {
    name: 'success-after-closed-refund-lost',
    deed: 'A refund that was taken for closed stays so when the gateway proves that the money went out.',
    breaks: 'A proof that money went out is never lost',
    edits: [
      [
        'src/ledger/refund-machine.ts',
        "  CLOSED: {\n    reopened: 'PENDING_APPROVAL',\n    ...PROOF,\n  },",
        "  CLOSED: { reopened: 'PENDING_APPROVAL' },",
      ],
    ],
    caughtBy: ['test/ledger/machines.test.ts', 'test/payments/attack/proof-after-closed.test.ts'],
    simulated: true,
  },
  {
    name: 'closed-without-looking',
    deed: 'A close that gets no answer is reported as closed.',
    breaks: CLOSE,
    edits: [
      [
        'src/payments/close-payment.ts',
        '    return closeFailed(errand, intent, error);\n  }',
        '    if (!isGatewayError(error)) return closeFailed(errand, intent, error);\n  }',
      ],
    ],
    caughtBy: ['test/payments/create-payment.test.ts'],
    simulated: true,
  },
  {
    name: 'close-hits-what-may-be-anothers',
    deed: "An Alipay order under a number of the caller's choice is closed without looking whose trade has the number.",
    breaks: CLOSE,
    edits: [
      [
        'src/payments/close-payment.ts',
        'return opensLater === true && terms.chosen === true && gatewayTradeNo === undefined;',
        'return opensLater === true && terms.chosen === true && gatewayTradeNo === "";',
      ],
    ],
    caughtBy: ['test/payments/attack/foreign-number.test.ts', 'test/payments/attack/nobody-can-pay.test.ts'],
  },
  {
    name: 'accepted-refund-is-a-done-one',
    deed: "Alipay's code 10000 counts as success although `fund_change` is not Y.",
    breaks: 'A refund is SUCCESS by proof only',
    edits: [
      [
        'src/providers/alipay/states.ts',
        "['N', 'PROCESSING'],\n  [undefined, 'PROCESSING'],",
        "['N', 'SUCCESS'],\n  [undefined, 'SUCCESS'],",
      ],
    ],
    caughtBy: ['test/providers/alipay/refund.test.ts'],
  },
  {
    name: 'refund-notice-announces-a-payment',
    deed: "Alipay's notification of a refund, whose status is still TRADE_SUCCESS, is read as one of a payment.",
    breaks: PROVEN,
    edits: [
      [
        'src/providers/alipay/notify.ts',
        "if (!isAboutRefund(fields)) return { kind: 'trade', id, trade };",
        "if (isAboutRefund(fields) !== undefined) return { kind: 'trade', id, trade };",
      ],
    ],
    caughtBy: ['test/providers/alipay/notify.test.ts'],
  },
  {
    name: 'refunded-order-called-unpaid',
    deed: 'TRADE_CLOSED of a trade that was paid and refunded is read as "closed unpaid".',
    breaks: PROVEN,
    edits: [
      [
        'src/providers/alipay/states.ts',
        "if (status === 'TRADE_CLOSED') return closedTradeState(fields, paymentDate);",
        "if (status === 'TRADE_CLOSED') return paymentDate === 'gmt_payment' ? closedTradeState(fields, paymentDate) : 'CLOSED';",
      ],
    ],
    caughtBy: ['test/providers/alipay/trade.test.ts'],
  },
  {
    name: 'refunded-elsewhere-not-told',
    deed: 'What the merchant has refunded in the back office is not kept: "deliver", the answer says.',
    breaks: 'What the gateway proves beyond that is told too',
    edits: [
      [
        'src/payments/apply.ts',
        'if (gatewayRefunded === order.gatewayRefunded) return order;',
        'if (order.state) return order;',
      ],
    ],
    caughtBy: ['test/payments/refunded-elsewhere.test.ts'],
  },
  {
    name: 'refund-amount-of-the-answer-unchecked',
    deed: 'A refund is done when the gateway says so, whatever sum it names.',
    breaks: 'A refund is SUCCESS by proof only',
    edits: [
      [
        'src/payments/apply.ts',
        '    snapshot.outRefundNo !== refund.outRefundNo ||\n    (snapshot.refundFen !== undefined && snapshot.refundFen !== refund.amountFen)',
        '    snapshot.outRefundNo !== refund.outRefundNo',
      ],
    ],
    caughtBy: ['test/payments/attack/refund-number.test.ts'],
  },
  {
    name: 'answer-about-another-order-believed',
    deed: "Which order Alipay's signed answer is about is not compared: an old answer replayed by a proxy counts.",
    breaks: PROVEN,
    edits: [
      ['src/providers/alipay/errors.ts', '  if (answer.fields.get(field) !== asked)', "  if (asked === '')"],
      [
        'src/providers/alipay/errors.ts',
        'if (answeredNo !== undefined && outTradeNo !== undefined && answeredNo !== outTradeNo) {',
        "if (answeredNo === '') {",
      ],
    ],
    caughtBy: ['test/providers/alipay/trade.test.ts', 'test/providers/alipay/tampering.test.ts'],
  },
  {
    name: 'unsigned-refusal-of-a-proof-believed',
    deed: "Alipay's no to a proof counts although nobody has signed it.",
    breaks: PROVEN,
    edits: [
      [
        'src/providers/alipay/a2m.ts',
        'if (!(error instanceof GatewayDeclined) || !error.proven)',
        'if (!(error instanceof GatewayDeclined))',
      ],
    ],
    caughtBy: ['test/providers/alipay/a2m.test.ts'],
  },
  {
    name: 'proof-of-nothing-counts-for-the-request',
    deed: 'What Alipay leaves out of its word on a proof is taken from the request, also with real money.',
    breaks: PROVEN,
    edits: [['src/providers/alipay/a2m.ts', "config.realm === 'sandbox' ? billed : undefined", 'billed']],
    caughtBy: ['test/providers/alipay/a2m.test.ts'],
  },
  {
    name: 'call-refunded-by-our-number',
    deed: "A call that a buyer's agent paid is refunded by our number, which Alipay need not know.",
    breaks: 'A refund is SUCCESS by proof only',
    edits: [
      [
        'src/payments/ask-gateway.ts',
        'return isProvenByPayer(order) || refundRules.byGatewayNo ? order.gatewayTradeNo : undefined;',
        'return isProvenByPayer(order) ? undefined : undefined;',
      ],
    ],
    caughtBy: ['test/payments/proven-by-payer.test.ts'],
  },
  {
    name: 'payment-of-another-time',
    deed: 'Where numbers are timed, a payment under the same number that was sent at another time counts.',
    breaks: PROVEN,
    edits: [
      [
        'src/payments/apply.ts',
        '    (snapshot.sentAt !== undefined && snapshot.sentAt !== wholeSecond(order.sentAt ?? 0)) ||\n',
        '',
      ],
    ],
    caughtBy: ['test/payments/timed-numbers.test.ts'],
  },
  {
    name: 'refund-of-another-time',
    deed: 'Where numbers are timed, a refund under the same number that was sent at another time counts.',
    breaks: 'A refund is SUCCESS by proof only',
    edits: [
      [
        'src/payments/apply.ts',
        '      snapshot.sentAt !== timedNumbers?.refundSentAt(plan)) ||\n',
        '      false) ||\n',
      ],
    ],
    caughtBy: ['test/payments/timed-numbers.test.ts'],
  },
  {
    name: 'refund-of-another-time-in-bill',
    deed: 'Where numbers are timed, a bill is clean with another refund in the place of ours.',
    breaks: 'A bill is compared line by line',
    edits: [['src/payments/bill-comparison.ts', ' || isOtherTime(refund, line)', '']],
    caughtBy: ['test/payments/timed-numbers.test.ts'],
  },
  {
    name: 'total-of-a-refund-answer-forgotten',
    deed: 'What the answer to a refund says of all refunds of its order is not kept.',
    breaks: 'What the gateway proves beyond that is told too',
    edits: [
      [
        'src/payments/refund-payment.ts',
        'await applyRefundedTotal(book, await book.orders.again(order), total);',
        'await book.orders.again(order);',
      ],
    ],
    caughtBy: ['test/payments/refunded-elsewhere.test.ts'],
  },
  {
    name: 'timed-refund-planned-anew',
    deed: 'Where numbers are timed, a refund that was taken for lost goes out again with another time, as another refund.',
    breaks: 'A refund is SUCCESS by proof only',
    edits: [['src/payments/reserve-refund.ts', '(provider.timedNumbers && refund.plan) ||', '']],
    caughtBy: ['test/payments/timed-numbers.test.ts'],
  },
];
