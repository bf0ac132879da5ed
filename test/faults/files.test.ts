import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readTokenFile } from '../../src/auth/token-file.ts';
import { readCheckpoint } from '../../src/ledger/audit-checkpoint.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import { openSqliteStore } from '../../src/ledger/sqlite-store.ts';
import { knownLedgers, noteLedger } from '../../src/platform/known-ledgers.ts';
import { rotatingFile } from '../../src/platform/log-file.ts';
import { systemClock, systemPorts } from '../../src/platform/system.ts';
import { cleanEnv } from '../journeys/shop.ts';
import { commandHere } from '../support/command-here.ts';
import { type CommandResult, Transcript } from '../support/server-process.ts';
import { seeded } from '../support/virtual-time.ts';
import { canFail, type DiskFault, faultsMark, Machine } from './machine.ts';

/** Chooses where a backup begins to fail; see disk.test.ts. */
const SEED = Number(process.env.FAULTS_SEED ?? 20_261_128);
const isLong = process.env.FAULTS === 'long';
const STRIDE = 96;

const KINDS: readonly Omit<DiskFault, 'at'>[] = [
  { error: 'ENOSPC' },
  { error: 'ENOSPC', lasting: true, torn: true },
  { error: 'EIO' },
  { error: 'EIO', operations: ['flush'] },
  { error: 'EDQUOT', lasting: true },
  // What is no longer needed cannot be removed then, either.
  { error: 'EROFS', lasting: true },
  { operations: ['write'], torn: true },
  // All that a full disk does to who neither makes files nor asks for room ahead.
  { error: 'ENOSPC', torn: true, lasting: true, operations: ['write'] },
];
const IS_SAID_PLAINLY = /^mcp-cashier: [^\n]+\n(mcp-cashier: [^\n]+\n)?$/;

describe.skipIf(!canFail)(`a file that cannot be written at any position${faultsMark}`, () => {
  let machine: Machine;
  let home: string;
  let cases: number;
  const random = seeded(SEED);
  beforeAll(() => {
    machine = Machine.here();
    cases = 0;
  });
  afterAll(() => {
    machine.end();
    process.stdout.write(`files: ${cases} positions\n`);
  });
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'faulty-home-'));
    mkdirSync(join(home, 'cwd'));
  });
  afterEach(() => {
    machine.heal();
    rmSync(home, { recursive: true, force: true });
  });

  const command = (...args: string[]) =>
    commandHere(args, { env: cleanEnv(home), cwd: join(home, 'cwd'), transcript: new Transcript() });
  const insistPlain = ({ code, stderr }: CommandResult, where: string) => {
    if (code === 0) return;
    expect(stderr, where).toMatch(IS_SAID_PLAINLY);
    expect(stderr, where).not.toMatch(/意外错误|Unexpected/);
  };

  /** Does it with each fault at each position, then has a look, heals the disk and has another. */
  async function everywhere(
    attempt: (where: string, i: number) => Promise<void>,
    then: (where: string, i: number) => Promise<void>,
    stride = 1,
  ): Promise<void> {
    let i = 0;
    let hasFailed = false;
    for (const fault of KINDS) {
      for (let at = 1 + Math.floor(random() * stride), failed = 1; failed > 0; at += stride) {
        const where = `${JSON.stringify(fault)} at ${at}`;
        i += 1;
        machine.fail(home, { at, ...fault });
        await attempt(where, i);
        machine.heal();
        failed = machine.failed;
        cases += 1;
        await then(where, i);
        hasFailed ||= failed > 0;
      }
    }
    expect(hasFailed).toBe(true);
  }

  it('keeps all tokens that were there, and has those that were told', async () => {
    const path = join(home, 'tokens.json');
    const told = new Set<string>();
    const add = async (name: string, where: string) => {
      const done = await command('tokens', 'add', name, '--json');
      insistPlain(done, where);
      if (done.code === 0) told.add(name);
      return done.code;
    };
    await add('first', '');
    await everywhere(
      async (where, i) => {
        await add(`new-${i}`, where);
      },
      async (where, i) => {
        const names = () => readTokenFile(path).map(({ name }) => name);
        expect(names(), where).toEqual(expect.arrayContaining([...told]));
        // What could not be removed, a person is told of.
        if (existsSync(`${path}.new`)) rmSync(`${path}.new`);
        expect(await add(`after-${i}`, where), where).toBe(0);
        expect(names(), where).toEqual(expect.arrayContaining([...told]));
        for (const name of names().slice(1)) await command('tokens', 'revoke', name);
        told.clear();
        told.add('first');
        expect(names(), where).toEqual(['first']);
      },
    );
  });

  it('keeps the list of ledgers', async () => {
    const known = new Set<string>();
    const note = async (ledger: string) => {
      await noteLedger(home, ledger, systemClock);
      known.add(ledger);
    };
    await note('first');
    await everywhere(
      (_, i) => note(`new-${i}`).catch(() => undefined),
      async (where) => {
        expect(knownLedgers(home), where).toEqual(expect.arrayContaining([...known]));
        rmSync(join(home, 'ledgers.json.lock'), { force: true });
        await note(`after ${where}`);
        expect(knownLedgers(home), where).toEqual(expect.arrayContaining([...known]));
      },
    );
  });

  it('loses lines of a log, and no other', async () => {
    const path = join(home, 'cashier.log');
    const line = (n: number) => `${JSON.stringify({ n, text: 'x'.repeat(40) })}\n`;
    let n = 0;
    await everywhere(
      async () => {
        const log = (() => {
          try {
            return rotatingFile(path, 400, 1);
          } catch {
            return undefined;
          }
        })();
        for (let i = 0; i < 20; i++) log?.write(line(++n));
        machine.heal();
        (log ?? rotatingFile(path)).write(line(++n));
      },
      async (where) => {
        const last = readFileSync(path, 'utf8').trimEnd().split('\n').at(-1) ?? '';
        expect(() => JSON.parse(last), `${where}: ${last}`).not.toThrow();
        expect(JSON.parse(last), where).toMatchObject({ n });
        rmSync(path);
      },
    );
  });

  it('appends checkpoints that can be read', async () => {
    const store = await openSqliteStore(join(home, 'simulator', 'ledger.db'), systemPorts);
    const ledger = await Ledger.open(store, 'simulator', systemPorts);
    const file = join(home, 'checkpoints');
    const sign = () => command('audit', 'checkpoint', '--out', file, '--json');
    let signed = 0;
    await everywhere(
      async (where) => {
        const done = await sign();
        insistPlain(done, where);
        if (done.code === 0) signed += 1;
      },
      async (where) => {
        expect((await sign()).code, where).toBe(0);
        signed += 1;
        const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
        // One that was not told of, because the disk did not flush it, is true all the same.
        expect(lines.filter((text) => readCheckpoint(text)).length, where).toBeGreaterThanOrEqual(signed);
        // Where the disk takes back what had room, nothing of it stays.
        if (where.includes('["write"]')) expect(lines, where).toHaveLength(signed);
        rmSync(file);
        signed = 0;
      },
    );
    await ledger.close();
  });

  it('backs up what verifies, or nothing', async () => {
    const store = await openSqliteStore(join(home, 'simulator', 'ledger.db'), systemPorts);
    const ledger = await Ledger.open(store, 'simulator', systemPorts);
    const file = (i: number) => join(home, `backup-${i}.db`);
    await everywhere(
      async (where, i) => {
        const done = await command('ledger', 'backup', file(i));
        insistPlain(done, where);
        // What a disk does not let be removed stays.
        if (done.code === 0 || where.includes('operations') || !where.includes('lasting'))
          expect(existsSync(file(i)), where).toBe(done.code === 0);
      },
      async (where, i) => {
        if (!existsSync(file(i)))
          expect(await command('ledger', 'backup', file(i)), where).toMatchObject({ code: 0 });
        expect(await command('audit', 'verify', '--ledger', file(i)), where).toMatchObject({ code: 0 });
        rmSync(file(i));
      },
      isLong ? 1 : STRIDE,
    );
    await ledger.close();
  });
});
