import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Use } from '../../src/cli/use.ts';
import { USES } from '../../src/cli/uses.ts';
import { configOf } from '../../src/config.ts';
import type { Realm } from '../../src/domain/order.ts';
import { adoptLedger, openLedger } from '../../src/open-ledger.ts';
import { hasOperatorSecret } from '../../src/persons/secret.ts';
import { knownLedgers, noteLedger } from '../../src/platform/known-ledgers.ts';
import { systemClock } from '../../src/platform/system.ts';
import { cleanEnv, makeHome } from '../journeys/shop.ts';
import { commandHere } from '../support/command-here.ts';
import { cheapGuesses } from '../support/guess-cost.ts';
import {
  type CommandResult,
  type Env,
  MAIN,
  runCommand,
  ServerProcess,
  Transcript,
} from '../support/server-process.ts';

cheapGuesses();

const SECRET = 'correct-horse-battery';
let home: string;
let transcript: Transcript;
beforeEach(() => {
  home = makeHome();
  transcript = new Transcript();
});
afterEach(() => {
  expect(transcript.leaks([SECRET])).toEqual([]);
  rmSync(home, { recursive: true, force: true });
});

const run = (args: readonly string[], env: Env = {}): Promise<CommandResult> =>
  commandHere(args, { env: { ...cleanEnv(home), ...env }, cwd: join(home, 'cwd'), transcript });
async function told<T = Record<string, unknown>>(args: readonly string[], env: Env = {}): Promise<T> {
  const { code, stdout, stderr } = await run([...args, '--json'], env);
  expect([stderr, code]).toEqual(['', 0]);
  return JSON.parse(stdout) as T;
}
const pathOf = (realm: Realm) => join(home, realm, 'ledger.db');
const settingsOf = (realm: Realm, ledger = pathOf(realm)) => ({
  ...configOf({ CASHIER_HOME: home }, 'operator', realm),
  ledger,
});
async function make(...realms: readonly Realm[]): Promise<void> {
  for (const realm of realms) await (await openLedger(settingsOf(realm))).close();
}
async function isFrozen(path: string): Promise<boolean> {
  const ledger = await adoptLedger(settingsOf('live', path), undefined);
  const frozen = await ledger.read((book) => book.operator.freeze());
  await ledger.close();
  return frozen !== undefined;
}
const KEYS = {
  AP_APP_ID: '2021000000000000',
  AP_APP_KEY_FILE: '/not/there.pem',
  CASHIER_PUBLIC_URL: 'no url',
};

/** Every command that only reads, with what it needs. */
const READING: readonly (readonly string[])[] = [
  ['orders'],
  ['approvals'],
  ['approvals', 'show', 'A23456789ABCD'],
  ['budget'],
  ['policy'],
  ['tokens'],
  ['audit', 'verify'],
  ['audit', 'show', 'ORDER_1'],
  ['audit', 'export'],
  ['audit', 'checkpoint'],
  ['ledger', 'info'],
  ['ledger', 'backup', 'copy.db'],
];
/** Every command of an operator that changes a ledger. */
const WRITING: readonly (readonly string[])[] = [
  ['budget', 'top-up', 'cursor', '5'],
  ['policy', 'accept'],
  ['approvals', 'approve', 'A23456789ABCD'],
  ['approvals', 'deny', 'A23456789ABCD'],
  ['freeze'],
  ['unfreeze'],
];

describe('without a ledger', () => {
  it.each([...READING, ...WRITING].map((args) => [args.join(' '), args] as const))(
    '%s makes none, whatever home it looks at',
    async (_, args) => {
      const { stderr } = await run(args);
      expect(stderr).not.toMatch(/\n {4}at /);
      expect(readdirSync(home)).toEqual(['cwd']);
      expect((await run([...args, '--home', join(home, 'elsewhere')])).stderr).not.toMatch(/\n {4}at /);
      expect(existsSync(join(home, 'elsewhere'))).toBe(false);
    },
  );

  it('nothing pretends to have been done', async () => {
    for (const args of WRITING)
      expect(await run(args), args.join(' ')).toMatchObject({ code: 1, stdout: '' });
    expect(await run(['orders', '--ledger', join(home, 'typo.db')])).toMatchObject({ code: 1, stdout: '' });
    expect(await run(['freeze', '--ledger', join(home, 'typo.db')])).toMatchObject({ code: 1 });
    expect(existsSync(join(home, 'typo.db'))).toBe(false);
    expect(await told(['orders'])).toMatchObject({ realm: null, ledger: null, items: [] });
  });
});

describe('which ledger', () => {
  const AGAINST: [made: Realm[], args: string[], env: Env, realm: Realm][] = [
    [['simulator'], [], {}, 'simulator'],
    [['sandbox'], [], {}, 'sandbox'],
    [['simulator', 'live'], [], {}, 'live'],
    [['sandbox', 'simulator', 'live'], [], {}, 'live'],
    [['simulator', 'live'], ['--realm', 'simulator'], {}, 'simulator'],
    [['simulator', 'live'], [], { CASHIER_MODE: 'simulator' }, 'simulator'],
    [['simulator', 'sandbox', 'live'], ['--realm', 'sandbox'], { CASHIER_MODE: 'simulator' }, 'sandbox'],
    [['simulator', 'live'], [], KEYS, 'live'],
    [['simulator'], [], KEYS, 'simulator'],
    [['simulator', 'live'], [], { CASHIER_MODE: 'live' }, 'live'],
  ];
  it.each(AGAINST)('of %j with %j and %j is %s', async (made, args, env, realm) => {
    await make(...made);
    const before = readdirSync(home).toSorted();
    const place = { realm, ledger: pathOf(realm) };
    for (const command of [['orders'], ['budget'], ['policy'], ['approvals']]) {
      expect(await told([...command, ...args], env), command.join(' ')).toMatchObject(place);
      const [first] = (await run([...command, ...args], env)).stdout.split('\n');
      expect(first, command.join(' ')).toContain(`${realm} ${pathOf(realm)}`);
    }
    expect(await told(['audit', 'verify', ...args], env)).toMatchObject({ ...place, intact: true });
    expect(readdirSync(home).toSorted()).toEqual(before);
  });

  it('may be named, and is then what it says itself', async () => {
    const path = join(home, 'cwd', 'mine.db');
    await (await openLedger(settingsOf('sandbox', path))).close();
    await make('live');
    expect(await told(['orders', '--ledger', 'mine.db'])).toMatchObject({ realm: 'sandbox', ledger: path });
    expect(await told(['orders'], { CASHIER_LEDGER: path })).toMatchObject({
      realm: 'sandbox',
      ledger: path,
    });
    const other = await run(['orders', '--ledger', path, '--realm', 'live']);
    expect(other).toMatchObject({ code: 1, stdout: '' });
    expect(other.stderr).toContain('sandbox');
    expect(await told(['orders', '--home', home], { CASHIER_HOME: '/elsewhere' })).toMatchObject({
      realm: 'live',
    });
  });
});

describe('operator set-secret', () => {
  const secretIn = async (path: string) => {
    if (!existsSync(path)) return undefined;
    const ledger = await adoptLedger(settingsOf('live', path), undefined);
    const has = await hasOperatorSecret(ledger);
    await ledger.close();
    return has;
  };
  const SET = { CASHIER_OPERATOR_SECRET: SECRET };
  it("is the live ledger's, making it, where nothing says otherwise", async () => {
    await make('simulator');
    const { code, stdout } = await run(['operator', 'set-secret'], SET);
    expect([code, stdout.split('\n')[0]]).toEqual([0, expect.stringContaining(`live ${pathOf('live')}`)]);
    expect([await secretIn(pathOf('live')), await secretIn(pathOf('simulator'))]).toEqual([true, false]);
  });

  it.each([
    ['--realm simulator', ['--realm', 'simulator'], {}, 'simulator'],
    ['--realm sandbox', ['--realm', 'sandbox'], {}, 'sandbox'],
    ['CASHIER_MODE', [], { CASHIER_MODE: 'simulator' }, 'simulator'],
    ['the keys of the sandbox', [], { AP_APP_ID: '1', AP_CURRENT_ENV: 'sandbox' }, 'sandbox'],
  ] as const)('follows %s', async (_, args, env, realm) => {
    expect(await told(['operator', 'set-secret', ...args], { ...SET, ...env })).toEqual({
      ...{ realm, ledger: pathOf(realm), set: true, changed: false },
    });
    expect(existsSync(pathOf('live'))).toBe(false);
  });

  it('is changed only by who knows the old one', async () => {
    expect((await run(['operator', 'set-secret'], SET)).code).toBe(0);
    const other = { CASHIER_OPERATOR_SECRET: 'another-secret' };
    expect(await run(['operator', 'set-secret'], other)).toMatchObject({ code: 1, stdout: '' });
  });

  it.skipIf(!existsSync('/usr/bin/script') || process.platform !== 'linux')(
    'is asked for twice at a terminal',
    async () => {
      const typed = async (...lines: string[]) => {
        const terminal = new Terminal(['operator', 'set-secret']);
        for (const line of lines) await terminal.answer(line);
        return terminal.ended;
      };
      const slip = await typed(SECRET, 'correct-horse-batery');
      expect(slip.code).not.toBe(0);
      expect(slip.said).toContain('两次输入的口令不同');
      expect(existsSync(pathOf('live'))).toBe(false);
      expect((await typed(SECRET, SECRET)).code).toBe(0);
      expect(await secretIn(pathOf('live'))).toBe(true);
      const left = await typed('\u0003');
      expect([left.code, left.said]).toEqual([1, expect.stringContaining('没有输入口令')]);
      // To change it: the old one, then the new one twice.
      expect((await typed('not-the-old-one')).code).not.toBe(0);
      expect((await typed(SECRET, 'another-secret', 'another-secret')).code).toBe(0);
    },
  );
});

describe('freeze', () => {
  it('stops every ledger of the home and the named one, and lists them; unfreeze likewise', async () => {
    await make('live', 'sandbox', 'simulator');
    const mine = join(home, 'mine.db');
    await (await openLedger(settingsOf('live', mine))).close();
    const paths = [pathOf('live'), pathOf('sandbox'), pathOf('simulator'), mine];
    const frozen = await told<{ ledgers: { ledger: string; frozen: boolean }[] }>(
      ['freeze', '--reason', 'odd', '--ledger', mine],
      KEYS,
    );
    expect(frozen).toMatchObject({ frozen: true, already: false, reason: 'odd' });
    expect(frozen.ledgers.map(({ ledger }) => ledger).toSorted()).toEqual(paths.toSorted());
    for (const path of paths) expect(await isFrozen(path), path).toBe(true);
    // Nobody could have proven who they are on a ledger without a secret; of the simulator's none is asked.
    expect(await run(['unfreeze'], { CASHIER_LEDGER: mine })).toMatchObject({ code: 1 });
    expect(await isFrozen(pathOf('simulator'))).toBe(false);
    for (const args of [[], ['--realm', 'sandbox'], ['--ledger', mine]]) {
      await run(['operator', 'set-secret', ...args], { CASHIER_OPERATOR_SECRET: SECRET });
    }
    expect(await isFrozen(pathOf('live'))).toBe(true);
    expect(await told(['unfreeze', '--ledger', mine], { CASHIER_OPERATOR_SECRET: SECRET })).toMatchObject({
      thawed: true,
    });
    for (const path of paths) expect(await isFrozen(path), path).toBe(false);
  });

  it('ends with 1 where a ledger that the home knows of was not reached, and freezes the others', async () => {
    await make('live');
    const away = join(home, 'away.db');
    const server = await ServerProcess.start({
      env: { ...cleanEnv(home), CASHIER_LEDGER: away, CASHIER_MODE: 'simulator' },
      cwd: join(home, 'cwd'),
      transcript,
    });
    await server.close();
    expect(knownLedgers(home)).toEqual([away]);
    expect(await told(['freeze'])).toMatchObject({ frozen: true });
    expect(await isFrozen(away)).toBe(true);
    rmSync(away);
    const { code, stdout } = await run(['freeze', '--json']);
    expect([code, JSON.parse(stdout)]).toMatchObject([
      1,
      {
        frozen: false,
        ledgers: [
          { ledger: pathOf('live'), frozen: true },
          { ledger: away, frozen: false },
        ],
      },
    ]);
    expect((await run(['freeze'])).stdout).toContain(away);
    expect(existsSync(away)).toBe(false);
    writeFileSync(join(home, 'ledgers.json'), 'not a list');
    expect((await run(['freeze'])).code).toBe(1);
  });

  it('with a realm stops only that', async () => {
    await make('live', 'simulator');
    expect(await told(['freeze', '--realm', 'simulator'])).toMatchObject({ frozen: true });
    expect([await isFrozen(pathOf('live')), await isFrozen(pathOf('simulator'))]).toEqual([false, true]);
  });
});

it('the ledgers of a home are noted by many servers at once, and by none twice', async () => {
  const all = Array.from({ length: 12 }, (_, i) => join(home, `${i % 6}.db`));
  await Promise.all(all.map((path) => noteLedger(home, path, systemClock)));
  expect(knownLedgers(home).toSorted()).toEqual([...new Set(all)].toSorted());
  expect(JSON.parse(readFileSync(join(home, 'ledgers.json'), 'utf8'))).toMatchObject({ version: 1 });
});

describe('a path in the environment', () => {
  const NAMES = [
    'CASHIER_HOME',
    'CASHIER_LEDGER',
    'CASHIER_POLICY',
    'CASHIER_TOKENS_FILE',
    'CASHIER_LOG_FILE',
  ];
  const read = (env: Env) => configOf({ CASHIER_HOME: home, ...env });
  it('may begin with ~', () => {
    for (const begun of ['~/x/y', '~\\x\\y']) {
      const config = read(Object.fromEntries(NAMES.map((name) => [name, begun])));
      const path = join(homedir(), 'x', 'y');
      const { ledger, policyFile, tokensFile, logFile } = config;
      expect([config.home, ledger, policyFile, tokensFile, logFile]).toEqual(Array(5).fill(path));
    }
  });

  it.each([...NAMES, 'AP_APP_KEY_FILE', 'CASHIER_OPERATOR_SECRET_FILE'])(
    'is refused in %s when a variable in it was not filled in',
    (name) => {
      for (const value of ['%CASHIER_DIR%\\x', 'C:\\Users\\%USERNAME%\\x', '$DATA/x', `\${DATA}/x`]) {
        const env = { CASHIER_HOME: home, [name]: value };
        expect(() => configOf(env, name.includes('OPERATOR') ? 'operator' : 'server'), value).toThrow(
          expect.objectContaining({ code: 'CONFIGURATION', details: { variable: name } }),
        );
      }
    },
  );

  it.each(['CASHIER_HOME', 'CASHIER_LEDGER'])('is refused in %s when it is relative', (name) => {
    for (const value of ['x', './x/ledger.db', '../x', ':memory:']) {
      for (const role of ['server', 'operator', 'drop-in'] as const) {
        expect(() => configOf({ [name]: value }, role), value).toThrow(
          expect.objectContaining({ code: 'CONFIGURATION', details: { variable: name } }),
        );
      }
    }
  });
});

describe('a .env in the folder', () => {
  it('is named on stderr by every command that reads it, with what it sets', async () => {
    const file = join(home, 'cwd', '.env');
    mkdirSync(join(home, 'theirs'));
    const bare = { PATH: process.env.PATH ?? '', HOME: home };
    const at = { env: bare, cwd: join(home, 'cwd'), transcript };
    // What would serve for ever, or play for long, cannot.
    const theirs: Readonly<Record<string, string>> = { http: 'CASHIER_HTTP_HOST=192.0.2.1\n' };
    const impossible: Readonly<Record<string, readonly string[]>> = {
      simulator: ['--port', '99999'],
      console: ['--port', '99999'],
      receipts: ['NEVER_1'],
    };
    for (const name of Object.keys(USES).filter((one) => one !== 'demo')) {
      writeFileSync(file, `CASHIER_HOME=${join(home, 'theirs')}\nCASHIER_LANG=en\n${theirs[name] ?? ''}`);
      const { actions, otherwise }: Use = USES[name as keyof typeof USES];
      const action = otherwise === undefined ? Object.keys(actions).slice(0, 1).filter(Boolean) : [];
      const { stderr } = await runCommand([name, ...action, ...(impossible[name] ?? [])], at);
      const lines = stderr.split('\n').filter((line) => line.includes(file));
      expect(lines, name).toHaveLength(1);
      for (const word of ['CASHIER_HOME', 'CASHIER_LANG']) expect(lines[0], name).toContain(word);
    }
    expect((await runCommand(['doctor', '--offline'], at)).stdout).toContain(file);
    // One variable of ours, even an empty one, and it is not read.
    const own = await runCommand(['orders'], { ...at, env: { ...bare, CASHIER_LANG: '' } });
    expect(own.stderr).toBe('');
  });
});

/** A command at a terminal of its own, by `script`; a secret is typed when it is asked for. */
class Terminal {
  readonly ended: Promise<{ code: number | null; said: string }>;
  readonly #child;
  #said = '';
  #read = 0;

  constructor(args: readonly string[]) {
    const line = [process.execPath, MAIN, ...args].map((word) => `'${word}'`).join(' ');
    const env = { ...cleanEnv(home), TERM: 'dumb' };
    this.#child = spawn('script', ['-qec', line, '/dev/null'], { env, cwd: join(home, 'cwd') });
    this.#child.stdout.on('data', (chunk: Buffer) => {
      this.#said += chunk.toString();
    });
    this.ended = new Promise((resolve) => {
      this.#child.once('close', (code) => {
        transcript.record('terminal', this.#said);
        resolve({ code, said: this.#said });
      });
    });
  }

  async answer(secret: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const look = () => {
        const asked = /(secret|or more\)|once more): /.exec(this.#said.slice(this.#read));
        if (!asked) return;
        this.#read += asked.index + asked[0].length;
        this.#child.stdout.off('data', look);
        resolve();
      };
      this.#child.stdout.on('data', look);
      this.#child.once('close', () => reject(new Error(`ended before it asked: ${this.#said}`)));
      look();
    });
    this.#child.stdin.write(`${secret}\n`);
  }
}
