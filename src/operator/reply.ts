import { pageHeaders } from '../html/headers.ts';
import type { Markup } from './markup.ts';
import { SCRIPT } from './script.ts';
import { STYLE } from './style.ts';

/** What the browser may do with any answer: show it once, run our own script, send our own forms back to us. */
const HEADERS: Readonly<Record<string, string>> = {
  // To nobody else. `no-referrer` would make browsers say `Origin: null` with our own forms.
  ...pageHeaders({ script: SCRIPT, style: STYLE, forms: 'self', referrer: 'same-origin' }),
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=(), payment=()',
};

/** Every answer of the operator's pages is made here, so that none can leave without its headers. */
export function reply(status: number, page: Markup, more: Readonly<Record<string, string>> = {}): Response {
  return new Response(page.source, {
    status,
    headers: { ...HEADERS, 'Content-Type': 'text/html; charset=utf-8', ...more },
  });
}

/** Sends the browser on with a GET, and what it is to keep. */
export function redirect(
  to: string,
  more: Readonly<Record<string, string>> = {},
  cookies: readonly string[] = [],
): Response {
  return keeping(
    new Response(null, { status: 303, headers: { ...HEADERS, Location: to, ...more } }),
    cookies,
  );
}

/** Answers a script of ours. */
export function tell(status: number, value: object, cookies: readonly string[] = []): Response {
  const headers = { ...HEADERS, 'Content-Type': 'application/json' };
  return keeping(new Response(JSON.stringify(value), { status, headers }), cookies);
}

function keeping(response: Response, cookies: readonly string[]): Response {
  for (const cookie of cookies) response.headers.append('Set-Cookie', cookie);
  return response;
}

/** A short text that our own script reads. */
export function text(words: string): Response {
  return new Response(words, { headers: { ...HEADERS, 'Content-Type': 'text/plain; charset=utf-8' } });
}

/** A file to be kept, sent as it is made. */
export function asDownload(name: string, type: string, parts: AsyncIterable<string>): Response {
  const rest = parts[Symbol.asyncIterator]();
  const encoder = new TextEncoder();
  // Made as it is taken, and no further once nobody takes it.
  const bytes = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { value, done } = await rest.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    cancel: async () => void (await rest.return?.()),
  });
  const disposition = { 'Content-Disposition': `attachment; filename="${name}"` };
  return new Response(bytes, { headers: { ...HEADERS, 'Content-Type': type, ...disposition } });
}
