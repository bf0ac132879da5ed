import type { Text } from '../domain/errors.ts';
import type { Phase } from './phase.ts';

export interface PhaseWords {
  /** A word or two: the badge, the window's title, and what a screen reader announces. */
  readonly badge: Text;
  /** What happened. */
  readonly headline: Text;
  /** What to do, or not to do, where the headline does not say it. */
  readonly advice?: Text;
}

const BACK_THE_SAME_WAY: Text = {
  zh: '款项原路退回，银行卡可能晚几天到账。',
  en: 'The money goes back the way it came; bank cards may take days.',
};

/** The badge of what can be paid, which is worded by what there is to pay with (see pay-area.ts). */
export const PAYABLE_BADGE: Text = { zh: '待付款', en: 'Awaiting payment' };

/** What each phase says. */
export const PHASES: Readonly<Record<Exclude<Phase, 'payable'>, PhaseWords>> = {
  approval: {
    badge: { zh: '待审批', en: 'Awaiting approval' },
    headline: { zh: '等待商家批准', en: 'Waiting for the merchant’s approval' },
    advice: {
      zh: '暂时无需付款。批准后，本页会自动显示付款方式。',
      en: 'Nothing to pay yet. Once approved, this page shows how to pay by itself.',
    },
  },
  denied: {
    badge: { zh: '未获批准', en: 'Not approved' },
    headline: { zh: '商家没有批准这笔收款', en: 'The merchant did not approve this payment' },
    advice: { zh: '请勿付款，如有疑问请联系商家。', en: 'Do not pay. Please ask the merchant if in doubt.' },
  },
  preparing: {
    badge: { zh: '准备中', en: 'Preparing' },
    headline: { zh: '付款码还没有准备好', en: 'The payment code is not ready yet' },
    advice: {
      zh: '现在还不能付款，也没有扣款。请稍候，或让商家重新发起收款；本页会自动更新。',
      en: 'You cannot pay yet, and nothing has been charged. Please wait, or ask the merchant to start again; this page updates by itself.',
    },
  },
  confirming: {
    badge: { zh: '正在确认', en: 'Confirming' },
    headline: { zh: '正在确认付款结果', en: 'Confirming your payment' },
    advice: {
      zh: '如果您已付款，请稍候，不要重复付款；结果确认后，本页会自动更新。',
      en: 'If you have paid, please wait and do not pay again; this page updates by itself.',
    },
  },
  'link-expired': {
    badge: { zh: '付款码已失效', en: 'Code expired' },
    headline: { zh: '二维码或链接已失效', en: 'The code or link has expired' },
    advice: {
      zh: '订单仍然有效，请向商家索取新的二维码或链接；更新后本页会自动显示。如已付款，请勿再次付款。',
      en: 'The order still stands: ask the merchant for a new code or link, which will appear here. If you have paid, do not pay again.',
    },
  },
  expired: {
    badge: { zh: '已过期', en: 'Expired' },
    headline: { zh: '付款时间已过', en: 'The time to pay is over' },
    advice: {
      zh: '请勿再付款。如果您刚刚已付款，正在与支付平台核对，本页会自动更新。',
      en: 'Please do not pay any more. If you have just paid, it is being confirmed and this page updates by itself.',
    },
  },
  closing: {
    badge: { zh: '正在关闭', en: 'Closing' },
    headline: { zh: '商家正在关闭这笔订单', en: 'The merchant is closing this order' },
    advice: {
      zh: '请勿再付款：之前打开的链接或二维码到下面的时间为止仍能付款。如果您已付款，本页会自动更新。',
      en: 'Please do not pay any more: a link or code opened earlier still works until the time below. If you have paid, this page updates by itself.',
    },
  },
  closed: {
    badge: { zh: '已关闭', en: 'Closed' },
    headline: { zh: '订单已关闭', en: 'This order is closed' },
    advice: {
      zh: '请勿再付款。如仍需购买，请让商家重新发起收款。',
      en: 'Please do not pay any more. To buy after all, ask the merchant for a new payment.',
    },
  },
  unknown: {
    badge: { zh: '结果待确认', en: 'Result unknown' },
    headline: { zh: '正在向支付平台确认结果', en: 'Confirming with the payment gateway' },
    advice: {
      zh: '请勿重复付款。结果确认后，本页会自动更新。',
      en: 'Do not pay again. This page updates by itself once the result is known.',
    },
  },
  paid: {
    badge: { zh: '已付款', en: 'Paid' },
    headline: { zh: '付款成功，请回到聊天告诉商家。', en: 'Payment received. Return to the chat.' },
  },
  'paid-late': {
    badge: { zh: '已付款（逾期）', en: 'Paid late' },
    headline: { zh: '已收到付款，但晚于截止时间', en: 'Payment received, but after the deadline' },
    advice: {
      zh: '商家已收到款项。请联系商家发货或退款，请勿重复付款。',
      en: 'The seller has the money. Contact the seller for delivery or a refund; do not pay again.',
    },
  },
  'refunded-part': {
    badge: { zh: '已部分退款', en: 'Refunded in part' },
    headline: { zh: '已退回一部分款项', en: 'Part of your payment has been refunded' },
    advice: BACK_THE_SAME_WAY,
  },
  refunded: {
    badge: { zh: '已全额退款', en: 'Refunded' },
    headline: { zh: '已全额退款', en: 'Refunded in full' },
    advice: BACK_THE_SAME_WAY,
  },
  'refund-unknown': {
    badge: { zh: '有退款', en: 'Refunded' },
    headline: { zh: '支付平台显示这笔付款有退款', en: 'The payment platform reports a refund' },
    advice: {
      zh: '退款金额请查看支付应用里的账单，或联系商家。请勿重复付款。',
      en: 'The statement in your payment app shows how much, or ask the merchant. Do not pay again.',
    },
  },
};
