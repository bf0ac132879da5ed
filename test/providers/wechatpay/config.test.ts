import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { CashierError } from '../../../src/domain/errors.ts';
import { readWechatpayConfig } from '../../../src/providers/wechatpay/index.ts';
import { certificatePem } from './certificate-maker.ts';
import {
  configOf,
  ENV,
  merchantKeys,
  NOW,
  PUB_KEY_ID,
  platformKeys,
  platformPem,
  privatePem,
} from './merchant.ts';

const publicPem = String(merchantKeys.publicKey.export({ type: 'spki', format: 'pem' }));
const certificate = certificatePem(merchantKeys, { serial: '1d01', from: NOW - 1000, until: NOW + 1000 });
const ecPem = String(
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
);
const shortPem = String(
  generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
);

function errorOf(overrides: Readonly<Record<string, string | undefined>>): CashierError {
  try {
    readWechatpayConfig({ ...ENV, ...overrides });
  } catch (error) {
    if (error instanceof CashierError) return error;
    throw error;
  }
  throw new Error('the configuration was accepted');
}

describe('readWechatpayConfig', () => {
  it('is undefined when no credential is set, whatever else is', () => {
    expect(readWechatpayConfig({})).toBeUndefined();
    expect(readWechatpayConfig({ WXPAY_MCH_ID: ' ', WXPAY_GATEWAY: 'https://x.example' })).toBeUndefined();
    expect(readWechatpayConfig({ CASHIER_PUBLIC_URL: 'https://x.example' })).toBeUndefined();
  });

  it('reads a whole configuration', () => {
    const config = configOf();
    expect(config).toMatchObject({
      appId: 'wxd678efh567hg6787',
      mchId: '1900000109',
      merchantSerial: '1DDE55AD98ED71D6EDD4A4A16996DE7B47773A8C',
      notifyUrl: 'https://pay.example.com/notify/wechatpay',
      origin: 'https://api.mch.weixin.qq.com',
    });
    expect(config.platformKey?.id).toBe(PUB_KEY_ID);
    expect(config.platformKey?.key.equals(platformKeys.publicKey)).toBe(true);
  });

  it('shows no secret when it is serialised', () => {
    const text = JSON.stringify(configOf());
    expect(text).not.toContain(ENV.WXPAY_API_V3_KEY);
    expect(text).not.toContain('PRIVATE');
    expect(text).toContain('"apiV3Key":{}');
  });

  it('goes without a public key: platform certificates', () => {
    expect(configOf({ WXPAY_PUB_KEY: undefined, WXPAY_PUB_KEY_ID: undefined }).platformKey).toBeUndefined();
  });

  it('takes the private key in every form it is pasted in', () => {
    const pkcs1 = String(merchantKeys.privateKey.export({ type: 'pkcs1', format: 'pem' }));
    const bare = (pem: string) => pem.replace(/-----[^-]+-----/g, '').replace(/\s/g, '');
    const forms = [
      privatePem,
      pkcs1,
      bare(privatePem),
      bare(pkcs1),
      privatePem.replaceAll('\n', '\\n'),
      pkcs1.replaceAll('\n', '\\r\\n'),
      pkcs1.replaceAll('\n', '\r\n'),
      privatePem.replaceAll('\n', ' '),
    ];
    for (const WXPAY_MCH_KEY of forms) {
      expect(configOf({ WXPAY_MCH_KEY }).merchantKey.equals(merchantKeys.privateKey)).toBe(true);
    }
  });

  it('takes the public key as SPKI or PKCS#1', () => {
    const pkcs1 = String(platformKeys.publicKey.export({ type: 'pkcs1', format: 'pem' }));
    for (const WXPAY_PUB_KEY of [platformPem, pkcs1, platformPem.replaceAll('\n', '\\n')]) {
      expect(configOf({ WXPAY_PUB_KEY }).platformKey?.key.equals(platformKeys.publicKey)).toBe(true);
    }
  });

  it('derives the notify address from the public one', () => {
    const derived = { WXPAY_NOTIFY_URL: undefined, CASHIER_PUBLIC_URL: 'https://pay.example.com/shop/' };
    expect(configOf(derived).notifyUrl).toBe('https://pay.example.com/shop/notify/wechatpay');
  });

  it('takes plain http on loopback only', () => {
    for (const WXPAY_GATEWAY of ['http://127.0.0.1:8080', 'http://localhost:1', 'http://[::1]:9/']) {
      expect(configOf({ WXPAY_GATEWAY }).origin).toBe(WXPAY_GATEWAY.replace(/\/$/, ''));
    }
    expect(configOf({ WXPAY_NOTIFY_URL: 'http://127.0.0.1:3920/notify/wechatpay' }).notifyUrl).toContain(
      'http:',
    );
  });

  const wrong: readonly [string, string, string | undefined, RegExp][] = [
    ['missing app id', 'WXPAY_APP_ID', undefined, /not set/],
    ['blank app id', 'WXPAY_APP_ID', '  ', /not set/],
    ['malformed app id', 'WXPAY_APP_ID', 'wx 1"', /malformed/],
    ['missing merchant number', 'WXPAY_MCH_ID', undefined, /not set/],
    ['malformed merchant number', 'WXPAY_MCH_ID', 'wx123456', /malformed/],
    ['missing private key', 'WXPAY_MCH_KEY', undefined, /not set/],
    ['public key for the private one', 'WXPAY_MCH_KEY', publicPem, /holds a public key/],
    ['certificate for the private key', 'WXPAY_MCH_KEY', certificate, /holds a certificate/],
    ['garbage for the private key', 'WXPAY_MCH_KEY', 'not a key!', /cannot be read/],
    ['a file path for the private key', 'WXPAY_MCH_KEY', '/etc/apiclient_key.pem', /WXPAY_MCH_KEY_FILE/],
    ['base64 garbage for the private key', 'WXPAY_MCH_KEY', 'AAAABBBB', /too short/],
    ['an EC key', 'WXPAY_MCH_KEY', ecPem, /no RSA key/],
    ['a short key', 'WXPAY_MCH_KEY', shortPem, /2048/],
    ['missing serial', 'WXPAY_MCH_SERIAL', undefined, /not set/],
    ['serial with colons', 'WXPAY_MCH_SERIAL', '1D:DE:55:AD:98', /without colons/],
    ['public key id as serial', 'WXPAY_MCH_SERIAL', PUB_KEY_ID, /not PUB_KEY_ID_/],
    ['missing APIv3 key', 'WXPAY_API_V3_KEY', undefined, /not set/],
    ['short APIv3 key', 'WXPAY_API_V3_KEY', 'abc', /has 3/],
    ['APIv3 key of 32 characters that are more bytes', 'WXPAY_API_V3_KEY', 'é'.repeat(32), /has 64/],
    ['id without a public key', 'WXPAY_PUB_KEY', undefined, /not set/],
    ['public key without an id', 'WXPAY_PUB_KEY_ID', undefined, /not set/],
    ['private key for the public one', 'WXPAY_PUB_KEY', privatePem, /holds a private key/],
    ['certificate for the public key', 'WXPAY_PUB_KEY', certificate, /holds a certificate/],
    ["the merchant's own public key", 'WXPAY_PUB_KEY', publicPem, /merchant's own public key/],
    ['garbage for the public key', 'WXPAY_PUB_KEY', 'x', /too short/],
    ['id of another kind', 'WXPAY_PUB_KEY_ID', '1DDE55AD98ED71D6', /must start with PUB_KEY_ID_/],
    ['missing notify address', 'WXPAY_NOTIFY_URL', undefined, /CASHIER_PUBLIC_URL/],
    ['notify address over http', 'WXPAY_NOTIFY_URL', 'http://pay.example.com/n', /https/],
    ['relative notify address', 'WXPAY_NOTIFY_URL', '/notify', /complete https address/],
    ['notify address with a query', 'WXPAY_NOTIFY_URL', 'https://pay.example.com/n?a=1', /query/],
    ['notify address with an empty query', 'WXPAY_NOTIFY_URL', 'https://pay.example.com/n?', /query/],
    ['notify address with a fragment', 'WXPAY_NOTIFY_URL', 'https://pay.example.com/n#a', /fragment/],
    ['notify address with a password', 'WXPAY_NOTIFY_URL', 'https://u:p@pay.example.com/n', /user name/],
    ['notify address too long', 'WXPAY_NOTIFY_URL', `https://pay.example.com/${'n'.repeat(240)}`, /255/],
    ['gateway over http', 'WXPAY_GATEWAY', 'http://api.mch.weixin.qq.com', /https/],
    ['gateway that only looks like loopback', 'WXPAY_GATEWAY', 'http://127.0.0.1.example.com', /https/],
    ['gateway with a path', 'WXPAY_GATEWAY', 'https://api.mch.weixin.qq.com/v3', /host only/],
    ['gateway with a user', 'WXPAY_GATEWAY', 'https://u@api.mch.weixin.qq.com', /host only/],
    ['gateway that is no address', 'WXPAY_GATEWAY', 'gateway.example.com', /host only/],
  ];

  it.each(wrong)('refuses %s', (_name, variable, value, why) => {
    const error = errorOf({ [variable]: value });
    expect(error.code).toBe('CONFIGURATION');
    expect(error.details).toEqual({ variable });
    expect(error.text.en).toMatch(why);
    for (const text of [error.text.zh, error.text.en, error.next.zh, error.next.en]) {
      expect(text).toContain(variable);
    }
    expect(error.text.zh).toMatch(/。$/);
    if (value !== undefined && value.trim().length > 8) expect(error.text.en).not.toContain(value);
  });

  it('names CASHIER_PUBLIC_URL when the derived address is wrong', () => {
    const error = errorOf({ WXPAY_NOTIFY_URL: undefined, CASHIER_PUBLIC_URL: 'http://pay.example.com' });
    expect(error.details).toEqual({ variable: 'CASHIER_PUBLIC_URL' });
  });
});
