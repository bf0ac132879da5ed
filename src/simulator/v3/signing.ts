import { createCipheriv, createSign, type KeyObject } from 'node:crypto';
import type { RandomBytes } from '../../domain/clock.ts';
import type { World } from '../world.ts';

/** How an answer or notification is signed: rightly, or one of the ways it must not be accepted. */
export type Signing = 'signed' | 'unsigned' | 'forged' | 'stale' | 'signtest';

/** Seconds that a stale answer is old: twice what is tolerated. */
const STALE_S = 600;

/** Who signs, and what their headers begin with. */
export interface Signature {
  readonly prefix: string;
  readonly serial: string;
  readonly privateKey: KeyObject;
}

/** `timestamp \n nonce \n body \n`, signed. */
export function signatureHeaders(
  { clock, randomBytes, identity }: World,
  { prefix, serial, privateKey }: Signature,
  body: string,
  signing: Signing,
): Record<string, string> {
  if (signing === 'unsigned') return {};
  const nowS = Math.floor(clock.now() / 1000);
  const timestamp = String(signing === 'stale' ? nowS - STALE_S : nowS);
  const nonce = randomBytes(16).toString('hex');
  const key = signing === 'forged' ? identity.keys.forger.privateKey : privateKey;
  const signature = createSign('sha256')
    .update(`${timestamp}\n${nonce}\n${body}\n`, 'utf8')
    .sign(key, 'base64');
  return {
    [`${prefix}-Timestamp`]: timestamp,
    [`${prefix}-Nonce`]: nonce,
    [`${prefix}-Signature`]: signature,
    [`${prefix}-Serial`]: serial,
  };
}

/** AEAD_AES_256_GCM; the tag is the end of the ciphertext. */
export function sealed(
  randomBytes: RandomBytes,
  key: string,
  text: string,
  associatedData: string,
): { readonly ciphertext: string; readonly associated_data: string; readonly nonce: string } {
  const nonce = randomBytes(6).toString('hex');
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(Buffer.from(associatedData));
  const bytes = Buffer.concat([cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return { ciphertext: bytes.toString('base64'), associated_data: associatedData, nonce };
}
