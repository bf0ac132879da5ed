import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Client as ModernClient,
  StreamableHTTPClientTransport as ModernHttp,
} from '@modelcontextprotocol/client';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { ResourceUpdatedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { describe, expect, it } from 'vitest';
import { anyoneAs } from '../../src/auth/callers.ts';
import type { Clock } from '../../src/domain/clock.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import { openPostgresStore } from '../../src/ledger/postgres-store.ts';
import { openSqliteStore } from '../../src/ledger/sqlite-store.ts';
import type { Store } from '../../src/ledger/store.ts';
import { createPayment } from '../../src/payments/create-payment.ts';
import { Desk } from '../../src/payments/desk.ts';
import { queryPayment } from '../../src/payments/query-payment.ts';
import type { Till } from '../../src/payments/till.ts';
import { processSenders } from '../../src/platform/senders.ts';
import { systemClock, systemRandom, systemTurn } from '../../src/platform/system.ts';
import type { Identity } from '../../src/policy/identity.ts';
import { GatewayUnavailable, type PaymentProvider } from '../../src/providers/contract.ts';
import { uriOf } from '../../src/resources/order-news.ts';
import { UNIFIED_TOOLS } from '../../src/tools/index.ts';
import { presenter } from '../../src/tools/present.ts';
import { type McpEndpoint, mcpEndpoint } from '../../src/transports/mcp-endpoint.ts';
import { Bank } from '../support/bank.ts';
import { hasPostgres, newDatabase } from '../support/postgres.ts';
import { receiptsOf } from '../support/receipts.ts';
import { postgresMark } from '../support/skipped.ts';
import { becomes, untilWoken } from '../support/until-woken.ts';
import { CALL, NO_APPROVAL, payment } from '../support/world.ts';
import { initialize, legacy } from '../transports/raw.ts';
import { ERAS, type Era, legacyHttp, REVISION } from './service.ts';

const ME = { caller: 'test' };
const ADDRESS = new URL('http://cashier.test/mcp');
const ports = { clock: systemClock, randomBytes: systemRandom };

interface Replica {
  readonly till: Till;
  readonly endpoint: McpEndpoint;
  close(): Promise<void>;
}

/** One of several services on a ledger. */
async function replica(store: Store, provider: PaymentProvider, clock: Clock): Promise<Replica> {
  const ledger = await Ledger.open(store, 'simulator', { ...ports, clock });
  const silent = () => undefined;
  const till: Till = {
    ...{ ...ports, ledger, policy: NO_APPROVAL, foreignOrders: 'refuse' },
    providers: new Map([[provider.id, provider]]),
    senders: processSenders(systemRandom),
    log: { info: silent, warn: silent, error: silent },
    desk: new Desk({ ledger, clock: systemClock }),
  };
  const endpoint = mcpEndpoint(
    {
      ...{ ...ports, version: '0', ledger, log: till.log, tools: UNIFIED_TOOLS, underWay: new Set() },
      receipts: receiptsOf(till),
      setting: { language: 'en', providers: ['alipay'], scenes: ['qr'] },
      present: presenter({
        ...{ language: 'en', simulated: true, now: () => Date.now() },
        buyerPage: async () => undefined,
        approvalUrl: async () => undefined,
      }),
      till: async () => till,
    },
    anyoneAs(ME.caller),
  );
  return {
    ...{ till, endpoint },
    async close() {
      await endpoint.close();
      await ledger.close();
    },
  };
}

/** Calls a tool, and hears of an order, through one replica. */
async function clientOf({ endpoint }: Replica, era: Era) {
  let streams = 0;
  const fetch = async (url: string | URL, init?: RequestInit) => {
    const answer = await endpoint.answer(new Request(url, init), ME);
    if (init?.method === 'GET' && answer.status === 200) streams += 1;
    return answer;
  };
  const heard: string[] = [];
  if (era === 'modern') {
    const client = new ModernClient(
      { name: 'new', version: '1' },
      { versionNegotiation: { mode: { pin: REVISION } } },
    );
    await client.connect(new ModernHttp(ADDRESS, { fetch }));
    client.setNotificationHandler('notifications/resources/updated', ({ params }) => {
      heard.push(params.uri);
    });
    return {
      heard,
      call: async (name: string, args: Record<string, unknown>) =>
        (await client.callTool({ name, arguments: args })).structuredContent,
      listen: (uri: string) => client.listen({ resourceSubscriptions: [uri] }),
      close: () => client.close(),
    };
  }
  const client = new LegacyClient({ name: 'old', version: '1' });
  await client.connect(legacyHttp(ADDRESS, { fetch }));
  client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => {
    heard.push(params.uri);
  });
  return {
    heard,
    call: async (name: string, args: Record<string, unknown>) =>
      (await client.callTool({ name, arguments: args })).structuredContent,
    async listen(uri: string) {
      await client.subscribeResource({ uri });
      await becomes(() => streams > 0);
    },
    close: () => client.close(),
  };
}

/** Stores of several processes on one ledger. */
async function ledgers(kind: 'sqlite' | 'postgres') {
  if (kind === 'postgres') {
    const { url, drop } = await newDatabase();
    const open = () => openPostgresStore(url, 'postgres://test', { ...ports, turn: systemTurn });
    return { open, drop, clock: untilWoken };
  }
  const folder = mkdtempSync(join(tmpdir(), 'replicas-'));
  const open = () => openSqliteStore(join(folder, 'ledger.db'), { ...ports, turn: systemTurn });
  return { open, drop: async () => rmSync(folder, { recursive: true }), clock: systemClock };
}

describe.each([
  ['sqlite', true],
  ['postgres', hasPostgres],
] as const)('services on one ledger (%s)', (kind, isThere) => {
  it.skipIf(!isThere).each(ERAS)(
    `tell a %s client of one what the other has proven${postgresMark(isThere)}`,
    async (era) => {
      const { open, drop, clock } = await ledgers(kind);
      const bank = new Bank(systemClock);
      const unreached = async () => {
        throw new GatewayUnavailable('ECONNREFUSED');
      };
      // What this one tells of the payment, it has not found out by itself.
      const here = await replica(await open(), { ...bank.provider(), queryTrade: unreached }, clock);
      const there = await replica(await open(), bank.provider(), clock);
      const client = await clientOf(here, era);
      const outTradeNo = 'ORDER_1';
      await createPayment(there.till, CALL, payment({ outTradeNo }));
      await client.listen(`payment://orders/${outTradeNo}`);
      if (kind === 'postgres') await becomes(() => here.till.ledger.ear?.isLive === true);
      const answer = client.call('query-payment', { outTradeNo, waitSeconds: 50 });
      await becomes(() => here.till.desk.waits.open > 0);
      bank.pay(outTradeNo);
      await queryPayment(there.till, CALL, { outTradeNo, waitSeconds: 0 });
      expect(await answer).toMatchObject({ outTradeNo, state: 'PAID' });
      await becomes(() => client.heard.length > 0);
      expect(new Set(client.heard)).toEqual(new Set([`payment://orders/${outTradeNo}`]));
      await client.close();
      await Promise.all([here.close(), there.close()]);
      await drop();
    },
  );

  it.skipIf(!isThere)(
    `serve a 2025 client's session, whichever its requests reach${postgresMark(isThere)}`,
    async () => {
      const { open, drop } = await ledgers(kind);
      const bank = new Bank(systemClock);
      const opened = async () => replica(await open(), bank.provider(), systemClock);
      const [a, b, c] = [await opened(), await opened(), await opened()];
      const session = (await say(a, initialize())).headers.get(SESSION) ?? '';
      // What its client shows is known everywhere, and only of it.
      const ui = { 'io.modelcontextprotocol/ui': { mimeTypes: ['text/html;profile=mcp-app'] } };
      const withViews = await say(a, initialize({ capabilities: { extensions: ui } }));
      const views = withViews.headers.get(SESSION) ?? '';
      for (const at of [a, b]) {
        const list = (of: string) => answered(say(at, legacy(1, 'tools/list'), of));
        expect((await list(views))[1]).toContain('ui://mcp-cashier/payment');
        expect((await list(session))[1]).not.toContain('ui://');
      }

      const subscribe = (at: Replica, outTradeNo: string, caller?: Identity, of = session) =>
        answered(say(at, legacy(1, 'resources/subscribe', { uri: uriOf(outTradeNo) }), of, 'POST', caller));
      async function pays(outTradeNo: string) {
        bank.pay(outTradeNo);
        await queryPayment(a.till, CALL, { outTradeNo, waitSeconds: 0 });
      }
      for (let i = 1; i <= 6; i++) await createPayment(a.till, CALL, payment({ outTradeNo: `ORDER_${i}` }));

      // Subscribed at two, heard at the third, on the newest of two streams.
      const older = heardOn(await say(b, undefined, session, 'GET'));
      const newest = heardOn(await say(c, undefined, session, 'GET'));
      expect(await subscribe(b, 'ORDER_1')).toMatchObject([200, expect.stringContaining('"result":{}')]);
      await subscribe(a, 'ORDER_2');
      await subscribe(c, 'ORDER_3');
      await answered(say(b, legacy(1, 'resources/unsubscribe', { uri: uriOf('ORDER_3') }), session));
      for (const number of ['ORDER_1', 'ORDER_3', 'ORDER_2']) await pays(number);
      await becomes(() => newest.length > 1);
      expect([newest, older]).toEqual([[uriOf('ORDER_1'), uriOf('ORDER_2')], []]);

      // Each page of the list is one at any, and so is the word that there is a new one.
      await answered(say(a, legacy(1, 'resources/list'), session));
      for (const outTradeNo of ['NEW_1', 'NEW_2']) await createPayment(b.till, CALL, payment({ outTradeNo }));
      await becomes(() => newest.length > 2);
      await subscribe(b, 'ORDER_4');

      // One ends: what was subscribed to there goes on being told at another.
      await c.close();
      const again = heardOn(await say(b, undefined, session, 'GET'));
      await pays('ORDER_4');
      await becomes(() => again.length > 0);
      expect([newest.slice(2), again, older]).toEqual([['the list'], [uriOf('ORDER_4')], []]);

      // What happens while there is no stream is told on the next, and nothing else again.
      await b.endpoint.close();
      await subscribe(a, 'ORDER_6');
      await pays('ORDER_6');
      expect(again).toEqual([uriOf('ORDER_4')]);
      const later = heardOn(await say(a, undefined, session, 'GET'));
      await becomes(() => later.length > 0);
      expect(later).toEqual([uriOf('ORDER_6')]);

      // Nobody else's: neither the session nor, in a session of one's own, the order.
      const stranger: Identity = { caller: 'stranger', ownOrdersOnly: true };
      const forged = `${session.slice(0, -4)}AAAA`;
      for (const [id, caller] of [[session, stranger] as const, [forged, ME] as const]) {
        for (const at of [a, b]) expect((await subscribe(at, 'ORDER_5', caller, id))[0]).toBe(404);
      }
      const own = (await say(a, initialize(), undefined, 'POST', stranger)).headers.get(SESSION) ?? '';
      const refused = await subscribe(a, 'ORDER_5', stranger, own);
      expect(refused).toEqual([200, expect.stringContaining('-32002')]);
      expect(await subscribe(b, 'ORDER_5', stranger, own)).toEqual(refused);

      // Ended at one, it has ended at all, with what it was to hear of.
      await subscribe(a, 'ORDER_5');
      expect((await say(b, undefined, session, 'DELETE')).status).toBe(200);
      expect((await say(a, undefined, session, 'GET')).status).toBe(404);
      await becomes(async () => (await say(a, legacy(1, 'ping'), session)).status === 404);
      const left = await a.till.ledger.inspect((tx) => tx.all('SELECT about FROM sessions'));
      expect(left).toEqual([{ about: ':ended' }]);
      await Promise.all([a.close(), b.close()]);
      await drop();
    },
  );
});

const SESSION = 'mcp-session-id';

/** One request at one service, as some proxy may pass it on. */
function say(
  { endpoint }: Replica,
  body: object | undefined,
  session?: string,
  method = 'POST',
  caller: Identity = ME,
): Promise<Response> {
  const headers = {
    accept: 'application/json, text/event-stream',
    'content-type': 'application/json',
    ...(session === undefined ? {} : { [SESSION]: session, 'mcp-protocol-version': '2025-11-25' }),
  };
  const request = { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) };
  return endpoint.answer(new Request(ADDRESS, request), caller);
}
async function answered(response: Promise<Response>): Promise<[status: number, text: string]> {
  const { status } = await response;
  return [status, await (await response).text()];
}

/** What comes on a stream, as it comes. */
function heardOn({ status, body }: Response): string[] {
  expect(status).toBe(200);
  const heard: string[] = [];
  void (async () => {
    let rest = '';
    for await (const text of body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const events = (rest + text).split('\n\n');
      rest = events.pop() ?? '';
      for (const event of events) {
        const data = /^data: (.*)$/m.exec(event)?.[1];
        if (data !== undefined) heard.push(JSON.parse(data).params?.uri ?? 'the list');
      }
    }
  })();
  return heard;
}
