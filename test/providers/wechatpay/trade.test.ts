import { describe, expect, it } from 'vitest';
import { closeAt } from '../../support/close.ts';
import {
  ACCOUNT,
  honest,
  NOW,
  OUT_TRADE_NO,
  outcome,
  PAID_TRADE,
  platform,
  strangerKeys,
  world,
} from './merchant.ts';
import { signedAnswer, unsignedAnswer } from './platform.ts';

const query = (body: unknown) => honest(200, body).provider.queryTrade(OUT_TRADE_NO);

/** A trade nobody has paid yet. */
const UNPAID_TRADE = {
  appid: PAID_TRADE.appid,
  mchid: PAID_TRADE.mchid,
  out_trade_no: OUT_TRADE_NO,
  trade_state: 'NOTPAY',
  trade_state_desc: '订单未支付',
  amount: { total: 990, currency: 'CNY' },
};

describe('queryTrade', () => {
  it('asks by the order number', async () => {
    const { provider, requests } = honest(200, PAID_TRADE);
    await provider.queryTrade(OUT_TRADE_NO);
    expect(requests[0]).toMatchObject({
      method: 'GET',
      url: `https://api.mch.weixin.qq.com/v3/pay/transactions/out-trade-no/${OUT_TRADE_NO}?mchid=1900000109`,
    });
    expect(requests[0]?.body).toBeUndefined();
  });

  it('tells of a paid trade', async () => {
    expect(await query(PAID_TRADE)).toEqual({
      exists: true,
      account: ACCOUNT,
      outTradeNo: OUT_TRADE_NO,
      state: 'PAID',
      gatewayState: 'SUCCESS',
      gatewayTradeNo: '4200001234202611210123456789',
      amountFen: 990,
      paidAt: Date.parse('2026-11-21T14:29:40+08:00'),
    });
  });

  it('tells of an unpaid trade, which has few fields', async () => {
    expect(await query(UNPAID_TRADE)).toEqual({
      exists: true,
      account: ACCOUNT,
      outTradeNo: OUT_TRADE_NO,
      state: 'NOTPAY',
      gatewayState: 'NOTPAY',
      amountFen: 990,
    });
  });

  it.each([
    ['NOTPAY', 'NOTPAY'],
    ['USERPAYING', 'NOTPAY'],
    ['ACCEPT', 'NOTPAY'],
    ['SUCCESS', 'PAID'],
    ['REFUND', 'PAID'],
    ['CLOSED', 'CLOSED'],
    ['REVOKED', 'CLOSED'],
    ['PAYERROR', 'CLOSED'],
    ['success', 'UNKNOWN'],
    ['SUCCESS ', 'UNKNOWN'],
    ['constructor', 'UNKNOWN'],
    ['SETTLED', 'UNKNOWN'],
  ])('reads %s as %s', async (trade_state, state) => {
    expect(await query({ ...PAID_TRADE, trade_state })).toMatchObject({ exists: true, state });
  });

  it('keeps no sentence as a state', async () => {
    const trade_state = 'Please refund everything now';
    expect(await query({ ...PAID_TRADE, trade_state })).toMatchObject({
      state: 'UNKNOWN',
      gatewayState: 'unreadable',
    });
  });

  it.each([
    ['appid', 'wx0000000000000000', 'https://api.mch.weixin.qq.com 1900000109 wx0000000000000000'],
    ['mchid', '1900000110', 'https://api.mch.weixin.qq.com 1900000110 wxd678efh567hg6787'],
  ])('reports another %s as another account', async (field, value, account) => {
    expect(await query({ ...PAID_TRADE, [field]: value })).toMatchObject({ state: 'PAID', account });
  });

  it.each([
    ['no sum', { amount: undefined }],
    ['an empty amount', { amount: {} }],
    ['a fractional sum', { amount: { total: 9.9 } }],
    ['a sum as text', { amount: { total: '990' } }],
    ['nothing paid', { amount: { total: 0 } }],
    ['a negative sum', { amount: { total: -990 } }],
    ['a sum beyond exact numbers', { amount: { total: 2 ** 53 } }],
    ['another currency', { amount: { total: 990, currency: 'USD' } }],
    ['no appid', { appid: undefined }],
    ['an appid that is no id', { appid: 'wx 1' }],
    ['no mchid', { mchid: undefined }],
    ['no state', { trade_state: undefined }],
    ['a state that is no text', { trade_state: ['SUCCESS'] }],
  ])('takes a paid trade with %s for no proof', async (_name, change) => {
    expect(await outcome(query({ ...PAID_TRADE, ...change }))).toBe('unknown unreadable-answer');
  });

  it.each(['ORDER_20261121_0002', '', undefined, 7])(
    "takes another order's answer %j for no proof",
    async (no) => {
      expect(await outcome(query({ ...PAID_TRADE, out_trade_no: no }))).toBe('unknown other-order');
    },
  );

  it.each(['ORDER_NOT_EXIST', 'ORDERNOTEXIST', '268512771'])('believes a signed %s', async (code) => {
    expect(await honest(404, { code }).provider.queryTrade(OUT_TRADE_NO)).toEqual({ exists: false });
  });

  it('does not believe an unsigned or forged one', async () => {
    const body = { code: 'ORDER_NOT_EXIST' };
    const unsigned = world(() => unsignedAnswer(404, body)).provider;
    expect(await outcome(unsigned.queryTrade(OUT_TRADE_NO))).toBe(
      'declined not-exist ORDER_NOT_EXIST unproven',
    );
    const forger = { ...platform, privateKey: strangerKeys.privateKey };
    const forged = world(() => signedAnswer(404, body, forger, NOW)).provider;
    expect(await outcome(forged.queryTrade(OUT_TRADE_NO))).toBe('unknown bad-signature');
    expect(
      await outcome(honest(404, { code: 'RESOURCE_NOT_EXISTS' }).provider.queryTrade(OUT_TRADE_NO)),
    ).toBe('declined other RESOURCE_NOT_EXISTS unproven');
  });

  it.each(['', 'a/../b', '../../v3/refund', 'ORDER_1?mchid=2', 'ORDER_1#', 'ORDER_1\n', '订单号码一二三'])(
    'lets no %j into a path',
    async (outTradeNo) => {
      const { provider, requests } = honest(200, PAID_TRADE);
      expect(await outcome(provider.queryTrade(outTradeNo))).toBe('INVALID_ARGUMENT outTradeNo');
      expect(await outcome(closeAt(provider, outTradeNo))).toBe('INVALID_ARGUMENT outTradeNo');
      expect(requests).toHaveLength(0);
    },
  );
});

describe('closeTrade', () => {
  it('is done by a signed 204', async () => {
    const { provider, requests } = honest(204, '');
    expect(await outcome(closeAt(provider, OUT_TRADE_NO))).toBe('resolved');
    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatchObject({
      method: 'POST',
      url: `https://api.mch.weixin.qq.com/v3/pay/transactions/out-trade-no/${OUT_TRADE_NO}/close`,
      body: '{"mchid":"1900000109"}',
    });
  });

  it('is done when the gateway proves that it was closed before', async () => {
    const { provider } = honest(400, { code: 'ORDER_CLOSED' });
    expect(await outcome(closeAt(provider, OUT_TRADE_NO))).toBe('resolved');
    const unsigned = world(() => unsignedAnswer(400, { code: 'ORDER_CLOSED' })).provider;
    expect(await outcome(closeAt(unsigned, OUT_TRADE_NO))).toBe('declined closed ORDER_CLOSED unproven');
  });

  it('is not done by an unsigned 204, a 200 or a 204 with a body', async () => {
    const unsigned = world(() => unsignedAnswer(204, '')).provider;
    expect(await outcome(closeAt(unsigned, OUT_TRADE_NO))).toBe('unknown bad-signature');
    for (const [status, body] of [
      [200, ''],
      [200, PAID_TRADE],
      [204, PAID_TRADE],
    ] as const) {
      expect(await outcome(closeAt(honest(status, body).provider, OUT_TRADE_NO))).toBe(
        'unknown unreadable-answer',
      );
    }
  });

  it('is refused for a paid order and for one that does not exist', async () => {
    const close = (code: string) => outcome(closeAt(honest(400, { code }).provider, OUT_TRADE_NO));
    expect(await close('ORDERPAID')).toBe('declined already-paid ORDERPAID proven');
    expect(await close('ORDER_NOT_EXIST')).toBe('declined not-exist ORDER_NOT_EXIST proven');
  });
});
