/** WeChat Pay says no: an HTTP status, a code, and the number at the end of `Request-ID` that details it. */
export class WechatPayRefusal extends Error {
  override readonly name = 'WechatPayRefusal';
  readonly status: number;
  readonly code: string;
  /** Detailed error number, shown after the last `-` of `Request-ID`. */
  readonly number: number;
  readonly detail: Readonly<Record<string, string>> | undefined;

  constructor(code: Code, message: string, number?: number, detail?: Readonly<Record<string, string>>) {
    super(message);
    this.code = code;
    this.status = CODES[code].status;
    this.number = number ?? CODES[code].number;
    this.detail = detail;
  }

  get body(): string {
    const { code, message, detail } = this;
    return JSON.stringify(detail ? { code, detail, message } : { code, message });
  }
}

type Code = keyof typeof CODES;

/** @see https://pay.weixin.qq.com/doc/v3/merchant/4012081670 */
const CODES = {
  PARAM_ERROR: { status: 400, number: 268435461 },
  INVALID_REQUEST: { status: 400, number: 268435464 },
  APPID_MCHID_NOT_MATCH: { status: 400, number: 268445527 },
  MCH_NOT_EXISTS: { status: 400, number: 268443715 },
  ORDERPAID: { status: 400, number: 268498689 },
  ORDER_CLOSED: { status: 400, number: 268447914 },
  SIGN_ERROR: { status: 401, number: 268443699 },
  NO_AUTH: { status: 403, number: 268448010 },
  RULE_LIMIT: { status: 403, number: 268448010 },
  NOT_ENOUGH: { status: 403, number: 268448010 },
  REQUEST_BLOCKED: { status: 403, number: 268448010 },
  NO_STATEMENT_EXIST: { status: 400, number: 0 },
  STATEMENT_CREATING: { status: 400, number: 0 },
  ORDER_NOT_EXIST: { status: 404, number: 268512771 },
  RESOURCE_NOT_EXISTS: { status: 404, number: 268512771 },
  FREQUENCY_LIMITED: { status: 429, number: 268447840 },
  SYSTEM_ERROR: { status: 500, number: 268435456 },
} as const;

export function notExist(): never {
  throw new WechatPayRefusal('ORDER_NOT_EXIST', '订单不存在');
}

/** A parameter that does not fit, with the documented `detail`. */
export function parameterError(field: string, issue: string, location = 'body'): WechatPayRefusal {
  return new WechatPayRefusal('PARAM_ERROR', '参数错误', undefined, { field, issue, location });
}
