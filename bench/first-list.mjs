// First `tools/list` over stdio, from spawn to answer: this server (built) beside a bare server of the same SDK.
// node bench/first-list.mjs [runs]   Exit code 1 when the ratio of medians is above 1.5.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const LIMIT = 1.5;
const runs = Number(process.argv[2] ?? 15);
const home = mkdtempSync(join(tmpdir(), 'cashier-bench-'));
const bare = new URL('./bare-server.mjs', import.meta.url).pathname;
const ours = new URL('../dist/main.js', import.meta.url).pathname;

const env = { PATH: process.env.PATH, HOME: home, CASHIER_HOME: home, CASHIER_MODE: 'simulator' };
const times = { ours: [], bare: [] };
for (let i = 0; i <= runs; i++) {
  for (const [name, script] of [
    ['ours', ours],
    ['bare', bare],
  ]) {
    const ms = await firstList(script);
    if (i > 0) times[name].push(ms); // the first round warms the disk cache
  }
}
rmSync(home, { recursive: true, force: true });
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const [a, b] = [median(times.ours), median(times.bare)];
for (const name of ['ours', 'bare']) {
  const sorted = times[name].toSorted((x, y) => x - y);
  console.log(
    `${name}: median ${median(sorted).toFixed(0)} ms, min ${sorted[0].toFixed(0)}, max ${sorted.at(-1).toFixed(0)} (${runs} runs)`,
  );
}
console.log(`ratio ${(a / b).toFixed(2)} (limit ${LIMIT})`);
process.exitCode = a / b > LIMIT ? 1 : 0;

function firstList(script) {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const child = spawn(process.execPath, [script], { env, stdio: ['pipe', 'pipe', 'ignore'] });
    let out = '';
    child.on('error', reject);
    child.on('exit', (code) => reject(new Error(`${script} ended with ${code}`)));
    child.stdout.on('data', (chunk) => {
      out += chunk;
      if (!out.includes('"id":2')) return;
      const ms = performance.now() - startedAt;
      child.removeAllListeners('exit');
      child.once('exit', () => resolve(ms));
      child.stdin.end();
    });
    const send = (message) => child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
    send({
      id: 1,
      method: 'initialize',
      params: {
        protocolVersion: '2025-11-25',
        capabilities: {},
        clientInfo: { name: 'bench', version: '1' },
      },
    });
    send({ method: 'notifications/initialized' });
    send({ id: 2, method: 'tools/list' });
  });
}
