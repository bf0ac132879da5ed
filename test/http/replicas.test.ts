import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Client as ModernClient,
  StreamableHTTPClientTransport as ModernHttp,
} from '@modelcontextprotocol/client';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as LegacyHttp } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ResourceUpdatedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { describe, expect, it, vi } from 'vitest';
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
import { GatewayUnavailable, type PaymentProvider } from '../../src/providers/contract.ts';
import { UNIFIED_TOOLS } from '../../src/tools/index.ts';
import { presenter } from '../../src/tools/present.ts';
import { type McpEndpoint, mcpEndpoint } from '../../src/transports/mcp-endpoint.ts';
import { Bank } from '../support/bank.ts';
import { PATIENCE_MS } from '../support/patience.ts';
import { hasPostgres, newDatabase } from '../support/postgres.ts';
import { NO_POSTGRES } from '../support/skipped.ts';
import { CALL, NO_APPROVAL, payment } from '../support/world.ts';
import { ERAS, type Era, REVISION } from './service.ts';

const ME = { caller: 'test' };
const ADDRESS = new URL('http://cashier.test/mcp');
const ports = { clock: systemClock, randomBytes: systemRandom };
/** With it nobody looks at a ledger by himself: who sleeps for long sleeps until he is woken. */
const untilWoken: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) => systemClock.sleep(ms < 100 ? ms : 2 ** 30, signal),
};

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
  // Its optional members are typed `| undefined`, which exact optional types refuse.
  await client.connect(
    new LegacyHttp(ADDRESS, { fetch }) as unknown as Parameters<LegacyClient['connect']>[0],
  );
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
const becomes = (so: () => boolean) => vi.waitUntil(so, { timeout: PATIENCE_MS });

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
] as const)('two services on one ledger (%s)', (kind, isThere) => {
  it.skipIf(!isThere).each(ERAS)(
    `tell a %s client of one what the other has proven${isThere ? '' : ` (${NO_POSTGRES})`}`,
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
});
