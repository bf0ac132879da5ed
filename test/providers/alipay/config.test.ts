import { describe, expect, it } from 'vitest';
import { CashierError } from '../../../src/domain/errors.ts';
import { readAlipayConfig } from '../../../src/providers/alipay/index.ts';
import { ENV, GATEWAY_URL } from './fake-gateway.ts';

type Env = Readonly<Record<string, string | undefined>>;

function refusal(env: Env): CashierError {
  try {
    readAlipayConfig(env);
  } catch (error) {
    if (error instanceof CashierError) return error;
    throw error;
  }
  throw new Error('the configuration was accepted');
}

const SELLS = {
  AP_A2M_SERVICE_ID: 'API_12AB',
  AP_SELLER_ID: '2088000000000001',
  CASHIER_MERCHANT_NAME: ' 茶铺 ',
};

describe('readAlipayConfig', () => {
  it('is undefined when no credential is set, whatever else is', () => {
    expect(readAlipayConfig({})).toBeUndefined();
    expect(
      readAlipayConfig({ AP_APP_ID: '', AP_APP_KEY: ' ', AP_RETURN_URL: 'https://shop.example' }),
    ).toBeUndefined();
  });

  it('fills in the defaults', () => {
    const config = readAlipayConfig(ENV);
    expect(config).toMatchObject({
      appId: ENV.AP_APP_ID,
      signType: 'RSA2',
      gateway: GATEWAY_URL,
      realm: 'live',
      precreateProductCode: 'QR_CODE_OFFLINE',
    });
    for (const absent of ['returnUrl', 'notifyUrl', 'appAuthToken', 'sellerId']) {
      expect(config).not.toHaveProperty(absent);
    }
  });

  it('reads every setting', () => {
    const config = readAlipayConfig({
      ...ENV,
      AP_ENCRYPTION_ALGO: 'RSA',
      AP_CURRENT_ENV: 'sandbox',
      AP_RETURN_URL: 'https://shop.example/done?a=1',
      AP_NOTIFY_URL: 'https://shop.example/notify',
      AP_INVOKE_AUTH_TOKEN: '202111BB0000000000000000000000000000X00',
      AP_SELLER_ID: '2088000000000001',
      AP_PRECREATE_PRODUCT_CODE: 'FACE_TO_FACE_PAYMENT',
      CASHIER_PUBLIC_URL: 'https://pay.example',
    });
    expect(config).toMatchObject({
      signType: 'RSA',
      gateway: 'https://openapi-sandbox.dl.alipaydev.com/gateway.do',
      realm: 'sandbox',
      returnUrl: 'https://shop.example/done?a=1',
      notifyUrl: 'https://shop.example/notify',
      appAuthToken: '202111BB0000000000000000000000000000X00',
      sellerId: '2088000000000001',
      precreateProductCode: 'FACE_TO_FACE_PAYMENT',
    });
  });

  it('derives the notify address from the public one', () => {
    for (const base of ['https://pay.example', 'https://pay.example/']) {
      expect(readAlipayConfig({ ...ENV, CASHIER_PUBLIC_URL: base })?.notifyUrl).toBe(
        'https://pay.example/notify/alipay',
      );
    }
  });

  it('takes https and loopback gateways', () => {
    for (const url of [
      'https://gateway.example/gateway.do',
      'http://127.0.0.1:3921/gateway.do',
      'http://localhost:3921/alipay/gateway.do',
      'http://[::1]:3921/gateway.do',
    ]) {
      expect(readAlipayConfig({ ...ENV, AP_GATEWAY: url })?.gateway).toBe(url);
    }
  });

  it('sells single calls as soon as it is known who does', () => {
    const seller = (env: Env) => readAlipayConfig({ ...ENV, ...env })?.a2m;
    const who = { sellerId: SELLS.AP_SELLER_ID, sellerName: '茶铺' };
    expect(seller(SELLS)).toEqual({ ...who, serviceId: 'API_12AB' });
    expect(seller({ ...SELLS, AP_A2M_SERVICE_ID: undefined })).toEqual(who);
    for (const AP_A2M_SERVICE_ID of [undefined, 'API_12AB', 'api_mock_service_id']) {
      expect(seller({ ...SELLS, AP_A2M_SERVICE_ID, AP_CURRENT_ENV: 'sandbox' })).toEqual({
        ...who,
        serviceId: 'api_mock_service_id',
      });
    }
    expect(seller({})).toBeUndefined();
    expect(seller({ AP_SELLER_ID: SELLS.AP_SELLER_ID })).toBeUndefined();
    const { AP_A2M_SERVICE_ID: _, ...old } = { ...SELLS, AP_ENCRYPTION_ALGO: 'RSA' };
    expect(seller(old)).toBeUndefined();
    expect(refusal({ ...ENV, ...SELLS, AP_ENCRYPTION_ALGO: 'RSA' }).details).toEqual({
      variable: 'AP_ENCRYPTION_ALGO',
    });
  });

  const wrong: readonly (readonly [string, Env, string])[] = [
    ['no app id', { AP_APP_ID: undefined }, 'AP_APP_ID'],
    ['no private key', { AP_APP_KEY: '' }, 'AP_APP_KEY'],
    ['no public key', { AP_PUB_KEY: undefined }, 'AP_PUB_KEY'],
    ['a seller id as app id', { AP_APP_ID: '2088000000000001' }, 'AP_APP_ID'],
    ['a WeChat appid as app id', { AP_APP_ID: 'wx8888888888888888' }, 'AP_APP_ID'],
    ['a WeChat merchant number as app id', { AP_APP_ID: '1900000109' }, 'AP_APP_ID'],
    ['swapped keys', { AP_APP_KEY: ENV.AP_PUB_KEY, AP_PUB_KEY: ENV.AP_APP_KEY }, 'AP_APP_KEY'],
    ['another algorithm', { AP_ENCRYPTION_ALGO: 'MD5' }, 'AP_ENCRYPTION_ALGO'],
    ['another environment', { AP_CURRENT_ENV: 'production' }, 'AP_CURRENT_ENV'],
    ['another product', { AP_PRECREATE_PRODUCT_CODE: 'QUICK_WAP_WAY' }, 'AP_PRECREATE_PRODUCT_CODE'],
    ['a relative return address', { AP_RETURN_URL: '/done' }, 'AP_RETURN_URL'],
    ['another scheme', { AP_RETURN_URL: 'javascript:alert(1)' }, 'AP_RETURN_URL'],
    ['a blank in the notify address', { AP_NOTIFY_URL: 'https://shop.example/a b' }, 'AP_NOTIFY_URL'],
    ['a long notify address', { AP_NOTIFY_URL: `https://shop.example/${'a'.repeat(256)}` }, 'AP_NOTIFY_URL'],
    ['HTML in the notify address', { AP_NOTIFY_URL: 'https://shop.example/<b>' }, 'AP_NOTIFY_URL'],
    ['a wrong public address', { CASHIER_PUBLIC_URL: 'pay.example' }, 'CASHIER_PUBLIC_URL'],
    ['a token with blanks', { AP_INVOKE_AUTH_TOKEN: 'a b' }, 'AP_INVOKE_AUTH_TOKEN'],
    ['a token of nobody knows whom', { AP_INVOKE_AUTH_TOKEN: '202111BB00' }, 'AP_SELLER_ID'],
    ['a wrong seller id', { AP_SELLER_ID: 'me@shop.example' }, 'AP_SELLER_ID'],
    [
      "Alipay's own gateway, in its sandbox",
      { AP_CURRENT_ENV: 'sandbox', AP_GATEWAY: 'https://openapi.alipay.com/gateway.do' },
      'AP_GATEWAY',
    ],
    [
      "the sandbox's gateway, for real",
      { AP_GATEWAY: 'https://openapi-sandbox.dl.alipaydev.com/gateway.do' },
      'AP_GATEWAY',
    ],
    [
      "the sandbox's gateway, for real, as a whole name",
      { AP_GATEWAY: 'https://openapi-sandbox.dl.alipaydev.com./gateway.do' },
      'AP_GATEWAY',
    ],
    ['a gateway without TLS', { AP_GATEWAY: 'http://gateway.example/gateway.do' }, 'AP_GATEWAY'],
    ['a loopback look-alike', { AP_GATEWAY: 'http://127.0.0.1.evil.example/gateway.do' }, 'AP_GATEWAY'],
    ['a gateway with a password', { AP_GATEWAY: 'https://me:pw@gateway.example/gateway.do' }, 'AP_GATEWAY'],
    ['a gateway with a query', { AP_GATEWAY: 'https://gateway.example/gateway.do?x=1' }, 'AP_GATEWAY'],
    ['a gateway origin only', { AP_GATEWAY: 'https://gateway.example' }, 'AP_GATEWAY'],
    ['no URL as gateway', { AP_GATEWAY: 'openapi.alipay' }, 'AP_GATEWAY'],
    ['a service without a seller', { ...SELLS, AP_SELLER_ID: undefined }, 'AP_SELLER_ID'],
    ['a service without a payee', { ...SELLS, CASHIER_MERCHANT_NAME: '' }, 'CASHIER_MERCHANT_NAME'],
    ['a service that is none', { ...SELLS, AP_A2M_SERVICE_ID: 'weather' }, 'AP_A2M_SERVICE_ID'],
    ["the sandbox's service", { ...SELLS, AP_A2M_SERVICE_ID: 'api_mock_service_id' }, 'AP_A2M_SERVICE_ID'],
  ];
  for (const [name, change, variable] of wrong) {
    it(`refuses ${name}`, () => {
      const error = refusal({ ...ENV, ...change });
      expect(error.code).toBe('CONFIGURATION');
      expect(error.details).toEqual({ variable });
      expect(error.text.en).toContain(variable);
      expect(error.text.zh).toContain(variable);
      expect(error.next.zh).toContain(variable);
      const value = change[variable];
      if (value) expect(`${error.text.en}${error.text.zh}`).not.toContain(value);
    });
  }
});
