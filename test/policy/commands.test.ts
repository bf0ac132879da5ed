import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cleanEnv, makeHome } from '../journeys/shop.ts';
import { commandHere } from '../support/command-here.ts';
import { cheapGuesses } from '../support/guess-cost.ts';
import { Transcript } from '../support/server-process.ts';

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

/** Stated, so that the first command may make the ledger. */
const run = (args: readonly string[], secret?: string) =>
  commandHere(args, {
    env: {
      ...cleanEnv(home),
      CASHIER_MODE: 'simulator',
      ...(secret === undefined ? {} : { CASHIER_OPERATOR_SECRET: secret }),
    },
    cwd: join(home, 'cwd'),
    transcript,
  });
/** What the command says with `--json`; it must succeed. */
async function told(args: readonly string[], secret?: string): Promise<unknown> {
  const { code, stdout, stderr } = await run([...args, '--json'], secret);
  expect([stderr, code]).toEqual(['', 0]);
  return JSON.parse(stdout);
}
const at = () => ({ realm: 'simulator', ledger: join(home, 'simulator', 'ledger.db') });
const writePolicy = (text: string) => writeFileSync(join(home, 'policy.yaml'), `version: 1\n${text}\n`);

describe('a budget', () => {
  it('is filled and drawn down by a person, and never below what is left', async () => {
    expect(await told(['budget', 'top-up', 'cursor', '200', '--note', '十月 October'])).toEqual({
      ...at(),
      ...{ caller: 'cursor', movedYuan: '200.00' },
      ...{ filledYuan: '200.00', heldYuan: '0.00', leftYuan: '200.00' },
    });
    expect(await told(['budget', 'draw', 'cursor', '50.5'])).toMatchObject({
      ...{ movedYuan: '-50.50', leftYuan: '149.50' },
    });
    const tooMuch = await run(['budget', 'draw', 'cursor', '149.51']);
    expect(tooMuch).toMatchObject({ code: 1, stdout: '' });
    expect(tooMuch.stderr).toContain('149.50');
    expect(await told(['budget'])).toMatchObject({
      ...at(),
      items: [
        {
          ...{ caller: 'cursor', filledYuan: '149.50', heldYuan: '0.00', leftYuan: '149.50' },
          moves: [
            { at: expect.any(String), amountYuan: '200.00', by: 'terminal', note: '十月 October' },
            { at: expect.any(String), amountYuan: '-50.50', by: 'terminal', note: null },
          ],
        },
      ],
    });
    expect(await told(['budget', 'show', 'nobody'])).toMatchObject({
      items: [{ caller: 'nobody', filledYuan: '0.00', heldYuan: '0.00', leftYuan: '0.00', moves: [] }],
    });
    const { stdout } = await run(['budget', 'show', 'cursor']);
    for (const word of ['149.50', '200.00', '-50.50', '十月 October']) expect(stdout).toContain(word);
  });
});

describe('with an operator secret', () => {
  it('only who knows it fills a budget, changes the rules and thaws; anybody freezes', async () => {
    expect((await run(['operator', 'set-secret', '--realm', 'simulator'], SECRET)).code).toBe(0);
    writePolicy('payments: { maxYuan: "7" }');
    const forPersons = [
      ['budget', 'top-up', 'cursor', '5'],
      ['budget', 'draw', 'cursor', '5'],
      ['policy', 'accept', '--json'],
    ];
    for (const args of forPersons) {
      const [wrong, none] = [await run(args, 'wrong-secret'), await run(args)];
      expect([wrong.code, wrong.stdout, none.code, none.stdout]).toEqual([1, '', 1, '']);
      expect(wrong.stderr).toContain('口令不正确');
      expect(none.stderr).toContain('CASHIER_OPERATOR_SECRET');
    }
    expect(await told(['budget'])).toEqual({ ...at(), items: [] });
    expect(await told(['policy'])).toMatchObject({ version: null });

    expect(await told(['freeze', '--reason', 'strange refunds'])).toMatchObject({
      ...{ frozen: true, already: false, by: 'terminal', reason: 'strange refunds' },
    });
    expect((await run(['unfreeze'], 'wrong-secret')).code).toBe(1);
    expect(await told(['freeze', '--reason', 'again'])).toMatchObject({
      ...{ already: true, reason: 'strange refunds' },
    });
    expect(await told(['unfreeze'], SECRET)).toMatchObject({ frozen: false, thawed: true });
    expect(await told(['unfreeze'], SECRET)).toMatchObject({ frozen: false, thawed: false });
    expect((await run(['unfreeze'])).code, 'nobody learns even that without it').toBe(1);
    expect(await told(['budget', 'top-up', 'cursor', '5'], SECRET)).toMatchObject({ leftYuan: '5.00' });
    expect(await told(['policy', 'accept'], SECRET)).toMatchObject({ version: 1, accepted: true });
  });
});

describe('the policy command', () => {
  it('shows what a change of the file would bring, and puts it in force once', async () => {
    writePolicy('payments: { maxYuan: "100" }');
    expect(await told(['policy'])).toEqual({
      // There is none yet, and to look makes none.
      ...{ realm: null, ledger: null },
      ...{ version: null, acceptedAt: null, acceptedBy: null },
      rules: { 'payments.maxYuan': '100.00', 'refunds.approveAboveYuan': '0.00' },
      ...{ file: join(home, 'policy.yaml'), differs: false, changes: [] },
    });
    expect(await told(['policy', 'accept'])).toMatchObject({ version: 1, accepted: true });
    expect(await told(['policy', 'accept'])).toMatchObject({ version: 1, accepted: false });
    writePolicy('payments: { maxYuan: "100.00" }\nrefunds: { approveAboveYuan: none }');
    const changes = [{ path: 'refunds.approveAboveYuan', inForce: '0.00', offered: 'none' }];
    expect(await told(['policy'])).toMatchObject({ version: 1, differs: true, changes });
    const { stdout, stderr } = await run(['policy', 'show']);
    expect(stdout).toMatch(/refunds\.approveAboveYuan +0\.00 +none/);
    expect(stderr).toBe('');
    expect((await run(['policy', 'accept'])).stdout).toMatch(/refunds\.approveAboveYuan +0\.00 +none/);
    // Without a file, the default rules are what may be accepted.
    rmSync(join(home, 'policy.yaml'));
    expect(await told(['policy', 'accept'])).toMatchObject({
      version: 3,
      changes: [
        { path: 'payments.maxYuan', inForce: '100.00', offered: '5000.00' },
        { path: 'refunds.approveAboveYuan', inForce: 'none', offered: '0.00' },
      ],
    });
  });
});

it('a broken policy file stops neither a freeze nor a thaw, only what reads it', async () => {
  writePolicy('payments:\n  maxYaun: "5"');
  const { code, stdout, stderr } = await run(['policy', 'show']);
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr.trim().split('\n')).toHaveLength(2);
  expect(stderr).toContain('line 3, column 3, payments.maxYaun');
  expect(await told(['freeze'])).toMatchObject({ frozen: true });
  expect(await told(['unfreeze'])).toMatchObject({ thawed: true });
});
