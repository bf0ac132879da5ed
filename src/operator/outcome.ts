import type { Text } from '../domain/errors.ts';
import type { OrderState, RefundState } from '../domain/order.ts';
import { BY_PERSON } from '../ledger/records.ts';
import type { CaseView } from './view.ts';

/** How long (ms) what is approved takes at most where a server is running, and some. */
const CARRIED_OUT_WITHIN_MS = 6_000;

/** What came of an approval, for a person. */
export interface Outcome {
  readonly headline: Text;
  readonly next: Text;
  /** Our own short word, or the gateway's. */
  readonly code: string | undefined;
  /** `sent`: it is on its way or further; `wait`: it is going to be sent; `none`: it is not. */
  readonly look: 'sent' | 'wait' | 'none';
  /** Whether this changes by itself, and whether within seconds. */
  readonly open: boolean;
  readonly soon: boolean;
}

type Told = Pick<CaseView, 'approval' | 'phase' | 'order' | 'refund' | 'frozen'>;

/** What came of an approval that is not pending any more. `now` in ms. */
export function outcomeOf(view: Told, now: number): Outcome {
  const { approval, phase } = view;
  const { code } = approval;
  const again = approval.rule === BY_PERSON ? AGAIN : ASKS_ANEW;
  if (phase === 'failed') return { ...FAILED, next: both(whyNot(code), again), code, ...ENDED };
  const isMoot = (phase === 'approved' || phase === 'lapsed') && !stillWaits(view);
  if (phase === 'used' || isMoot) return sent(view);
  if (phase === 'lapsed') {
    return { ...LAPSED, next: both(whyHeld(view), again), code, ...ENDED };
  }
  if (phase !== 'approved') return { ...UNDECIDED[phase], code: undefined, ...ENDED };
  const soon =
    now < (approval.decidedAt ?? now) + CARRIED_OUT_WITHIN_MS && code === undefined && !view.frozen;
  const words = soon ? GOING : { headline: HELD, next: both(whyHeld(view), THEN_GOES) };
  return { ...words, code, look: 'wait', open: true, soon };
}

/** Whether nothing of what was asked about has been sent, so that a yes to it would send it. */
export function stillWaits({
  approval,
  order,
  refund,
}: Pick<CaseView, 'approval' | 'order' | 'refund'>): boolean {
  const subject = approval.kind === 'refund' ? refund : order;
  const declined = subject?.state === 'CLOSED' && subject.declinedCode !== undefined;
  return subject?.state === 'PENDING_APPROVAL' || declined;
}

function sent({ approval, order, refund }: Told): Outcome {
  const ofRefund = approval.kind === 'refund';
  const state = (ofRefund ? refund?.state : order?.state) ?? 'UNKNOWN';
  const words = ofRefund ? REFUNDED[state as RefundState] : PAID[state as OrderState];
  const open = state === 'UNKNOWN' || state === 'PROCESSING' || state === 'NOTPAY';
  return { ...words, code: undefined, look: 'sent', open, soon: state === 'UNKNOWN' };
}

function whyNot(code: string | undefined): Text {
  return code !== undefined && Object.hasOwn(WHY_NOT, code) ? (WHY_NOT[code] ?? DECLINED) : DECLINED;
}

function whyHeld({ approval: { code }, frozen }: Told): Text {
  if (frozen) return PAUSED;
  if (code === undefined) return NO_SERVER;
  return (Object.hasOwn(WHY_HELD, code) ? WHY_HELD[code] : undefined) ?? TROUBLE;
}

function both(first: Text, second: Text): Text {
  return { zh: `${first.zh}${second.zh}`, en: `${first.en} ${second.en}` };
}

const ASKS_ANEW: Text = {
  zh: '没有资金变动。智能体再次请求时，会出现一个新的审批。',
  en: 'No money moved. If the agent asks again, a new approval appears.',
};
/** Of what a person has wanted of their own accord. */
const AGAIN: Text = {
  zh: '没有资金变动，可以重新退款。',
  en: 'No money moved; you can refund it again.',
};
const THEN_GOES: Text = {
  zh: '之后自动执行，不用再批准。',
  en: 'After that it goes by itself; you need not approve again.',
};
const PAUSED: Text = {
  zh: '收款和退款已暂停，等您恢复。',
  en: 'Payments and refunds are paused until you resume.',
};
const NO_SERVER: Text = {
  zh: '没有能执行它的服务器在运行：请启动 AI 客户端或 mcp-cashier http。',
  en: 'No server that can send it is running: start your AI client or mcp-cashier http.',
};
const TROUBLE: Text = {
  zh: '服务器遇到问题，正在重试，详情见日志。',
  en: 'The server has met a problem and is trying again; see its log.',
};
const DECLINED: Text = { zh: '支付平台拒绝了这次请求。', en: 'The gateway declined it.' };

const WHY_HELD: Readonly<Record<string, Text>> = {
  TRY_LATER: {
    zh: '支付平台要求同一订单的退款有间隔。',
    en: 'The gateway wants time between two refunds of an order.',
  },
  OUTCOME_UNKNOWN: {
    zh: '同一订单还有一笔退款结果待确认。',
    en: 'Another refund of this order is of unknown result.',
  },
  GATEWAY_UNAVAILABLE: {
    zh: '暂时连不上支付平台，正在重试。',
    en: 'The gateway cannot be reached; trying again.',
  },
};

const WHY_NOT: Readonly<Record<string, Text>> = {
  POLICY_DENIED: { zh: '规则不允许。', en: 'The rules forbid it.' },
  REFUND_EXCEEDS_PAID: { zh: '超过还可退的金额。', en: 'It is more than is left to refund.' },
  REFUND_NOT_ALLOWED: {
    zh: '支付平台的规则不允许再退这笔订单。',
    en: "The gateway's rules allow no more refunds of this order.",
  },
  NOT_PAID: { zh: '订单没有付款。', en: 'The order is not paid.' },
  ORDER_NOT_FOUND: { zh: '这个来源已看不到这笔订单。', en: 'This caller cannot see the order any more.' },
  CALLER_REVOKED: { zh: '提出请求的来源已被撤销。', en: 'The caller that asked has been revoked.' },
};

const ENDED = { look: 'none', open: false, soon: false } as const;
const FAILED = { headline: { zh: '已批准，但没有执行', en: 'Approved, but not carried out' } };
const LAPSED = {
  headline: { zh: '已批准，但有效期内没有执行', en: 'Approved, but not carried out in time' },
};
const HELD: Text = { zh: '已批准，还没有执行', en: 'Approved, not carried out yet' };
const GOING = {
  headline: { zh: '已批准，正在执行', en: 'Approved, being carried out' },
  next: { zh: '几秒内发往支付平台。', en: 'It goes to the gateway within seconds.' },
};

const UNDECIDED = {
  pending: {
    headline: { zh: '等待您决定', en: 'Waiting for your decision' },
    next: { zh: '在您决定之前，什么也没有发出。', en: 'Nothing has been sent.' },
  },
  denied: {
    headline: { zh: '已拒绝', en: 'Denied' },
    next: {
      zh: '没有资金变动。智能体下一次请求会得知；这个单号不能再用。',
      en: 'No money moved. The agent’s next call is told so; this number cannot be used again.',
    },
  },
  expired: {
    headline: { zh: '已过期，没有人决定', en: 'Expired without a decision' },
    next: ASKS_ANEW,
  },
};

type Words = Pick<Outcome, 'headline' | 'next'>;

const IN_DOUBT: Text = {
  zh: '支付平台还没有给出结果，正在自动查询，请勿另行操作。',
  en: 'The gateway has not told the result; it is being asked. Do nothing besides.',
};
const REFUNDED: Readonly<Record<RefundState, Words>> = {
  SUCCESS: {
    headline: { zh: '退款成功，原路退回（银行卡可能晚几天到账）', en: 'Refunded; bank cards may take days' },
    next: { zh: '支付平台已确认。', en: 'The gateway has confirmed it.' },
  },
  PROCESSING: {
    headline: { zh: '已批准，退款处理中', en: 'Approved, the refund is under way' },
    next: {
      zh: '支付平台已受理，完成后会显示在这里。',
      en: 'The gateway has taken it; here you will see when it is done.',
    },
  },
  UNKNOWN: {
    headline: { zh: '已批准，退款结果待确认', en: 'Approved, the result is unknown yet' },
    next: IN_DOUBT,
  },
  ABNORMAL: {
    headline: { zh: '退款异常', en: 'The refund is abnormal' },
    next: {
      zh: '款项没有到买家账户，请在商户平台处理，不要再次退款。',
      en: 'The money did not reach the buyer. Resolve it on the merchant platform; do not refund again.',
    },
  },
  CLOSED: {
    headline: { zh: '没有退成', en: 'Not refunded' },
    next: {
      zh: '支付平台关闭了这笔退款，款项没有退出。',
      en: 'The gateway closed this refund; no money went out.',
    },
  },
  PENDING_APPROVAL: { headline: HELD, next: ASKS_ANEW },
  DENIED: UNDECIDED.denied,
};
const PAID: Readonly<Record<OrderState, Words>> = {
  NOTPAY: {
    headline: { zh: '已批准，等待买家付款', en: 'Approved, waiting for the buyer' },
    next: {
      zh: '付款码已生成，智能体下一次请求就能拿到。',
      en: 'There is a code to pay with; the agent’s next call gets it.',
    },
  },
  PAID: {
    headline: { zh: '买家已付款', en: 'The buyer has paid' },
    next: { zh: '支付平台已确认。', en: 'The gateway has confirmed it.' },
  },
  UNKNOWN: {
    headline: { zh: '已批准，下单结果待确认', en: 'Approved, the result is unknown yet' },
    next: IN_DOUBT,
  },
  CLOSED: {
    headline: { zh: '订单已关闭', en: 'The order is closed' },
    next: { zh: '买家没有付款，也不能再付。', en: 'The buyer has not paid, and cannot any more.' },
  },
  PENDING_APPROVAL: { headline: HELD, next: ASKS_ANEW },
  DENIED: UNDECIDED.denied,
};
