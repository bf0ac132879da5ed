import { createSecretKey, generateKeyPairSync } from 'node:crypto';
import { expect, it } from 'vitest';
import { isPublicHalf, isRsa } from '../../../src/providers/v3/keys.ts';
import { API_V3_KEY, merchantKeys, platformKeys } from './merchant.ts';

it('a key of WeChat Pay is an RSA key of 2048 bits or more', () => {
  const { publicKey: short } = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const { publicKey: onlyForPss } = generateKeyPairSync('rsa-pss', { modulusLength: 2048 });
  const { publicKey: ec } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const all = [platformKeys.publicKey, short, onlyForPss, ec, createSecretKey(Buffer.from(API_V3_KEY))];
  expect(all.map(isRsa)).toEqual([true, false, false, false, false]);
});

it('a public key is the half of one private key', () => {
  expect(isPublicHalf(merchantKeys.publicKey, merchantKeys.privateKey)).toBe(true);
  expect(isPublicHalf(platformKeys.publicKey, merchantKeys.privateKey)).toBe(false);
});
