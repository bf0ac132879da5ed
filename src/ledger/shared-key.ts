import type { RandomBytes } from '../domain/clock.ts';
import type { Ledger } from './ledger.ts';

/** 256 bits: nobody finds one by trying. */
const KEY_BYTES = 32;

/** A key that all processes on a ledger have in common and nobody else has, made when it is first asked for. */
export async function sharedKey(ledger: Ledger, name: string, randomBytes: RandomBytes): Promise<Buffer> {
  const known = await ledger.read((book) => book.meta(name));
  if (known) return Buffer.from(known, 'base64');
  const made = randomBytes(KEY_BYTES).toString('base64');
  const kept = await ledger.write(async (book) => {
    // Another process may have made one since.
    const first = await book.meta(name);
    if (!first) await book.setMeta(name, made);
    return first || made;
  });
  return Buffer.from(kept, 'base64');
}
