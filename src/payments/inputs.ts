import type { Fen } from '../domain/money.ts';
import type { ProviderId, Scene } from '../domain/order.ts';
import type { OrderName } from './foreign.ts';

/** What was promised before the buyer chose the wallet. */
export interface OfferedTerms {
  readonly inputHash: string;
  readonly pageToken: string;
  readonly buyerHash: string | undefined;
  /** ms */
  readonly expiresAt: number;
  /** The caller chose the number. */
  readonly chosen: true | undefined;
}

/** What is asked of the verbs that make something new. */
export interface CreatePaymentInput {
  readonly provider?: ProviderId | undefined;
  readonly scene: Scene;
  readonly amountFen: Fen;
  readonly title: string;
  readonly outTradeNo?: string | undefined;
  /** Any stable id of the person or conversation; only its hash is kept. */
  readonly buyer?: string | undefined;
  readonly expiresInMinutes: number;
  readonly payerOpenid?: string | undefined;
  readonly payerClientIp?: string | undefined;
  /** It is for a period of a subscription, of which nobody chose the number. @property untilAt ms */
  readonly period?:
    | { readonly contractNo: string; readonly period: number; readonly untilAt: number }
    | undefined;
  /** The buyer has chosen the wallet of what was offered under this number. */
  readonly offered?: OfferedTerms | undefined;
}

export interface RefundPaymentInput extends OrderName {
  readonly refundFen: Fen;
  readonly outRefundNo?: string | undefined;
  readonly reason?: string | undefined;
}
