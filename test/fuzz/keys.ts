import { checkPrimeSync, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { type Random, randomOf } from './random.ts';

export interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

const E = 65_537n;

/** An RSA pair that is the same for the same name, so that a case is the same to the byte wherever it is repeated. */
export function keyPair(name: string, bits = 2048): KeyPair {
  const random = randomOf('key', name);
  for (;;) {
    const [p, q] = [prime(random, bits / 2), prime(random, bits / 2)];
    const order = (p - 1n) * (q - 1n);
    if (p === q || order % E === 0n) continue;
    const d = inverse(E, order);
    const parts = { n: p * q, e: E, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi: inverse(q, p) };
    const jwk = Object.fromEntries(Object.entries(parts).map(([part, value]) => [part, base64url(value)]));
    const privateKey = createPrivateKey({ key: { kty: 'RSA', ...jwk }, format: 'jwk' });
    return { privateKey, publicKey: createPublicKey(privateKey) };
  }
}

export const pem = (key: KeyObject): string =>
  String(key.export({ type: key.type === 'private' ? 'pkcs8' : 'spki', format: 'pem' }));

function prime(random: Random, bits: number): bigint {
  // The two highest bits are set, so that the product is as long as it should be.
  const candidate = () =>
    BigInt(`0x${random.bytes(bits / 8).toString('hex')}`) | (3n << BigInt(bits - 2)) | 1n;
  for (let found = candidate(); ; found = candidate()) if (checkPrimeSync(found)) return found;
}

function inverse(of: bigint, modulus: bigint): bigint {
  let [r, newR, t, newT] = [modulus, of % modulus, 0n, 1n];
  while (newR !== 0n) {
    const quotient = r / newR;
    [r, newR] = [newR, r - quotient * newR];
    [t, newT] = [newT, t - quotient * newT];
  }
  return t < 0n ? t + modulus : t;
}

function base64url(value: bigint): string {
  const hex = value.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex').toString('base64url');
}
