import type { Text } from '../domain/errors.ts';
import { both, html, type Markup, trusted } from './markup.ts';
import { badgeOf, orderSection } from './order-section.ts';
import { phaseOf, pollEvery } from './phase.ts';
import { SCRIPT } from './script.ts';
import { STYLE } from './style.ts';
import type { CashierView } from './view.ts';
import { WALLETS, WORDS } from './words.ts';

const ICON =
  'data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22 viewBox=%220 0 32 32%22%3E%3Crect width=%2232%22 height=%2232%22 rx=%228%22 fill=%22%231168ea%22/%3E%3Cpath d=%22M10 8l6 8 6-8M16 16v9M10 17h12M10 21h12%22 stroke=%22white%22 stroke-width=%222.6%22 fill=%22none%22/%3E%3C/svg%3E';

/** Without a script the page asks anew every so many seconds. */
const REFRESH_SECONDS = 5;

/** The page of an order as it stands at the instant `now` (ms). */
export async function orderPage(view: CashierView, now: number): Promise<string> {
  const phase = phaseOf(view, now);
  const refresh = pollEvery(phase) > 0 ? html`<noscript>${refreshTag()}</noscript>` : undefined;
  // The order's title stays out of the window's title: that one ends up in histories and task bars.
  return shell(
    `${badgeOf(phase).zh} ¥${view.amountYuan} · ${WALLETS[view.provider].name.zh}`,
    refresh,
    html`<body class="${view.provider}">
${view.simulated ? html`<header class="band">${WORDS.simulated.zh} <span class="en" lang="en">${WORDS.simulated.en}</span></header>` : ''}
<main>
<p id="offline" class="offline" role="alert" hidden>${both(WORDS.offline)}</p>
${await orderSection(view, now)}
<p id="announce" class="quiet" role="status" aria-live="polite"></p>
</main>
<script>${trusted(SCRIPT)}</script>
</body>`,
  );
}

/** A page that says one thing and knows nothing of any order. */
function plainPage(headline: Text, advice: Text, refresh?: Markup): string {
  return shell(
    headline.zh,
    refresh,
    html`<body><main><section class="card"><div class="notice"><h1>${both(headline)}</h1><p>${both(advice)}</p></div></section></main></body>`,
  );
}

/** One and the same for a token that is malformed, altered, guessed or gone. */
export const NOT_FOUND_PAGE = plainPage(WORDS.notFound, WORDS.notFoundAdvice);
export const UNAVAILABLE_PAGE = plainPage(WORDS.unavailable, WORDS.unavailableAdvice, refreshTag());
export const REFUSED_PAGE = plainPage(WORDS.refused, WORDS.refusedAdvice);

function refreshTag(): Markup {
  return html`<meta http-equiv="refresh" content="${REFRESH_SECONDS}">`;
}

function shell(title: string, head: Markup | undefined, body: Markup): string {
  return html`<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>${title}</title>
<link rel="icon" href="${ICON}">
<style>${trusted(STYLE)}</style>
${head}
</head>
${body}
</html>
`.source;
}
