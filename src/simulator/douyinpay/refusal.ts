/** Douyin Pay says no: an HTTP status and a code. */
export class DouyinPayRefusal extends Error {
  override readonly name = 'DouyinPayRefusal';
  readonly status: number;
  readonly code: string;
  readonly detail: Readonly<Record<string, string>> | undefined;

  constructor(code: Code, message: string, detail?: Readonly<Record<string, string>>) {
    super(message);
    this.code = code;
    this.status = STATUS[code];
    this.detail = detail;
  }

  get body(): string {
    const { code, message, detail } = this;
    return JSON.stringify({ code, message, ...(detail && { detail }) });
  }
}

type Code = keyof typeof STATUS;

/** No list is published: the words of the API that this one is modelled on, and one that nobody knows. */
const STATUS = {
  PARAM_ERROR: 400,
  INVALID_REQUEST: 400,
  APPID_MCHID_NOT_MATCH: 400,
  MCH_NOT_EXISTS: 400,
  ORDER_PAID: 400,
  ORDER_CLOSED: 400,
  NO_STATEMENT_EXIST: 400,
  STATEMENT_CREATING: 400,
  BIZ_CHECK_0417: 400,
  SIGN_ERROR: 401,
  NO_AUTH: 403,
  NOT_ENOUGH: 403,
  REQUEST_BLOCKED: 403,
  ORDER_NOT_EXIST: 404,
  RESOURCE_NOT_EXISTS: 404,
  FREQUENCY_LIMITED: 429,
  SYSTEM_ERROR: 500,
} as const;

/** A parameter that does not fit. */
export function parameterError(field: string, issue: string, location = 'body'): DouyinPayRefusal {
  return new DouyinPayRefusal('PARAM_ERROR', '参数错误', { field, issue, location });
}

export function signError(issue: string): DouyinPayRefusal {
  return new DouyinPayRefusal('SIGN_ERROR', '签名错误，请检查后再试', { issue, location: 'authorization' });
}

export const BODY_REFUSALS = {
  parameterError,
  undefinedParameter: (field: string) => parameterError(field, '含有未定义的参数'),
};
