import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { systemClock, systemRandom } from '../platform/system.ts';
import { FAKES } from '../simulator/fakes.ts';
import { openSimulator } from '../simulator/index.ts';
import type { FakeWallet } from '../simulator/world.ts';
import { version } from '../version.ts';
import type { CommandContext, Typed } from './command.ts';
import { command, demoHome, entry, insist, patiently, removed, steered, step } from './demo-steps.ts';
import { print } from './terminal.ts';

const WANTED = { amountYuan: '19.00', title: '读书会员 reader', period: 'P1M', subscriber: 'reader-7' };

type Result = Readonly<Record<string, unknown>>;

/**
 * `mcp-cashier demo --subscription [--auto-pay]`: sells a subscription on the embedded simulator, as an agent would; the
 * subscriber agrees on the wallet's page, the server charges the first month by itself, and the subscriber ends it there.
 * Without `--auto-pay` a person does both. Exit code 0 only if every step held.
 */
export async function runSubscription({ values }: Typed<'demo'>, context: CommandContext): Promise<number> {
  const { signal, say } = context;
  const { home, env } = demoHome(context, { AP_SELECT_TOOLS: 'unified,subscriptions' });
  print(`mcp-cashier demo --subscription · ${say.line('模拟环境，不是真钱', 'SIMULATED, no real money')}`);
  const wallet = FAKES.find(({ agreements }) => agreements !== undefined);
  insist(wallet !== undefined, 'a wallet that charges by consent');
  const { id: provider, name } = wallet as FakeWallet;
  const client = new Client({ name: 'mcp-cashier-demo', version });
  const simulator = await openSimulator({
    ...{ folder: join(home, 'simulator'), clock: systemClock, randomBytes: systemRandom },
  });
  const call = async (name: string, args: Record<string, unknown>): Promise<Result> => {
    const result = await client.callTool({ name, arguments: args });
    const [first] = result.content;
    if (result.isError) throw new Error(`${name}: ${first?.type === 'text' ? first.text : 'error'}`);
    return result.structuredContent as Result;
  };
  try {
    await client.connect(
      new StdioClientTransport({
        command: process.execPath,
        args: [entry(), 'stdio'],
        env,
        stderr: 'ignore',
      }),
    );
    const made = await call('create-subscription', { provider, ...WANTED });
    const { contractNo, signUrl } = made;
    insist(
      made.state === 'PENDING_SIGN' && made.mode === 'auto' && made.simulated === true,
      'create-subscription',
    );
    step(`create-subscription → ${contractNo} ${made.state} ${made.amountYuan} ${made.period}`);
    const known = () => call('query-subscription', { contractNo });
    const buyer = (what: object) => steered(simulator.origin, 'agreements', what);
    const asked = say.label('请打开并同意（订阅者的手机）', "open it and agree (the subscriber's phone)");
    if (values['auto-pay']) await buyer({ code: signUrl, deed: 'sign' });
    else print(`${asked} ${signUrl}`);
    await patiently(
      signal,
      'query-subscription, signed and charged',
      async () => (await known()).charged === 1,
    );
    const charged = await known();
    insist(charged.state === 'ACTIVE', 'query-subscription');
    step(
      say.line(
        '订阅者同意；服务器自动扣了第一个月',
        'the subscriber agrees; the server charges the first month by itself',
      ),
    );
    const { outTradeNo } = charged.lastCharge as { readonly outTradeNo: string };
    const paid = await call('query-payment', { outTradeNo });
    insist(paid.state === 'PAID' && paid.amountYuan === WANTED.amountYuan, 'query-payment');
    step(`query-payment ${outTradeNo} → PAID ${paid.amountYuan}`);
    step(`${say.label('下次扣款', 'next charge')} ${charged.nextChargeAt}`);
    if (values['auto-pay']) await buyer({ number: await numberOf(simulator.origin), deed: 'stop' });
    else print(say.line('请在同一页关闭自动扣款', 'end it on the same page'));
    await patiently(signal, 'query-subscription, ended', async () => (await known()).state === 'ENDED');
    const { endedReason } = await known();
    step(
      `${say.line(`订阅者在${name.zh}里关闭；之后不再扣款`, `the subscriber ends it in ${name.en}; nothing is charged any more`)} (${endedReason})`,
    );
    print(`\n${say.label('账本', 'the ledger')}`);
    await command(['orders'], env, 'inherit');
    print(`\n${say.line('全部完成', 'everything held')} ✔`);
    return 0;
  } finally {
    await client.close();
    await simulator.close();
    await removed(home, say);
  }
}

/** Of the one agreement there is. */
async function numberOf(origin: string): Promise<string> {
  const { agreements } = (await steered(origin, 'agreements')) as {
    readonly agreements: readonly { agreementNo: string }[];
  };
  return agreements[0]?.agreementNo ?? '';
}
