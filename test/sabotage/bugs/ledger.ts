import type { Bug } from '../bug.ts';

const TRAIL = 'The trail finds every edit';

/** The audit trail, and what it proves. */
export const LEDGER: readonly Bug[] = [
  {
    name: 'chain-gap',
    deed: 'A link follows whatever has a higher number, so that a deleted record is not missed.',
    breaks: TRAIL,
    edits: [
      [
        'src/ledger/audit-chain.ts',
        '  if (seq !== before.seq + 1) return undefined;\n',
        '  if (seq <= before.seq) return undefined;\n  if (seq !== before.seq + 1) return link;\n',
      ],
    ],
    caughtBy: ['test/audit/ledger-file.test.ts'],
  },
  {
    name: 'record-skipped-in-the-chain',
    deed: 'A record takes its hash over the one before the last.',
    breaks: TRAIL,
    edits: [
      [
        'src/ledger/sealing.ts',
        'head = { seq: link.seq, hash: linkHash(head.hash, link) };',
        'head = { seq: link.seq, hash: linkHash(chained.at(-2)?.hash ?? head.hash, link) };',
      ],
    ],
    caughtBy: [
      'test/audit/attempt.test.ts',
      'test/audit/tampering.test.ts',
      'test/payments/create-payment.test.ts',
    ],
    simulated: true,
  },
  {
    name: 'refund-number-not-covered',
    deed: 'The hash of a record does not cover the number of its refund.',
    breaks: TRAIL,
    edits: [
      [
        'src/ledger/audit-chain.ts',
        'JSON.stringify([before, seq, at, kind, caller, tool, call, outTradeNo, outRefundNo, detailJson]),',
        'JSON.stringify([before, seq, at, kind, caller, tool, call, outTradeNo, outRefundNo && undefined, detailJson]),',
      ],
      [
        'src/ledger/audit-reader.ts',
        ',${json(outTradeNo)},${json(outRefundNo)},"',
        ',${json(outTradeNo)},null,"',
      ],
    ],
    caughtBy: ['test/audit/tampering.test.ts > what is found is told', 'test/audit/tampering.test.ts'],
  },
  {
    name: 'detail-not-covered',
    deed: 'The hash of a record does not cover what it tells.',
    breaks: TRAIL,
    edits: [
      [
        'src/ledger/audit-chain.ts',
        'JSON.stringify([before, seq, at, kind, caller, tool, call, outTradeNo, outRefundNo, detailJson]),',
        'JSON.stringify([before, seq, at, kind, caller, tool, call, outTradeNo, outRefundNo, detailJson.slice(0, 0)]),',
      ],
      [
        'src/ledger/audit-reader.ts',
        ',"${shape.quoted(values)}"]`',
        ',"${shape.quoted(values).slice(0, 0)}"]`',
      ],
    ],
    caughtBy: ['test/audit/tampering.test.ts > what is found is told', 'test/audit/tampering.test.ts'],
  },
  {
    name: 'cut-off-end-not-missed',
    deed: 'Whether the newest record is the one that was written is not asked.',
    breaks: TRAIL,
    edits: [
      [
        'src/ledger/audit-chain.ts',
        "    if (head.seq > this.#seq) return { look: 'cut-off', seq: next, other: head.seq };\n",
        '',
      ],
    ],
    caughtBy: ['test/audit/tampering.test.ts > what is found is told', 'test/audit/tampering.test.ts'],
  },
  {
    name: 'checkpoint-signature-unchecked',
    deed: 'A checkpoint counts without its signature.',
    breaks: TRAIL,
    edits: [
      [
        'src/ledger/audit-checkpoint.ts',
        "  if (!isSigned(checkpoint)) return 'forged';\n",
        "  if (!isSigned) return 'forged';\n",
      ],
    ],
    caughtBy: ['test/audit/tampering.test.ts > a checkpoint', 'test/audit/tampering.test.ts'],
  },
  {
    name: 'checkpoint-not-held-against-the-trail',
    deed: 'A checkpoint is checked by itself, and not whether the trail still has its record.',
    breaks: TRAIL,
    edits: [
      [
        'src/ledger/audit-checkpoint.ts',
        "return checkpoint.hash === trail.hash ? undefined : 'restamped';",
        'return trail.hash === "" ? "restamped" : undefined;',
      ],
    ],
    caughtBy: ['test/audit/ledger-file.test.ts'],
  },
  {
    name: 'amounts-not-held-against-the-trail',
    deed: 'Whether an order still has the sum that its record tells is not compared.',
    breaks: TRAIL,
    edits: [
      [
        'src/ledger/audit-tables.ts',
        "...['provider', 'scene', 'caller', 'state', 'amount_fen', 'counted_at', 'plan', 'credential_json'],",
        "...['provider', 'scene', 'caller', 'state', 'counted_at', 'plan', 'credential_json'],",
      ],
      [
        'src/ledger/audit-tables.ts',
        "      caller: fact('caller'),\n      amount_fen: fact('amountFen'),",
        "      caller: fact('caller'),",
      ],
    ],
    caughtBy: ['test/audit/ledger-file.test.ts'],
  },
  {
    name: 'unrecorded-row-not-found',
    deed: 'A row that no record tells of is not looked for.',
    breaks: TRAIL,
    edits: [
      [
        'src/ledger/recorded-rows.ts',
        'if (more !== 0) faults.push(...(await this.#unrecorded(tx, more, excused)));',
        'if (more < 0) faults.push(...(await this.#unrecorded(tx, more, excused)));',
      ],
    ],
    caughtBy: ['test/audit/ledger-file.test.ts'],
  },
  {
    name: 'sums-not-recounted',
    deed: 'The sums that limits go by are not held against the rows.',
    breaks: TRAIL,
    edits: [
      [
        'src/ledger/audit-verify.ts',
        'if (!chain && tables.length === 0) tables.push(',
        'if (!chain && tables.length < 0) tables.push(',
      ],
    ],
    caughtBy: ['test/audit/ledger-file.test.ts'],
  },
  {
    name: 'record-left-out',
    deed: 'A state of a refund changes without a record.',
    breaks: TRAIL,
    edits: [
      [
        'src/ledger/refunds.ts',
        '    await this.#history.event(refund, `refund-${event}`, moved);\n',
        "    if (event !== 'success' || !moved) await this.#history.event(refund, `refund-${event}`, moved);\n",
      ],
    ],
    caughtBy: ['test/audit/ledger-file.test.ts'],
    simulated: true,
  },
  {
    name: 'sum-of-a-change-forgotten',
    deed: 'When an order is closed its share of a limit is not taken off before it is counted anew, and the sum is wrong from then on.',
    breaks: 'Sums are what the rows add up to',
    edits: [
      [
        'src/ledger/tallies.ts',
        '    if (before) this.#limit(before, -1);\n',
        "    if (before && !(before.state === 'NOTPAY' && after.state === 'CLOSED')) this.#limit(before, -1);\n",
      ],
    ],
    caughtBy: ['test/ledger/tallies.test.ts'],
    simulated: true,
  },
];
