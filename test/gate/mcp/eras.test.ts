import { StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listening, MODERN, overHttp, overStdio } from './between.ts';
import { newClient, oldClient, type Told } from './everything.ts';

let server: Awaited<ReturnType<typeof listening>>;
beforeAll(async () => {
  server = await listening(MODERN, (port) => ({ args: [String(port)] }));
});
afterAll(() => server.end());

const CALLS: readonly (readonly [string, Record<string, unknown>])[] = [
  ['render-poster', { title: '海报' }],
  ['render-poster', { title: 'broken' }],
  ['render-poster', { unknown: 1 }],
  ['ask-name', {}],
  ['none', {}],
];

/** What a client of the 2.x SDK is told in the newest era that the other side speaks. */
async function story(transport: unknown): Promise<Told> {
  const told: Told = {};
  const client = newClient(told);
  await client.connect(transport as Parameters<typeof client.connect>[0]);
  told.revision = client.getNegotiatedProtocolVersion();
  told.server = [client.getServerVersion(), client.getServerCapabilities(), client.getInstructions()];
  told.tools = await client.listTools();
  told.read = await client.readResource({ uri: 'notes://one' });
  told.none = await client.readResource({ uri: 'notes://none' }).catch(String);
  told.prompt = await client.getPrompt({ name: 'draw', arguments: { what: 'a cat' } });
  for (const [name, args] of CALLS)
    told[`${name} ${JSON.stringify(args)}`] = await client.callTool({ name, arguments: args }).catch(String);
  await client.close();
  return told;
}

/** A client and what has come to it of progress, under whatever name: one that is done hears no more. */
async function hearing(transport: StreamableHTTPClientTransport) {
  const client = newClient();
  await client.connect(transport);
  const steps: unknown[] = [];
  const { onmessage } = transport;
  transport.onmessage = (message) => {
    if ('method' in message && message.method === 'notifications/progress') steps.push(message.params);
    onmessage?.(message);
  };
  return { client, steps };
}

const [command, ...args] = MODERN;
const program = () => new StdioClientTransport({ command, args, stderr: 'ignore' });
const address = (url: URL) => new StreamableHTTPClientTransport(url);

describe('2026-07-28 through the gate', () => {
  it('is what the upstream says, over each way to each kind of upstream', async () => {
    const [ofProgram, ofAddress] = [{ command: MODERN, env: {} }, { url: server.url }];
    const gates = {
      stdio: [overStdio(ofProgram), overStdio(ofAddress)],
      http: [await overHttp(ofProgram), await overHttp(ofAddress)],
    } as const;
    const [there, ...here] = await Promise.all([
      story(program()),
      ...gates.stdio.map(({ transport }) => story(transport)),
      ...gates.http.map(({ url }) => story(address(url))),
    ]);
    await Promise.all([...gates.stdio, ...gates.http].map((gate) => gate.end()));
    expect(there.revision).toBe('2026-07-28');
    expect(there['ask-name {}']).toMatchObject({ content: [{ text: 'hello Ann' }] });
    for (const told of here) expect({ ...told, server: there.server }).toEqual(there);
  });

  it('keeps apart what several clients hear, though they name their requests alike', async () => {
    const gate = await overHttp({ command: MODERN, env: {} });
    const titles = ['一', '二', '三', '四'];
    const heard = await Promise.all(
      titles.map(async (title) => {
        const { client, steps } = await hearing(address(gate.url));
        const call = { name: 'render-poster', arguments: { title } };
        const { structuredContent } = await client.callTool(call, { onprogress: () => undefined });
        await client.close();
        return { title, structuredContent, steps: steps.length };
      }),
    );
    await gate.end();
    expect(heard).toEqual(
      titles.map((title) => ({
        title,
        structuredContent: { url: `https://example.com/${encodeURIComponent(title)}` },
        steps: 1,
      })),
    );
  });

  it('tells who listens that the list has changed', async () => {
    const gate = await overHttp({ url: server.url });
    const client = newClient();
    await client.connect(address(gate.url));
    const changed = new Promise((resolve) =>
      client.setNotificationHandler('notifications/tools/list_changed', resolve),
    );
    const listening = await client.listen({ toolsListChanged: true });
    await client.callTool({ name: 'change', arguments: {} });
    await changed;
    await listening.close();
    await client.close();
    await gate.end();
  });

  it('falls back to 2025 where the client speaks nothing else', async () => {
    const gate = overStdio({ command: MODERN, env: {} });
    const client = oldClient();
    await client.connect(gate.transport as Transport);
    const asked = await client.callTool({ name: 'ask-name', arguments: {} });
    await client.close();
    await gate.end();
    expect(asked).toMatchObject({ content: [{ text: 'hello Ann' }] });
  });
});
