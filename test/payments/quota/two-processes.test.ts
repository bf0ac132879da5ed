import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fen } from '../../../src/domain/money.ts';
import { miscounted } from '../../../src/ledger/recount.ts';
import { openSqliteStore } from '../../../src/ledger/sqlite-store.ts';
import { systemClock, systemRandom } from '../../../src/platform/system.ts';
import type { Policy } from '../../../src/policy/policy.ts';
import { withinOneDay } from '../../support/one-day.ts';
import { seeded } from '../../support/virtual-time.ts';
import type { Done, Work } from './reserving-worker.ts';

withinOneDay();

const ports = { clock: systemClock, randomBytes: systemRandom };
const PROCESSES = 2;
const CALLS = 1_000;
let folder: string;
let program: string;
let ledgers = 0;
let children: ChildProcess[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cashier-two-'));
  program = join(folder, 'worker.mjs');
  await build({
    entryPoints: [fileURLToPath(new URL('reserving-worker.ts', import.meta.url))],
    outfile: program,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    logLevel: 'warning',
    plugins: [
      {
        name: 'native modules stay where they are',
        setup: (it) =>
          it.onResolve({ filter: /^@photostructure\/sqlite$/ }, ({ path }) => ({
            path: pathToFileURL(fileURLToPath(import.meta.resolve(path))).href,
            external: true,
          })),
      },
    ],
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(async () => {
  const ledger = join(folder, `${++ledgers}.db`);
  children = Array.from({ length: PROCESSES }, () => fork(program, [ledger], { execArgv: [] }));
  await Promise.all(children.map((child) => once(child, 'message')));
});
afterEach(() => {
  for (const child of children) child.disconnect();
});

/** All these payments at once, spread over the processes. */
async function storm(policy: Policy, amounts: readonly number[]): Promise<Done> {
  const done = await Promise.all(
    children.map(async (child, index) => {
      const work: Work = { policy, amounts: amounts.filter((_, n) => n % PROCESSES === index) };
      const answer = once(child, 'message');
      child.send(work);
      return ((await answer) as [Done])[0];
    }),
  );
  for (const { sent, denied } of done) expect(sent.length + denied.length).toBe(CALLS / PROCESSES);
  return {
    sent: done.flatMap(({ sent }) => sent),
    denied: done.flatMap(({ denied }) => denied),
    errors: done.flatMap(({ errors }) => errors),
  };
}

const sum = (amounts: readonly number[]) => amounts.reduce((total, amount) => total + amount, 0);
const random = seeded(7);

describe(`${CALLS} reservations at once, over ${PROCESSES} processes on one ledger`, () => {
  it.each<[string, Policy['payments'], () => number, { count?: number; fen?: number }]>([
    ['a number of calls', { perDay: { count: 250 } }, () => 100, { count: 250 }],
    ['a sum that the amounts divide', { perDay: { totalFen: fen(100_000) } }, () => 500, { fen: 100_000 }],
    ['a sum that they do not divide', { perDay: { totalFen: fen(100_000) } }, () => 700, { fen: 99_400 }],
    [
      'a sum of mixed amounts, of which the smallest fill it up',
      { perDay: { totalFen: fen(20_000) } },
      () => (random() < 0.5 ? 1 : 100 + Math.floor(random() * 900)),
      { fen: 20_000 },
    ],
  ])('end exactly at %s', async (_, payments, amount, limit) => {
    const { sent, denied, errors } = await storm(
      { payments, refunds: {} },
      Array.from({ length: CALLS }, amount),
    );
    expect(errors).toEqual([]);
    expect(sent.length + denied.length).toBe(CALLS);
    const store = await openSqliteStore(join(folder, `${ledgers}.db`), ports);
    expect(await store.read(miscounted)).toEqual([]);
    await store.close();
    if (limit.count !== undefined) expect(sent).toHaveLength(limit.count);
    if (limit.fen !== undefined) expect(sum(sent)).toBe(limit.fen);
  });
});
