import { pageHeaders } from '../html/headers.ts';
import { SCRIPT } from './script.ts';
import { STYLE } from './style.ts';

/** What the browser may do with any answer of the buyer's page: show it once, run our own script, tell nobody. */
const HEADERS = {
  ...pageHeaders({ script: SCRIPT, style: STYLE, forms: 'none', referrer: 'no-referrer' }),
  Vary: 'Accept-Language, User-Agent, Cookie',
};

/**
 * Where there is something to choose, and nowhere else, the form may be sent: back here, where it has to say that it
 * comes from here, which browsers keep to themselves without any Referer.
 */
export const WITH_FORM = pageHeaders({
  ...{ script: SCRIPT, style: STYLE, forms: 'self', referrer: 'same-origin' },
});

/** Every answer of the buyer's page is made here, so that none can leave without its headers. */
export function reply(
  status: number,
  kind: 'html' | 'json',
  body: string,
  more: Readonly<Record<string, string>> = {},
): Response {
  const type = kind === 'html' ? 'text/html; charset=utf-8' : 'application/json; charset=utf-8';
  return new Response(body, { status, headers: { ...HEADERS, 'Content-Type': type, ...more } });
}
