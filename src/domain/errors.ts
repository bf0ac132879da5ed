/** A sentence in the two languages the product speaks. */
export interface Text {
  readonly zh: string;
  readonly en: string;
}

/** The errors a client can meet; fixed by the contract §4.2. */
export type ErrorCode =
  | 'INVALID_ARGUMENT'
  | 'ORDER_NOT_FOUND'
  | 'IDEMPOTENCY_CONFLICT'
  | 'ALREADY_PAID'
  | 'ORDER_CLOSED'
  | 'NOT_PAID'
  | 'REFUND_EXCEEDS_PAID'
  | 'REFUND_NOT_ALLOWED'
  | 'TRY_LATER'
  | 'POLICY_DENIED'
  | 'FROZEN'
  | 'GATEWAY_DECLINED'
  | 'OUTCOME_UNKNOWN'
  | 'GATEWAY_UNAVAILABLE'
  | 'CONFIGURATION'
  | 'INTERNAL';

/** Codes after which the very same call may succeed later without anyone changing anything. */
const RETRYABLE: ReadonlySet<ErrorCode> = new Set([
  'TRY_LATER',
  'OUTCOME_UNKNOWN',
  'GATEWAY_UNAVAILABLE',
  'INTERNAL',
]);

/**
 * The one error that leaves a use case. Its sentences are ours alone: gateway text, titles and names never enter
 * them (Law 7); machine-readable facts go to `details`.
 */
export class CashierError extends Error {
  override readonly name = 'CashierError';
  readonly code: ErrorCode;
  readonly text: Text;
  readonly next: Text;
  readonly details: Readonly<Record<string, string | number>>;

  constructor(
    code: ErrorCode,
    text: Text & { readonly next: Text },
    details: Readonly<Record<string, string | number>> = {},
  ) {
    super(text.en);
    this.code = code;
    this.text = { zh: text.zh, en: text.en };
    this.next = text.next;
    this.details = details;
  }

  /** Whether the identical call may be repeated as it is, after the time that the details name if they name one. */
  get retryable(): boolean {
    const { retryAfterSeconds, freeAt } = this.details;
    return RETRYABLE.has(this.code) || retryAfterSeconds !== undefined || freeAt !== undefined;
  }
}
