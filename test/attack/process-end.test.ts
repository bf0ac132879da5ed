import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { PATIENCE_MS } from '../support/patience.ts';
import { MAIN } from '../support/server-process.ts';

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
  params: { name: 'create-payment', arguments: { provider: 'alipay', amountYuan: '1.00', title: 'a' } },
});

/** Starts the server, lets `talk` speak, and says how it ended; undefined when it did not. */
async function ending(
  talk: (child: ReturnType<typeof spawn>) => void,
): Promise<{ code: number | null; stdout: string; stderr: string } | undefined> {
  const home = mkdtempSync(join(tmpdir(), 'cashier-end-'));
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
  talk(child);
  const code = await Promise.race([
    ended,
    new Promise<'hangs'>((resolve) => setTimeout(() => resolve('hangs'), PATIENCE_MS)),
  ]);
  child.kill('SIGKILL');
  rmSync(home, { recursive: true, force: true });
  return code === 'hangs' ? undefined : { code, stdout, stderr };
}

it('ends when the client hangs up right after its first call', async () => {
  const end = await ending((child) => child.stdin?.end(INITIALIZE + INITIALIZED + CREATE));
  expect(end, 'the process has ended').toBeDefined();
  expect(end?.code).toBe(0);
});

it.each([100, 400])('ends when the client hangs up %i ms after its first call', async (ms) => {
  const end = await ending((child) => {
    child.stdin?.write(INITIALIZE + INITIALIZED + CREATE);
    setTimeout(() => child.stdin?.end(), ms);
  });
  expect(end, 'the process has ended').toBeDefined();
  expect(end?.code).toBe(0);
});

it('ends quietly when nobody reads its answers any more', async () => {
  const end = await ending((child) => {
    child.stdin?.write(INITIALIZE + INITIALIZED);
    child.stdout?.once('data', () => {
      child.stdout?.destroy();
      child.stdin?.write(CREATE);
      setTimeout(() => child.stdin?.end(), 3_000);
    });
  });
  expect(end, 'the process has ended').toBeDefined();
  expect(end?.stderr).not.toMatch(/Unhandled|at .*\(/);
});
