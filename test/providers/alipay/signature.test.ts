import { generateKeyPairSync } from 'node:crypto';
import { expect, it } from 'vitest';
import { signatureHolds, type Trust } from '../../../src/providers/alipay/signature.ts';
import { alipayKeys, signText } from './fake-gateway.ts';

const sign = JSON.parse(signText('a=1')) as string;

it('holds of one text under one key', () => {
  const trust: Trust = { alipayPublicKey: alipayKeys.publicKey, signType: 'RSA2' };
  expect(signatureHolds('a=1', sign, trust)).toBe(true);
  expect(signatureHolds('a=2', sign, trust)).toBe(false);
});

it('does not hold where the machine cannot verify it', () => {
  const { publicKey } = generateKeyPairSync('x25519');
  expect(signatureHolds('a=1', sign, { alipayPublicKey: publicKey, signType: 'RSA2' })).toBe(false);
});
