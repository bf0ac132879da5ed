import type { Result } from '@modelcontextprotocol/server';
import type { CashierError, Text } from '../../domain/errors.ts';
import type { Language } from './words.ts';

/** What a paid call is answered instead of its result. */
export interface Refusal {
  /** For programs. */
  readonly code: string;
  readonly text: Text;
  readonly next: Text;
  /** Whether the same call may come to something later. */
  readonly retryable?: boolean;
  readonly more?: Readonly<Record<string, unknown>>;
}

const ANEW: Text = {
  zh: '仍然需要时，不带单号再次调用，会得到新的付款链接。',
  en: 'Where it is still wanted, call without the number: there is a new payment link.',
};
const AGAIN: Text = {
  zh: '稍后用完全相同的参数和单号再次调用，不要再付款。',
  en: 'Call again later with exactly the same arguments and number; do not pay again.',
};
const NOT_OURS: Text = {
  zh: '只填首次调用返回的单号；没有就不填，会得到付款链接。',
  en: 'Give the number that the first call returned, or none: then there is a payment link.',
};

export const UNKNOWN_NUMBER: Refusal = {
  code: 'UNKNOWN_NUMBER',
  text: { zh: '没有这个单号。没有执行。', en: 'There is no such number. Nothing was done.' },
  next: NOT_OURS,
};
export const OTHER_CALL: Refusal = {
  code: 'IDEMPOTENCY_CONFLICT',
  text: {
    zh: '这个单号属于另一次调用：工具和参数须与取得单号时完全相同。没有执行。',
    en: 'This number is of another call: the tool and its arguments must be exactly those that it was given for. Nothing was done.',
  },
  next: {
    zh: '改回原来的参数，或不带单号再次调用。',
    en: 'Use the arguments of then, or call without the number.',
  },
};
export const EXECUTING: Refusal = {
  code: 'TRY_LATER',
  text: { zh: '已付款，正在执行。', en: 'It is paid for and being executed.' },
  ...{ next: AGAIN, retryable: true, more: { retryAfterSeconds: 5 } },
};
export const NOT_TOLD: Refusal = {
  code: 'OUTCOME_UNKNOWN',
  text: {
    zh: '支付平台没有说是否已付款。没有执行。',
    en: 'The payment gateway does not tell whether it is paid. Nothing was done.',
  },
  ...{ next: AGAIN, retryable: true, more: { retryAfterSeconds: 5 } },
};
export const REFUNDED: Refusal = {
  code: 'REFUNDED',
  text: {
    zh: '这次调用没有交付，款项已原路退回或正在退回。',
    en: 'This call was not delivered; the money goes back, or went back.',
  },
  next: ANEW,
};
export const GONE: Refusal = {
  code: 'RESULT_GONE',
  text: {
    zh: '结果早已交付，不再保存。',
    en: 'The result was delivered long ago and is not kept any more.',
  },
  next: ANEW,
};
export const UNREACHED: Refusal = {
  code: 'UPSTREAM_FAILED',
  text: {
    zh: '已付款，但上游没有执行；到期仍没有结果会自动退款。',
    en: 'It is paid for, and the server behind the gate has done nothing yet; without a result in time the money goes back by itself.',
  },
  ...{ next: AGAIN, retryable: true },
};
export const FAILED: Refusal = {
  code: 'UPSTREAM_FAILED',
  text: {
    zh: '上游没有给出结果，款项会自动原路退回。',
    en: 'The server behind the gate gave no result; the money goes back by itself.',
  },
  ...{ next: ANEW, more: { refund: true } },
};
export const TOO_LARGE: Refusal = {
  code: 'UPSTREAM_FAILED',
  text: {
    zh: '上游的结果超过 1 MiB，无法保存，款项会自动原路退回。',
    en: 'The result is larger than 1 MiB and cannot be kept; the money goes back by itself.',
  },
  ...{ next: ANEW, more: { refund: true } },
};

export function badArguments(problem: string): Refusal {
  return {
    code: 'INVALID_ARGUMENT',
    text: {
      zh: `参数不符合工具的要求（${problem}）。没有收费，没有执行。`,
      en: `The arguments are not what the tool takes (${problem}). Nothing was charged or done.`,
    },
    next: { zh: '改正参数后再次调用。', en: 'Correct them and call again.' },
  };
}

/** One JSON object, as every error of ours, and what else there is to show. */
export function refusal(
  { code, text, next, retryable = false, more }: Refusal,
  language: Language,
  { simulated, trial }: { readonly simulated: boolean; readonly trial?: boolean },
  beside: readonly unknown[] = [],
): Result {
  const said = { code, message: text[language], retryable, nextAction: next[language], ...more };
  const money = { ...(simulated ? { simulated } : {}), ...(trial ? { trial } : {}) };
  const first = { type: 'text', text: JSON.stringify({ ...said, ...money }) };
  return { isError: true, content: [first, ...beside] };
}

/** What a use case refuses. */
export function refusalOf({ code, text, next, retryable, details }: CashierError): Refusal {
  return { code, text, next, retryable, more: details };
}
