/** What a buyer agrees to: that a merchant may take this much, this often. */
export interface AgreementTerms {
  /** A wallet's id. */
  readonly provider: string;
  /** As of an order. */
  readonly space?: string;
  readonly seller?: string;
  /** The merchant's number of it. */
  readonly externalNo?: string;
  readonly personalProductCode: string;
  readonly productCode: string;
  readonly signScene: string;
  /** Who it is at the merchant's, as the buyer is shown it. */
  readonly logonId?: string;
  /** What is sold, where it is known: that it is signed with a first payment. */
  readonly title?: string;
  readonly unit: 'DAY' | 'MONTH';
  readonly every: number;
  /** `yyyy-MM-dd`, of the first deduction. */
  readonly firstOn: string;
  /** fen, at most so much at once */
  readonly singleFen: number;
  /** fen, at most so much in all */
  readonly totalFen?: number;
  /** At most so often. */
  readonly times?: number;
  /** How long it holds from the signing on, as the merchant has written it: `30d`. */
  readonly validity?: string;
  /** Canonical text of what must not differ when the number is used again. */
  readonly fingerprint: string;
  /** Where its signing is told. */
  readonly notifyUrl?: string;
  readonly returnUrl?: string;
}
