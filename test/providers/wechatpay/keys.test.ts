import { createSecretKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { isPublicHalf, isRsa, readKey } from '../../../src/providers/v3/keys.ts';
import { pem } from '../../support/rsa.ts';
import { certificatePem } from './certificate-maker.ts';
import { OLD } from './certificate-world.ts';
import { API_V3_KEY, merchantKeys, platformKeys, platformPem, privatePem } from './merchant.ts';

const short = generateKeyPairSync('rsa', { modulusLength: 1024 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });

it('a key of WeChat Pay is an RSA key of 2048 bits or more', () => {
  const { publicKey: onlyForPss } = generateKeyPairSync('rsa-pss', { modulusLength: 2048 });
  const others = [short.publicKey, onlyForPss, ec.publicKey, createSecretKey(Buffer.from(API_V3_KEY))];
  expect([platformKeys.publicKey, ...others].map(isRsa)).toEqual([true, false, false, false, false]);
});

it('a public key is the half of one private key', () => {
  expect(isPublicHalf(merchantKeys.publicKey, merchantKeys.privateKey)).toBe(true);
  expect(isPublicHalf(platformKeys.publicKey, merchantKeys.privateKey)).toBe(false);
});

describe('a pasted key', () => {
  const read = (text: string, kind: 'private' | 'public') =>
    readKey('WXPAY_KEY', text, kind, { zh: '密钥', en: 'the key' });

  it('is the one that is asked for', () => {
    expect(read(privatePem, 'private').equals(merchantKeys.privateKey)).toBe(true);
    expect(read(platformPem, 'public').equals(platformKeys.publicKey)).toBe(true);
  });

  it.each([
    ['private', platformPem, /holds a public key; set the key/],
    ['public', privatePem, /holds a private key; set the key/],
    ['public', certificatePem(OLD.keys, OLD), /holds a certificate/],
    ['private', '/etc/apiclient_key.pem', /WXPAY_KEY_FILE/],
    ['private', 'not a key!', /cannot be read/],
    ['private', pem(short.privateKey), /no RSA key of 2048 bits/],
    ['public', pem(short.publicKey), /no RSA key of 2048 bits/],
    ['private', pem(ec.privateKey), /no RSA key of 2048 bits/],
    ['public', pem(ec.publicKey), /no RSA key of 2048 bits/],
  ] as const)('for a %s one is refused and told what it is instead: %#', (kind, text, what) => {
    expect(() => read(text, kind)).toThrow(
      expect.objectContaining({
        ...{ code: 'CONFIGURATION', details: { variable: 'WXPAY_KEY' } },
        message: expect.stringMatching(what),
      }),
    );
  });
});
