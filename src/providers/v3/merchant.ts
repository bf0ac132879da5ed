import type { Answer } from './answer.ts';

export type Ids = Readonly<Record<string, string>>;

/** In whose name an API is called, and by which paths. */
export interface ApiMerchant {
  /** Where orders are made, asked for and closed. */
  readonly trades: string;
  /** Where refunds are made and asked for. */
  readonly refunds: string;
  /** What an order's body says of who sells. */
  readonly ofOrder: Ids;
  /** What a question and a close say of it. */
  readonly ofTrade: Ids;
  /** What refunds and bills say of it beyond the signature. */
  readonly ofRefund: Ids;
  /** The account that an answer or notification speaks of; undefined when it does not say whose it is. */
  accountIn(answer: Answer | undefined): string | undefined;
}
