import { html, type Markup, trusted } from '../../html/markup.ts';
import type { Answer } from '../http.ts';
import type { World } from '../world.ts';
import { STYLE } from './style.ts';

export { html, type Markup } from '../../html/markup.ts';

/** Counts down `data-until` (ms) from the page's own `data-now`, whatever the browser's clock says. */
const COUNTDOWN = `for (const e of document.querySelectorAll('[data-until]')) {
  const left0 = e.dataset.until - e.dataset.now, start = performance.now();
  const tick = () => {
    const left = Math.max(0, Math.floor((left0 - (performance.now() - start)) / 1000));
    const two = (n) => String(n).padStart(2, '0');
    const days = Math.floor(left / 86400), hours = Math.floor(left / 3600) % 24;
    e.textContent = (days ? days + ' 天 ' : '') + (days || hours ? two(hours) + ':' : '') + two(Math.floor(left / 60) % 60) + ':' + two(left % 60);
    if (left > 0) setTimeout(tick, 1000);
  };
  tick();
}`;

/** Each wallet's colours. */
function themes({ fakes }: World): string {
  return fakes
    .map(
      ({ id, accent, tone }) =>
        `.${id}{--accent:${accent};--link:var(--${tone});--soft:var(--${tone}-wash)}.tag.${id}{background:var(--${tone}-wash);color:var(--${tone})}`,
    )
    .join('');
}

/** A whole page: no external resource, nothing cached, loudly labelled as simulated. */
export function page(
  world: World,
  what: {
    readonly title: string;
    /** A wallet's id, or `plain`. */
    readonly theme: string;
    readonly body: Markup;
    readonly status?: number;
  },
): Answer {
  const nonce = world.randomBytes(16).toString('base64');
  const document = html`<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${what.title}</title>
<style nonce="${nonce}">${trusted(STYLE + themes(world))}</style>
</head>
<body class="${what.theme}">
<p class="simulated"><strong>模拟 SIMULATED</strong><span>没有真实资金 · no real money moves</span></p>
${what.body}
<script nonce="${nonce}">${trusted(COUNTDOWN)}</script>
</body>
</html>
`;
  return {
    status: what.status ?? 200,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': `default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    },
    body: document.source,
  };
}
