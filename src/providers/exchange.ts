import type { Fen } from '../domain/money.ts';

/** What is known besides its numbers of an order or refund that is asked about. */
export interface Known {
  /** ms, whole second; of an order as in {@link OrderTerms}, of a refund where its plan is not known. */
  readonly sentAt?: number;
  /** ms; until when an order could be paid. */
  readonly expiresAt?: number;
  /** By which the gateway is asked, where it may not know the order by our number; of a refund as in {@link RefundTerms}. */
  readonly gatewayTradeNo?: string;
  /** What of a refund was sent. */
  readonly plan?: string;
}

/**
 * Whether a call that has taken its time on the way to the gateway (keys were asked for first, or a connection broke) may
 * still go out: it is asked each time, for a person may have stopped everything.
 */
export type MayStill = () => Promise<boolean>;

/** The gateway's proven word on a trade. `exists: false` only when that, too, is proven by its signature. */
export type TradeSnapshot =
  | { readonly exists: false }
  | {
      readonly exists: true;
      /** As `PaymentProvider.account`, built from what the gateway said. */
      readonly account: string;
      readonly outTradeNo: string;
      /** UNKNOWN for a word that is not in the adapter's table. */
      readonly state: 'NOTPAY' | 'PAID' | 'CLOSED' | 'UNKNOWN';
      readonly gatewayState: string;
      readonly gatewayTradeNo?: string;
      /** As {@link Known.sentAt}, where numbers are timed. */
      readonly sentAt?: number;
      readonly amountFen?: Fen;
      /** ms */
      readonly paidAt?: number;
      /** The order's own mark, where the gateway returns it. */
      readonly mark?: string;
      /** A trade exists here only once somebody has opened its code or link. */
      readonly opened?: true;
      /** Refunded in all, by whomever; `unknown` where the gateway proves a refund but no sum. */
      readonly refundedFen?: Fen | 'unknown';
    };

/** The gateway's proven word on a refund. SUCCESS only by the gateway's own proof (Law 3). */
export type RefundSnapshot =
  | { readonly exists: false }
  | {
      readonly exists: true;
      readonly outTradeNo: string;
      readonly outRefundNo: string;
      readonly state: 'PROCESSING' | 'SUCCESS' | 'CLOSED' | 'ABNORMAL' | 'UNKNOWN';
      readonly gatewayState: string;
      readonly gatewayRefundNo?: string;
      /** As {@link Known.sentAt}, where numbers are timed. */
      readonly sentAt?: number;
      /** This refund's amount, where the gateway says it. */
      readonly refundFen?: Fen;
      /** Refunded of its order in all, by whomever. */
      readonly refundedFen?: Fen;
    };
