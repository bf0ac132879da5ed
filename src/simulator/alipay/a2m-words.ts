/** What Alipay says of a proof that buys nothing, besides SYSTEM_ERROR, and the text that goes with it. */
export const VERIFY_REFUSALS = {
  INVALID_PARAMETER: ['参数有误', 'a parameter is wrong'],
  TRADE_NO_EMPTY: ['交易号为空', 'the trade number is empty'],
  TRADE_NO_INVALID: ['交易号无效', 'the trade number is invalid'],
  PAYMENT_PROOF_EMPTY: ['支付凭证为空', 'the proof is empty'],
  CLIENT_SESSION_IS_EMPTY: ['客户端会话为空，请升级', 'no client session: the buyer’s program is too old'],
  PAYMENT_PROOF_INVALID: ['支付凭证无效', 'the proof is invalid'],
  PAYMENT_PROOF_ID_MISMATCH: ['支付凭证编号不匹配', 'the proof’s id does not match'],
  PAYMENT_PROOF_TRADE_NO_MISMATCH: ['支付凭证与交易号不匹配', 'the proof is of another trade'],
  PAYMENT_PROOF_AGENT_MISMATCH: ['支付凭证与智能体不匹配', 'the proof is of another agent'],
  PAYMENT_PROOF_BUYER_MISMATCH: ['支付凭证与买家不匹配', 'the proof is of another buyer'],
  PAYMENT_PROOF_NOT_FOUND: ['支付凭证不存在', 'there is no such proof'],
  PAYMENT_PROOF_STATUS_INVALID: ['支付凭证状态不合法', 'the proof has been used'],
  TRADE_NOT_FOUND: ['交易不存在', 'there is no such trade'],
  TRADE_STATUS_UNPAID: ['交易未支付', 'the trade is not paid'],
  TRADE_STATUS_CLOSED: ['交易已关闭', 'the trade is closed'],
} as const;

/** The same of a fulfilment. */
export const CONFIRM_REFUSALS = {
  INVALID_PARAMETER: ['参数有误', 'a parameter is wrong'],
  SELLER_ID_EMPTY: ['卖家编号为空', 'the seller is not named'],
  SELLER_IDENTITY_MISMATCH: ['卖家身份不匹配', 'the trade is another seller’s'],
  TRADE_NOT_FOUND: ['交易不存在', 'there is no such trade'],
  TRADE_NO_EMPTY: ['交易号为空', 'the trade number is empty'],
  TRADE_NO_INVALID: ['交易号无效', 'the trade number is invalid'],
  TRADE_STATUS_INVALID: ['交易状态不合法', 'the trade waits for no such word'],
} as const;

export type VerifyRefusal = keyof typeof VERIFY_REFUSALS;
export type ConfirmRefusal = keyof typeof CONFIRM_REFUSALS;

/** The scenario by which a call is refused with a code: `verify-trade-status-unpaid`. */
export function scenarioOf(call: 'verify' | 'confirm', code: string): string {
  return `${call}-${code.toLowerCase().replaceAll('_', '-')}`;
}

/** The one service of Alipay's sandbox, where anything counts as a proof of a trade that is paid. */
export const SANDBOX_SERVICE = 'api_mock_service_id';
/** A service as Alipay would have registered it. */
export const SERVICE = 'API_SIMULATED0000';
