import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StreamableHTTPClientTransport as NewTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { describe, expect, it } from 'vitest';
import { listening, overHttp, overStdio } from './between.ts';
import { asNew, asOld, EVERYTHING, FILESYSTEM, timeless } from './everything.ts';

type Program = readonly [string, ...string[]];

function direct([command, ...args]: Program): Transport {
  return new StdioClientTransport({ command, args, stderr: 'ignore' });
}
const at = (url: URL) => new StreamableHTTPClientTransport(url) as Transport;

describe('what a client is told through the gate', () => {
  it.each([
    ['1.x', asOld],
    ['2.x', asNew],
  ])('is what the everything server says to the %s client', async (_client, as) => {
    const gate = overStdio({ command: EVERYTHING, env: {} });
    const [there, here] = await Promise.all([as(direct(EVERYTHING)), as(gate.transport)]);
    await gate.end();
    expect(timeless(here)).toEqual(timeless(there));
    for (const word of ['get-sum', 'sampled', 'Ann']) expect(JSON.stringify(here)).toContain(word);
  });

  it('is the same over HTTP, where questions and progress come on the stream of what was asked', async () => {
    const gate = await overHttp({ command: EVERYTHING, env: {} });
    const [there, here] = await Promise.all([asOld(direct(EVERYTHING)), asOld(at(gate.url))]);
    await gate.end();
    expect(timeless(here)).toEqual(timeless(there));
  });

  it('is the same of a server at an address', async () => {
    const server = await listening(EVERYTHING, (port) => ({
      args: ['streamableHttp'],
      env: { PORT: String(port) },
    }));
    const [stdio, http] = [overStdio({ url: server.url }), await overHttp({ url: server.url })];
    const [there, here, alsoHere] = await Promise.all([
      asOld(at(server.url)),
      asOld(stdio.transport),
      asNew(new NewTransport(http.url) as Transport),
    ]);
    await Promise.all([stdio.end(), http.end()]);
    await server.end();
    // On streams of their own, the steps of a progress may overtake each other.
    expect({ ...timeless(here), steps: [] }).toEqual({ ...timeless(there), steps: [] });
    expect(timeless(alsoHere).tools).toEqual(timeless(there).tools);
    expect(timeless(alsoHere)['trigger-elicitation-request {}']).toEqual(
      timeless(there)['trigger-elicitation-request {}'],
    );
  });

  it('is what the filesystem server says, whose folder comes with the client', async () => {
    const path = mkdtempSync(join(tmpdir(), 'behind-'));
    writeFileSync(join(path, 'a.txt'), '天气\n');
    const program: Program = [...FILESYSTEM, path];
    const calls = [
      ['list_directory', { path }],
      ['read_text_file', { path: join(path, 'a.txt') }],
      ['read_text_file', { path: '/etc/passwd' }],
    ] as const;
    const gate = overStdio({ command: program, env: {} });
    const [there, here] = await Promise.all([
      asOld(direct(program), calls, path),
      asOld(gate.transport, calls, path),
    ]);
    await gate.end();
    expect(here).toEqual(there);
    expect(JSON.stringify(here)).toContain('天气');
  });
});
