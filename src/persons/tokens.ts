import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { RandomBytes } from '../domain/clock.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { sharedKey } from '../ledger/shared-key.ts';

/** Compares in a time that tells nothing of where the two differ. */
export function sameToken(given: string | undefined, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given ?? ''), digest(expected));
}

/** By which the ledger, in whichever process, knows its own words again: nobody else can make one. */
export async function wordFor(
  { ledger, randomBytes }: { readonly ledger: Ledger; readonly randomBytes: RandomBytes },
  text: string,
): Promise<string> {
  const key = await sharedKey(ledger, 'operator_device_key', randomBytes);
  return createHmac('sha256', key).update(text).digest('base64url');
}
