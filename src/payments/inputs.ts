import type { Fen } from '../domain/money.ts';
import type { ProviderId, Scene } from '../domain/order.ts';
import type { OrderName } from './foreign.ts';

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
}

export interface RefundPaymentInput extends OrderName {
  readonly refundFen: Fen;
  readonly outRefundNo?: string | undefined;
  readonly reason?: string | undefined;
}
