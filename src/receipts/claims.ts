import { beijingIso } from '../domain/clock.ts';
import { defined } from '../domain/defined.ts';
import { toYuan } from '../domain/money.ts';
import type { ProviderId, Realm } from '../domain/order.ts';
import type { Book } from '../ledger/book.ts';
import type { OrderRecord, RefundRecord } from '../ledger/records.ts';

/** In whose name receipts are given. */
export interface Giver {
  readonly realm: Realm;
  /** Where this merchant's service is reached, without a slash at the end. */
  readonly publicUrl: string | undefined;
  readonly merchantName: string | undefined;
}

/** What a receipt says: of the money and what it was for, and nothing of who paid. */
export interface ReceiptClaims {
  /** The service's public address, or `urn:mcp-cashier:` and the ledger's id. */
  readonly iss: string;
  /** Seconds: when the gateway's proof was recorded. */
  readonly iat: number;
  /** One for each payment and refund, for ever: ledger, order number, refund number. */
  readonly jti: string;
  readonly order_id: string;
  /** Yuan, as a decimal text: what was paid; in the receipt of a refund what went back. */
  readonly amount: string;
  readonly currency: 'CNY';
  /** The payee's name; `iss` where it has none. */
  readonly merchant: string;
  readonly title: string;
  readonly psp: ProviderId;
  /** The gateway's own number, where it has told one. */
  readonly psp_confirmation_id?: string;
  /** ISO 8601 with +08:00; in the receipt of a refund, too, when the payment was made. */
  readonly paid_at: string;
  /** No real money: the simulator's, or that of a gateway's sandbox. */
  readonly simulated?: true;
  readonly trial?: true;
  /** Of a refund: the `jti` of the receipt whose money went back. */
  readonly refund_of?: string;
  /** Of a call that was paid for by itself: what was asked for, by its digest. */
  readonly request_sha256?: string;
}

/** What of an order the gateway has proven: its payment, then its refunds, oldest first; empty while that is nothing. */
export async function claimsOf(
  book: Book,
  giver: Giver,
  outTradeNo: string,
): Promise<readonly ReceiptClaims[]> {
  const order = await book.orders.get(outTradeNo);
  if (order?.state !== 'PAID') return [];
  const refunds = await book.refunds.ofOrder(outTradeNo);
  const proofs = await book.audit.proofsOf(outTradeNo);
  const call = await book.paidCalls.ofOrder(outTradeNo);
  const paid = {
    // What the gateway has told of by itself came here proven.
    ...paymentClaims(order, giver, await book.audit.ledgerId(), proofs.get('') ?? order.createdAt),
    ...defined({ request_sha256: call?.requestHash }),
  };
  return [
    paid,
    ...refunds
      .filter(({ state }) => state === 'SUCCESS')
      .map((refund) => refundClaims(paid, refund, proofs.get(refund.outRefundNo) ?? refund.createdAt)),
  ];
}

function paymentClaims(
  order: OrderRecord,
  { realm, publicUrl, merchantName }: Giver,
  ledgerId: string,
  provenAt: number,
): ReceiptClaims {
  const { outTradeNo, amountFen, title, provider, gatewayTradeNo, paidAt } = order;
  const iss = publicUrl ?? `urn:mcp-cashier:${ledgerId}`;
  return {
    iss,
    iat: seconds(provenAt),
    jti: `${ledgerId}/${outTradeNo}`,
    order_id: outTradeNo,
    amount: toYuan(amountFen),
    currency: 'CNY',
    merchant: merchantName ?? iss,
    title,
    psp: provider,
    ...defined({ psp_confirmation_id: gatewayTradeNo }),
    paid_at: beijingIso(paidAt ?? provenAt),
    ...(realm === 'simulator' || realm === 'sandbox' ? { simulated: true } : {}),
    ...(realm === 'trial' ? { trial: true } : {}),
  };
}

function refundClaims(
  paid: ReceiptClaims,
  { outRefundNo, amountFen, gatewayRefundNo }: RefundRecord,
  provenAt: number,
): ReceiptClaims {
  return {
    ...paid,
    iat: seconds(provenAt),
    jti: `${paid.jti}/${outRefundNo}`,
    amount: toYuan(amountFen),
    ...defined({ psp_confirmation_id: gatewayRefundNo ?? paid.psp_confirmation_id }),
    refund_of: paid.jti,
  };
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}
