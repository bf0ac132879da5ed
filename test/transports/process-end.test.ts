import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Ledger } from '../../src/ledger/ledger.ts';
import { openSqliteStore } from '../../src/ledger/sqlite-store.ts';
import { systemClock, systemRandom } from '../../src/platform/system.ts';
import { lendKeys } from '../support/lent-keys.ts';
import { PATIENCE_MS } from '../support/patience.ts';
import { MAIN } from '../support/server-process.ts';

const ports = { clock: systemClock, randomBytes: systemRandom };
const line = (message: object) => `${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`;
const INITIALIZE = line({
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'probe', version: '1' } },
});
const INITIALIZED = line({ method: 'notifications/initialized' });
const CREATE = line({
  id: 2,
  method: 'tools/call',
  params: {
    name: 'create-payment',
    arguments: { provider: 'alipay', amountYuan: '1.00', title: 'a', outTradeNo: 'LAST_1' },
  },
});

/** Starts the server, lets `talk` speak, and says how it ended; undefined when it did not. */
async function ending(
  talk: (child: ChildProcessWithoutNullStreams, home: string) => Promise<void> | void,
  { hasKeys }: { readonly hasKeys: boolean } = { hasKeys: true },
): Promise<{ code: number | null; stdout: string; stderr: string } | undefined> {
  const home = mkdtempSync(join(tmpdir(), 'cashier-end-'));
  if (hasKeys) await lendKeys(home);
  const child = spawn(process.execPath, [MAIN], {
    env: { PATH: process.env.PATH ?? '', HOME: home, CASHIER_HOME: home },
    cwd: home,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  try {
    await talk(child, home);
    const code = await Promise.race([
      ended,
      new Promise<'hangs'>((resolve) => setTimeout(() => resolve('hangs'), PATIENCE_MS)),
    ]);
    return code === 'hangs' ? undefined : { code, stdout, stderr };
  } finally {
    child.kill('SIGKILL');
    rmSync(home, { recursive: true, force: true });
  }
}

/** Waits until the payment of {@link CREATE} has been recorded. */
async function created(home: string): Promise<void> {
  const ledger = await Ledger.open(
    await openSqliteStore(join(home, 'simulator', 'ledger.db'), ports),
    'simulator',
    ports,
  );
  try {
    await expect
      .poll(async () => (await ledger.read((book) => book.orders.get('LAST_1')))?.state)
      .toBe('NOTPAY');
  } finally {
    await ledger.close();
  }
}

it.each([true, false])(
  'ends when the client hangs up right after its first call, with keys at hand: %s',
  async (hasKeys) => {
    const end = await ending((child) => void child.stdin.end(INITIALIZE + INITIALIZED + CREATE), { hasKeys });
    expect(end, 'the process has ended').toBeDefined();
    expect(end?.code).toBe(0);
  },
);

it.each([100, 400])('ends when the client hangs up %i ms after its first call', async (ms) => {
  const end = await ending((child) => {
    child.stdin.write(INITIALIZE + INITIALIZED + CREATE);
    setTimeout(() => child.stdin.end(), ms);
  });
  expect(end, 'the process has ended').toBeDefined();
  expect(end?.code).toBe(0);
});

it('ends quietly when nobody reads its answers any more', async () => {
  const end = await ending(async (child, home) => {
    child.stdin.write(INITIALIZE + INITIALIZED);
    await once(child.stdout, 'data');
    child.stdout.destroy();
    child.stdin.write(CREATE);
    await created(home);
    child.stdin.end();
  });
  expect(end, 'the process has ended').toBeDefined();
  expect(end?.stderr).not.toMatch(/Unhandled|at .*\(/);
});
