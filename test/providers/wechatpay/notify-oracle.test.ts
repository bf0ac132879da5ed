import { describe, expect, it } from 'vitest';
import { Aes, Formatter, Rsa } from 'wechatpay-axios-plugin';
import type { RawNotify } from '../../../src/providers/contract.ts';
import { API_V3_KEY, NOW, PAID_TRADE, PUB_KEY_ID, platformKeys, world } from './merchant.ts';
import { NOTIFIED_REFUND, NOTIFY_ID, paymentNotify, refundNotify, verdictOf } from './notifier.ts';
import { unsignedAnswer } from './platform.ts';

const { provider } = world(() => unsignedAnswer(500, ''));
const parse = (raw: RawNotify) => provider.parseNotify(raw, NOW);

describe('the oracle', () => {
  const nonce = Formatter.nonce(12);
  const timestamp = String(Math.floor(NOW / 1000));
  function send(eventType: string, originalType: string, plaintext: object): RawNotify {
    const ciphertext = Aes.AesGcm.encrypt(JSON.stringify(plaintext), API_V3_KEY, nonce, originalType);
    const resource = { original_type: originalType, algorithm: 'AEAD_AES_256_GCM', ciphertext, nonce };
    const body = JSON.stringify({
      id: NOTIFY_ID,
      resource_type: 'encrypt-resource',
      event_type: eventType,
      resource: { ...resource, associated_data: originalType },
    });
    const headerNonce = Formatter.nonce();
    const signature = Rsa.sign(Formatter.response(timestamp, headerNonce, body), platformKeys.privateKey);
    return {
      headers: {
        'wechatpay-timestamp': timestamp,
        'wechatpay-nonce': headerNonce,
        'wechatpay-serial': PUB_KEY_ID,
        'wechatpay-signature': signature,
      },
      body: Buffer.from(body),
    };
  }

  it('sends what we accept', async () => {
    const payment = await parse(send('TRANSACTION.SUCCESS', 'transaction', PAID_TRADE));
    expect(payment).toEqual(await parse(paymentNotify()));
    const refund = await parse(send('REFUND.SUCCESS', 'refund', NOTIFIED_REFUND));
    expect(refund).toEqual(await parse(refundNotify()));
    expect(await verdictOf(parse(send('REFUND.CLOSED', 'refund', NOTIFIED_REFUND)))).toBe('event-mismatch');
  });

  it('opens as little as we do of what was changed on its way', async () => {
    for (let at = 0; at < 60; at += 7) {
      const changed = paymentNotify({
        resource: (resource) => {
          const bytes = Buffer.from(String(resource.ciphertext), 'base64');
          bytes.writeUInt8(bytes.readUInt8(bytes.length - 1 - at) ^ 1, bytes.length - 1 - at);
          return { ...resource, ciphertext: bytes.toString('base64') };
        },
      });
      const { ciphertext, nonce, associated_data } = JSON.parse(changed.body.toString()).resource;
      expect(() => Aes.AesGcm.decrypt(ciphertext, API_V3_KEY, nonce, associated_data)).toThrow();
      expect(await verdictOf(parse(changed))).toBe('undecryptable');
    }
  });

  it.each([
    ['payment', paymentNotify(), PAID_TRADE],
    ['refund', refundNotify(), NOTIFIED_REFUND],
  ])('accepts the %s that these tests send', (_name, { headers, body }, plaintext) => {
    const signed = Formatter.response(
      headers['wechatpay-timestamp'] ?? '',
      headers['wechatpay-nonce'] ?? '',
      body.toString(),
    );
    expect(Rsa.verify(signed, headers['wechatpay-signature'] ?? '', platformKeys.publicKey)).toBe(true);
    const { resource } = JSON.parse(body.toString());
    const opened = Aes.AesGcm.decrypt(
      resource.ciphertext,
      API_V3_KEY,
      resource.nonce,
      resource.associated_data,
    );
    expect(JSON.parse(opened)).toEqual(plaintext);
  });
});
