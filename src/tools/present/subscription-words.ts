import type { Text } from '../../domain/errors.ts';
import { isEnding } from '../../payments/agreements/learn.ts';
import type { SubscriptionResult } from '../../payments/agreements/results.ts';
import { payable } from '../../payments/results.ts';

/* The sentences that subscriptions become. Titles, payer names and gateway text stay out of every one. */

/**
 * What the model does next.
 * @param shown where the subscriber pays or signs: on a page that stands beside it, on none, or, among others in a list,
 * nothing of the kind
 */
export function subscriptionNext(
  result: SubscriptionResult,
  shown: 'page' | 'none' | 'listed',
  isWaiting: boolean,
  now: number,
): Text {
  const { subscription, last } = result;
  const { state, mode, signBefore } = subscription;
  if (isWaiting) return ONCE_APPROVED;
  const inDoubt = last?.order?.state === 'UNKNOWN' || result.underWay;
  if (isEnding(subscription) && inDoubt && last?.order) return chargeInDoubt(last.order.outTradeNo);
  if (state === 'ENDED') return ENDED;
  if (isEnding(subscription)) return ENDING;
  if (state === 'UNKNOWN') return DOUBTED;
  if (state === 'PENDING_SIGN') {
    if (now >= signBefore) return TOO_LATE;
    if (mode === 'auto' && last?.order?.state === 'PAID') return BEING_SIGNED;
    if (shown === 'listed') return ASK_FOR_ONE;
    if (result.signing) return SIGN;
    if (last?.order && payable(last.order, now).orderString !== undefined) return PAY_AND_SIGN;
    return mode === 'reminded' && shown === 'page' ? PAY_FIRST : NOT_READY;
  }
  if (mode === 'reminded' && shown === 'page') return PAY_PERIOD;
  return state === 'PAUSED' ? PAUSED : ACTIVE;
}

const ONCE_APPROVED: Text = {
  zh: '批准后用相同参数和这个 contractNo 再次调用 create-subscription，取得给用户的链接。',
  en: 'Once approved, call create-subscription again with the same arguments and this contractNo for what the subscriber gets.',
};
const SIGN: Text = {
  zh: '把签约链接给用户，由用户在支付平台确认金额和周期；query-subscription 查到 ACTIVE 且 lastCharge 为 PAID 才提供服务。',
  en: 'Give the subscriber the link, where they confirm sum and period with the wallet; provide the service only when query-subscription says ACTIVE and lastCharge is PAID.',
};
const PAY_AND_SIGN: Text = {
  zh: '把 orderString 原样交给商家的 App，由它调起支付，用户付首期的同时签约；query-subscription 查到 ACTIVE 且 lastCharge 为 PAID 才提供服务。',
  en: "Hand orderString as it is to the merchant's app, which opens the payment: paying the first period is how the subscriber signs. Provide the service only when query-subscription says ACTIVE and lastCharge is PAID.",
};
const BEING_SIGNED: Text = {
  zh: '首期已付；等待支付平台确认签约，稍后用 query-subscription 查看，不要新建。',
  en: 'The first period is paid; the gateway is yet to confirm the agreement. Ask query-subscription in a while, make no other one.',
};
const ASK_FOR_ONE: Text = {
  zh: '等用户同意；query-subscription 会再给出交给用户的链接或参数，不要新建。',
  en: 'The subscriber is yet to agree: query-subscription tells again what to give them. Make no other one.',
};
const PAY_FIRST: Text = {
  zh: '把收银台链接给用户，付首期即同意订阅；query-subscription 查到 ACTIVE 才提供服务。',
  en: 'Give the subscriber the checkout page: paying the first period is how they agree; provide the service only when query-subscription says ACTIVE.',
};
const NOT_READY: Text = {
  zh: '给用户的链接还没有准备好；稍后用 query-subscription 取得，不要新建。',
  en: 'What the subscriber is to be given is not ready yet; ask query-subscription in a while, make no other one.',
};
const PAY_PERIOD: Text = {
  zh: '这一期待付款：把收银台链接给用户；不要另建付款。',
  en: 'This period waits to be paid: give the subscriber the checkout page, and create no other payment for it.',
};
const ACTIVE: Text = {
  zh: '服务器会按期扣款或提醒，不要自行收款；lastCharge 为 PAID 的那一期可以提供服务。',
  en: 'The server charges or reminds each period, so collect nothing for it yourself; a period whose lastCharge is PAID is paid.',
};
const PAUSED: Text = {
  zh: '上一期没有付款，先停止服务；服务器会按期再试下一期，付款后恢复为 ACTIVE。不要自行收款。',
  en: 'The last period was not paid: stop the service for now. The server tries the next one in its time, and it is ACTIVE again once that is paid. Collect nothing yourself.',
};
const ENDING: Text = {
  zh: '不会再扣款；等待支付平台确认解约，稍后用 query-subscription 查看。',
  en: 'Nothing more is charged; the gateway is yet to confirm the end, ask query-subscription later.',
};
const DOUBTED: Text = {
  zh: '支付平台没有说明签约状态，期间不扣款；稍后用 query-subscription 查看。',
  en: 'The gateway has not told how the agreement stands, and nothing is charged meanwhile; ask query-subscription later.',
};
const ENDED: Text = {
  zh: '已结束，不会再扣款；要重新订阅，用新的 contractNo 请用户重新同意。',
  en: 'It has ended and nothing more is charged; to begin again, have the subscriber agree to a new contractNo.',
};
const TOO_LATE: Text = {
  zh: '签约时间已过；仍需要时用新的 contractNo 新建。',
  en: 'The time to agree is over; if it is still wanted, create one with a new contractNo.',
};

/** A charge had left before the wish came. */
function chargeInDoubt(outTradeNo: string): Text {
  return {
    zh: `不会再发起扣款；取消前已发出的一笔（${outTradeNo}）结果待确认，如实告诉用户，稍后用 query-subscription 查看。`,
    en: `No further charge is made; the result of one that had left before (${outTradeNo}) is unknown. Say so to the subscriber, and ask query-subscription later.`,
  };
}
