import type { Scene } from '../../domain/order.ts';
import { type CodeRow, row } from '../v3/codes.ts';

export type Operation =
  | 'create'
  | 'query-trade'
  | 'close'
  | 'refund'
  | 'query-refund'
  | 'certificates'
  | 'bill';

const QUERIES: readonly Operation[] = ['query-trade', 'query-refund', 'certificates', 'bill'];
const EVERY: readonly Operation[] = ['create', 'close', 'refund', ...QUERIES];

const PRODUCTS: readonly (readonly [scene: Scene, name: string])[] = [
  ['qr', 'Native 支付'],
  ['h5', 'H5 支付'],
  ['jsapi', 'JSAPI 支付'],
  ['app', 'APP 支付'],
];

/**
 * The codes that are understood. Douyin Pay publishes no list: these are the words of the API that its own is modelled
 * on. What is not here is judged in `errors.ts`.
 */
export const CODE_TABLE: readonly CodeRow<Operation>[] = [
  // the gateway's own "I do not know", and what proves nothing
  row(EVERY, ['SYSTEM_ERROR', 'BANK_ERROR', 'SERVICE_UNAVAILABLE', 'USERPAYING', 'PROCESSING'], 'unsettled'),
  row(EVERY, ['FREQUENCY_LIMITED', 'RATELIMIT_EXCEEDED', 'RULE_LIMIT'], 'rate-limited'),

  // making an order
  row(['create', 'close'], ['ORDER_PAID'], 'already-paid'),
  row(['create', 'close'], ['ORDER_CLOSED'], 'closed'),
  // The order may well exist: never read as "nothing was created".
  row(['create'], ['OUT_TRADE_NO_USED', 'INVALID_REQUEST'], 'number-conflict'),
  row(['create'], ['OPENID_MISMATCH'], 'bad-parameter', {
    advice: {
      zh: 'payerOpenid 不属于 DYPAY_APP_ID：请取付款人在这个应用下的 openid，用新的 outTradeNo 下单；原样重试没有用。',
      en: "payerOpenid is not of DYPAY_APP_ID: get the payer's openid under that app and use a new outTradeNo; repeating the call as it is will not help.",
    },
  }),
  row(['create'], ['ACCOUNT_ERROR', 'USER_ACCOUNT_ABNORMAL', 'NOT_ENOUGH'], 'other', {
    advice: {
      zh: '问题在付款人的账户：请买家换一个账户或付款方式，然后用相同参数和同一个 outTradeNo 重试。',
      en: "It is the payer's account: let the buyer use another account or means of payment, then call again with the same arguments and outTradeNo.",
    },
  }),
  row(['create', 'close', 'query-trade'], ['TRADE_ERROR'], 'other'),
  ...PRODUCTS.map(([scene, name]) =>
    row<Operation>(['create'], ['NO_AUTH'], 'permission', {
      scenes: [scene],
      remedy: {
        zh: `请商家在抖音支付商户平台开通“${name}”`,
        en: `Ask the merchant to open "${name}" on Douyin Pay's merchant platform`,
      },
    }),
  ),

  row(['query-trade', 'close', 'refund'], ['ORDER_NOT_EXIST', 'ORDER_NOT_EXISTS'], 'not-exist'),
  row(['close', ...QUERIES], ['INVALID_REQUEST'], 'bad-parameter'),

  // refunding
  row(['refund'], ['RESOURCE_NOT_EXISTS'], 'not-exist', {
    advice: {
      zh: '抖音支付没有这笔已付款的订单：核对 outTradeNo，用 query-payment 确认已付款，并请商家核对商户号。',
      en: 'Douyin Pay has no such paid order: check outTradeNo, confirm with query-payment that it is paid, and ask the merchant to compare the merchant ID.',
    },
  }),
  row(['refund'], ['NOT_ENOUGH'], 'balance', {
    remedy: {
      zh: '商户账户可用于退款的余额不足：请商家充值',
      en: "The merchant's balance for refunds is too small: ask the merchant to top it up",
    },
  }),
  row(['refund'], ['USER_ACCOUNT_ABNORMAL'], 'refund-not-allowed', {
    advice: {
      zh: '付款人的抖音账户已注销或异常，退不回去：请商家与买家线下结清，不要换退款单号重试。',
      en: "The payer's Douyin account is cancelled or abnormal and cannot be refunded: let the merchant settle with the buyer directly, and try no new refund number.",
    },
  }),
  row(['refund'], ['INVALID_REQUEST'], 'refund-not-allowed', {
    advice: {
      zh: '抖音支付的退款规则不允许（如期限、次数或金额）：用 query-refund 核对以前的退款，请商家在商户平台查看原因。',
      en: "Douyin Pay's refund rules do not allow it (time, number of refunds, sum): compare the earlier ones with query-refund and ask the merchant to look the cause up on the merchant platform.",
    },
  }),
  row(['refund'], ['NO_AUTH'], 'permission', {
    remedy: {
      zh: '这笔订单不属于本商户号，或商户号没有退款权限：请商家核对 DYPAY_MCH_ID 与退款权限',
      en: 'The order is not of this merchant ID, or that may not refund: ask the merchant to compare DYPAY_MCH_ID and its permission to refund',
    },
  }),

  // asking
  row(['query-refund'], ['RESOURCE_NOT_EXISTS', 'REFUND_NOT_EXIST', 'REFUND_NOT_EXISTS'], 'not-exist'),
  // A bill that is still being made is none yet: that must never look like a day without trades.
  row(['bill'], ['NO_STATEMENT_EXIST'], 'not-exist'),
  row(['bill'], ['STATEMENT_CREATING'], 'other'),

  // who asks, and what was sent
  row(EVERY, ['PARAM_ERROR'], 'bad-parameter'),
  row(EVERY, ['SIGN_ERROR', 'MCH_NOT_EXISTS', 'APPID_MCHID_NOT_MATCH'], 'credentials'),
  row(EVERY, ['NO_AUTH', 'REQUEST_BLOCKED'], 'permission'),
];
