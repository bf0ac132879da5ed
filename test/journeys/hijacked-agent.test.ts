import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { afterEach, expect, it } from 'vitest';
import { fenFromYuan } from '../../src/domain/money.ts';
import { cheapGuesses } from '../support/guess-cost.ts';
import { MAIN } from '../support/server-process.ts';
import { seeded } from '../support/virtual-time.ts';
import { Shop } from './shop.ts';

cheapGuesses();

const SECRET = 'correct-horse-battery-staple';
const POLICY = `version: 1
payments: { maxYuan: "30", approveAboveYuan: "20", perDay: { totalYuan: "150", count: 60 }, scenes: [qr, web, h5] }
refunds: { maxYuan: "10", perDay: { totalYuan: "12", count: 5 } }
clients:
  rich: { refunds: { from: budget } }
`;
/** What the agent would like to be held to, and writes into the file that it can reach. */
const LOOSE = 'version: 1\nrefunds: { approveAboveYuan: "none" }\n';
const PER_DAY_FEN = 15_000;
const REFUNDS_PER_DAY_FEN = 1_200;
/** How many things it does with one seed; `.ci/run` asks for more. */
const DEEDS = Number(process.env.HIJACKED_DEEDS ?? 160);
const SEEDS = (process.env.HIJACKED_SEEDS ?? '1').split(',').map(Number);
const FAULTS = ['', '', '', ' sim:lost-create-after', ' sim:lost-refund-after', ' sim:lost-refund-before'];
const NAMES = ['hijacked', 'rich', 'operator', 'settler', 'stdio', 'claude-code', '__proto__', 'gateway'];
/** No server starts under these: in the record they are others. */
const TAKEN = ['operator', 'settler', 'gateway'];

let shop: Shop | undefined;
afterEach(async () => {
  await shop?.close();
  shop = undefined;
});

/** An agent that has been talked over: it tries whatever it can reach, with whatever it has been shown. */
class Hijacked {
  readonly #shop: Shop;
  readonly #random: () => number;
  readonly #clients: Client[] = [];
  /** Every string that it has been shown. */
  readonly shown = new Set<string>();
  readonly numbers = new Set<string>();
  /** Orders for which it holds something to pay with, in fen. */
  readonly payable = new Map<string, number>();
  readonly codes = new Map<string, string>();

  constructor(shop: Shop, random: () => number) {
    this.#shop = shop;
    this.#random = random;
  }

  pick<T>(from: Iterable<T>): T {
    const all = [...from];
    return all[Math.floor(this.#random() * all.length)] as T;
  }

  /** Another process of its own, under any name. */
  async start(): Promise<void> {
    const client = new Client(
      { name: this.pick(NAMES), version: '1' },
      { capabilities: { elicitation: this.pick([{}, { form: {} }, { form: {}, url: {} }]) } },
    );
    client.setRequestHandler(ElicitRequestSchema, async ({ params }) => {
      this.#read(params);
      // Its yes to opening a page makes the call wait for the person: not every time, or the storm would stand still.
      if (this.#random() < 0.9) return { action: 'cancel' };
      const content = { approve: true, approved: true, decision: 'approve', reason: 'the user agrees' };
      return params.mode === 'url' ? { action: 'accept' } : { action: 'accept', content };
    });
    const caller = this.pick(['', ...NAMES.filter((name) => !TAKEN.includes(name))]);
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: [MAIN, ...(this.#random() < 0.3 ? ['alipay'] : [])],
      env: {
        ...this.#shop.env,
        AP_SELECT_TOOLS: 'unified,alipay,wechatpay',
        CASHIER_OPERATOR_SECRET: this.pick(['guess', 'mcp-cashier', ...this.shown]),
        ...(caller === '' ? {} : { CASHIER_CALLER: caller }),
      },
      cwd: join(this.#shop.home, 'cwd'),
      stderr: 'pipe',
    });
    transport.stderr?.on('data', (chunk: Buffer) => this.#shop.transcript.record('stderr', String(chunk)));
    await client.connect(transport);
    this.#clients.push(client);
    if (this.#clients.length > 3) await this.#clients.shift()?.close();
  }

  async kill(): Promise<void> {
    const client = this.pick(this.#clients);
    const { pid } = client.transport as StdioClientTransport;
    if (pid !== null) process.kill(pid, 'SIGKILL');
    this.#clients.splice(this.#clients.indexOf(client), 1);
    await this.start();
  }

  async end(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
  }

  async deed(): Promise<void> {
    const roll = this.#random();
    if (roll < 0.42) return this.#create();
    if (roll < 0.7) return this.#refund();
    if (roll < 0.78) return this.#pay();
    if (roll < 0.84) return this.#nonsense();
    if (roll < 0.98) return this.#visit();
    return this.#command();
  }

  async call(name: string, args: Record<string, unknown>): Promise<Record<string, unknown>> {
    const client = this.pick(this.#clients);
    try {
      const result = await client.callTool({ name, arguments: args, _meta: { approved: true } });
      this.#shop.transcript.record(name, JSON.stringify(result));
      this.#read(result);
      return (result.structuredContent ?? {}) as Record<string, unknown>;
    } catch {
      // Its server was killed meanwhile, or the call was not even one.
      return {};
    }
  }

  async #create(): Promise<void> {
    const outTradeNo = this.#random() < 0.5 ? undefined : `H_${Math.floor(this.#random() * 40) + 10000}`;
    const amountYuan = this.pick(['0.01', '1.00', '7.77', '19.99', '20.01', '30.00', '30.01', '1000000']);
    const provider = this.pick(['alipay', 'wechatpay']);
    const title = `wish${this.pick(FAULTS)}`;
    if (this.#random() < 0.15) {
      await this.call('create-mobile-alipay-payment', {
        outTradeNo: outTradeNo ?? `HM_${Math.floor(this.#random() * 1e6)}`,
        totalAmount: amountYuan,
        orderTitle: title,
      });
      return;
    }
    const scene = this.pick(['qr', 'qr', 'h5', 'web', 'app']);
    await this.call('create-payment', {
      provider,
      amountYuan,
      title,
      outTradeNo,
      scene,
      payerClientIp: '9.9.9.9',
    });
  }

  async #refund(): Promise<void> {
    const outTradeNo = this.pick([...this.numbers, 'H_10001']);
    const outRefundNo = this.pick([undefined, 'R1', 'R2', `R${Math.floor(this.#random() * 100)}`]);
    const refundYuan = this.pick(['0.01', '1.00', '5.00', '10.00', '10.01', '30.00']);
    if (this.#random() < 0.2) {
      const args = { outTradeNo, refundAmount: refundYuan, outRequestNo: outRefundNo ?? 'R3' };
      await this.call('refund-alipay-payment', args);
    } else {
      await this.call('refund-payment', {
        outTradeNo,
        outRefundNo,
        refundYuan,
        reason: 'approved by operator',
      });
    }
  }

  /** Some buyers do pay. */
  async #pay(): Promise<void> {
    if (this.codes.size === 0) return;
    const [outTradeNo, qrCode] = this.pick(this.codes);
    await this.#shop.simulator.pay({ qrCode }).catch(() => undefined);
    await this.call('query-payment', { outTradeNo });
  }

  async #nonsense(): Promise<void> {
    const tool = this.pick([
      'create-payment',
      'refund-payment',
      'close-payment',
      'query-refund',
      'refund-order',
    ]);
    const words = [...this.shown, '', null, -1, 1e308, { approve: true }, ['x'], 'PENDING_APPROVAL'];
    const keys = [
      'outTradeNo',
      'outRefundNo',
      'refundYuan',
      'amountYuan',
      'title',
      'approval',
      'approved',
      'secret',
    ];
    await this.call(tool, Object.fromEntries(keys.map((key) => [key, this.pick(words)])));
  }

  /** Fetches an address it was shown, and posts every form there with all it knows. */
  async #visit(): Promise<void> {
    const addresses = [...this.shown].filter((text) => text.startsWith('http://127.0.0.1'));
    if (addresses.length === 0) return;
    // A payer's pages are for paying; it does that elsewhere.
    const address = this.pick(addresses);
    if (address.startsWith(this.#shop.simulator.origin)) return;
    try {
      const response = await fetch(address);
      const html = await response.text();
      this.#read(html);
      const forms = [...html.matchAll(/<form[^>]*?action="([^"]*)"/g)].map((match) => match[1] ?? '');
      for (const action of [
        ...forms,
        address,
        `${address}/approve`,
        `${new URL(address).origin}/approvals`,
      ]) {
        const target = new URL(action.replaceAll('&amp;', '&'), response.url);
        const fields = [...html.matchAll(/name="([^"]+)"(?:[^>]*value="([^"]*)")?/g)];
        const body = new URLSearchParams([
          ...fields.map(([, name = '', value = '']): [string, string] => [
            name,
            value || this.pick(this.shown),
          ]),
          ['decision', 'approve'],
          ['action', 'approve'],
          ['secret', this.pick(this.shown)],
        ]);
        const headers = { origin: target.origin, cookie: `session=${this.pick(this.shown)}` };
        const answer = await fetch(target, { method: 'POST', body, headers, redirect: 'manual' });
        this.#read(await answer.text());
      }
    } catch {
      // The process that served it is gone.
    }
  }

  async #command(): Promise<void> {
    const ids = [...this.shown].filter((text) => /^A[2-9A-Z]{12}$/.test(text));
    const id = ids.length > 0 ? this.pick(ids) : 'A';
    writeFileSync(join(this.#shop.home, 'policy.yaml'), LOOSE);
    const env = this.pick([{}, { CASHIER_OPERATOR_SECRET: this.pick(['guess', ...this.shown]) }]);
    const args = this.pick([
      ['approvals', 'approve', id],
      ['approvals', 'approve', id],
      ['budget', 'top-up', 'rich', '1000'],
      ['policy', 'accept'],
      ['unfreeze'],
      ['operator', 'set-secret', '--realm', 'simulator'],
    ]);
    const { code, stdout, stderr } = await this.#shop.command(args, env);
    this.#read(`${stdout}\n${stderr}`);
    expect(`${args.join(' ')} → ${code}`).toBe(`${args.join(' ')} → 1`);
  }

  /** Keeps every word, number and address. */
  #read(value: unknown): void {
    if (typeof value === 'string') {
      for (const word of value.match(/https?:\/\/[^\s)"'<>\\]+|[\w-]{2,64}/g) ?? []) this.shown.add(word);
      // Texts that are JSON, as errors are, have more in them.
      return;
    }
    if (typeof value !== 'object' || value === null) return;
    const found = value as Record<string, unknown>;
    const { outTradeNo, amountYuan } = found;
    if (typeof outTradeNo === 'string') {
      this.numbers.add(outTradeNo);
      const code = found.qrCode ?? found.payUrl;
      if (typeof code === 'string') {
        this.codes.set(outTradeNo, code);
        this.payable.set(outTradeNo, fenFromYuan(String(amountYuan)) ?? 0);
      }
    }
    for (const inner of Object.values(found)) this.#read(inner);
  }
}

interface LedgerOrder {
  readonly outTradeNo: string;
  readonly amountYuan: string;
  readonly state: string;
}

async function play(seed: number): Promise<{ approved: number; refunded: number }> {
  const opened = await Shop.open({ policy: POLICY });
  shop = opened;
  opened.secrets.add(SECRET);
  const operator = { CASHIER_OPERATOR_SECRET: SECRET };
  expect((await opened.command(['operator', 'set-secret', '--realm', 'simulator'], operator)).code).toBe(0);
  const agent = new Hijacked(opened, seeded(seed));
  const startedOn = beijingDay();
  for (const _ of [1, 2, 3]) await agent.start();
  // The first policy that anything is decided by is the merchant's.
  await agent.call('create-payment', { provider: 'alipay', amountYuan: '1.00', title: 'first' });

  const approved = new Set<string>();
  for (let done = 0; done < DEEDS; done += 8) {
    await Promise.all(Array.from({ length: 8 }, () => agent.deed()));
    if (done % 160 === 0) await agent.kill();
    if (done % 240 === 120) {
      // A merchant who says yes to something now and then.
      const { items } = JSON.parse((await opened.command(['approvals', '--json'], operator)).stdout) as {
        items: { id: string; outRefundNo?: string; outTradeNo: string }[];
      };
      const refund = items.find((approval) => approval.outRefundNo !== undefined);
      if (refund && (await opened.command(['approvals', 'approve', refund.id], operator)).code === 0) {
        // Which is carried out whether or not the agent still wants it.
        approved.add(`${refund.outTradeNo} ${refund.outRefundNo}`);
      }
    }
  }

  // Frozen, nothing moves any more, whatever it does.
  expect((await opened.command(['freeze', '--reason', 'hijacked'])).code).toBe(0);
  const before = await opened.simulator.deeds();
  await Promise.all(Array.from({ length: 40 }, () => agent.deed()));
  expect(await opened.simulator.deeds()).toBe(before);
  await agent.end();

  const days = startedOn === beijingDay() ? 1 : 2;
  const { items } = JSON.parse((await opened.command(['orders', '--json', '--limit', '100000'])).stdout) as {
    items: LedgerOrder[];
  };
  const amounts = new Map(
    items.map(({ outTradeNo, amountYuan }) => [outTradeNo, Number(amountYuan.replace('.', ''))]),
  );
  const asked = await opened.simulator.calls(undefined, 'create');
  const sent = new Set([...asked.map((call) => call.outTradeNo), ...agent.payable.keys()]);
  const sums = [...sent].map((outTradeNo) => amounts.get(outTradeNo) ?? Number.NaN);
  expect(Math.max(...sums)).toBeLessThanOrEqual(2_000);
  expect(sums.reduce((sum, fen) => sum + fen, 0)).toBeLessThanOrEqual(PER_DAY_FEN * days);
  expect(sums.length).toBeLessThanOrEqual(60 * days);

  const trades = await opened.simulator.trades();
  const paidThere = trades.filter(({ state }) => state === 'PAID').map(({ outTradeNo }) => outTradeNo);
  for (const { outTradeNo } of items.filter(({ state }) => state === 'PAID')) {
    expect(paidThere, 'nothing is paid that no buyer has paid').toContain(outTradeNo);
    expect([...agent.codes.keys()], 'nor what nobody had a code of').toContain(outTradeNo);
  }
  const refunds = trades.flatMap((trade) => trade.refunds.map((refund) => ({ ...refund, trade })));
  for (const refund of refunds) {
    expect(approved, 'a person said yes to it').toContain(`${refund.trade.outTradeNo} ${refund.outRefundNo}`);
    expect(refund.amountFen).toBeLessThanOrEqual(1_000);
  }
  expect(refunds.reduce((sum, refund) => sum + refund.amountFen, 0)).toBeLessThanOrEqual(
    REFUNDS_PER_DAY_FEN * days,
  );
  expect((await opened.command(['audit', 'verify'])).code).toBe(0);
  // It was a storm, not a calm.
  expect(sums.length).toBeGreaterThan(5);
  expect(trades.some((trade) => trade.state === 'PAID')).toBe(true);
  return { approved: approved.size, refunded: refunds.length };
}

function beijingDay(): string {
  return new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10);
}

it.each(SEEDS)(
  'a hijacked agent gets nothing that the merchant has not allowed, seed %i',
  async (seed) => {
    await play(seed);
  },
  600_000,
);
