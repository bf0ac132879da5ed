import { beforeEach, describe, expect, it } from 'vitest';
import { GatewayDeclined } from '../../../src/providers/contract.ts';
import { CODE_TABLE, type Operation } from '../../../src/providers/douyinpay/codes.ts';
import { tradeStateOf } from '../../../src/providers/douyinpay/dialect.ts';
import { refusal } from '../../../src/providers/douyinpay/errors.ts';
import { verbOf } from '../../../src/providers/v3/codes.ts';
import { misleading } from '../advice.ts';
import { OPERATIONS, order, outcome, refund } from '../wechatpay/merchant.ts';
import { unsignedAnswer } from '../wechatpay/platform.ts';
import { DouyinWorld, NOW, OLD, PAID, REFUNDED, signed, strangerKeys } from './merchant.ts';

let world: DouyinWorld;
beforeEach(() => {
  world = new DouyinWorld();
});
const CALLS = Object.entries(OPERATIONS);
const asked = (name: string) => outcome(OPERATIONS[name]?.(world.provider) ?? Promise.reject(name));

describe('a refusal', () => {
  it.each(CALLS)('without a signature ends %s and proves nothing', async (name) => {
    for (const [status, code] of [
      [404, 'ORDER_NOT_EXIST'],
      [400, 'ORDER_CLOSED'],
      [403, 'NO_AUTH'],
      [400, 'NEVER_HEARD_OF'],
    ] as const) {
      world.answer = () => unsignedAnswer(status, { code, message: '不存在' });
      expect(await asked(name)).toMatch(/^declined .* unproven$|^unknown /);
    }
  });

  it.each(CALLS)('with a wrong signature leaves %s unknown', async (name) => {
    world.answer = () => signed(404, { code: 'ORDER_NOT_EXIST' }, { ...OLD, keys: strangerKeys });
    expect(await asked(name)).toBe('unknown bad-signature');
  });

  it.each([
    // Nobody was given a code: whatever the word means, nobody can pay.
    ['sendPayment', 'declined other BIZ_CHECK_0417 proven'],
    ['closeTrade', 'declined other BIZ_CHECK_0417 unproven'],
    ['queryTrade', 'declined other BIZ_CHECK_0417 unproven'],
    // It could be a word for "accepted".
    ['sendRefund', 'unknown code-BIZ_CHECK_0417'],
    ['queryRefund', 'declined other BIZ_CHECK_0417 unproven'],
  ])('that is signed and that nobody has met is, after %s, %s', async (name, expected) => {
    world.answer = () => signed(400, { code: 'BIZ_CHECK_0417', message: '业务校验未通过' });
    expect(await asked(name)).toBe(expected);
  });

  it.each(CALLS)('without a word in it, at an edge or signed, is no answer to %s', async (name) => {
    for (const answer of [unsignedAnswer(403, '<html>', 'text/html'), signed(400, {})]) {
      world.answer = () => answer;
      expect(await asked(name)).toMatch(/^unknown http-4\d\d$|^declined other unreadable unproven$/);
    }
  });

  it.each(CALLS)('that is the gateway’s own "I do not know" leaves %s unknown', async (name) => {
    for (const [status, code] of [
      [500, 'SYSTEM_ERROR'],
      [400, 'SYSTEM_ERROR'],
      [503, 'SERVICE_UNAVAILABLE'],
      [400, 'PROCESSING'],
    ] as const) {
      world.answer = () => signed(status, { code });
      expect(await asked(name)).toMatch(/^unknown /);
    }
  });

  it('for its rate proves nothing, and may have been taken in', async () => {
    world.answer = () => signed(429, { code: 'FREQUENCY_LIMITED' });
    expect(await asked('sendRefund')).toBe('unknown rate-limited');
    expect(await asked('sendPayment')).toBe('unknown rate-limited');
    expect(await asked('queryTrade')).toBe('declined rate-limited FREQUENCY_LIMITED unproven');
  });

  it('that is signed proves that there is no order, no refund, and that one is closed', async () => {
    world.answer = () => signed(404, { code: 'ORDER_NOT_EXIST' });
    expect(await world.provider.queryTrade(PAID.out_trade_no)).toEqual({ exists: false });
    world.answer = () => signed(404, { code: 'RESOURCE_NOT_EXISTS' });
    expect(await world.provider.queryRefund(PAID.out_trade_no, 'R_1')).toEqual({ exists: false });
    world.answer = () => signed(400, { code: 'ORDER_CLOSED' });
    expect(await asked('closeTrade')).toBe('resolved');
    world.answer = () => signed(400, { code: 'ORDERPAID' });
    expect(await asked('closeTrade')).toBe('declined already-paid ORDERPAID proven');
  });

  const rows = CODE_TABLE.flatMap(({ calls, codes }) =>
    calls.flatMap((call) => codes.map((code): [Operation, string] => [call, code])),
  );
  it.each(rows)('after %s with %s never misleads about what to do next', (operation, code) => {
    for (const isSigned of [true, false]) {
      const told = refusal({ operation, code, status: 400, signed: isSigned, requestId: undefined });
      if (!(told instanceof GatewayDeclined)) continue;
      expect(misleading(verbOf(operation), told)).toEqual([]);
    }
  });
});

describe('an answer', () => {
  it.each([
    ['NOTPAY', 'NOTPAY'],
    ['SUCCESS', 'PAID'],
    ['CLOSED', 'CLOSED'],
    ['REFUND', 'PAID'],
    ['USERPAYING', 'NOTPAY'],
    ['PAYERROR', 'CLOSED'],
    ...['', 'success', 'REVOKED', 'ACCEPT', 'constructor', '__proto__'].map((word) => [word, 'UNKNOWN']),
  ])('%s is %s', (word, state) => {
    expect(tradeStateOf(word)).toBe(state);
  });

  it('about an order that was refunded still says SUCCESS, and names no sum that went back', async () => {
    const found = await world.provider.queryTrade(PAID.out_trade_no);
    expect(found).toMatchObject({ exists: true, state: 'PAID', gatewayState: 'SUCCESS' });
    expect(found).not.toHaveProperty('refundedFen');
  });

  it.each([
    ['another order', { out_trade_no: 'ORDER_OTHER_1' }, 'unknown other-order'],
    ['no merchant', { mchid: undefined }, 'unknown unreadable-answer'],
    ['a sub-merchant', { sub_mchid: '1' }, 'unknown unreadable-answer'],
    ['paid without a sum', { amount: undefined }, 'unknown unreadable-answer'],
  ])('about %s is no proof', async (_, fields, expected) => {
    world.answer = () => signed(200, { ...PAID, ...fields });
    expect(await asked('queryTrade')).toBe(expected);
  });

  it.each([
    ['unsigned', unsignedAnswer(200, { ...REFUNDED, status: 'SUCCESS' }), 'unknown bad-signature'],
    [
      'of another refund',
      signed(200, { ...REFUNDED, status: 'SUCCESS', out_refund_no: 'R_9' }),
      'unknown other-refund',
    ],
    [
      'of another order',
      signed(200, { ...REFUNDED, status: 'SUCCESS', out_trade_no: 'ORDER_9' }),
      'unknown other-refund',
    ],
    [
      'of another sum',
      signed(200, { ...REFUNDED, status: 'SUCCESS', amount: { refund: 1 } }),
      'unknown other-amount',
    ],
    ['without a state', signed(200, REFUNDED), 'unknown unreadable-answer'],
  ])('to a refund %s is no proof', async (_, answer, expected) => {
    world.answer = () => answer;
    expect(await outcome(world.provider.sendRefund(refund(), world.provider.planRefund(refund())))).toBe(
      expected,
    );
  });

  it.each([200, 204])('to a close is empty, whatever its status (%s)', async (status) => {
    world.answer = () => signed(status, '');
    expect(await asked('closeTrade')).toBe('resolved');
    world.answer = () => signed(200, { code: 'WAIT' });
    expect(await asked('closeTrade')).toBe('unknown unreadable-answer');
    world.answer = () => unsignedAnswer(status, '');
    expect(await asked('closeTrade')).toBe('unknown bad-signature');
  });
});

describe('an order', () => {
  const given = async (scene: 'qr' | 'h5' | 'jsapi' | 'app', body: object, more = {}) => {
    world.answer = () => signed(200, body);
    const terms = order({ scene, ...more });
    return world.provider.sendPayment(terms, world.provider.planPayment(terms));
  };

  it.each(['code_url', 'qr_code'])('to scan has its code under %s', async (field) => {
    expect(await given('qr', { prepay_id: 'dy1', [field]: 'https://z.douyin.com/a?b=1' })).toEqual({
      qrCode: 'https://z.douyin.com/a?b=1',
    });
  });

  it('on a phone is a link that chats leave whole', async () => {
    const link = await given('h5', { h5_url: "https://tp-pay.snssdk.com/cashdesk/?a=(1)!*'" });
    expect(link).toEqual({ payUrl: 'https://tp-pay.snssdk.com/cashdesk/?a=%281%29%21%2A%27' });
  });

  it.each([
    ['qr', { code_url: 'a b' }],
    ['h5', { h5_url: 'javascript:alert(1)' }],
    ['jsapi', { prepay_id: '' }],
    ['app', {}],
  ] as const)('for %s with nothing to pay by is an unknown outcome', async (scene, body) => {
    expect(await outcome(given(scene, body))).toBe('unknown unreadable-answer');
  });

  it('says the payer’s openid and address where they are known, and no order where they are wrong', () => {
    const bodyOf = (more: object) => JSON.parse(world.provider.planPayment(order(more)).split('\n')[1] ?? '');
    expect(bodyOf({ scene: 'jsapi' })).not.toHaveProperty('payer');
    expect(bodyOf({ scene: 'jsapi', payerOpenid: 'o1' })).toMatchObject({ payer: { openid: 'o1' } });
    expect(bodyOf({ scene: 'h5', payerClientIp: '::ffff:14.23.150.211' })).toMatchObject({
      scene_info: { payer_client_ip: '14.23.150.211' },
    });
    for (const wrong of [
      { scene: 'h5', payerClientIp: '10.0.0.1' },
      { scene: 'jsapi', payerOpenid: 'a b' },
    ])
      expect(() => bodyOf(wrong)).toThrow();
  });

  it('dies with its link, or before', async () => {
    const expiresAt = NOW + 5 * 3_600_000;
    expect(await given('qr', { code_url: 'x' }, { expiresAt })).toMatchObject({
      linkExpiresAt: NOW + 2 * 3_600_000,
    });
  });
});
