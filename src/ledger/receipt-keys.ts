import { createECDH, createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import type { RandomBytes } from '../domain/clock.ts';
import type { Reader } from './audit-reader.ts';
import type { Book } from './book.ts';
import { readMeta } from './meta.ts';

/** Public halves, oldest first; the private one that was made here. */
const PUBLIC = 'receipt_keys';
const OWN = 'receipt_key';
const CURVE = 'prime256v1';
const SCALAR_BYTES = 32;
/** Characters of both coordinates. */
const COORDINATES = 86;

/** A public key as it is published. @see https://www.rfc-editor.org/rfc/rfc7517 */
export interface ReceiptJwk {
  readonly kty: 'EC';
  readonly crv: 'P-256';
  readonly x: string;
  readonly y: string;
}

/** What signs. */
export interface ReceiptKey {
  readonly kid: string;
  readonly key: KeyObject;
}

/** Its thumbprint. @see https://www.rfc-editor.org/rfc/rfc7638#section-3 */
export function kidOf({ crv, kty, x, y }: ReceiptJwk): string {
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
}

/** @param key private, of P-256 */
export function receiptKey(key: KeyObject): ReceiptKey {
  return { kid: kidOf(publicJwk(key)), key };
}

/** All that has ever signed receipts of this ledger, oldest first. */
export async function publicReceiptKeys(book: Pick<Book, 'meta'>): Promise<readonly ReceiptJwk[]> {
  return keysIn(await book.meta(PUBLIC));
}

/** The key that was made here; undefined where none was, or none can be read. */
export async function ownReceiptKey(book: Pick<Book, 'meta'>): Promise<ReceiptKey | undefined> {
  return keyFrom(await book.meta(OWN));
}

/** What audit holds against the records: the names of all public keys, and of the private one. */
export async function storedReceiptKids(tx: Reader) {
  const published = keysIn(await readMeta(tx, PUBLIC)).map(kidOf);
  return { published: published.sort().join(' '), own: keyFrom(await readMeta(tx, OWN))?.kid };
}

/**
 * Sees to it that there is a key, and that whatever signs is known for good: receipts outlive the key that signed them.
 * Once, whichever process comes first. Returns what signs.
 * @param given the configuration's key; undefined: the ledger's own, made on first need
 */
export async function ensureReceiptKey(
  book: Book,
  given: ReceiptKey | undefined,
  randomBytes: RandomBytes,
): Promise<ReceiptKey> {
  const signing = given ?? (await ownReceiptKey(book)) ?? (await makeOwn(book, randomBytes));
  const known = await publicReceiptKeys(book);
  if (known.some((one) => kidOf(one) === signing.kid)) return signing;
  await book.setMeta(PUBLIC, JSON.stringify([...known, publicJwk(signing.key)]));
  await book.audit.append({
    kind: given ? 'receipt-key-given' : 'receipt-key-made',
    detail: { kid: signing.kid },
  });
  return signing;
}

/** Where nothing has signed yet, so that a copy made now has the key of what is signed after it. */
export async function ensureFirstReceiptKey(book: Book, randomBytes: RandomBytes): Promise<void> {
  if ((await publicReceiptKeys(book)).length === 0) await ensureReceiptKey(book, undefined, randomBytes);
}

async function makeOwn(book: Book, randomBytes: RandomBytes): Promise<ReceiptKey> {
  const scalar = randomBytes(SCALAR_BYTES).toString('base64url');
  const made = keyFrom(scalar);
  // One in four billion is no key.
  if (!made) return makeOwn(book, randomBytes);
  await book.setMeta(OWN, scalar);
  return made;
}

function keyFrom(scalar: string | undefined): ReceiptKey | undefined {
  const d = Buffer.from(scalar ?? '', 'base64url');
  if (d.length !== SCALAR_BYTES) return undefined;
  const pair = createECDH(CURVE);
  try {
    pair.setPrivateKey(d);
  } catch {
    return undefined; // it is no number below the order of the curve
  }
  const point = pair.getPublicKey();
  const jwk = {
    ...{ kty: 'EC', crv: 'P-256', d: d.toString('base64url') },
    x: point.subarray(1, 1 + SCALAR_BYTES).toString('base64url'),
    y: point.subarray(1 + SCALAR_BYTES).toString('base64url'),
  };
  return receiptKey(createPrivateKey({ key: jwk, format: 'jwk' }));
}

function publicJwk(key: KeyObject): ReceiptJwk {
  const { x = '', y = '' } = createPublicKey(key).export({ format: 'jwk' });
  return { kty: 'EC', crv: 'P-256', x, y };
}

/** None where somebody has been at it: audit says so. */
function keysIn(stored: string | undefined): readonly ReceiptJwk[] {
  try {
    return (JSON.parse(stored ?? '[]') as ReceiptJwk[]).filter(
      ({ kty, crv, x, y }) => kty === 'EC' && crv === 'P-256' && x.length + y.length === COORDINATES,
    );
  } catch {
    return [];
  }
}
