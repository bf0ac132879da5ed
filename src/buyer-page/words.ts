import type { Text } from '../domain/errors.ts';
import { TRIAL } from '../domain/words.ts';
import { walletOf } from '../providers/registry.ts';
import type { BuyerView } from './view.ts';

/** Sentences that name a wallet, its app, or the app that one should not be in. */
export const WALLET_WORDS = {
  scan: { zh: '打开{app}，扫一扫付款', en: 'Scan with {app} to pay' },
  /** On the phone that could scan, for a second one: where its own way is a button, and where it has none. */
  scanToo: { zh: '或用另一台手机的{app}扫码', en: 'Or scan it with {app} on another phone' },
  scanElsewhere: { zh: '请用另一台手机的{app}扫码', en: 'Scan it with {app} on another phone' },
  /** On the button that opens the wallet. */
  open: { zh: '打开{app}付款', en: 'Pay in {app}' },
  /** On a button that chooses the wallet. */
  payWith: { zh: '用{app}付款', en: 'Pay with {app}' },
  tryAgain: { zh: '还没付款？重新打开{app}', en: 'Not paid yet? Open {app} again' },
  scanOnly: {
    zh: '{app}付款码只能用「扫一扫」对着屏幕扫，长按识别、从相册选图都不能付款。只有这一台手机时，请复制链接，在电脑或另一台手机上打开再扫。',
    en: '{app} takes this code only from a screen, by Scan: long-pressing it or choosing it from the album does not work. With one phone only, copy the link and open it on a computer or another phone.',
  },
  code: { zh: '这是{app}付款码', en: 'This is a {name} code' },
  codeInstead: {
    zh: '请用{app}「扫一扫」扫下面的码，{here}不能付。',
    en: 'Scan it with {app}; {here} cannot pay it.',
  },
  phoneBrowser: {
    zh: '需要在装有{app}的手机上，用手机浏览器打开本页付款。',
    en: 'Open this page in the browser of a phone that has {app}.',
  },
  cannot: { zh: '{here}里打不开这笔付款', en: '{here} cannot open this payment' },
} as const satisfies Readonly<Record<string, Text>>;

/** A sentence of {@link WALLET_WORDS} with its names. */
export function filled(text: Text, names: Readonly<Record<string, Text>>): Text {
  const fill = (language: 'zh' | 'en') =>
    text[language].replace(/\{(\w+)\}/g, (_, name: string) => names[name]?.[language] ?? '');
  return { zh: fill('zh'), en: fill('en') };
}

/** As {@link filled}, of an order's wallet. */
export function about(view: BuyerView, text: Text, here: Text = { zh: '', en: '' }): Text {
  const { app, name } = walletOf(view.provider);
  return filled(text, { app, name, here });
}

/** Inside a mini program, whose name nobody tells. */
export const MINI_PROGRAM = {
  cannot: { zh: '小程序里打不开这笔付款', en: 'A mini program cannot open this payment' },
  leave: {
    zh: '请复制链接，粘贴到手机浏览器（如 Safari、Chrome）打开。',
    en: 'Copy the link and open it in your phone’s browser, such as Safari or Chrome.',
  },
} as const satisfies Readonly<Record<string, Text>>;

export const WORDS = {
  simulated: { zh: '模拟环境 SIMULATED — 不是真钱', en: 'SIMULATED — no real money' },
  trial: TRIAL,
  simulatedPay: { zh: '模拟付款', en: 'Pay in the simulator' },
  simulatedScan: {
    zh: '模拟二维码，真的支付应用无法付款',
    en: 'A simulated code: no real app can pay it',
  },
  simulatedOpen: { zh: '（模拟）', en: ' (simulated)' },
  qr: { zh: '付款二维码', en: 'Payment QR code' },
  openPage: { zh: '打开付款页面', en: 'Open the payment page' },
  copy: { zh: '复制本页链接', en: 'Copy this page’s link' },
  copied: { zh: '已复制', en: 'Copied' },
  notCopied: { zh: '没能复制，请从地址栏复制', en: 'Not copied: please take it from the address bar' },
  elsewhere: { zh: '请在商家的页面或应用里付款', en: 'Please pay in the merchant’s own page or app' },
  elsewhereAdvice: {
    zh: '这笔订单没有二维码或链接，付款后本页会自动更新。',
    en: 'This order has no code or link. This page updates by itself.',
  },
  over: { zh: '时间到，请勿再付款。', en: 'Time is up, please do not pay any more.' },
  choose: { zh: '请选择支付方式', en: 'Choose how to pay' },
  chosenStands: {
    zh: '选定后不能更换，直到这笔收款过期。',
    en: 'Once chosen it cannot be changed until this payment expires.',
  },
  retry: { zh: '重试', en: 'Try again' },
  prepareAgain: {
    zh: '现在还不能付款，也没有扣款。请稍候，或点下面重试，不会重复收款；本页会自动更新。',
    en: 'You cannot pay yet, and nothing has been charged. Please wait, or try again below: nothing is charged twice. This page updates by itself.',
  },
  askAnew: {
    zh: '请勿付款。如仍需购买，请让商家重新发起收款。',
    en: 'Please do not pay. To buy after all, ask the merchant for a new payment.',
  },
  notNow: { zh: '现在不能用这种方式付款', en: 'This way to pay is not available now' },
  notNowAdvice: {
    zh: '没有扣款。请返回稍后重试，或联系商家。',
    en: 'Nothing was charged. Go back and try again later, or ask the merchant.',
  },
  left: { zh: '剩余付款时间', en: 'Time left to pay' },
  until: { zh: '付款截止', en: 'Pay before' },
  stillPayable: { zh: '旧链接仍可付款至', en: 'Old link still works until' },
  paidAt: { zh: '付款时间', en: 'Paid at' },
  refunded: { zh: '已退款', en: 'Refunded' },
  order: { zh: '订单号', en: 'Order number' },
  receipt: { zh: '下载付款收据', en: 'Download the receipt' },
  refundReceipt: { zh: '下载退款收据', en: 'Download the refund receipt' },
  receiptNote: {
    zh: '由商家签名，可证明付款和退款；不能代替发票。',
    en: 'Signed by the seller, it proves payment or refund. It is not a tax invoice (fapiao).',
  },
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
  again: { zh: '重新打开本页', en: 'Open this page again' },
  refused: { zh: '不支持这种访问方式', en: 'This kind of access is not supported' },
  refusedAdvice: { zh: '本页只供查看。', en: 'This page is for reading only.' },
} as const satisfies Readonly<Record<string, Text>>;
