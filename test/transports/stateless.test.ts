import type { HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { anyoneAs } from '../../src/auth/callers.ts';
import { type Listener, listen } from '../../src/platform/listener.ts';
import { Edge } from '../../src/protocol/edge.ts';
import { type McpEndpoint, mcpEndpoint } from '../../src/transports/mcp-endpoint.ts';
import { mcpRoute } from '../../src/transports/mcp-route.ts';
import { seeded, seededBytes } from '../support/virtual-time.ts';
import { Counter } from '../tools/counter.ts';
import { initialize, legacy, modern } from './raw.ts';

const ARRIVED_AT = 4_711;
const SESSION = 'mcp-session-id';

let counter: Counter;
let endpoint: McpEndpoint;
let listener: Listener;
let built: number;
/** Ends the looks after what is open, one by one. */
let look: () => void;
/** What stands open, by the word that it was called with: ends it with that. */
let open: Map<unknown, { readonly end: () => void; readonly signal: AbortSignal }>;
let opened: () => void;

/** One tool that answers what it was told, or when it is told to. */
const tools = [
  {
    name: 'echo',
    listed: () => ({ name: 'echo', inputSchema: { type: 'object' as const } }),
    async call(args: unknown, { mcpReq, http }: Parameters<Edge['buildContext']>[0]) {
      const { word, waits } = args as { word?: string; waits?: true };
      if (waits) {
        await new Promise<void>((end) => {
          open.set(word, { end, signal: mcpReq.signal });
          opened();
        });
      }
      return { content: [{ type: 'text' as const, text: word ?? String(http?.authInfo?.extra?.arrivedAt) }] };
    },
  },
];

beforeEach(async () => {
  counter = await Counter.open();
  built = 0;
  open = new Map();
  const deps = {
    ...counter.deps,
    clock: { now: () => 0, sleep: () => new Promise<void>((resolve) => (look = resolve)) },
    randomBytes: seededBytes(seeded(1)),
    build: (_deps: unknown, era: 'legacy' | 'modern') => {
      built += 1;
      const resources = { templates: [], list: async () => ({ resources: [] }), read: async () => ({}) };
      const info = { name: 'test', version: '0.0.0' };
      return new Edge(
        info,
        { capabilities: { tools: {}, prompts: {}, resources: {} } },
        { tools, prompts: [], resources } as never,
        era,
      );
    },
  };
  const callers = anyoneAs('test');
  endpoint = mcpEndpoint(deps, callers);
  const arrivals = { get: () => ARRIVED_AT };
  const routes = new Hono<{ Bindings: HttpBindings }>().all(
    '/mcp',
    mcpRoute(() => endpoint, callers, arrivals),
  );
  listener = await listen({ routes: routes as never, refused: () => new Response(null, { status: 403 }) });
});
afterEach(async () => {
  await Promise.all([endpoint.close(), listener.close()]);
  await counter.end();
});

function say(body: object, headers: Readonly<Record<string, string>> = {}, signal?: AbortSignal) {
  return fetch(`${listener.origin}/mcp`, {
    method: 'POST',
    headers: {
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      ...headers,
    },
    body: JSON.stringify(body),
    ...(signal ? { signal } : {}),
  });
}
const echo = (id: unknown, args: object = {}) =>
  legacy(id as number, 'tools/call', { name: 'echo', arguments: args });
const wordIn = (text: string) => /"text":"([^"]*)"/.exec(text)?.[1];
async function waiting(word: string) {
  while (!open.has(word)) await new Promise<void>((resolve) => (opened = resolve));
  return open.get(word) as { end: () => void; signal: AbortSignal };
}

it('all share one server, and each has its answer under its own id, in one piece', async () => {
  const ids = [1, 1, 'a', 'a', -7];
  const answers = await Promise.all(ids.map((id, i) => say(echo(id, { word: `word ${i}` }))));
  expect(built).toBe(1);
  for (const [i, answer] of answers.entries()) {
    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    expect(answer.headers.has('content-length')).toBe(true);
    const text = `{"content":[{"type":"text","text":"word ${i}"}]}`;
    expect(await answer.text()).toBe(
      `event: message\ndata: {"result":${text},"jsonrpc":"2.0","id":${JSON.stringify(ids[i])}}\n\n`,
    );
  }
});

it('who leaves ends what was asked on that connection, and nothing else', async () => {
  opened = () => {};
  const leaving = new AbortController();
  const left = say(echo(1, { word: 'leaves', waits: true }), {}, leaving.signal).catch(() => 'left');
  const stays = say(echo(1, { word: 'stays', waits: true }));
  const [leaves, other] = [await waiting('leaves'), await waiting('stays')];
  const ended = new Promise((resolve) => leaves.signal.addEventListener('abort', resolve));
  leaving.abort();
  await ended;
  leaves.end();
  expect([await left, other.signal.aborted]).toEqual(['left', false]);
  other.end();
  expect(wordIn(await (await stays).text())).toBe('stays');
});

it('one that takes long is begun, and kept alive', async () => {
  opened = () => {};
  let begun = false;
  const answering = say(echo(1, { word: 'slow', waits: true })).then((answer) => {
    begun = true;
    return answer;
  });
  const { end } = await waiting('slow');
  while (!begun) {
    look();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const answer = await answering;
  expect(answer.headers.has('content-length')).toBe(false);
  for (let looks = 0; looks < 15; looks++) {
    look();
    await new Promise((resolve) => setImmediate(resolve));
  }
  end();
  const text = await answer.text();
  expect(text).toMatch(/^(: keepalive\n\n)+event: message\n/);
  expect(wordIn(text)).toBe('slow');
});

it('whoever serves a request is told when it came in', async () => {
  const opening = await say(initialize());
  await opening.text();
  const session = opening.headers.get(SESSION) ?? '';
  const answers = [
    await say(echo(1)),
    await say(echo(1), { [SESSION]: session }),
    await say(modern(1, 'tools/call', { name: 'echo', arguments: {} }), {
      ...{ 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'echo' },
    }),
  ];
  for (const answer of answers) expect(wordIn(await answer.text())).toBe(String(ARRIVED_AT));
});
