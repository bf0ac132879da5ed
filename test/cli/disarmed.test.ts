import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { disarmed } from '../../src/cli/disarmed.ts';
import { safeJson } from '../../src/cli/terminal.ts';
import { cleanEnv, makeHome } from '../journeys/shop.ts';
import { runCommand, Transcript } from '../support/server-process.ts';

/** Clears the screen, sets the window's title, rubs out a line, and turns the rest around. */
const ACTS = 'a\u001b[2J\u001b]0;owned\u0007\u009b1A\r\u202eb';

let home: string;
let cwd: string;
beforeEach(() => {
  home = makeHome();
  cwd = join(home, 'cwd');
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const run = (args: readonly string[], env: Record<string, string> = {}) =>
  runCommand(args, { env: { ...cleanEnv(home), ...env }, cwd, transcript: new Transcript() });

it('leaves lines, tabs and words as they are', () => {
  const words = 'é 中文 “—” \t👍🏽\n';
  expect(disarmed(words)).toBe(words);
  expect(disarmed(ACTS)).toBe('a?[2J?]0;owned??1A??b');
});

it.each<[string, readonly string[], Record<string, string>]>([
  ['a ledger that the home names', ['freeze'], {}],
  ['the same, in JSON', ['freeze', '--json'], {}],
  ['a ledger that is named', ['orders', '--ledger', `/nowhere/${ACTS}`], {}],
  ['an option', ['orders', `--${ACTS}`], {}],
  ['a command', [ACTS], {}],
  ['a setting', ['http'], { CASHIER_ALLOWED_HOSTS: ACTS }],
  ['a public address', ['http'], { CASHIER_PUBLIC_URL: `https://${ACTS}.example` }],
  ['a setting that doctor tells of', ['doctor'], { CASHIER_POLICY: `/nowhere/${ACTS}` }],
  ['a file of the folder it is run in', ['init', 'vscode'], {}],
])('nothing acts on the terminal that comes from outside: %s', async (_, args, env) => {
  writeFileSync(join(home, 'ledgers.json'), JSON.stringify({ version: 1, ledgers: [`/nowhere/${ACTS}`] }));
  mkdirSync(join(cwd, '.vscode'));
  const mine = { servers: { 'mcp-cashier': { command: ACTS, args: [] } } };
  writeFileSync(join(cwd, '.vscode', 'mcp.json'), JSON.stringify(mine));
  const { stdout, stderr } = await run(args, env);
  expect(`${stdout}${stderr}`).not.toBe('');
  expect(`${stdout}${stderr}`).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/);
});

it('JSON at a terminal is the same JSON, and nothing in it acts on the terminal', () => {
  const hostile = { client: '\u009b2J\u001b[2J \u202e evil \u2028', title: '菜谱' };
  const text = safeJson(hostile);
  expect(JSON.parse(text)).toEqual(hostile);
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e]/);
  expect(text).toContain('菜谱');
});
