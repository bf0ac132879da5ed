import { type KeyObject, sign } from 'node:crypto';
import type { Clock, RandomBytes } from '../../domain/clock.ts';

/** A one-time string for a signature: 32 hex characters. */
export function nonce(randomBytes: RandomBytes): string {
  return randomBytes(16).toString('hex');
}

/** The time of a signature: whole seconds since the epoch. */
export function timestamp(clock: Clock): string {
  return String(Math.floor(clock.now() / 1000));
}

/** RSA with SHA-256 over the lines, each ended by a newline; base64. */
export function signLines(lines: readonly string[], privateKey: KeyObject): string {
  const message = lines.map((line) => `${line}\n`).join('');
  return sign('RSA-SHA256', Buffer.from(message), privateKey).toString('base64');
}
