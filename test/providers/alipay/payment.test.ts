import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CashierError } from '../../../src/domain/errors.ts';
import type { Fen } from '../../../src/domain/money.ts';
import type { Scene } from '../../../src/domain/order.ts';
import { createAlipayProvider, readAlipayConfig } from '../../../src/providers/alipay/index.ts';
import { GatewayDeclined, GatewayUnavailable, OutcomeUnknown } from '../../../src/providers/contract.ts';
import {
  ACCOUNT,
  declined,
  ENV,
  FakeGateway,
  forged,
  GATEWAY_URL,
  HandClock,
  NOW,
  order,
  readSigned,
  rejection,
  setUp,
  signed,
  unsigned,
} from './fake-gateway.ts';

const PRECREATE = 'alipay.trade.precreate';
const QR = 'https://qr.alipay.com/bax00000000000000001';
const created = { code: '10000', msg: 'Success', out_trade_no: 'ORDER_0001', qr_code: QR };

/** What an existing consumer cuts out of the tool's text. */
const CONSUMER_LINK = /\[点击完成支付\]\((.*?)\)/;

const LINK_SCENES = [
  ['web', 'alipay.trade.page.pay', 'FAST_INSTANT_TRADE_PAY'],
  ['h5', 'alipay.trade.wap.pay', 'QUICK_WAP_WAY'],
] as const;

describe('the provider', () => {
  it('says what it is', () => {
    const { provider } = setUp();
    expect(provider.id).toBe('alipay');
    expect(provider.maxExpiryMinutes).toBeUndefined();
    expect(setUp({ AP_CURRENT_ENV: 'sandbox' }).provider.maxExpiryMinutes).toBe(900);
    expect(provider.account).toBe(ACCOUNT);
    expect([...provider.scenes]).toEqual(['qr', 'web', 'h5', 'app']);
    expect(provider.refundRules).toEqual({
      minIntervalMs: 3000,
      maxPerOrder: Number.POSITIVE_INFINITY,
      windowMs: 31_536_000_000,
      numberUniquePerMerchant: false,
      finalTradeStates: new Set(['TRADE_FINISHED']),
      askAfterMs: [10_000, 20_000, 60_000, 300_000, 1_800_000],
    });
  });
});

describe('planPayment', () => {
  it('freezes product, amount, expiry and addresses', () => {
    const { provider } = setUp({
      AP_NOTIFY_URL: 'https://shop.example/n',
      AP_RETURN_URL: 'https://shop.example/r',
      AP_INVOKE_AUTH_TOKEN: 'TOKEN_OF_A_MERCHANT',
      AP_SELLER_ID: '2088000000000001',
    });
    const plan = provider.planPayment(order({ scene: 'web' }));
    expect(JSON.parse(plan)).toEqual({
      method: 'alipay.trade.page.pay',
      notify_url: 'https://shop.example/n',
      return_url: 'https://shop.example/r',
      biz_content:
        '{"out_trade_no":"ORDER_0001","total_amount":"9.90","subject":"夏日诗歌创作服务","product_code":"FAST_INSTANT_TRADE_PAY","time_expire":"2026-11-21 15:00:05"}',
    });
    expect(plan).not.toContain('TOKEN_OF_A_MERCHANT');
  });

  it('is pure', () => {
    const { provider, gateway, clock } = setUp();
    const plan = provider.planPayment(order());
    clock.ms += 3_600_000;
    expect(provider.planPayment(order())).toBe(plan);
    expect(gateway.calls).toEqual([]);
  });

  for (const character of ['/', '=', '&']) {
    it(`refuses ${character} in the title and names it`, () => {
      const { provider } = setUp();
      const plan = () => provider.planPayment(order({ title: `会员${character}年`, scene: 'h5' }));
      expect(plan).toThrow(CashierError);
      expect(plan).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT', details: { argument: 'title', character } }),
      );
      expect(plan).toThrow(`"${character}"`);
    });
  }

  it('refuses a scene that Alipay does not have', () => {
    expect(() => setUp().provider.planPayment(order({ scene: 'jsapi' }))).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', details: { argument: 'scene' } }),
    );
  });
});

describe('links and order strings', () => {
  for (const [scene, method, productCode] of LINK_SCENES) {
    it(`${scene}: a signed, clickable link and no call`, async () => {
      const { provider, gateway } = setUp({
        AP_NOTIFY_URL: 'https://shop.example/n?a=1&b=(2)',
        AP_RETURN_URL: 'https://shop.example/r!*',
        AP_INVOKE_AUTH_TOKEN: 'TOKEN',
        AP_SELLER_ID: '2088000000000001',
      });
      const terms = order({ scene, title: '会员(年) *\'限时\'! 100% + 😀 "a\\b" #?' });
      const credential = await provider.sendPayment(terms, provider.planPayment(terms));
      expect(Object.keys(credential)).toEqual(['payUrl']);
      const url = credential.payUrl ?? '';
      expect(url).not.toMatch(/[()!*'\s"<>]/);
      expect(url).not.toMatch(/%(?:[a-f]|.[a-f])/);
      expect(url.startsWith(`${GATEWAY_URL}?`)).toBe(true);
      expect(CONSUMER_LINK.exec(`支付链接: [点击完成支付](${url})`)?.[1]).toBe(url);
      expect(new URL(url).href).toBe(url);

      const parameters = readSigned(url.slice(GATEWAY_URL.length + 1));
      expect(Object.fromEntries(parameters)).toMatchObject({
        method,
        app_id: ENV.AP_APP_ID,
        charset: 'utf-8',
        version: '1.0',
        sign_type: 'RSA2',
        timestamp: '2026-11-21 14:30:05',
        notify_url: 'https://shop.example/n?a=1&b=(2)',
        return_url: 'https://shop.example/r!*',
        app_auth_token: 'TOKEN',
      });
      expect(JSON.parse(parameters.get('biz_content') ?? '')).toEqual({
        out_trade_no: 'ORDER_0001',
        total_amount: '9.90',
        subject: terms.title,
        product_code: productCode,
        time_expire: '2026-11-21 15:00:05',
      });
      expect(gateway.calls).toEqual([]);
    });
  }

  it('app: a signed order string', async () => {
    const { provider, gateway } = setUp({
      AP_NOTIFY_URL: 'https://shop.example/n',
      AP_RETURN_URL: 'https://shop.example/r',
    });
    const terms = order({ scene: 'app', title: '会员(年)' });
    const credential = await provider.sendPayment(terms, provider.planPayment(terms));
    expect(Object.keys(credential)).toEqual(['orderString']);
    const parameters = readSigned(credential.orderString ?? '');
    expect(parameters.get('method')).toBe('alipay.trade.app.pay');
    expect(parameters.get('notify_url')).toBe('https://shop.example/n');
    expect(parameters.has('return_url')).toBe(false);
    expect(JSON.parse(parameters.get('biz_content') ?? '')).toMatchObject({
      product_code: 'QUICK_MSECURITY_PAY',
    });
    expect(gateway.calls).toEqual([]);
  });

  it('leaves out what is not configured', async () => {
    const { provider } = setUp();
    const terms = order({ scene: 'web' });
    const url = (await provider.sendPayment(terms, provider.planPayment(terms))).payUrl ?? '';
    expect([...readSigned(url.slice(GATEWAY_URL.length + 1)).keys()]).toEqual([
      'method',
      'app_id',
      'charset',
      'version',
      'sign_type',
      'timestamp',
      'biz_content',
      'sign',
    ]);
  });

  it('signs with RSA (SHA-1) when that is configured', async () => {
    const { provider } = setUp({ AP_ENCRYPTION_ALGO: 'RSA' });
    const terms = order({ scene: 'web' });
    const url = (await provider.sendPayment(terms, provider.planPayment(terms))).payUrl ?? '';
    expect(readSigned(url.slice(GATEWAY_URL.length + 1), 'RSA-SHA1').get('sign_type')).toBe('RSA');
  });

  it('sends the plan whatever the configuration says by then; only timestamp and sign differ', async () => {
    const before = setUp({ AP_NOTIFY_URL: 'https://old.example/n' });
    const after = setUp({ AP_NOTIFY_URL: 'https://new.example/n', AP_RETURN_URL: 'https://new.example/r' });
    after.clock.ms = NOW + 7_200_000;
    for (const scene of ['web', 'h5', 'app'] satisfies Scene[]) {
      const terms = order({ scene });
      const plan = before.provider.planPayment(terms);
      const texts = await Promise.all(
        [before, after].map(async ({ provider }) => {
          const sent = await provider.sendPayment(terms, plan);
          return sent.payUrl ?? sent.orderString ?? '';
        }),
      );
      const [first, second] = texts.map((text) => text.replace(/(timestamp|sign)=[^&]*/g, '$1'));
      expect(second).toBe(first);
      expect(texts[0]).not.toBe(texts[1]);
    }
  });

  it('keeps the planned bytes of any title and amount', async () => {
    const { provider } = setUp();
    const title = fc
      .string({ unit: 'binary', minLength: 1, maxLength: 40 })
      .filter((text) => !/[/=&]/.test(text));
    await fc.assert(
      fc.asyncProperty(title, fc.integer({ min: 1, max: 10_000_000_000 }), async (text, amount) => {
        const terms = order({ scene: 'h5', title: text, amountFen: amount as Fen });
        const plan = provider.planPayment(terms);
        const url = (await provider.sendPayment(terms, plan)).payUrl ?? '';
        const sent = readSigned(url.slice(GATEWAY_URL.length + 1)).get('biz_content');
        expect(sent).toBe(JSON.parse(plan).biz_content);
        expect(JSON.parse(sent ?? '')).toMatchObject({ subject: text });
        expect(url).not.toMatch(/[()!*'\s"<>]/);
      }),
      { numRuns: 40 },
    );
  });
});

describe('qr', () => {
  const send = async (body: string | Buffer, status?: number, terms = order()) => {
    const { provider, gateway } = setUp();
    gateway.answer(body, status, { trace_id: 'trace-1' });
    return provider.sendPayment(terms, provider.planPayment(terms));
  };

  it('asks for a code with the planned bytes', async () => {
    const { provider, gateway } = setUp({
      AP_NOTIFY_URL: 'https://shop.example/n',
      AP_PRECREATE_PRODUCT_CODE: 'FACE_TO_FACE_PAYMENT',
    });
    gateway.answer(signed(PRECREATE, created));
    const plan = provider.planPayment(order());
    expect(await provider.sendPayment(order(), plan)).toEqual({ qrCode: QR });
    const { request, parameters, biz } = gateway.call;
    expect(request.method).toBe('POST');
    expect(request.headers['content-type']).toBe('application/x-www-form-urlencoded;charset=utf-8');
    expect(new URL(request.url).searchParams.get('charset')).toBe('utf-8');
    expect(request.body?.startsWith('biz_content=')).toBe(true);
    expect(parameters.get('biz_content')).toBe(JSON.parse(plan).biz_content);
    expect(parameters.get('notify_url')).toBe('https://shop.example/n');
    expect(biz.product_code).toBe('FACE_TO_FACE_PAYMENT');

    await provider.sendPayment(order(), plan);
    expect(gateway.calls[1]?.request).toEqual(gateway.calls[0]?.request);
  });

  it('says when the code dies before the order', async () => {
    const terms = order({ expiresAt: NOW + 86_400_000 });
    expect(await send(signed(PRECREATE, created), 200, terms)).toEqual({
      qrCode: QR,
      linkExpiresAt: Date.parse('2026-11-21T16:30:05+08:00'),
    });
  });

  const declines = [
    ['ACQ.TRADE_HAS_SUCCESS', '40004', 'already-paid'],
    ['ACQ.TRADE_HAS_CLOSE', '40004', 'closed'],
    ['ACQ.CONTEXT_INCONSISTENT', '40004', 'number-conflict'],
    ['ACQ.SOMETHING_NEW', '40004', 'other'],
    ['ACQ.TRADE_BUYER_NOT_MATCH', '40004', 'number-conflict'],
    ['ACQ.SELLER_BEEN_BLOCKED', '40004', 'permission'],
    ['isv.insufficient-isv-permissions', '40006', 'permission'],
    ['isv.invalid-signature', '40002', 'credentials'],
    ['isv.invalid-timestamp', '40002', 'bad-parameter'],
  ] as const;
  for (const [subCode, code, reason] of declines) {
    it(`signed ${subCode} is a proven ${reason}`, async () => {
      const error = await rejection(send(signed(PRECREATE, declined(subCode, code))));
      expect(error).toBeInstanceOf(GatewayDeclined);
      expect(error).toMatchObject({ reason, gatewayCode: subCode, proven: true, requestId: 'trace-1' });
    });
  }

  const unknown: readonly (readonly [what: string, body: string, detail: string, status?: number])[] = [
    ['forged no', forged(PRECREATE, declined('ACQ.TRADE_HAS_CLOSE')), 'bad-signature'],
    [
      'another order',
      signed(PRECREATE, { ...created, out_trade_no: 'ORDER_0002' }),
      'answer-of-another-order',
    ],
    ['no order', signed(PRECREATE, { ...created, out_trade_no: '' }), 'answer-of-another-order'],
    ['no code', signed(PRECREATE, { ...created, qr_code: '' }), 'qr-code-unreadable'],
    [
      'a script as code',
      signed(PRECREATE, { ...created, qr_code: 'javascript:alert(1)' }),
      'qr-code-unreadable',
    ],
    ['a code with a blank', signed(PRECREATE, { ...created, qr_code: `${QR} x` }), 'qr-code-unreadable'],
    ['a rate limit', signed(PRECREATE, declined('isv.app-call-limited', '40005')), 'rate-limited'],
    ['a rate limit without a word', signed(PRECREATE, { code: '40005' }), 'rate-limited'],
    ['an unsigned rate limit', unsigned(PRECREATE, { code: '40005' }), 'rate-limited'],
    ['a limit by user', signed(PRECREATE, declined('USER_RATE_LIMIT')), 'rate-limited'],
    ['a redirect', signed(PRECREATE, created), 'http-302', 302],
    ['no code word', signed(PRECREATE, { qr_code: QR }), 'unreadable'],
  ];
  for (const [name, body, detail, status] of unknown) {
    it(`${name} is unknown`, async () => {
      const error = await rejection(send(body, status));
      expect(error).toBeInstanceOf(OutcomeUnknown);
      expect(error).toMatchObject({ detail });
    });
  }

  it('sends nothing when it cannot sign, and says nothing of the key', async () => {
    const config = readAlipayConfig(ENV);
    if (!config) throw new Error('not configured');
    const http = new FakeGateway();
    const broken = { ...config, appPrivateKey: config.alipayPublicKey };
    const provider = createAlipayProvider(broken, { clock: new HandClock(), http });
    const error = await rejection(provider.sendPayment(order(), provider.planPayment(order())));
    expect(error).toBeInstanceOf(GatewayUnavailable);
    expect(error).toMatchObject({ detail: 'signing-failed' });
    expect(http.calls).toEqual([]);
  });

  it('sends no damaged plan, and none of another order or call', async () => {
    const { provider, gateway } = setUp();
    const plan = provider.planPayment(order());
    const wrong: readonly (readonly [string, string])[] = [
      ['{', 'plan-unreadable'],
      ['{}', 'plan-unreadable'],
      [plan.replace(PRECREATE, 'alipay.trade.refund'), 'plan-unreadable'],
      [plan.replace('"{', '"['), 'plan-unreadable'],
      [plan.replace('\\"9.90\\"', '9.90'), 'plan-unreadable'],
      [plan.replace('ORDER_0001', 'ORDER_0002'), 'plan-of-another-order'],
    ];
    for (const [text, detail] of wrong) {
      const error = await rejection(provider.sendPayment(order(), text));
      expect(error).toBeInstanceOf(GatewayUnavailable);
      expect(error).toMatchObject({ detail });
    }
    expect(gateway.calls).toEqual([]);
  });
});
