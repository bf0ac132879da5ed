import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Formatter, Rsa } from 'wechatpay-axios-plugin';
import { createPayment } from '../../src/payments/create-payment.ts';
import type { Till } from '../../src/payments/till.ts';
import { createAlipayProvider, readAlipayConfig } from '../../src/providers/alipay/index.ts';
import { OutcomeUnknown } from '../../src/providers/contract.ts';
import type { GatewayRequest } from '../../src/providers/gateway-http.ts';
import { createWechatpayProvider } from '../../src/providers/wechatpay/index.ts';
import { PAIRS, pem } from '../support/rsa.ts';
import { CALL, payment, World } from '../support/world.ts';
import { CERTIFICATES, make, name } from './alipay/certificate-world.ts';
import * as alipay from './alipay/fake-gateway.ts';
import * as wechat from './wechatpay/merchant.ts';
import { signedAnswer } from './wechatpay/platform.ts';

/** A merchant changes its keys while replicas with the old and with the new ones work on one ledger. */
const NEW = PAIRS[5];
const NEW_SERIAL = '2EEE55AD98ED71D6EDD4A4A16996DE7B47773A8C';
const OLD_CONFIG = wechat.configOf();
const NEW_CONFIG = wechat.configOf({ WXPAY_MCH_KEY: pem(NEW.privateKey), WXPAY_MCH_SERIAL: NEW_SERIAL });

/** With which of the two a request is signed, as an independent implementation judges. */
function signedWith({ method, url, body, headers }: GatewayRequest): 'old' | 'new' | 'neither' {
  const [, nonce = '', timestamp = '', serial, signature = ''] =
    /nonce_str="(\w+)",timestamp="(\d+)",serial_no="(\w+)",signature="([^"]+)"/.exec(
      headers.Authorization ?? '',
    ) ?? [];
  const { pathname, search } = new URL(url);
  const message = Formatter.request(method, pathname + search, timestamp, nonce, body ?? '');
  const isOf = (publicKey: typeof NEW.publicKey) => Rsa.verify(message, signature, publicKey);
  if (serial === NEW_SERIAL && isOf(NEW.publicKey)) return 'new';
  return serial === wechat.ENV.WXPAY_MCH_SERIAL && isOf(wechat.merchantKeys.publicKey) ? 'old' : 'neither';
}

describe('a new API certificate at WeChat Pay', () => {
  let world: World;
  let requests: GatewayRequest[];
  let lost: number;
  const replicas: Record<'old' | 'new', Till> = {} as never;
  beforeEach(async () => {
    world = new World();
    requests = [];
    lost = 0;
    const http = {
      async send(request: GatewayRequest) {
        requests.push(request);
        const now = world.clock.now();
        if (request.method === 'GET')
          return signedAnswer(404, { code: 'ORDER_NOT_EXIST', message: '订单不存在' }, wechat.platform, now);
        if (lost-- > 0) throw new OutcomeUnknown('timeout');
        return signedAnswer(200, { code_url: 'weixin://wxpay/bizpayurl?pr=x' }, wechat.platform, now);
      },
    };
    for (const [which, config] of [
      ['old', OLD_CONFIG],
      ['new', NEW_CONFIG],
    ] as const) {
      const till = await world.process();
      const provider = createWechatpayProvider(config, {
        clock: world.clock,
        http,
        randomBytes: till.randomBytes,
      });
      replicas[which] = { ...till, providers: new Map([[provider.id, provider]]) };
    }
  });
  afterEach(() => world.end());

  it.each([
    ['old', 'new'],
    ['new', 'old'],
  ] as const)(
    'what was intended under the %s one is sent again under the %s one, byte for byte',
    async (first, then) => {
      const sale = payment({ provider: 'wechatpay', buyer: 'somebody' });
      lost = 1;
      const begun = await createPayment(replicas[first], CALL, sale);
      expect(begun.order.state).toBe('UNKNOWN');
      world.clock.advance(5_000);
      const done = await createPayment(replicas[then], CALL, sale);
      expect(done.order).toMatchObject({ outTradeNo: begun.order.outTradeNo, state: 'NOTPAY' });
      const [before, after] = requests.filter(({ method }) => method === 'POST');
      expect(after?.body).toBe(before?.body);
      expect(after?.url).toBe(before?.url);
      expect([before && signedWith(before), after && signedWith(after)]).toEqual([first, then]);
    },
  );

  it('both replicas sell side by side, to one account', async () => {
    for (const which of ['old', 'new', 'old', 'new'] as const) {
      const { order } = await createPayment(replicas[which], CALL, payment({ provider: 'wechatpay' }));
      expect(order).toMatchObject({ state: 'NOTPAY', account: wechat.ACCOUNT });
    }
    const sent = requests.filter(({ method }) => method === 'POST');
    expect(sent.map(signedWith)).toEqual(['old', 'new', 'old', 'new']);
  });

  it.each(['sendPayment', 'sendRefund'] as const)('%s needs nothing of the old one', async (verb) => {
    const ports = wechat.world(() => signedAnswer(200, {}, wechat.platform, wechat.NOW), OLD_CONFIG);
    const later = wechat.world(() => signedAnswer(200, {}, wechat.platform, wechat.NOW), NEW_CONFIG);
    const plan =
      verb === 'sendPayment'
        ? ports.provider.planPayment(wechat.order())
        : ports.provider.planRefund(wechat.refund());
    expect(plan).not.toContain(wechat.ENV.WXPAY_MCH_SERIAL);
    await (verb === 'sendPayment'
      ? later.provider.sendPayment(wechat.order(), plan)
      : later.provider.sendRefund(wechat.refund(), plan)
    ).catch(() => undefined);
    expect(later.requests.map(signedWith)).toEqual(['new']);
  });
});

describe('a new key or certificate at Alipay', () => {
  const created = alipay.signed('alipay.trade.precreate', {
    ...{ code: '10000', msg: 'Success', out_trade_no: 'ORDER_0001', qr_code: 'https://qr.alipay.com/x' },
  });
  function replica(env: Readonly<Record<string, string>>) {
    const gateway = new alipay.FakeGateway();
    gateway.answer(created);
    const config = readAlipayConfig({ ...alipay.ENV, ...env });
    if (!config) throw new Error('nothing is configured');
    const clock = new alipay.HandClock();
    return { gateway, provider: createAlipayProvider(config, { clock, http: gateway }) };
  }
  const renewed = make({
    subject: name(alipay.ENV.AP_APP_ID, '商户'),
    publicKey: alipay.appKeys.publicKey,
    serial: '100',
  });

  it.each([
    ['from a public key to certificates', {}, CERTIFICATES],
    ['back to a public key', CERTIFICATES, {}],
    ['to a renewed certificate', CERTIFICATES, { ...CERTIFICATES, AP_APP_CERT: renewed }],
  ])('%s: an order is sent again as it was, under what holds now', async (_, before, after) => {
    const [first, then] = [replica(before), replica(after)];
    const plan = first.provider.planPayment(alipay.order());
    expect(then.provider.account).toBe(first.provider.account);
    for (const { provider } of [first, then]) {
      expect(await provider.sendPayment(alipay.order(), plan)).toEqual({ qrCode: 'https://qr.alipay.com/x' });
    }
    const [sent, again] = [first.gateway.call.parameters, then.gateway.call.parameters];
    expect(again.get('biz_content')).toBe(sent.get('biz_content'));
    expect(again.get('notify_url')).toBe(sent.get('notify_url'));
    expect(again.get('app_cert_sn')).not.toBe(sent.get('app_cert_sn'));
  });
});
