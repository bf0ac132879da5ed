import { beijingDate, type RandomBytes } from '../domain/clock.ts';

/** `count` random decimal digits. The slight bias of `% 10` does not matter for a number that only names. */
export function digits(randomBytes: RandomBytes, count: number): string {
  return Array.from(randomBytes(count), (byte) => byte % 10).join('');
}

/** The Beijing day as gateways put it into their numbers: `20261121`. */
export function dayOf(ms: number): string {
  return beijingDate(ms).replaceAll('-', '');
}

/** 128 random bits: an id nobody guesses, or the address of a page. */
export function token(randomBytes: RandomBytes): string {
  return randomBytes(16).toString('hex');
}
