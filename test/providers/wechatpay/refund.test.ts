import { describe, expect, it } from 'vitest';
import { fen } from '../../../src/domain/money.ts';
import type { RefundTerms } from '../../../src/domain/order.ts';
import {
  honest,
  NOW,
  OUT_REFUND_NO,
  OUT_TRADE_NO,
  outcome,
  platform,
  REFUNDED,
  refund,
  strangerKeys,
  type World,
  world,
} from './merchant.ts';
import { signedAnswer, unsignedAnswer } from './platform.ts';

const { provider: planner } = honest(200, {});
const plan = planner.planRefund(refund());
const send = ({ provider }: World) => provider.sendRefund(refund(), plan);
const query = ({ provider }: World) => provider.queryRefund(OUT_TRADE_NO, OUT_REFUND_NO);

describe('planRefund', () => {
  it('writes the body', () => {
    const [path, body = ''] = plan.split('\n');
    expect(path).toBe('/v3/refund/domestic/refunds');
    expect(JSON.parse(body)).toEqual({
      out_trade_no: OUT_TRADE_NO,
      out_refund_no: OUT_REFUND_NO,
      reason: '少发一件',
      notify_url: 'https://pay.example.com/notify/wechatpay',
      amount: { refund: 330, total: 990, currency: 'CNY' },
    });
  });

  it('leaves an absent reason out, because null and empty are refused', () => {
    const { reason: _, ...silent } = refund();
    for (const terms of [silent, refund({ reason: '' })]) {
      expect(planner.planRefund(terms)).not.toContain('reason');
    }
  });

  it.each([
    ['a wrong refund number', { outRefundNo: 'a/b' }, 'outRefundNo'],
    ['an empty refund number', { outRefundNo: '' }, 'outRefundNo'],
    ['a long refund number', { outRefundNo: 'r'.repeat(65) }, 'outRefundNo'],
    ['a wrong order number', { outTradeNo: '../x/../y' }, 'outTradeNo'],
    ['a long reason', { reason: '退'.repeat(81) }, 'reason'],
    ['an emoji in the reason', { reason: '😀' }, 'reason'],
    ['nothing to refund', { refundFen: fen(0) }, 'refundYuan'],
    ['more than was paid', { refundFen: fen(991) }, 'refundYuan'],
  ] as readonly [string, Partial<RefundTerms>, string][])('refuses %s', async (_name, terms, argument) => {
    const planned = (async () => planner.planRefund(refund(terms)))();
    expect(await outcome(planned)).toBe(`INVALID_ARGUMENT ${argument}`);
  });
});

describe('sendRefund', () => {
  it('sends the planned bytes, every time', async () => {
    const wechat = honest(200, REFUNDED);
    await send(wechat);
    await send(wechat);
    for (const request of wechat.requests) {
      expect(request).toMatchObject({
        method: 'POST',
        url: 'https://api.mch.weixin.qq.com/v3/refund/domestic/refunds',
      });
      expect(`/v3/refund/domestic/refunds\n${request.body}`).toBe(plan);
    }
  });

  it.each([
    ['a rate limit, signed', () => signedAnswer(429, { code: 'FREQUENCY_LIMITED' }, platform, NOW)],
    ['a rate limit, unsigned', () => unsignedAnswer(429, { code: 'RATELIMIT_EXCEEDED' })],
    ['a rate limit of the edge', () => unsignedAnswer(429, 'slow down', 'text/plain')],
  ])('does not know what came of %s', async (_name, answer) => {
    expect(await outcome(send(world(answer)))).toBe('unknown rate-limited');
  });

  it.each([
    [403, 'NOT_ENOUGH', 'balance'],
    [403, 'USER_ACCOUNT_ABNORMAL', 'refund-not-allowed'],
    [400, 'INVALID_REQUEST', 'refund-not-allowed'],
    [404, 'RESOURCE_NOT_EXISTS', 'not-exist'],
  ])('is told %d %s', async (status, code, reason) => {
    expect(await outcome(send(honest(status, { code })))).toBe(`declined ${reason} ${code} proven`);
    expect(await outcome(send(world(() => unsignedAnswer(status, { code }))))).toBe(
      `declined ${reason} ${code} unproven`,
    );
  });

  it("takes another sum than the plan's for no proof", async () => {
    const other = { ...REFUNDED, amount: { ...REFUNDED.amount, refund: 331 } };
    expect(await outcome(send(honest(200, other)))).toBe('unknown other-amount');
  });
});

describe('queryRefund', () => {
  it('asks by the refund number', async () => {
    const wechat = honest(200, REFUNDED);
    await query(wechat);
    expect(wechat.requests[0]).toMatchObject({
      method: 'GET',
      url: `https://api.mch.weixin.qq.com/v3/refund/domestic/refunds/${OUT_REFUND_NO}`,
    });
  });

  it('believes a signed RESOURCE_NOT_EXISTS, and no other', async () => {
    const body = { code: 'RESOURCE_NOT_EXISTS' };
    expect(await query(honest(404, body))).toEqual({ exists: false });
    expect(await outcome(query(world(() => unsignedAnswer(404, body))))).toBe(
      'declined not-exist RESOURCE_NOT_EXISTS unproven',
    );
    const forger = { ...platform, privateKey: strangerKeys.privateKey };
    expect(await outcome(query(world(() => signedAnswer(404, body, forger, NOW))))).toBe(
      'unknown bad-signature',
    );
  });

  it('is declined at a rate limit, which proves nothing of the refund', async () => {
    const body = { code: 'FREQUENCY_LIMITED' };
    expect(await outcome(query(honest(429, body)))).toBe('declined rate-limited FREQUENCY_LIMITED unproven');
  });

  it.each(['', 'a/../b', 'R?x', 'R#', '..', '%2e%2e'])('lets no %j into a path', async (outRefundNo) => {
    const { provider, requests } = honest(200, REFUNDED);
    expect(await outcome(provider.queryRefund(OUT_TRADE_NO, outRefundNo))).toBe(
      'INVALID_ARGUMENT outRefundNo',
    );
    expect(requests).toHaveLength(0);
  });
});

describe.each([
  ['sendRefund', send],
  ['queryRefund', query],
] as const)('%s', (_name, call) => {
  it('tells of a refund', async () => {
    expect(await call(honest(200, REFUNDED))).toEqual({
      exists: true,
      outTradeNo: OUT_TRADE_NO,
      outRefundNo: OUT_REFUND_NO,
      state: 'SUCCESS',
      gatewayState: 'SUCCESS',
      gatewayRefundNo: '50300001234202611210123456789',
      refundFen: 330,
    });
  });

  it.each([
    ['SUCCESS', 'SUCCESS'],
    ['PROCESSING', 'PROCESSING'],
    ['CLOSED', 'CLOSED'],
    ['ABNORMAL', 'ABNORMAL'],
    ['success', 'UNKNOWN'],
    ['REFUNDED', 'UNKNOWN'],
    ['__proto__', 'UNKNOWN'],
  ])('reads %s as %s', async (status, state) => {
    expect(await call(honest(200, { ...REFUNDED, status }))).toMatchObject({ state, gatewayState: status });
  });

  it('reads only the field status', async () => {
    const { status: _, ...rest } = REFUNDED;
    const notified = { ...rest, refund_status: 'SUCCESS' };
    expect(await outcome(call(honest(200, notified)))).toBe('unknown unreadable-answer');
  });

  it.each([
    ['refund number', { out_refund_no: 'REFUND_0002' }],
    ['refund number that is missing', { out_refund_no: undefined }],
    ['order number', { out_trade_no: 'ORDER_20261121_0002' }],
    ['order number that is missing', { out_trade_no: undefined }],
  ])('takes another %s for no proof', async (_field, change) => {
    expect(await outcome(call(honest(200, { ...REFUNDED, ...change })))).toBe('unknown other-refund');
  });

  it.each([
    ['no amount', undefined],
    ['no sum', { total: 990 }],
    ['a fraction', { refund: 3.3 }],
    ['a text', { refund: '330' }],
    ['another currency', { refund: 330, currency: 'HKD' }],
  ])('takes a success with %s for no proof', async (_name, amount) => {
    expect(await outcome(call(honest(200, { ...REFUNDED, amount })))).toBe('unknown unreadable-answer');
  });
});
