import type { Text } from '../../domain/errors.ts';
import { type CodeRow, row } from './code-table.ts';

const text = (zh: string, en: string): Text => ({ zh, en });

const TRIES_AGAIN = text(
  '订阅者的支付宝暂时付不了：服务器会在本期扣款时间内自动重试，可请订阅者备足余额；不要另外收款。',
  "The subscriber's Alipay cannot pay just now: the server tries again by itself while the period may be charged. The subscriber may see to the balance; do not charge in another way.",
);
const NOT_ITS_TIME = text(
  '支付宝说现在不在扣款时间内：服务器会按支付宝给出的日期再扣，不要另外收款。',
  'Alipay says that this is not the time for it: the server charges by the day that Alipay names; do not charge in another way.',
);
const ABOVE_WHAT_WAS_AGREED = text(
  '超过订阅者同意的金额或次数：本期不能再扣。涨价或续订要请订阅者重新签约。',
  'It is more, or more often, than the subscriber agreed to: this period cannot be charged. A higher price or more periods need a new consent.',
);
const HAS_ENDED = text(
  '支付宝说扣款协议已失效：服务器会查询确认；要继续，请订阅者重新签约。',
  'Alipay says that the agreement is no longer in force: the server asks to make sure. To go on, the subscriber has to agree anew.',
);
const MERCHANTS_PRODUCT = text(
  '请商家在支付宝商家平台查看“商家扣款”产品的签约状态与限额',
  'Ask the merchant to look at the state and limits of the product “商家扣款” in Alipay’s merchant platform',
);
const USED_UP = text(
  '这一期的单号在支付宝已经关闭或属于另一笔交易：本期不再扣，请商家核对。',
  'The number of this period is closed at Alipay, or of another trade: the period is not charged again; the merchant should look into it.',
);

/**
 * What 40004 says of agreements and of charges by them. What belongs to the merchant stands first: its codes contain
 * those of the subscriber's.
 */
export const AGREEMENT_ROWS: readonly CodeRow[] = [
  row(['charge'], ['MERCHANT_AGREEMENT_NOT_EXIST', 'MERCHANT_AGREEMENT_INVALID'], 'permission', {
    remedy: MERCHANTS_PRODUCT,
  }),
  // It may be paid, now or before: only asking for the trade tells.
  row(['charge'], ['TRADE_HAS_SUCCESS', 'ORDER_SUCCESS_PAY_INPROCESS'], 'already-paid'),
  row(['charge'], ['TRADE_HAS_CLOSE'], 'closed', { retry: 'never', advice: USED_UP }),
  row(['charge'], ['CONTEXT_INCONSISTENT', 'TRADE_BUYER_NOT_MATCH'], 'number-conflict', {
    ...{ retry: 'never', advice: USED_UP },
  }),
  // Whether it is too early or too late is for the days to tell that the agreement itself names.
  row(['charge'], ['CYCLE_PAY_DATE_NOT_MATCH'], 'other', { retry: 'later', advice: NOT_ITS_TIME }),
  row(
    ['charge'],
    [
      'CYCLE_PAY_SINGLE_FEE_EXCEED',
      'CYCLE_PAY_TOTAL_FEE_EXCEED',
      'CYCLE_PAY_TOTAL_TIMES_EXCEED',
      'PRODUCT_AMOUNT_LIMIT_ERROR',
      'TOTAL_FEE_EXCEED',
    ],
    'other',
    { retry: 'never', advice: ABOVE_WHAT_WAS_AGREED },
  ),
  row(['charge'], ['AGREEMENT_NOT_EXIST'], 'not-exist', { retry: 'agreement-ended', advice: HAS_ENDED }),
  row(['charge'], ['AGREEMENT_INVALID', 'AGREEMENT_STATUS_NOT_NORMAL', 'AGREEMENT_ERROR'], 'closed', {
    ...{ retry: 'agreement-ended', advice: HAS_ENDED },
  }),
  row(['charge'], ['BUYER_BALANCE_NOT_ENOUGH', 'BUYER_BANKCARD_BALANCE_NOT_ENOUGH'], 'balance', {
    ...{ retry: 'later', advice: TRIES_AGAIN },
  }),
  row(
    ['charge'],
    [
      'BUYER_PAYMENT_AMOUNT_DAY_LIMIT_ERROR',
      'BUYER_PAYMENT_AMOUNT_MONTH_LIMIT_ERROR',
      'ERROR_BALANCE_PAYMENT_DISABLE',
      'NO_PAYMENT_INSTRUMENTS_AVAILABLE',
      'BUYER_ENABLE_STATUS_FORBID',
      'PAYMENT_REQUEST_HAS_RISK',
      'PAYMENT_FAIL',
    ],
    'other',
    { retry: 'later', advice: TRIES_AGAIN },
  ),
  row(['charge'], ['BUYER_SELLER_EQUAL', 'EXIST_FORBIDDEN_WORD'], 'bad-parameter'),
  row(['charge', 'agreement', 'postpone', 'unsign'], ['INVALID_PARAMETER'], 'bad-parameter'),
  row(['agreement', 'postpone', 'unsign'], ['AGREEMENT_NOT_EXIST'], 'not-exist', { advice: HAS_ENDED }),
];
