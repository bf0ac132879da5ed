import type { Text } from '../domain/errors.ts';
import { nearest } from '../domain/nearest.ts';
import { pathKey } from './path.ts';
import type { HttpPrice } from './prices.ts';

/** What can have a price. HEAD is the GET of the same path without its body, OPTIONS asks how one may ask. */
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

type Pattern = Pick<HttpPrice, 'method' | 'key' | 'beneath'>;

/** What `GET /paid/weather` or `POST /v1/poster/*` charges for. */
export function patternOf(name: string): Pattern | { readonly problem: Text } {
  const [, method = '', written = ''] = /^(\S+) +(\S+)$/.exec(name) ?? [];
  if (written === '') {
    return problem(
      '必须是“方法 路径”，例如 "GET /paid/weather"',
      'must be a method and a path, such as "GET /paid/weather"',
    );
  }
  if (!METHODS.includes(method)) return problem(...wrongMethod(method));
  const beneath = written.endsWith('/*');
  const path = beneath ? written.slice(0, -2) || '/' : written;
  if (path.includes('*')) {
    return problem('* 只能写在最后，作为 /*', '* can only stand at the end, as /*');
  }
  if (/[?#]/.test(path)) {
    return problem(
      '只写路径：? 和 # 之后的不参与匹配',
      'ends before ? and #: prices are matched by the path alone',
    );
  }
  const key = pathKey(encodeOthers(path));
  if (typeof key !== 'string') return { problem: key.ambiguous };
  return { method, key, beneath };
}

/** Chinese in a path is written as it is read. */
function encodeOthers(path: string): string {
  return path.replace(/[^!-~]+/g, (text) => (/\p{Cs}/u.test(text) ? text : encodeURIComponent(text)));
}

function wrongMethod(method: string): [zh: string, en: string] {
  if (method === 'HEAD') return ['HEAD 随 GET，不单独定价', 'HEAD goes with GET and has no price of its own'];
  const meant = nearest(method, METHODS);
  const known = METHODS.join('、');
  return meant === undefined
    ? [`方法只能是 ${known}`, `the method is one of ${METHODS.join(', ')}`]
    : [`没有这种方法，是否想写 ${meant}？`, `there is no such method; did you mean ${meant}?`];
}

function problem(zh: string, en: string): { readonly problem: Text } {
  return { problem: { zh, en } };
}
