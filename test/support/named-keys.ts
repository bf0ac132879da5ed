import { checkPrimeSync, createHash, createPrivateKey, createPublicKey } from 'node:crypto';
import type { KeyPair } from '../../src/simulator/state/identity.ts';

const E = 65_537n;
/** What is divisible by one of these need not be tried. */
const SMALL = Array.from({ length: 2_000 }, (_, at) => 3n + 2n * BigInt(at)).filter(
  (odd, _, all) => !all.some((other) => other * other <= odd && odd % other === 0n),
);
const PRODUCT = SMALL.reduce((product, factor) => product * factor, 1n);

/** An RSA pair that is the same for the same name: signatures are part of what is repeated to the byte. */
export function pairOf(name: string, bits = 2048): KeyPair {
  const p = prime(`${name} p`, bits / 2);
  const q = prime(`${name} q`, bits / 2);
  const d = inverse(E, (p - 1n) * (q - 1n));
  const numbers = { n: p * q, e: E, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi: inverse(q, p) };
  const key = Object.fromEntries(Object.entries(numbers).map(([part, value]) => [part, base64url(value)]));
  const privateKey = createPrivateKey({ key: { kty: 'RSA', ...key }, format: 'jwk' });
  return { privateKey, publicKey: createPublicKey(privateKey) };
}

function prime(name: string, bits: number): bigint {
  const blocks = Array.from({ length: bits / 256 }, (_, at) =>
    createHash('sha256').update(`${name} ${at}`).digest('hex'),
  );
  // The two highest bits, so that the product has all its length; the lowest, for it is odd.
  let candidate = BigInt(`0x${blocks.join('')}`) | (3n << BigInt(bits - 2)) | 1n;
  for (;;) {
    const rest = candidate % PRODUCT;
    const hasFactor = SMALL.some((factor) => rest % factor === 0n);
    if (!hasFactor && (candidate - 1n) % E !== 0n && checkPrimeSync(candidate)) return candidate;
    candidate += 2n;
  }
}

function inverse(value: bigint, modulus: bigint): bigint {
  let [a, b, x, y] = [value % modulus, modulus, 1n, 0n];
  while (b !== 0n) {
    const times = a / b;
    [a, b, x, y] = [b, a - times * b, y, x - times * y];
  }
  return ((x % modulus) + modulus) % modulus;
}

function base64url(value: bigint): string {
  const hex = value.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex').toString('base64url');
}
