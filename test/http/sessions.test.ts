import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { ResourceUpdatedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { anyoneAs, type Callers } from '../../src/auth/callers.ts';
import { closePayment } from '../../src/payments/close-payment.ts';
import type { Call } from '../../src/payments/till.ts';
import type { Identity } from '../../src/policy/identity.ts';
import { UNIFIED_TOOLS } from '../../src/tools/index.ts';
import { type McpEndpoint, mcpEndpoint } from '../../src/transports/mcp-endpoint.ts';
import { until } from '../support/server-process.ts';
import { seeded, seededBytes } from '../support/virtual-time.ts';
import { CALL } from '../support/world.ts';
import { Counter } from '../tools/counter.ts';
import { initialize, legacy, modern } from '../transports/raw.ts';
import { legacyHttp } from './service.ts';

const ADDRESS = 'http://cashier.test/mcp';
const ID = 'mcp-session-id';

let counter: Counter;
let endpoint: McpEndpoint;
/** Another process on the same ledger. */
let elsewhere: McpEndpoint;
let current: ReadonlySet<Identity>;
const callers: Callers = { ...anyoneAs('test'), current: () => current };
const me: Identity = { caller: 'test' };
const other: Identity = { caller: 'other' };

beforeEach(async () => {
  current = new Set([me, other]);
  counter = await Counter.open();
  const open = (seed: number) =>
    mcpEndpoint({ ...counter.deps, randomBytes: seededBytes(seeded(seed)) }, callers);
  [endpoint, elsewhere] = [open(1), open(2)];
});
afterEach(async () => {
  await Promise.all([endpoint.close(), elsewhere.close()]);
  await counter.end();
});

interface Said {
  readonly session?: string | undefined;
  readonly caller?: Identity;
  readonly method?: string;
  readonly at?: McpEndpoint;
  readonly signal?: AbortSignal;
}
function say(
  body: object | undefined,
  { session, caller = me, method = 'POST', at = endpoint, signal }: Said = {},
) {
  const headers = {
    accept: 'application/json, text/event-stream',
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(session === undefined ? {} : { [ID]: session, 'mcp-protocol-version': '2025-11-25' }),
  };
  const request = new Request(ADDRESS, {
    method,
    headers,
    ...(signal ? { signal } : {}),
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  return at.answer(request, caller);
}
async function open(caller = me): Promise<string> {
  const answer = await say(initialize(), { caller });
  await answer.text();
  return answer.headers.get(ID) ?? '';
}
const list = legacy(1, 'tools/list');

describe('a session of 2025', () => {
  it('is opened by initialize, and ended by the client, once for all', async () => {
    const session = await open();
    expect(session).toMatch(/^[\w-]{48}$/);
    const used = await say(list, { session });
    expect([used.status, used.headers.get(ID)]).toEqual([200, session]);
    expect(await used.text()).toContain('create-payment');
    expect((await say(undefined, { session, method: 'DELETE' })).status).toBe(200);
    for (const method of ['POST', 'GET', 'DELETE']) {
      const gone = await say(method === 'POST' ? list : undefined, { session, method });
      expect(gone.status).toBe(404);
    }
  });

  it.each<[what: string, said: (session: string) => Said]>([
    ['of another caller', (session) => ({ session, caller: other })],
    ['of nobody', (session) => ({ session: `${session.slice(0, -1)}${session.endsWith('A') ? 'B' : 'A'}` })],
    ['of another form', () => ({ session: 'mcp-session' })],
  ])('is none when it is one %s, here and elsewhere', async (_what, said) => {
    const session = await open();
    for (const at of [endpoint, elsewhere]) {
      for (const method of ['POST', 'GET', 'DELETE']) {
        const answer = await say(method === 'POST' ? list : undefined, { at, method, ...said(session) });
        expect([answer.status, await answer.text()]).toEqual([404, expect.stringContaining('not found')]);
      }
      expect((await say(list, { session, at })).status).toBe(200);
    }
  });

  it('is one at every process on the ledger', async () => {
    const session = await open();
    const answer = await say(list, { session, at: elsewhere });
    expect([answer.status, answer.headers.get(ID)]).toEqual([200, null]);
    expect(await answer.text()).toContain('create-payment');
    const stream = await say(undefined, { session, method: 'GET', at: elsewhere });
    expect([stream.status, stream.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
    expect((await say(undefined, { session, method: 'DELETE', at: elsewhere })).status).toBe(200);
    expect(await stream.text()).toBe('');
    await counter.world.clock.sleep(1_000);
    expect((await say(list, { session })).status).toBe(404);
  });

  it('that was ended elsewhere ends its streams, after a minute at most', async () => {
    const session = await open();
    const stream = await say(undefined, { session, method: 'GET' });
    await say(undefined, { session, method: 'DELETE', at: elsewhere });
    expect(await stream.text()).toMatch(/^(: keepalive\n\n){1,4}$/);
  });

  it('is believed in a call while the ledger cannot be read, which is told in the call', async () => {
    const session = await open();
    await counter.world.clock.sleep(1_000);
    const read = vi.spyOn(counter.till.ledger, 'read').mockRejectedValue(new Error('down'));
    expect((await say(list, { session })).status).toBe(200);
    for (const method of ['GET', 'DELETE']) {
      const answer = await say(undefined, { session, method });
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
    }
    read.mockRestore();
    expect((await say(undefined, { session, method: 'DELETE' })).status).toBe(200);
  });

  it('has four streams at most: the oldest gives way', async () => {
    const session = await open();
    const streams = [];
    for (let i = 0; i < 5; i++) streams.push(await say(undefined, { session, method: 'GET' }));
    expect(await streams[0]?.text()).toBe('');
    await say(undefined, { session, method: 'DELETE' });
    await Promise.all(streams.slice(1).map(async (stream) => expect(await stream.text()).toBe('')));
  });

  it('has no stream beside 64 of its caller', async () => {
    // Four are for each.
    const sessions = await Promise.all(Array.from({ length: 17 }, () => open()));
    const statuses = [];
    for (let i = 0; i < 65; i++) {
      const session = sessions[i % sessions.length];
      statuses.push((await say(undefined, { session, method: 'GET' })).status);
    }
    expect(statuses).toEqual([...Array(64).fill(200), 429]);
  });

  it('is not for 2026-07-28, whatever its method is called', async () => {
    for (const method of ['tools/list', 'initialize', 'server/discover']) {
      const answer = await say(modern(1, method, initialize().params as Record<string, unknown>));
      expect(answer.headers.get(ID)).toBeNull();
    }
  });

  it('ends with the rights of its caller', async () => {
    const session = await open();
    const stream = await say(undefined, { session, method: 'GET' });
    expect(stream.status).toBe(200);
    current = new Set([other]);
    await say(list, { caller: other });
    expect(await stream.text()).toBe('');
  });

  it.each<[name: string, ends: boolean]>([
    ['query-payment', true],
    ['refund-payment', false],
  ])('a %s whose connection drops ends with it: %s', async (name, ends) => {
    let signal: AbortSignal | undefined;
    const begun = new Promise<void>((resolve) => {
      const tools = UNIFIED_TOOLS.filter((tool) => tool.name === name).map((tool) => ({
        ...tool,
        run({ call }: { readonly call: Call }) {
          signal = call.signal;
          resolve();
          return over.then(() => ({ text: 'over', outcome: {} }));
        },
      }));
      endpoint = mcpEndpoint({ ...counter.deps, tools, randomBytes: seededBytes(seeded(3)) }, callers);
    });
    let end = () => {};
    const over = new Promise<void>((resolve) => {
      end = resolve;
    });
    const session = await open();
    const drop = new AbortController();
    const call = legacy(2, 'tools/call', { name, arguments: {} });
    await say(call, { session, signal: drop.signal });
    await begun;
    expect(signal?.aborted).toBe(false);
    drop.abort();
    expect(signal?.aborted).toBe(ends);
    end();
  });

  it('gives way to a new one when there are 64, but not while it is in use', async () => {
    const sessions = [];
    for (let i = 0; i < 64; i++) sessions.push(await open());
    expect(new Set(sessions).size).toBe(64);
    const without = await say(initialize());
    expect([without.status, without.headers.get(ID)]).toEqual([200, null]);
    expect(await open(other)).not.toBe('');
    await counter.world.clock.sleep(2 * 60_000);
    await (await say(list, { session: sessions[0] })).text();
    expect(await open()).not.toBe('');
    expect((await say(list, { session: sessions[0] })).headers.get(ID)).toBe(sessions[0]);
    expect((await say(list, { session: sessions[1] })).headers.get(ID)).toBeNull();
  });

  it('has no more beside it, however many are asked for at once', async () => {
    const sessions = await Promise.all(Array.from({ length: 200 }, () => open()));
    expect(sessions.filter(Boolean)).toHaveLength(64);
  });

  it('hears of the orders that it has subscribed to', async () => {
    const client = new LegacyClient({ name: 'old', version: '1' });
    const heard: string[] = [];
    client.setNotificationHandler(
      ResourceUpdatedNotificationSchema,
      ({ params }) => void heard.push(params.uri),
    );
    let streams = 0;
    const fetch = async (url: string | URL, init?: RequestInit) => {
      const answer = await endpoint.answer(new Request(url, init), me);
      if (init?.method === 'GET' && answer.status === 200) streams++;
      return answer;
    };
    await client.connect(legacyHttp(new URL(ADDRESS), { fetch }));
    expect(client.getServerCapabilities()?.resources).toEqual({ subscribe: true, listChanged: true });
    for (const outTradeNo of ['MINE_01', 'THEIRS_01']) {
      await client.callTool({
        name: 'create-payment',
        arguments: { outTradeNo, amountYuan: '1.00', title: 't' },
      });
    }
    await client.subscribeResource({ uri: 'payment://orders/MINE_01' });
    await until('the stream', async () => (streams > 0 ? true : undefined));
    for (const outTradeNo of ['THEIRS_01', 'MINE_01']) await closePayment(counter.till, CALL, { outTradeNo });
    await until('the update', async () => (heard.length > 0 ? true : undefined));
    expect(new Set(heard)).toEqual(new Set(['payment://orders/MINE_01']));
    await client.close();
  });
});

it('an order that nobody listens for is not looked up when something happens to it', async () => {
  const { ledger } = counter.till;
  await say(list);
  const read = vi.spyOn(ledger, 'read');
  // Whoever has listened for longer hears it first.
  const heard = new Promise((resolve) => ledger.onChange(resolve));
  await ledger.write((book) => book.event({ outTradeNo: 'ORDER_01' }, 'close-intended', {}));
  await heard;
  expect(read).not.toHaveBeenCalled();
});
