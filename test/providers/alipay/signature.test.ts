import { generateKeyPairSync } from 'node:crypto';
import { expect, it } from 'vitest';
import { readAlipayConfig } from '../../../src/providers/alipay/index.ts';
import { signatureHolds, type Trust } from '../../../src/providers/alipay/signature.ts';
import { requestSigner } from '../../../src/providers/alipay/signer.ts';
import { alipayKeys, ENV, HandClock, readSigned, signText } from './fake-gateway.ts';

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

it('of ours covers the fields of a plan under the very names they have', async () => {
  const config = readAlipayConfig(ENV);
  if (!config) throw new Error('not configured');
  const biz_content = '{"out_trade_no":"O1","aName":"x","a name":"y"}';
  const signed = await requestSigner(config, new HandClock()).sign({
    method: 'alipay.trade.query',
    biz_content,
  });
  expect(readSigned(signed).get('biz_content')).toBe(biz_content);
});
