import { kidOf, type ReceiptJwk } from '../ledger/receipt-keys.ts';
import type { ReceiptClaims } from './claims.ts';
import { RECEIPT_ALGORITHM, RECEIPT_TYPE } from './jws.ts';

/** Many times the longest receipt (characters). */
const MOST_CHARACTERS = 16 * 1024;

/**
 * What a receipt can be wrong about. `other-kind`: signed for another purpose, or in another way; `unknown-key`: by none
 * of these keys; `forged`: not by the key that it names, or changed since; `incomplete`: signed, and says too little.
 */
export type ReceiptFault = 'unreadable' | 'other-kind' | 'unknown-key' | 'forged' | 'incomplete';

export type Verified =
  | { readonly claims: ReceiptClaims; readonly kid: string }
  | { readonly fault: ReceiptFault };

/**
 * Holds a receipt against keys. How it is signed, and what for, is said by us and never by the receipt; its key is found
 * by the thumbprint alone, whatever the keys are called, so that nothing that a receipt brings along decides.
 * @param keys of anybody's set of keys; those that are none for this are passed over
 */
export async function verifyReceipt(jws: string, keys: readonly unknown[]): Promise<Verified> {
  if (jws.length > MOST_CHARACTERS) return { fault: 'unreadable' };
  const { compactVerify, decodeProtectedHeader, importJWK } = await import('jose');
  const header = attempt(() => decodeProtectedHeader(jws));
  if (!header || jws.split('.').length !== 3) return { fault: 'unreadable' };
  if (header.alg !== RECEIPT_ALGORITHM || header.typ !== RECEIPT_TYPE) return { fault: 'other-kind' };
  // What changes how the rest is read is no receipt of anybody's.
  if (header.crit !== undefined) return { fault: 'other-kind' };
  const jwk = keys.flatMap((key) => receiptJwk(key) ?? []).find((one) => kidOf(one) === header.kid);
  if (!jwk) return { fault: 'unknown-key' };
  const algorithms = [RECEIPT_ALGORITHM];
  try {
    const key = await importJWK({ ...jwk }, RECEIPT_ALGORITHM);
    const { payload } = await compactVerify(jws, key, { algorithms });
    const claims = attempt(() => JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload)));
    return isComplete(claims) ? { claims, kid: kidOf(jwk) } : { fault: 'incomplete' };
  } catch {
    return { fault: 'forged' };
  }
}

/** The public half alone, of a key that may be meant for this; undefined for any other. */
function receiptJwk(key: unknown): ReceiptJwk | undefined {
  if (typeof key !== 'object' || key === null) return undefined;
  const { kty, crv, x, y, use = 'sig', alg = RECEIPT_ALGORITHM } = key as Readonly<Record<string, unknown>>;
  if (kty !== 'EC' || crv !== 'P-256' || use !== 'sig' || alg !== RECEIPT_ALGORITHM) return undefined;
  return typeof x === 'string' && typeof y === 'string' ? { kty, crv, x, y } : undefined;
}

/** Before the year 10000. */
const MOST_SECONDS = 253_402_300_000;
const TEXTS = ['iss', 'jti', 'order_id', 'merchant', 'title', 'psp', 'paid_at'] as const;

function isComplete(value: unknown): value is ReceiptClaims {
  if (typeof value !== 'object' || value === null) return false;
  const claims = value as Readonly<Record<string, unknown>>;
  const optional = [claims.psp_confirmation_id, claims.refund_of, claims.request_sha256];
  return (
    TEXTS.every((name) => typeof claims[name] === 'string') &&
    optional.every((one) => one === undefined || typeof one === 'string') &&
    // A receipt is good for ever; what ends, or is yet to begin, is something else.
    [claims.exp, claims.nbf].every((one) => one === undefined) &&
    [claims.simulated, claims.trial].every((one) => one === undefined || one === true) &&
    Number.isSafeInteger(claims.iat) &&
    Math.abs(Number(claims.iat)) < MOST_SECONDS &&
    claims.currency === 'CNY' &&
    typeof claims.amount === 'string' &&
    /^\d{1,9}\.\d{2}$/.test(claims.amount)
  );
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
