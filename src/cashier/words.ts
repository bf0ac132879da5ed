import type { Text } from '../domain/errors.ts';
import type { ProviderId } from '../domain/order.ts';
import type { InApp } from './reader.ts';

export interface WalletWords {
  readonly name: Text;
  /** One character standing in for the logo, which is not ours to use. */
  readonly glyph: string;
  readonly scan: Text;
  /** On the phone that could scan: for a second one. */
  readonly scanToo: Text;
  /** On the button that opens the wallet. */
  readonly open: Text;
  /** What the wallet calls its own number of the payment. */
  readonly tradeNo: Text;
}

export const WALLETS: Readonly<Record<ProviderId, WalletWords>> = {
  alipay: {
    name: { zh: '支付宝', en: 'Alipay' },
    glyph: '支',
    scan: { zh: '打开支付宝，扫一扫付款', en: 'Scan with Alipay to pay' },
    scanToo: { zh: '或用另一台手机的支付宝扫码', en: 'Or scan it with Alipay on another phone' },
    open: { zh: '打开支付宝付款', en: 'Pay in Alipay' },
    tradeNo: { zh: '支付宝交易号', en: 'Alipay number' },
  },
  wechatpay: {
    name: { zh: '微信支付', en: 'WeChat Pay' },
    glyph: '微',
    scan: { zh: '打开微信，扫一扫付款', en: 'Scan with WeChat to pay' },
    scanToo: { zh: '请用另一台手机的微信扫码', en: 'Scan it with WeChat on another phone' },
    open: { zh: '打开微信付款', en: 'Pay in WeChat' },
    tradeNo: { zh: '微信支付单号', en: 'WeChat Pay number' },
  },
};

/** What to do where the browser inside an app cannot open the other wallet, or a link of its own. */
export const IN_APP: Readonly<Record<InApp, { readonly cannot: Text; readonly instead: Text }>> = {
  wechat: {
    cannot: { zh: '微信里打不开这笔付款', en: 'WeChat cannot open this payment' },
    instead: {
      zh: '请点右上角「…」，选择「在浏览器打开」（iPhone 上为「在 Safari 中打开」）；也可以复制链接，粘贴到手机浏览器。',
      en: 'Tap “…” at the top right and choose “Open in browser” (“Open in Safari” on iPhone), or copy the link into your phone’s browser.',
    },
  },
  'mini-program': {
    cannot: { zh: '小程序里打不开这笔付款', en: 'A mini program cannot open this payment' },
    instead: {
      zh: '请复制链接，粘贴到手机浏览器（如 Safari、Chrome）打开。',
      en: 'Copy the link and open it in your phone’s browser, such as Safari or Chrome.',
    },
  },
  alipay: {
    cannot: { zh: '支付宝里打不开微信支付', en: 'Alipay cannot open WeChat Pay' },
    instead: {
      zh: '请点右上角「…」，选择「在浏览器打开」；也可以复制链接，粘贴到手机浏览器。',
      en: 'Tap “…” at the top right and choose “Open in browser”, or copy the link into your phone’s browser.',
    },
  },
};

export const WORDS = {
  simulated: { zh: '模拟环境 SIMULATED — 不是真钱', en: 'SIMULATED — no real money' },
  simulatedPay: { zh: '模拟付款', en: 'Pay in the simulator' },
  simulatedScan: {
    zh: '模拟二维码，真的支付宝和微信无法付款',
    en: 'A simulated code: no real app can pay it',
  },
  simulatedOpen: { zh: '（模拟）', en: ' (simulated)' },
  qr: { zh: '付款二维码', en: 'Payment QR code' },
  openPage: { zh: '打开付款页面', en: 'Open the payment page' },
  scanOnly: {
    zh: '微信付款码只能用「扫一扫」对着屏幕扫，长按识别、从相册选图都不能付款。只有这一台手机时，请复制链接，在电脑或另一台手机上打开再扫。',
    en: 'WeChat takes this code only from a screen, by Scan: long-pressing it or choosing it from the album does not work. With one phone only, copy the link and open it on a computer or another phone.',
  },
  wechatCode: { zh: '这是微信付款码', en: 'This is a WeChat Pay code' },
  wechatCodeInstead: {
    zh: '请用微信「扫一扫」扫下面的码，支付宝不能付。',
    en: 'Scan it with WeChat; Alipay cannot pay it.',
  },
  phoneBrowser: {
    zh: '需要在装有微信的手机上，用手机浏览器打开本页付款。',
    en: 'Open this page in the browser of a phone that has WeChat.',
  },
  tryAgain: { zh: '还没付款？重新打开微信', en: 'Not paid yet? Open WeChat again' },
  copy: { zh: '复制本页链接', en: 'Copy this page’s link' },
  copied: { zh: '已复制', en: 'Copied' },
  notCopied: { zh: '没能复制，请从地址栏复制', en: 'Not copied: please take it from the address bar' },
  elsewhere: { zh: '请在商家的页面或应用里付款', en: 'Please pay in the merchant’s own page or app' },
  elsewhereAdvice: {
    zh: '这笔订单没有二维码或链接，付款后本页会自动更新。',
    en: 'This order has no code or link. This page updates by itself.',
  },
  over: { zh: '时间到，请勿再付款。', en: 'Time is up, please do not pay any more.' },
  left: { zh: '剩余付款时间', en: 'Time left to pay' },
  until: { zh: '付款截止', en: 'Pay before' },
  stillPayable: { zh: '旧链接仍可付款至', en: 'Old link still works until' },
  paidAt: { zh: '付款时间', en: 'Paid at' },
  refunded: { zh: '已退款', en: 'Refunded' },
  order: { zh: '订单号', en: 'Order number' },
  beijing: { zh: '（北京时间）', en: ' (Beijing time)' },
  check: { zh: '付款前请核对收款方、金额和商品', en: 'Check payee, amount and item before paying' },
  checkUnnamed: { zh: '付款前请核对金额和商品', en: 'Check amount and item before paying' },
  otherLanguage: { zh: 'English', en: '中文' },
  offline: {
    zh: '暂时连不上收银服务，正在重试。如已付款，请勿重复付款。',
    en: 'Cannot reach the checkout page, retrying. If you have paid, do not pay again.',
  },
  notFound: { zh: '没有这个页面', en: 'No such page' },
  notFoundAdvice: {
    zh: '链接可能不完整，请向商家索取。',
    en: 'The link may be incomplete. Please ask the merchant for it.',
  },
  back: { zh: '请回到原来的页面', en: 'Please go back to the page you came from' },
  backAdvice: {
    zh: '付款结果显示在原来的收银台页面和聊天里。如已付款，请勿重复付款。',
    en: 'The checkout page and the chat you came from show the result. If you have paid, do not pay again.',
  },
  unavailable: { zh: '暂时无法显示', en: 'Not available right now' },
  unavailableAdvice: {
    zh: '请稍后再打开本页。如已付款，请勿重复付款。',
    en: 'Please open this page again in a moment. If you have paid, do not pay again.',
  },
  refused: { zh: '不支持这种访问方式', en: 'This kind of access is not supported' },
  refusedAdvice: { zh: '本页只供查看。', en: 'This page is for reading only.' },
} as const satisfies Readonly<Record<string, Text>>;
