import { type KeyObject, verify } from 'node:crypto';

/** An answer or a notification as it arrived. Header names are lower-case. */
export interface SignedMessage {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** The key of a serial number, from what the merchant configured or proved; never from the message. */
export type KeyFor = (serial: string) => Promise<KeyObject | undefined>;

export type SignatureVerdict = 'ok' | 'missing-header' | 'stale' | 'unknown-serial' | 'bad-signature';

/** ms; how far the signing time may be from ours, either way. */
const MAX_AGE_MS = 300_000;
/** No blank or newline: one more line in the nonce would move the border between it and the body. */
const NONCE = /^[\x21-\x7e]+$/;

/**
 * Checks WeChat Pay's signature over the raw bytes. Deliberately wrong signatures (`WECHATPAY/SIGNTEST/…`) are
 * failures like any other. The age is looked at first, so that an old message cannot set off a search for its key.
 * @param now ms
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012365342
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4013053420
 */
export async function verifySignature(
  message: SignedMessage,
  keyFor: KeyFor,
  now: number,
): Promise<SignatureVerdict> {
  const { headers, body } = message;
  const timestamp = headers['wechatpay-timestamp'];
  const nonce = headers['wechatpay-nonce'];
  const serial = headers['wechatpay-serial'];
  const signature = headers['wechatpay-signature'];
  if (!timestamp || !nonce || !serial || !signature) return 'missing-header';
  if (!/^\d{1,12}$/.test(timestamp) || Math.abs(now - Number(timestamp) * 1000) > MAX_AGE_MS) return 'stale';
  if (!NONCE.test(nonce)) return 'bad-signature';
  const key = await keyFor(serial);
  if (!key) return 'unknown-serial';
  const bytes = Buffer.from(signature, 'base64');
  // One signature has one spelling: lenient base64 would let several headers carry the same proof.
  if (bytes.toString('base64') !== signature) return 'bad-signature';
  const signed = Buffer.concat([Buffer.from(`${timestamp}\n${nonce}\n`), body, Buffer.from('\n')]);
  return verify('RSA-SHA256', signed, key, bytes) ? 'ok' : 'bad-signature';
}
