import { createHash } from 'node:crypto';

/** How a site's pages differ from each other's. */
interface Site {
  /** The one script and the one style that its pages carry inline. */
  readonly script: string;
  readonly style: string;
  /** Where its forms may be sent to: a word, or sources. */
  readonly forms: 'self' | 'none' | readonly string[];
  readonly referrer: 'no-referrer' | 'same-origin' | 'origin';
}

/** What the browser may do with any page of ours: show it once and run our own script, inside no other page. */
export function pageHeaders({ script, style, forms, referrer }: Site): Readonly<Record<string, string>> {
  return {
    'Cache-Control': 'no-store',
    'Content-Security-Policy': [
      "default-src 'none'",
      `script-src ${hashSource(script)}`,
      `style-src ${hashSource(style)}`,
      'img-src data:',
      "connect-src 'self'",
      `form-action ${typeof forms === 'string' ? `'${forms}'` : forms.join(' ')}`,
      "frame-ancestors 'none'",
      "base-uri 'none'",
    ].join('; '),
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Referrer-Policy': referrer,
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    'X-Robots-Tag': 'noindex, nofollow',
  };
}

function hashSource(inline: string): string {
  return `'sha256-${createHash('sha256').update(inline, 'utf8').digest('base64')}'`;
}
