import type { ProviderId } from '../domain/order.ts';
import type { Book } from './book.ts';

/** How far a ledger has come that compares the bills of an account by itself. Days are `YYYY-MM-DD` of Beijing. */
export interface BillNote {
  readonly provider: ProviderId;
  /** The last day that is done with. */
  readonly done?: string;
  /** How many differences are left of it; absent where no bill could be had. */
  readonly differences?: number;
  /** Why none could, the last time: the gateway's code, or ours. It was told once. */
  readonly refused?: string;
  /** The day that is being asked for: how often, and when (ms) that was begun last. */
  readonly asked?: { readonly date: string; readonly times: number; readonly at: number };
}

const KEY = 'bill_notes';

/** By account. */
export async function billNotes(book: Pick<Book, 'meta'>): Promise<Readonly<Record<string, BillNote>>> {
  return JSON.parse((await book.meta(KEY)) ?? '{}') as Record<string, BillNote>;
}

export async function setBillNote(
  book: Pick<Book, 'meta' | 'setMeta'>,
  account: string,
  note: BillNote,
): Promise<void> {
  await book.setMeta(KEY, JSON.stringify({ ...(await billNotes(book)), [account]: note }));
}
