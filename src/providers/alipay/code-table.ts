import type { Text } from '../../domain/errors.ts';
import type { Scene } from '../../domain/order.ts';
import type { RowAdvice } from '../advice.ts';
import type { ChargeRetry, DeclineReason } from '../contract.ts';

/** The call that was answered: the same code can mean different things after different calls. */
export type Operation =
  | 'create'
  | 'query'
  | 'close'
  | 'refund'
  | 'refund-query'
  | 'bill'
  | 'verify'
  | 'confirm'
  | 'agreement'
  | 'charge'
  | 'postpone'
  | 'unsign';

/** What a code says about the call: a no with its reason, or nothing that could be relied on. */
export type Verdict = DeclineReason | 'system-error' | 'unrecognised';

/** One line of the table: what Alipay's sub codes mean after certain calls, and what to do next. */
export interface CodeRow extends RowAdvice {
  readonly calls: readonly Operation[];
  /**
   * Parts of a sub code. Alipay spells one code in several ways (`ACQ.`, the misspelt `AQC.` or no prefix;
   * `unknow-error`; `…_CLOSE` and `…_CLOSED`; `isp.bill_not_exist`), hence parts, without case and separators.
   */
  readonly codes: readonly string[];
  /** Only when an order of this scene was made. */
  readonly scenes?: readonly Scene[];
  readonly meaning: Verdict;
  /** Of a charge by an agreement: what may still come of its period. */
  readonly retry?: ChargeRetry;
}

const EVERY: readonly Operation[] = [
  ...(['create', 'query', 'close', 'refund', 'refund-query', 'bill'] as const),
  ...(['verify', 'confirm', 'agreement', 'charge', 'postpone', 'unsign'] as const),
];
const QUERIES: readonly Operation[] = ['query', 'refund-query'];

/** A line, from its parts. */
export function row(
  calls: readonly Operation[],
  codes: readonly string[],
  meaning: Verdict,
  more?: Partial<CodeRow>,
): CodeRow {
  return { calls, codes, meaning, ...more };
}

function merchant(zh: string, en: string): Text {
  return { zh: `请商家${zh}`, en: `Ask the merchant to ${en}` };
}

const SETUP_CERTIFICATES = merchant(
  '核对该应用的接口加签方式：证书模式要同时配置 AP_APP_CERT、AP_ALIPAY_CERT、AP_ROOT_CERT 且没有过期，密钥模式只配置 AP_PUB_KEY',
  'compare how the app signs: certificate mode needs AP_APP_CERT, AP_ALIPAY_CERT and AP_ROOT_CERT together and in force, key mode AP_PUB_KEY alone',
);
const NO_KEY = merchant(
  '在支付宝开放平台为该应用配置密钥：上传与 AP_APP_KEY 配对的应用公钥，或启用受限密钥',
  "set up the app's key in the Alipay open platform: upload the public key that belongs to AP_APP_KEY, or enable the restricted key",
);
const NOT_SIGNED = merchant(
  '在支付宝开放平台签约这项产品（电脑网站支付、手机网站支付、APP 支付或当面付）并绑定到该应用',
  'sign up for this product (web page, mobile site, app or face-to-face payment) in the Alipay open platform and bind it to the app',
);
const NOT_SIGNED_AGREEMENTS = merchant(
  '在支付宝商家平台签约“商家扣款”并绑定到该应用（AP_SIGN_SCENE 是合同中的签约场景）',
  'sign up for “商家扣款” (agreements) in Alipay’s merchant platform and bind it to the app (AP_SIGN_SCENE is the scene of that contract)',
);
const NOT_SIGNED_QR = merchant(
  '在支付宝签约订单码支付或当面付（与 AP_PRECREATE_PRODUCT_CODE 一致）并绑定到该应用',
  'sign up for Alipay order codes or face-to-face payment (as AP_PRECREATE_PRODUCT_CODE says) and bind it to the app',
);
const ACCOUNT = merchant(
  '在支付宝商家平台查看收款账户的状态与限额',
  "look at the account's state and limits in Alipay's merchant platform",
);

/** What any code's sub code may say: the gateway speaks, before any business is looked at. */
export const GATEWAY_ROWS: readonly CodeRow[] = [
  row(EVERY, ['SYSTEM_ERROR', 'unknow-error', 'unknown-error'], 'system-error'),
  row(EVERY, ['call-limited', 'RATE_LIMIT'], 'rate-limited'),
  row(EVERY, ['app-cert', 'alipay-cert', 'root-cert'], 'credentials', { remedy: SETUP_CERTIFICATES }),
  row(EVERY, ['missing-signature'], 'credentials', { remedy: NO_KEY }),
  row(EVERY, ['invalid-signature'], 'credentials', {
    remedy: merchant(
      '核对 AP_APP_KEY 与开放平台登记的应用公钥（或应用证书）是一对，AP_ENCRYPTION_ALGO 与密钥一致',
      "check that AP_APP_KEY belongs to the app's public key (or certificate) in the open platform and AP_ENCRYPTION_ALGO to the key",
    ),
  }),
  row(EVERY, ['invalid-app-id'], 'credentials', {
    remedy: merchant(
      '核对 AP_APP_ID，以及它与 AP_CURRENT_ENV（正式或沙箱）是否一致',
      'check AP_APP_ID and whether it belongs to AP_CURRENT_ENV (prod or sandbox)',
    ),
  }),
  row(EVERY, ['auth-token'], 'credentials'),
  // The next two come with restricted keys, which may call only what was ticked for them.
  // @see https://opendocs.alipay.com/open/0h3irn
  row(EVERY, ['invalid-cloud-app-permission'], 'permission', {
    remedy: merchant(
      '在支付宝开放平台打开该应用的“支付 MCP Server”开关',
      'switch on "支付 MCP Server" for this app in the Alipay open platform',
    ),
  }),
  row(EVERY, ['invalid-open-scene-api-permission'], 'permission', {
    remedy: merchant(
      '在支付宝开放平台为这把受限密钥勾选该功能（收款也需要勾选查询）',
      'tick this for the restricted key in the Alipay open platform (to create payments, the query too)',
    ),
  }),
  row(['create'], ['isv-permissions', 'ACCESS_FORBIDDEN'], 'permission', {
    scenes: ['qr'],
    remedy: NOT_SIGNED_QR,
  }),
  row(['agreement', 'charge', 'postpone', 'unsign'], ['isv-permissions', 'ACCESS_FORBIDDEN'], 'permission', {
    remedy: NOT_SIGNED_AGREEMENTS,
  }),
  row(EVERY, ['isv-permissions', 'ACCESS_FORBIDDEN'], 'permission', { remedy: NOT_SIGNED }),
  row(
    EVERY,
    ['permission', 'forbidden-api', 'not-online-app', 'self-invoke-forbidden', 'not-support-app-auth'],
    'permission',
  ),
];

/** What the sub code of 40004 "business failed" says. */
export const BUSINESS_ROWS: readonly CodeRow[] = [
  // making an order
  row(['create'], ['TRADE_HAS_SUCCESS'], 'already-paid'),
  row(['create'], ['TRADE_HAS_CLOSE'], 'closed'),
  row(['create'], ['CONTEXT_INCONSISTENT', 'TRADE_BUYER_NOT_MATCH'], 'number-conflict'),
  // the number has had its code, whose answer was lost; said as well to an app without the product
  row(['create'], ['APPLY_PC_MERCHANT_CODE_ERROR'], 'number-conflict', {
    scenes: ['qr'],
    advice: {
      zh: '支付宝不为这个 outTradeNo 再给付款码：请用新的 outTradeNo 下单；新的也这样时，请商家核对当面付或订单码支付的签约。',
      en: 'Alipay gives no further code for this outTradeNo: create the payment under a new outTradeNo; where that fails alike, ask the merchant whether order codes or face-to-face payment are signed up for.',
    },
  }),
  row(['create'], ['EXIST_FORBIDDEN_WORD'], 'bad-parameter', {
    advice: {
      zh: '商品名含有支付宝不允许的词：换一个 title，用新的 outTradeNo 下单。',
      en: 'The title has a word that Alipay does not allow: use another title and a new outTradeNo.',
    },
  }),
  row(['create'], ['TOTAL_FEE_EXCEED'], 'bad-parameter', {
    advice: {
      zh: '金额超过支付宝允许的上限：减小金额，用新的 outTradeNo 下单。',
      en: "The amount is above Alipay's limit: use a smaller one and a new outTradeNo.",
    },
  }),
  row(['create'], ['BUYER_SELLER_EQUAL'], 'bad-parameter', {
    advice: {
      zh: '付款人与收款人是同一个账户：请买家换一个账户付款。',
      en: 'Payer and payee are the same account: let the buyer pay with another one.',
    },
  }),
  row(
    ['create'],
    [
      'RISK_MERCHANT_IP_NOT_EXIST',
      'INVALID_PARAMETER',
      'NOW_TIME_AFTER_EXPIRE_TIME_ERROR',
      'SUB_GOODS_SIZE_MAX_COUNT',
    ],
    'bad-parameter',
  ),
  row(
    EVERY,
    [
      'SELLER_BEEN_BLOCKED',
      'PARTNER_ERROR',
      'MERCHANT_STATUS_NOT_NORMAL',
      'BEYOND_PAY_RESTRICTION',
      'BEYOND_PER_RECEIPT',
      'MERCHANT_PERM_RECEIPT',
    ],
    'permission',
    { remedy: ACCOUNT },
  ),

  // asking; an unopened link is not known to Alipay, and no failure
  row(QUERIES, ['TRADE_NOT_EXIST'], 'not-exist'),
  row(QUERIES, ['INVALID_PARAMETER'], 'bad-parameter'),

  // closing; paid or closed already, which only a query can tell
  row(['close'], ['TRADE_STATUS_ERROR', 'TRADE_STATUS_INVALID', 'REASON_ILLEGAL_STATUS'], 'other'),
  row(['close'], ['TRADE_NOT_EXIST'], 'not-exist'),
  row(['close'], ['TRADE_HAS_SUCCESS'], 'already-paid'),
  row(['close'], ['TRADE_HAS_CLOSE'], 'closed'),
  row(['close'], ['INVALID_PARAMETER'], 'bad-parameter'),

  // refunding
  row(['refund'], ['SELLER_BALANCE_NOT_ENOUGH'], 'balance', {
    remedy: {
      zh: '商家的支付宝账户余额不足：请商家充值',
      en: "The merchant's Alipay balance is too small: ask the merchant to top it up",
    },
  }),
  row(['refund'], ['REFUND_AMT_NOT_EQUAL_TOTAL'], 'bad-parameter', {
    advice: {
      zh: '退款金额超过订单金额：改正金额，用新的 outRefundNo 申请退款。',
      en: 'The sum is more than the order: correct it and request the refund under a new outRefundNo.',
    },
  }),
  row(['refund'], ['REFUND_FEE_ERR'], 'bad-parameter', {
    advice: {
      zh: '累计退款会超过订单金额：用 query-refund 核对以前的退款，再决定退多少。',
      en: 'All refunds together would exceed the order: compare the earlier ones with query-refund before deciding on a sum.',
    },
  }),
  row(['refund'], ['DISCORDANT_REPEAT_REQUEST'], 'number-conflict', {
    advice: {
      zh: '支付宝已按这个 outRefundNo 退过另一个金额：先用 query-refund 查清那一笔，不要盲目换退款单号。',
      en: 'Alipay has already refunded another sum under this outRefundNo: look at that one with query-refund first, and try no new number blindly.',
    },
  }),
  row(['refund'], ['TRADE_HAS_CLOSE'], 'refund-not-allowed', {
    advice: {
      zh: '这笔交易没有付款或已全额退款：用 query-payment 查清，不要重复退款。',
      en: 'This trade is unpaid or has been refunded in full: ask query-payment, and do not refund it again.',
    },
  }),
  row(['refund'], ['TRADE_HAS_FINISHED'], 'refund-not-allowed', {
    advice: {
      zh: '已过支付宝的退款期限：请商家与买家线下结清，不要换退款单号重试。',
      en: "Alipay's time for refunds is over: let the merchant settle with the buyer directly, and try no new refund number.",
    },
  }),
  row(['refund'], ['TRADE_STATUS_ERROR', 'TRADE_STATUS_INVALID', 'REASON_ILLEGAL_STATUS'], 'not-paid'),
  row(['refund'], ['TRADE_NOT_EXIST'], 'not-exist'),
  row(['refund'], ['NOT_ALLOW_PARTIAL_REFUND', 'VOUCHER_NOT_ALLOW_REFUND'], 'refund-not-allowed', {
    advice: {
      zh: '这笔交易用了优惠券，只能全额退款：请商家决定是否全额退。',
      en: 'A coupon was used on this trade and it can only be refunded in full: let the merchant decide on that.',
    },
  }),
  row(['refund'], ['REASON_TRADE_BEEN_FREEZEN'], 'refund-not-allowed', {
    advice: {
      zh: '支付宝冻结了这笔交易：请商家联系支付宝客服，不要换退款单号重试。',
      en: 'Alipay has frozen this trade: ask the merchant to contact Alipay, and try no new refund number.',
    },
  }),
  row(
    ['refund'],
    [
      'NOT_ALLOW_REFUND',
      'BUYER_ENABLE_STATUS_FORBID',
      'BUYER_ERROR',
      'BUYER_NOT_EXIST',
      'CUSTOMER_VALIDATE_ERROR',
      'REFUND_ACCOUNT_NOT_EXIST',
      'ALLOC_AMOUNT_VALIDATE_ERROR',
      'REFUNDALLOC_UNAUTH_LIMIT',
      'REFUND_ROYALTY_PAYEE_ACCOUNT_NOT_EXIST',
      'OVERDRAFT_AGREEMENT_NOT_MATCH',
      'OVERDRAFT_ASSIGN_ACCOUNT_INVALID',
    ],
    'refund-not-allowed',
  ),
  row(['refund'], ['INVALID_PARAMETER', 'CURRENCY_NOT_SUPPORT'], 'bad-parameter'),
  row(['refund'], ['TRADE_SETTLE_ERROR', 'ENTERPRISE_PAY_BIZ_ERROR', 'USER_NOT_MATCH_ERR'], 'other'),
  // Giving the fee back failed; whether the refund did, no document says.
  row(['refund'], ['REFUND_CHARGE_ERROR'], 'system-error'),

  // a call that was handed over; the last may also say that it has been told before, which no document tells apart
  row(['confirm'], ['SELLER_IDENTITY_MISMATCH', 'SELLER_ID_EMPTY'], 'credentials'),
  row(['confirm'], ['TRADE_NOT_FOUND'], 'not-exist'),
  row(['confirm'], ['INVALID_PARAMETER', 'TRADE_NO_EMPTY', 'TRADE_NO_INVALID'], 'bad-parameter'),
  row(['confirm'], ['TRADE_STATUS_INVALID'], 'other'),

  // a day without a bill; INVAILID is Alipay's own spelling
  row(['bill'], ['BILL_NOT_EXIST', 'NO_BILL_DATA'], 'not-exist'),
  row(['bill'], ['INVAILID_ARGUMENTS', 'INVALID_ARGUMENTS'], 'bad-parameter'),
];
