import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { serve } from '@hono/node-server';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { Counter } from '../../../src/gate/mcp/counter.ts';
import { mcpGate } from '../../../src/gate/mcp/http.ts';
import { relayOverStdio } from '../../../src/gate/mcp/stdio.ts';
import { openUpstream, type Reached } from '../../../src/gate/mcp/upstream.ts';
import { systemClock, systemRandom } from '../../../src/platform/system.ts';
import { freePort } from '../../support/free-port.mjs';

/** A counter at which nothing is charged for. */
export const FREE: Counter = {
  listed: (tool) => tool,
  charges: () => false,
  serve: () => Promise.reject(new Error('nothing is sold here')),
};

export interface Options {
  readonly counter?: Counter;
  readonly env?: Readonly<Record<string, string>>;
}

function behind(reached: Reached, { counter = FREE, env = {} }: Options) {
  const logged: string[] = [];
  const keep = (event: string, facts = {}) => void logged.push(`${event}: ${JSON.stringify(facts)}`);
  const log = { info: keep, warn: keep, error: keep };
  return {
    ...{ logged, log, counter, clock: systemClock, randomBytes: systemRandom },
    isProgram: 'command' in reached,
    upstream: () => openUpstream('behind', reached, { env: { PATH: process.env.PATH, ...env }, log }),
    lost: (reached: boolean) => (reached ? 'the upstream has ended' : 'the upstream does not start'),
  };
}

/** A gate on stdio in this process, in front of an upstream. */
export function overStdio(reached: Reached, options: Options = {}) {
  const toGate = new PassThrough();
  const fromGate = new PassThrough();
  const stop = new AbortController();
  const own = behind(reached, options);
  const underWay = new Set<Promise<unknown>>();
  const ended = relayOverStdio({ ...own, input: toGate, output: fromGate, underWay }, stop.signal);
  return {
    logged: own.logged,
    /** The client's end: the same lines in the other direction. */
    transport: new StdioServerTransport(fromGate, toGate) as Transport,
    /** Hangs up; resolves when the gate has ended. */
    async end() {
      toGate.end();
      stop.abort();
      await ended;
    },
  };
}

/** A gate over HTTP in this process, in front of an upstream. */
export async function overHttp(reached: Reached, options: Options = {}, admit = () => 0) {
  const own = behind(reached, options);
  const gate = mcpGate({ ...own, admit });
  const server = serve({ fetch: (request) => gate.answer(request, 'here'), hostname: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    logged: own.logged,
    url: new URL(`http://127.0.0.1:${port}/mcp`),
    async end() {
      await gate.close();
      server.close();
      if ('closeAllConnections' in server) server.closeAllConnections();
    },
  };
}

/** A server of the 2.x SDK, as a program; with a port, over HTTP. */
export const MODERN = [
  process.execPath,
  fileURLToPath(new URL('modern-server.mjs', import.meta.url)),
] as const;

/** One that knows no method. */
export const RECORDER = [process.execPath, fileURLToPath(new URL('recorder.mjs', import.meta.url))] as const;

/** Starts a program that listens where it is told to. */
export async function listening(
  program: readonly [string, ...string[]],
  at: (port: number) => { readonly args: readonly string[]; readonly env?: Readonly<Record<string, string>> },
): Promise<{ readonly url: URL; end(): Promise<void> }> {
  const port = await freePort();
  const [command, ...first] = program;
  const { args, env } = at(port);
  const child: ChildProcess = spawn(command, [...first, ...args], {
    ...{ env: { PATH: process.env.PATH, ...env }, stdio: ['ignore', 'ignore', 'pipe'] },
  });
  await new Promise<void>((said) =>
    child.stderr?.on('data', (text) => /listening/i.test(String(text)) && said()),
  );
  return {
    url: new URL(`http://127.0.0.1:${port}/mcp`),
    async end() {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}
