import type { Text } from './errors.ts';
import type { OrderState, RefundState } from './order.ts';

/** How an order stands, in a word, wherever people read it. */
export const ORDER_WORDS: Readonly<Record<OrderState, Text>> = {
  PENDING_APPROVAL: { zh: '待审批', en: 'awaiting approval' },
  DENIED: { zh: '已拒绝', en: 'denied' },
  NOTPAY: { zh: '待付款', en: 'awaiting payment' },
  PAID: { zh: '已付款', en: 'paid' },
  CLOSED: { zh: '已关闭', en: 'closed' },
  UNKNOWN: { zh: '结果待确认', en: 'result unknown' },
};

/** As {@link ORDER_WORDS}, a refund. */
export const REFUND_WORDS: Readonly<Record<RefundState, Text>> = {
  PENDING_APPROVAL: ORDER_WORDS.PENDING_APPROVAL,
  DENIED: ORDER_WORDS.DENIED,
  PROCESSING: { zh: '处理中', en: 'processing' },
  SUCCESS: { zh: '退款成功', en: 'refunded' },
  CLOSED: { zh: '未退款', en: 'not refunded' },
  ABNORMAL: { zh: '退款异常', en: 'abnormal' },
  UNKNOWN: ORDER_WORDS.UNKNOWN,
};

/** As {@link ORDER_WORDS}, a subscription. */
export const SUBSCRIPTION_WORDS = {
  PENDING_SIGN: { zh: '等待用户同意', en: 'not agreed to yet' },
  ACTIVE: { zh: '生效中', en: 'in force' },
  PAUSED: { zh: '已暂停', en: 'paused' },
  ENDED: { zh: '已结束', en: 'ended' },
  UNKNOWN: { zh: '结果待确认', en: 'to be confirmed' },
} as const;

/** What the trial edition says of the money in it, wherever it says anything. */
export const TRIAL: Text = {
  zh: '体验版：真实付款，次日 10:00（北京时间）自动全额退回',
  en: 'Trial edition: real money, paid back in full the next day at 10:00 (Beijing time)',
};

/** What stands before everything that is told of money that is not real, and of money that goes back. */
export const SIMULATED: Text = { zh: '【模拟环境，不是真钱】', en: '[SIMULATED, no real money]' };
export const IN_TRIAL: Text = { zh: `【${TRIAL.zh}】`, en: `[${TRIAL.en}]` };
