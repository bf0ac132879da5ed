import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Client as ModernClient } from '@modelcontextprotocol/client';
import { StdioClientTransport as ModernTransport } from '@modelcontextprotocol/client/stdio';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAIN, readReply } from '../support/server-process.ts';
import { readPayment, readRefund, readRefusal } from './shapes.ts';
import { type Agent, Shop } from './shop.ts';

const REVISION = '2026-07-28';

let shop: Shop;
let agent: Agent;
let modern: ModernClient;
beforeAll(async () => {
  shop = await Shop.open();
  [agent, modern] = await Promise.all([shop.agent(), modernClient('modern journey')]);
});
afterAll(async () => {
  await modern.close();
  await shop.close();
});

/** The 2.x client in the stateless revision, and nothing older. */
async function modernClient(name: string): Promise<ModernClient> {
  const client = new ModernClient(
    { name, version: '1.0.0' },
    { versionNegotiation: { mode: { pin: REVISION } } },
  );
  await client.connect(
    new ModernTransport({
      ...{ command: process.execPath, args: [MAIN], env: { ...shop.env } },
      ...{ cwd: join(shop.home, 'cwd'), stderr: 'ignore' },
    }),
  );
  return client;
}

/** What the server writes to stdout for these requests, line by line, to the byte. */
async function raw(requests: readonly object[], answers: number): Promise<string[]> {
  const child = spawn(process.execPath, [MAIN], {
    ...{ env: { ...shop.env }, cwd: join(shop.home, 'cwd'), stdio: ['pipe', 'pipe', 'ignore'] as const },
  });
  const exited = once(child, 'exit');
  let stdout = '';
  const enough = new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
      if (stdout.split('\n').length > answers) resolve();
    });
  });
  for (const request of requests) child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...request })}\n`);
  await enough;
  child.stdin.end();
  await exited;
  return stdout.trimEnd().split('\n');
}

const LEGACY_LIST = [
  {
    ...{ id: 1, method: 'initialize' },
    params: {
      ...{ protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw', version: '1' } },
    },
  },
  { method: 'notifications/initialized' },
  { id: 2, method: 'tools/list' },
];
const MODERN_LIST = [
  {
    ...{ id: 1, method: 'tools/list' },
    params: {
      _meta: {
        'io.modelcontextprotocol/protocolVersion': REVISION,
        'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
        'io.modelcontextprotocol/clientCapabilities': {},
      },
    },
  },
];

describe('the list of tools', () => {
  it('is the same in both eras', async () => {
    const [old, current] = await Promise.all([agent.server.client.listTools(), modern.listTools()]);
    expect(old.tools.map((tool) => tool.name)).toEqual([
      ...['create-payment', 'query-payment', 'close-payment'],
      ...['refund-payment', 'query-refund', 'list-payments'],
    ]);
    expect(current.tools).toEqual(old.tools);
  });

  it('gives every tool a title, all four hints and an output schema', async () => {
    const { tools } = await agent.server.client.listTools();
    for (const { title, annotations = {}, outputSchema, description } of tools) {
      expect(title).toMatch(/\S/);
      expect(description).toMatch(/\S/);
      expect(outputSchema).toMatchObject({ type: 'object' });
      for (const hint of ['readOnlyHint', 'destructiveHint', 'idempotentHint', 'openWorldHint']) {
        expect(annotations).toHaveProperty(hint, expect.any(Boolean));
      }
    }
  });

  it.each([
    ['2025', LEGACY_LIST, 2],
    ['2026', MODERN_LIST, 1],
  ])('of the %s era is byte-identical from run to run', async (_era, requests, answers) => {
    const [first, second] = await Promise.all([raw(requests, answers), raw(requests, answers)]);
    expect(first).toHaveLength(answers);
    expect(first.at(-1)).toContain('"create-payment"');
    expect(second).toEqual(first);
  });

  it('names the chosen tools only, in the language that was asked for', async () => {
    const chosen = await shop.agent({
      env: { AP_SELECT_TOOLS: 'list-payments,query-payment', CASHIER_LANG: 'en' },
    });
    const { tools } = await chosen.server.client.listTools();
    expect(tools.map((tool) => tool.name)).toEqual(['query-payment', 'list-payments']);
    expect(JSON.stringify(tools)).not.toMatch(/[\u4e00-\u9fff]/);
    const reply = await chosen.server.call('list-payments', {});
    expect(reply.text).not.toMatch(/[\u4e00-\u9fff]/);
  });

  it('offers what is configured: one wallet, and then nobody has to name it', async () => {
    const alipay = Object.entries(shop.simulator.env).filter(([name]) => /^(AP|CASHIER)_/.test(name));
    const single = await shop.agent({ env: Object.fromEntries(alipay) });
    const { tools } = await single.server.client.listTools();
    expect(JSON.stringify(tools)).not.toMatch(/wechatpay|douyinpay|payerOpenid|payerClientIp/);
    expect(await single.create({ amountYuan: '1.00', title: 'one wallet' })).toMatchObject({
      provider: 'alipay',
    });
  });
});

describe('a client of the 2026-07-28 era', () => {
  it.each(['alipay', 'wechatpay'])(
    'sells and proposes a refund through %s like any other',
    async (provider) => {
      const call = async (name: string, args: Record<string, unknown>) =>
        readReply(await modern.callTool({ name, arguments: args }));
      const created = await call('create-payment', { provider, amountYuan: '2.00', title: 'modern' });
      const order = readPayment(created);
      expect(created.image?.subarray(1, 4).toString()).toBe('PNG');
      await shop.simulator.pay(order);
      const { outTradeNo } = order;
      expect(readPayment(await call('query-payment', { outTradeNo }))).toMatchObject({ state: 'PAID' });
      expect(await agent.known(outTradeNo)).toMatchObject({ state: 'PAID' });
      const refund = readRefund(await call('refund-payment', { outTradeNo, refundYuan: '2.00' }));
      expect(refund).toMatchObject({ state: 'PENDING_APPROVAL' });
      const { code } = readRefusal(await call('refund-payment', { outTradeNo, refundYuan: '2.01' }));
      expect(code).toBe('REFUND_EXCEEDS_PAID');
    },
  );

  it('is told of an unknown tool by the protocol', async () => {
    await expect(modern.callTool({ name: 'give-money', arguments: {} })).rejects.toMatchObject({
      code: -32602,
    });
  });

  it('sees the same list under whatever name', async () => {
    const claude = await modernClient('claude-code');
    const [mine, usual] = await Promise.all([claude.listTools(), modern.listTools()]);
    expect(mine.tools).toEqual(usual.tools);
    await claude.close();
  });
});

describe('a client of the 2025 era', () => {
  it('is told of an unknown tool by the protocol', async () => {
    await expect(agent.server.client.callTool({ name: 'give-money' })).rejects.toMatchObject({
      code: -32602,
    });
  });

  it.each(['claude-code', 'Cherry Studio'])(
    'named %s, which drops text and images beside a structure, gets no structure with the code to scan',
    async (clientName) => {
      const claude = await shop.agent({ clientName });
      const { tools } = await claude.server.client.listTools();
      const schemas = Object.fromEntries(tools.map((tool) => [tool.name, tool.outputSchema]));
      expect(schemas['create-payment']).toBeUndefined();
      expect(schemas['query-payment']).toBeDefined();
      const reply = await claude.server.call('create-payment', {
        ...{ provider: 'wechatpay', amountYuan: '2.00', title: 'claude' },
      });
      expect(reply).toMatchObject({ isError: false, structured: undefined, blocks: 2 });
      expect(reply.text).toContain('weixin://wxpay/');
      expect(reply.image?.subarray(1, 4).toString()).toBe('PNG');
      const outTradeNo = /C\d{14}\w{10}/.exec(reply.text)?.[0] ?? '';
      expect(await claude.query(outTradeNo)).toMatchObject({ state: 'NOTPAY' });
    },
  );
});

describe('a client that only looks', () => {
  it('leaves no simulator, no listener and no order behind', async () => {
    const looker = await shop.agent();
    await looker.server.client.listTools();
    await looker.server.close();
    expect(looker.server.stderr).not.toMatch(/error/i);
  });
});
