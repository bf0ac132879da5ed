// First `tools/list` over stdio, from spawn to answer: this server as npm installs it from the packed tarball, beside a
// bare unbundled server of the same SDK. node bench/first-list.mjs [runs]
// Exit code 1 when the ratio of medians is above the limit.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { install, pack, temporary } from '../test/package/packed.mjs';

const LIMIT = 0.75;
const runs = Number(process.argv[2] ?? 21);
const home = temporary('cashier-bench');
const bare = fileURLToPath(new URL('./bare-server.mjs', import.meta.url));
const ours = join(install(pack()), 'node_modules/mcp-cashier/dist/main.js');

const env = { PATH: process.env.PATH, HOME: home, CASHIER_HOME: home, CASHIER_MODE: 'simulator' };
const times = { ours: [], bare: [] };
let first = 0;
for (let i = 0; i <= runs; i++) {
  for (const [name, script] of [
    ['ours', ours],
    ['bare', bare],
  ]) {
    const ms = await firstList(script);
    // The first round warms the disk cache; in ours it also writes the ledger and the compiled bundle.
    if (i > 0) times[name].push(ms);
    else if (name === 'ours') first = ms;
  }
}
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const [a, b] = [median(times.ours), median(times.bare)];
for (const name of ['ours', 'bare']) {
  const sorted = times[name].toSorted((x, y) => x - y);
  console.log(
    `${name}: median ${median(sorted).toFixed(0)} ms, min ${sorted[0].toFixed(0)}, max ${sorted.at(-1).toFixed(0)} (${runs} runs)`,
  );
}
console.log(`ours, the very first start after the installation: ${first.toFixed(0)} ms`);
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
