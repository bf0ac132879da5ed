import { createSecretKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Aes } from 'wechatpay-axios-plugin';
import { openSealed } from '../../../src/providers/v3/cipher.ts';
import { API_V3_KEY } from './merchant.ts';
import { seal } from './platform.ts';

const key = createSecretKey(Buffer.from(API_V3_KEY));
const plaintext = '{"trade_state":"NOTPAY_","备注":"中文"}';
const sealed = seal(plaintext, API_V3_KEY, 'fdasflkja484', 'transaction');

function flip(base64: string, at: number): string {
  const bytes = Buffer.from(base64, 'base64');
  const index = at < 0 ? bytes.length + at : at;
  bytes.writeUInt8(bytes.readUInt8(index) ^ 1, index);
  return bytes.toString('base64');
}

describe('openSealed', () => {
  it('opens what was sealed, with and without associated data', () => {
    expect(openSealed(sealed, key)?.toString()).toBe(plaintext);
    const { ciphertext, nonce } = seal(plaintext, API_V3_KEY, 'fdasflkja484', '');
    expect(openSealed({ ciphertext, nonce }, key)?.toString()).toBe(plaintext);
    expect(openSealed({ ciphertext, nonce, associatedData: '' }, key)?.toString()).toBe(plaintext);
  });

  it('opens what the oracle seals', () => {
    const ciphertext = Aes.AesGcm.encrypt(plaintext, API_V3_KEY, 'fdasflkja484', 'certificate');
    const opened = openSealed({ ciphertext, nonce: 'fdasflkja484', associatedData: 'certificate' }, key);
    expect(opened?.toString()).toBe(plaintext);
  });

  it.each([
    ['ciphertext', { ...sealed, ciphertext: flip(sealed.ciphertext, 17) }],
    ['tag', { ...sealed, ciphertext: flip(sealed.ciphertext, -1) }],
    ['associated data', { ...sealed, associatedData: 'refund' }],
    ['missing associated data', { ciphertext: sealed.ciphertext, nonce: sealed.nonce }],
    ['nonce', { ...sealed, nonce: 'fdasflkja485' }],
    ['a nonce of another length', { ...sealed, nonce: 'fdasflkja4845' }],
    ['a shorter tag', { ...sealed, ciphertext: Buffer.from('abc').toString('base64') }],
    ['a tag and nothing else', { ...sealed, ciphertext: Buffer.alloc(16).toString('base64') }],
    ['an empty ciphertext', { ...sealed, ciphertext: '' }],
  ])('opens nothing with a changed %s', (_name, tampered) => {
    expect(openSealed(tampered, key)).toBeUndefined();
  });

  it('opens nothing with another key', () => {
    expect(openSealed(sealed, createSecretKey(Buffer.alloc(32, 7)))).toBeUndefined();
  });
});
