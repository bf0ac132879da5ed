import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import QRCode from 'qrcode';
import { systemClock, systemRandom } from '../platform/system.ts';
import { WALLETS } from '../providers/registry.ts';
import type { Wallet } from '../providers/wallet.ts';
import { openSimulator, type Simulator } from '../simulator/index.ts';
import { version } from '../version.ts';
import type { CommandContext, Typed } from './command.ts';
import { command, demoHome, entry, insist, patiently, removed, steered, step } from './demo-steps.ts';
import type { Say } from './speaker.ts';
import { isTerminal, print, printPainted } from './terminal.ts';

const PRICE = '1.99';
const TITLE = '红烧肉菜谱 braised pork recipe';

type Result = Readonly<Record<string, unknown>>;

/**
 * `mcp-cashier demo [--auto-pay] [--gate | --subscription]`: sells one recipe through each wallet on the embedded simulator, as an agent
 * would: a real MCP client on the server's stdio, while the merchant's phone is told of it. Without `--auto-pay` a person
 * pays, and approves the first refund on that phone. Exit code 0 only if every step held.
 */
export async function run(typed: Typed<'demo'>, context: CommandContext): Promise<number> {
  const { values } = typed;
  if (values.gate) return (await import('./demo-gate.ts')).runGate(context);
  if (values.subscription) return (await import('./demo-subscription.ts')).runSubscription(typed, context);
  const { signal, say } = context;
  const { home, env } = demoHome(context);
  print(`mcp-cashier demo · ${say.line('模拟环境，不是真钱', 'SIMULATED, no real money')}`);
  print(say.line('正在启动 MCP 服务器与模拟网关…', 'Starting the MCP server and the simulated gateways…'));
  const client = new Client({ name: 'mcp-cashier-demo', version });
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [entry(), 'stdio'],
    env,
    stderr: 'ignore',
  });
  let simulator: Simulator | undefined;
  try {
    const secret = values['auto-pay'] ? undefined : await newSecret(env);
    const commands = secret === undefined ? env : { ...env, CASHIER_OPERATOR_SECRET: secret };
    let owner = secret;
    await client.connect(transport);
    const { tools } = await client.listTools();
    step(`${say.label('工具', 'tools')} ${tools.map((tool) => tool.name).join(', ')}`);
    for (const wallet of WALLETS) {
      const order = await sell(client, wallet, say);
      simulator ??= await openSimulator({
        folder: join(home, 'simulator'),
        clock: systemClock,
        randomBytes: systemRandom,
      });
      const scanUrl = `${simulator.origin}/scan?code=${encodeURIComponent(String(order.qrCode))}`;
      if (values['auto-pay']) await clickPay(scanUrl, say);
      else {
        print(`${say.label('请点击付款', 'click to pay')} ${scanUrl}`);
        print(`${say.label('商家的手机', "the merchant's phone")} ${simulator.origin}/inbox`);
      }
      await untilPaid(client, order, signal, say);
      await refund(client, order, { env: commands, signal, say, owner, origin: simulator.origin });
      owner = undefined;
    }
    await command(['channels', 'summary'], commands, 'ignore');
    print(`\n${say.label('商家的手机收到', "the merchant's phone was told")}`);
    for (const title of await told(simulator, signal)) step(title);
    print(`\n${say.label('账本', 'the ledger')}`);
    await command(['orders'], env, 'inherit');
    print(`\n${say.line('全部完成', 'everything held')} ✔`);
    if (secret !== undefined) await untilEnter(simulator, signal, say);
    return 0;
  } finally {
    await client.close();
    await simulator?.close();
    await removed(home, say);
  }
}

/** With what the approval page of this ledger, which nobody keeps, is signed in to. */
async function newSecret(env: Record<string, string>): Promise<string> {
  const secret = String(systemRandom(4).readUInt32BE() % 1e8).padStart(8, '0');
  const setting = { ...env, CASHIER_OPERATOR_SECRET: secret };
  await command(['operator', 'set-secret', '--realm', 'simulator'], setting, 'ignore');
  return secret;
}

/** Whoever sits there looks at the pages for as long as they like. */
async function untilEnter(simulator: Simulator | undefined, signal: AbortSignal, say: Say): Promise<void> {
  if (!isTerminal()) return;
  const inbox = `${simulator?.origin}/inbox`;
  print(
    `${say.label('手机上还能看到今天的小结；按回车结束', 'The phone still shows the summary of today; Enter ends')} ${inbox}`,
  );
  const line = createInterface({ input: process.stdin });
  await new Promise<void>((resolve) => {
    for (const event of ['line', 'close']) line.once(event, () => resolve());
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  line.close();
}

/** Of each wallet a payment, an approval that is asked for and given, and a refund, then the day; the oldest first. */
async function told(simulator: Simulator | undefined, signal: AbortSignal): Promise<string[]> {
  let titles: string[] = [];
  await patiently(signal, 'the inbox', async () => {
    const { messages } = (await steered(simulator?.origin ?? '', 'inbox')) as Inbox;
    titles = messages.flatMap(({ refused, shown }) => (refused === undefined && shown ? [shown.title] : []));
    return titles.length > 4 * WALLETS.length;
  });
  return titles.reverse();
}

interface Inbox {
  readonly messages: readonly { readonly refused?: string; readonly shown?: { readonly title: string } }[];
}

async function sell(client: Client, { id: provider, name }: Wallet, say: Say): Promise<Result> {
  print(`\n━━ ${say.line(name.zh, name.en)} ━━`);
  const order = await call(client, 'create-payment', { provider, amountYuan: PRICE, title: TITLE });
  insist(order.state === 'NOTPAY' && order.simulated === true, 'create-payment');
  step(`create-payment → ${order.outTradeNo} ${order.state} ${order.amountYuan}`);
  printPainted(await QRCode.toString(String(order.qrCode), { type: 'terminal', small: true }));
  print(`${say.label('收银台', 'checkout page')} ${order.cashierUrl}`);
  return order;
}

async function untilPaid(client: Client, order: Result, signal: AbortSignal, say: Say): Promise<void> {
  await patiently(signal, 'query-payment', async () => {
    const { state } = await call(client, 'query-payment', { outTradeNo: order.outTradeNo, waitSeconds: 20 });
    return state === 'PAID';
  });
  const again = await call(client, 'query-payment', { outTradeNo: order.outTradeNo });
  insist(again.state === 'PAID' && again.source === 'query', 'query-payment');
  step(`query-payment → PAID (${say.line('支付平台签名证明', "proven by the gateway's signature")})`);
}

interface Refunding {
  /** Of commands. */
  readonly env: Record<string, string>;
  readonly signal: AbortSignal;
  readonly say: Say;
  /** The secret with which a person approves it on the page; undefined: a command approves it. */
  readonly owner: string | undefined;
  readonly origin: string;
}

async function refund(
  client: Client,
  order: Result,
  { env, signal, say, owner, origin }: Refunding,
): Promise<void> {
  const wanted = { outTradeNo: order.outTradeNo, refundYuan: PRICE, reason: '演示 demo' };
  const proposed = await call(client, 'refund-payment', wanted);
  const approval = proposed.approval as { id?: unknown } | undefined;
  insist(proposed.state === 'PENDING_APPROVAL' && typeof approval?.id === 'string', 'refund-payment');
  step(`refund-payment → ${proposed.state} ${approval?.id} (${say.line('待审批', 'awaiting approval')})`);
  let sent = proposed;
  if (owner === undefined) {
    await command(['approvals', 'approve', String(approval?.id)], env, 'ignore');
    step(`mcp-cashier approvals approve ${approval?.id}`);
  } else {
    const asked = say.label(
      '请在商家的手机上打开消息并批准',
      "approve it from the message on the merchant's phone",
    );
    print(`${asked} ${origin}/inbox`);
    print(`${say.label('登录用的操作员口令', 'operator secret to sign in with')} ${owner}`);
  }
  await patiently(signal, 'refund-payment after the approval', async () => {
    sent = await call(client, 'refund-payment', wanted);
    return sent.state === 'SUCCESS' || sent.state === 'PROCESSING';
  });
  if (owner !== undefined) step(say.line('商家在页面上批准', 'approved on the page'));
  await patiently(signal, 'query-refund', async () => {
    const { state } = await call(client, 'query-refund', {
      outTradeNo: order.outTradeNo,
      outRefundNo: sent.outRefundNo,
    });
    return state === 'SUCCESS';
  });
  const settled = await call(client, 'query-payment', { outTradeNo: order.outTradeNo });
  insist(settled.refundedYuan === PRICE, 'the refunded sum');
  step(`query-refund → SUCCESS ${settled.refundedYuan}`);
}

/** What a person does on the simulator's cashier page: read the form, press the button. */
async function clickPay(url: string, say: Say): Promise<void> {
  const page = await fetch(url);
  const html = await page.text();
  const action = /<form[^>]*action="([^"]*\/pay[^"]*)"/.exec(html)?.[1]?.replaceAll('&amp;', '&');
  insist(page.ok && action !== undefined, "the simulator's cashier page");
  const target = new URL(action ?? '', page.url);
  const fields = [...html.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)];
  const body = new URLSearchParams(
    fields.map(([, name = '', value = '']): [string, string] => [name, value]),
  );
  const paid = await fetch(target, { method: 'POST', body, headers: { origin: target.origin } });
  insist(paid.ok, 'paying on the cashier page');
  step(say.line('买家付款', 'the buyer pays'));
}

async function call(client: Client, name: string, args: Record<string, unknown>): Promise<Result> {
  const result = await client.callTool({ name, arguments: args });
  const [first] = result.content;
  if (result.isError) throw new Error(`${name}: ${first?.type === 'text' ? first.text : 'error'}`);
  return result.structuredContent as Result;
}
