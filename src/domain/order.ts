import type { Fen } from './money.ts';

/** The wallets by their ids: each says its own where it is described, with `declare module`. */
// biome-ignore lint/suspicious/noEmptyInterface: filled where the wallets are
export interface WalletIds {}
export type ProviderId = keyof WalletIds;

/**
 * How the buyer pays: scan a code, desktop page, phone browser, inside the wallet's app, inside a merchant's app; or a buyer's
 * agent pays a bill (`a2m`), or the server charges a period of a subscription (`agreement`), which no call can ask for.
 */
export const SCENES = ['qr', 'web', 'h5', 'jsapi', 'app', 'a2m', 'agreement'] as const;
export type Scene = (typeof SCENES)[number];

/** Whether an order is proven by what its payer shows: the gateway's query is never asked, and may not know it. */
export function isProvenByPayer({ scene }: { readonly scene: Scene }): boolean {
  return scene === 'a2m';
}

/** Which world the money of a ledger lives in; a ledger never holds two. */
export const REALMS = ['live', 'trial', 'sandbox', 'simulator'] as const;
export type Realm = (typeof REALMS)[number];

export const ORDER_STATES = ['PENDING_APPROVAL', 'DENIED', 'NOTPAY', 'PAID', 'CLOSED', 'UNKNOWN'] as const;
export type OrderState = (typeof ORDER_STATES)[number];
export const REFUND_STATES = [
  'PENDING_APPROVAL',
  'DENIED',
  'PROCESSING',
  'SUCCESS',
  'CLOSED',
  'ABNORMAL',
  'UNKNOWN',
] as const;
export type RefundState = (typeof REFUND_STATES)[number];

/** Where a state was last proven. */
export type Source = 'ledger' | 'query' | 'notify';

/** Where a form goes (https, or a loopback address) and what stands in it. */
export interface HandOffForm {
  readonly action: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** What the payer acts on. Exactly what the gateway gave, or what was signed here for the front end. */
export interface Credential {
  /** A byte-exact, clickable link. */
  readonly payUrl?: string;
  /**
   * A link that works only when followed from our own page on a registered domain, whose origin must be its Referer.
   * Handed to nobody: the page is what the payer gets.
   */
  readonly handOffUrl?: string;
  /** A form that the payer's browser posts to the gateway, from our own page. Handed to nobody, like that link. */
  readonly handOffForm?: HandOffForm;
  /** The string inside the QR image. */
  readonly qrCode?: string;
  /** What a page or mini program inside the wallet's app opens the payment with, such as `wx.requestPayment`. */
  readonly jsapiParams?: Readonly<Record<string, string>>;
  /** What a merchant's app hands to the wallet's SDK. */
  readonly appParams?: Readonly<Record<string, string>>;
  /** Alipay's app SDK order string. */
  readonly orderString?: string;
  /** When link or code dies (ms), where that is earlier than the order. */
  readonly linkExpiresAt?: number;
}

/** What a gateway needs to know of an order. Everything here is fixed when the intent is committed. */
export interface OrderTerms {
  readonly outTradeNo: string;
  readonly scene: Scene;
  readonly amountFen: Fen;
  readonly title: string;
  /** ms, whole second; when it is sent first. */
  readonly sentAt: number;
  /** ms, whole second; always sent to the gateway. */
  readonly expiresAt: number;
  readonly payerOpenid?: string;
  readonly payerClientIp?: string;
  /** Random; comes back with the proof of payment, where the gateway does that. */
  readonly mark?: string;
}

/** What a gateway needs to know of a refund. */
export interface RefundTerms {
  readonly outTradeNo: string;
  readonly outRefundNo: string;
  readonly refundFen: Fen;
  /** The order's whole amount. */
  readonly totalFen: Fen;
  /** ms, whole second; when it is sent first. */
  readonly sentAt: number;
  /** By which the gateway knows the order where it does not by ours, or wants it named. */
  readonly gatewayTradeNo?: string;
  /** Σ of the order's other refunds that are proven when this one is sent. */
  readonly refundedBeforeFen?: Fen;
  readonly reason?: string;
}
