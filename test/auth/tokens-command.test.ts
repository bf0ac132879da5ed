import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cleanEnv, makeHome } from '../journeys/shop.ts';
import { commandHere } from '../support/command-here.ts';
import { type Env, Transcript } from '../support/server-process.ts';

let home: string;
let file: string;
beforeEach(() => {
  home = makeHome();
  file = join(home, 'secrets', 'tokens.json');
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const tokens = (args: readonly string[], env: Env = { CASHIER_TOKENS_FILE: file }) =>
  commandHere(['tokens', ...args], {
    env: { ...cleanEnv(home), ...env },
    cwd: join(home, 'cwd'),
    transcript: new Transcript(),
  });
const kept = (path = file) => JSON.parse(readFileSync(path, 'utf8')) as { tokens: Record<string, unknown>[] };

describe('tokens add', () => {
  it('prints the token once and keeps its hash, for the owner only', async () => {
    const { code, stdout } = await tokens([
      'add',
      'cursor',
      '--tools',
      'query-payment',
      '--orders',
      'all',
      '--json',
    ]);
    expect(code).toBe(0);
    const { token, ...shown } = JSON.parse(stdout) as { token: string };
    expect(shown).toMatchObject({ name: 'cursor', tools: ['query-payment'], orders: 'all', file });
    expect(JSON.stringify(shown)).not.toContain('sha256');
    expect(kept().tokens).toEqual([
      {
        name: 'cursor',
        sha256: createHash('sha256').update(token).digest('hex'),
        tools: ['query-payment'],
        orders: 'all',
        createdAt: expect.stringMatching(/\+08:00$/),
      },
    ]);
    expect(readFileSync(file, 'utf8')).not.toContain(token);
    if (process.platform !== 'win32') expect(statSync(file).mode & 0o777).toBe(0o600);
    const listed = await tokens(['list', '--json']);
    expect(JSON.parse(listed.stdout)).toMatchObject([{ name: 'cursor', orders: 'all' }]);
    expect(listed.stdout).not.toContain(token);
  });

  it.each([
    ['metrics', ['metrics']],
    ['metrics,query-payment, metrics', ['query-payment', 'metrics']],
  ])('knows the right to read metrics beside the tools: %s', async (wanted, tools) => {
    const { stdout } = await tokens(['add', 'prometheus', '--tools', wanted, '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ tools });
    expect(kept().tokens).toMatchObject([{ tools }]);
    const { code, stderr } = await tokens(['add', 'other', '--tools', 'metric']);
    expect(code).toBe(1);
    expect(stderr).toContain(', metrics');
  });

  it('says to a person what to do with it', async () => {
    const { stdout } = await tokens(['add', 'cline']);
    const token = /mcpc_\S{43}/.exec(stdout)?.[0] ?? '';
    expect(stdout).toContain(`Authorization: Bearer ${token}`);
    expect(stdout).toContain(file);
    const list = (await tokens([])).stdout;
    expect(list).toContain('cline');
    expect(list).not.toContain(token);
  });

  it('uses the data folder where no file is named', async () => {
    expect((await tokens(['add', 'a'], {})).code).toBe(0);
    expect(kept(join(home, 'tokens.json')).tokens).toHaveLength(1);
  });

  it.each([
    [['add']],
    [['add', 'bad name']],
    [['add', '../x']],
    [['add', 'a', 'b']],
    [['add', 'a', '--orders', 'none']],
    [['add', 'a', '--tools', 'send-money']],
    [['add', 'a', '--sudo']],
    [['revoke']],
    [['revoke', 'nobody']],
    [['steal']],
  ])('refuses %j in two languages, and changes nothing', async (args) => {
    const { code, stdout, stderr } = await tokens(args);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr.trim().split('\n')).toHaveLength(2);
    expect(existsSync(file)).toBe(false);
  });

  it('refuses a name that is taken', async () => {
    await tokens(['add', 'a']);
    const before = readFileSync(file, 'utf8');
    expect(await tokens(['add', 'a'])).toMatchObject({ code: 1 });
    expect(readFileSync(file, 'utf8')).toBe(before);
  });
});

it('loses nothing when several are added at the same time', async () => {
  mkdirSync(join(home, 'secrets'));
  const names = Array.from({ length: 6 }, (_, i) => `agent-${i}`);
  const results = await Promise.all(names.map((name) => tokens(['add', name])));
  const done = names.filter((_, i) => results[i]?.code === 0);
  expect(done.length).toBeGreaterThan(0);
  expect(new Set(kept().tokens.map(({ name }) => name))).toEqual(new Set(done));
});

it('tokens revoke takes one away', async () => {
  await tokens(['add', 'a']);
  await tokens(['add', 'b']);
  expect(await tokens(['revoke', 'a'])).toMatchObject({ code: 0 });
  expect(kept().tokens.map(({ name }) => name)).toEqual(['b']);
});
