import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { typedFor } from '../../src/cli/books.ts';
import { speaker } from '../../src/cli/speaker.ts';
import { readConfig } from '../../src/config.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import { openSqliteStore } from '../../src/ledger/sqlite-store.ts';
import { joinByPassword } from '../../src/persons/people.ts';
import { systemPorts, systemRandom } from '../../src/platform/system.ts';
import { cleanEnv, makeHome } from '../journeys/shop.ts';
import { commandHere } from '../support/command-here.ts';
import { cheapGuesses } from '../support/guess-cost.ts';
import { Transcript } from '../support/server-process.ts';

cheapGuesses();

const SECRET = 'correct-horse-battery';
const PASSWORD = 'wang-own-password';
let home: string;
let transcript: Transcript;
beforeEach(async () => {
  home = makeHome();
  transcript = new Transcript();
  await run(['operator', 'set-secret', '--realm', 'simulator'], SECRET);
});
afterEach(() => {
  expect(transcript.leaks([SECRET, PASSWORD])).toEqual([]);
  rmSync(home, { recursive: true, force: true });
});

const run = (args: readonly string[], secret?: string, more: NodeJS.ProcessEnv = {}) =>
  commandHere(args, {
    env: {
      ...cleanEnv(home),
      CASHIER_MODE: 'simulator',
      ...(secret === undefined ? {} : { CASHIER_OPERATOR_SECRET: secret }),
      ...more,
    },
    cwd: join(home, 'cwd'),
    transcript,
  });
async function told(args: readonly string[], secret?: string, more: NodeJS.ProcessEnv = {}) {
  const { code, stdout, stderr } = await run([...args, '--json'], secret, more);
  expect([stderr, code]).toEqual(['', 0]);
  return JSON.parse(stdout);
}
/** Somebody who was invited chooses a password. */
async function accept(code: string): Promise<void> {
  const store = await openSqliteStore(join(home, 'simulator', 'ledger.db'), systemPorts);
  const ledger = await Ledger.open(store, 'simulator', systemPorts);
  try {
    expect(await joinByPassword(ledger, code, PASSWORD, systemRandom)).toBeDefined();
  } finally {
    await ledger.close();
  }
}

describe('operator', () => {
  it('set-secret is named with the realm that it is for: without one it is the live one', async () => {
    const fresh = { CASHIER_HOME: join(home, 'fresh') };
    const settings = await readConfig({ ...cleanEnv(home), ...fresh }, home);
    const say = speaker('en', { program: 'mcp-cashier', spec: undefined, home: undefined });
    expect(typedFor(say, settings)('mcp-cashier operator set-secret')).toBe(
      'mcp-cashier operator set-secret --realm simulator',
    );
    expect(typedFor(say, settings)('mcp-cashier approvals')).toBe('mcp-cashier approvals');
    const add = ['operator', 'add', 'wang', '--role', 'see', '--realm', 'simulator'];
    const { code, stderr } = await run(add, undefined, fresh);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/set-secret .*--realm simulator/)]);
  });

  it('add invites once, list shows, revoke ends; only the secret does', async () => {
    for (const secret of [undefined, 'wrong']) {
      expect((await run(['operator', 'add', '王芳', '--role', 'decide'], secret)).code).toBe(1);
    }
    expect((await run(['operator', 'add', '王芳'], SECRET)).stderr).toContain('--role');
    const added = await told(['operator', 'add', '王芳', '--role', 'decide'], SECRET);
    expect(added).toMatchObject({ name: '王芳', role: 'decide', until: expect.stringMatching(/\+08:00$/) });
    expect(added.code).toMatch(/^(?:[2-9A-HJ-NP-Z]{5}-){4}[2-9A-HJ-NP-Z]{5}$/);
    expect(added.link).toBeUndefined();
    // Until they come, a new invitation takes the place of the old one.
    const again = await told(['operator', 'add', '王芳', '--role', 'rule'], SECRET, {
      CASHIER_OPERATOR_URL: 'https://pay.example/till',
    });
    expect(again.link).toBe(`https://pay.example/till/approvals/join#${again.code}`);
    expect((await told(['operator'])).items).toMatchObject([
      {
        name: '王芳',
        role: 'rule',
        password: false,
        passkeys: [],
        signedIn: 0,
        invitedUntil: expect.anything(),
      },
    ]);
    await accept(again.code);
    const [item] = (await told(['operator', 'list'])).items;
    expect(item).toMatchObject({ password: true });
    expect(item.invitedUntil).toBeUndefined();
    expect((await run(['operator', 'list'])).stdout).toMatch(/王芳 +rule +- +有/);
    expect((await run(['operator', 'add', '王芳', '--role', 'see'], SECRET)).stderr).toContain('已有操作员');
    expect((await run(['operator', 'revoke', '王芳'], PASSWORD)).code).toBe(1);
    expect(await told(['operator', 'revoke', '王芳'], SECRET)).toMatchObject({ name: '王芳', revoked: true });
    expect((await run(['operator', 'revoke', '王芳'], SECRET)).stderr).toContain('没有这个名字');
    expect((await told(['operator'])).items).toEqual([]);
    const { stdout } = await run(['audit', 'verify', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ intact: true });
  });

  it('says to a person where the link leads, and what to do without one', async () => {
    const here = await run(['operator', 'add', 'li', '--role', 'see', '--lang', 'en'], SECRET);
    expect(here.stdout).toContain('approvals page');
    const more = { CASHIER_PUBLIC_URL: 'https://pay.example' };
    const there = await run(['operator', 'add', 'wang', '--role', 'see', '--lang', 'en'], SECRET, more);
    expect(there.stdout).toContain('https://pay.example/approvals/join#');
  });
});

describe('set-secret', () => {
  it('makes no ledger where no secret came of it, beside which no simulator would start by itself', async () => {
    const live = { CASHIER_MODE: '' };
    for (const secret of [undefined, 'short']) {
      expect((await run(['operator', 'set-secret'], secret, live)).code).toBe(1);
      expect(existsSync(join(home, 'live', 'ledger.db'))).toBe(false);
    }
    expect((await run(['operator', 'set-secret'], SECRET, live)).stdout).toContain(
      join(home, 'live', 'ledger.db'),
    );
    expect(existsSync(join(home, 'live', 'ledger.db'))).toBe(true);
  });
});

describe('--as', () => {
  it('does what that person may, by their password and under their name', async () => {
    const { code } = await told(['operator', 'add', 'wang', '--role', 'rule'], SECRET);
    const budget = ['budget', 'top-up', 'cursor', '20', '--as', 'wang'];
    expect((await run(budget, PASSWORD)).code).toBe(1);
    await accept(code);
    expect((await run(budget, SECRET)).code).toBe(1);
    await told(budget, PASSWORD);
    const [{ moves }] = (await told(['budget'])).items;
    expect(moves).toMatchObject([{ by: 'wang', amountYuan: '20.00' }]);
    await told(['freeze']);
    await told(['unfreeze', '--as', 'Wang'], PASSWORD);
    const trail = await run(['audit', 'export']);
    const records = trail.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(records.filter(({ caller }) => caller === 'operator:wang').map(({ kind }) => kind)).toEqual([
      'operator-joined',
      'budget-topped-up',
      'operator-unfroze',
    ]);
    await told(['operator', 'revoke', 'wang'], SECRET);
    expect((await run(budget, PASSWORD)).code).toBe(1);
  });

  it('does not what their role may not', async () => {
    const { code } = await told(['operator', 'add', 'wang', '--role', 'decide'], SECRET);
    await accept(code);
    for (const args of [
      ['budget', 'top-up', 'cursor', '20'],
      ['unfreeze'],
      ['policy', 'accept'],
      ['orders', 'release', 'ORDER_000001'],
    ]) {
      await told(['freeze']);
      const { code: status, stderr } = await run([...args, '--as', 'wang'], PASSWORD);
      expect([args[0], status, stderr]).toEqual([
        args[0],
        1,
        expect.stringContaining('wang 的权限（decide）不允许'),
      ]);
    }
    const trail = (await run(['audit', 'export'])).stdout.trim().split('\n');
    const refused = trail.map((line) => JSON.parse(line)).filter(({ kind }) => kind === 'result');
    expect(refused).toMatchObject(
      [
        ['budget top-up', 'budget'],
        ['unfreeze', 'freeze'],
        ['policy accept', 'policy'],
        ['orders', 'release'],
      ].map(([tool, deed]) => ({
        ...{ caller: 'operator:wang', tool },
        detail: { code: 'CONFIGURATION', deed, role: 'decide' },
      })),
    );
    const shown = await run(['audit', 'show', 'ORDER_000001', '--lang', 'en']);
    expect(shown.stdout).toMatch(/operator:wang · orders +refused CONFIGURATION.*deed release, role decide/);
    expect((await run(['audit', 'verify'])).code).toBe(0);
  });
});
