import { type KeyObject, verify } from 'node:crypto';

/** An answer or a notification as it arrived. Header names are lower-case. */
export interface SignedMessage {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** The key of a serial number, from what the merchant configured or proved; never from the message. */
export type KeyFor = (serial: string) => Promise<KeyObject | undefined>;

export type SignatureVerdict = 'ok' | 'missing-header' | 'stale' | 'unknown-serial' | 'bad-signature';

/** @param now ms */
export type VerifySignature = (
  message: SignedMessage,
  keyFor: KeyFor,
  now: number,
) => Promise<SignatureVerdict>;

/** ms; how far the signing time may be from ours, either way. */
const MAX_AGE_MS = 300_000;
/** No blank or newline: one more line in the nonce would move the border between it and the body. */
const NONCE = /^[\x21-\x7e]+$/;

/**
 * Checks a gateway's signature over the raw bytes. The age is looked at first, so that an old message cannot set off a
 * search for its key.
 * @param name with which its headers begin, in lower case
 * @param maxAgeMs how old (ms) a message may be; ahead of our time it may be as far as an answer
 */
export function verifierOf(name: string, maxAgeMs = MAX_AGE_MS): VerifySignature {
  return async ({ headers, body }, keyFor, now) => {
    const timestamp = headers[`${name}-timestamp`];
    const nonce = headers[`${name}-nonce`];
    const serial = headers[`${name}-serial`];
    const signature = headers[`${name}-signature`];
    if (!timestamp || !nonce || !serial || !signature) return 'missing-header';
    const ageMs = now - Number(timestamp) * 1000;
    if (!/^\d{1,12}$/.test(timestamp) || ageMs > maxAgeMs || -ageMs > MAX_AGE_MS) return 'stale';
    if (!NONCE.test(nonce)) return 'bad-signature';
    const key = await keyFor(serial);
    if (!key) return 'unknown-serial';
    const bytes = Buffer.from(signature, 'base64');
    // One signature has one spelling: lenient base64 would let several headers carry the same proof.
    if (bytes.toString('base64') !== signature) return 'bad-signature';
    const signed = Buffer.concat([Buffer.from(`${timestamp}\n${nonce}\n`), body, Buffer.from('\n')]);
    return verify('RSA-SHA256', signed, key, bytes) ? 'ok' : 'bad-signature';
  };
}
