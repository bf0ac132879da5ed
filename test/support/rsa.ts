import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { inject } from 'vitest';

export { pem } from './pem.ts';

export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}
type Eleven<T> = readonly [T, T, T, T, T, T, T, T, T, T, T];

/**
 * RSA-2048 pairs of nobody, made anew for every run: all different, but the same for every file. The simulators that
 * tests start have the first seven.
 */
export const PAIRS = inject('rsaKeys').map((text) => {
  const privateKey = createPrivateKey(text);
  return { privateKey, publicKey: createPublicKey(privateKey) };
}) as readonly KeyPair[] as Eleven<KeyPair>;
