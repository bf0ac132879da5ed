import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { speaker } from '../../src/cli/speaker.ts';
import { CashierError } from '../../src/domain/errors.ts';
import { fen } from '../../src/domain/money.ts';
import { clientError, isGatewayError } from '../../src/payments/errors.ts';
import { decideApproval } from '../../src/policy/approvals.ts';
import { requireAccepted } from '../../src/providers/alipay/errors.ts';
import type { ToolAnswer } from '../../src/tools/answer.ts';
import type { Tool } from '../../src/tools/define-tool.ts';
import { inWords } from '../../src/tools/face.ts';
import { ALIPAY_TOOLS, UNIFIED_TOOLS } from '../../src/tools/index.ts';
import { presenter } from '../../src/tools/present.ts';
import { CALL, person } from '../support/world.ts';
import { Counter, PAY_URL } from './counter.ts';

const POLICY = { payments: { approveAboveFen: fen(1000) }, refunds: { approveAboveFen: fen(1000) } };
const [, WEB, QUERY, REFUND] = ALIPAY_TOOLS;

let counter: Counter;
beforeAll(async () => {
  counter = await Counter.open({ policy: POLICY });
});
afterAll(() => counter.end());

function run(tool: Tool | undefined, args: object): Promise<ToolAnswer> {
  const { till, deps } = counter;
  const { setting, present } = deps;
  if (tool === undefined) throw new Error('no such tool');
  return tool.run({ till, call: CALL, setting, present }, args);
}

async function decide(approve: boolean): Promise<void> {
  const { ledger, clock } = counter.till;
  const operator = await person(counter.till);
  const [open] = await ledger.read((book) => book.approvals.open());
  await ledger.write((book) => decideApproval(book, operator, open?.id ?? '', { approve }, clock.now()));
}

describe("Alipay's own words", () => {
  it('for what waits for a person are an answer; how to go on stands beside them in the names of these tools', async () => {
    const order = { outTradeNo: 'BIG', totalAmount: 11, orderTitle: 't' };
    const { text, note, structured } = await run(WEB, order);
    expect(text).toMatch(/^支付待人工确认: \w{8,}$/);
    expect(note).toMatch(/approvals approve.*outTradeNo 再次调用 create-web-page-alipay-payment/);
    expect(structured).toBeUndefined();
    const waiting = await run(QUERY, { outTradeNo: 'BIG' });
    expect(waiting.text).toBe('交易查询失败. 错误信息: 支付待人工确认, 尚未生成链接');
    await decide(true);
    expect((await run(WEB, order)).text).toBe(`网页支付链接: [点击完成支付](${PAY_URL}&out=BIG)`);

    counter.world.bank.trades.set('BIG', trade(1100));
    expect((await run(QUERY, { outTradeNo: 'BIG' })).text).toContain('交易状态: PAID');
    const refund = { outTradeNo: 'BIG', outRequestNo: 'R1', refundAmount: 11 };
    const proposed = await run(REFUND, refund);
    expect(proposed.text).toMatch(/^退款待人工确认: \w{8,}$/);
    expect(proposed.note).toMatch(/approvals approve.*outRequestNo 再次调用 refund-alipay-payment/);
    await decide(false);
    expect((await run(REFUND, refund)).text).toBe('退款执行失败. 错误信息: 商家未批准这笔退款');
  });

  it('never make a link of what the merchant denied, what is closed, or what is not known', async () => {
    const denied = { outTradeNo: 'NO', totalAmount: 11, orderTitle: 't' };
    await run(WEB, denied);
    await decide(false);
    expect((await run(WEB, denied)).text).toBe('支付链接创建失败. 错误信息: 商家未批准这笔支付');
    expect((await run(QUERY, { outTradeNo: 'NO' })).text).toBe('交易查询失败. 错误信息: 商家未批准这笔支付');

    const lost = { outTradeNo: 'LOST', totalAmount: 1, orderTitle: 't' };
    counter.world.bank.fault = (op) => (op === 'create' ? 'lost-before' : 'none');
    const unknown = await run(WEB, lost);
    counter.world.bank.fault = () => 'none';
    expect(unknown.text).toBe('支付链接结果未知, 请用相同参数重试, 不要更换订单号');
    expect((await run(WEB, lost)).text).toMatch(/^网页支付链接: \[点击完成支付\]/);

    counter.world.bank.trades.delete('LOST');
    counter.world.clock.advance(1440 * 60_000 + 6 * 60_000);
    expect((await run(QUERY, { outTradeNo: 'LOST' })).text).toBe(
      '交易查询失败. 错误信息: 交易不存在(ACQ.TRADE_NOT_EXIST), 订单未付款且已关闭',
    );
    expect((await run(WEB, lost)).text).toBe(
      '支付链接创建失败. 错误信息: 订单已关闭或已过期, 再次收款请更换订单号',
    );
  });

  it('speak of an error in the names that these tools have, in both languages', async () => {
    const wrong = await run(WEB, { outTradeNo: 'T', totalAmount: 1, orderTitle: 'x\u0007' }).catch(
      (error: unknown) => error,
    );
    expect(wrong).toBeInstanceOf(CashierError);
    expect(wrong).toMatchObject({
      details: { argument: 'orderTitle' },
      text: {
        zh: expect.stringMatching(/^orderTitle 含有/),
        en: expect.stringMatching(/^orderTitle contains/),
      },
    });
  });
});

it.each([
  ['simulated', '【模拟环境，不是真钱】'],
  ['trial', '【体验版：真实付款，次日 10:00（北京时间）自动全额退回】'],
])('%s money looks so: in the first line of every answer, and where programs read', async (kind, line) => {
  const { till, deps, world } = counter;
  const present = presenter({
    ...{ language: 'zh', simulated: kind === 'simulated', trial: kind === 'trial' },
    now: () => world.clock.now(),
    ...{ buyerPage: async () => undefined, approvalUrl: async () => undefined },
  });
  const [SOLD, SHUT] = [`${kind}_1`, `${kind}_2`].map((outTradeNo) => ({ outTradeNo }));
  const wish = { amountYuan: '5.00', title: 't' };
  const given = { ...SOLD, outRefundNo: 'R1' };
  const calls: readonly [tool: string | undefined, args: object][] = [
    ['create-payment', { ...SOLD, ...wish }],
    ['create-payment', { ...SHUT, ...wish }],
    ['close-payment', { ...SHUT }],
    ['query-payment', { ...SOLD }],
    ['refund-payment', { ...given, refundYuan: '5.00' }],
    ['query-refund', given],
    ['list-payments', {}],
    [WEB?.name, { outTradeNo: `${kind}_3`, totalAmount: 1, orderTitle: 't' }],
    [QUERY?.name, { outTradeNo: `${kind}_3` }],
  ];
  for (const [name, args] of calls) {
    world.bank.pay(`${kind}_1`);
    const tool = [...UNIFIED_TOOLS, ...ALIPAY_TOOLS].find((one) => one.name === name);
    const told = await tool?.run({ till, call: CALL, setting: deps.setting, present }, args);
    expect(told?.text.split('\n')[0], name).toBe(line);
    if (told?.structured) expect(told.structured, name).toMatchObject({ [kind]: true });
  }
  const words = { zh: '不', en: 'no' };
  const error = new CashierError('NOT_PAID', { ...words, next: words });
  expect(JSON.parse(present.error(error))).toMatchObject({ [kind]: true });
});

describe('words of another toolset', () => {
  const words = { names: { 'query-payment': 'ask', 'query-payment (now)': 'ask now', title: 'orderTitle' } };
  it.each([
    ['use query-payment, please', 'use ask, please'],
    ['query-payment (now) or query-payment.', 'ask now or ask.'],
    ['title：subtitle, titles', 'orderTitle：subtitle, titles'],
    [
      'http://x/query-payment query-payment-2 my-query-payment',
      'http://x/query-payment query-payment-2 my-query-payment',
    ],
  ])('replace whole names only: %s', (sentence, said) => {
    expect(inWords(words, sentence)).toBe(said);
  });
});

describe('what Alipay refuses for its own reasons', () => {
  it.each([
    ['40006', 'isv.invalid-cloud-app-permission', /支付 MCP Server/],
    ['40006', 'isv.invalid-open-scene-api-permission', /受限密钥.*勾选/],
    ['40001', 'isv.missing-signature-key', /应用公钥/],
    ['40003', 'isv.missing-signature-config', /应用公钥/],
    ['40002', 'isv.invalid-signature', /AP_APP_KEY.*AP_ENCRYPTION_ALGO/],
    ['40002', 'isv.invalid-app-id', /AP_APP_ID.*AP_CURRENT_ENV/],
    ['40006', 'isv.insufficient-isv-permissions', /签约/],
    ['40004', 'ACQ.ACCESS_FORBIDDEN', /签约/],
    ['40004', 'ACQ.SELLER_BALANCE_NOT_ENOUGH', /充值/],
  ])('%s %s is advice that a merchant can act on', (code, subCode, advice) => {
    const fields = new Map([
      ['code', code],
      ['sub_code', subCode],
      ['sub_msg', 'not ours to repeat'],
    ]);
    let refusal: unknown;
    try {
      const answer = {
        fields,
        flags: new Map(),
        lists: new Map(),
        proven: code === '40004',
        requestId: undefined,
      };
      requireAccepted(answer, 'refund', 'N1');
    } catch (error) {
      refusal = error;
    }
    if (!isGatewayError(refusal)) throw new Error('it was accepted');
    const told = clientError(refusal, { zh: '没有退款', en: 'nothing was refunded' });
    expect(told.code).toBe('GATEWAY_DECLINED');
    expect(told.details.gatewayCode).toBe(subCode);
    expect(told.next.zh).toMatch(advice);
    expect(told.next.en.replaceAll('支付 MCP Server', '')).not.toMatch(/[\u4e00-\u9fff]/);
    expect(JSON.stringify(told.next)).not.toContain('not ours');
  });
});

function trade(amountFen: number) {
  const paidAt = counter.world.clock.now();
  return { plan: '', amountFen: fen(amountFen), state: 'PAID' as const, paidAt, refunds: new Map() };
}

it('a person is shown a command that runs as it stands, whatever says so', async () => {
  const { runnable } = speaker('en', { program: 'npx -y mcp-cashier', spec: undefined, home: '/srv/till' });
  const options = { language: 'en', simulated: false, now: () => counter.world.clock.now() } as const;
  const present = presenter({
    ...{ ...options, runnable },
    buyerPage: async () => undefined,
    approvalUrl: async () => undefined,
  });
  const order = { provider: 'alipay', scene: 'qr', amountYuan: '11.00', title: 't' };
  const [create] = UNIFIED_TOOLS;
  const { till, deps } = counter;
  const asked = await create?.run({ till, call: CALL, setting: deps.setting, present }, order);
  expect(asked?.text).toMatch(/npx -y mcp-cashier approvals approve --home \/srv\/till \w{8}/);
  const names = 'Run mcp-cashier budget top-up.';
  const error = new CashierError('POLICY_DENIED', {
    ...{ zh: names, en: names },
    next: { zh: names, en: names },
  });
  for (const said of [present.error(error), present.sentence(error)]) {
    expect(said.match(/npx -y mcp-cashier budget top-up --home \/srv\/till/g)).toHaveLength(2);
  }
});
