import { describe, expect, it } from 'vitest';
import { readAlipayConfig } from '../../src/providers/alipay/index.ts';
import { readWechatpayConfig } from '../../src/providers/wechatpay/index.ts';
import { certificatePem } from '../providers/wechatpay/certificate-maker.ts';
import {
  ALIPAY,
  alipay,
  app,
  bare,
  curve,
  merchant,
  pkcs1,
  pkcs8,
  short,
  spki,
  WECHATPAY,
  wechatpay,
} from './merchants.ts';
import { aboutWallets, diagnose, file, secret } from './patient.ts';

type Env = Readonly<Record<string, string | undefined>>;

const sec1 = secret(String(curve.privateKey.export({ type: 'sec1', format: 'pem' })));
const locked = secret(
  String(app.privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })),
);
const certificate = (keys: typeof merchant) =>
  secret(certificatePem(keys, { serial: WECHATPAY.WXPAY_MCH_SERIAL, from: 0, until: 4e12 }));
const half = bare(pkcs8(app)).slice(0, 500);

/** A mistake that people make, and everything that is then complained of, without the wallet's name. */
type Mistake = [what: string, change: Env, ...complaints: string[]];
const ALIPAY_MISTAKES: readonly Mistake[] = [
  ['no key at all', { AP_APP_KEY: undefined, AP_PUB_KEY: '' }, 'error incomplete AP_APP_KEY'],
  ['no app id', { AP_APP_ID: undefined }, 'error incomplete AP_APP_ID'],
  ['the seller id', { AP_APP_ID: '2088123412341234' }, 'error ap-app-id AP_APP_ID'],
  ["WeChat's AppID", { AP_APP_ID: 'wxd678efa567ab6787' }, 'error app-id-is-wechat AP_APP_ID'],
  ['the example', { AP_APP_ID: '2021000000000000' }, 'error example-value AP_APP_ID'],
  ['a sandbox app', { AP_APP_ID: '9021000123456789' }, 'warning app-id-sandbox AP_APP_ID'],
  ['a public key for the private', { AP_APP_KEY: spki(wechatpay) }, 'error app-key-is-public AP_APP_KEY'],
  [
    'a private key for the public',
    { AP_PUB_KEY: pkcs8(wechatpay) },
    'error public-key-is-private AP_PUB_KEY',
  ],
  [
    'the two exchanged',
    { AP_APP_KEY: spki(alipay), AP_PUB_KEY: pkcs8(app) },
    'error keys-swapped AP_APP_KEY',
  ],
  [
    'a pair the wrong way round',
    { AP_APP_KEY: bare(spki(app)), AP_PUB_KEY: bare(pkcs1(app)) },
    'error keys-swapped AP_APP_KEY',
  ],
  ["the app's own public key", { AP_PUB_KEY: bare(spki(app)) }, 'error public-key-is-apps-own AP_PUB_KEY'],
  ['the app key twice', { AP_PUB_KEY: pkcs1(app) }, 'error public-key-is-apps-own AP_PUB_KEY'],
  ['a key cut off', { AP_APP_KEY: half }, 'error app-key-unreadable AP_APP_KEY'],
  ['a key that is prose', { AP_APP_KEY: '请粘贴你的应用私钥' }, 'error app-key-unreadable AP_APP_KEY'],
  ['a short key', { AP_APP_KEY: pkcs8(short) }, 'error app-key-too-short AP_APP_KEY'],
  ['a key of a curve', { AP_APP_KEY: sec1 }, 'error app-key-not-rsa AP_APP_KEY'],
  ['a public key of a curve', { AP_PUB_KEY: spki(curve) }, 'error public-key-not-rsa AP_PUB_KEY'],
  ['a locked key', { AP_APP_KEY: locked }, 'error app-key-encrypted AP_APP_KEY'],
  ['a certificate', { AP_PUB_KEY: certificate(alipay) }, 'error public-key-is-certificate AP_PUB_KEY'],
  ['a path', { AP_APP_KEY: '/etc/keys/app.pem' }, 'error app-key-is-path AP_APP_KEY'],
  ['a path on Windows', { AP_PUB_KEY: 'C:\\keys\\alipay.pem' }, 'error public-key-is-path AP_PUB_KEY'],
  [
    'an empty PEM',
    { AP_APP_KEY: '-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----' },
    'error app-key-empty AP_APP_KEY',
  ],
  [
    'an id of WeChat Pay',
    { AP_PUB_KEY: 'PUB_KEY_ID_0114232134912410000000000001' },
    'error public-key-is-id AP_PUB_KEY',
  ],
  [
    'both keys wrong and a seller id that is none',
    { AP_APP_KEY: spki(wechatpay), AP_PUB_KEY: half, AP_SELLER_ID: '1' },
    'error app-key-is-public AP_APP_KEY',
    'error public-key-unreadable AP_PUB_KEY',
    'error ap-seller-id AP_SELLER_ID',
  ],
  [
    'a token without the seller who granted it',
    { AP_INVOKE_AUTH_TOKEN: '202611BB0123', AP_SELLER_ID: undefined },
    'error ap-seller-id AP_SELLER_ID',
  ],
  ['an example of a seller', { AP_SELLER_ID: '2088000000000000' }, 'error example-value AP_SELLER_ID'],
  [
    'a service without who sells',
    { AP_A2M_SERVICE_ID: 'API_1' },
    'error ap-seller-id AP_SELLER_ID',
    'error cashier-merchant-name CASHIER_MERCHANT_NAME',
  ],
  [
    'a service that is none',
    { AP_A2M_SERVICE_ID: 'weather', AP_SELLER_ID: '2088123412341234', CASHIER_MERCHANT_NAME: '茶铺' },
    'error ap-a2m-service-id AP_A2M_SERVICE_ID',
  ],
  [
    "the sandbox's service",
    {
      ...{ AP_A2M_SERVICE_ID: 'api_mock_service_id', AP_SELLER_ID: '2088123412341234' },
      CASHIER_MERCHANT_NAME: '茶铺',
    },
    'error ap-a2m-service-id AP_A2M_SERVICE_ID',
  ],
  [
    'the example of a service',
    {
      ...{ AP_A2M_SERVICE_ID: 'API_0000000000000000', AP_SELLER_ID: '2088123412341234' },
      CASHIER_MERCHANT_NAME: '茶铺',
    },
    'error example-value AP_A2M_SERVICE_ID',
  ],
  ['the scene that is none', { AP_SIGN_SCENE: 'DEFAULT|DEFAULT' }, 'error ap-sign-scene AP_SIGN_SCENE'],
  ['RSA', { AP_ENCRYPTION_ALGO: 'RSA' }, 'warning rsa-sha1 AP_ENCRYPTION_ALGO'],
  [
    'an algorithm that is none',
    { AP_ENCRYPTION_ALGO: 'rsa2' },
    'error ap-encryption-algo AP_ENCRYPTION_ALGO',
  ],
  ['a gateway without TLS', { AP_GATEWAY: 'http://pay.cn/gateway.do' }, 'error ap-gateway AP_GATEWAY'],
  [
    'a product that is none',
    { AP_PRECREATE_PRODUCT_CODE: 'QR' },
    'error ap-precreate-product-code AP_PRECREATE_PRODUCT_CODE',
  ],
];

const WECHATPAY_MISTAKES: readonly Mistake[] = [
  ['half of it', { WXPAY_MCH_KEY: undefined, WXPAY_API_V3_KEY: undefined }, 'error incomplete WXPAY_MCH_KEY'],
  [
    'a public key for the private',
    { WXPAY_MCH_KEY: spki(merchant) },
    'error merchant-key-is-public WXPAY_MCH_KEY',
  ],
  [
    "the merchant's certificate for its key",
    { WXPAY_MCH_KEY: certificate(merchant) },
    'error merchant-key-is-certificate WXPAY_MCH_KEY',
  ],
  [
    '31 bytes',
    { WXPAY_API_V3_KEY: WECHATPAY.WXPAY_API_V3_KEY.slice(1) },
    'error v3-key-length WXPAY_API_V3_KEY',
  ],
  [
    '33 bytes',
    { WXPAY_API_V3_KEY: `${WECHATPAY.WXPAY_API_V3_KEY}x` },
    'error v3-key-length WXPAY_API_V3_KEY',
  ],
  [
    'a key with a blank inside',
    { WXPAY_API_V3_KEY: WECHATPAY.WXPAY_API_V3_KEY.replace(/.{4}$/, ' abc') },
    'warning v3-key-characters WXPAY_API_V3_KEY',
  ],
  ['a serial with colons', { WXPAY_MCH_SERIAL: '1D:DE:55:AD' }, 'error serial-form WXPAY_MCH_SERIAL'],
  ['a serial too short', { WXPAY_MCH_SERIAL: '1DDE55AD98' }, 'warning serial-form WXPAY_MCH_SERIAL'],
  ['a serial in decimal', { WXPAY_MCH_SERIAL: '1'.repeat(48) }, 'error serial-form WXPAY_MCH_SERIAL'],
  [
    'the key id for the serial',
    { WXPAY_MCH_SERIAL: WECHATPAY.WXPAY_PUB_KEY_ID },
    'error serial-is-public-key-id WXPAY_MCH_SERIAL',
  ],
  [
    'the serial for the key id',
    { WXPAY_PUB_KEY_ID: WECHATPAY.WXPAY_MCH_SERIAL },
    'error public-key-id-form WXPAY_PUB_KEY_ID',
  ],
  ['a public key without its id', { WXPAY_PUB_KEY_ID: undefined }, 'error public-key-half WXPAY_PUB_KEY_ID'],
  ['an id without its key', { WXPAY_PUB_KEY: undefined }, 'error public-key-half WXPAY_PUB_KEY'],
  [
    "a sub-merchant's app without its merchant",
    { WXPAY_SUB_APP_ID: 'wx5555666677778888' },
    'error wxpay-sub-mch-id WXPAY_SUB_MCH_ID',
  ],
  [
    'the provider for its own sub-merchant',
    { WXPAY_SUB_MCH_ID: WECHATPAY.WXPAY_MCH_ID },
    'error wxpay-sub-mch-id WXPAY_SUB_MCH_ID',
  ],
  [
    'an example of a sub-merchant',
    { WXPAY_SUB_MCH_ID: '1900000001' },
    'error example-value WXPAY_SUB_MCH_ID',
  ],
  [
    "the merchant's own public key",
    { WXPAY_PUB_KEY: spki(merchant) },
    'error public-key-is-merchants-own WXPAY_PUB_KEY',
  ],
  [
    "the merchant's private key as the public",
    { WXPAY_PUB_KEY: pkcs8(merchant) },
    'error public-key-is-merchants-own WXPAY_PUB_KEY',
  ],
  [
    "the merchant's certificate as the public key",
    { WXPAY_PUB_KEY: certificate(merchant) },
    'error public-key-is-merchants-own WXPAY_PUB_KEY',
  ],
  [
    'a platform certificate',
    { WXPAY_PUB_KEY: certificate(wechatpay) },
    'error public-key-is-certificate WXPAY_PUB_KEY',
  ],
  [
    'AppID and merchant number exchanged',
    { WXPAY_APP_ID: '1900000109', WXPAY_MCH_ID: 'wxd678efa567ab6787' },
    'error numbers-swapped WXPAY_MCH_ID',
    'error numbers-swapped WXPAY_APP_ID',
  ],
  ['an AppSecret', { WXPAY_APP_ID: 'a'.repeat(32) }, 'warning app-id-form WXPAY_APP_ID'],
  [
    'a merchant number too long',
    { WXPAY_MCH_ID: '2088123412341234' },
    'warning merchant-number-form WXPAY_MCH_ID',
  ],
  ['a merchant number with letters', { WXPAY_MCH_ID: 'mch-1' }, 'error merchant-number-form WXPAY_MCH_ID'],
  ['the example number', { WXPAY_MCH_ID: '1900000000' }, 'error example-value WXPAY_MCH_ID'],
  ['no notify address', { WXPAY_NOTIFY_URL: undefined }, 'error wxpay-notify-url WXPAY_NOTIFY_URL'],
  [
    'a notify address with a query',
    { WXPAY_NOTIFY_URL: 'https://pay.shop.cn/n?a=1' },
    'error wxpay-notify-url WXPAY_NOTIFY_URL',
  ],
  [
    'a notify address without TLS',
    { WXPAY_NOTIFY_URL: 'http://pay.shop.cn/n' },
    'error wxpay-notify-url WXPAY_NOTIFY_URL',
  ],
  [
    "Alipay's app key",
    { ...ALIPAY, WXPAY_MCH_KEY: ALIPAY.AP_APP_KEY },
    'warning key-shared-with-alipay WXPAY_MCH_KEY',
  ],
];

/** Whether the server itself would refuse to start with it. */
function isRefused(read: (env: Env) => unknown, env: Env): boolean {
  try {
    read(env);
    return false;
  } catch {
    return true;
  }
}

describe.each([
  ['alipay', ALIPAY, ALIPAY_MISTAKES, readAlipayConfig],
  ['wechatpay', WECHATPAY, WECHATPAY_MISTAKES, readWechatpayConfig],
] as const)('the settings of %s', (wallet, right, mistakes, read) => {
  it.each(mistakes)('with %s', async (_what, change, ...complaints) => {
    const env: Env = { ...right, ...change };
    expect(await aboutWallets(env)).toEqual(complaints.map((one) => one.replace(' ', ` ${wallet}.`)));
    // Nothing that the server refuses to start with passes here.
    if (isRefused(read, env)) expect(complaints.some((one) => one.startsWith('error'))).toBe(true);
  });

  it('are fine when they are right', async () => {
    expect(await aboutWallets(right)).toEqual([]);
  });
});

describe('selling single calls', () => {
  const HUB = {
    WXPAY_SKILLHUB_DEVELOPER_ID: 'sh-1A2b3C4d',
    WXPAY_SKILLHUB_KEY: pkcs8(app),
    WXPAY_SKILLHUB_KEY_ID: 'PUB_KEY_0123456789ABCDEF0123456789ABCDEF',
  };

  it.each<Mistake>([
    ['nothing wrong', {}],
    ['no key', { WXPAY_SKILLHUB_KEY: undefined }, 'error wxpay-skillhub-key WXPAY_SKILLHUB_KEY'],
    ['a public key', { WXPAY_SKILLHUB_KEY: spki(app) }, 'error skillhub-key-is-public WXPAY_SKILLHUB_KEY'],
    ['a short key', { WXPAY_SKILLHUB_KEY: pkcs8(short) }, 'error skillhub-key-too-short WXPAY_SKILLHUB_KEY'],
    [
      "the merchant's key",
      { WXPAY_SKILLHUB_KEY: pkcs8(merchant) },
      'error wxpay-skillhub-key WXPAY_SKILLHUB_KEY',
    ],
    [
      "WeChat Pay's id",
      { WXPAY_SKILLHUB_KEY_ID: WECHATPAY.WXPAY_PUB_KEY_ID },
      'error wxpay-skillhub-key-id WXPAY_SKILLHUB_KEY_ID',
    ],
    [
      'the example',
      { WXPAY_SKILLHUB_DEVELOPER_ID: 'sh-00000000' },
      'error example-value WXPAY_SKILLHUB_DEVELOPER_ID',
    ],
    [
      'an address without TLS',
      { WXPAY_X402_GATEWAY: 'http://payapp.weixin.qq.com' },
      'error wxpay-x402-gateway WXPAY_X402_GATEWAY',
    ],
  ])('with %s', async (_what, change, ...complaints) => {
    const env: Env = { ...WECHATPAY, ...HUB, ...change };
    expect(await aboutWallets(env)).toEqual(complaints.map((one) => one.replace(' ', ' wechatpay.')));
    expect(isRefused(readWechatpayConfig, env)).toBe(
      complaints.length > 0 && !complaints[0]?.includes('example'),
    );
  });

  it('is told under which scene subscribers agree, and what to set at Alipay for that', async () => {
    const env = { ...ALIPAY, AP_SIGN_SCENE: 'INDUSTRY|EDU' };
    const finding = (await diagnose(env)).find(({ id }) => id === 'alipay.agreements');
    expect(finding).toMatchObject({
      level: 'ok',
      message: { zh: expect.stringMatching(/INDUSTRY\|EDU.*应用网关/) },
    });
    expect(await aboutWallets(env)).toEqual([]);
  });

  it('is told which service is charged for', async () => {
    const env = {
      ...ALIPAY,
      ...{ AP_A2M_SERVICE_ID: 'API_12AB', AP_SELLER_ID: '2088123412341234', CASHIER_MERCHANT_NAME: '茶铺' },
    };
    const finding = (await diagnose(env)).find(({ id }) => id === 'alipay.a2m');
    expect(finding?.level).toBe('ok');
    expect(finding?.message.zh).toContain('API_12AB');
    expect(await aboutWallets(env)).toEqual([]);
  });
});

describe('a platform', () => {
  it.each<[string, Env, string, string]>([
    [
      'a service provider',
      { ...WECHATPAY, WXPAY_SUB_MCH_ID: '1700123456' },
      'wechatpay.service-provider',
      '1700123456',
    ],
    [
      'an ISV',
      {
        ...ALIPAY,
        AP_INVOKE_AUTH_TOKEN: secret('202611BB0123456789abcdef01234567'),
        AP_SELLER_ID: '2088123456789012',
      },
      'alipay.isv',
      '2088123456789012',
    ],
  ])('is told for whom it collects: %s', async (_what, env, id, seller) => {
    const finding = (await diagnose(env)).find((one) => one.id === id);
    expect(finding?.level).toBe('ok');
    for (const text of [finding?.message.zh, finding?.message.en]) expect(text).toContain(seller);
    expect(await aboutWallets(env)).toEqual([]);
  });
});

describe('a key that is right', () => {
  it.each([
    ['PKCS#8, PEM', pkcs8(app)],
    ['PKCS#1, PEM', pkcs1(app)],
    ['PKCS#8, base64', bare(pkcs8(app))],
    ['PKCS#1, base64', bare(pkcs1(app))],
    ['PKCS#8, PEM', pkcs8(app).replaceAll('\n', '\\n')],
    ['PKCS#1, base64', bare(pkcs1(app)).replace(/.{64}/g, '$& ')],
  ])('is taken as %s, and said to be it', async (form, text) => {
    const found = await diagnose({ ...ALIPAY, AP_APP_KEY: text });
    const finding = found.find(({ id }) => id === 'alipay.app-key');
    expect(finding).toMatchObject({ level: 'ok', variable: 'AP_APP_KEY' });
    expect(finding?.message.en).toContain(`${form}, 2048 bits`);
  });

  it('is named after its file where it comes from one', async () => {
    const path = file('public.pem', spki(app));
    const { AP_APP_KEY: _, ...rest } = ALIPAY;
    expect(await aboutWallets({ ...rest, AP_APP_KEY_FILE: path })).toEqual([
      'error alipay.app-key-is-public AP_APP_KEY_FILE',
    ]);
  });
});
