import { createPrivateKey, createPublicKey, verify } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PAIRS } from '../support/rsa.ts';
import { MAIN } from '../support/server-process.ts';
import { BIN, type Caller, Merchant } from './merchant.ts';

/** Up to five yuan nobody has to approve a refund. */
const POLICY = 'version: 1\nrefunds: { approveAboveYuan: "5" }\n';
/** As the official server's consumers read its text. */
const LINK = /\[点击完成支付\]\((.*?)\)/;
/** What breaks links in chat windows when it is left raw. */
const AWKWARD_TITLE = "会员(年)*!'";
const OFFICIAL = [
  ['create-mobile-alipay-payment', ['outTradeNo', 'totalAmount', 'orderTitle'], 3],
  ['create-web-page-alipay-payment', ['outTradeNo', 'totalAmount', 'orderTitle'], 3],
  ['query-alipay-payment', ['outTradeNo'], 1],
  ['refund-alipay-payment', ['outTradeNo', 'refundAmount', 'outRequestNo', 'refundReason'], 3],
  ['query-alipay-refund', ['outRequestNo', 'outTradeNo'], 2],
] as const;
const DESCRIPTIONS = [
  '创建一笔支付宝订单，返回带有支付链接的 Markdown 文本，该链接在手机浏览器中打开后可跳转到支付宝或直接在浏览器中支付。本工具适用于移动网站或移动 App。',
  '创建一笔支付宝订单，返回带有支付链接的 Markdown 文本，该链接在电脑浏览器中打开后会展示支付二维码，用户可扫码支付。本工具适用于桌面网站或电脑客户端。',
  '查询一笔支付宝订单，并返回带有订单信息的文本',
  '对交易发起退款，并返回退款状态和退款金额',
  '查询一笔支付宝退款，并返回退款状态和退款金额',
];
/** Names of tools and arguments that this face does not have. */
const UNIFIED_WORDS =
  /(?<![\w-])(create-payment|query-payment|close-payment|refund-payment|query-refund|list-payments|outRefundNo|amountYuan|refundYuan)(?![\w-])/;

let merchant: Merchant;
let agent: Caller;
beforeAll(async () => {
  merchant = await Merchant.open(POLICY);
  agent = await merchant.start([MAIN, 'alipay']);
});
afterAll(() => merchant.close());

let numbers = 0;
/** A number that nobody has used. */
function number(word = 'DROP'): string {
  numbers += 1;
  return `${word}${String(numbers).padStart(4, '0')}`;
}

const create = (args: object) => agent.says('create-web-page-alipay-payment', { ...args });
const linkIn = (text: string) => LINK.exec(text)?.[1] ?? '';

/** Sells something: the buyer follows the link and pays. */
async function sell({ totalAmount = '3.00', orderTitle = '诗歌' } = {}): Promise<string> {
  const outTradeNo = number();
  const text = await create({ outTradeNo, totalAmount, orderTitle });
  const { simulator } = merchant;
  await simulator.pressPay(await simulator.follow(linkIn(text)));
  return outTradeNo;
}

describe.each([
  ['mcp-cashier alipay', [MAIN, 'alipay']],
  ['mcp-server-alipay', [BIN]],
])('%s', (_name, program) => {
  it('lists the five official tools, in their order and words', async () => {
    const { server } = await merchant.start(program);
    const { tools } = await server.client.listTools();
    const faces = tools.map(({ name, inputSchema: { properties = {}, required = [] } }) => [
      name,
      Object.keys(properties),
      required.length,
    ]);
    expect(faces).toEqual(OFFICIAL);
    expect(tools.map(({ description }) => description)).toEqual(DESCRIPTIONS);
    for (const tool of tools) expect(tool).not.toHaveProperty('outputSchema');
    await server.close();
  });
});

describe('a payment link', () => {
  it.each([
    ['create-mobile-alipay-payment', '支付链接', 'alipay.trade.wap.pay', 'QUICK_WAP_WAY'],
    ['create-web-page-alipay-payment', '网页支付链接', 'alipay.trade.page.pay', 'FAST_INSTANT_TRADE_PAY'],
  ])('of %s is the official text, whole, signed and good for a day', async (tool, label, method, product) => {
    const outTradeNo = number();
    const asked = { outTradeNo, totalAmount: 0.01, orderTitle: AWKWARD_TITLE };
    const before = Date.now();
    const text = await agent.says(tool, asked);
    expect(text.startsWith(`${label}: [点击完成支付](http://127.0.0.1:`)).toBe(true);
    expect(text).toBe(`${label}: [点击完成支付](${linkIn(text)})`);
    expect(await agent.says(tool, asked)).toBe(text);

    const parameters = new URL(linkIn(text)).searchParams;
    const sign = parameters.get('sign') ?? '';
    const signed = [...parameters].filter(([name]) => name !== 'sign').map((pair) => pair.join('='));
    const { AP_APP_KEY = '', AP_APP_ID } = merchant.officialEnv;
    const appKey = createPrivateKey({
      key: Buffer.from(AP_APP_KEY, 'base64'),
      format: 'der',
      type: 'pkcs8',
    });
    const whole = Buffer.from(signed.sort().join('&'));
    expect(verify('sha256', whole, createPublicKey(appKey), Buffer.from(sign, 'base64'))).toBe(true);
    expect(Object.fromEntries(parameters)).toMatchObject({
      ...{ method, app_id: AP_APP_ID, sign_type: 'RSA2' },
      return_url: 'https://success-url.example/done',
      notify_url: 'https://your-own-server.example/notify',
    });
    const { time_expire, ...order } = JSON.parse(parameters.get('biz_content') ?? '');
    expect(order).toEqual({
      ...{ out_trade_no: outTradeNo, total_amount: '0.01', subject: AWKWARD_TITLE, product_code: product },
    });
    const madeAt = Date.parse(`${time_expire.replace(' ', 'T')}+08:00`) - 1440 * 60_000;
    expect(madeAt).toBeGreaterThan(before - 60_000);
    expect(madeAt).toBeLessThanOrEqual(Date.now());

    const page = await merchant.simulator.follow(linkIn(text));
    expect(page.url).toBe((await merchant.simulator.trade(outTradeNo)).cashierUrl);
  });

  it('of the sandbox is good for 15 hours, which is all that lets it', async () => {
    const env = { ...merchant.officialEnv, HOME: merchant.anotherHome(), AP_CURRENT_ENV: 'sandbox' };
    const there = await merchant.start([MAIN, 'alipay'], env);
    const before = Date.now();
    const asked = { outTradeNo: number(), totalAmount: '1.00', orderTitle: 'x' };
    const text = await there.says('create-web-page-alipay-payment', asked);
    const biz = new URL(linkIn(text)).searchParams.get('biz_content') ?? '';
    const madeAt = Date.parse(`${JSON.parse(biz).time_expire.replace(' ', 'T')}+08:00`) - 900 * 60_000;
    expect(madeAt).toBeGreaterThan(before - 60_000);
    expect(madeAt).toBeLessThanOrEqual(Date.now());
    await there.server.close();
  });

  it.each([
    [9.9, 990],
    ['9.90', 990],
    [100, 10_000],
    [0.07, 7],
    ['1234.5', 123_450],
  ])('for totalAmount %j is for exactly so many fen', async (totalAmount, fen) => {
    const outTradeNo = number();
    const text = await create({ outTradeNo, totalAmount, orderTitle: 'x' });
    await merchant.simulator.follow(linkIn(text));
    expect(await merchant.simulator.trade(outTradeNo)).toMatchObject({ amountFen: fen });
  });

  it.each([0.1 + 0.2, 1.005, 0, -1, '0.001', '1e2', '9,90', 'free', '', 100_000_001, true])(
    'for totalAmount %j is refused',
    async (totalAmount) => {
      const outTradeNo = number();
      const { sentence, json } = await agent.fails('create-web-page-alipay-payment', {
        ...{ outTradeNo, totalAmount, orderTitle: 'x' },
      });
      expect(sentence).toMatch(/^支付链接创建失败\. 错误信息: .*totalAmount/);
      expect(json).toMatchObject({ code: 'INVALID_ARGUMENT', argument: 'totalAmount', retryable: false });
      expect(await merchant.simulator.calls(outTradeNo)).toEqual([]);
    },
  );

  it('takes numbers of 1 to 64 and titles of 256 characters, all the way to the money', async () => {
    const orderTitle = '长'.repeat(256);
    for (const outTradeNo of ['7', `N_${'0'.repeat(62)}`]) {
      const text = await create({ outTradeNo, totalAmount: 1, orderTitle });
      await merchant.simulator.pressPay(await merchant.simulator.follow(linkIn(text)));
      expect(await agent.says('query-alipay-payment', { outTradeNo })).toMatch(/^交易状态: TRADE_SUCCESS,/);
      const refund = { outTradeNo, refundAmount: 1, outRequestNo: 'Q'.repeat(64) };
      const refundReason = '因'.repeat(256);
      expect(await agent.says('refund-alipay-payment', { ...refund, refundReason })).toMatch(/退款成功/);
      expect(await merchant.simulator.trade(outTradeNo)).toMatchObject({ title: orderTitle, amountFen: 100 });
    }
  });

  it.each([
    ['outTradeNo', { outTradeNo: 'x'.repeat(65) }],
    ['outTradeNo', { outTradeNo: '' }],
    ['outTradeNo', { outTradeNo: 'A-1' }],
    ['orderTitle', { orderTitle: 'x'.repeat(257) }],
    ['orderTitle', { orderTitle: '' }],
    ['orderTitle', { orderTitle: 'tea & cake' }],
    ['orderTitle', { orderTitle: 'line\nbreak' }],
  ])('with a wrong %s is refused by that name', async (argument, wrong) => {
    const { sentence, json } = await agent.fails('create-mobile-alipay-payment', {
      ...{ outTradeNo: number(), totalAmount: 1, orderTitle: 'x', ...wrong },
    });
    expect(sentence).toContain(argument);
    expect(json).toMatchObject({ code: 'INVALID_ARGUMENT', argument });
  });

  it('stands for its number: other arguments are a conflict, a paid one gives no second link', async () => {
    const outTradeNo = await sell();
    const { json } = await agent.fails('create-web-page-alipay-payment', {
      ...{ outTradeNo, totalAmount: '3.01', orderTitle: '诗歌' },
    });
    expect(json).toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
    expect(await agent.says('query-alipay-payment', { outTradeNo })).toMatch(/TRADE_SUCCESS/);
    const again = await create({ outTradeNo, totalAmount: '3.00', orderTitle: '诗歌' });
    expect(again).toMatch(/^交易状态: TRADE_SUCCESS, 交易金额: 3\.00, 支付宝交易号: \d{28}$/);
  });
});

describe('a query', () => {
  it('tells what Alipay says, and never paid before Alipay does', async () => {
    const outTradeNo = number();
    const text = await create({ outTradeNo, totalAmount: 0.1, orderTitle: 'q' });
    expect(await agent.says('query-alipay-payment', { outTradeNo })).toBe(
      '交易查询失败. 错误信息: 交易不存在(ACQ.TRADE_NOT_EXIST), 买家尚未打开支付链接, 未付款',
    );
    const page = await merchant.simulator.follow(linkIn(text));
    expect(await agent.says('query-alipay-payment', { outTradeNo })).toMatch(
      /^交易状态: WAIT_BUYER_PAY, 交易金额: 0\.10, 支付宝交易号: \d*$/,
    );
    await merchant.simulator.pressPay(page);
    expect(await agent.says('query-alipay-payment', { outTradeNo })).toMatch(
      /^交易状态: TRADE_SUCCESS, 交易金额: 0\.10, 支付宝交易号: \d{28}$/,
    );
  });

  it('that Alipay does not answer is a failure that changes nothing', async () => {
    const outTradeNo = number();
    const text = await create({ outTradeNo, totalAmount: 1, orderTitle: 'sim:http-502@query*2 q' });
    await merchant.simulator.follow(linkIn(text));
    const { sentence, json } = await agent.fails('query-alipay-payment', { outTradeNo });
    expect(sentence).toMatch(/^交易查询失败\. 错误信息: \S/);
    expect(json).toMatchObject({ code: 'OUTCOME_UNKNOWN', retryable: true, outTradeNo, state: 'NOTPAY' });
    expect(`${sentence}${json.nextAction}`).not.toMatch(UNIFIED_WORDS);
  });

  it('whose product is not signed for says what the merchant has to do', async () => {
    const outTradeNo = number();
    const text = await create({ outTradeNo, totalAmount: 1, orderTitle: 'sim:declined@query q' });
    await merchant.simulator.follow(linkIn(text));
    const { sentence, json } = await agent.fails('query-alipay-payment', { outTradeNo });
    expect(json).toMatchObject({ code: 'GATEWAY_DECLINED', gatewayCode: 'ACQ.ACCESS_FORBIDDEN' });
    expect(json.nextAction).toMatch(/签约/);
    expect(sentence).toContain('ACQ.ACCESS_FORBIDDEN');
    expect(sentence).toContain(json.nextAction);
  });

  it('of a number that neither ledger nor Alipay knows fails, and has asked', async () => {
    const { sentence, json } = await agent.fails('query-alipay-payment', { outTradeNo: 'MADE-UP_1' });
    expect(sentence).toMatch(/^交易查询失败\. 错误信息: 账本和支付平台都没有这个订单/);
    expect(json).toMatchObject({ code: 'ORDER_NOT_FOUND' });
    expect(await merchant.simulator.calls('MADE-UP_1', 'query')).toHaveLength(1);
    expect(`${sentence}${json.nextAction}`).not.toMatch(UNIFIED_WORDS);
  });
});

describe('a refund', () => {
  it('is done once, and a repeated one says that it is the same', async () => {
    const outTradeNo = await sell();
    const wanted = { outTradeNo, refundAmount: 3, outRequestNo: 'R1', refundReason: '不想要了' };
    const { tradeNo } = await tradeOf(outTradeNo);
    expect(await agent.says('refund-alipay-payment', wanted)).toBe(
      `退款结果: 退款成功, 退款交易: ${tradeNo}`,
    );
    expect(await agent.says('refund-alipay-payment', wanted)).toBe(
      `退款结果: 重复请求退款幂等成功, 退款交易: ${tradeNo}`,
    );
    const asked = { outTradeNo, outRequestNo: 'R1' };
    expect(await agent.says('query-alipay-refund', asked)).toBe(
      `查询到退款成功, 退款交易: ${tradeNo}, 退款金额: 3.00, 退款状态: REFUND_SUCCESS`,
    );
    expect((await merchant.simulator.trade(outTradeNo)).refunds).toMatchObject([{ amountFen: 300 }]);
  });

  it('that is more than was paid, unpaid, or another of its number fails in official words', async () => {
    const outTradeNo = await sell();
    const refund = (args: object) =>
      agent.fails('refund-alipay-payment', { outTradeNo, outRequestNo: 'R1', refundAmount: 1, ...args });
    const more = await refund({ refundAmount: '3.01' });
    expect(more.sentence).toMatch(/^退款执行失败\. 错误信息: \S/);
    expect(more.json).toMatchObject({ code: 'REFUND_EXCEEDS_PAID' });
    await agent.says('refund-alipay-payment', { outTradeNo, outRequestNo: 'R1', refundAmount: 1 });
    const other = await refund({ refundAmount: 2 });
    expect(other.json).toMatchObject({ code: 'IDEMPOTENCY_CONFLICT', argument: 'outRequestNo' });

    const unpaid = number();
    await create({ outTradeNo: unpaid, totalAmount: 1, orderTitle: 'u' });
    const early = await refund({ outTradeNo: unpaid });
    expect(early.json).toMatchObject({ code: 'NOT_PAID' });
    const unknown = await refund({ outTradeNo: number() });
    expect(unknown.json).toMatchObject({ code: 'ORDER_NOT_FOUND' });
    for (const { sentence, json } of [more, other, early, unknown]) {
      expect(`${sentence}${json.message}${json.nextAction}`).not.toMatch(UNIFIED_WORDS);
    }
  });

  it('that Alipay declines fails with its code', async () => {
    const outTradeNo = await sell({ orderTitle: 'sim:balance r' });
    const { sentence, json } = await agent.fails('refund-alipay-payment', {
      ...{ outTradeNo, outRequestNo: 'R1', refundAmount: 1 },
    });
    expect(sentence).toMatch(/^退款执行失败\. 错误信息: .*ACQ\.SELLER_BALANCE_NOT_ENOUGH/);
    expect(json).toMatchObject({ code: 'GATEWAY_DECLINED', outTradeNo, outRefundNo: 'R1' });
    expect((await merchant.simulator.trade(outTradeNo)).refunds).toEqual([]);
  });

  it('that is only taken in is no success, and can be asked about, also when asking fails', async () => {
    const outTradeNo = await sell();
    const refundReason = 'sim:fund-change-n sim:http-502@query-refund*1 r';
    const wanted = { outTradeNo, outRequestNo: 'R1', refundAmount: 1, refundReason };
    expect(await agent.says('refund-alipay-payment', wanted)).toMatch(
      /^退款处理中, 请稍后用 query-alipay-refund 查询/,
    );
    const asked = { outTradeNo, outRequestNo: 'R1' };
    const { sentence, json } = await agent.fails('query-alipay-refund', asked);
    expect(sentence).toMatch(/^退款查询失败\. 错误信息: \S/);
    expect(json).toMatchObject({ code: 'OUTCOME_UNKNOWN', state: 'PROCESSING' });
    expect(await agent.says('query-alipay-refund', asked)).toMatch(
      /^查询到退款成功, 退款交易: \d{28}, 退款金额: 1\.00, 退款状态: REFUND_SUCCESS$/,
    );
    expect(await agent.says('refund-alipay-payment', wanted)).toMatch(
      /^退款结果: 重复请求退款幂等成功, 退款交易: \d{28}$/,
    );
  });

  it('that nobody has made is not found, which is an answer', async () => {
    const outTradeNo = await sell();
    for (const asked of [outTradeNo, 'MADE_UP_2']) {
      const text = await agent.says('query-alipay-refund', { outTradeNo: asked, outRequestNo: 'R-9' });
      expect(text).toBe('未查询到退款成功. 退款状态: NOT_FOUND');
    }
  });

  it('that stays in process has not been found done', async () => {
    const outTradeNo = await sell();
    const refundReason = 'sim:refund-processing r';
    await agent.says('refund-alipay-payment', {
      outTradeNo,
      outRequestNo: 'R1',
      refundAmount: 1,
      refundReason,
    });
    const text = await agent.says('query-alipay-refund', { outTradeNo, outRequestNo: 'R1' });
    expect(text).toBe('未查询到退款成功. 退款状态: PROCESSING');
  });

  it('that needs a person waits for one, without an error, and goes on with the same call', async () => {
    const outTradeNo = await sell({ totalAmount: '8.88' });
    const wanted = { outTradeNo, outRequestNo: 'R1', refundAmount: 8.88 };
    const waiting = await agent.says('refund-alipay-payment', wanted);
    const id = /^退款待人工确认: (\S+)$/.exec(waiting)?.[1] ?? '';
    expect(id).not.toBe('');
    expect(await agent.says('refund-alipay-payment', wanted)).toBe(waiting);
    expect(await agent.says('query-alipay-refund', { outTradeNo, outRequestNo: 'R1' })).toBe(
      '未查询到退款成功. 退款状态: PENDING_APPROVAL',
    );
    expect((await merchant.simulator.trade(outTradeNo)).refunds).toEqual([]);
    await merchant.approve(id);
    expect(await agent.says('refund-alipay-payment', wanted)).toMatch(
      /^退款结果: 退款成功, 退款交易: \d{28}$/,
    );
    expect(await agent.says('refund-alipay-payment', wanted)).toMatch(/^退款结果: 重复请求退款幂等成功,/);
  });
});

describe('beside the unified tools', () => {
  it('there is one ledger: what one has made the other sees, and a number is used once', async () => {
    const { AP_SELECT_TOOLS: _, ...env } = merchant.officialEnv;
    const unified = await merchant.start([MAIN], env);
    const ours = (name: string, args: object) => unified.call(name, { ...args });
    const outTradeNo = await sell();
    const seen = await ours('query-payment', { outTradeNo });
    expect(seen.structured).toMatchObject({ state: 'PAID', scene: 'web', amountYuan: '3.00', title: '诗歌' });
    const taken = await ours('create-payment', {
      outTradeNo,
      amountYuan: '3.00',
      title: '诗歌',
      scene: 'web',
    });
    expect(JSON.parse(taken.texts[0] ?? '')).toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });

    const other = number('UNIFIED');
    await ours('create-payment', { outTradeNo: other, amountYuan: '2.00', title: 'qr' });
    const { json } = await agent.fails('create-mobile-alipay-payment', {
      ...{ outTradeNo: other, totalAmount: 2, orderTitle: 'qr' },
    });
    expect(json).toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
    await merchant.simulator.payByNumber('alipay', other);
    expect(await agent.says('query-alipay-payment', { outTradeNo: other })).toMatch(/TRADE_SUCCESS/);
    await agent.says('refund-alipay-payment', { outTradeNo: other, outRequestNo: 'R1', refundAmount: '2' });
    const refund = await ours('query-refund', { outTradeNo: other, outRefundNo: 'R1' });
    expect(refund.structured).toMatchObject({ state: 'SUCCESS', refundYuan: '2.00' });
  });
});

describe('another system of the merchant', () => {
  it('may make orders that are asked about, and not refunded; what we have not is left out, and no log is kept', async () => {
    const home = merchant.anotherHome();
    const official = await merchant.start([MAIN, 'alipay'], {
      ...{ ...merchant.officialEnv, HOME: home, AP_LOG_ENABLED: 'false' },
      AP_SELECT_TOOLS: 'create-alipay-payment-agent,webPagePay,query-alipay-payment',
    });
    const { tools } = await official.server.client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(['create-web-page-alipay-payment', 'query-alipay-payment']);
    expect(official.server.stderr).toContain('create-alipay-payment-agent');

    const outTradeNo = number('OTHER');
    const text = await official.says('create-web-page-alipay-payment', {
      ...{ outTradeNo, totalAmount: 4, orderTitle: 'theirs' },
    });
    await merchant.simulator.pressPay(await merchant.simulator.follow(linkIn(text)));
    expect(await agent.says('query-alipay-payment', { outTradeNo })).toMatch(
      /^交易状态: TRADE_SUCCESS, 交易金额: 4\.00, 支付宝交易号: \d{28}$/,
    );
    const { sentence, json } = await agent.fails('refund-alipay-payment', {
      ...{ outTradeNo, outRequestNo: 'R1', refundAmount: 1 },
    });
    expect(sentence).toMatch(/^退款执行失败\. 错误信息: .*foreignOrders/);
    expect(json).toMatchObject({ code: 'ORDER_NOT_FOUND' });
    expect((await merchant.simulator.trade(outTradeNo)).refunds).toEqual([]);

    expect(existsSync(join(home, 'mcp-server-alipay.log'))).toBe(false);
    const log = readFileSync(join(merchant.home, 'mcp-server-alipay.log'), 'utf8').trimEnd();
    expect(log.split('\n').map((line) => JSON.parse(line).level)).toEqual(
      expect.arrayContaining([expect.any(Number)]),
    );
  });
});

describe('a configuration', () => {
  it('whose key is not the one that Alipay knows is told so, and no money moves', async () => {
    const { privateKey } = PAIRS[9];
    const AP_APP_KEY = privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64');
    const home = merchant.anotherHome();
    const wrong = await merchant.start([MAIN, 'alipay'], { ...merchant.officialEnv, HOME: home, AP_APP_KEY });
    const { sentence, json } = await wrong.fails('create-mobile-alipay-payment', {
      ...{ outTradeNo: number(), totalAmount: 1, orderTitle: 'x' },
    });
    expect(json).toMatchObject({ code: 'GATEWAY_DECLINED', gatewayCode: 'isv.invalid-signature' });
    expect(sentence).toMatch(/AP_APP_KEY.*AP_ENCRYPTION_ALGO/);
  });

  it('that selects a tool nobody has stops the start and lists what there is', async () => {
    const { code, stdout, stderr } = await merchant.command(['alipay'], {
      AP_SELECT_TOOLS: 'queryPay,nonsense',
    });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('"nonsense"');
    for (const [name] of OFFICIAL) expect(stderr).toContain(name);
  });
});

async function tradeOf(outTradeNo: string): Promise<{ tradeNo: string }> {
  const text = await agent.says('query-alipay-payment', { outTradeNo });
  return { tradeNo: /支付宝交易号: (\d{28})$/.exec(text)?.[1] ?? '' };
}
