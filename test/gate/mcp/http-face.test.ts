import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { JSONRPCMessage, Transport } from '@modelcontextprotocol/server';
import { expect, it } from 'vitest';
import type { Clock } from '../../../src/domain/clock.ts';
import type { Counter, Served } from '../../../src/gate/mcp/counter.ts';
import { mcpGate } from '../../../src/gate/mcp/http.ts';
import { UpstreamLost } from '../../../src/gate/mcp/line.ts';
import { systemClock, systemRandom } from '../../../src/platform/system.ts';

const ENVELOPE = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
};
const PRICED: Counter = {
  listed: (tool) => tool,
  charges: (tool) => tool === 'dear',
  serve: async () => ({ result: { content: [] } }),
};

/** An upstream that answers with what it was asked, and never to `wait`. */
class Echo implements Transport {
  static opened = 0;
  static closed = 0;
  static readonly heard: JSONRPCMessage[] = [];
  onclose?: () => void;
  onmessage?: (message: JSONRPCMessage) => void;
  async start() {
    Echo.opened += 1;
  }
  async close() {
    Echo.closed += 1;
    this.onclose?.();
  }
  async send(message: JSONRPCMessage) {
    Echo.heard.push(message);
    if (!('method' in message) || !('id' in message) || message.method === 'wait') return;
    const { id, method, params } = message;
    if (method === 'initialize') {
      const serverInfo = { name: 'echo', version: '1' };
      const result = { protocolVersion: params?.protocolVersion, capabilities: {}, serverInfo };
      this.onmessage?.({ jsonrpc: '2.0', id, result });
    } else if (method === 'nothing')
      this.onmessage?.({ jsonrpc: '2.0', id, error: { code: -32_601, message: 'Method not found' } });
    else this.onmessage?.({ jsonrpc: '2.0', id, result: { method } });
  }
}

function face(
  options: {
    admit?: () => number;
    isProgram?: boolean;
    upstream?: () => Promise<Transport>;
    clock?: Clock;
    counter?: Counter;
  } = {},
) {
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const {
    admit = () => 0,
    isProgram = true,
    upstream = async () => new Echo(),
    clock = systemClock,
    counter = PRICED,
  } = options;
  return mcpGate({
    ...{ clock, randomBytes: systemRandom, log, counter, isProgram, admit, upstream },
    lost: () => 'lost',
  });
}

const url = 'http://127.0.0.1/posters/mcp';
const BOTH = 'application/json, text/event-stream';
function post(body: unknown, headers: Record<string, string> = {}, signal?: AbortSignal): Request {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return new Request(url, {
    ...{
      method: 'POST',
      body: text,
      headers: { 'content-type': 'application/json', accept: BOTH, ...headers },
    },
    ...(signal ? { signal } : {}),
  });
}
/** A request of 2026-07-28, as it should be but for what is said. */
function modern(
  method: string,
  params: object = {},
  headers: Record<string, string> = {},
  signal?: AbortSignal,
) {
  const { name } = params as { name?: string };
  const named = name === undefined ? {} : { 'mcp-name': name };
  const all = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': method, ...named, ...headers };
  return post({ jsonrpc: '2.0', id: 7, method, params: { ...params, _meta: ENVELOPE } }, all, signal);
}
const INITIALIZE = {
  ...{ jsonrpc: '2.0', id: 1, method: 'initialize' },
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'raw', version: '1' } },
};
const call = (name: string) => ({
  jsonrpc: '2.0',
  id: 2,
  method: 'tools/call',
  params: { name, arguments: {} },
});

const HOSTILE: readonly (readonly [what: string, request: () => Request, status: number, code: number])[] = [
  ['a form', () => post('{}', { 'content-type': 'text/plain' }), 415, -32_000],
  ['no JSON', () => post('{'), 400, -32_700],
  [
    'no UTF-8',
    () =>
      new Request(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: Uint8Array.of(0x22, 0xff, 0x22),
      }),
    400,
    -32_700,
  ],
  ['more than is read', () => post(`"${'x'.repeat(5 * 1024 * 1024)}"`), 413, -32_000],
  ['no message', () => post({ hello: 1 }), 400, -32_600],
  ['no session', () => post(call('free')), 400, -32_000],
  ['a session of nobody', () => post(call('free'), { 'mcp-session-id': 'x' }), 404, -32_001],
  ['to hear nobody', () => new Request(url, { headers: { 'mcp-session-id': 'x' } }), 404, -32_001],
  [
    'another revision',
    () => modern('tools/list', {}, { 'mcp-protocol-version': '2025-06-18' }),
    400,
    -32_020,
  ],
  ['another method', () => modern('tools/list', {}, { 'mcp-method': 'tools/call' }), 400, -32_020],
  [
    'a dear tool under the name of a free one',
    () => modern('tools/call', { name: 'dear' }, { 'mcp-name': 'free' }),
    400,
    -32_020,
  ],
  [
    'a name that is no base64',
    () => modern('tools/call', { name: 'dear' }, { 'mcp-name': '=?base64?ZnJlZQ==?=' }),
    400,
    -32_020,
  ],
  ['what the upstream does not know', () => modern('nothing'), 404, -32_601],
];
it.each(HOSTILE)('refuses %s', async (_what, request, status, code) => {
  const gate = face();
  const response = await gate.answer(request(), 'here');
  expect([response.status, ((await response.json()) as { error: { code: number } }).error.code]).toEqual([
    status,
    code,
  ]);
  await gate.close();
});

it('has no stream without a session', async () => {
  const response = await face().answer(new Request(url), 'here');
  expect(response.status).toBe(405);
});

it('counts calls that cost something, alone or in a batch, and no others', async () => {
  const gate = face({ admit: () => 3 });
  for (const body of [call('dear'), [call('free'), call('dear')]]) {
    const response = await gate.answer(post(body), 'here');
    expect(response.status).toBe(429);
    expect(await response.json()).toMatchObject({ error: { data: { retryAfterSeconds: 3 } } });
  }
  expect((await gate.answer(modern('tools/call', { name: 'free' }), 'here')).status).toBe(200);
  expect((await gate.answer(modern('tools/call', { name: 'dear' }), 'here')).status).toBe(429);
  await gate.close();
});

it('says under the encoded name what it was asked for', async () => {
  const gate = face();
  const name = { 'mcp-name': `=?base64?${Buffer.from('海报').toString('base64')}?=` };
  const response = await gate.answer(modern('tools/call', { name: '海报' }, name), 'here');
  expect(await response.json()).toEqual({ jsonrpc: '2.0', id: 7, result: { method: 'tools/call' } });
  await gate.close();
});

it('runs no more programs than there is room for, and each ends with its session', async () => {
  const gate = face();
  const before = Echo.opened;
  const sessions: string[] = [];
  for (let i = 0; i < 32; i++) {
    const response = await gate.answer(post(INITIALIZE), 'here');
    sessions.push(response.headers.get('mcp-session-id') ?? '');
    await response.text();
  }
  expect(new Set(sessions).size).toBe(32);
  expect((await gate.answer(post(INITIALIZE), 'here')).status).toBe(503);
  const ended = new Request(url, { method: 'DELETE', headers: { 'mcp-session-id': sessions[0] ?? '' } });
  expect((await gate.answer(ended, 'here')).status).toBe(200);
  await expect.poll(async () => (await gate.answer(post(INITIALIZE), 'here')).status).toBe(200);
  expect(Echo.opened - before).toBe(33);
  const closed = Echo.closed;
  await gate.close();
  expect(Echo.closed - closed).toBe(32);
});

it('ends what its client has left, and nothing that is used', async () => {
  let now = 0;
  const gate = face({ clock: { ...systemClock, now: () => now } });
  const begin = async () => {
    const response = await gate.answer(post(INITIALIZE), 'here');
    await response.text();
    return { 'mcp-session-id': response.headers.get('mcp-session-id') ?? '' };
  };
  const [left, used] = [await begin(), await begin()];
  const statusOf = async (session: Record<string, string>) => {
    const response = await gate.answer(post(call('free'), session), 'here');
    await response.text();
    return response.status;
  };
  now = 20 * 60_000;
  expect(await statusOf(used)).toBe(200);
  now = 31 * 60_000;
  expect([await statusOf(used), await statusOf(left)]).toEqual([200, 404]);
  await gate.close();
});

it('lets nobody keep all the room for themselves', async () => {
  const gate = face();
  for (let i = 0; i < 32; i++) await (await gate.answer(post(INITIALIZE), 'greedy')).text();
  expect((await gate.answer(post(INITIALIZE), 'greedy')).status).toBe(503);
  const statuses = await Promise.all(
    ['one', 'two', 'three'].map(async (who) => (await gate.answer(post(INITIALIZE), who)).status),
  );
  expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(0);
  await expect.poll(async () => (await gate.answer(post(INITIALIZE), 'four')).status).toBe(200);
  await gate.close();
});

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const askedToWait = () =>
  Echo.heard.findLast(
    (one): one is JSONRPCMessage & { id: number } => 'method' in one && one.method === 'wait',
  );

it('tells an upstream that nobody waits any more, whatever the collector has taken', async () => {
  Echo.heard.length = 0;
  const gate = face();
  const gone = new AbortController();
  const waiting = gate.answer(modern('wait', {}, {}, gone.signal), 'here');
  await expect.poll(askedToWait).toBeDefined();
  collectGarbage();
  gone.abort();
  await (await waiting).text();
  const params = { requestId: askedToWait()?.id };
  expect(Echo.heard.at(-1)).toEqual({ jsonrpc: '2.0', method: 'notifications/cancelled', params });
  await gate.close();
});

it('tells it too where the client had left before it was asked', async () => {
  Echo.heard.length = 0;
  const gate = face();
  const left = modern('wait', {}, {}, AbortSignal.abort());
  await (await gate.answer(left, 'here')).text();
  await expect.poll(() => Echo.heard.length).toBe(2);
  const params = { requestId: askedToWait()?.id };
  expect(Echo.heard.at(-1)).toEqual({ jsonrpc: '2.0', method: 'notifications/cancelled', params });
  await gate.close();
});

it('delivers nothing at the counter to who has left', async () => {
  let serve: (served: Served) => void = () => undefined;
  const counter = {
    ...PRICED,
    serve: () =>
      new Promise<Served>((resolve) => {
        serve = resolve;
      }),
  };
  const told: string[] = [];
  const gate = face({ counter });
  const sold = async (leaves: boolean) => {
    const gone = new AbortController();
    const waiting = gate.answer(modern('tools/call', { name: 'dear' }, {}, gone.signal), 'here');
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
    if (leaves) gone.abort();
    serve({ result: { content: [] }, delivered: async () => void told.push(leaves ? 'gone' : 'there') });
    await (await waiting).text();
  };
  await sold(true);
  await sold(false);
  await gate.close();
  expect(told).toEqual(['there']);
});

it('answers where the upstream is not there, and asks it anew', async () => {
  let isThere = false;
  const upstream = async () => {
    if (!isThere) throw new UpstreamLost('nobody', false);
    return new Echo();
  };
  for (const isProgram of [true, false]) {
    isThere = false;
    const gate = face({ upstream, isProgram });
    const lost = await gate.answer(modern('tools/list'), 'here');
    expect(await lost.json()).toMatchObject({ id: 7, error: { code: -32_000, message: 'lost' } });
    isThere = true;
    expect(await (await gate.answer(modern('tools/list'), 'here')).json()).toMatchObject({
      id: 7,
      result: {},
    });
    await gate.close();
  }
});
