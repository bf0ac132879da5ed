import { createHmac, timingSafeEqual } from 'node:crypto';
import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import type { RandomBytes } from '../domain/clock.ts';
import { boundedBody } from './bounded-body.ts';
import { onThisMachine } from './loopback.ts';

/** Where a listener on loopback proves whose it is. */
export const WHOSE = '/whose';
const NONCE_BYTES = 32;
const NONCE = /^[A-Za-z0-9_-]{43}$/;
/** Longer answers are a stranger's (bytes). */
const PROOF_LENGTH = 64;

/** What only processes of the same kind and ledger (or home) have: the key never leaves them. */
export interface Mark {
  readonly kind: string;
  readonly key: Uint8Array;
}

/**
 * Answers who asks at {@link WHOSE}, over their nonce and the very port that they have reached. Ports of one machine are
 * anybody's: a fixed answer could be asked for once and said again by another user's program on that port, and an answer
 * for another port could be fetched there.
 */
export function proveWhose({ kind, key }: Mark): (c: Context) => Response {
  return (c) => {
    const { incoming } = c.env as HttpBindings;
    const nonce = c.req.query('nonce') ?? '';
    const { localPort } = incoming.socket;
    if (!NONCE.test(nonce) || localPort === undefined) return new Response(null, { status: 400 });
    return new Response(proofOf({ kind, key }, localPort, nonce), {
      headers: { 'cache-control': 'no-store' },
    });
  };
}

/**
 * Who listens at `origin` on this machine; `silent` is who has not said so within `withinMs` (ms): a stranger, or one of
 * ours that is busy.
 */
export async function whoListens(
  mark: Mark,
  origin: string,
  { randomBytes, withinMs }: { readonly randomBytes: RandomBytes; readonly withinMs: number },
): Promise<'ours' | 'stranger' | 'silent' | 'nobody'> {
  const nonce = randomBytes(NONCE_BYTES).toString('base64url');
  try {
    const address = `${origin}${WHOSE}?nonce=${nonce}`;
    const answer = await onThisMachine(address, { redirect: 'error' }, withinMs);
    // A stranger may talk for ever.
    const said = (await boundedBody(answer, PROOF_LENGTH)) ?? Buffer.alloc(0);
    const expected = Buffer.from(proofOf(mark, Number(new URL(origin).port), nonce));
    return said.length === expected.length && timingSafeEqual(said, expected) ? 'ours' : 'stranger';
  } catch (error) {
    // Refused, or cut: it has just ended, or never spoke HTTP.
    return error instanceof TypeError ? 'nobody' : 'silent';
  }
}

function proofOf({ kind, key }: Mark, port: number, nonce: string): string {
  return createHmac('sha256', key).update(`${kind} ${port} ${nonce}`).digest('hex');
}
