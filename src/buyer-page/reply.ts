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

/** Where a button sends a form to the gateway: it learns the origin, and never the path. */
export function formTo(targets: readonly string[]): Readonly<Record<string, string>> {
  return pageHeaders({ script: SCRIPT, style: STYLE, forms: targets, referrer: 'origin' });
}

const TYPES = {
  html: 'text/html; charset=utf-8',
  json: 'application/json; charset=utf-8',
  text: 'text/plain; charset=utf-8',
  jwt: 'application/jwt',
} as const;

/** Every answer of the buyer's page is made here, so that none can leave without its headers. */
export function reply(
  status: number,
  kind: keyof typeof TYPES,
  body: string,
  more: Readonly<Record<string, string>> = {},
): Response {
  return new Response(body, { status, headers: { ...HEADERS, 'Content-Type': TYPES[kind], ...more } });
}
