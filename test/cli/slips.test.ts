import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { cleanEnv, makeHome } from '../journeys/shop.ts';
import { commandHere } from '../support/command-here.ts';
import { cheapGuesses } from '../support/guess-cost.ts';
import { Transcript } from '../support/server-process.ts';

cheapGuesses();

let home: string;
const run = (...args: readonly string[]) =>
  commandHere([...args, '--lang', 'en'], {
    env: { ...cleanEnv(home), CASHIER_MODE: 'simulator', CASHIER_OPERATOR_SECRET: 'correct-horse-battery' },
    cwd: join(home, 'cwd'),
    transcript: new Transcript(),
  });
beforeEach(async () => {
  home = makeHome();
  await run('operator', 'set-secret');
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

it.each([
  ['orders', 'release', 'NOPE_001'],
  ['orders', 'refund', 'NOPE_001', '1'],
  ['ledger', 'forget', 'NOPE_001'],
  ['receipts', 'show', 'NOPE_001'],
])('%s %s says of a mistyped number what is so, and names a command, not a tool', async (...args) => {
  const { code, stderr } = await run(...args);
  expect([stderr.replace(/ --home \S+?(?=\.\n)/, ''), code]).toEqual([
    'mcp-cashier: The ledger has no order of this number; nothing was done. See mcp-cashier orders.\n',
    1,
  ]);
});

it.each([['orders'], ['audit', 'export']])('%s takes no days that end before they begin', async (...args) => {
  const { code, stderr } = await run(...args, '--from', '2026-11-21', '--to', '2026-11-20');
  expect([stderr, code]).toEqual([expect.stringContaining('--from is after --to'), 1]);
});
