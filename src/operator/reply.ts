import { createHash } from 'node:crypto';
import type { Markup } from './markup.ts';
import { SCRIPT } from './script.ts';
import { STYLE } from './style.ts';

/** What the browser may do with any answer: show it once, run our own script, send our own forms back to us. */
const HEADERS: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': [
    "default-src 'none'",
    `script-src ${hashSource(SCRIPT)}`,
    `style-src ${hashSource(STYLE)}`,
    'img-src data:',
    "connect-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; '),
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=(), payment=()',
  // Nothing to anybody else. `no-referrer` would make browsers say `Origin: null` with our own forms.
  'Referrer-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'X-Robots-Tag': 'noindex, nofollow',
};

/** Every answer of the operator's pages is made here, so that none can leave without its headers. */
export function reply(status: number, page: Markup, more: Readonly<Record<string, string>> = {}): Response {
  return new Response(page.source, {
    status,
    headers: { ...HEADERS, 'Content-Type': 'text/html; charset=utf-8', ...more },
  });
}

/** Sends the browser on with a GET. */
export function redirect(to: string, more: Readonly<Record<string, string>> = {}): Response {
  return new Response(null, { status: 303, headers: { ...HEADERS, Location: to, ...more } });
}

function hashSource(inline: string): string {
  return `'sha256-${createHash('sha256').update(inline, 'utf8').digest('base64')}'`;
}
