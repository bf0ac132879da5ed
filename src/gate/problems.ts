import type { Text } from '../domain/errors.ts';
import type { ProofRefusal } from '../providers/contract.ts';
import type { Said } from './http-answers.ts';

/** What is wrong with what somebody shows for having paid. */
export type ProblemName =
  | ProofRefusal
  | 'unknown-number'
  | 'expired'
  | 'late'
  | 'refunded'
  | 'gone'
  | 'other-bill'
  | 'not-accepted';

export interface Problem {
  /** For programs. */
  readonly code: string;
  readonly text: Text;
}

const PROBLEMS: Readonly<Record<ProblemName, Problem>> = {
  malformed: {
    code: 'PROOF_MALFORMED',
    text: {
      zh: 'Payment-Proof 无法读取：原样发送付款工具给出的值。',
      en: 'Payment-Proof cannot be read: send what the wallet has given, unchanged.',
    },
  },
  forged: {
    code: 'PROOF_INVALID',
    text: {
      zh: 'Payment-Proof 不是这笔付款的证明。',
      en: 'Payment-Proof is not the proof of such a payment.',
    },
  },
  'not-paid': {
    code: 'NOT_PAID',
    text: {
      zh: '还没有付款：付完这份账单再请求。',
      en: 'It is not paid yet: pay this bill, then ask again.',
    },
  },
  closed: {
    code: 'PAYMENT_CLOSED',
    text: {
      zh: '那笔付款已关闭：支付这份新账单。',
      en: 'That payment is closed: pay this new bill.',
    },
  },
  'not-found': {
    code: 'PROOF_NOT_FOUND',
    text: {
      zh: '支付平台不认识这个证明，或它已过期。',
      en: 'The gateway knows no such proof, or no longer.',
    },
  },
  consumed: {
    code: 'PROOF_CONSUMED',
    text: { zh: '这个证明已经用过。', en: 'This proof has been used.' },
  },
  'client-too-old': {
    code: 'CLIENT_TOO_OLD',
    text: {
      zh: '付款工具过旧，没有给出会话信息：升级后再出示。',
      en: 'The wallet program is too old and leaves out its session: upgrade it.',
    },
  },
  'unknown-number': {
    code: 'UNKNOWN_NUMBER',
    text: {
      zh: 'X-Out-Trade-No 不是本网关给出的号码：这是一份新账单。',
      en: 'X-Out-Trade-No is no number of this gate: this is a new bill.',
    },
  },
  expired: {
    code: 'EXPIRED',
    text: {
      zh: '那份账单未付款，已过期：这是一份新账单。',
      en: 'That bill was not paid in time: this is a new one.',
    },
  },
  late: {
    code: 'PAID_TOO_LATE',
    text: {
      zh: '那份账单过期后才付款，款项会原路退回：这是一份新账单。',
      en: 'That bill was paid too late, and the money goes back: this is a new bill.',
    },
  },
  refunded: {
    code: 'REFUNDED',
    text: {
      zh: '没有交付，款项已原路退回或正在退回：这是一份新账单。',
      en: 'Nothing was delivered, and the money goes back or went back: this is a new bill.',
    },
  },
  gone: {
    code: 'RESULT_GONE',
    text: {
      zh: '结果早已交付，不再保存：这是一份新账单。',
      en: 'The result was delivered long ago and is not kept any more: this is a new bill.',
    },
  },
  'not-accepted': {
    code: 'PROOF_NOT_ACCEPTED',
    text: {
      zh: '本网关不收 Payment-Proof：在 cashierUrl 付款。',
      en: 'This gate takes no Payment-Proof: pay at cashierUrl.',
    },
  },
  'other-bill': {
    code: 'PROOF_OF_OTHER_BILL',
    text: {
      zh: '这个证明付的不是本网关的账单，或金额不符。',
      en: 'This proof pays no bill of this gate, or not its sum.',
    },
  },
};

export function problemOf(name: ProblemName): Problem {
  return PROBLEMS[name];
}

export const OTHER_REQUEST: Said = {
  status: 409,
  code: 'IDEMPOTENCY_CONFLICT',
  text: {
    zh: '这份账单属于另一个请求：方法、路径、参数和正文须与付款前完全相同。',
    en: 'This bill is of another request: method, path, query and body must be exactly those that were billed.',
  },
};

/** Somebody else with the same number is first. */
export function stillExecuting(): Said {
  return {
    status: 503,
    code: 'TRY_LATER',
    text: {
      zh: '已付款，正在执行：稍后用同一请求取结果，不要再付款。',
      en: 'It is paid for and being executed: ask again with the same request, and do not pay again.',
    },
    headers: { 'Retry-After': '5' },
  };
}
