import jsQR from 'jsqr';
import { PNG } from 'pngjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Refusal, readRefusal } from '../journeys/shapes.ts';
import { Shop } from '../journeys/shop.ts';
import { type ServerProcess, until } from '../support/server-process.ts';
import { handOffOn } from '../support/simulator-client.ts';

/** Names of tools and arguments that this face does not have. */
const UNIFIED_WORDS =
  /(?<![\w-])(create-payment|query-payment|close-payment|refund-payment|query-refund|list-payments|outTradeNo|outRefundNo|amountYuan|refundYuan|waitSeconds)(?![\w-])/;
const LINK = /\[点击完成支付\]\((.*?)\)/;
const OPENID = 'oWechatFaceOpenid01';

let shop: Shop;
let server: ServerProcess;
beforeAll(async () => {
  shop = await Shop.open({ env: { AP_SELECT_TOOLS: 'wechatpay' } });
  shop.secrets.add(OPENID);
  ({ server } = await shop.agent());
});
afterAll(() => shop.close());

/** What the tool says, as `name: value` lines; what is not there has no line. */
async function say(tool: string, args: object): Promise<Readonly<Record<string, string>>> {
  const { isError, structured, text } = await server.call(tool, { ...args });
  expect({ isError, structured }, text).toEqual({ isError: false, structured: undefined });
  expect(text).toMatch(/^【模拟环境，不是真钱】\n/);
  expect(text).not.toMatch(UNIFIED_WORDS);
  const lines = text.split('\n').slice(1);
  return Object.fromEntries(lines.map((line) => [line.split(': ')[0], line.split(': ').slice(1).join(': ')]));
}

async function refused(tool: string, args: object): Promise<Refusal> {
  const refusal = readRefusal(await server.call(tool, { ...args }));
  expect(`${refusal.message}${refusal.nextAction}`).not.toMatch(UNIFIED_WORDS);
  return refusal;
}

describe('the wechatpay tools', () => {
  it('are listed in snake_case, text only', async () => {
    const { tools } = await server.client.listTools();
    expect(tools.map(({ name }) => name)).toEqual([
      ...['create-native-payment', 'create-h5-payment', 'create-jsapi-payment'],
      ...['query-order-by-out-trade-no', 'close-order', 'refund-order', 'query-refund-by-out-refund-no'],
    ]);
    for (const { outputSchema, inputSchema } of tools) {
      expect(outputSchema).toBeUndefined();
      for (const name of Object.keys(inputSchema.properties ?? {})) expect(name).toMatch(/^[a-z_0-9]+$/);
    }
  });

  it('sell by code: shown, scanned, proven by a query', async () => {
    const asked = { amount_yuan: '6.66', title: "会员(年)*!'", out_trade_no: shop.number('NATIVE') };
    const reply = await server.call('create-native-payment', asked);
    const order = await say('create-native-payment', asked);
    expect(order).toMatchObject({ 订单号: asked.out_trade_no, 状态: 'NOTPAY', 金额: '6.66 元' });
    expect(order.code_url).toMatch(/^weixin:\/\/wxpay\/bizpayurl\?pr=[\w-]+$/);
    expect(order.收银台).toMatch(/^\[打开收银台\]\(http:\/\/127\.0\.0\.1:\d+\/c\/\S+\)（只有本机能打开）$/);
    expect(order.有效期至).toMatch(/\+08:00$/);
    expect(order.下一步).toContain('query-order-by-out-trade-no');
    const png = PNG.sync.read(reply.image ?? Buffer.alloc(0));
    const seen = jsQR.default(new Uint8ClampedArray(png.data), png.width, png.height);
    expect(seen?.data).toBe(order.code_url);

    const { out_trade_no } = asked;
    expect((await say('query-order-by-out-trade-no', { out_trade_no })).状态).toMatch(/^NOTPAY/);
    await shop.simulator.pay({ qrCode: order.code_url });
    const paid = await say('query-order-by-out-trade-no', { out_trade_no });
    expect(paid).toMatchObject({ 状态: 'PAID (SUCCESS)', 金额: '6.66 元' });
    expect(paid).not.toHaveProperty('code_url');
  });

  it('sell on a phone and inside WeChat', async () => {
    const h5 = await say('create-h5-payment', {
      ...{ amount_yuan: 1, title: 'h5', payer_client_ip: '203.0.113.7' },
    });
    const cashierUrl = LINK.exec(h5.h5_url ?? '')?.[1] ?? '';
    expect(cashierUrl).not.toMatch(/[()!*'\s]/);
    expect(h5).not.toHaveProperty('收银台');
    await shop.simulator.pay({ payUrl: await handOffOn(cashierUrl) });
    expect((await say('query-order-by-out-trade-no', { out_trade_no: h5.订单号 })).状态).toMatch(/^PAID/);

    const jsapi = await say('create-jsapi-payment', {
      ...{ amount_yuan: '1.10', title: 'jsapi', payer_openid: OPENID },
    });
    const jsapiParams = JSON.parse(jsapi.jsapi_params ?? '');
    expect(jsapiParams).toMatchObject({ signType: 'RSA', package: expect.stringMatching(/^prepay_id=/) });
    await shop.simulator.pay({ jsapiParams });
    expect((await say('query-order-by-out-trade-no', { out_trade_no: jsapi.订单号 })).状态).toMatch(/^PAID/);
  });

  it('close what is unpaid', async () => {
    const { 订单号: out_trade_no } = await say('create-native-payment', { amount_yuan: '2', title: 'close' });
    expect((await say('close-order', { out_trade_no })).状态).toMatch(/^CLOSED/);
    expect(await shop.simulator.trade(out_trade_no ?? '')).toMatchObject({ state: 'CLOSED' });
  });

  it('refund when a person has said yes, and tell how it stands', async () => {
    const order = await say('create-native-payment', { amount_yuan: '5.00', title: 'refund' });
    const out_trade_no = order.订单号;
    await shop.simulator.pay({ qrCode: order.code_url });
    const wanted = { out_trade_no, refund_yuan: '2.50', out_refund_no: shop.number('R'), reason: '不要了' };
    const waiting = await say('refund-order', wanted);
    expect(waiting).toMatchObject({ 状态: 'PENDING_APPROVAL', 退款单号: wanted.out_refund_no });
    expect(waiting.下一步).toContain('refund-order');
    await shop.approve({ approval: { id: waiting.审批 ?? '' } });
    expect((await say('refund-order', wanted)).状态).toBe('PROCESSING');
    const { out_refund_no } = wanted;
    const asked = { out_trade_no, out_refund_no };
    const done = await until('the refund', async () => {
      const told = await say('query-refund-by-out-refund-no', asked);
      return told.状态 === 'SUCCESS' ? told : undefined;
    });
    expect(done).toMatchObject({ 退款单号: out_refund_no, 订单号: out_trade_no, 金额: '2.50 元' });
  });
});

describe('a wrong call', () => {
  it('is refused in the words of these tools', async () => {
    const number = shop.number('WRONG');
    expect(await refused('create-native-payment', { amount_yuan: 0.1 + 0.2, title: 'x' })).toMatchObject({
      ...{ code: 'INVALID_ARGUMENT', argument: 'amount_yuan' },
    });
    const unified = readRefusal(
      await server.call('create-native-payment', { amount_yuan: '1', amountYuan: '1', title: 'x' }),
    );
    expect(unified).toMatchObject({ code: 'INVALID_ARGUMENT', argument: 'amountYuan' });
    expect(unified.message).toMatch(/amountYuan.*amount_yuan/);
    expect(await refused('create-h5-payment', { amount_yuan: '1', title: 'x' })).toMatchObject({
      ...{ code: 'INVALID_ARGUMENT', argument: 'payer_client_ip' },
    });
    expect(await refused('query-order-by-out-trade-no', { out_trade_no: number })).toMatchObject({
      ...{ code: 'ORDER_NOT_FOUND' },
    });
    await say('create-native-payment', { amount_yuan: '1', title: 'x', out_trade_no: number });
    expect(
      await refused('create-native-payment', { amount_yuan: '2', title: 'x', out_trade_no: number }),
    ).toMatchObject({ code: 'IDEMPOTENCY_CONFLICT', argument: 'out_trade_no' });
    expect(await refused('refund-order', { out_trade_no: number, refund_yuan: '2' })).toMatchObject({
      ...{ code: 'REFUND_EXCEEDS_PAID' },
    });
    expect(await refused('refund-order', { out_trade_no: number, refund_yuan: '1' })).toMatchObject({
      ...{ code: 'NOT_PAID' },
    });
    expect(
      await refused('query-refund-by-out-refund-no', { out_trade_no: number, out_refund_no: 'R9' }),
    ).toMatchObject({ code: 'ORDER_NOT_FOUND', argument: 'out_refund_no' });
    expect(
      await refused('create-native-payment', { amount_yuan: '1', title: 'sim:declined x' }),
    ).toMatchObject({ code: 'GATEWAY_DECLINED' });
  });

  it("about another wallet's order finds none, and moves nothing", async () => {
    const unified = await shop.agent({ env: { AP_SELECT_TOOLS: 'unified,alipay' } });
    const { outTradeNo: out_trade_no } = await shop.sell(unified, 'alipay');
    const before = await shop.simulator.deeds();
    for (const [tool, more] of [
      ['query-order-by-out-trade-no', {}],
      ['close-order', {}],
      ['refund-order', { refund_yuan: '1' }],
      ['query-refund-by-out-refund-no', { out_refund_no: 'R1' }],
    ] as const) {
      expect(await refused(tool, { out_trade_no, ...more })).toMatchObject({ code: 'ORDER_NOT_FOUND' });
    }
    const theirs = await shop.sell(unified, 'wechatpay');
    const sold = await shop.simulator.deeds();
    for (const [tool, more] of [
      ['query-alipay-payment', {}],
      ['refund-alipay-payment', { refundAmount: 1, outRequestNo: 'R1' }],
    ] as const) {
      const { isError, text } = await unified.server.call(tool, { outTradeNo: theirs.outTradeNo, ...more });
      expect({ isError, text }).toEqual({ isError: true, text: expect.stringContaining('错误信息: ') });
    }
    expect([before, sold]).toEqual([sold - 1, await shop.simulator.deeds()]);
  });
});
