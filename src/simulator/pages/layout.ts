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

/** Shows anew what is in the section `#live` when it has changed, as long as somebody looks. */
const LIVE = `const look = async () => {
  if (!document.hidden) {
    const answer = await fetch(location.href).catch(() => undefined);
    const text = answer && answer.ok ? await answer.text() : '';
    const from = text.indexOf('<section id="live"');
    const part = from < 0 ? '' : text.slice(from, text.indexOf('</section>', from));
    const next = new DOMParser().parseFromString(part, 'text/html').getElementById('live');
    const now = document.getElementById('live');
    if (next && next.innerHTML !== now.innerHTML) now.replaceChildren(...next.childNodes);
  }
  setTimeout(look, 2000);
};
setTimeout(look, 2000);`;

/** A whole page: no external resource, nothing cached, loudly labelled as simulated. */
export function page(
  world: World,
  what: {
    readonly title: string;
    /** A wallet's id, or `plain`. */
    readonly theme: string;
    readonly body: Markup;
    /** What its style has beside everybody's. */
    readonly style?: string;
    readonly status?: number;
    /** Whether what is in its `#live` changes by itself. */
    readonly live?: true;
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
<style nonce="${nonce}">${trusted(STYLE + themes(world) + (what.style ?? ''))}</style>
</head>
<body class="${what.theme}">
<aside class="simulated"><strong>模拟 SIMULATED</strong><span>没有真实资金 · no real money moves</span></aside>
${what.body}
${what.theme === 'plain' ? undefined : html`<footer><a href="/inbox">商家的手机收到了什么 <small>What the merchant’s phone was told</small></a></footer>`}
<script nonce="${nonce}">${trusted(what.live ? LIVE : COUNTDOWN)}</script>
</body>
</html>
`;
  return {
    status: what.status ?? 200,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': `default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}';${what.live ? " connect-src 'self';" : ''} form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    },
    body: document.source,
  };
}
