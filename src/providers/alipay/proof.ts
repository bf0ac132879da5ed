import { createHash } from 'node:crypto';
import { z } from 'zod';
import { type PaymentProof, ProofRefused } from '../contract.ts';

/** Characters of the header: what a buyer's program sends is about a tenth of it. */
const MAX_HEADER = 8_192;
const BASE64 = /^[A-Za-z0-9+/_-]+={0,2}$/;

/** What is compared and sent on as it is: nothing that could be read as text. */
const opaque = (most: number) => z.string().regex(new RegExp(`^[\\x21-\\x7e]{1,${most}}$`));

/** What is not listed is another version's, and not looked at. */
const Shown = z.object({
  protocol: z.object({
    payment_proof: opaque(4_096),
    trade_no: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
  }),
  method: z.object({ client_session: opaque(6_144).optional() }).optional(),
});

interface Secrets {
  readonly paymentProof: string;
  /** Made by the buyer's program, passed on as it came. */
  readonly clientSession: string | undefined;
}

/** A proof as it was shown. */
export class ShownProof implements PaymentProof {
  readonly tradeNo: string;
  readonly digest: string;
  readonly #secrets: Secrets;

  constructor(tradeNo: string, secrets: Secrets) {
    this.tradeNo = tradeNo;
    // A session is made anew with every call of the buyer's program, and is no part of what was paid.
    this.digest = createHash('sha256').update(secrets.paymentProof).digest('hex');
    this.#secrets = secrets;
  }

  static secretsOf(proof: ShownProof): Secrets {
    return proof.#secrets;
  }
}

/** What a proof proves by. */
export function secretsOf(proof: PaymentProof): Secrets {
  if (!(proof instanceof ShownProof)) throw new ProofRefused('malformed');
  return ShownProof.secretsOf(proof);
}

/**
 * Reads the value of `Payment-Proof`: JSON in base64. The documents say base64url or base64, programs send either, with
 * and without padding.
 *
 * @throws ProofRefused
 */
export function readProof(header: string): ShownProof {
  const parsed = Shown.safeParse(jsonIn(header.trim()));
  if (!parsed.success) throw new ProofRefused('malformed');
  const { protocol, method } = parsed.data;
  return new ShownProof(protocol.trade_no, {
    paymentProof: protocol.payment_proof,
    clientSession: method?.client_session,
  });
}

function jsonIn(header: string): unknown {
  if (header.length > MAX_HEADER || !BASE64.test(header)) return undefined;
  try {
    const bytes = Buffer.from(header, 'base64');
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}
