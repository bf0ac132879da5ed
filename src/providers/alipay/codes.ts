import type { Text } from '../../domain/errors.ts';
import type { DeclineReason } from '../contract.ts';

/** The call that was answered: the same code can mean different things after different calls. */
export type Operation = 'create' | 'query' | 'close' | 'refund' | 'refund-query' | 'bill';

/** Alipay's codes are words like `40004`, `ACQ.TRADE_NOT_EXIST`, `isv.invalid-signature`; anything else is not kept. */
const WORD = /^[A-Za-z0-9._-]{1,64}$/;

/** A word of the gateway that is fit for a log line or an error; undefined for anything longer or stranger. */
export function readWord(text: string | undefined): string | undefined {
  return text !== undefined && WORD.test(text) ? text : undefined;
}

/** What a code says about the call: a no with its reason, or nothing that could be relied on. */
export type Verdict = DeclineReason | 'system-error' | 'unrecognised';

/** Part of a sub code → verdict, first match wins. Matched by "contains", whatever the case (see below). */
type Parts = readonly (readonly [part: string, verdict: Verdict])[];

/**
 * What any code's sub code may say. Alipay spells one code in several ways (`ACQ.`, the misspelt `AQC.` or no prefix;
 * `unknow-error`; `…_CLOSE` and `…_CLOSED`), hence the parts.
 *
 * @see https://opendocs.alipay.com/common/02km9f
 */
const GATEWAY_PARTS: Parts = [
  ['SYSTEM_ERROR', 'system-error'],
  ['unknow-error', 'system-error'],
  ['unknown-error', 'system-error'],
  ['call-limited', 'rate-limited'],
  ['RATE_LIMIT', 'rate-limited'],
  ['invalid-signature', 'credentials'],
  ['missing-signature', 'credentials'],
  ['invalid-app-id', 'credentials'],
  ['app-cert-expired', 'credentials'],
  ['auth-token', 'credentials'],
  ['permission', 'permission'],
  ['forbidden-api', 'permission'],
  ['not-online-app', 'permission'],
  ['self-invoke-forbidden', 'permission'],
];

/** What the sub code of 40004 "business failed" says. */
const BUSINESS_PARTS: Parts = [
  // the order or refund itself
  ['TRADE_NOT_EXIST', 'not-exist'],
  ['TRADE_HAS_SUCCESS', 'already-paid'],
  ['TRADE_HAS_CLOSE', 'closed'],
  ['TRADE_HAS_FINISHED', 'refund-not-allowed'],
  ['CONTEXT_INCONSISTENT', 'number-conflict'],
  ['DISCORDANT_REPEAT_REQUEST', 'number-conflict'],

  // a day without a bill; INVAILID is Alipay's own spelling
  ['BILL_NOT_EXIST', 'not-exist'],
  ['NO_BILL_DATA', 'not-exist'],
  ['INVAILID_ARGUMENTS', 'bad-parameter'],
  ['INVALID_ARGUMENTS', 'bad-parameter'],

  // a refund that Alipay will not make, or not now
  ['SELLER_BALANCE_NOT_ENOUGH', 'balance'],
  ['NOT_ALLOW_REFUND', 'refund-not-allowed'],
  ['NOT_ALLOW_PARTIAL_REFUND', 'refund-not-allowed'],
  ['BUYER_ENABLE_STATUS_FORBID', 'refund-not-allowed'],
  ['BUYER_ERROR', 'refund-not-allowed'],
  ['BUYER_NOT_EXIST', 'refund-not-allowed'],
  ['CUSTOMER_VALIDATE_ERROR', 'refund-not-allowed'],
  ['REASON_TRADE_BEEN_FREEZEN', 'refund-not-allowed'],
  ['REFUND_ACCOUNT_NOT_EXIST', 'refund-not-allowed'],
  ['ALLOC_AMOUNT_VALIDATE_ERROR', 'refund-not-allowed'],
  ['REFUNDALLOC_UNAUTH_LIMIT', 'refund-not-allowed'],
  ['REFUND_ROYALTY_PAYEE_ACCOUNT_NOT_EXIST', 'refund-not-allowed'],
  ['OVERDRAFT_AGREEMENT_NOT_MATCH', 'refund-not-allowed'],
  ['OVERDRAFT_ASSIGN_ACCOUNT_INVALID', 'refund-not-allowed'],
  ['REFUND_CHARGE_ERROR', 'other'],
  ['TRADE_SETTLE_ERROR', 'other'],
  ['ENTERPRISE_PAY_BIZ_ERROR', 'other'],
  ['USER_NOT_MATCH_ERR', 'other'],

  // what was sent
  ['REFUND_AMT_NOT_EQUAL_TOTAL', 'bad-parameter'],
  ['REFUND_FEE_ERR', 'bad-parameter'],
  ['INVALID_PARAMETER', 'bad-parameter'],
  ['CURRENCY_NOT_SUPPORT', 'bad-parameter'],
  ['TOTAL_FEE_EXCEED', 'bad-parameter'],
  ['EXIST_FORBIDDEN_WORD', 'bad-parameter'],
  ['NOW_TIME_AFTER_EXPIRE_TIME_ERROR', 'bad-parameter'],
  ['SUB_GOODS_SIZE_MAX_COUNT', 'bad-parameter'],
  ['RISK_MERCHANT_IP_NOT_EXIST', 'bad-parameter'],

  // the merchant's contract
  ['ACCESS_FORBIDDEN', 'permission'],
  ['PARTNER_ERROR', 'permission'],
  ['MERCHANT_STATUS_NOT_NORMAL', 'permission'],
];

/** Sub codes that say "not in this status": what follows from that depends on the call. */
const STATUS_PARTS = ['TRADE_STATUS_ERROR', 'TRADE_STATUS_INVALID', 'REASON_ILLEGAL_STATUS'];
const BY_STATUS_PART: Readonly<Record<Operation, Verdict>> = {
  create: 'other',
  query: 'other',
  // Paid or closed already: only a query can tell which.
  close: 'other',
  refund: 'not-paid',
  'refund-query': 'other',
  bill: 'other',
};

/** The gateway's own codes, where the sub code says nothing more exact. */
const BY_CODE: ReadonlyMap<string, Verdict> = new Map([
  ['20001', 'credentials'],
  ['40001', 'bad-parameter'],
  ['40002', 'bad-parameter'],
  ['40003', 'credentials'],
  ['40005', 'rate-limited'],
  ['40006', 'permission'],
]);

/**
 * 40004 with a sub code that is in no table. After a query or a precreate (which makes a code, not yet a trade)
 * nothing can have moved, so it is a plain no. A close or a refund may have done something.
 */
const UNLISTED_BUSINESS_FAILURE: Readonly<Record<Operation, Verdict>> = {
  create: 'other',
  query: 'other',
  close: 'unrecognised',
  refund: 'unrecognised',
  'refund-query': 'other',
  bill: 'other',
};

/** Reads a code other than 10000. What is in no table is unrecognised. */
export function verdictOf(code: string, subCode: string | undefined, operation: Operation): Verdict {
  if (code === '20000') return 'system-error';
  const contains = (part: string) => includes(subCode, part);
  const listed = (parts: Parts) => parts.find(([part]) => contains(part))?.[1];

  if (code !== '40004') {
    const byCode = BY_CODE.get(code);
    return byCode === undefined ? 'unrecognised' : (listed(GATEWAY_PARTS) ?? byCode);
  }
  const byStatus = STATUS_PARTS.some(contains) ? BY_STATUS_PART[operation] : undefined;
  return listed(GATEWAY_PARTS) ?? byStatus ?? listed(BUSINESS_PARTS) ?? UNLISTED_BUSINESS_FAILURE[operation];
}

const NOT_SIGNED: Text = {
  zh: '请商家在支付宝开放平台签约这项产品（电脑网站支付、手机网站支付或当面付）并绑定到该应用，然后用同一号码重试。',
  en: 'Ask the merchant to sign up for this product (web page, mobile site or face-to-face payment) in the Alipay open platform and bind it to the app, then call again with the same number.',
};
const NO_KEY: Text = {
  zh: '请商家在支付宝开放平台为该应用配置密钥：上传与 AP_APP_KEY 配对的应用公钥，或启用受限密钥；然后用同一号码重试。',
  en: "Ask the merchant to set up the app's key in the Alipay open platform: upload the public key that belongs to AP_APP_KEY, or enable the restricted key; then call again with the same number.",
};

/**
 * What a merchant can do about a code, where that is more exact than the reason. The first two come with restricted
 * keys, which may call only what was ticked for them.
 *
 * @see https://opendocs.alipay.com/open/0h3irn
 */
const ADVICE: readonly (readonly [part: string, advice: Text])[] = [
  [
    'invalid-cloud-app-permission',
    {
      zh: '请商家在支付宝开放平台打开该应用的“支付 MCP Server”开关，然后用同一号码重试。',
      en: 'Ask the merchant to switch on "支付 MCP Server" for this app in the Alipay open platform, then call again with the same number.',
    },
  ],
  [
    'invalid-open-scene-api-permission',
    {
      zh: '这把受限密钥没有勾选该功能：请商家在支付宝开放平台勾选（收款也需要勾选查询），然后用同一号码重试。',
      en: 'This restricted key is not ticked for that: ask the merchant to tick it in the Alipay open platform (to create payments, the query too), then call again with the same number.',
    },
  ],
  ['missing-signature', NO_KEY],
  [
    'invalid-signature',
    {
      zh: '签名不符：请商家核对 AP_APP_KEY 与开放平台登记的应用公钥是一对，AP_ENCRYPTION_ALGO 与密钥一致，然后用同一号码重试。',
      en: "The signature does not fit: ask the merchant to check that AP_APP_KEY belongs to the app's public key in the open platform and AP_ENCRYPTION_ALGO to the key, then call again with the same number.",
    },
  ],
  [
    'invalid-app-id',
    {
      zh: '请商家核对 AP_APP_ID，以及它与 AP_CURRENT_ENV（正式或沙箱）是否一致，然后用同一号码重试。',
      en: 'Ask the merchant to check AP_APP_ID and whether it belongs to AP_CURRENT_ENV (prod or sandbox), then call again with the same number.',
    },
  ],
  ['isv-permissions', NOT_SIGNED],
  ['ACCESS_FORBIDDEN', NOT_SIGNED],
];

/** Undefined where the reason says all there is to say. */
export function adviceOn(subCode: string | undefined): Text | undefined {
  return ADVICE.find(([part]) => includes(subCode, part))?.[1];
}

function includes(subCode: string | undefined, part: string): boolean {
  return subCode !== undefined && bare(subCode).includes(bare(part));
}

/** Without case and separators, in which the spellings of one code differ: `isp.bill_not_exist`, `BILL-NOT-EXIST`. */
function bare(code: string): string {
  return code.toUpperCase().replace(/[^A-Z0-9]/g, '');
}
