import { statSync } from 'node:fs';
import { isAddress } from '../domain/ledger-address.ts';
import { ORDER_STATES, type OrderState } from '../domain/order.ts';
import { readHead, readLinks } from '../ledger/audit-reader.ts';
import type { Book } from '../ledger/book.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Freeze } from '../ledger/operator-book.ts';
import type { Due } from '../ledger/restored.ts';
import { versionOf } from '../ledger/seal.ts';

/** When (ms) something was last done with a ledger as a whole, and up to which record. */
export interface Kept {
  readonly at: number;
  readonly seq: number;
}

/** What a ledger is. All of it is found by index or in sums that are kept, whatever the ledger holds. */
export interface LedgerFacts {
  readonly id: string;
  readonly schemaVersion: number;
  /** With its indexes, and a file with what is not yet written back to it. */
  readonly bytes: number;
  readonly orders: Readonly<Partial<Record<OrderState, number>>>;
  readonly paidFen: number;
  readonly refundedFen: number;
  readonly records: number;
  readonly newest: { readonly at: number; readonly kind: string } | undefined;
  readonly freeze: Freeze | undefined;
  readonly due: Due | undefined;
  readonly verified: Kept | undefined;
  readonly backedUp: Kept | undefined;
}

/** @param address SQLite file, or `postgres://…` */
export async function ledgerFacts(ledger: Ledger, address: string): Promise<LedgerFacts> {
  const stored = await ledger.inspect(async (tx) => {
    const head = await readHead(tx);
    const [newest] = head ? await readLinks(tx, head.seq - 1, 1) : [];
    return {
      schemaVersion: await versionOf(tx),
      bytes: isAddress(address) ? await bytesOfTables(tx) : bytesOfFile(address),
      records: head?.seq ?? 0,
      newest: newest && { at: newest.at, kind: newest.kind },
    };
  });
  const told = await ledger.read(async (book) => {
    const orders: Partial<Record<OrderState, number>> = {};
    for (const state of ORDER_STATES) {
      const { count } = await book.orders.totals({ state });
      if (count > 0) orders[state] = count;
    }
    const { paidFen, refundedFen } = await book.orders.totals({});
    return {
      ...{ id: (await book.meta('ledger_id')) ?? '', orders, paidFen, refundedFen },
      freeze: await book.operator.freeze(),
      due: await book.operator.due(),
      verified: await lastKept(book, 'verified'),
      backedUp: await lastKept(book, 'backed_up'),
    };
  });
  return { ...stored, ...told };
}

/** Notes that a whole ledger was found right, or copied. */
export async function noteKept(
  book: Pick<Book, 'setMeta'>,
  what: 'verified' | 'backed_up',
  kept: Kept,
): Promise<void> {
  await book.setMeta(`last_${what}`, JSON.stringify(kept));
}

async function lastKept(book: Book, what: 'verified' | 'backed_up'): Promise<Kept | undefined> {
  const stored = await book.meta(`last_${what}`);
  return stored ? (JSON.parse(stored) as Kept) : undefined;
}

async function bytesOfTables({ all }: Parameters<Parameters<Ledger['inspect']>[0]>[0]): Promise<number> {
  const [row] = await all(
    `SELECT SUM(pg_total_relation_size(pg_class.oid)) AS bytes FROM pg_class
     WHERE relkind = 'r' AND relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())`,
  );
  return Number(row?.bytes ?? 0);
}

function bytesOfFile(path: string): number {
  return ['', '-wal'].reduce(
    (sum, end) => sum + (statSync(`${path}${end}`, { throwIfNoEntry: false })?.size ?? 0),
    0,
  );
}
