import { describe, expect, it } from 'vitest';
import { fen } from '../../../src/domain/money.ts';
import type { OrderTerms, Scene } from '../../../src/domain/order.ts';
import {
  ACCOUNT,
  type Answerer,
  configOf,
  honest,
  NOW,
  order,
  outcome,
  platform,
  strangerKeys,
  world,
} from './merchant.ts';
import { signedAnswer, unsignedAnswer } from './platform.ts';

const H5_URL =
  'https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx20161110163838f231619da20804912345&package=1037687096';
const OPENID = 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o';
const HOUR = 3_600_000;

const SCENES: Readonly<Record<string, { terms: OrderTerms; path: string; body: unknown; extra: unknown }>> = {
  qr: {
    terms: order(),
    path: '/v3/pay/transactions/native',
    body: { code_url: 'weixin://wxpay/bizpayurl?pr=p4lpSuKzz' },
    extra: {},
  },
  h5: {
    terms: order({ scene: 'h5', payerClientIp: '14.23.150.211' }),
    path: '/v3/pay/transactions/h5',
    body: { h5_url: H5_URL },
    extra: { scene_info: { payer_client_ip: '14.23.150.211', h5_info: { type: 'Wap' } } },
  },
  jsapi: {
    terms: order({ scene: 'jsapi', payerOpenid: OPENID }),
    path: '/v3/pay/transactions/jsapi',
    body: { prepay_id: 'wx201410272009395522657a690389285100' },
    extra: { payer: { openid: OPENID } },
  },
  app: {
    terms: order({ scene: 'app' }),
    path: '/v3/pay/transactions/app',
    body: { prepay_id: 'wx201410272009395522657a690389285100' },
    extra: {},
  },
};

const { provider: planner } = honest(200, {});

describe('the provider', () => {
  it('says who it is', () => {
    expect(planner.id).toBe('wechatpay');
    expect(planner.account).toBe(ACCOUNT);
    expect([...planner.scenes].sort()).toEqual(['app', 'h5', 'jsapi', 'qr']);
    expect(planner.refundRules).toEqual({
      minIntervalMs: 60_000,
      maxPerOrder: 50,
      windowMs: 31_536_000_000,
      numberUniquePerMerchant: true,
      askAfterMs: [60_000, 60_000, 60_000, 60_000, 60_000, 300_000, 600_000, 1_200_000, 1_800_000],
      finalTradeStates: new Set(),
    });
  });
});

describe('planPayment', () => {
  it.each(Object.entries(SCENES))('writes the body of %s', (_scene, { terms, path, extra }) => {
    const [line, body = '', ...rest] = planner.planPayment(terms).split('\n');
    expect(line).toBe(path);
    expect(rest).toEqual([]);
    expect(JSON.parse(body)).toEqual({
      appid: 'wxd678efh567hg6787',
      mchid: '1900000109',
      description: '咨询服务 30 分钟',
      out_trade_no: 'ORDER_20261121_0001',
      time_expire: '2026-11-21T15:00:05+08:00',
      notify_url: 'https://pay.example.com/notify/wechatpay',
      amount: { total: 990, currency: 'CNY' },
      ...(extra as object),
    });
  });

  const refusals: readonly [string, Partial<OrderTerms>, string][] = [
    ['a scene WeChat Pay has not', { scene: 'web' }, 'scene'],
    ['jsapi without openid', { scene: 'jsapi' }, 'payerOpenid'],
    ['jsapi with a wrong openid', { scene: 'jsapi', payerOpenid: 'o 1"' }, 'payerOpenid'],
    ['h5 without an address', { scene: 'h5' }, 'payerClientIp'],
    ['h5 with a name for an address', { scene: 'h5', payerClientIp: 'localhost' }, 'payerClientIp'],
    ['h5 with a zone', { scene: 'h5', payerClientIp: 'fe80::1%eth0' }, 'payerClientIp'],
    ['an empty title', { title: '' }, 'title'],
    ['a blank title', { title: ' 　' }, 'title'],
    ['a title of 128 bytes', { title: `${'中'.repeat(42)}ab` }, 'title'],
    ['a title with a newline', { title: 'a\nb' }, 'title'],
    ['a title with an emoji', { title: '猫🐱' }, 'title'],
    ['a title with half a character', { title: 'a\ud83d' }, 'title'],
    ['a short number', { outTradeNo: 'abc12' }, 'outTradeNo'],
    ['a long number', { outTradeNo: 'a'.repeat(33) }, 'outTradeNo'],
    ['a number with a slash', { outTradeNo: 'a/../../v3' }, 'outTradeNo'],
    ['a number with a question mark', { outTradeNo: 'ORDER_1?x=1' }, 'outTradeNo'],
    ['nothing to pay', { amountFen: fen(0) }, 'amountYuan'],
  ];

  it.each(refusals)('refuses %s', async (_name, terms, argument) => {
    const planned = (async () => planner.planPayment(order(terms)))();
    expect(await outcome(planned)).toBe(`INVALID_ARGUMENT ${argument}`);
  });

  it.each([
    [{ scene: 'jsapi' }, /在 jsapi 场景必填/, /is required/],
    [{ scene: 'h5' }, /在 h5 场景必填/, /is required/],
    [{ scene: 'jsapi', payerOpenid: 'o A/B' }, /payerOpenid 不是 openid/, /is not an openid/],
    [{ scene: 'h5', payerClientIp: '999.1.1.1' }, /不是 IPv4 或 IPv6 地址/, /is not an IPv4 or IPv6 address/],
  ] as const)('says of %j whether it is missing or wrong', async (terms, zh, en) => {
    const planned = (async () => planner.planPayment(order(terms)))();
    const text = { zh: expect.stringMatching(zh), en: expect.stringMatching(en) };
    await expect(planned).rejects.toMatchObject({ text });
  });

  it('takes a title of 127 bytes and both kinds of addresses', () => {
    expect(planner.planPayment(order({ title: `${'中'.repeat(42)}a` }))).toContain('中a"');
    for (const payerClientIp of ['1.2.3.4', '2001:db8::1']) {
      expect(planner.planPayment(order({ scene: 'h5', payerClientIp }))).toContain(payerClientIp);
    }
  });
});

describe('sendPayment', () => {
  it.each(Object.entries(SCENES))('sends the planned bytes of %s', async (_scene, { terms, path, body }) => {
    const { provider, requests } = honest(200, body);
    const plan = provider.planPayment(terms);
    await provider.sendPayment(terms, plan);
    await provider.sendPayment(terms, plan);
    expect(requests).toHaveLength(2);
    for (const request of requests) {
      expect(request.method).toBe('POST');
      expect(request.url).toBe(`https://api.mch.weixin.qq.com${path}`);
      expect(`${path}\n${request.body}`).toBe(plan);
    }
  });

  it('sends an old plan as it is, whatever the configuration says by now', async () => {
    const plan = planner.planPayment(order());
    const { provider, requests } = world(
      () => signedAnswer(200, SCENES.qr?.body, platform, NOW),
      configOf({ WXPAY_NOTIFY_URL: 'https://new.example.com/n' }),
    );
    await provider.sendPayment(order(), plan);
    expect(plan).toContain(requests[0]?.body);
    expect(requests[0]?.body).toContain('pay.example.com');
  });

  it('sends nothing that is not one of its plans', async () => {
    const { provider, requests } = honest(200, {});
    for (const plan of ['', '{}', '/v3/fund-app/mch-transfer/transfer-bills\n{}', '\n{}']) {
      expect(await outcome(provider.sendPayment(order(), plan))).toBe('unavailable plan-unreadable');
    }
    expect(requests).toHaveLength(0);
  });

  it('gives the code of a qr payment', async () => {
    const { provider } = honest(200, SCENES.qr?.body);
    const credential = await provider.sendPayment(order(), provider.planPayment(order()));
    // The order ends before the code does.
    expect(credential).toEqual({ qrCode: 'weixin://wxpay/bizpayurl?pr=p4lpSuKzz' });
  });

  it('gives the link of an h5 payment, which lives 5 min', async () => {
    const terms = SCENES.h5?.terms ?? order();
    const { provider } = honest(200, { h5_url: `${H5_URL}&a=(b)!*'c` });
    expect(await provider.sendPayment(terms, provider.planPayment(terms))).toEqual({
      handOffUrl: `${H5_URL}&a=%28b%29%21%2A%27c`,
      linkExpiresAt: NOW + 5 * 60_000,
    });
  });

  it.each(['qr', 'jsapi', 'app'])('says when a %s credential dies before its order', async (scene) => {
    const { terms = order(), body } = SCENES[scene] ?? {};
    const day = { ...terms, expiresAt: NOW + 24 * HOUR };
    const { provider } = honest(200, body);
    const credential = await provider.sendPayment(day, provider.planPayment(day));
    expect(credential.linkExpiresAt).toBe(NOW + 2 * HOUR);
  });

  it.each([
    ['qr', {}],
    ['qr', { code_url: '' }],
    ['qr', { code_url: 'weixin://a b\n' }],
    ['qr', { code_url: 5 }],
    ['h5', { h5_url: 'javascript:alert(1)' }],
    ['h5', { h5_url: 'https://wx.tenpay.com/\n' }],
    ['jsapi', { prepay_id: 'wx1\nappId' }],
    ['app', { prepay_id: 'x'.repeat(65) }],
  ] as readonly [Scene, unknown][])('takes no unusable %s credential %j', async (scene, body) => {
    const terms = SCENES[scene]?.terms ?? order();
    const { provider } = honest(200, body);
    expect(await outcome(provider.sendPayment(terms, provider.planPayment(terms)))).toBe(
      'unknown unreadable-answer',
    );
  });

  it.each([
    [400, 'ORDERPAID', 'already-paid'],
    [403, 'ORDER_CLOSED', 'closed'],
    [403, 'OUT_TRADE_NO_USED', 'number-conflict'],
    [400, 'INVALID_REQUEST', 'number-conflict'],
    [403, 'ACCOUNT_ERROR', 'other'],
    [403, 'NO_AUTH', 'permission'],
  ])('is told %d %s', async (status, code, reason) => {
    const signed = world(() => signedAnswer(status, { code }, platform, NOW)).provider;
    const unsigned = world(() => unsignedAnswer(status, { code })).provider;
    const forger = { ...platform, privateKey: strangerKeys.privateKey };
    const forged = world(() => signedAnswer(status, { code }, forger, NOW)).provider;
    const plan = planner.planPayment(order());
    expect(await outcome(signed.sendPayment(order(), plan))).toBe(`declined ${reason} ${code} proven`);
    expect(await outcome(unsigned.sendPayment(order(), plan))).toBe(`declined ${reason} ${code} unproven`);
    expect(await outcome(forged.sendPayment(order(), plan))).toBe('unknown bad-signature');
  });

  it.each([
    ['signed', () => signedAnswer(429, { code: 'FREQUENCY_LIMITED' }, platform, NOW)],
    ['unsigned', () => unsignedAnswer(429, { code: 'FREQUENCY_LIMITED' })],
    ['signed, under another status', () => signedAnswer(403, { code: 'RULE_LIMIT' }, platform, NOW)],
    ['of the edge', () => unsignedAnswer(429, 'slow down', 'text/plain')],
  ])('does not know what came of a rate limit, %s', async (_name, answer) => {
    const { provider } = world(answer);
    expect(await outcome(provider.sendPayment(order(), planner.planPayment(order())))).toBe(
      'unknown rate-limited',
    );
  });

  it('takes OPENID_MISMATCH for a no although it comes with 500, where it is signed', async () => {
    const terms = order({ scene: 'jsapi', payerOpenid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o' });
    const plan = planner.planPayment(terms);
    const forger = { ...platform, privateKey: strangerKeys.privateKey };
    const told = async (answer: Answerer) => outcome(world(answer).provider.sendPayment(terms, plan));
    const body = { code: 'OPENID_MISMATCH' };
    expect(await told(() => signedAnswer(500, body, platform, NOW))).toBe(
      'declined bad-parameter OPENID_MISMATCH proven',
    );
    expect(await told(() => unsignedAnswer(500, body))).toBe('unknown http-500');
    expect(await told(() => signedAnswer(500, body, forger, NOW))).toBe('unknown bad-signature');
    expect(await told(() => signedAnswer(502, body, platform, NOW))).toBe('unknown http-502');
    expect(await told(() => signedAnswer(500, { code: 'PARAM_ERROR' }, platform, NOW))).toBe(
      'unknown http-500',
    );
  });
});
