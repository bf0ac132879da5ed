import { constants } from 'node:os';

/** A sentence in the two languages the product speaks. */
export interface Text {
  readonly zh: string;
  readonly en: string;
}

/** The errors a client can meet; fixed by the contract §4.2. */
export const ERROR_CODES = [
  'INVALID_ARGUMENT',
  'ORDER_NOT_FOUND',
  'IDEMPOTENCY_CONFLICT',
  'ALREADY_PAID',
  'ORDER_CLOSED',
  'NOT_PAID',
  'REFUND_EXCEEDS_PAID',
  'REFUND_NOT_ALLOWED',
  'TRY_LATER',
  'POLICY_DENIED',
  'FROZEN',
  'GATEWAY_DECLINED',
  'OUTCOME_UNKNOWN',
  'GATEWAY_UNAVAILABLE',
  'CONFIGURATION',
  'INTERNAL',
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

/** Codes after which the very same call may succeed later without anyone changing anything. */
const RETRYABLE: ReadonlySet<ErrorCode> = new Set([
  'TRY_LATER',
  'OUTCOME_UNKNOWN',
  'GATEWAY_UNAVAILABLE',
  'INTERNAL',
]);

type Details = Readonly<Record<string, string | number>>;
/** What happened, what to do next, and facts for programs. */
export type Sentences = Text & { readonly next: Text; readonly details?: Details };

/**
 * The one error that leaves a use case. Its sentences are ours alone: gateway text, titles and names never enter
 * them (Law 7); machine-readable facts go to `details`.
 */
export class CashierError extends Error {
  override readonly name = 'CashierError';
  readonly code: ErrorCode;
  readonly text: Text;
  readonly next: Text;
  readonly details: Details;

  constructor(code: ErrorCode, { zh, en, next, details = {} }: Sentences) {
    super(en);
    this.code = code;
    this.text = { zh, en };
    this.next = next;
    this.details = details;
  }

  /** Whether the identical call may be repeated as it is, after the time that the details name if they name one. */
  get retryable(): boolean {
    const { retryAfterSeconds, freeAt } = this.details;
    return RETRYABLE.has(this.code) || retryAfterSeconds !== undefined || freeAt !== undefined;
  }
}

/** An error's code in the words of the system, or of a database; empty where it has none. */
export function codeOf(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  // Node has no words for some of the system's: for a quota that is used up, for one.
  const [, number] = /^Unknown system error -(\d+)$/.exec(code) ?? [];
  return number === undefined ? code : systemsName(Number(number));
}

/** Whether such a code says that there is no room, on the disk or in what of it one may use. */
export function isNoRoom(code: string): boolean {
  return code === 'ENOSPC' || code === 'EDQUOT';
}

function systemsName(number: number): string {
  const named = Object.entries(constants.errno).find(([, one]) => one === number);
  return named?.[0] ?? 'EUNKNOWN';
}

/** What to do about a mistake in an argument, where nothing more can be said. */
const CORRECT: Text = { zh: '改正参数后重试。', en: 'Correct the arguments and call again.' };

/** A mistake in one argument, in a sentence. Nothing was sent. */
export function invalidArgument(
  argument: string,
  { zh, en }: Text,
  next = CORRECT,
  details: Details = {},
): CashierError {
  const text = { zh: `${zh}没有资金变动。`, en: `${en} No money moved.`, next };
  return new CashierError('INVALID_ARGUMENT', { ...text, details: { argument, ...details } });
}

/** A setting that keeps us from working, by the name of its variable; what else is known of it goes to `details`. */
export function configuration(variable: string, { details, ...sentences }: Sentences): CashierError {
  return new CashierError('CONFIGURATION', { ...sentences, details: { variable, ...details } });
}

/** A setting that stops the start, in one sentence after its name; the value itself is never quoted. */
export function wrongSetting(variable: string, zh: string, en: string): CashierError {
  return configuration(variable, {
    zh: `${variable} ${zh}`,
    en: `${variable} ${en}`,
    next: { zh: `改正 ${variable} 后重新启动。`, en: `Correct ${variable} and start again.` },
  });
}
