/** What money moves by: a payment, or one refund of it. Their records are that themselves. */
export interface Subject {
  readonly outTradeNo: string;
  /** undefined: the payment. */
  readonly outRefundNo?: string | undefined;
}
