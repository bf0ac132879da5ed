#!/usr/bin/env node
/**
 * The official conformance suite, in two jobs: `node test/http/conformance.mjs [service|fixtures]`, both by default.
 *
 * - service: the built service as it is. Exit 0 only if every scenario outside the baseline passes and none inside it
 *   does; what the baseline names is there with its reason.
 * - fixtures: the same wiring from the listener to the protocol's edge, with what the suite wants to find behind it, and
 *   no baseline.
 *
 * Each runs what 2025-11-25 and 2026-07-28 require. The suite needs Node 22, which the registry has.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { freePort } from '../support/free-port.mjs';

const SUITE = [
  '-y',
  '-p',
  '@modelcontextprotocol/conformance@0.2.0-alpha.12',
  '-p',
  'node@22',
  'conformance',
  'server',
];
const REVISIONS = ['2025-11-25', '2026-07-28'];
const path = (name) => fileURLToPath(new URL(name, import.meta.url));

const JOBS = {
  service: {
    start: async () => [path('../../dist/main.js'), 'http'],
    options: (revision) => ['--expected-failures', path(`./conformance-baseline-${revision}.yml`)],
  },
  fixtures: {
    async start() {
      const outfile = path('../../node_modules/.cache/conformance-fixtures.mjs');
      const entryPoints = [path('./fixture-service.ts')];
      const shape = { bundle: true, packages: 'external', platform: 'node', format: 'esm' };
      await build({ entryPoints, outfile, ...shape, logLevel: 'warning' });
      return [outfile];
    },
    options: () => [],
  },
};

const asked = process.argv.slice(2);
for (const name of asked.length > 0 ? asked : Object.keys(JOBS)) await run(name, JOBS[name]);

async function run(name, { start, options }) {
  const home = mkdtempSync(join(tmpdir(), 'conformance-'));
  const port = await freePort();
  const service = spawn(process.execPath, await start(), {
    env: { PATH: process.env.PATH, CASHIER_HOME: home, CASHIER_HTTP_PORT: String(port) },
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  try {
    // It says one line when it listens.
    await Promise.race([
      once(service.stderr, 'data'),
      once(service, 'exit').then(() => Promise.reject(new Error(`${name}: the service did not start`))),
    ]);
    service.stderr.resume();
    for (const revision of REVISIONS) {
      console.log(`\n${name}, ${revision}`);
      const url = `http://127.0.0.1:${port}/mcp`;
      const args = [...SUITE, '--url', url, '--requirements', revision, ...options(revision)];
      const suite = spawn('npx', args, { cwd: home, stdio: 'inherit' });
      const [code] = await once(suite, 'exit');
      if (code !== 0) process.exitCode = 1;
    }
  } finally {
    const ended = once(service, 'exit');
    if (service.kill('SIGTERM')) await ended;
    rmSync(home, { recursive: true, force: true });
  }
}
