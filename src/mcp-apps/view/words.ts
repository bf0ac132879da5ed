import type { Text } from '../../domain/errors.ts';
import type { AppName } from '../names.ts';

type Tone = 'wait' | 'good' | 'warn' | 'stop';

/** What a view says of one way in which things stand. */
interface Phase {
  readonly tone: Tone;
  readonly badge: Text;
  readonly headline: Text;
  readonly advice?: Text;
}

const DECIDE: Text = {
  zh: '这里不能批准：商家在审批页登录后决定。',
  en: 'Nothing here can approve it: the merchant signs in on the approval page to decide.',
};
const ASK_ANEW: Text = {
  zh: '没有资金变动。需要时请让助手重新申请。',
  en: 'No money moved. If it is still wanted, have the assistant ask again.',
};
const PAID_ALREADY: Text = {
  zh: '请勿再付款；如已付款，请稍候。',
  en: 'Do not pay any more. If you have paid, please wait.',
};

/** Waiting for the tool's answer, and for a person: the same for payments and refunds. */
const SHARED = {
  cancelled: {
    tone: 'stop',
    badge: { zh: '已取消', en: 'Cancelled' },
    headline: { zh: '这次调用被取消', en: 'The call was cancelled' },
    advice: {
      zh: '它可能已经执行。请让助手查询后再继续。',
      en: 'It may have been carried out: have the assistant look first.',
    },
  },
  refused: {
    tone: 'warn',
    badge: { zh: '没有完成', en: 'Not done' },
    headline: { zh: '这次调用没有完成', en: 'The call was not carried out' },
  },
  approval: {
    tone: 'wait',
    badge: { zh: '待审批', en: 'Awaiting approval' },
    headline: { zh: '等待商家批准', en: 'Waiting for the merchant’s approval' },
    advice: DECIDE,
  },
  approved: {
    tone: 'wait',
    badge: { zh: '已批准', en: 'Approved' },
    headline: { zh: '已批准，正在执行', en: 'Approved, being carried out' },
  },
  'approval-over': {
    tone: 'stop',
    badge: { zh: '审批已过期', en: 'Approval expired' },
    headline: { zh: '审批时间已过，没有执行', en: 'The time to approve is over, nothing was sent' },
    advice: ASK_ANEW,
  },
  'approval-failed': {
    tone: 'warn',
    badge: { zh: '没有执行', en: 'Not carried out' },
    headline: { zh: '批准后没有执行', en: 'Approved, but not carried out' },
    advice: ASK_ANEW,
  },
  denied: {
    tone: 'stop',
    badge: { zh: '已拒绝', en: 'Denied' },
    headline: { zh: '商家拒绝了', en: 'The merchant said no' },
    advice: { zh: '没有资金变动。', en: 'No money moved.' },
  },
} as const satisfies Readonly<Record<string, Phase>>;

const PAYMENT = {
  ...SHARED,
  asked: {
    tone: 'wait',
    badge: { zh: '准备中', en: 'Preparing' },
    headline: { zh: '正在创建这笔收款', en: 'Creating this payment' },
  },
  scan: {
    tone: 'wait',
    badge: { zh: '待付款', en: 'Awaiting payment' },
    headline: { zh: '请用{app}扫码付款', en: 'Scan with {app} to pay' },
    advice: { zh: '付款前请核对收款方和金额。', en: 'Check payee and amount before you pay.' },
  },
  link: {
    tone: 'wait',
    badge: { zh: '待付款', en: 'Awaiting payment' },
    headline: { zh: '请打开链接付款', en: 'Open the link to pay' },
    advice: { zh: '付款前请核对收款方和金额。', en: 'Check payee and amount before you pay.' },
  },
  elsewhere: {
    tone: 'wait',
    badge: { zh: '待付款', en: 'Awaiting payment' },
    headline: { zh: '请在商家的页面或应用里付款', en: 'Pay in the merchant’s own page or app' },
  },
  'link-over': {
    tone: 'stop',
    badge: { zh: '付款码已失效', en: 'Code expired' },
    headline: { zh: '付款码或链接已失效', en: 'The code or link has expired' },
    advice: {
      zh: '订单仍然有效，请让助手换新的付款码；如已付款，请勿再付。',
      en: 'The order still stands: have the assistant renew it. If you have paid, do not pay again.',
    },
  },
  over: {
    tone: 'stop',
    badge: { zh: '已过期', en: 'Expired' },
    headline: { zh: '付款时间已过', en: 'The time to pay is over' },
    advice: PAID_ALREADY,
  },
  closing: {
    tone: 'stop',
    badge: { zh: '正在关闭', en: 'Closing' },
    headline: { zh: '商家正在关闭这笔订单', en: 'The merchant is closing this order' },
    advice: PAID_ALREADY,
  },
  closed: {
    tone: 'stop',
    badge: { zh: '已关闭', en: 'Closed' },
    headline: { zh: '订单已关闭', en: 'This order is closed' },
    advice: PAID_ALREADY,
  },
  unknown: {
    tone: 'warn',
    badge: { zh: '结果待确认', en: 'Result unknown' },
    headline: { zh: '支付平台还没有告知结果', en: 'The payment gateway has not told yet' },
    advice: { zh: '请勿重复付款，结果会显示在这里。', en: 'Do not pay again; the result appears here.' },
  },
  paid: {
    tone: 'good',
    badge: { zh: '已付款', en: 'Paid' },
    headline: { zh: '付款成功', en: 'Payment received' },
  },
  late: {
    tone: 'warn',
    badge: { zh: '已付款（逾期）', en: 'Paid late' },
    headline: { zh: '已收到付款，但晚于截止时间', en: 'Payment received, but after the deadline' },
    advice: { zh: '请联系商家发货或退款。', en: 'Ask the merchant to deliver or refund.' },
  },
  returned: {
    tone: 'stop',
    badge: { zh: '有退款', en: 'Refunded' },
    headline: { zh: '这笔付款有退款', en: 'This payment was refunded, wholly or in part' },
  },
} as const satisfies Readonly<Record<string, Phase>>;

const REFUND = {
  ...SHARED,
  asked: {
    tone: 'wait',
    badge: { zh: '申请中', en: 'Requesting' },
    headline: { zh: '正在申请退款', en: 'Requesting the refund' },
  },
  processing: {
    tone: 'wait',
    badge: { zh: '处理中', en: 'Processing' },
    headline: { zh: '退款处理中', en: 'The refund is being processed' },
  },
  success: {
    tone: 'good',
    badge: { zh: '退款成功', en: 'Refunded' },
    headline: { zh: '退款成功，原路退回', en: 'Refunded, the way it was paid' },
    advice: { zh: '银行卡可能晚几天到账。', en: 'Bank cards may take days.' },
  },
  'not-refunded': {
    tone: 'stop',
    badge: { zh: '未退款', en: 'Not refunded' },
    headline: { zh: '这笔退款没有退出', en: 'No money went out' },
  },
  abnormal: {
    tone: 'warn',
    badge: { zh: '退款异常', en: 'Abnormal' },
    headline: { zh: '款项未到买家账户', en: 'The money did not reach the buyer' },
    advice: {
      zh: '请商家在商户平台处理，不要再次退款。',
      en: 'The merchant resolves it on the merchant platform; do not refund again.',
    },
  },
  unknown: {
    tone: 'warn',
    badge: { zh: '结果待确认', en: 'Result unknown' },
    headline: { zh: '支付平台还没有告知结果', en: 'The payment gateway has not told yet' },
    advice: { zh: '请勿再次退款。', en: 'Do not refund again.' },
  },
} as const satisfies Readonly<Record<string, Phase>>;

export const PHASES: Readonly<Record<AppName, Readonly<Record<string, Phase>>>> = {
  payment: PAYMENT,
  approval: REFUND,
};

const LABELS = {
  simulated: { zh: '模拟环境 SIMULATED — 不是真钱', en: 'SIMULATED — no real money' },
  trial: { zh: '体验版，会退回', en: 'Trial: paid back' },
  order: { zh: '订单号', en: 'Order number' },
  approvalId: { zh: '审批单号', en: 'Approval number' },
  approveBy: { zh: '审批截止', en: 'Approve before' },
  beijing: { zh: '（北京时间）', en: ' (Beijing time)' },
  openApproval: { zh: '打开审批页', en: 'Open the approval page' },
  check: { zh: '重新查询', en: 'Check again' },
  lost: {
    zh: '暂时查不到最新状态，正在重试。',
    en: 'The latest state cannot be had just now, retrying.',
  },
  deaf: {
    zh: '这里不能自动更新：请点“重新查询”，或让助手查询。',
    en: 'This card cannot update by itself: check again, or have the assistant look.',
  },
  notOpened: { zh: '没能打开，请复制这个地址：', en: 'It could not be opened. Copy this address:' },
};

const OF_PAYMENT = {
  payment: { zh: '付款', en: 'Payment' },
  title: { zh: '商品（由助手填写）', en: 'Item (as the assistant wrote it)' },
  left: { zh: '剩余付款时间 ', en: 'Time left to pay ' },
  code: { zh: '付款二维码', en: 'Payment QR code' },
  codeSimulated: { zh: '模拟码，真的应用付不了', en: 'Simulated: apps cannot pay' },
  openLink: { zh: '打开付款链接', en: 'Open the payment link' },
  openPage: { zh: '在浏览器中打开收银台', en: 'Open the checkout page in a browser' },
  paidAt: { zh: '付款时间', en: 'Paid at' },
  refunded: { zh: '已退款', en: 'Refunded' },
  tell: { zh: '告诉助手已付款', en: 'Tell the assistant it is paid' },
  told: {
    zh: '订单 {number} 显示已付款。请用 query-payment 核实后继续。',
    en: 'Order {number} shows as paid. Verify it with query-payment, then go on.',
  },
};

const OF_REFUND = {
  refund: { zh: '退款', en: 'Refund' },
  reason: { zh: '理由（由助手填写）', en: 'Reason (as the assistant wrote it)' },
  number: { zh: '退款单号', en: 'Refund number' },
};

export const WORDS: Readonly<Record<AppName, Readonly<Record<string, Text>>>> = {
  payment: { ...LABELS, ...OF_PAYMENT },
  approval: { ...LABELS, ...OF_REFUND },
};
