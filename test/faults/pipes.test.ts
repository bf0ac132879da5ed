import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Shop } from '../journeys/shop.ts';
import { type Env, MAIN, until } from '../support/server-process.ts';

let shop: Shop;
beforeAll(async () => {
  shop = await Shop.open();
});
afterAll(() => shop.close());

const message = (body: object) => `${JSON.stringify({ jsonrpc: '2.0', ...body })}\n`;
const INITIALIZE = message({
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'pipes', version: '1' } },
});
const create = (id: number, outTradeNo: string) =>
  message({
    id,
    method: 'tools/call',
    params: {
      name: 'create-payment',
      arguments: { provider: 'wechatpay', amountYuan: '1.00', title: `pipe ${outTradeNo}`, outTradeNo },
    },
  });

function start(args: readonly string[], stdio: ('pipe' | 'ignore' | number)[], env: Env = {}): ChildProcess {
  return spawn(process.execPath, [MAIN, ...args], {
    env: { ...shop.env, ...shop.simulator.env, ...env },
    cwd: join(shop.home, 'cwd'),
    stdio,
  });
}
/** A pipe that has no room, and that nobody reads. */
function fullPipe(): number {
  const path = join(shop.home, 'pipe');
  rmSync(path, { force: true });
  execFileSync('mkfifo', [path]);
  const filling = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  expect(() => {
    for (;;) writeSync(filling, Buffer.alloc(4096));
  }).toThrow(/EAGAIN/);
  return openSync(path, 'r+');
}

describe('a server whose stderr', () => {
  it.each<[string, () => 'pipe' | number]>([
    ['has been closed', () => 'pipe'],
    ['is never read', fullPipe],
    ['goes to a full disk', () => openSync('/dev/full', 'w')],
  ])('%s sells on, and ends as ever', async (_, open) => {
    const stderr = open();
    const child = start([], ['pipe', 'pipe', stderr]);
    child.stderr?.destroy();
    let told = '';
    child.stdout?.on('data', (chunk) => {
      told += chunk;
    });
    const ended = once(child, 'close').then(([code]) => code as number | null);
    const outTradeNo = shop.number('ERR');
    // What is no message is warned of.
    const noise = 'what is this?\n'.repeat(300);
    child.stdin?.write(INITIALIZE + message({ method: 'notifications/initialized' }) + noise);
    child.stdin?.write(create(2, outTradeNo));
    const answered = until('the answer', () => told.includes('"id":2') || undefined);
    expect(await Promise.race([answered, ended])).toBe(true);
    expect((await shop.simulator.trade(outTradeNo)).state).toBe('NOTPAY');
    child.stdin?.end();
    expect(await ended).toBe(0);
    if (typeof stderr === 'number') closeSync(stderr);
  });
});

describe('a command whose output', () => {
  it.each([['orders'], ['--help'], ['audit', 'export'], ['orders', '--json'], ['ledger', 'info']])(
    'finds a full disk says so: %s %s',
    async (...args) => {
      const full = openSync('/dev/full', 'w');
      const child = start(args, ['ignore', full, 'pipe']);
      let stderr = '';
      child.stderr?.on('data', (chunk) => {
        stderr += chunk;
      });
      const [code] = await once(child, 'close');
      closeSync(full);
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: expect.stringMatching(/The output could not be written \(ENOSPC\)/),
      });
      expect(stderr).not.toMatch(/^ +at /m);
    },
  );

  it.each([['orders'], ['--help'], ['orders', '--json']])(
    'nobody reads, nor its errors, ends: %s %s',
    async (...args) => {
      const child = start(args, ['ignore', 'pipe', 'pipe']);
      child.stdout?.destroy();
      child.stderr?.destroy();
      const [code] = await once(child, 'close');
      expect(code).toBe(0);
    },
  );
});
