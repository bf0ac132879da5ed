import { isSpecType, ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';

/** Throws what a request with parameters of wrong shape is answered; the SDK would show the dump of its validator. */
export function insistParams(method: string, given: unknown): void {
  const check = Object.hasOwn(CHECKS, method) ? CHECKS[method] : undefined;
  const params = given ?? {};
  const problem = isObject(params) ? check?.(params) : 'params must be an object';
  if (problem !== undefined) throw invalidParams(problem);
  if (method === 'initialize' && !isSpecType.InitializeRequest({ method, params }))
    throw invalidParams('clientInfo or capabilities are malformed');
}

export function invalidParams(problem: string): ProtocolError {
  return new ProtocolError(ProtocolErrorCode.InvalidParams, `Invalid params: ${problem}`);
}

export function invalidCursor(): ProtocolError {
  return invalidParams('cursor must be the nextCursor of an earlier page');
}

/** @see https://modelcontextprotocol.io/specification/2025-11-25/server/resources#subscriptions */
export function tooManySubscriptions(most: number): ProtocolError {
  return new ProtocolError(ProtocolErrorCode.InvalidRequest, `At most ${most} subscriptions in a session`);
}

/** As the SDK says it. */
export function methodNotFound(): ProtocolError {
  return new ProtocolError(ProtocolErrorCode.MethodNotFound, 'Method not found');
}

/** A state that was altered, has expired, or belongs to another caller or request; which of them is nobody's business. */
export function invalidRequestState(): ProtocolError {
  return new ProtocolError(ProtocolErrorCode.InvalidParams, 'Invalid or expired requestState', {
    reason: 'invalid_request_state',
  });
}

/** In the range that JSON-RPC leaves to servers, beside what MCP and its SDKs use. */
const TOO_MANY = -32_029;

/** Nothing was looked at; the same request may be made again in `seconds`. */
export function tooManyRequests(seconds: number): ProtocolError {
  return new ProtocolError(TOO_MANY, `Too many requests; try again in ${seconds} s`, {
    code: 'TRY_LATER',
    retryAfterSeconds: seconds,
  });
}

type Params = Readonly<Record<string, unknown>>;
type Check = (params: Params) => string | undefined;

const text =
  (name: string): Check =>
  ({ [name]: value }) =>
    typeof value === 'string' ? undefined : `${name} must be a string`;
const object =
  (name: string): Check =>
  ({ [name]: value }) =>
    isObject(value) ? undefined : `${name} must be an object`;
const optional =
  (check: (name: string) => Check) =>
  (name: string): Check =>
  (params) =>
    params[name] === undefined ? undefined : check(name)(params);
const all =
  (...checks: readonly Check[]): Check =>
  (params) =>
    checks.map((check) => check(params)).find((problem) => problem !== undefined);
const texts =
  (name: string): Check =>
  ({ [name]: value }) =>
    isObject(value) && Object.values(value).every((each) => typeof each === 'string')
      ? undefined
      : `${name} must be an object of strings`;

const page = optional(text)('cursor');
const CHECKS: Readonly<Record<string, Check>> = {
  initialize: all(text('protocolVersion'), object('capabilities'), object('clientInfo')),
  'tools/list': page,
  'prompts/list': page,
  'resources/list': page,
  'resources/templates/list': page,
  'tools/call': all(text('name'), optional(object)('arguments')),
  'prompts/get': all(text('name'), optional(texts)('arguments')),
  'resources/read': text('uri'),
  'resources/subscribe': text('uri'),
  'resources/unsubscribe': text('uri'),
};

function isObject(value: unknown): value is Params {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
