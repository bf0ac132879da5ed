/** Alipay says no. Only business answers (40004) carry a signature; the gateway's own refusals come without one. */
export class AlipayRefusal extends Error {
  override readonly name = 'AlipayRefusal';
  readonly code: string;
  readonly msg: string;
  readonly subCode: string;
  readonly subMsg: string;

  constructor(code: keyof typeof MESSAGES, subCode: string, subMsg: string) {
    super(`${subCode}: ${subMsg}`);
    this.code = code;
    this.msg = MESSAGES[code];
    this.subCode = subCode;
    this.subMsg = subMsg;
  }

  get signed(): boolean {
    return this.code === '40004';
  }

  /** The response node's fields. */
  get fields(): Record<string, string> {
    return { code: this.code, msg: this.msg, sub_code: this.subCode, sub_msg: this.subMsg };
  }
}

/** @see https://opendocs.alipay.com/common/02km9f */
const MESSAGES = {
  '20000': 'Service Currently Unavailable',
  '20001': 'Insufficient Token Permissions',
  '40001': 'Missing Required Arguments',
  '40002': 'Invalid Arguments',
  '40004': 'Business Failed',
  '40005': 'Call Limited',
  '40006': 'Insufficient Permissions',
} as const;

/** A business refusal: `ACQ.…`. */
export function business(subCode: string, subMsg: string): AlipayRefusal {
  return new AlipayRefusal('40004', `ACQ.${subCode}`, subMsg);
}

export function invalidParameter(what: string): AlipayRefusal {
  return business('INVALID_PARAMETER', `参数无效：${what}`);
}

export const tradeNotExist = () => business('TRADE_NOT_EXIST', '交易不存在');

/** The words for a fault that is an ordinary refusal. */
export const FAULT_REFUSALS = {
  declined: () => business('ACCESS_FORBIDDEN', '无权限使用接口'),
  balance: () => business('SELLER_BALANCE_NOT_ENOUGH', '卖家余额不足'),
  'system-error': () => business('SYSTEM_ERROR', '系统错误'),
  'rate-limited': () => new AlipayRefusal('40005', 'isv.app-call-limited', '应用调用次数超限'),
};
