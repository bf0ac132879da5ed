import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { anyoneAs } from '../../src/auth/callers.ts';
import { CallRate } from '../../src/payments/call-rate.ts';
import { buildServer } from '../../src/server.ts';
import { mcpEndpoint } from '../../src/transports/mcp-endpoint.ts';
import { seeded, seededBytes } from '../support/virtual-time.ts';
import { Counter } from '../tools/counter.ts';
import { initialize, type Json, legacy, modern, Raw } from '../transports/raw.ts';

/** As many orders as three pages hold, the last one not full. */
const ORDERS = 120;

let counter: Counter;
beforeAll(async () => {
  counter = await Counter.open();
  const raw = new Raw(counter.deps);
  await raw.initialize();
  const sales = Array.from({ length: ORDERS }, (_, i) =>
    legacy(i, 'tools/call', {
      name: 'create-payment',
      arguments: { amountYuan: '1.00', title: 't', outTradeNo: `ORDER_${i}` },
    }),
  );
  // One after another: more than so many at once of one caller are asked to wait.
  for (const sale of sales) await raw.answers(1, sale);
  await raw.end();
});
afterAll(() => counter.end());

const ERAS = {
  '2025': async (requests: readonly (readonly [method: string, params?: unknown])[]) => {
    const raw = new Raw(counter.deps);
    await raw.initialize();
    const heard = await raw.answers(
      requests.length,
      ...requests.map(([method, params], id) => legacy(id, method, params)),
    );
    await raw.end();
    return inOrder(heard);
  },
  '2026': async (requests: readonly (readonly [method: string, params?: unknown])[]) => {
    const raw = new Raw(counter.deps);
    const lines = requests.map(([method, params], id) => modern(id, method, params as Json));
    const heard = await raw.answers(requests.length, ...lines);
    await raw.end();
    return inOrder(heard);
  },
};
function inOrder(heard: readonly (Json | Json[])[]): Json[] {
  return (heard as Json[]).toSorted((a, b) => Number(a.id) - Number(b.id));
}
const ask = async (era: keyof typeof ERAS, method: string, params?: unknown) =>
  (await ERAS[era]([[method, params]]))[0] as Json;
const refused = (code: number) => ({ error: { code } });
/** What a validator prints. */
const DUMP = /expected|received|invalid_type|\[\s*\{|ZodError|undefined/;

describe.each(['2025', '2026'] as const)('a client of %s', (era) => {
  it.each([
    'toString',
    '__proto__',
    'constructor',
    'hasOwnProperty',
    'valueOf',
    'create-paymen',
    'CREATE-PAYMENT',
    '',
  ])('finds no tool, prompt or resource that is called %j', async (name) => {
    const answers = await ERAS[era]([
      ['tools/call', { name, arguments: {} }],
      ['prompts/get', { name, arguments: {} }],
      ['resources/read', { uri: name }],
      ['resources/read', { uri: `payment://orders/${name}` }],
    ]);
    expect(answers[0]).toMatchObject(refused(-32_602));
    expect(answers[1]).toMatchObject(refused(-32_602));
    expect(answers[2]).toMatchObject(refused(era === '2025' ? -32_002 : -32_602));
    expect(answers[3]).toMatchObject(refused(era === '2025' ? -32_002 : -32_602));
  });

  it.each<[method: string, params: Json]>([
    ['tools/call', {}],
    ['tools/call', { name: 7 }],
    ['tools/call', { name: 'list-payments', arguments: [] }],
    ['tools/call', { name: 'list-payments', arguments: 'x' }],
    ['prompts/get', {}],
    ['prompts/get', { name: null }],
    ['prompts/get', { name: 'sell-a-service', arguments: 'x' }],
    ['prompts/get', { name: 'sell-a-service', arguments: { service: 'x', price: 9.9 } }],
    ['prompts/get', { name: 'sell-a-service', arguments: { service: 'x' } }],
    ['prompts/get', { name: 'sell-a-service', arguments: { service: 'x', price: 'free' } }],
    ['prompts/get', { name: 'sell-a-service', arguments: { service: '', price: '1' } }],
    ['prompts/get', { name: 'sell-a-service', arguments: { service: 'x', price: '1', tip: '1' } }],
    ['prompts/get', { name: 'handle-refund-request', arguments: { outTradeNo: 'a b' } }],
    ['resources/read', {}],
    ['resources/read', { uri: 7 }],
    ['tools/list', { cursor: 7 }],
    ['tools/list', { cursor: 'x' }],
    ['tools/list', { cursor: '' }],
    ['prompts/list', { cursor: {} }],
    ['prompts/list', { cursor: 'x' }],
    ['resources/list', { cursor: 1 }],
    ['resources/list', { cursor: 'x' }],
    ['resources/list', { cursor: 'bm90IG91cnM' }],
    ['resources/list', { cursor: '' }],
    ['resources/templates/list', { cursor: 'x' }],
  ])('is told that the parameters are wrong: %s %j', async (method, params) => {
    const { error } = (await ask(era, method, params)) as { error: { code: number; message: string } };
    expect(error).toMatchObject({ code: -32_602 });
    expect(error.message).toMatch(/^Invalid params: \S/);
    expect(error.message).not.toMatch(DUMP);
  });

  it('may leave out what it may, also as null or nothing', async () => {
    const answers = await ERAS[era]([
      ['tools/call', { name: 'list-payments' }],
      ['tools/call', { name: 'list-payments', arguments: null }],
      ['prompts/get', { name: 'handle-refund-request', arguments: { outTradeNo: 'ORDER_1', reason: '' } }],
    ]);
    for (const answer of answers) expect(answer).toHaveProperty('result');
  });

  it.each(['__proto__', 'constructor', 'toString'])('is told that %s is no argument', async (name) => {
    const args = JSON.parse(`{"outTradeNo":"ORDER_1","${name}":{"polluted":true}}`);
    const { result } = (await ask(era, 'tools/call', { name: 'query-payment', arguments: args })) as {
      result: { isError: boolean; content: { text: string }[] };
    };
    expect(result.isError).toBe(true);
    expect(result.content[0]?.text).toContain(`不认识的参数：${name}。`);
    expect({}).not.toHaveProperty('polluted');
  });

  it('turns the pages of the orders, newest first, each once', async () => {
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const { result } = (await ask(era, 'resources/list', cursor === undefined ? {} : { cursor })) as {
        result: { resources: { name: string }[]; nextCursor?: string };
      };
      expect(result.resources.length).toBeLessThanOrEqual(50);
      seen.push(...result.resources.map(({ name }) => name));
      cursor = result.nextCursor;
    } while (cursor !== undefined);
    expect(seen).toHaveLength(ORDERS);
    expect(new Set(seen).size).toBe(ORDERS);
  });
});

it.each<[what: string, params: Json]>([
  ['a version that is a number', { protocolVersion: 20251125 }],
  ['no client', { clientInfo: undefined }],
  ['a client without a name', { clientInfo: { version: '1' } }],
  ['capabilities that are a text', { capabilities: 'all' }],
  ['a capability that is a text', { capabilities: { elicitation: 'yes' } }],
])('initialize with %s is told so, and may be tried again', async (_what, params) => {
  const raw = new Raw(counter.deps);
  const [answer] = (await raw.answers(1, initialize(params))) as {
    error: { code: number; message: string };
  }[];
  expect(answer?.error.code).toBe(-32_602);
  expect(answer?.error.message).not.toMatch(DUMP);
  expect(await raw.initialize()).toMatchObject({ result: { protocolVersion: '2025-11-25' } });
  await raw.end();
});

describe.each(['2025', '2026'] as const)('a caller of %s that asks too often', (era) => {
  const FACES: readonly (readonly [method: string, params?: Json])[] = [
    ['tools/list'],
    ['tools/call', { name: 'list-payments', arguments: {} }],
    ['tools/call', { name: 'create-payment', arguments: {} }],
    ['tools/call', { name: 'no-such-tool' }],
    ['prompts/list'],
    ['prompts/get', { name: 'handle-refund-request', arguments: {} }],
    ['resources/list'],
    ['resources/templates/list'],
    ['resources/read', { uri: 'payment://orders/ORDER_1' }],
    ...(era === '2025' ? [['resources/subscribe', { uri: 'payment://orders/ORDER_1' }] as const] : []),
  ];

  it.each(FACES.map(([method, params]) => ({ method, params })))(
    'is told when to come again: $method',
    async ({ method, params }) => {
      const rate = new CallRate(counter.world.clock);
      const raw = new Raw({ ...counter.deps, rate });
      if (era === '2025') await raw.initialize();
      const request = (id: number) =>
        era === '2025' ? legacy(id, method, params) : modern(id, method, params);
      expect(JSON.stringify(await raw.answers(1, request(1)))).not.toContain('TRY_LATER');
      expect(() => {
        for (;;) rate.admit(counter.deps.identity.caller, false);
      }).toThrow();
      const [answer] = await raw.answers(1, request(2));
      expect(JSON.stringify(answer)).toMatch(/TRY_LATER.*retryAfterSeconds/);
      await raw.end();
    },
  );

  // Without a session there is nothing to subscribe to.
  const ON_HTTP = FACES.filter(([method]) => method !== 'resources/subscribe');
  it.each(ON_HTTP.map(([method, params = {}]) => ({ method, params })))(
    'is told the same over HTTP, and no server is built for it: $method',
    async ({ method, params }) => {
      let built = 0;
      const build: typeof buildServer = (deps, served) => {
        built += 1;
        return buildServer(deps, served);
      };
      /** What an endpoint says to a caller that has nothing left. */
      const told = async (rate: CallRate) => {
        const deps = { ...counter.deps, rate, build, randomBytes: seededBytes(seeded(1)) };
        const endpoint = mcpEndpoint(deps, anyoneAs('test'));
        expect(() => {
          for (;;) rate.admit('test', false);
        }).toThrow();
        const body = era === '2025' ? legacy(1, method, params) : modern(1, method, params);
        const headers = {
          accept: 'application/json, text/event-stream',
          'content-type': 'application/json',
          ...(era === '2025'
            ? {}
            : {
                'mcp-protocol-version': '2026-07-28',
                'mcp-method': method,
                'mcp-name': String(params.name ?? params.uri),
              }),
        };
        const init = { method: 'POST', headers, body: JSON.stringify(body) };
        const request = new Request('http://cashier.test/mcp', init);
        const answer = await endpoint.answer(request, counter.deps.identity);
        const text = await answer.text();
        await endpoint.close();
        return { status: answer.status, body: JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? text) };
      };
      class Late extends CallRate {
        override excess() {
          return false;
        }
      }
      const byServer = await told(new Late(counter.world.clock));
      expect(built).toBe(1);
      expect(JSON.stringify(byServer.body)).toContain('TRY_LATER');
      expect(await told(new CallRate(counter.world.clock))).toEqual(byServer);
      expect(built).toBe(1);
    },
  );
});

describe('who is told that there are new orders', () => {
  const create = (outTradeNo: string) => ({
    name: 'create-payment',
    arguments: { amountYuan: '1.00', title: 't', outTradeNo },
  });
  const CHANGED = 'notifications/resources/list_changed';
  const told = (raw: Raw) => raw.next(({ method }) => method === CHANGED);

  it('a client of 2025 that has looked at the list, once until it looks again', async () => {
    const raw = new Raw(counter.deps);
    const answer = (await raw.initialize()) as { result: { capabilities: Json } };
    expect(answer.result.capabilities.resources).toEqual({ listChanged: true, subscribe: true });
    await raw.ask(legacy(1, 'tools/call', create('NEW_01')));
    await raw.ask(legacy(2, 'resources/list'));
    await raw.ask(legacy(3, 'tools/call', create('NEW_02')));
    await told(raw);
    await raw.ask(legacy(4, 'tools/call', create('NEW_03')));
    await raw.ask(legacy(5, 'resources/list'));
    await raw.ask(legacy(6, 'tools/call', create('NEW_04')));
    await told(raw);
    expect(raw.unasked(CHANGED)).toBe(0);
    await raw.end();
  });

  it('a client of 2026-07-28 that listens', async () => {
    const raw = new Raw(counter.deps);
    const listen = modern(1, 'subscriptions/listen', { notifications: { resourcesListChanged: true } });
    raw.input.write(`${JSON.stringify(listen)}\n`);
    await raw.next(({ method }) => method === 'notifications/subscriptions/acknowledged');
    await raw.ask(modern(2, 'tools/call', create('NEW_05')));
    await told(raw);
    await raw.end();
  });
});
