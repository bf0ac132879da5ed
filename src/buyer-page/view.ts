import type { HandOffForm, OrderState, ProviderId, Scene } from '../domain/order.ts';
import type { Receipt } from '../receipts/receipts.ts';

/** A receipt that can be had. */
export interface ReceiptView {
  /** Undefined: of the payment itself. */
  readonly outRefundNo?: string;
  readonly amountYuan: string;
}

/** Everything the page may show; built from the ledger. All instants are ms since the epoch. */
export interface BuyerView {
  readonly provider: ProviderId;
  readonly scene: Scene;
  readonly state: OrderState;
  readonly amountYuan: string;
  readonly title: string;
  readonly outTradeNo: string;
  /** The payee, where the merchant has given its name. */
  readonly merchantName?: string;
  readonly expiresAt: number;
  /** When the code or link dies, where that is earlier than the order. */
  readonly linkExpiresAt?: number;
  readonly closing: boolean;
  readonly late: boolean;
  /** Whether a code, link or the like was ever given out: nobody can have paid without. */
  readonly given: boolean;
  /** Whether the buyer, whose choice of the wallet has come to no code or link yet, may make it again. */
  readonly again?: boolean;
  readonly qrCode?: string;
  readonly payUrl?: string;
  /** A link that works only when followed from this very page, whose origin it wants as Referer. */
  readonly handOffUrl?: string;
  /** A form that a click sends to the gateway. */
  readonly handOffForm?: HandOffForm;
  readonly paidAt?: number;
  readonly gatewayTradeNo?: string;
  /** What has been refunded by us and proven. */
  readonly refundedYuan?: string;
  /** What the gateway proves to have been refunded elsewhere; `unknown` where it proves a refund but no sum. */
  readonly refundedElsewhereYuan?: string;
  /** Where something is proven: of the payment, then of each refund. */
  readonly receipts?: readonly ReceiptView[];
  readonly simulated: boolean;
  /** Whatever is paid goes back the next day. */
  readonly trial?: boolean;
  /** Simulator only: its own page, where a click pays. */
  readonly simulatorUrl?: string;
}

/**
 * Looks an order up by its 128-bit page token (16 bytes in base64url: 22 characters); undefined = no such page.
 * It is only ever called with a well-formed token.
 */
export type BuyerLookup = (token: string) => Promise<BuyerView | undefined>;

/** As {@link BuyerLookup}, a receipt of that order: of its payment, or of a refund. */
export type ReceiptLookup = (token: string, outRefundNo?: string) => Promise<Receipt | undefined>;
