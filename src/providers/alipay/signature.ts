import { verify } from 'node:crypto';
import type { AlipayConfig } from './config.ts';

const DIGEST = { RSA2: 'RSA-SHA256', RSA: 'RSA-SHA1' } as const;

/** Whose signature counts, and by which algorithm. Both are configured; a message never names them. */
export type Trust = Pick<AlipayConfig, 'alipayPublicKey' | 'signType'>;

/**
 * Whether Alipay signed exactly this text. The SDK's own check is not used: it takes the algorithm from the message
 * and throws on what it does not know.
 *
 * @see https://opendocs.alipay.com/common/02mse7
 */
export function signatureHolds(text: string, base64: string, trust: Trust): boolean {
  const signature = Buffer.from(base64, 'base64');
  // Node's decoder skips what is not base64; only the one canonical spelling is a signature here.
  if (signature.toString('base64') !== base64) return false;
  try {
    return verify(DIGEST[trust.signType], Buffer.from(text), trust.alipayPublicKey, signature);
  } catch {
    // An OpenSSL that has SHA-1 switched off throws. What cannot be verified is not verified.
    return false;
  }
}
