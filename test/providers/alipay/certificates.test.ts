import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { certificateSn, certificatesIn, requireInForce } from '../../../src/providers/alipay/certificates.ts';
import { readAlipayConfig } from '../../../src/providers/alipay/index.ts';
import { certificatePem } from '../../../src/simulator/certificate.ts';
import { pem } from '../../support/rsa.ts';
import {
  alipayCert,
  appCert,
  CERTIFICATES,
  DAY,
  make,
  middleCert,
  name,
  ROOT,
  rootCert,
  rootKeys,
  second,
} from './certificate-world.ts';
import { alipayKeys, appKeys, ENV, NOW, strangerKeys } from './fake-gateway.ts';

const read = (env: Readonly<Record<string, string | undefined>>, now?: number) =>
  readAlipayConfig({ ...ENV, ...CERTIFICATES, ...env }, now);
const secondRoot = make({
  subject: name('Demo Root 2'),
  issuer: { ...ROOT, name: name('Demo Root 2') },
  publicKey: rootKeys.publicKey,
  serial: 'ff00000000000001',
  ca: true,
});
const odd = { issuer: { ...ROOT, name: name('Foo, Inc') } };
const short = generateKeyPairSync('rsa', { modulusLength: 1024 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ecRoot = certificatePem({
  subject: name('EC Root'),
  publicKey: ec.publicKey,
  privateKey: ec.privateKey,
  serial: '05',
  from: second - DAY,
  until: second + DAY,
});
/** The curve's number replaced by that of SM2, which no OpenSSL of Node's takes for a key. */
const sm2Root = (() => {
  const [, base64 = ''] = /-----\n([\s\S]*)\n-----END/.exec(ecRoot) ?? [];
  const hex = Buffer.from(base64, 'base64').toString('hex').replace('2a8648ce3d030107', '2a811ccf5501822d');
  return `-----BEGIN CERTIFICATE-----\n${Buffer.from(hex, 'hex').toString('base64')}\n-----END CERTIFICATE-----\n`;
})();

describe("Alipay's number of a certificate", () => {
  it('has known answers', () => {
    expect(certificateSn(new X509Certificate(rootCert))).toBe('c2b9d4176bb7d52fa1748fd74118e2eb');
    expect(certificateSn(new X509Certificate(secondRoot))).toBe('5dd46be75d596ec46fc6e2dd168cce8d');
  });

  it('of a root file has those of its RSA roots, in its order, and passes over others', () => {
    const file = `Alipay Root\r\n${rootCert}${ecRoot}${sm2Root}${secondRoot}`.replaceAll('\n', '\r\n');
    expect(read({ AP_ROOT_CERT: file })?.certificates?.rootCertSn).toBe(
      'c2b9d4176bb7d52fa1748fd74118e2eb_5dd46be75d596ec46fc6e2dd168cce8d',
    );
  });

  it.each(['Foo, Inc', 'a+b', 'back\\slash', '"quoted"'])('is not made of the issuer %s', (cn) => {
    const odd = make({ subject: name(cn), issuer: { ...ROOT, name: name(cn) }, serial: '01' });
    expect(certificateSn(new X509Certificate(odd))).toBeUndefined();
  });

  it('is made of an issuer whose name only speaks of an address', () => {
    const cn = name('emailAddress=x');
    const plain = make({ subject: cn, issuer: { ...ROOT, name: cn }, serial: '01' });
    expect(certificateSn(new X509Certificate(plain))).toMatch(/^[0-9a-f]{32}$/);
  });
});

describe('certificates', () => {
  it.each<[string, (text: string) => string]>([
    ['PEM', (text) => text],
    ['escaped breaks', (text) => text.replaceAll('\n', '\\n')],
    ['CRLF and words around it', (text) => `Bag\r\n${text.replaceAll('\n', '\r\n')}`],
    ['bare base64', (text) => text.replace(/-----.*-----|\s/g, '')],
  ])('are read as %s', (_what, form) => {
    expect(certificatesIn(form(appCert))).toHaveLength(1);
    expect(read({ AP_APP_CERT: form(appCert) })?.certificates?.appCertSn).toMatch(/^[0-9a-f]{32}$/);
  });

  it('are read in quotes, escaped twice, and none of one that has no beginning or end', () => {
    const bare = appCert.replace(/-----.*-----|\s/g, '');
    const count = (text: string) => certificatesIn(text).length;
    for (const text of [`"${bare}"`, `'${bare}'`, `\ufeff${bare}`, appCert.replaceAll('\n', '\\\\r\\\\n')])
      expect(count(text), text).toBe(1);
    const [begin, end] = ['-----BEGIN CERTIFICATE-----', '-----END CERTIFICATE-----'];
    for (const text of [`.${bare}`, `${bare}.`, appCert.replace('MII', '.MII')])
      expect(count(text), text).toBe(0);
    expect(count(appCert.replace(end, ''))).toBe(0);
    expect(count(appCert.replace(begin, ''))).toBe(0);
    expect(count(`${appCert.replace(begin, '')}${alipayCert}`)).toBe(1);
    expect(count(`${appCert.replace(end, '')}${alipayCert}`)).toBe(1);
    expect(count(`${begin}${end}${appCert}`)).toBe(1);
    expect(count(`${appCert}${alipayCert}`)).toBe(2);
  });

  it("verify with the key in Alipay's, and may stand beside the same public key", () => {
    expect(read({})?.alipayPublicKey.equals(alipayKeys.publicKey)).toBe(true);
    expect(read({ AP_PUB_KEY: ENV.AP_PUB_KEY })?.certificates).toBeDefined();
  });

  const bareKey = pem(alipayKeys.publicKey).replace(/-----.*-----|\s/g, '');
  it.each<[string, Readonly<Record<string, string | undefined>>, string, RegExp]>([
    ['only two', { AP_ROOT_CERT: '' }, 'AP_ROOT_CERT', /三项/],
    ['only one', { AP_APP_CERT: '', AP_ALIPAY_CERT: '' }, 'AP_APP_CERT', /三项/],
    ['a bare public key', { AP_ALIPAY_CERT: bareKey }, 'AP_ALIPAY_CERT', /填的是公钥/],
    ['a public key', { AP_APP_CERT: pem(alipayKeys.publicKey) }, 'AP_APP_CERT', /填的是公钥/],
    ['a private key', { AP_APP_CERT: pem(appKeys.privateKey) }, 'AP_APP_CERT', /填的是私钥/],
    ['a public key behind something else', { AP_APP_CERT: `x${bareKey}` }, 'AP_APP_CERT', /不是可以识别/],
    ['the two exchanged', { AP_APP_CERT: alipayCert, AP_ALIPAY_CERT: appCert }, 'AP_APP_CERT', /填反/],
    [
      "another app's",
      { AP_APP_CERT: make({ publicKey: strangerKeys.publicKey }) },
      'AP_APP_CERT',
      /不是一对/,
    ],
    ["the app's twice", { AP_ALIPAY_CERT: appCert }, 'AP_ALIPAY_CERT', /应用自己/],
    ['an EC one', { AP_ALIPAY_CERT: ecRoot }, 'AP_ALIPAY_CERT', /RSA/],
    [
      'an RSA one that is too short',
      { AP_ALIPAY_CERT: make({ publicKey: short.publicKey }) },
      'AP_ALIPAY_CERT',
      /RSA/,
    ],
    [
      'one of an issuer without a number',
      { AP_APP_CERT: make({ ...odd, publicKey: appKeys.publicKey }) },
      'AP_APP_CERT',
      /颁发者/,
    ],
    [
      'a root without a number',
      { AP_ROOT_CERT: make({ ...odd, subject: odd.issuer.name }) },
      'AP_ROOT_CERT',
      /颁发者/,
    ],
    ['no root', { AP_ROOT_CERT: alipayCert }, 'AP_ROOT_CERT', /根证书/],
    ['roots without RSA', { AP_ROOT_CERT: ecRoot }, 'AP_ROOT_CERT', /证书/],
    ['garbage', { AP_ROOT_CERT: 'MIIB' }, 'AP_ROOT_CERT', /识别/],
    ['half a certificate', { AP_APP_CERT: appCert.slice(0, 400) }, 'AP_APP_CERT', /识别/],
    [
      'another public key beside it',
      { AP_PUB_KEY: pem(strangerKeys.publicKey) },
      'AP_PUB_KEY',
      /AP_ALIPAY_CERT/,
    ],
  ])('are refused with a sentence: %s', (_what, env, variable, zh) => {
    expect(() => read(env)).toThrow(
      expect.objectContaining({
        code: 'CONFIGURATION',
        details: { variable },
        text: expect.objectContaining({ zh: expect.stringMatching(zh) }),
      }),
    );
  });

  it('of an app are refused once they have run out', () => {
    const expired = make({ publicKey: new X509Certificate(appCert).publicKey, until: second - 1000 });
    expect(() => read({ AP_APP_CERT: expired }, NOW)).toThrow(
      expect.objectContaining({ code: 'CONFIGURATION' }),
    );
    expect(read({}, NOW)).toBeDefined();
    expect(
      read({ AP_ALIPAY_CERT: make({ until: second - 1000 }) }, NOW),
      'its key may well be in use',
    ).toBeDefined();
  });

  it('of an app are in force to before their last instant', () => {
    const until = new X509Certificate(appCert).validTo;
    requireInForce(appCert, Date.parse(until) - 1);
    const refused = { code: 'CONFIGURATION', details: { variable: 'AP_APP_CERT' } };
    expect(() => requireInForce(appCert, Date.parse(until))).toThrow(expect.objectContaining(refused));
    expect(() => requireInForce('x', NOW)).toThrow(expect.objectContaining(refused));
  });

  it('of an authority may stand beside a root', () => {
    expect(read({ AP_ROOT_CERT: `${middleCert}${rootCert}` })?.certificates?.roots).toHaveLength(2);
  });

  it('of an authority are no root', () => {
    expect(() => read({ AP_ROOT_CERT: middleCert })).toThrow(
      expect.objectContaining({ code: 'CONFIGURATION' }),
    );
  });
});
