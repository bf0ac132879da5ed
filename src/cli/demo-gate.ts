import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createAdaptorServer } from '@hono/node-server';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { onThisMachine } from '../platform/loopback.ts';
import { systemClock, systemRandom } from '../platform/system.ts';
import { WALLETS } from '../providers/registry.ts';
import { BuyerAgent } from '../simulator/buyer-agent.ts';
import { FAKES } from '../simulator/fakes.ts';
import { openSimulator } from '../simulator/index.ts';
import { version } from '../version.ts';
import type { CommandContext } from './command.ts';
import { command, demoHome, entry, insist, patiently, removed, steered, step } from './demo-steps.ts';
import type { Say } from './speaker.ts';
import { print } from './terminal.ts';

const WEATHER = { yuan: '0.10', title: '天气查询 weather' };
const POSTER = { yuan: '1.99', title: '海报生成 poster' };
const PATH = '/paid/weather';
const TOOL = 'render-poster';
const WITHIN_MS = 5_000;

/** How a buyer pays: with the wallet that its agent has, where there are such agents, or, without one, by its user's click. */
const BUYERS = [...FAKES.flatMap(({ id, agent }) => (agent ? [id] : [])), undefined];

/**
 * `mcp-cashier demo --gate`: puts the gate in front of an HTTP API and an MCP server that know nothing of money, and
 * sells one call of each to each of three buyers. Exit code 0 only if every step held.
 */
export async function runGate(context: CommandContext): Promise<number> {
  const { signal, say } = context;
  const { home, env } = demoHome(context);
  print(`mcp-cashier demo --gate · ${say.line('模拟环境，不是真钱', 'SIMULATED, no real money')}`);
  const upstreams = await openUpstreams();
  const { port, gate } = await startGate(home, env, upstreams);
  const simulator = await openSimulator({
    ...{ folder: join(home, 'simulator'), clock: systemClock, randomBytes: systemRandom },
  });
  try {
    const origin = `http://127.0.0.1:${port}`;
    await patiently(signal, 'mcp-cashier gate', () => answers(gate, `${origin}/free`));
    step(`${say.label('没有价格的请求直接放行', 'what has no price passes through')} GET /free → 200`);
    for (const wallet of BUYERS) {
      print(`\n━━ ${nameOf(wallet, say)} ━━`);
      const agent = { origin: simulator.origin, clock: systemClock };
      await sellRequest(new BuyerAgent({ ...agent, wallet }), `${origin}${PATH}`, say);
      await sellToolCall(new BuyerAgent({ ...agent, chooses: wallet }), `${origin}/posters/mcp`, say);
    }
    insist(upstreams.executed.weather === BUYERS.length, 'one execution of each paid request');
    insist(upstreams.executed.poster === BUYERS.length, 'one execution of each paid tool call');
    await patiently(signal, 'the fulfilment', () => isFulfilled(simulator.origin));
    step(say.line('按账单付款的调用，已确认履约', 'what was paid by bill is confirmed as fulfilled'));
    print(`\n${say.label('账本', 'the ledger')}`);
    await command(['orders'], env, 'inherit');
    print(`\n${say.line('全部完成', 'everything held')} ✔`);
    return 0;
  } finally {
    gate.kill();
    if (gate.exitCode === null && gate.signalCode === null) await once(gate, 'exit');
    await simulator.close();
    await upstreams.close();
    await removed(home, say);
  }
}

function nameOf(wallet: string | undefined, say: Say): string {
  const known = WALLETS.find(({ id }) => id === wallet);
  return known
    ? say.line(`有${known.name.zh}的智能体`, `an agent with ${known.name.en}`)
    : say.line('自己不能付款的智能体', 'an agent without a wallet');
}

/** Asks, is told the price, pays, asks again and has it; whoever shows the same payment again gets the same answer. */
async function sellRequest(agent: BuyerAgent, url: string, say: Say): Promise<void> {
  const got = await agent.buy({ url });
  const { asked, shown = {} } = got;
  const { amountYuan } = JSON.parse(asked?.body ?? '{}') as { readonly amountYuan?: string };
  insist(asked?.status === 402 && amountYuan === WEATHER.yuan, `GET ${PATH}`);
  step(`GET ${PATH} → 402 ${amountYuan} ${say.line('元', 'yuan')}`);
  insist(got.status === 200 && got.body.includes('content'), 'the paid request');
  step(`${Object.keys(shown).join(' + ')} → 200 ${got.body}`);
  const again = await agent.ask({ url, headers: shown });
  insist(again.status === 200 && again.body === got.body, 'the same answer for the same payment');
}

/** As a model would: the first call brings what to pay, the same call with the number brings the result. */
async function sellToolCall(agent: BuyerAgent, url: string, say: Say): Promise<void> {
  const client = new Client({ name: 'mcp-cashier-demo', version });
  try {
    await client.connect(new StreamableHTTPClientTransport(new URL(url)));
    const text = '周末集市';
    const asked = await client.callTool({ name: TOOL, arguments: { text } });
    const { outTradeNo, cashierUrl, amountYuan } = (asked.structuredContent ?? {}) as Readonly<
      Record<string, string>
    >;
    insist(asked.isError === true && amountYuan === POSTER.yuan && cashierUrl !== undefined, TOOL);
    step(
      `${TOOL} → ${say.line('付款后执行', 'runs once it is paid')} ${amountYuan} ${say.line('元', 'yuan')}`,
    );
    await agent.pay({ headers: {}, cashierUrl, outTradeNo });
    const made = await client.callTool({ name: TOOL, arguments: { text, outTradeNo } });
    const [first] = made.content;
    insist(!made.isError && first?.type === 'text' && first.text.includes(text), `${TOOL}, paid`);
    step(`${TOOL} outTradeNo → ${first?.type === 'text' ? first.text : ''}`);
  } finally {
    await client.close();
  }
}

/** Whether the gateway was told of every call that was paid by its bill that it has been handed over. */
async function isFulfilled(origin: string): Promise<boolean> {
  const { trades } = (await steered(origin, 'trades')) as { readonly trades: readonly Sold[] };
  const byBill = trades.filter(({ scene }) => scene === 'a2m');
  return byBill.length > 0 && byBill.every(({ fulfilledAt }) => fulfilledAt !== undefined);
}

interface Sold {
  readonly scene: string;
  readonly fulfilledAt?: string;
}

/** Somebody's API and somebody's MCP server, which count what they do. */
async function openUpstreams() {
  const executed = { weather: 0, poster: 0 };
  const api = createServer((request, response) => {
    if (request.url === PATH) executed.weather += 1;
    const content = request.url === PATH ? '杭州，晴，12–21 ℃' : 'free';
    response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' });
    response.end(JSON.stringify({ resource_id: request.url, content }));
  });
  const handler = createMcpHandler(() => {
    const server = new McpServer({ name: 'posters', version });
    server.registerTool(
      TOOL,
      { description: 'Renders a poster', inputSchema: z.object({ text: z.string() }) },
      ({ text }) => {
        executed.poster += 1;
        return { content: [{ type: 'text' as const, text: `🖼  ${text}` }] };
      },
    );
    return server;
  });
  const tools = createAdaptorServer({ fetch: (request) => handler.fetch(request) }) as Server;
  const [apiPort, toolsPort] = await Promise.all([listen(api), listen(tools)]);
  return {
    executed,
    prices: {
      version: 1,
      http: [
        {
          upstream: `http://127.0.0.1:${apiPort}`,
          prices: { [`GET ${PATH}`]: { ...WEATHER, skillId: 'weather' } },
        },
      ],
      mcp: [{ name: 'posters', url: `http://127.0.0.1:${toolsPort}/mcp`, prices: { [TOOL]: POSTER } }],
    },
    async close() {
      for (const server of [api, tools]) {
        server.close();
        server.closeAllConnections();
      }
    },
  };
}

/** The gate as a person starts it: a file, and one command. */
async function startGate(
  home: string,
  env: Record<string, string>,
  { prices }: { readonly prices: object },
): Promise<{ readonly port: number; readonly gate: ChildProcess }> {
  const file = join(home, 'prices.yaml');
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(prices));
  const free = createServer();
  const port = await listen(free);
  free.close();
  await once(free, 'close');
  const args = [entry(), 'gate', '--prices', file, '--port', String(port)];
  return { port, gate: spawn(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'ignore'] }) };
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** Whether the gate is up; one that has ended will not be. */
async function answers(gate: ChildProcess, url: string): Promise<boolean> {
  insist(gate.exitCode === null, 'mcp-cashier gate');
  return onThisMachine(url, {}, WITHIN_MS).then(
    ({ status }) => status === 200,
    () => false,
  );
}
