import type { KeyObject } from 'node:crypto';
import type { RandomBytes } from '../../src/domain/clock.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { Receipts } from '../../src/receipts/receipts.ts';

/** Receipts of a ledger that nobody reaches from outside, by its own key unless another is given. */
export function receiptsOf(
  { ledger, randomBytes }: { readonly ledger: Ledger; readonly randomBytes: RandomBytes },
  { key, ...more }: { key?: KeyObject; publicUrl?: string; merchantName?: string } = {},
): Receipts {
  return new Receipts({ ledger, randomBytes, publicUrl: undefined, merchantName: undefined, key, ...more });
}
