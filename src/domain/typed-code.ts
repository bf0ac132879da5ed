import type { RandomBytes } from './clock.ts';

/** Nothing that is read as something else; 32 of them, so that each byte is as likely to be any. */
const ALPHABET = '23456789ABCDEFGHJKLMNPQRSTUVWXYZ';

/** A code that people read out and type: five bits a character. */
export function typedCode(randomBytes: RandomBytes, length: number): string {
  return [...randomBytes(length)].map((byte) => ALPHABET[byte % ALPHABET.length]).join('');
}
