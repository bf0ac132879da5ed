import type { Text } from '../../domain/errors.ts';
import type { Scene } from '../../domain/order.ts';
import { type CodeRow, row, rowIn } from '../v3/codes.ts';

export type Operation =
  | 'create'
  | 'query-trade'
  | 'close'
  | 'refund'
  | 'query-refund'
  | 'certificates'
  | 'bill'
  | 'self-test';

const QUERIES: readonly Operation[] = ['query-trade', 'query-refund', 'certificates', 'bill', 'self-test'];
const EVERY: readonly Operation[] = ['create', 'close', 'refund', ...QUERIES];

const PRODUCTS: readonly (readonly [scene: Scene, name: string])[] = [
  ['qr', 'Native 支付'],
  ['h5', 'H5 支付'],
  ['jsapi', 'JSAPI 支付'],
  ['app', 'APP 支付'],
];

const OTHER_PAYER: Text = {
  zh: '问题在付款人的账户：请买家换一个账户或付款方式，然后用相同参数和同一个 outTradeNo 重试。',
  en: "It is the payer's account: let the buyer use another account or means of payment, then call again with the same arguments and outTradeNo.",
};

/**
 * Every code that is understood. What is not here after a create, close or refund is an unknown outcome.
 *
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012791877 (order)
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4013070360 (close)
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012791883 (refund)
 */
export const CODE_TABLE: readonly CodeRow<Operation>[] = [
  // the gateway's own "I do not know", and what proves nothing
  row(EVERY, ['SYSTEM_ERROR', 'BANK_ERROR', 'SERVICE_UNAVAILABLE', 'USERPAYING'], 'unsettled'),
  row(EVERY, ['FREQUENCY_LIMITED', 'RATELIMIT_EXCEEDED', 'RULE_LIMIT', '268447840'], 'rate-limited'),

  // making an order
  row(['create'], ['ORDER_PAID', '268449538', '268498689'], 'already-paid'),
  row(['create'], ['ORDER_CLOSED', '268447914'], 'closed'),
  row(['create'], ['OUT_TRADE_NO_USED'], 'number-conflict'),
  // Said when the number was used before with other parameters, closed or paid: the order may well exist, so it is
  // never read as "nothing was created".
  row(['create'], ['INVALID_REQUEST'], 'number-conflict'),
  row(['create'], ['268498688'], 'number-conflict', {
    advice: {
      zh: '这个 outTradeNo 首次下单时参数不同：用与首次完全相同的参数重试；要改参数，先关闭它，再用新的 outTradeNo 下单。',
      en: 'This outTradeNo was first ordered with other parameters: repeat exactly the first ones, or close it and use a new outTradeNo.',
    },
  }),
  row(['create'], ['OPENID_MISMATCH'], 'bad-parameter', {
    despite500: true,
    advice: {
      zh: 'payerOpenid 不属于下单的 AppID（WXPAY_SUB_APP_ID，没有设置时为 WXPAY_APP_ID）：请取付款人在这个 AppID 下的 openid，用新的 outTradeNo 下单；原样重试没有用。',
      en: "payerOpenid is not of the ordering AppID (WXPAY_SUB_APP_ID, without it WXPAY_APP_ID): get the payer's openid under that one and use a new outTradeNo; repeating the call as it is will not help.",
    },
  }),
  row(['create'], ['268501013'], 'bad-parameter', {
    advice: {
      zh: 'jsapi 必须带 payerOpenid：补上后用新的 outTradeNo 下单。',
      en: 'jsapi needs payerOpenid: add it and use a new outTradeNo.',
    },
  }),
  row(['create'], ['ACCOUNT_ERROR', 'USER_ACCOUNT_ABNORMAL', 'NOT_ENOUGH'], 'other', { advice: OTHER_PAYER }),
  row(['create'], ['TRADE_ERROR'], 'other', {
    advice: {
      zh: '微信支付的业务规则不允许这笔交易：请商家在商户平台查明原因，或请买家换一种付款方式。',
      en: "WeChat Pay's rules do not allow this trade: ask the merchant to look the cause up on the merchant platform, or let the buyer use another means of payment.",
    },
  }),
  ...PRODUCTS.map(
    ([scene, name]): CodeRow<Operation> =>
      row(['create'], ['NO_AUTH'], 'permission', {
        scenes: [scene],
        remedy: {
          zh: `请商家在微信支付商户平台的产品中心开通“${name}”`,
          en: `Ask the merchant to open "${name}" in the product centre of WeChat Pay's merchant platform`,
        },
      }),
  ),

  // closing one
  row(['close'], ['ORDER_PAID', '268449538', '268498689'], 'already-paid'),
  row(['close'], ['ORDER_CLOSED', '268447914'], 'closed'),
  row(['close'], ['TRADE_ERROR', '268449641'], 'other'),
  row(['close', 'query-trade'], ['INVALID_REQUEST'], 'bad-parameter'),
  row(['query-trade'], ['TRADE_ERROR'], 'other'),
  row(['query-trade', 'close', 'refund'], ['ORDER_NOT_EXIST', 'ORDER_NOT_EXISTS', '268512771'], 'not-exist'),

  // refunding
  row(['refund'], ['RESOURCE_NOT_EXISTS'], 'not-exist', {
    advice: {
      zh: '微信支付没有这笔已付款的订单：核对 outTradeNo，用 query-payment 确认已付款，并请商家核对商户号。',
      en: 'WeChat Pay has no such paid order: check outTradeNo, confirm with query-payment that it is paid, and ask the merchant to compare the merchant ID.',
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
      zh: '付款人的微信账户已注销或异常，退不回去：请商家与买家线下结清，不要换退款单号重试。',
      en: "The payer's WeChat account is cancelled or abnormal and cannot be refunded: let the merchant settle with the buyer directly, and try no new refund number.",
    },
  }),
  row(['refund'], ['INVALID_REQUEST'], 'refund-not-allowed', {
    advice: {
      zh: '微信支付的退款规则不允许（如超过一年、次数或金额）：用 query-refund 核对以前的退款，请商家在商户平台查看原因。',
      en: "WeChat Pay's refund rules do not allow it (a year, the number of refunds, the sum): compare the earlier ones with query-refund and ask the merchant to look the cause up on the merchant platform.",
    },
  }),
  row(['refund'], ['NO_AUTH'], 'permission', {
    remedy: {
      zh: '这笔订单不属于本商户号，或商户号没有退款权限：请商家核对 WXPAY_MCH_ID 与退款权限',
      en: 'The order is not of this merchant ID, or that may not refund: ask the merchant to compare WXPAY_MCH_ID and its permission to refund',
    },
  }),

  // asking
  row(['query-refund'], ['RESOURCE_NOT_EXISTS'], 'not-exist'),
  row(['query-refund', 'bill'], ['INVALID_REQUEST'], 'bad-parameter'),
  // Merchants who only have WeChat Pay's public key are told that there are no platform certificates for them.
  row(['certificates'], ['RESOURCE_NOT_EXISTS', 'NOT_FOUND'], 'credentials'),
  // A bill that is still being made is none yet: that must never look like a day without trades.
  row(['bill'], ['NO_STATEMENT_EXIST'], 'not-exist'),
  row(['bill'], ['STATEMENT_CREATING'], 'other'),

  // service providers and their sub-merchants
  row(EVERY, ['268443701'], 'permission', {
    remedy: {
      zh: '服务商与子商户没有受理关系：请服务商在服务商平台的特约商户授权产品中发起邀请，子商户在商户平台授权（约 10 分钟后生效），并核对 WXPAY_SUB_MCH_ID',
      en: 'The service provider may not act for the sub-merchant: let the provider invite it on the provider platform (特约商户授权产品) and the sub-merchant agree on the merchant platform (about 10 minutes to take effect), and compare WXPAY_SUB_MCH_ID',
    },
  }),
  row(EVERY, ['268443704'], 'credentials', {
    remedy: {
      zh: '这个商户号是服务商，不能给自己收款：请商家设置 WXPAY_SUB_MCH_ID（子商户的商户号）',
      en: 'This merchant ID is a service provider and cannot collect for itself: ask the merchant to set WXPAY_SUB_MCH_ID',
    },
  }),
  row(EVERY, ['268443705'], 'credentials', {
    remedy: {
      zh: 'WXPAY_SUB_MCH_ID 不能是服务商自己的商户号：请商家填子商户的商户号',
      en: "WXPAY_SUB_MCH_ID must not be the provider's own merchant ID: ask the merchant to set the sub-merchant's",
    },
  }),
  // Order numbers are the provider's, for all of its sub-merchants together.
  row(['create', 'query-trade'], ['268447845'], 'number-conflict'),
  row(['close', 'refund', 'query-refund'], ['268447845'], 'permission', {
    remedy: {
      zh: '微信支付说这笔订单属于另一个子商户：请商家核对 WXPAY_SUB_MCH_ID',
      en: 'WeChat Pay says that the order is of another sub-merchant: ask the merchant to compare WXPAY_SUB_MCH_ID',
    },
  }),

  // who asks, and what was sent
  row(EVERY, ['PARAM_ERROR', '268435461', '268435464', '270924358'], 'bad-parameter'),
  row(EVERY, ['SIGN_ERROR', '268443699'], 'credentials'),
  row(EVERY, ['MCH_NOT_EXISTS', 'APPID_MCHID_NOT_MATCH', '268445527'], 'credentials'),
  row(EVERY, ['REQUEST_BLOCKED', '268443715', '268447843', '268448010'], 'permission'),
  row(['create', 'close', ...QUERIES], ['NO_AUTH'], 'permission'),
];

/** The line of the table for a code after a call; one that names the scene comes before one that does not. */
export function rowOf(
  operation: Operation,
  code: string | undefined,
  scene: Scene | undefined,
): CodeRow<Operation> | undefined {
  return rowIn(CODE_TABLE, operation, code, scene);
}
