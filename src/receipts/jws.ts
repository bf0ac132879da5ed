import { sign } from 'node:crypto';
import { promisify } from 'node:util';
import type { ReceiptKey } from '../ledger/receipt-keys.ts';
import type { ReceiptClaims } from './claims.ts';

/** Nothing else that this key, or another, may sign passes for a receipt. */
export const RECEIPT_TYPE = 'cashier-receipt+jwt';
export const RECEIPT_ALGORITHM = 'ES256';
/** Where the keys are published, below the address of whoever gives the receipts. */
export const KEYS_PATH = '/.well-known/jwks.json';

const signed = promisify(
  (text: Buffer, { key }: ReceiptKey, done: (error: Error | null, signature: Buffer) => void) =>
    sign('sha256', text, { key, dsaEncoding: 'ieee-p1363' }, done),
);

/** A receipt as a compact JWS. @see https://www.rfc-editor.org/rfc/rfc7515#section-7.1 */
export async function signReceipt(claims: ReceiptClaims, key: ReceiptKey): Promise<string> {
  const header = { alg: RECEIPT_ALGORITHM, typ: RECEIPT_TYPE, kid: key.kid };
  const text = [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${text}.${(await signed(Buffer.from(text), key)).toString('base64url')}`;
}
