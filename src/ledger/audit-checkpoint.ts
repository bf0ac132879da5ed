import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { beijingIso, type RandomBytes } from '../domain/clock.ts';
import type { Head } from './audit-chain.ts';
import { type Reader, readHead, readLinks } from './audit-reader.ts';
import type { Book } from './book.ts';
import { readMeta } from './meta.ts';

const KEY = 'audit_key';
const VERSION = 1;
const SEED_BYTES = 32;
/** What PKCS #8 puts before the 32 bytes of an Ed25519 private key (RFC 8410). */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

/** Where the trail stood at an instant, signed; kept where nobody who can change the ledger can change it. */
export interface Checkpoint {
  readonly version: number;
  readonly ledgerId: string;
  readonly seq: number;
  readonly hash: string;
  /** ISO 8601 with `+08:00`. */
  readonly at: string;
  /** Ed25519, base64url. */
  readonly publicKey: string;
  /** Ed25519, base64url. */
  readonly signature: string;
}

/**
 * What a checkpoint can be wrong about. `forged`: the signature is not its key's. `other-key`: not this ledger's key,
 * or this ledger's was replaced. `cut-off`: its record is gone. `restamped`: it is another. `unproven`: the trail is
 * broken before it.
 */
export type CheckpointFault =
  | 'unreadable'
  | 'forged'
  | 'other-ledger'
  | 'other-key'
  | 'cut-off'
  | 'restamped'
  | 'unproven';

/** Signs where the trail stands (`now` in ms). Undefined when its end is not as it was noted: verify says why. */
export async function makeCheckpoint(tx: Reader, now: number): Promise<Checkpoint | undefined> {
  const key = await ledgerKey(tx);
  const ledgerId = await readMeta(tx, 'ledger_id');
  const head = await readHead(tx);
  const [last, ...more] = head ? await readLinks(tx, head.seq - 1, 2) : [];
  if (!key || ledgerId === undefined || !head || more.length > 0) return undefined;
  if (last?.seq !== head.seq || last.hash !== head.hash) return undefined;
  return signCheckpoint({ ledgerId, at: beijingIso(now), ...head }, key);
}

export function signCheckpoint(
  facts: Pick<Checkpoint, 'ledgerId' | 'seq' | 'hash' | 'at'>,
  key: KeyObject,
): Checkpoint {
  const { ledgerId, seq, hash, at } = facts;
  const unsigned = { version: VERSION, ledgerId, seq, hash, at, publicKey: publicKeyOf(key) };
  return { ...unsigned, signature: sign(null, signedText(unsigned), key).toString('base64url') };
}

/** @param seed 32 unpredictable bytes */
export function signingKey(seed: Buffer): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' });
}

/** Base64url. */
export function publicKeyOf(key: KeyObject): string {
  return createPublicKey(key).export({ format: 'jwk' }).x ?? '';
}

/** The public half of the ledger's key; undefined when none was made, or none can be read. */
export async function ledgerPublicKey(tx: Reader): Promise<string | undefined> {
  const key = await ledgerKey(tx);
  return key && publicKeyOf(key);
}

/** Makes the ledger's key on first need, and has the trail tell of it. */
export async function ensureKey(book: Book, randomBytes: RandomBytes): Promise<void> {
  if ((await book.meta(KEY)) !== undefined) return;
  const seed = randomBytes(SEED_BYTES);
  await book.setMeta(KEY, seed.toString('base64url'));
  await book.audit.append({
    kind: 'audit-key-made',
    detail: { publicKey: publicKeyOf(signingKey(seed)) },
  });
}

async function ledgerKey(tx: Reader): Promise<KeyObject | undefined> {
  const seed = Buffer.from((await readMeta(tx, KEY)) ?? '', 'base64url');
  return seed.length === SEED_BYTES ? signingKey(seed) : undefined;
}

/** One checkpoint from one line; undefined when it is none. */
export function readCheckpoint(line: string): Checkpoint | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { version, ledgerId, seq, hash, at, publicKey, signature } = value as Record<string, unknown>;
  const texts = [ledgerId, hash, at, publicKey, signature].every((member) => typeof member === 'string');
  if (version !== VERSION || !Number.isSafeInteger(seq) || !texts) return undefined;
  return value as Checkpoint;
}

/**
 * What is wrong with a checkpoint by itself: signature, ledger and key. What it says of the trail is
 * {@link checkAgainstTrail}'s.
 */
export function checkCheckpoint(
  checkpoint: Checkpoint,
  ledger: { readonly ledgerId: string; readonly publicKey: string | undefined },
): CheckpointFault | undefined {
  if (!isSigned(checkpoint)) return 'forged';
  if (checkpoint.ledgerId !== ledger.ledgerId) return 'other-ledger';
  return checkpoint.publicKey === ledger.publicKey ? undefined : 'other-key';
}

/**
 * @param proven how far the trail was found right
 * @param hash what the link of the checkpoint's number has there
 */
export function checkAgainstTrail(
  checkpoint: Checkpoint,
  trail: { readonly proven: Head; readonly broken: boolean; readonly hash: string | undefined },
): CheckpointFault | undefined {
  if (checkpoint.seq > trail.proven.seq) return trail.broken ? 'unproven' : 'cut-off';
  return checkpoint.hash === trail.hash ? undefined : 'restamped';
}

function isSigned(checkpoint: Checkpoint): boolean {
  const x = checkpoint.publicKey;
  if (Buffer.from(x, 'base64url').length !== SEED_BYTES) return false;
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  return verify(null, signedText(checkpoint), key, Buffer.from(checkpoint.signature, 'base64url'));
}

/** Begins with words of its own, so that a signature over anything else is none over a checkpoint. */
function signedText(checkpoint: Omit<Checkpoint, 'signature'>): Buffer {
  const { version, ledgerId, seq, hash, at, publicKey } = checkpoint;
  return Buffer.from(
    JSON.stringify(['mcp-cashier audit checkpoint', version, ledgerId, seq, hash, at, publicKey]),
  );
}
