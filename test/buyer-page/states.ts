import type { BuyerView } from '../../src/buyer-page/index.ts';
import { linkView, OPENED, sampleView } from './sample.ts';

/** Browsers as they name themselves. */
export const AGENTS = {
  desktop:
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36',
  phone:
    'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Mobile Safari/537.36',
  wechat:
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.61(0x18003d2f) NetType/WIFI Language/zh_CN',
  wecom:
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 wxwork/4.1.36 MicroMessenger/7.0.1 Language/zh',
  miniProgram:
    'Mozilla/5.0 (Linux; Android 14; wv) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36 MicroMessenger/8.0.61 Language/zh_CN miniProgram/wx0000000000000000',
  desktopWechat:
    'Mozilla/5.0 (Windows NT 10.0; WOW64) AppleWebKit/537.36 Chrome/122.0 Safari/537.36 NetType/WIFI MicroMessenger/7.0.20 WindowsWechat(0x63090c33)',
  alipay:
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 NebulaSDK/1.8.100112 AlipayDefined AlipayClient/10.7.30 Language/zh-Hans',
} as const;
export type Agent = keyof typeof AGENTS;

export const WECHAT_CODE = 'weixin://wxpay/bizpayurl?pr=p4lpSuKzz';
export const H5_URL = 'https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx20&package=1';
export const PAY_URL = 'https://openapi.alipay.com/gateway.do?app_id=1&sign=a%2Bb%28c%29';

const shop = { merchantName: '老茶铺', gatewayTradeNo: '2026112122001418201234567890' };
const paid = { ...shop, state: 'PAID', paidAt: OPENED + 95_000 } as const;
const wechat = { ...shop, provider: 'wechatpay', qrCode: WECHAT_CODE } as const;

/** A WeChat Pay order whose link works only from the page. */
export function handOffView(changes: Partial<BuyerView> = {}): BuyerView {
  const { qrCode: _none, ...rest } = sampleView({ provider: 'wechatpay', scene: 'h5', ...changes });
  return { ...rest, linkExpiresAt: OPENED + 300_000, handOffUrl: H5_URL, ...changes };
}

export interface PageState {
  readonly view: BuyerView;
  readonly agent?: Agent;
  /** Comes back from the wallet. */
  readonly returned?: true;
  /** Stands on the page in Chinese, and in English. */
  readonly says: readonly [zh: string, en: string];
  /** The words on what can be clicked, in Chinese; what is hidden at some widths is marked with `?`. Left out: nothing. */
  readonly offers?: readonly string[];
}

const COPY = '复制本页链接';

/** Everything that a buyer can come upon. */
export const STATES: Readonly<Record<string, PageState>> = {
  waiting: { view: sampleView(shop), says: ['待付款', 'Awaiting payment'], offers: ['打开支付宝付款?'] },
  'waiting, a long title and a large sum': {
    view: sampleView({ ...shop, title: '红烧肉菜谱与配料清单'.repeat(4), amountYuan: '12345678.90' }),
    says: ['¥12,345,678.90', '¥12,345,678.90'],
    offers: ['打开支付宝付款?'],
  },
  'waiting on a phone': {
    view: sampleView(shop),
    agent: 'phone',
    says: ['打开支付宝付款', 'Pay in Alipay'],
    offers: ['打开支付宝付款'],
  },
  'waiting in WeChat': {
    view: sampleView(shop),
    agent: 'wechat',
    says: ['微信里打不开这笔付款', 'WeChat cannot open this payment'],
    offers: [COPY],
  },
  'waiting in Alipay': {
    view: sampleView(shop),
    agent: 'alipay',
    says: ['打开支付宝付款', 'Pay in Alipay'],
    offers: ['打开支付宝付款'],
  },
  'WeChat Pay waiting': {
    view: sampleView(wechat),
    says: ['待付款', 'Awaiting payment'],
    offers: [`${COPY}?`],
  },
  'WeChat Pay waiting on a phone': {
    view: sampleView(wechat),
    agent: 'phone',
    says: ['长按识别、从相册选图都不能付款', 'long-pressing it or choosing it from the album does not work'],
    offers: [COPY],
  },
  'WeChat Pay waiting in WeChat': {
    view: sampleView(wechat),
    agent: 'wechat',
    says: ['长按识别、从相册选图都不能付款', 'long-pressing it or choosing it from the album does not work'],
    offers: [COPY],
  },
  'WeChat Pay waiting in Alipay': {
    view: sampleView(wechat),
    agent: 'alipay',
    says: ['这是微信付款码', 'This is a WeChat Pay code'],
    offers: [COPY],
  },
  'link waiting': {
    view: linkView(PAY_URL, shop),
    agent: 'phone',
    says: ['打开支付宝付款', 'Pay in Alipay'],
    offers: ['打开支付宝付款'],
  },
  'link in WeCom': {
    view: linkView(PAY_URL, shop),
    agent: 'wecom',
    says: ['微信里打不开这笔付款', 'WeChat cannot open this payment'],
    offers: [COPY],
  },
  h5: {
    view: handOffView(shop),
    agent: 'phone',
    says: ['打开微信付款', 'Pay in WeChat'],
    offers: ['打开微信付款'],
  },
  'h5 on a desk': {
    view: handOffView(shop),
    says: ['打开微信付款', 'Pay in WeChat'],
    offers: ['打开微信付款', `${COPY}?`],
  },
  'h5 in WeChat': {
    view: handOffView(shop),
    agent: 'wechat',
    says: ['选择「在浏览器打开」', 'choose “Open in browser”'],
    offers: [COPY],
  },
  'h5 in WeChat on a desk': {
    view: handOffView(shop),
    agent: 'desktopWechat',
    says: ['微信里打不开这笔付款', 'WeChat cannot open this payment'],
    offers: [COPY],
  },
  'h5 in a mini program': {
    view: handOffView(shop),
    agent: 'miniProgram',
    says: ['小程序里打不开这笔付款', 'A mini program cannot open this payment'],
    offers: [COPY],
  },
  'h5 in Alipay': {
    view: handOffView(shop),
    agent: 'alipay',
    says: ['支付宝里打不开这笔付款', 'Alipay cannot open this payment'],
    offers: [COPY],
  },
  'back from h5': {
    view: handOffView(shop),
    agent: 'phone',
    returned: true,
    says: ['正在确认付款结果', 'Confirming your payment'],
    offers: ['还没付款？重新打开微信'],
  },
  'back from h5, its link dead': {
    view: handOffView({ ...shop, linkExpiresAt: OPENED }),
    agent: 'phone',
    returned: true,
    says: ['正在确认付款结果', 'Confirming your payment'],
  },
  'without code or link': {
    view: { ...linkView('', { ...shop, scene: 'jsapi', provider: 'wechatpay' }) },
    says: ['请在商家的页面或应用里付款', 'Please pay in the merchant’s own page or app'],
  },
  paid: {
    view: sampleView(paid),
    says: ['付款成功，请回到聊天告诉商家。', 'Payment received. Return to the chat.'],
  },
  'paid, with a receipt': {
    view: sampleView({ ...paid, receipts: [{ amountYuan: '9.90' }] }),
    says: ['不能代替发票', 'not a tax invoice'],
    offers: ['下载付款收据'],
  },
  'refunded in part, with receipts': {
    view: sampleView({
      ...{ ...paid, refundedYuan: '3.30' },
      receipts: [{ amountYuan: '9.90' }, { outRefundNo: 'R1', amountYuan: '3.30' }],
    }),
    says: ['不能代替发票', 'not a tax invoice'],
    offers: ['下载付款收据', '下载退款收据 ¥3.30'],
  },
  'paid late': {
    view: sampleView({ ...paid, late: true }),
    says: ['商家已收到款项。请联系商家发货或退款，请勿重复付款。', 'Contact the seller'],
  },
  'refunded in part': {
    view: sampleView({ ...paid, refundedYuan: '3.30' }),
    says: ['已退回一部分款项', 'Part of your payment has been refunded'],
  },
  'refunded in full': {
    view: sampleView({ ...paid, refundedYuan: '9.90' }),
    says: ['已全额退款', 'Refunded in full'],
  },
  'refunded in full, partly elsewhere': {
    view: sampleView({ ...paid, refundedYuan: '3.30', refundedElsewhereYuan: '6.60' }),
    says: ['已全额退款', 'Refunded in full'],
  },
  'refunded elsewhere, nobody knows how much': {
    view: sampleView({ ...paid, provider: 'wechatpay', refundedElsewhereYuan: 'unknown' }),
    says: ['支付平台显示这笔付款有退款', 'The payment platform reports a refund'],
  },
  closing: {
    view: sampleView({ ...shop, closing: true }),
    says: ['旧链接仍可付款至', 'Old link still works until'],
  },
  closed: { view: sampleView({ ...shop, state: 'CLOSED' }), says: ['订单已关闭', 'This order is closed'] },
  expired: {
    view: sampleView({ ...shop, expiresAt: OPENED }),
    says: ['付款时间已过', 'The time to pay is over'],
  },
  'code expired': {
    view: sampleView({ ...shop, linkExpiresAt: OPENED }),
    says: ['二维码或链接已失效', 'The code or link has expired'],
  },
  'no code yet': {
    view: { ...linkView('', { ...shop, state: 'UNKNOWN', given: false }) },
    says: ['付款码还没有准备好', 'The payment code is not ready yet'],
  },
  'no code yet of what was chosen': {
    view: { ...linkView('', { ...shop, given: false, again: true }) },
    says: ['请稍候，或点下面重试', 'or try again below'],
    offers: ['重试'],
  },
  unknown: {
    view: sampleView({ ...shop, state: 'UNKNOWN' }),
    says: ['正在向支付平台确认结果', 'Confirming with the payment gateway'],
  },
  'waiting for approval': {
    view: { ...linkView('', { ...shop, state: 'PENDING_APPROVAL', given: false }) },
    says: ['等待商家批准', 'Waiting for the merchant’s approval'],
  },
  denied: {
    view: { ...linkView('', { ...shop, state: 'DENIED', given: false }) },
    says: ['商家没有批准这笔收款', 'The merchant did not approve this payment'],
  },
  'without a name, simulated': {
    view: sampleView({ simulated: true, simulatorUrl: 'http://127.0.0.1:4000/scan?code=1' }),
    says: ['模拟环境 SIMULATED — 不是真钱', 'SIMULATED — no real money'],
    offers: ['打开支付宝付款（模拟）?', '模拟付款'],
  },
};
