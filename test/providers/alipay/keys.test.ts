import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { CashierError } from '../../../src/domain/errors.ts';
import { readAlipayPublicKey, readAppPrivateKey } from '../../../src/providers/alipay/keys.ts';
import { pem } from '../../support/rsa.ts';
import { alipayKeys, appKeys } from './fake-gateway.ts';

const bare = (text: string): string => text.replace(/-----[^-]+-----|\s/g, '');
const exportAs = (key: KeyObject, type: 'pkcs1' | 'pkcs8' | 'spki'): string =>
  key.type === 'private'
    ? key.export({ type: type === 'pkcs1' ? 'pkcs1' : 'pkcs8', format: 'pem' }).toString()
    : key.export({ type: type === 'pkcs1' ? 'pkcs1' : 'spki', format: 'pem' }).toString();

/** Self-signed and good for nothing but being recognised as a certificate. */
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBgzCCASmgAwIBAgIUStmYbfMFlQ2x6DCzRiPW0Z+EbvAwCgYIKoZIzj0EAwIw
FjEUMBIGA1UEAwwLYWxpcGF5IHRlc3QwIBcNMjYxMTIxMDcwNDU5WhgPMjEyNjEw
MjgwNzA0NTlaMBYxFDASBgNVBAMMC2FsaXBheSB0ZXN0MFkwEwYHKoZIzj0CAQYI
KoZIzj0DAQcDQgAE2oiZPFxRZ/Q/6+Q/lAsvj+o+FcKofC+bcY1Hv+ICrz7alJGm
A88KlGAgYrv7RCohIcsRUZl34Pi61iDwK8LvtaNTMFEwHQYDVR0OBBYEFP1QOCeg
Et/t3jTVYmmqtm7xSCwfMB8GA1UdIwQYMBaAFP1QOCegEt/t3jTVYmmqtm7xSCwf
MA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIhANzi5OWYkisy8ou/
xD+UvkPwTpbgh/lOXD4g2FAzSNH6AiBrvxh2MczjL2JEzpj15g5r/EIk8bi8JYb6
9TzGgz3MSw==
-----END CERTIFICATE-----`;

/** Every way the same PEM is pasted in practice. */
const pastes: readonly (readonly [string, (text: string) => string])[] = [
  ['PEM', (text) => text],
  ['PEM with CRLF', (text) => text.replaceAll('\n', '\r\n')],
  ['PEM with literal \\n', (text) => text.replaceAll('\n', '\\n')],
  ['PEM with literal \\r\\n', (text) => text.replaceAll('\n', '\\r\\n')],
  ['PEM on one line with blanks', (text) => text.replaceAll('\n', ' ')],
  ['PEM indented', (text) => text.replaceAll('\n', '\n    ')],
  ['bare base64', bare],
  ['bare base64 with line breaks', (text) => bare(text).replace(/(.{64})/g, '$1\n')],
  ['bare base64 with literal \\n', (text) => bare(text).replace(/(.{64})/g, '$1\\n')],
  ['bare base64 with inner blanks', (text) => ` ${bare(text).replace(/(.{10})/g, '$1 \t')} `],
  ['in quotes', (text) => ` "${text.replaceAll('\n', '\\n')}",`],
  ['in typographic quotes', (text) => `“${text}”`],
  ['PEM escaped twice', (text) => text.replaceAll('\n', '\\\\n')],
  ['base64 of a PEM', (text) => Buffer.from(text).toString('base64')],
  [
    'base64 of a PEM of Windows, wrapped',
    (text) =>
      Buffer.from(`\uFEFF${text.replaceAll('\n', '\r\n')}`)
        .toString('base64')
        .replace(/(.{76})/g, '$1\n'),
  ],
  ['with zero-width characters', (text) => `\uFEFF${text.replace(/(.{30})/g, '$1\u200b')}\u200e`],
  ['with the dashes of a word processor', (text) => text.replaceAll('-----', '—–-')],
  ['among other blocks', (text) => `Bag Attributes\n    friendlyName: x\n${text}${CERTIFICATE}`],
  ['a wrong PEM label', (text) => text.replaceAll(/(BEGIN|END) [A-Z ]+KEY/g, '$1 SOMETHING KEY')],
];

const readPrivate = (text: string, signType: 'RSA2' | 'RSA' = 'RSA2') =>
  readAppPrivateKey('AP_APP_KEY', text, signType);
const readPublic = (text: string, signType: 'RSA2' | 'RSA' = 'RSA2') =>
  readAlipayPublicKey('AP_PUB_KEY', text, signType, appKeys.privateKey);

function refusal(read: () => unknown): CashierError {
  try {
    read();
  } catch (error) {
    if (error instanceof CashierError) return error;
    throw error;
  }
  throw new Error('the key was accepted');
}

describe('keys as people paste them', () => {
  for (const [name, paste] of pastes) {
    for (const type of ['pkcs1', 'pkcs8'] as const) {
      it(`private key, ${type}, ${name}`, () => {
        expect(readPrivate(paste(exportAs(appKeys.privateKey, type))).equals(appKeys.privateKey)).toBe(true);
      });
    }
    for (const type of ['pkcs1', 'spki'] as const) {
      it(`public key, ${type}, ${name}`, () => {
        expect(readPublic(paste(exportAs(alipayKeys.publicKey, type))).equals(alipayKeys.publicKey)).toBe(
          true,
        );
      });
    }
  }
});

const REQUEST = CERTIFICATE.replaceAll('CERTIFICATE', 'CERTIFICATE REQUEST');
/** The beginning of a PFX, and nothing in it. */
const ARCHIVE = Buffer.concat([Buffer.from('3082010002010330', 'hex'), Buffer.alloc(248)]).toString('base64');

describe('keys that are refused', () => {
  const ec = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const small = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const locked = appKeys.privateKey
    .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
    .toString();

  const cases: readonly (readonly [string, () => unknown, string, string])[] = [
    ['public key as private', () => readPrivate(pem(appKeys.publicKey)), 'AP_APP_KEY', 'public key'],
    ['private key as public', () => readPublic(pem(alipayKeys.privateKey)), 'AP_PUB_KEY', 'private key'],
    ["the app's own public key", () => readPublic(pem(appKeys.publicKey)), 'AP_PUB_KEY', 'own public key'],
    [
      "the app's own public key, pkcs1",
      () => readPublic(bare(exportAs(appKeys.publicKey, 'pkcs1'))),
      'AP_PUB_KEY',
      'own',
    ],
    ['small private key', () => readPrivate(pem(small.privateKey)), 'AP_APP_KEY', '1024 bits'],
    ['small public key', () => readPublic(pem(small.publicKey)), 'AP_PUB_KEY', '1024 bits'],
    ['EC private key', () => readPrivate(pem(ec.privateKey)), 'AP_APP_KEY', 'not RSA'],
    ['EC public key', () => readPublic(pem(ec.publicKey)), 'AP_PUB_KEY', 'not RSA'],
    ['passphrase', () => readPrivate(locked), 'AP_APP_KEY', 'passphrase'],
    ['cut off', () => readPrivate(bare(pem(appKeys.privateKey)).slice(0, 400)), 'AP_APP_KEY', 'cut off'],
    ['garbage', () => readPublic('not a key at all!'), 'AP_PUB_KEY', 'cannot be read'],
    ['a certificate', () => readPublic(CERTIFICATE), 'AP_PUB_KEY', 'certificate'],
    ['a certificate, bare', () => readPublic(bare(CERTIFICATE)), 'AP_PUB_KEY', 'certificate'],
    ['a path', () => readPrivate('~/keys/app_private.pem'), 'AP_APP_KEY', '_FILE'],
    ['a request', () => readPrivate(REQUEST), 'AP_APP_KEY', 'certificate request'],
    ['a key of SSH', () => readPublic('ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQ me@host'), 'AP_PUB_KEY', 'SSH'],
    ['an archive', () => readPrivate(ARCHIVE), 'AP_APP_KEY', '.p12'],
    ['passphrase, bare', () => readPrivate(bare(locked)), 'AP_APP_KEY', 'passphrase'],
    ['WeChat Pay key id', () => readPublic('PUB_KEY_ID_0110000000002024'), 'AP_PUB_KEY', 'WeChat Pay'],
    ['APIv3 key', () => readPrivate('0123456789abcdef0123456789ABCDEF'), 'AP_APP_KEY', 'WeChat Pay'],
    [
      'certificate serial',
      () => readPrivate('1DDE55AD98ED71D6EDD4A4A16996DE7B47773A8C'),
      'AP_APP_KEY',
      'WeChat Pay',
    ],
  ];
  for (const [name, read, variable, words] of cases) {
    it(name, () => {
      const error = refusal(read);
      expect(error.code).toBe('CONFIGURATION');
      expect(error.details).toEqual({ variable });
      expect(error.text.en).toContain(words);
      expect(error.text.en.startsWith(variable)).toBe(true);
      expect(error.text.zh.startsWith(variable)).toBe(true);
      expect(`${error.message}${error.text.zh}${error.stack}`).not.toContain(
        bare(pem(appKeys.privateKey)).slice(40, 60),
      );
    });
  }

  it('takes 1024 bits for RSA, which was issued so', () => {
    expect(readPrivate(pem(small.privateKey), 'RSA').type).toBe('private');
  });
});
