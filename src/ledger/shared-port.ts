import type { RandomBytes } from '../domain/clock.ts';
import type { Book } from './book.ts';
import type { Ledger } from './ledger.ts';
import { sharedKey } from './shared-key.ts';

/**
 * The port of pages of one kind that all processes of a ledger have agreed upon, and the mark by which they know each
 * other there.
 */
export function sharedPort(ledger: Ledger, kind: 'cashier' | 'operator', randomBytes: RandomBytes) {
  const name = `${kind}_port`;
  const portIn = async (book: Book) => Number(await book.meta(name)) || undefined;
  return {
    mark: async () => ({ kind, key: await sharedKey(ledger, 'listener_key', randomBytes) }),
    port: () => ledger.read(portIn),
    /** Agrees upon `port` in place of `before`. Returns the one that holds, which may be another's. */
    agree: (port: number, before: number | undefined) =>
      ledger.write(async (book) => {
        const agreed = await portIn(book);
        if (agreed !== undefined && agreed !== before) return agreed;
        await book.setMeta(name, String(port));
        return port;
      }),
  };
}
