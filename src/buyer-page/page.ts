import type { Text } from '../domain/errors.ts';
import type { ProviderId } from '../domain/order.ts';
import { walletOf } from '../providers/registry.ts';
import { money } from './figures.ts';
import { html, type Markup, trusted } from './markup.ts';
import { type OfferView, offerSection, offerState } from './offer-section.ts';
import { badgeOf, orderSection } from './order-section.ts';
import type { HandOff } from './pay-area.ts';
import { phaseOf, pollEvery } from './phase.ts';
import { PHASES } from './phase-words.ts';
import { type Language, type Reader, say } from './reader.ts';
import { SCRIPT } from './script.ts';
import { STYLE } from './style.ts';
import type { BuyerView } from './view.ts';
import { WORDS } from './words.ts';

const ICON =
  'data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22 viewBox=%220 0 32 32%22%3E%3Crect width=%2232%22 height=%2232%22 rx=%228%22 fill=%22%231168ea%22/%3E%3Cpath d=%22M10 8l6 8 6-8M16 16v9M10 17h12M10 21h12%22 stroke=%22white%22 stroke-width=%222.6%22 fill=%22none%22/%3E%3C/svg%3E';

/** Without a script the page asks anew every so many seconds. */
const REFRESH_SECONDS = 5;

/** The page of an order as it stands at the instant `now` (ms). @param token of the page */
export async function orderPage(
  view: BuyerView,
  now: number,
  reader: Reader,
  token: string,
  handOff: HandOff,
): Promise<string> {
  const phase = phaseOf(view, now, reader.returned);
  const payee = view.merchantName ? `${view.merchantName} · ` : '';
  return shell(
    // The order's title stays out of the window's title: that one ends up in histories and task bars.
    `${say(badgeOf(phase), reader)} ${money(view.amountYuan)} · ${payee}${say(walletOf(view.provider).name, reader)}`,
    reader.language,
    pollEvery(phase) > 0
      ? html`<noscript><meta http-equiv="refresh" content="${REFRESH_SECONDS}"></noscript>`
      : undefined,
    liveBody(view.provider, view, reader, await orderSection(view, now, reader, token, handOff)),
  );
}

/** The page of what the buyer is yet to choose the wallet of, at the instant `now` (ms). @param token of the page */
export function offerPage(view: OfferView, now: number, reader: Reader, token: string): string {
  const open = offerState(view, now) === 'CHOICE';
  const payee = view.merchantName ? ` · ${view.merchantName}` : '';
  return shell(
    `${say(open ? WORDS.choose : PHASES.closed.badge, reader)} ${money(view.amountYuan)}${payee}`,
    reader.language,
    undefined,
    liveBody('', view, reader, offerSection(view, now, reader, token)),
  );
}

/** What follows an order: its section, and all that the script needs around it. */
function liveBody(
  wallet: ProviderId | '',
  { simulated, trial }: Pick<BuyerView, 'simulated' | 'trial'>,
  reader: Reader,
  section: Markup,
): Markup {
  const band = simulated ? WORDS.simulated : trial ? WORDS.trial : undefined;
  return html`<body class="${wallet}${reader.phone ? ' is-phone' : ''}">
${band ? html`<header class="band">${say(band, reader)}</header>` : ''}
<main>
<p id="offline" class="offline" role="alert" hidden>${say(WORDS.offline, reader)}</p>
${section}
<p id="announce" class="quiet" role="status" aria-live="polite"></p>
</main>
<footer>${languageSwitch(reader)}</footer>
<script>${trusted(SCRIPT)}</script>
</body>`;
}

function languageSwitch(reader: Reader): Markup {
  const other: Language = reader.language === 'zh' ? 'en' : 'zh';
  const tag = other === 'zh' ? 'zh-CN' : 'en';
  return html`<a class="switch" href="?lang=${other}${reader.returned ? '&returned' : ''}" lang="${tag}" hreflang="${tag}">${say(WORDS.otherLanguage, reader)}</a>`;
}

/** A page that says one thing and knows nothing of any order; where it is worth it, with a link to try `again`. */
function plainPage(headline: Text, advice: Text): (language: Language, again?: string) => string {
  return (language, again) =>
    shell(
      headline[language],
      language,
      undefined,
      html`<body><main><section class="card"><div class="notice"><h1>${headline[language]}</h1><p>${advice[language]}</p>${again === undefined ? '' : html`<p><a class="button" href="${again}">${WORDS.again[language]}</a></p>`}</div></section></main></body>`,
    );
}

/** One and the same for a token that is malformed, altered, guessed or gone. */
export const notFoundPage = plainPage(WORDS.notFound, WORDS.notFoundAdvice);
export const notNowPage = plainPage(WORDS.notNow, WORDS.notNowAdvice);
/** For a buyer who comes back with a browser that does not remember from where. */
export const backPage = plainPage(WORDS.back, WORDS.backAdvice);
export const unavailablePage = plainPage(WORDS.unavailable, WORDS.unavailableAdvice);
export const refusedPage = plainPage(WORDS.refused, WORDS.refusedAdvice);

function shell(title: string, language: Language, head: Markup | undefined, body: Markup): string {
  return html`<!doctype html>
<html lang="${language === 'zh' ? 'zh-CN' : 'en'}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="format-detection" content="telephone=no">
<title>${title}</title>
<link rel="icon" href="${ICON}">
<style>${trusted(STYLE)}</style>
${head}
</head>
${body}
</html>
`.source;
}
