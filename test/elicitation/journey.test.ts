import { join } from 'node:path';
import {
  type ElicitResult,
  Client as ModernClient,
  StreamableHTTPClientTransport as ModernHttp,
} from '@modelcontextprotocol/client';
import { StdioClientTransport as ModernStdio } from '@modelcontextprotocol/client/stdio';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as LegacyStdio } from '@modelcontextprotocol/sdk/client/stdio.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Service } from '../http/service.ts';
import { readRefund } from '../journeys/shapes.ts';
import { type Agent, Shop } from '../journeys/shop.ts';
import { type Arguments, MAIN, type Reply, readReply } from '../support/server-process.ts';

const TRUSTED = 'version: 1\napprovals: { form: trusted }\n';
const YES: ElicitResult = { action: 'accept', content: { approve: true } };
const CAPABILITIES = { capabilities: { elicitation: {} } };

/** A client that answers every form with yes, and counts them. */
interface Eager {
  call(name: string, args: Arguments): Promise<Reply>;
  asked(): number;
  close(): Promise<void>;
}

describe.each([
  { trust: true, policy: TRUSTED },
  { trust: false, policy: 'version: 1\n' },
])('a process of its own, with trust in forms $trust', ({ trust, policy }) => {
  let shop: Shop;
  let agent: Agent;
  let service: Service;
  beforeAll(async () => {
    shop = await Shop.open({ policy });
    [agent, service] = await Promise.all([shop.agent(), Service.start(shop)]);
  });
  afterAll(async () => {
    await service.stop();
    await shop.close();
  });

  const program = () => ({
    ...{ command: process.execPath, args: [MAIN], env: { ...shop.env } },
    ...{ cwd: join(shop.home, 'cwd'), stderr: 'ignore' as const },
  });
  async function legacy(): Promise<Eager> {
    const client = new LegacyClient({ name: 'eager', version: '1' }, CAPABILITIES);
    let asked = 0;
    client.setRequestHandler(ElicitRequestSchema, async () => {
      asked++;
      return { ...YES };
    });
    await client.connect(new LegacyStdio(program()));
    return {
      call: async (name, args) => readReply(await client.callTool({ name, arguments: { ...args } })),
      asked: () => asked,
      close: () => client.close(),
    };
  }
  async function modern(
    mode: 'legacy' | 'auto' | { pin: string },
    transport: ModernStdio | ModernHttp,
  ): Promise<Eager> {
    const client = new ModernClient(
      { name: 'eager', version: '1' },
      { ...CAPABILITIES, versionNegotiation: { mode } },
    );
    let asked = 0;
    client.setRequestHandler('elicitation/create', async () => {
      asked++;
      return YES;
    });
    await client.connect(transport);
    return {
      call: async (name, args) => readReply(await client.callTool({ name, arguments: { ...args } })),
      asked: () => asked,
      close: () => client.close(),
    };
  }
  const http = () => new ModernHttp(new URL('/mcp', service.origin));
  const pinned = { pin: '2026-07-28' };

  it.each<[string, () => Promise<Eager>]>([
    ['client 1.x on stdio', legacy],
    ['client 2.x on stdio, as of 2025', () => modern('legacy', new ModernStdio(program()))],
    ['client 2.x on stdio, negotiating', () => modern('auto', new ModernStdio(program()))],
    ['client 2.x on stdio, as of 2026', () => modern(pinned, new ModernStdio(program()))],
    ['client 2.x over HTTP, as of 2026', () => modern(pinned, http())],
    ['client 2.x over HTTP, as of 2025', () => modern('legacy', http())],
  ])('%s', async (_name, connect) => {
    const { outTradeNo } = await shop.sell(agent, 'wechatpay');
    const eager = await connect();
    const args = { outTradeNo, refundYuan: '1.00' };
    const refund = readRefund(await eager.call('refund-payment', args));
    expect(eager.asked()).toBe(trust ? 1 : 0);
    if (trust) expect(['PROCESSING', 'SUCCESS']).toContain(refund.state);
    else expect(refund.state).toBe('PENDING_APPROVAL');
    await eager.close();
    expect(await shop.simulator.calls(outTradeNo, 'refund')).toHaveLength(trust ? 1 : 0);
  });
});
