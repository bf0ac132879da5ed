import { createHash, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import type { RandomBytes } from '../domain/clock.ts';

const KEY_BYTES = 32;
/** OWASP's figures for interactive use: 64 MiB, some 100 ms. */
const COST: ScryptOptions = { N: 2 ** 16, r: 8, p: 1, maxmem: 128 * 1024 * 1024 };
/** Characters; of the operator secret and of a person's password alike. */
export const MIN_LENGTH = 8;
export const MAX_LENGTH = 1_024;

/** Whether it is long enough, and no longer than anybody types. */
export function isLongEnough(password: string): boolean {
  return [...password].length >= MIN_LENGTH && password.length <= MAX_LENGTH;
}

/** What is stored of a secret: a salt, and a hash that takes its time. */
export async function hashOf(secret: string, randomBytes: RandomBytes): Promise<string> {
  const salt = randomBytes(16);
  return `${salt.toString('base64')}$${(await derive(secret, salt)).toString('base64')}`;
}

/** Takes as long where nothing is stored. */
export async function matches(secret: string, stored: string | undefined): Promise<boolean> {
  const [salt = '', hash = ''] = (stored ?? '').split('$');
  const expected = Buffer.from(hash, 'base64');
  const given = await derive(secret.slice(0, MAX_LENGTH), Buffer.from(salt, 'base64'));
  return expected.length === given.length && timingSafeEqual(given, expected);
}

/** Of what is random enough that nobody finds it again by trying. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function derive(secret: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(secret.normalize('NFC'), salt, KEY_BYTES, COST, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });
}
