import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Ledger } from '../../src/ledger/ledger.ts';
import { openSqliteStore } from '../../src/ledger/sqlite-store.ts';
import { systemClock, systemRandom } from '../../src/platform/system.ts';
import { freeze } from '../../src/policy/decisions.ts';
import { openSimulator } from '../../src/simulator/index.ts';
import { commandHere } from '../support/command-here.ts';
import { HookReceiver } from '../support/hook-receiver.ts';
import { Transcript } from '../support/server-process.ts';

let home: string;
let receiver: HookReceiver;
let ledger: Ledger;
let transcript: Transcript;
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'channels-'));
  receiver = await HookReceiver.start();
  transcript = new Transcript();
  writeFileSync(join(home, 'channels.yaml'), receiver.file());
  const ports = { clock: systemClock, randomBytes: systemRandom };
  ledger = await Ledger.open(
    await openSqliteStore(join(home, 'simulator', 'ledger.db'), ports),
    'simulator',
    ports,
  );
});
afterEach(async () => {
  await ledger.close();
  await receiver.close();
  rmSync(home, { recursive: true, force: true });
  // Neither the address nor the key is ever said.
  expect(transcript.leaks(['canary-90ab12', receiver.secret])).toEqual([]);
});

const run = (...args: string[]) =>
  commandHere(['channels', ...args], {
    env: { CASHIER_HOME: home, CASHIER_LANG: 'en', HOME: home, CASHIER_MODE: 'simulator' },
    cwd: home,
    transcript,
  });
const json = async (...args: string[]) => {
  const { code, stdout } = await run(...args, '--json');
  return { exit: code, ...(JSON.parse(stdout) as Record<string, unknown>) };
};

describe('list', () => {
  it('says of each channel where it stands, and nothing of its address', async () => {
    await ledger.note(({ outbox }) => outbox.begin('shop', 0));
    expect(await json('list')).toMatchObject({
      ...{ exit: 0, realm: 'simulator', file: join(home, 'channels.yaml') },
      items: [
        {
          ...{
            name: 'shop',
            kind: 'webhook',
            events: ['*'],
            lang: 'en',
            state: 'ok',
            waiting: 0,
            refused: 0,
          },
          ...{
            disabledWhy: null,
            disabledAt: null,
            failingSince: null,
            lastToldAt: null,
            oldestWaitingAt: null,
          },
        },
      ],
    });
    expect((await run()).stdout).toMatch(/shop +webhook +\* +ok/);
  });

  it('says, in the simulator, where messages stand when nobody is named', async () => {
    rmSync(join(home, 'channels.yaml'));
    expect((await run()).stdout).not.toContain('http');
    const simulator = await openSimulator({
      ...{ folder: join(home, 'simulator'), clock: systemClock, randomBytes: systemRandom },
    });
    await simulator.close();
    expect((await run()).stdout).toContain(`${simulator.origin}/inbox\n`);
  });

  it('says what to do with one that is disabled', async () => {
    await ledger.note(({ outbox }) => outbox.begin('shop', 0));
    await ledger.note(({ outbox }) => outbox.disable('shop', 'wrong-key'));
    expect(await json()).toMatchObject({ items: [{ state: 'disabled', disabledWhy: 'wrong-key' }] });
    expect((await run()).stdout).toContain('channels enable');
  });

  it('says where messages go without a file', async () => {
    rmSync(join(home, 'channels.yaml'));
    const { code, stdout } = await run('list');
    expect([code, stdout]).toEqual([0, expect.stringContaining('CASHIER_CHANNELS')]);
  });

  it('is refused for a broken file, with the place', async () => {
    writeFileSync(join(home, 'channels.yaml'), receiver.file({ kind: 'pigeon' }));
    const { code, stderr } = await run('list');
    expect(code).toBe(1);
    expect(stderr).toMatch(/channels\.0\.kind.*pigeon/);
  });
});

describe('test', () => {
  it('sends a message that the reference library verifies', async () => {
    expect(await json('test', 'shop')).toMatchObject({ exit: 0, delivered: true, name: 'shop' });
    expect(receiver.received).toMatchObject([
      { type: 'channel.test', data: { channel: 'shop', simulated: true } },
    ]);
  });

  it('says why it did not arrive', async () => {
    receiver.answer = (response) => void response.writeHead(410).end();
    expect(await json('test', 'shop')).toMatchObject({
      ...{ exit: 1, delivered: false, why: 'removed', code: '410' },
    });
    receiver.answer = (response) => void response.writeHead(302, { location: 'https://else.where/' }).end();
    const { code, stdout } = await run('test', 'shop');
    expect([code, stdout]).toEqual([1, expect.stringContaining('redirect')]);
  });

  it('knows no other channel', async () => {
    const { code, stderr } = await run('test', 'shap');
    expect([code, stderr]).toEqual([1, expect.stringContaining('Did you mean shop?')]);
  });
});

describe('summary', () => {
  it('is recorded for every channel, and said', async () => {
    expect(await json('summary')).toMatchObject({
      ...{ exit: 0, paidCount: 0, paidYuan: '0.00', refundedYuan: '0.00', netYuan: '0.00', openApprovals: 0 },
    });
    expect((await run('summary')).stdout).toContain('¥0.00 from 0 payments');
    const kinds = (await ledger.read((book) => book.audit.after(0, 100))).map(({ kind }) => kind);
    expect(kinds).toEqual(['day-summed', 'day-summed']);
  });
});

describe('enable', () => {
  it('goes on with what was missed, and stands on record', async () => {
    await ledger.note(({ outbox }) => outbox.begin('shop', 0));
    await ledger.note(({ outbox }) => outbox.disable('shop', 'removed'));
    expect(await json('enable', 'shop')).toMatchObject({ exit: 0, enabled: true });
    expect(await json('enable', 'shop')).toMatchObject({ exit: 0, enabled: false });
    const kinds = (await ledger.read((book) => book.audit.after(0, 100))).map(({ kind }) => kind);
    expect(kinds).toEqual(['channel-enabled']);
  });
});

describe('replay', () => {
  it('sets a channel back to what was recorded since', async () => {
    await ledger.note(({ outbox }) => outbox.begin('shop', 0));
    await ledger.write((book) => freeze(book, 'terminal', undefined));
    await ledger.note(({ outbox }) =>
      outbox.takeIn('shop', 0, 1, [{ seq: 1, type: 'freeze.set', lane: ':freeze', rank: 1 }]),
    );
    await ledger.note(({ outbox }) => outbox.settle('shop', [{ seqs: [1], is: 'delivered' }], undefined));
    const since = new Date(Date.now() - 60_000).toISOString();
    expect(await json('replay', 'shop', '--since', since)).toMatchObject({ exit: 0, names: ['shop'] });
    const states = await ledger.read(({ outbox }) => outbox.states(['shop']));
    expect(states.get('shop')?.seq).toBe(0);
    expect(await ledger.read(({ outbox }) => outbox.waiting('shop'))).toMatchObject({ count: 0 });
    expect(await json('replay')).toMatchObject({ exit: 0, names: ['shop'] });
  });

  it.each(['yesterday', '2020-01-01', '2999-01-01', '2026-13-01'])('takes no %s', async (since) => {
    const { code, stderr } = await run('replay', 'shop', '--since', since);
    expect([code, stderr]).toEqual([1, expect.stringContaining('--since')]);
  });
});
