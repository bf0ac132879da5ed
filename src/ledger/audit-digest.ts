import { byName } from '../domain/sorted.ts';
import { sha256 } from './audit-chain.ts';
import type { RequestedTerms } from './records.ts';

/** Hex digits of a digest: 96 bits, of what stands in a row and is not told in full. */
const LENGTH = 24;

/** Salted with the ledger's own salt: titles and codes shall not be found again by trying. */
export function rowDigest(salt: string, ...parts: readonly (string | null | undefined)[]): string {
  return sha256(JSON.stringify([salt, ...parts])).slice(0, LENGTH);
}

/** What never changes of an order and is told nowhere else. */
export function termsDigest(
  salt: string,
  row: {
    readonly account: string;
    readonly title: string;
    readonly inputHash: string;
    readonly terms: RequestedTerms;
  },
): string {
  return rowDigest(salt, row.account, row.title, row.inputHash, JSON.stringify(byName({ ...row.terms })));
}
