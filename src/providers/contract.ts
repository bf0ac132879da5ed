import type { Fen } from '../domain/money.ts';
import type { Credential, OrderTerms, ProviderId, RefundTerms, Scene } from '../domain/order.ts';
import type { AgreementSnapshot, Agreements } from './agreements.ts';
import type { Known, MayStill, RefundSnapshot, TradeSnapshot } from './exchange.ts';
import type { A2m, X402 } from './pay-per-call.ts';

export * from './agreements.ts';
export * from './exchange.ts';
export * from './gateway-errors.ts';
export * from './pay-per-call.ts';

/**
 * The port between the money path and a gateway. An adapter translates words; it takes no decision about money.
 * Three errors cross it and no others: {@link GatewayDeclined}, {@link GatewayUnavailable}, {@link OutcomeUnknown}
 * (`plan…` may also throw `CashierError` INVALID_ARGUMENT for limits of this gateway, before anything is stored).
 */
export interface PaymentProvider {
  readonly id: ProviderId;
  /**
   * Stored with every order: gateway, merchant and apps in words, from the general to the particular, such as
   * `https://openapi.alipay.com/gateway.do 2021…`.
   */
  readonly account: string;
  /**
   * Whether orders of an account are this merchant's as well, such as those made under another of its apps: they are
   * asked for, refunded and notified here. By default none but its own.
   */
  owns?(account: string): boolean;
  readonly scenes: ReadonlySet<Scene>;
  /** Scenes whose link works only from our own page on a domain that the gateway knows. */
  readonly fromPageOnly?: ReadonlySet<Scene>;
  /** A trade comes into being only when somebody opens the code or link; until then another system can take its number. */
  readonly opensLater?: boolean;
  /**
   * A number means an order or refund here only together with when that was sent ({@link Known.sentAt}): with another
   * time it is another one, so nobody can ask whether a number is free, nor by a number alone. A refund's is in its
   * plan, which keeps it however often that is sent; undefined where it cannot be read.
   */
  readonly timedNumbers?: { refundSentAt(plan: string): number | undefined };
  /** How long a payment can last that somebody asks for, where a gateway lets it last for less than a day. */
  readonly maxExpiryMinutes?: number;
  /** Orders carry a mark of ours that the gateway returns once they are paid. */
  readonly returnsMark: boolean;
  readonly refundRules: RefundRules;

  /**
   * The exact business bytes that will be sent for this order (absolute expiry included). Stored with the intent, so
   * that a re-send is byte-identical whatever the configuration says by then. Pure.
   */
  planPayment(order: OrderTerms): string;
  /** Sends a plan, or signs it locally where the gateway wants only a link. Safe to repeat with the same plan. */
  sendPayment(order: OrderTerms, plan: string, mayStill?: MayStill): Promise<Credential>;
  queryTrade(outTradeNo: string, known?: Known): Promise<TradeSnapshot>;
  /**
   * Resolves when the gateway has proven that the order is closed and unpaid. Absent where it closes none: what was
   * given out can be paid until it expires.
   */
  closeTrade?(outTradeNo: string, mayStill?: MayStill): Promise<void>;
  /** As {@link planPayment}, for a refund. */
  planRefund(refund: RefundTerms): string;
  /** Sends a plan. The same outRefundNo refunds at most once. */
  sendRefund(refund: RefundTerms, plan: string, mayStill?: MayStill): Promise<RefundSnapshot>;
  queryRefund(outTradeNo: string, outRefundNo: string, known?: Known): Promise<RefundSnapshot>;

  /** Single calls, sold by proof or by code; undefined where the gateway has neither, or it is not configured. */
  readonly a2m?: A2m | undefined;
  readonly x402?: X402 | undefined;
  /** Charging again and again by one consent; undefined where this merchant has no such product of the gateway's. */
  readonly agreements?: Agreements | undefined;

  /**
   * Verifies, opens and parses a notification; the only way to obtain a {@link VerifiedNotify}. Throws
   * {@link NotifyRejected} for anything that is not provably the gateway's, and fresh where the gateway says when.
   * @param now ms
   */
  parseNotify(raw: RawNotify, now: number): Promise<VerifiedNotify>;
  /** The reply in the gateway's own words: taken, or send it again. */
  acknowledge(accepted: boolean): NotifyReply;

  /**
   * The gateway's trade bill of one day; without lines when it says that there is none. A bill is compared with the
   * ledger and proves nothing: what it says of an order is learned by asking for that order.
   * @param date `YYYY-MM-DD` in Asia/Shanghai
   */
  downloadBill(date: string): Promise<Bill>;

  /**
   * Has the gateway prove, without moving anything, that it and this configuration know each other. Resolves with the
   * settings that only a real payment could prove; throws as every other call. For people who set it up.
   */
  checkCredentials?(): Promise<readonly string[]>;
}

/** Whether an order of this account lives here. */
export function isHome(
  { account: own, owns }: Pick<PaymentProvider, 'account' | 'owns'>,
  account: string,
): boolean {
  return account === own || owns?.(account) === true;
}

/**
 * Whether a gateway speaks of an order's account: what it names and the order was made with must be the same. Apps
 * that either does not name are not compared.
 */
export function isSameAccount(ordered: string, told: string): boolean {
  const words = ordered.split(' ');
  return told.split(' ').every((word, at) => word === (words[at] ?? word));
}

/** What a gateway books on one day in Asia/Shanghai. */
export interface Bill {
  readonly date: string;
  readonly lines: readonly BillLine[];
}

interface BillEntry {
  /** Whose, as {@link PaymentProvider.account}, where it is another of the same merchant's. */
  readonly account?: string;
  /** Empty when the gateway has none, as for a payment that was never ordered through an API. */
  readonly outTradeNo: string;
  readonly gatewayTradeNo: string;
  /** As {@link Known.sentAt}, where numbers are timed. */
  readonly sentAt?: number;
  /** What was paid or goes back, without its sign. */
  readonly amountFen: Fen;
  /** Signed fen: what the merchant pays for it; negative when a fee is given back. undefined: it cannot be read. */
  readonly feeFen: number | undefined;
  /** ms; when the gateway booked it. */
  readonly at: number;
  readonly gatewayState: string;
}

export type BillPayment = BillEntry & { readonly kind: 'payment'; readonly state: 'PAID' | 'UNKNOWN' };

/** The state is what it was when the bill was made, and never updated. */
export type BillRefund = BillEntry & {
  readonly kind: 'refund';
  readonly outRefundNo: string;
  readonly state: Extract<RefundSnapshot, { exists: true }>['state'];
};

export type BillLine = BillPayment | BillRefund;

/** A request as it arrived: header names in lower case, the body untouched. */
export interface RawNotify {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface NotifyReply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** What a notification proves. `id` is the gateway's, the same when it is sent again. */
export type VerifiedNotify =
  | { readonly kind: 'trade'; readonly id: string; readonly trade: Extract<TradeSnapshot, { exists: true }> }
  | {
      readonly kind: 'refund';
      readonly id: string;
      /** With an empty `outTradeNo` where the order is named by `gatewayTradeNo` alone. */
      readonly refund: Extract<RefundSnapshot, { exists: true }>;
      readonly gatewayTradeNo?: string;
    }
  /** Money of a trade went back, `refundedFen` in all. It announces no payment and names no refund of its own. */
  | {
      readonly kind: 'refunded';
      readonly id: string;
      readonly trade: Extract<TradeSnapshot, { exists: true }>;
    }
  /** An agreement was signed or has ended, by whomever: a subscriber who ends it in the wallet's own app is believed at once. */
  | {
      readonly kind: 'agreement';
      readonly id: string;
      readonly agreement: Extract<AgreementSnapshot, { exists: true }>;
    }
  /** Genuine, but nothing that moves an order or refund of ours: taken and forgotten. */
  | { readonly kind: 'other'; readonly id: string; readonly type: string };

/** Why a notification is refused: never the sender's text. */
export const NOTIFY_REASONS = [
  'no-signature',
  'missing-header',
  'unknown-serial',
  'keys-unavailable',
  'bad-signature',
  'sign-type',
  'stale',
  'ahead-of-time',
  'time-unreadable',
  'undecryptable',
  'ambiguous',
  'charset',
  'unreadable',
  'unreadable-envelope',
  'unreadable-resource',
  'too-many-parameters',
  'repeated-parameter',
  'other-account',
  'other-app',
  'other-seller',
  'event-mismatch',
  'id-unreadable',
  'order-number-unreadable',
  'agreement-unreadable',
  'amount-unreadable',
] as const;
export type NotifyReason = (typeof NOTIFY_REASONS)[number];

/** A notification that is not provably the gateway's, or not for this account. It changes nothing. */
export class NotifyRejected extends Error {
  override readonly name = 'NotifyRejected';
  readonly reason: NotifyReason;

  constructor(reason: NotifyReason) {
    super(`notification rejected: ${reason}`);
    this.reason = reason;
  }
}

/** What the gateway wants kept between and about the refunds of one order. */
export interface RefundRules {
  /** Milliseconds between two refunds of an order. */
  readonly minIntervalMs: number;
  readonly maxPerOrder: number;
  /** Milliseconds after payment in which refunds are taken. */
  readonly windowMs: number;
  /** Whether an outRefundNo is unique within the merchant, not only within the order. */
  readonly numberUniquePerMerchant: boolean;
  /** Refunds name their order by the gateway's number, which only the proof of its payment gives. */
  readonly byGatewayNo?: true;
  /** Milliseconds to wait before each question about an unsettled refund; the last one repeats. */
  readonly askAfterMs: readonly number[];
  /** The gateway's words for a trade that can no longer be refunded. */
  readonly finalTradeStates: ReadonlySet<string>;
}
