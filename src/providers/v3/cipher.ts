import { createDecipheriv, type KeyObject } from 'node:crypto';

/** What the gateway encrypts for the merchant: platform certificates and notifications. */
export interface Sealed {
  readonly ciphertext: string;
  readonly nonce: string;
  /** Bound to the ciphertext; may be empty or absent. */
  readonly associatedData?: string;
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Opens AEAD_AES_256_GCM with the merchant's API key. Undefined unless the tag proves that key, nonce, associated data and
 * every byte of the ciphertext are what the gateway sealed; nothing of an unproven plaintext leaves this function.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012365342
 */
export function openSealed(sealed: Sealed, apiKey: KeyObject): Buffer | undefined {
  const bytes = Buffer.from(sealed.ciphertext, 'base64');
  const nonce = Buffer.from(sealed.nonce);
  if (nonce.length !== NONCE_BYTES || bytes.length < TAG_BYTES) return undefined;
  const split = bytes.length - TAG_BYTES;
  const decipher = createDecipheriv('aes-256-gcm', apiKey, nonce, { authTagLength: TAG_BYTES })
    .setAAD(Buffer.from(sealed.associatedData ?? ''))
    .setAuthTag(bytes.subarray(split));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(0, split)), decipher.final()]);
  } catch {
    return undefined; // the tag does not fit
  }
}
