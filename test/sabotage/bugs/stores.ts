import type { Bug } from '../bug.ts';

const WHOLE = 'A transaction stands as a whole or not at all';
const BESIDE = 'Who relies on the same thing waits';

/** SQLite and PostgreSQL: locks, commits in doubt, savepoints. */
export const STORES: readonly Bug[] = [
  {
    name: 'sqlite-savepoint-undo-forgotten',
    deed: 'Of several that share a commit one fails, and what it had written stays.',
    breaks: WHOLE,
    edits: [
      [
        'src/ledger/sqlite-store.ts',
        "      db.exec('ROLLBACK TO job; RELEASE job');",
        "      db.exec('RELEASE job');",
      ],
    ],
    caughtBy: ['test/ledger/sqlite-store.test.ts'],
    simulated: true,
  },
  {
    name: 'sqlite-begins-deferred',
    deed: 'A write begins with BEGIN, reads, and finds the file changed when it wants to write.',
    breaks: WHOLE,
    edits: [
      [
        'src/ledger/sqlite-store.ts',
        "start(kind === 'write' ? 'BEGIN IMMEDIATE' : 'BEGIN')",
        "start(kind === 'write' ? 'BEGIN' : 'BEGIN')",
      ],
    ],
    caughtBy: [
      'test/ledger/store.test.ts',
      'test/ledger/sqlite-store.test.ts',
      'test/payments/quota/two-processes.test.ts',
    ],
  },
  {
    name: 'sqlite-does-not-wait-for-the-disk',
    deed: 'A commit is not waited for until it is on the disk.',
    breaks: 'What was acknowledged survives a power cut',
    edits: [
      [
        'src/ledger/sqlite-store.ts',
        'PRAGMA synchronous = FULL; PRAGMA foreign_keys',
        'PRAGMA synchronous = NORMAL; PRAGMA foreign_keys',
      ],
      [
        'src/ledger/sqlite-store.ts',
        "      if (isNote && db.isOpen) db.exec('PRAGMA synchronous = FULL');\n",
        '',
      ],
    ],
    caughtBy: ['test/ledger/sqlite-store.test.ts'],
    simulated: true,
  },
  {
    name: 'note-takes-a-write-along',
    deed: 'A write that shares a commit with notes is not waited for either.',
    breaks: 'What was acknowledged survives a power cut',
    // It is call records alone that may share a commit with notes, and no client is told what they say.
    edits: [['src/ledger/turns.ts', '          (notes && !job.isNote) ||\n', '']],
    caughtBy: ['test/ledger/sqlite-store.test.ts'],
  },
  {
    name: 'postgres-told-before-commit',
    deed: 'On PostgreSQL, whoever asked for a write is answered before the commit.',
    breaks: 'Fact before client',
    edits: [
      [
        'src/ledger/postgres-transaction.ts',
        '    if (done) told.push(done);',
        '    if (done) {\n      done();\n      told.push(() => undefined);\n    }',
      ],
    ],
    caughtBy: ['test/ledger/postgres-store.test.ts'],
  },
  {
    name: 'postgres-lock-by-key-left-out',
    deed: 'On PostgreSQL, the key of a limit that is read is not locked.',
    breaks: BESIDE,
    edits: [
      [
        'src/ledger/postgres-transaction.ts',
        '    if (this.holds(key)) return;\n',
        "    if (this.holds(key) || key.startsWith('limit ')) return;\n",
      ],
    ],
    caughtBy: ['test/payments/quota/shares.test.ts > calls of two processes'],
  },
  {
    name: 'postgres-waits-for-a-second-key',
    deed: 'On PostgreSQL, who has a key already waits for another, and two wait for each other.',
    breaks: BESIDE,
    edits: [
      [
        'src/ledger/postgres-transaction.ts',
        '    locks.isPatient = told.length + again.length === 0;\n',
        '    locks.isPatient = true;\n',
      ],
    ],
    caughtBy: ['test/ledger/beside.test.ts'],
  },
  {
    name: 'postgres-savepoint-undo-forgotten',
    deed: 'On PostgreSQL, one of several that share a commit fails, and what it had written stays.',
    breaks: WHOLE,
    edits: [
      [
        'src/ledger/postgres-transaction.ts',
        "    await client.query('ROLLBACK TO job');\n",
        "    await client.query('RELEASE job; SAVEPOINT job');\n",
      ],
    ],
    caughtBy: ['test/ledger/store.test.ts'],
  },
  {
    name: 'postgres-undone-locks-kept-in-mind',
    deed: 'On PostgreSQL, a key that was let go with a savepoint is believed to be held.',
    breaks: BESIDE,
    edits: [['src/ledger/postgres-transaction.ts', '    locks.held = before;\n', '']],
    caughtBy: ['test/ledger/beside.test.ts'],
  },
  {
    name: 'postgres-commit-in-doubt-taken-as-failed',
    deed: 'A COMMIT whose answer is lost is made again, and stands twice.',
    breaks: WHOLE,
    edits: [['src/ledger/postgres-store.ts', 'if (!(await stands(numbered))) throw error;', 'throw error;']],
    caughtBy: ['test/ledger/postgres-store.test.ts'],
  },
  {
    name: 'postgres-commit-in-doubt-taken-as-done',
    deed: 'A COMMIT that was lost on its way is taken for done.',
    breaks: WHOLE,
    edits: [['src/ledger/postgres-store.ts', 'if (!(await stands(numbered))) throw error;', '']],
    caughtBy: ['test/ledger/postgres-store.test.ts'],
  },
  {
    name: 'postgres-commit-not-durable',
    deed: 'A database whose default is asynchronous commits keeps that for money.',
    breaks: 'What was acknowledged survives a power cut',
    edits: [
      [
        'src/ledger/postgres-store.ts',
        'line.isNote ? MAY_BE_UNDONE : DURABLE',
        'line.isNote ? MAY_BE_UNDONE : "SELECT 1"',
      ],
    ],
    caughtBy: ['test/ledger/postgres-store.test.ts'],
  },
  {
    name: 'approvals-written-beside-others',
    deed: 'The table of approvals is added to those that are written side by side.',
    breaks: BESIDE,
    edits: [
      [
        'src/ledger/beside.ts',
        "'budget_draws', 'sessions']",
        "'budget_draws', 'sessions', 'approvals', 'meta']",
      ],
    ],
    caughtBy: ['test/ledger/beside.test.ts > nobody'],
  },
  {
    name: 'order-written-without-its-key',
    deed: 'An order is written beside others although its key is not held.',
    breaks: BESIDE,
    edits: [
      [
        'src/ledger/orders.ts',
        '    if (!this.#tx.holds(orderKey(order.outTradeNo))) await this.#tx.alone();\n',
        '',
      ],
    ],
    caughtBy: ['test/ledger/beside.test.ts > nobody'],
  },
  {
    name: 'record-number-twice',
    deed: 'On PostgreSQL, records are numbered without the key under which they are written.',
    breaks: BESIDE,
    edits: [
      [
        'src/ledger/sealing.ts',
        '    await tx.lock(RECORDS);\n',
        '    if (!RECORDS) await tx.lock(RECORDS);\n',
      ],
    ],
    caughtBy: ['test/payments/quota/shares.test.ts > calls of two processes'],
  },
];
