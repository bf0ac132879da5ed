import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contentDroppers, dropsContent } from '../../src/tools/clients.ts';
import { ALIPAY_TOOLS, UNIFIED_TOOLS } from '../../src/tools/index.ts';
import { Counter } from './counter.ts';

interface Block {
  readonly type: string;
  readonly text?: string;
}
interface Result {
  readonly content?: readonly Block[];
  readonly structuredContent?: unknown;
  readonly isError?: boolean;
}
/** What reaches the model or the user of a client: words, and whether a picture. */
interface Shown {
  readonly words: string;
  readonly picture: boolean;
}

const texts = ({ content = [] }: Result) => content.map(({ text }) => text ?? '').join('\n');
const picture = ({ content = [] }: Result) => content.some(({ type }) => type === 'image');
const json = ({ structuredContent }: Result) => JSON.stringify(structuredContent);
const whole = (result: Result): Shown => ({
  words: `${texts(result)}\n${json(result) ?? ''}`,
  picture: picture(result),
});

/** Clients as they are known to treat a result, by the name they give. */
const CLIENTS: readonly (readonly [clientInfoName: string, shows: (result: Result) => Shown])[] = [
  ['Cline', (result) => ({ words: texts(result), picture: false })],
  [
    'claude-code',
    (result) =>
      result.structuredContent && !result.isError
        ? { words: json(result), picture: false }
        : { words: texts(result), picture: picture(result) && !result.isError },
  ],
  [
    'Cherry Studio',
    (result) =>
      result.structuredContent
        ? { words: json(result), picture: false }
        : { words: result.content?.[0]?.text ?? '', picture: picture(result) },
  ],
  [
    'codex-mcp-client',
    (result) =>
      result.structuredContent
        ? { words: json(result), picture: false }
        : { words: texts(result), picture: picture(result) },
  ],
  [
    'mcporter',
    (result) => ({ words: result.structuredContent ? json(result) : texts(result), picture: false }),
  ],
  ['github-copilot-developer', (result) => ({ words: whole(result).words, picture: false })],
  ['claude-ai', whole],
  ['cursor-vscode', whole],
  ['Visual Studio Code', whole],
  ['openai-mcp', whole],
];

let counter: Counter;
beforeAll(async () => {
  counter = await Counter.open({ tools: [...UNIFIED_TOOLS, ...ALIPAY_TOOLS] });
});
afterAll(() => counter.end());

/** What everyone must get of a payment, as the ledger has it. */
async function truth(outTradeNo: string): Promise<readonly string[]> {
  const order = await counter.till.ledger.read((book) => book.orders.get(outTradeNo));
  if (!order?.expiresAt) throw new Error(`the ledger does not have ${outTradeNo}`);
  const { qrCode, payUrl } = order.state === 'NOTPAY' ? order.credential : {};
  const expiry = order.state === 'NOTPAY' ? [beijing(order.expiresAt)] : [];
  return [
    outTradeNo,
    order.state,
    '12.34',
    ...expiry,
    ...[qrCode, payUrl].filter((code) => code !== undefined),
  ];
}

function beijing(ms: number): string {
  return `${new Date(ms + 8 * 3_600_000).toISOString().slice(0, 19)}+08:00`;
}

const CASHIER_URL = /http:\/\/127\.0\.0\.1:39200\/c\/[\w-]{22}/;

describe.each(CLIENTS)('through %s', (name, shows) => {
  const numbers = { qr: '', web: '' };
  const say = async (tool: string, args: object) => {
    const client = await counter.legacy(name);
    await client.listTools();
    return shows((await client.callTool({ name: tool, arguments: { ...args } })) as Result);
  };

  it.each(['qr', 'web'] as const)(
    'a new payment (%s) can be paid, and everybody knows how',
    async (scene) => {
      const outTradeNo = `${name.replace(/\W/g, '_')}_${scene}`;
      const args = { outTradeNo, scene, amountYuan: '12.34', title: 't' };
      const { words, picture: shown } = await say('create-payment', args);
      for (const fact of await truth(outTradeNo)) expect(words).toContain(fact);
      expect(words).toContain('query-payment');
      expect(shown || CASHIER_URL.test(words)).toBe(true);
      if (dropsContent(name)) {
        // What the table is for: the words that a person can click, and the code that a person can scan.
        expect(words).toMatch(/\[打开收银台(扫码)?\]\(http/);
        expect(shown).toBe(scene === 'qr');
      }
      numbers[scene] = outTradeNo;
    },
  );

  it('a query says how it stands and what comes next', async () => {
    const open = await say('query-payment', { outTradeNo: numbers.qr });
    for (const fact of await truth(numbers.qr)) expect(open.words).toContain(fact);
    expect(open.words).toMatch(CASHIER_URL);
    expect(open.words).toContain('查到 PAID 才交付');
    counter.world.bank.pay(numbers.qr);
    const paid = await say('query-payment', { outTradeNo: numbers.qr });
    for (const fact of await truth(numbers.qr)) expect(paid.words).toContain(fact);
    expect(paid.words).toContain('PAID');
    expect(paid.words).toContain('可以交付');
  });

  it('a refund says that a person is waited for, whom to ask, and how to go on', async () => {
    const wanted = { outTradeNo: numbers.qr, refundYuan: '2.30', outRefundNo: 'R1' };
    const { words } = await say('refund-payment', wanted);
    const [approval] = await counter.till.ledger.read((book) =>
      book.approvals.of({ outTradeNo: numbers.qr, outRefundNo: 'R1' }),
    );
    const facts = [numbers.qr, 'R1', '2.30', 'PENDING_APPROVAL', 'refund-payment', approval?.id ?? '?'];
    for (const fact of facts) expect(words).toContain(fact);
    const { words: queried } = await say('query-refund', { outTradeNo: numbers.qr, outRefundNo: 'R1' });
    for (const fact of facts) expect(queried).toContain(fact);
  });

  it('an error says what happened and what to do', async () => {
    const { words } = await say('refund-payment', { outTradeNo: numbers.qr, refundYuan: '99' });
    expect(words).toContain('REFUND_EXCEEDS_PAID');
    expect(words).toMatch(/没有资金变动.*减小 refundYuan/s);
  });

  it("the link of Alipay's own tool is there whole", async () => {
    const outTradeNo = `${name.replace(/\W/g, '_')}_face`;
    const args = { outTradeNo, totalAmount: 12.34, orderTitle: 't' };
    const { words } = await say('create-web-page-alipay-payment', args);
    const link = /^网页支付链接: \[点击完成支付\]\((.*?)\)/.exec(words)?.[1];
    const order = await counter.till.ledger.read((book) => book.orders.get(outTradeNo));
    expect(link).toBe(order?.credential.payUrl);
  });
});

describe('who drops what', () => {
  it('is told by the name of the client, however it is written', () => {
    const written = ['Claude Code', 'Cherry Studio', 'cherry_studio', 'CherryStudio', 'Codex-MCP-Client'];
    for (const name of ['claude-code', 'cherry-studio', 'codex-mcp-client', ...written]) {
      expect(dropsContent(name)).toBe(true);
    }
    for (const name of [undefined, '', 'Cline', 'claude-ai', 'claude-code-2', 'codex', '__proto__']) {
      expect(dropsContent(name)).toBe(false);
    }
  });

  it('can be corrected by the merchant: names to add, and to take out', () => {
    const drops = contentDroppers(' My Bot , -claude-code,,智能体');
    for (const name of ['my-bot', 'MY_BOT', 'cherry-studio', '智能体']) expect(drops(name)).toBe(true);
    expect(drops('claude-code')).toBe(false);
    expect(contentDroppers('')('claude-code')).toBe(true);
  });

  it.each(['-', 'a,\u0007', 'x'.repeat(65)])('but not with %j, which is no name', (override) => {
    expect(() => contentDroppers(override)).toThrow(
      expect.objectContaining({
        code: 'CONFIGURATION',
        details: { variable: 'CASHIER_TEXT_ONLY_CLIENTS' },
      }),
    );
  });
});
