import type { Fen } from '../domain/money.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { elsewhereOf, refundedHere } from '../ledger/refunded.ts';
import { claimsOf, type ReceiptClaims } from './claims.ts';

/**
 * What a ledger has to say of a receipt. `others`: it is another's, of which nothing is known here; `unproven`: it would
 * be this one's, and has no such payment or refund, or another one.
 */
export type LedgerWord =
  | { readonly look: 'others' | 'unproven' }
  | {
      readonly look: 'proven';
      /** What has gone back of that payment by now. */
      readonly refundedFen: Fen;
      /** What went back besides, as the gateway proves it. */
      readonly refundedElsewhere: Fen | 'unknown' | undefined;
    };

/** What never changes, whoever gives the receipt and under whatever name. */
const FACTS = [
  'order_id',
  'amount',
  'currency',
  'psp',
  'paid_at',
  'simulated',
  'trial',
  'refund_of',
  'request_sha256',
] as const;

/** @param claims of a receipt whose signature is right */
export async function askLedger(ledger: Ledger, claims: ReceiptClaims): Promise<LedgerWord> {
  const giver = { realm: ledger.realm, publicUrl: undefined, merchantName: undefined };
  return ledger.read(async (book) => {
    if (!claims.jti.startsWith(`${await book.audit.ledgerId()}/`)) return { look: 'others' };
    const order = await book.orders.get(claims.order_id);
    const [paid, ...refunded] = await claimsOf(book, giver, claims.order_id);
    const own = [paid, ...refunded].find((one) => one?.jti === claims.jti);
    if (!order || !own || !isSame(own, claims, paid)) return { look: 'unproven' };
    const refunds = await book.refunds.ofOrder(claims.order_id);
    return {
      look: 'proven',
      refundedFen: refundedHere(refunds),
      refundedElsewhere: elsewhereOf(order, refunds),
    };
  });
}

function isSame(own: ReceiptClaims, claims: ReceiptClaims, paid: ReceiptClaims | undefined): boolean {
  // A gateway may tell its number late, and an order that was taken in again has no title.
  const numbers = [undefined, own.psp_confirmation_id, paid?.psp_confirmation_id];
  return (
    FACTS.every((name) => own[name] === claims[name]) &&
    numbers.includes(claims.psp_confirmation_id) &&
    ['', claims.title].includes(own.title)
  );
}
