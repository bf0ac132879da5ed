import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { commandNamed, readArguments } from '../../src/cli/arguments.ts';
import type { Command } from '../../src/cli/command.ts';
import { printHelp } from '../../src/cli/help.ts';
import { invocationOf, runnable } from '../../src/cli/invocation.ts';
import { speaker } from '../../src/cli/speaker.ts';
import type { Use } from '../../src/cli/use.ts';
import { type CommandName, USES } from '../../src/cli/uses.ts';
import { csvCell, sheetCell } from '../../src/domain/csv.ts';
import { CashierError } from '../../src/domain/errors.ts';
import { commandContext } from '../support/command-context.ts';
import { commandHere } from '../support/command-here.ts';
import { freePort } from '../support/free-port.mjs';
import { lendKeys } from '../support/lent-keys.ts';
import { type CommandResult, type Env, MAIN, runCommand, Transcript } from '../support/server-process.ts';

let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'arguments-'));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));
const env = () => ({ PATH: process.env.PATH ?? '', HOME: home });
const run = (args: readonly string[], more: Env = {}, by = runCommand): Promise<CommandResult> =>
  by(args, { env: { ...env(), ...more }, cwd: home, transcript: new Transcript() });
const NAMES = Object.keys(USES) as CommandName[];

describe('help and version', () => {
  it('are had of every command, in the language that is asked for', async () => {
    for (const name of NAMES) {
      const said: string[] = [];
      const out = vi.spyOn(process.stdout, 'write').mockImplementation((text) => said.push(String(text)) > 0);
      printHelp(name, speaker('en'));
      out.mockRestore();
      const use: Use = USES[name];
      expect(said.join('')).toContain(use.does.en);
      expect(said.join('')).not.toMatch(/[\u4e00-\u9fff]/);
      for (const { options = {} } of Object.values(use.actions)) {
        for (const option of Object.keys(options)) expect(said.join('')).toContain(`--${option}`);
      }
    }
  });

  it('are had wherever the option stands, even where the configuration is broken, and nothing is touched', async () => {
    const broken = { CASHIER_HOME: 'relative', CASHIER_MODE: 'nonsense', CASHIER_LANG: 'en' };
    const asked = [
      ['orders', '--help'],
      ['orders', '-h'],
      ['help', 'orders'],
      ['--help', 'orders'],
    ];
    const [first, ...others] = await Promise.all(asked.map((args) => run(args, broken, commandHere)));
    expect(first).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringContaining(USES.orders.does.en),
    });
    for (const other of others) expect(other).toEqual(first);
    expect((await run(['orders', '--help', '--lang', 'zh'], broken, commandHere)).stdout).toContain(
      USES.orders.does.zh,
    );
    for (const args of [['--version'], ['-v'], ['freeze', '-v'], ['alipay', '--version'], ['stdio', '-v']]) {
      const { code, stdout } = await run(args, broken);
      expect([code, stdout]).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+\n$/)]);
    }
    for (const args of [['--help'], ['help']]) {
      const { code, stdout } = await run(args, broken);
      expect(code).toBe(0);
      for (const name of NAMES) expect(stdout).toContain(`  ${name} `);
    }
    expect(readdirSync(home)).toEqual([]);
  });
});

/** What people get wrong, and the word that must stand in the one sentence. */
const WRONG: readonly (readonly [line: string, word: string])[] = [
  ['ordres', 'orders'],
  ['refund', 'approvals'],
  ['unfreez', 'unfreeze'],
  ['toString', '--help'],
  ['__proto__', '--help'],
  ['--port 1', 'help'],
  ['help ordres', 'orders'],
  ['orders --limit abc', '--limit'],
  ['orders --limit 0', '--limit'],
  ['orders --limit 1e3', '--limit'],
  ['orders --limit', '--limit N'],
  ['orders --limit --json', '--limit N'],
  ['orders C123', '--search C123'],
  ['orders show C123', 'audit show C123'],
  ['orders --jsno', '--json'],
  ['orders --stat PAID', '--state'],
  ['orders --limt 3', '--limit'],
  ['subscriptions --stat ACTIVE', '--state'],
  ['audit export --frmt csv', '--format'],
  ['orders --json=yes', '--json'],
  ['orders --state PIAD', 'PAID'],
  ['orders --from 2026-13-01', '--from'],
  ['orders --to yesterday', '--to'],
  ['orders --realm life', 'live'],
  ['approvals aprove A1', 'approve'],
  ['approvals approve', 'ID'],
  ['approvals approve A1 A2', 'approve ID'],
  ['approvals list --reason x', 'approvals --help'],
  ['approvals page --port 99999', '--port'],
  ['budget top-up cursor', 'CALLER YUAN'],
  ['budget fill cursor 5', 'budget --help'],
  ['budget show a 5', '[CALLER]'],
  ['budget draw a 5 6', 'CALLER YUAN'],
  ['budget top-up a 0', 'YUAN'],
  ['budget top-up a -- -5', 'YUAN'],
  ['budget top-up a 1.001', 'YUAN'],
  ['budget draw a all', 'YUAN'],
  ['budget --sudo', 'budget'],
  ['freeze now', 'freeze --help'],
  ['freeze --reson x', '--reason'],
  ['unfreeze --secret x', 'unfreeze --help'],
  ['operator setsecret', 'set-secret'],
  ['policy acept', 'accept'],
  ['policy accept now', 'policy accept'],
  ['policy --force', 'policy'],
  ['audit', 'verify'],
  ['audit verify --checkpont x', '--checkpoint'],
  ['audit export --format xml', 'jsonl'],
  ['reconcile', '--date'],
  ['reconcile --date 2026-11-21 --provider alipai', 'alipay'],
  ['tokens add', 'NAME'],
  ['tokens ad x', 'add'],
  ['tokens add x --orders mine', 'own|all'],
  ['simulator --port x', '--port'],
  ['demo --autopay', '--auto-pay'],
  ['doctor --ofline', '--offline'],
  ['doctor --lang fr', 'zh'],
  ['init cursr', 'cursor'],
  ['init cursor --writ', '--write'],
  ['init cursor --name "a b"', '--name'],
  ['stdio --port 1', 'stdio --help'],
  ['http --nomcp', '--no-mcp'],
];

describe('what the help says', () => {
  it('of pausing is that it stops every ledger, not the live one', async () => {
    for (const name of ['freeze', 'unfreeze']) {
      const { stdout } = await run(['help', name], { CASHIER_LANG: 'en' });
      expect(stdout).toContain('the ledger of this realm only; without it every one of the home');
    }
  });

  it('is punctuated as its language is', () => {
    expect(speaker('zh').label('收银台', 'checkout page')).toBe('收银台：');
    expect(speaker('en').label('收银台', 'checkout page')).toBe('checkout page:');
    expect(speaker(undefined).label('收银台', 'checkout page')).toBe('收银台 checkout page:');
  });
});

describe('a mistake', () => {
  const words = (line: string) => line.match(/"[^"]*"|\S+/g)?.map((one) => one.replaceAll('"', '')) ?? [];
  const context = commandContext(() => Promise.reject(new Error('read the configuration')));
  /** As main does, up to where the configuration is read. */
  async function attempt([first = '', second = '', ...more]: readonly string[]): Promise<unknown> {
    const name = commandNamed(first === 'help' ? second : first);
    const args = [second, ...more].filter(Boolean);
    const typed = readArguments(name, args);
    const { run: command } = (await import(`../../src/cli/${name}.ts`)) as Command<never>;
    return command(typed as never, context);
  }

  it.each(WRONG)('%s is one sentence with %s in it', async (line, word) => {
    const error: unknown = await attempt(words(line)).catch((thrown: unknown) => thrown);
    if (!(error instanceof CashierError)) throw error;
    expect(error.code).toBe('INVALID_ARGUMENT');
    const [zh, en] = [error.text.zh + error.next.zh, `${error.text.en} ${error.next.en}`];
    for (const sentence of [zh, en]) expect(sentence).toContain(word);
    expect(en).not.toMatch(/[\u4e00-\u9fff]|Invalid input/);
    expect(zh).toMatch(/[\u4e00-\u9fff]/);
  });

  it.each(['refund', 'orders --limit abc', 'http --nomcp', 'doctor --lang fr'])(
    '%s at a terminal is one line, and touches nothing',
    async (line) => {
      const { code, stdout, stderr } = await run(words(line), { CASHIER_LANG: 'en' });
      expect([code, stdout, stderr.trim().split('\n').length]).toEqual([1, '', 1]);
      expect(stderr).not.toMatch(/[\u4e00-\u9fff]|\bat .*:\d+:\d+/);
      expect(readdirSync(home)).toEqual([]);
    },
  );

  it('shows what was typed without its control characters', () => {
    expect(() => commandNamed(`\u001b[2Jx${'y'.repeat(100)}`)).toThrow(/\\u001b\[2J[xy]+…/);
  });
});

it('reads what the table says, and no more', () => {
  expect(readArguments('budget', ['top-up', 'cursor', '5', '--note=-x', '--home', '/h'])).toEqual({
    action: 'top-up',
    args: ['cursor', '5'],
    values: { json: false, help: false, version: false, note: '-x', home: '/h' },
  });
  expect(readArguments('audit', ['verify', '--checkpoint', 'a', '--checkpoint', 'b'])).toMatchObject({
    values: { checkpoint: ['a', 'b'] },
  });
  expect(readArguments('orders', [])).toMatchObject({ action: 'list', args: [] });
});

describe('a hint', () => {
  const at = (program: string, place?: string) => ({ program, spec: undefined, home: place });
  it('is a line that this reader can run', () => {
    const npx = at('npx -y mcp-cashier', '/srv/my till');
    expect(runnable('Run mcp-cashier approvals approve A1 now.', npx)).toBe(
      'Run npx -y mcp-cashier approvals approve --home "/srv/my till" A1 now.',
    );
    expect(runnable('运行 mcp-cashier unfreeze。', npx)).toBe(
      '运行 npx -y mcp-cashier unfreeze --home "/srv/my till"。',
    );
    expect(runnable('mcp-cashier doctor', npx)).toBe('npx -y mcp-cashier doctor');
    expect(runnable('mcp-cashier approvals approve A1', npx, { realm: 'simulator' })).toBe(
      'npx -y mcp-cashier approvals approve --home "/srv/my till" --realm simulator A1',
    );
    expect(runnable('mcp-cashier policy accept', at('mcp-cashier'), { merchant: 'tea-shop' })).toBe(
      'mcp-cashier policy accept --merchant tea-shop',
    );
    const named = { ...at('mcp-cashier'), ledger: '/srv/till.db' };
    expect(runnable('mcp-cashier unfreeze', named, { realm: 'live' })).toBe(
      'mcp-cashier unfreeze --ledger /srv/till.db --realm live',
    );
    expect(runnable('mcp-cashier init', named)).toBe('mcp-cashier init');
    // Neither a package's name nor a word in a sentence is a command.
    for (const text of [
      'npx -y mcp-cashier@latest',
      'an mcp-cashier account',
      'io.github.mcp-cashier/mcp-cashier x',
    ]) {
      expect(runnable(text, npx)).toBe(text);
    }
    expect(speaker('en', at('mcp-cashier'))({ zh: '', en: 'mcp-cashier orders' })).toEqual([
      'mcp-cashier orders',
    ]);
  });

  it('knows how the program was started', () => {
    const program = (script: string, more: Env = {}) => invocationOf(script, more, undefined).program;
    expect(program('/repo/dist/main.js')).toBe('mcp-cashier');
    expect(program('/usr/local/bin/mcp-cashier')).toBe('mcp-cashier');
    expect(program('/usr/lib/node_modules/mcp-cashier/dist/main.js')).toBe('mcp-cashier');
    expect(program(join(home, '.npm/_npx/0a1b2c/node_modules/.bin/mcp-cashier'))).toBe('npx -y mcp-cashier');
    expect(program('/x/main.js', { npm_command: 'exec' })).toBe('npx -y mcp-cashier');
  });
});

describe('a language', () => {
  it('holds for every command', async () => {
    const commands = NAMES.filter((name) => !['stdio', 'alipay', 'http', 'demo', 'simulator'].includes(name));
    for (const name of commands) {
      const use: Use = USES[name];
      const args =
        use.otherwise === undefined
          ? [name, ...Object.keys(use.actions).slice(0, 1).filter(Boolean)]
          : [name];
      const { stdout, stderr } = await run(args, { CASHIER_LANG: 'en' });
      // The name of a client that has no other.
      expect(`${args.join(' ')}: ${stdout}${stderr}`).not.toMatch(/[\u4e00-\u9fff]/);
    }
    rmSync(join(home, '.mcp-cashier'), { recursive: true, force: true });
  });

  const AT_WORK: readonly (readonly [line: string, speaks: RegExp])[] = [
    ['stdio', /SIMULATOR/],
    ['alipay', /SIMULATOR/],
    ['http', /SIMULATOR/],
    ['http --no-mcp', /without \/mcp/],
    ['simulator', /simulator:/],
    ['simulator --certificates', /AP_ROOT_CERT[\s\S]*simulator:/],
    ['simulator --seller 2', /WXPAY_SUB_MCH_ID[\s\S]*simulator:/],
  ];
  it.each(AT_WORK)('holds for what serves and shows: %s', async (line, speaks) => {
    const asked = (more: Env) => whatIsSaid(line.split(' '), more);
    const said = await asked({ CASHIER_LANG: 'en' });
    expect(said).toMatch(speaks);
    expect(said).not.toMatch(/[\u4e00-\u9fff]/);
    expect(await asked({ CASHIER_LANG: 'zh' })).not.toMatch(speaks);
    const both = await asked({});
    expect(both).toMatch(speaks);
    expect(both).toMatch(/[\u4e00-\u9fff]/);
  });
});

/** All that a command says, which is told to end when it has begun to speak on stderr. */
async function whatIsSaid(args: readonly string[], more: Env): Promise<string> {
  const own = mkdtempSync(join(home, 'own-'));
  await lendKeys(own);
  const port = String(await freePort());
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...env(), CASHIER_HOME: own, CASHIER_MODE: 'simulator', ...more, CASHIER_HTTP_PORT: port },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stdout.on('data', (chunk) => (said += chunk));
  child.stderr.on('data', (chunk) => {
    said += chunk;
    child.kill('SIGTERM');
  });
  await once(child, 'close');
  return said;
}

describe('a reader that leaves', () => {
  it.skipIf(process.platform === 'win32')('is no error', async () => {
    for (const args of ['--help', 'orders', 'help audit', 'doctor --offline', 'freeze']) {
      const child = spawn('sh', ['-c', `"${process.execPath}" "${MAIN}" ${args} | true; echo done`], {
        env: env(),
      });
      let said = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk));
      await once(child, 'close');
      expect(said, args).not.toMatch(/EPIPE|Unhandled|\bat /);
      expect(said, args).toContain('done');
    }
  });
});

it.skipIf(!existsSync('/usr/bin/script') || process.platform !== 'linux')(
  'a bare start in a terminal says what it is and what to type',
  async () => {
    const own = join(home, 'own');
    mkdirSync(own);
    const child = spawn('script', ['-qec', `'${process.execPath}' '${MAIN}'`, '/dev/null'], {
      env: { ...env(), CASHIER_HOME: own, TERM: 'dumb' },
    });
    let said = '';
    let stopped = false;
    child.stdout.on('data', (chunk) => {
      said += chunk;
      if (stopped || !said.includes('Ctrl+C ends it')) return;
      stopped = true;
      child.stdin.write('\u0003');
    });
    await once(child, 'close');
    for (const word of ['MCP', 'init', 'demo', '--help']) expect(said).toContain(word);
    rmSync(own, { recursive: true, force: true });
  },
);

it('a cell is neither a formula nor a rounded number', () => {
  for (const begun of ['=1+1', '+1', '-1', '@x', '\t=1', '＝1']) expect(csvCell(begun)).toMatch(/^"'/);
  expect([csvCell('a,b'), csvCell('a"b'), csvCell('a\nb'), csvCell('plain')]).toEqual([
    ...['"a,b"', '"a""b"', '"a\nb"', 'plain'],
  ]);
  for (const long of ['2026112822001400000001', '000123', '12E10001'])
    expect(sheetCell(long)).toBe(`${long}\t`);
  for (const as of ['9.90', 'ORDER_0001', '2026-11-28 10:00:00', undefined])
    expect(sheetCell(as)).toBe(as ?? '');
});
