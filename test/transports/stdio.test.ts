import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Ledger } from '../../src/ledger/ledger.ts';
import { openSqliteStore } from '../../src/ledger/sqlite-store.ts';
import { systemClock, systemRandom } from '../../src/platform/system.ts';
import { Shop } from '../journeys/shop.ts';
import { ENDLESS_WAITS, type Env, MAIN } from '../support/server-process.ts';

const ports = { clock: systemClock, randomBytes: systemRandom };
let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'stdio-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

/** A server that was asked for a payment. */
function askForPayment(env: Env) {
  const child = spawn(process.execPath, [MAIN], { env, stdio: ['pipe', 'pipe', 'ignore'] });
  let out = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  const send = (message: object) => child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  const clientInfo = { name: 'test', version: '1' };
  send({
    id: 1,
    method: 'initialize',
    params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo },
  });
  send({ method: 'notifications/initialized' });
  const args = { provider: 'wechatpay', amountYuan: '1.00', title: 'slow', outTradeNo: 'SLOW_1' };
  send({ id: 2, method: 'tools/call', params: { name: 'create-payment', arguments: args } });
  const exited = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => resolve(code));
  });
  return { child, exited, out: () => out };
}

it.each(['the client hangs up', 'it is told to stop'])(
  'records what the gateway answers when %s in the middle',
  async (how) => {
    const shop = await Shop.open();
    const network = await shop.slowNetwork();
    const release = network.holdBack(/transactions\/native/);
    const { child, exited, out } = askForPayment({ ...shop.env, ...network.env, ...ENDLESS_WAITS });
    const file = await openSqliteStore(join(shop.home, 'simulator', 'ledger.db'), ports);
    const watching = await Ledger.open(file, 'simulator', ports);
    const recorded = () => watching.read((book) => book.orders.get('SLOW_1'));
    await expect.poll(async () => (await recorded())?.state).toBe('UNKNOWN');
    if (how === 'it is told to stop') child.kill('SIGTERM');
    else child.stdin.end();
    release();
    expect(await exited).toBe(0);
    expect(await recorded()).toMatchObject({
      state: 'NOTPAY',
      credential: { qrCode: expect.stringMatching(/^weixin:/) },
    });
    for (const line of out().trim().split('\n')) expect(JSON.parse(line)).toMatchObject({ jsonrpc: '2.0' });
    shop.transcript.record('stdout', out());
    await watching.close();
    await shop.close();
  },
);

it('ends at once when the client hangs up before anything was asked', async () => {
  const env = { PATH: process.env.PATH ?? '', CASHIER_HOME: home };
  const child = spawn(process.execPath, [MAIN], { env, stdio: ['pipe', 'pipe', 'ignore'] });
  child.stdin.end();
  const code = await new Promise((resolve) => {
    child.once('exit', resolve);
  });
  expect(code).toBe(0);
});

it('goes on after a line that is too long, and ends when the client hangs up', async () => {
  const env = { PATH: process.env.PATH ?? '', CASHIER_HOME: home };
  const child = spawn(process.execPath, [MAIN], { env, stdio: ['pipe', 'pipe', 'ignore'] });
  let out = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  const exited = new Promise((resolve) => {
    child.once('exit', resolve);
  });
  child.stdin.write(`${'x'.repeat(10 * 1024 * 1024 + 1)}\n`);
  child.stdin.write('{"jsonrpc":"2.0","id":2,"method":"ping"}\n');
  await expect
    .poll(() =>
      out
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line)),
    )
    .toEqual([
      { jsonrpc: '2.0', id: null, error: { code: -32_600, message: expect.stringContaining('10485760') } },
      { jsonrpc: '2.0', id: 2, result: {} },
    ]);
  child.stdin.write('y'.repeat(11 * 1024 * 1024));
  child.stdin.end();
  expect(await exited).toBe(0);
});

it('answers whoever has said all and closed its side, as a pipe does', async () => {
  const order = { provider: 'wechatpay', amountYuan: '1.00', title: 'piped' };
  const lines = [
    {
      id: 1,
      method: 'initialize',
      params: {
        protocolVersion: '2025-11-25',
        capabilities: {},
        clientInfo: { name: 'pipe', version: '1' },
      },
    },
    { method: 'notifications/initialized' },
    { id: 2, method: 'tools/call', params: { name: 'create-payment', arguments: order } },
    { id: 3, method: 'tools/list' },
  ];
  const { status, stdout } = spawnSync(process.execPath, [MAIN], {
    env: { PATH: process.env.PATH ?? '', CASHIER_HOME: home, ...ENDLESS_WAITS },
    input: lines.map((line) => `${JSON.stringify({ jsonrpc: '2.0', ...line })}\n`).join(''),
    encoding: 'utf8',
  });
  expect(status).toBe(0);
  const answers = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { id?: number; result?: { structuredContent?: { state: string } } });
  expect(answers.map(({ id }) => id).sort()).toEqual([1, 2, 3]);
  expect(answers.find(({ id }) => id === 2)?.result?.structuredContent?.state).toBe('NOTPAY');
});
