import type { Text } from '../domain/errors.ts';
import type { ProviderId } from '../domain/order.ts';
import type { Phase } from './phase.ts';

export interface PhaseWords {
  /** A word or two: the badge, the window's title, and what a screen reader announces. */
  readonly badge: Text;
  /** What happened. */
  readonly headline: Text;
  /** What to do, or not to do. */
  readonly advice: Text;
}

export interface WalletWords {
  readonly name: Text;
  /** One character standing in for the logo, which is not ours to use. */
  readonly glyph: string;
  readonly scan: Text;
}

export const WALLETS: Readonly<Record<ProviderId, WalletWords>> = {
  alipay: {
    name: { zh: '支付宝', en: 'Alipay' },
    glyph: '支',
    scan: { zh: '打开支付宝，扫一扫付款', en: 'Scan with Alipay to pay' },
  },
  wechatpay: {
    name: { zh: '微信支付', en: 'WeChat Pay' },
    glyph: '微',
    scan: { zh: '打开微信，扫一扫付款', en: 'Scan with WeChat to pay' },
  },
};

/** What each phase says. `payable` is worded by what there is to pay with (see pay-area.ts). */
export const PHASES: Readonly<Record<Exclude<Phase, 'payable'>, PhaseWords>> = {
  approval: {
    badge: { zh: '等待批准', en: 'Awaiting approval' },
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
  'link-expired': {
    badge: { zh: '付款码已失效', en: 'Code expired' },
    headline: { zh: '二维码或链接已失效', en: 'The code or link has expired' },
    advice: {
      zh: '订单仍然有效，请向商家索取新的二维码；更新后本页会自动显示。如已付款，请勿再次付款。',
      en: 'The order still stands: ask the merchant for a new code, which will appear here. If you have paid, do not pay again.',
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
      zh: '请勿再付款。如果您已付款，本页会自动更新。',
      en: 'Please do not pay any more. If you have paid, this page updates by itself.',
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
    badge: { zh: '正在确认', en: 'Confirming' },
    headline: { zh: '正在向支付平台确认结果', en: 'Confirming with the payment gateway' },
    advice: {
      zh: '请勿重复付款。结果确认后，本页会自动更新。',
      en: 'Do not pay again. This page updates by itself once the result is known.',
    },
  },
  paid: {
    badge: { zh: '已支付', en: 'Paid' },
    headline: { zh: '支付成功', en: 'Payment received' },
    advice: {
      zh: '商家已收到款项，可以关闭本页。',
      en: 'The merchant has the money. You may close this page.',
    },
  },
  'paid-late': {
    badge: { zh: '已支付（逾期）', en: 'Paid late' },
    headline: { zh: '已收到付款，但晚于截止时间', en: 'Payment received, but after the deadline' },
    advice: {
      zh: '已通知商家，由商家决定发货或退款。请勿重复付款。',
      en: 'The merchant has been told and will deliver or refund. Do not pay again.',
    },
  },
};

export const PAYABLE_BADGE: Text = { zh: '待支付', en: 'Awaiting payment' };

export const WORDS = {
  simulated: { zh: '模拟环境 SIMULATED — 不是真钱', en: 'no real money' },
  simulatedPay: { zh: '在模拟钱包里付款', en: 'Pay in the simulated wallet' },
  simulatedScan: { zh: '模拟二维码，真实钱包无法付款', en: 'A simulated code: a real wallet cannot pay it' },
  samePhone: {
    zh: '正在用手机看本页？请用另一台设备打开后再扫码。',
    en: 'Reading this on your phone? Open it on another screen to scan.',
  },
  open: { zh: '打开付款页面', en: 'Open the payment page' },
  elsewhere: { zh: '请在商家的页面或应用里付款', en: 'Please pay in the merchant’s own page or app' },
  elsewhereAdvice: {
    zh: '这笔订单没有二维码或链接，付款后本页会自动更新。',
    en: 'This order has no code or link. This page updates by itself.',
  },
  over: { zh: '时间到，请勿再付款。', en: 'Time is up, please do not pay any more.' },
  left: { zh: '剩余支付时间', en: 'Time left' },
  until: { zh: '截止时间', en: 'Pay before' },
  stillPayable: { zh: '旧链接仍可支付至', en: 'Old link lives until' },
  order: { zh: '订单号', en: 'Order' },
  check: { zh: '付款前请核对金额和商品', en: 'Check amount and item before paying' },
  offline: {
    zh: '暂时连不上收银服务，正在重试。如已付款，请勿重复付款。',
    en: 'Cannot reach the cashier, retrying. If you have paid, do not pay again.',
  },
  notFound: { zh: '没有这个页面', en: 'No such page' },
  notFoundAdvice: {
    zh: '链接可能不完整，请向商家索取。',
    en: 'The link may be incomplete. Please ask the merchant for it.',
  },
  unavailable: { zh: '暂时无法显示', en: 'Not available right now' },
  unavailableAdvice: {
    zh: '请稍后再打开本页。如已付款，请勿重复付款。',
    en: 'Please open this page again in a moment. If you have paid, do not pay again.',
  },
  refused: { zh: '不支持这种访问方式', en: 'This kind of access is not supported' },
  refusedAdvice: { zh: '本页只供查看。', en: 'This page is for reading only.' },
} as const satisfies Readonly<Record<string, Text>>;
