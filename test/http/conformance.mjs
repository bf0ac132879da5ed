#!/usr/bin/env node
/**
 * The official conformance suite against the built service: `node test/http/conformance.mjs [REVISION …]`.
 * Exit 0 only if every scenario outside the baseline passes and none inside it does.
 *
 * Without arguments: release 0.1.13, the last that runs on Node 20, its active scenarios. With revisions
 * (2025-11-25, 2026-07-28): the requirement sets of 0.2, which need the Node 22 that the registry has.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
/** 2025-11-25 wants the same fixtures as the active scenarios. */
const BASELINES = { '2026-07-28': './conformance-baseline-2026-07-28.yml' };
const expected = (revision) => [
  '--expected-failures',
  fileURLToPath(new URL(BASELINES[revision] ?? './conformance-baseline.yml', import.meta.url)),
];
const ACTIVE = { packages: ['-p', '@modelcontextprotocol/conformance@0.1.13'], options: expected() };
const requirements = (revision) => ({
  packages: ['-p', '@modelcontextprotocol/conformance@0.2.0-alpha.12', '-p', 'node@22'],
  options: ['--requirements', revision, ...expected(revision)],
});

const revisions = process.argv.slice(2);
const home = mkdtempSync(join(tmpdir(), 'conformance-'));
const port = await freePort();
const service = spawn(process.execPath, [MAIN, 'http'], {
  env: { PATH: process.env.PATH, CASHIER_HOME: home, CASHIER_HTTP_PORT: String(port) },
  stdio: ['ignore', 'inherit', 'pipe'],
});
try {
  // It says one line when it listens.
  await Promise.race([
    once(service.stderr, 'data'),
    once(service, 'exit').then(() => Promise.reject(new Error('the service did not start'))),
  ]);
  for (const { packages, options } of revisions.length > 0 ? revisions.map(requirements) : [ACTIVE]) {
    const url = `http://127.0.0.1:${port}/mcp`;
    const suite = spawn('npx', ['-y', ...packages, 'conformance', 'server', '--url', url, ...options], {
      cwd: home,
      stdio: 'inherit',
    });
    const [code] = await once(suite, 'exit');
    if (code !== 0) process.exitCode = 1;
  }
} finally {
  const ended = once(service, 'exit');
  if (service.kill('SIGTERM')) await ended;
  rmSync(home, { recursive: true, force: true });
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}
