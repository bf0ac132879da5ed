import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMCPClient } from '@ai-sdk/mcp';
import { Experimental_StdioMCPTransport as AiTransport } from '@ai-sdk/mcp/mcp-stdio';
import { Client as NewClient, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport as NewTransport } from '@modelcontextprotocol/client/stdio';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { afterEach, describe, expect, it } from 'vitest';
import { freePort } from '../../support/free-port.mjs';
import { MAIN } from '../../support/server-process.ts';
import { MODERN } from './between.ts';
import { EVERYTHING } from './everything.ts';
import { payAtPage } from './pay-at-page.ts';

/** One block of mcp.json. */
interface Block {
  readonly command: string;
  readonly args: string[];
  readonly env: Record<string, string>;
}
interface Tool {
  readonly name: string;
  readonly description?: string | undefined;
}
/** What a client of any make can do. */
interface Connected {
  tools(): Promise<readonly Tool[]>;
  call(name: string, args: Record<string, unknown>): Promise<Record<string, unknown>>;
  close(): Promise<void>;
}

const AS = { name: 'journey', version: '1' };
const CLIENTS: Readonly<Record<string, (block: Block) => Promise<Connected>>> = {
  'the 1.x SDK': async (block) => {
    const client = new OldClient(AS);
    await client.connect(new OldTransport({ ...block, stderr: 'ignore' }));
    return {
      tools: async () => (await client.listTools()).tools,
      call: (name, args) => client.callTool({ name, arguments: args }),
      close: () => client.close(),
    };
  },
  'the 2.x SDK': async (block) => {
    const client = new NewClient(AS, { versionNegotiation: { mode: 'auto' } });
    await client.connect(new NewTransport({ ...block, stderr: 'ignore' }));
    return {
      tools: async () => (await client.listTools()).tools,
      call: (name, args) => client.callTool({ name, arguments: args }),
      close: () => client.close(),
    };
  },
  'the AI SDK': async (block) => {
    const client = await createMCPClient({ transport: new AiTransport({ ...block, stderr: 'ignore' }) });
    const tools = await client.tools();
    return {
      tools: async () =>
        Object.entries(tools).map(([name, { description, inputSchema }]) => ({
          ...{ name, description },
          inputSchema: JSON.parse(JSON.stringify(inputSchema)),
        })),
      call: async (name, args) =>
        (await tools[name]?.execute(args, { toolCallId: '1', messages: [] })) as Record<string, unknown>,
      close: () => client.close(),
    };
  },
};

const open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

/** A home with a price file, and what stands for the upstream's own block. */
function gated(command: readonly string[], tool: string, more: object = {}) {
  const home = mkdtempSync(join(tmpdir(), 'gate-'));
  mkdirSync(join(home, 'cwd'));
  const prices = join(home, 'prices.yaml');
  const upstream = {
    name: 'behind',
    command,
    prices: { [tool]: { yuan: '0.10', title: '试一次', ...more } },
  };
  writeFileSync(prices, JSON.stringify({ version: 1, mcp: [upstream] }));
  const env = {
    PATH: String(process.env.PATH),
    HOME: home,
    CASHIER_HOME: home,
    COUNTED: join(home, 'counted'),
  };
  const args = [MAIN, 'gate', '--stdio', '--prices', prices];
  return { home, prices, env, block: { command: process.execPath, args, env } };
}
const counted = (home: string) => {
  try {
    return readFileSync(join(home, 'counted'), 'utf8').trim().split('\n');
  } catch {
    return [];
  }
};
const billIn = ({ structuredContent }: Record<string, unknown>) =>
  structuredContent as { readonly outTradeNo: string; readonly cashierUrl: string; readonly code: string };

/** Each client costs the start of three programs: with `GATE_CLIENTS=all` every one of them comes, else the first. */
const ALL = process.env.GATE_CLIENTS === 'all';

describe('one block of mcp.json, replaced', () => {
  it.each(Object.keys(CLIENTS).slice(0, ALL ? undefined : 1))(
    'charges for a tool and changes nothing else, for %s',
    async (name) => {
      const [command, ...args] = EVERYTHING;
      const { block } = gated(EVERYTHING, 'get-sum');
      const connect = CLIENTS[name] as (typeof CLIENTS)[string];
      const [there, here] = await Promise.all([connect({ command, args, env: block.env }), connect(block)]);
      open.push(there, here);
      const [before, after] = await Promise.all([there.tools(), here.tools()]);
      const unpriced = (tools: readonly Tool[]) => tools.filter((tool) => tool.name !== 'get-sum');
      expect(unpriced(after)).toEqual(unpriced(before));
      expect(after.map((tool) => tool.name)).toEqual(before.map((tool) => tool.name));
      expect(after.find((tool) => tool.name === 'get-sum')?.description).toContain('0.10 元');
      const echo = { message: '一样' };
      expect(await here.call('echo', echo)).toEqual(await there.call('echo', echo));
      const sum = { a: 1, b: 2 };
      const bill = billIn(await here.call('get-sum', sum));
      expect(bill.code).toBe('PAYMENT_REQUIRED');
      await payAtPage(bill.cashierUrl);
      const paid = await here.call('get-sum', sum);
      const { _meta, ...result } = paid as { _meta?: Record<string, string> };
      expect(result).toEqual(await there.call('get-sum', sum));
      const receipt = await (await fetch(_meta?.['cashier/receipt'] ?? '')).text();
      expect(receipt.split('.')).toHaveLength(3);
      expect(await here.call('get-sum', { ...sum, outTradeNo: bill.outTradeNo })).toEqual(paid);
    },
  );

  it.each(ALL ? ['its tool'] : [])(
    'is paid back where the gate was killed while it ran %s, and never runs it twice',
    async () => {
      const { home, block } = gated(MODERN, 'render-poster');
      const args = { title: 'slow' };
      const connect = async () => {
        const transport = new OldTransport({ ...block, stderr: 'ignore' });
        const client = new OldClient(AS);
        await client.connect(transport);
        open.push(client);
        return { client, pid: transport.pid ?? 0 };
      };
      const first = await connect();
      const bill = billIn(await first.client.callTool({ name: 'render-poster', arguments: args }));
      await payAtPage(bill.cashierUrl, 'wechatpay');
      const called = first.client.callTool({ name: 'render-poster', arguments: args }).catch(() => 'cut');
      while (counted(home).length === 0) await new Promise((again) => setTimeout(again, 20));
      process.kill(first.pid, 'SIGKILL');
      expect(await called).toBe('cut');
      const { client } = await connect();
      const again = await client.callTool({
        ...{ name: 'render-poster', arguments: { ...args, outTradeNo: bill.outTradeNo } },
      });
      expect(JSON.stringify(again.content)).toContain('REFUNDED');
      expect(counted(home)).toEqual(['slow']);
    },
  );
});

describe('/NAME/mcp on the port of the gate', () => {
  it('sells to whoever shows the number, in either era, and tells strangers to pay', async () => {
    const { home, prices, env } = gated(MODERN, 'render-poster');
    const port = await freePort();
    const gate = spawn(process.execPath, [MAIN, 'gate', '--prices', prices, '--port', String(port)], {
      ...{ env, cwd: join(home, 'cwd'), stdio: ['ignore', 'ignore', 'pipe'] },
    });
    const ended = once(gate, 'exit');
    open.push({ close: async () => gate.kill('SIGTERM') && (await ended) });
    await new Promise<void>((said) =>
      gate.stderr.on('data', (text) => String(text).includes('/mcp') && said()),
    );
    const url = new URL(`http://127.0.0.1:${port}/behind/mcp`);
    const buyer = async (mode: 'auto' | 'legacy') => {
      const client = new NewClient(AS, { versionNegotiation: { mode } });
      await client.connect(new StreamableHTTPClientTransport(url));
      open.push(client);
      return (args: Record<string, unknown>) => client.callTool({ name: 'render-poster', arguments: args });
    };
    const [modern, old] = await Promise.all([buyer('auto'), buyer('legacy')]);
    const args = { title: '开业' };
    const bill = billIn(await modern(args));
    expect(new URL(bill.cashierUrl).port).toBe(String(port));
    await payAtPage(bill.cashierUrl);
    expect(billIn(await old(args)).code).toBe('PAYMENT_REQUIRED');
    expect(billIn(await modern(args)).code).toBe('PAYMENT_REQUIRED');
    expect(counted(home)).toEqual([]);
    const shown = { ...args, outTradeNo: bill.outTradeNo };
    const { structuredContent: made } = await old(shown);
    expect(made).toEqual({ url: `https://example.com/${encodeURIComponent('开业')}` });
    expect((await modern(shown)).structuredContent).toEqual(made);
    expect(counted(home)).toEqual(['开业']);
    const foreign = await fetch(url, {
      ...{ method: 'POST', body: '{}' },
      headers: { origin: 'https://evil.example', 'content-type': 'application/json' },
    });
    expect(foreign.status).toBe(403);
  });
});
