/** What Alipay says of a deduction that it does not make, with the text that goes with it. */
export const DEDUCT_REFUSALS = {
  'ACQ.CYCLE_PAY_DATE_NOT_MATCH': ['不在扣款时间窗口内', 'this is not the time of a deduction'],
  'ACQ.CYCLE_PAY_SINGLE_FEE_EXCEED': ['超过单次扣款最大金额', 'more than may be taken at once'],
  'ACQ.CYCLE_PAY_TOTAL_FEE_EXCEED': ['超过累计扣款最大金额', 'more than may be taken in all'],
  'ACQ.CYCLE_PAY_TOTAL_TIMES_EXCEED': ['超过累计扣款最大次数', 'more often than was agreed'],
  'ACQ.AGREEMENT_NOT_EXIST': ['用户协议不存在', 'there is no such agreement'],
  'ACQ.AGREEMENT_INVALID': ['用户协议失效', 'the agreement is not valid'],
  'ACQ.AGREEMENT_STATUS_NOT_NORMAL': ['用户协议状态非 NORMAL', 'the agreement is not in force'],
  'ACQ.MERCHANT_AGREEMENT_NOT_EXIST': ['商家协议不存在', 'the merchant has no contract for this product'],
  'ACQ.MERCHANT_AGREEMENT_INVALID': ['商家协议失效', 'the merchant’s contract has ended'],
  'ACQ.BUYER_BALANCE_NOT_ENOUGH': ['买家余额不足', 'the buyer has not enough money'],
  'ACQ.BUYER_BANKCARD_BALANCE_NOT_ENOUGH': ['买家银行卡余额不足', 'the buyer’s card has not enough money'],
  'ACQ.AGREEMENT_ERROR': ['协议信息异常', 'something is wrong with the agreement'],
  'ACQ.PRODUCT_AMOUNT_LIMIT_ERROR': ['超过产品限额', 'above the product’s limit'],
} as const;
export type DeductRefusal = keyof typeof DEDUCT_REFUSALS;

/** The scenario by which a deduction is refused with a code: `deduct-buyer-balance-not-enough`. */
export function deductScenario(code: string): string {
  return `deduct-${code.replace('ACQ.', '').toLowerCase().replaceAll('_', '-')}`;
}
