import type { CashierError, Text } from '../domain/errors.ts';
import type { Answering } from '../platform/relay.ts';

/** The language of sentences. */
export type Language = 'zh' | 'en';

/** An answer of the gate itself, as opposed to the upstream's. */
export interface Said {
  readonly status: number;
  /** For programs. */
  readonly code: string;
  readonly text: Text;
  /** What else programs are told. */
  readonly more?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Sends one as JSON that nobody keeps. The rest of a body that was not read is let go of. */
export function say(
  response: Answering,
  language: Language,
  { status, code, text, more, headers }: Said,
): void {
  if (response.headersSent || response.destroyed) return void response.destroy();
  const body = Buffer.from(`${JSON.stringify({ code, message: text[language], ...more })}\n`);
  response.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': body.length,
    'Cache-Control': 'no-store',
    ...headers,
  });
  response.end(body);
  if (!response.req.complete) response.req.resume();
}

export const NOT_OURS: Said = {
  status: 403,
  code: 'HOST_REFUSED',
  text: {
    zh: '这个主机名不属于本网关：在 CASHIER_GATE_URL 或 CASHIER_ALLOWED_HOSTS 中写明。',
    en: 'This host name is not the gate’s: name it in CASHIER_GATE_URL or CASHIER_ALLOWED_HOSTS.',
  },
};
export const NO_UPSTREAM: Said = {
  status: 404,
  code: 'NOT_FOUND',
  text: { zh: '价目文件里没有这个路径的上游。', en: 'No upstream of the price file has this path.' },
};
export const NOT_FOR_SALE: Said = {
  status: 403,
  code: 'NOT_FOR_SALE',
  text: { zh: '这里只能请求有价格的内容。', en: 'Only what has a price can be asked for here.' },
};
export const NO_UPGRADE: Said = {
  status: 501,
  code: 'NO_WEBSOCKET',
  text: { zh: '本网关不支持 WebSocket。', en: 'The gate does not pass WebSockets on.' },
};
export const NO_METHOD: Said = {
  status: 405,
  code: 'METHOD_REFUSED',
  text: { zh: '本网关不转发这种方法。', en: 'The gate does not pass this method on.' },
  headers: { Allow: 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS' },
};
export const UNKNOWN_FRAMING: Said = {
  status: 501,
  code: 'TRANSFER_ENCODING',
  text: { zh: 'Transfer-Encoding 只能是 chunked。', en: 'Transfer-Encoding can only be chunked.' },
};
export const OVERRIDDEN: Said = {
  status: 400,
  code: 'METHOD_OVERRIDE',
  text: {
    zh: '有价格的路径不接受改写方法的请求（X-HTTP-Method-Override、_method）：直接用要用的方法。',
    en: 'Where something has a price, a request cannot name another method than its own (X-HTTP-Method-Override, _method): use that method.',
  },
};
export const TOO_LARGE: Said = {
  status: 413,
  code: 'TOO_LARGE',
  text: {
    zh: '有价格的请求，正文最大 1 MiB。',
    en: 'A request that has a price has a body of at most 1 MiB.',
  },
};
export const CROWDED: Said = {
  status: 503,
  code: 'TRY_LATER',
  text: { zh: '请求过多，稍后再试。', en: 'Too many requests; try again later.' },
  headers: { 'Retry-After': '2' },
};
export const UPSTREAM_GONE: Said = {
  status: 502,
  code: 'UPSTREAM_FAILED',
  text: { zh: '上游没有回答。', en: 'The upstream did not answer.' },
};
export const INTERNAL: Said = {
  status: 500,
  code: 'INTERNAL',
  text: { zh: '内部错误，已记入日志。', en: 'Internal error, see the log.' },
};

export const NOT_TOLD: Said = {
  status: 503,
  code: 'OUTCOME_UNKNOWN',
  text: {
    zh: '支付平台没有说是否已付款，没有执行：稍后用同一请求再问，不要再付款。',
    en: 'The gateway does not tell whether it is paid, and nothing was executed: ask again later with the same request, and do not pay again.',
  },
  headers: { 'Retry-After': '3' },
};

export function ambiguous({ zh, en }: Text): Said {
  return {
    status: 400,
    code: 'AMBIGUOUS_PATH',
    text: {
      zh: `地址有歧义，没有转发：${zh}。`,
      en: `The address is ambiguous and was not passed on: ${en}.`,
    },
  };
}

/** What keeps a sale from being made, or from being told of, just now. */
export function notNow(error: CashierError): Said {
  const { retryAfterSeconds = 5 } = error.details;
  return {
    status: 503,
    code: error.code,
    text: error.text,
    headers: { 'Retry-After': String(retryAfterSeconds) },
  };
}
