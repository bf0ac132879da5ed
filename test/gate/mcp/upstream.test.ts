import { setImmediate } from 'node:timers/promises';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { describe, expect, it } from 'vitest';
import { Catalogue } from '../../../src/gate/mcp/catalogue.ts';
import type { Counter } from '../../../src/gate/mcp/counter.ts';
import { Relay } from '../../../src/gate/mcp/relay.ts';
import { notOurs } from '../../../src/gate/mcp/upstream.ts';
import { systemClock } from '../../../src/platform/system.ts';
import { freePort } from '../../support/free-port.mjs';
import { FREE, MODERN, overHttp, overStdio, RECORDER } from './between.ts';
import { EVERYTHING, oldClient } from './everything.ts';
import { RawClient } from './raw-client.ts';

const CRASH = { name: 'render-poster', arguments: { title: 'crash' } };
const POSTER = { name: 'render-poster', arguments: { title: '海报' } };
const MADE = { structuredContent: { url: `https://example.com/${encodeURIComponent('海报')}` } };

describe('an upstream that ends', () => {
  it('is told of in an error, and started again with the next call', async () => {
    const gate = overStdio({ command: MODERN, env: {} });
    const client = oldClient();
    await client.connect(gate.transport as Transport);
    await expect(client.callTool(CRASH)).rejects.toMatchObject({
      code: -32_000,
      message: expect.stringContaining('the upstream has ended'),
    });
    expect(await client.callTool(POSTER)).toMatchObject(MADE);
    await expect(client.callTool(CRASH)).rejects.toMatchObject({ code: -32_000 });
    // It was told anew whose client this is: it asks, and the answer finds it.
    const asked = await client.callTool({ name: 'ask-name', arguments: {} });
    expect(asked).toMatchObject({ content: [{ text: 'hello Ann' }] });
    await client.close();
    await gate.end();
  });

  it.each([
    [true, []],
    [false, ['tools/call']],
  ])('is asked behind its start only what is not over by then (%s)', async (isOver, asked) => {
    const sent: unknown[] = [];
    const quiet = { start: async () => undefined, close: async () => undefined };
    const client: Transport = { ...quiet, send: async () => undefined };
    const upstream: Transport = { ...quiet, send: async (message) => void sent.push(message) };
    const over = new AbortController();
    const counter: Counter = {
      ...FREE,
      charges: () => true,
      serve: async (params, behind) => {
        await behind.call(params, over.signal);
        return { result: {} };
      },
    };
    const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
    const relay = new Relay({
      ...{ client, counter, log, catalogue: new Catalogue(systemClock) },
      ...{ upstream: () => setImmediate(upstream), lost: () => '' },
    });
    await relay.start();
    client.onmessage?.({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: POSTER });
    if (isOver) over.abort();
    await setImmediate();
    await setImmediate();
    expect(sent).toMatchObject(asked.map((method) => ({ method })));
  });

  it('leaves no one waiting: everything under way is answered', async () => {
    const gate = overStdio({ command: MODERN, env: {} });
    const client = oldClient();
    await client.connect(gate.transport as Transport);
    const slow = { name: 'render-poster', arguments: { title: 'slow' } };
    const calls = await Promise.allSettled([
      client.callTool(slow),
      client.callTool(slow),
      client.callTool(CRASH),
    ]);
    expect(calls.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    await client.close();
    await gate.end();
  });

  it('is told again what its predecessor had been told, and no more', async () => {
    const gate = overStdio({ command: RECORDER, env: {} });
    const client = new RawClient(gate.transport as Transport);
    await client.open();
    await client.ask(1, 'logging/setLevel', { level: 'error' });
    for (const [id, uri] of [2, 3].map((id) => [id, `note://${id}`] as const))
      await client.ask(id, 'resources/subscribe', { uri });
    await client.ask(4, 'resources/unsubscribe', { uri: 'note://2' });
    expect(await client.ask(5, 'crash')).toMatchObject({ error: { code: -32_000 } });
    const { result } = await client.ask(6, 'vendor/thing', { a: [1, null] });
    expect(result).toEqual({
      asked: { a: [1, null] },
      heard: [
        ...['initialize', 'notifications/initialized', 'logging/setLevel'],
        ...['resources/subscribe note://3', 'vendor/thing'],
      ],
    });
    expect(client.heard.filter(({ id }) => String(id).includes('mcp-cashier'))).toEqual([]);
    await gate.end();
  });

  it('hears no answer to what its predecessor had asked', async () => {
    const gate = overStdio({ command: RECORDER, env: {} });
    const client = new RawClient(gate.transport as Transport);
    await client.open();
    expect(await client.ask(1, 'vendor/ask', { ends: true })).toMatchObject({ error: { code: -32_000 } });
    const first = await client.until(({ method }) => method === 'vendor/question');
    await client.say({ id: 2, method: 'vendor/ask', params: {} });
    const second = await client.until((one) => one.method === 'vendor/question' && one.id !== first.id);
    await client.say({ id: first.id, result: { of: 'the first' } });
    await client.say({ id: second.id, result: { of: 'the second' } });
    const { result } = await client.until((one) => one.id === 2 && 'result' in one);
    expect(result).toEqual({ told: { of: 'the second' } });
    await gate.end();
  });

  it('that cannot be started is an error too, and nobody is left behind', async () => {
    const gate = overStdio({ command: ['/nowhere/to/be/found'], env: {} });
    const client = oldClient();
    await expect(client.connect(gate.transport as Transport)).rejects.toMatchObject({
      message: expect.stringContaining('does not start'),
    });
    await gate.end();
  });

  it('at an address where nobody is', async () => {
    const gate = await overHttp({ url: new URL(`http://127.0.0.1:${await freePort()}/mcp`) });
    const client = oldClient();
    const connecting = client.connect(new StreamableHTTPClientTransport(gate.url) as Transport);
    await expect(connecting).rejects.toMatchObject({ message: expect.stringContaining('does not start') });
    await gate.end();
  });
});

describe('what this program has never heard of', () => {
  it('passes as it is: requests, answers, notifications', async () => {
    const gate = overStdio({ command: RECORDER, env: {} });
    const client = new RawClient(gate.transport as Transport);
    await client.open();
    await client.say({ method: 'notifications/of-the-client', params: { x: 1 } });
    const { result } = await client.ask('a string', 'vendor/thing');
    expect(result).toMatchObject({ heard: expect.arrayContaining(['notifications/of-the-client']) });
    expect(client.heard).toContainEqual(
      expect.objectContaining({ method: 'notifications/vendor', params: { about: 'vendor/thing' } }),
    );
    expect(await client.ask('mcp-cashier/1', 'vendor/thing')).toMatchObject({ error: { code: -32_600 } });
    await gate.end();
  });
});

describe('what an upstream is given', () => {
  it('is the environment as it would be without us, and none of what is ours', async () => {
    const ours = {
      AP_APP_KEY: 'private-1',
      WXPAY_API_V3_KEY: 'private-2',
      CASHIER_LEDGER: 'postgres://user:private-3@host/db',
      WXPAY_MCH_KEY_FILE: 'private-4',
    };
    const gate = overStdio(
      { command: MODERN, env: { GIVEN: 'in the file' } },
      { env: { ...ours, MY_TOKEN: 'theirs' } },
    );
    const client = oldClient();
    await client.connect(gate.transport as Transport);
    const said = JSON.stringify(await client.callTool({ name: 'environment', arguments: {} }));
    await client.close();
    await gate.end();
    expect(said).toContain('theirs');
    expect(said).toContain('in the file');
    expect(said).not.toMatch(/private-\d|CASHIER_|WXPAY_|\bAP_/);
  });

  it('leaves out whatever begins as ours do, in any case', () => {
    expect(notOurs({ cashier_mode: 'live', Ap_Pub_Key: 'x', APPDATA: 'kept', APPLE: undefined })).toEqual({
      APPDATA: 'kept',
    });
  });
});

describe('what it says on stderr', () => {
  it('is in our log', async () => {
    const gate = overStdio({ command: EVERYTHING, env: {} });
    const client = oldClient();
    await client.connect(gate.transport as Transport);
    await client.close();
    await gate.end();
    expect(gate.logged.filter((line) => line.startsWith('gate upstream says'))).not.toEqual([]);
  });
});
