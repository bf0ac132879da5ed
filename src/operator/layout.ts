import { beijingDateTime, beijingIso } from '../domain/clock.ts';
import type { Text } from '../domain/errors.ts';
import type { Freeze } from '../ledger/operator-book.ts';
import { mayDo } from '../persons/person.ts';
import type { Frame } from './frame.ts';
import { foreign, html, type Markup, trusted } from './markup.ts';
import { SCRIPT } from './script.ts';
import { STYLE } from './style.ts';
import type { Phase } from './view.ts';
import { BADGES, ROOM_WORDS, VIA, WORDS } from './words.ts';

const ICON =
  'data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22 viewBox=%220 0 32 32%22%3E%3Crect width=%2232%22 height=%2232%22 rx=%228%22 fill=%22%231f3a5f%22/%3E%3Cpath d=%22M9 17l5 5 9-12%22 stroke=%22white%22 stroke-width=%223%22 fill=%22none%22 stroke-linecap=%22round%22 stroke-linejoin=%22round%22/%3E%3C/svg%3E';

/** How often (ms) an open page asks whether there is any news. */
const NEWS_MS = 3_000;

/** A whole document. What stands in `title` ends up in histories and task bars: our own words and amounts only. */
export function shell(
  frame: Frame,
  page: {
    readonly title: string;
    readonly body: Markup;
    /** Without a script, ask anew every so many seconds. */
    readonly refresh?: number | undefined;
    readonly head?: Markup | undefined;
    /** Where in the house it is. */
    readonly room?: Room;
  },
): Markup {
  const other = frame.language === 'zh' ? 'en' : 'zh';
  const refresh =
    page.refresh === undefined
      ? undefined
      : html`<noscript><meta http-equiv="refresh" content="${page.refresh}"></noscript>`;
  return html`<!doctype html>
<html lang="${frame.language === 'zh' ? 'zh-CN' : 'en'}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${page.title} · mcp-cashier</title>
<link rel="icon" href="${ICON}">
<style>${trusted(STYLE)}</style>
${refresh}${page.head}
</head>
<body>
<a class="skip" href="#main">${frame.say(WORDS.skip)}</a>
${band(frame)}
<header class="top"><p class="brand"><a href="${frame.csrf === undefined ? frame.to('') : frame.console('')}"><span class="mark" aria-hidden="true">✓</span>mcp-cashier <span>${frame.say(WORDS.brand)}</span></a></p>
<div class="tools"><a class="tool" lang="${other === 'zh' ? 'zh-CN' : 'en'}" hreflang="${other === 'zh' ? 'zh-CN' : 'en'}" href="${frame.self({ lang: other })}">${frame.say(WORDS.language)}</a>
${frame.person === undefined ? '' : html`<a class="tool" href="${frame.to('/me')}">${foreign(frame.person.name)}</a>`}${frame.csrf === undefined ? '' : html`<form method="post" action="${frame.to('/sign-out')}">${token(frame)}<button class="tool">${frame.say(WORDS.signOut)}</button></form>`}</div>
${frame.csrf === undefined ? '' : rooms(frame, page.room)}</header>
<main id="main" tabindex="-1">
<p id="offline" class="note warn" role="alert" hidden>${frame.say(WORDS.offline)}</p>
${page.body}
<p id="announce" class="quiet" role="status" aria-live="polite"></p>
</main>
<script>${trusted(SCRIPT)}</script>
</body>
</html>
`;
}

/** The pages that a signed-in person goes between. */
const ROOMS = [
  ['overview', (frame: Frame) => frame.console('')],
  ['orders', (frame: Frame) => frame.console('/orders')],
  ['approvals', (frame: Frame) => frame.to('')],
  ['rules', (frame: Frame) => frame.console('/rules')],
  ['bills', (frame: Frame) => frame.console('/bills')],
  ['channels', (frame: Frame) => frame.console('/channels')],
] as const;
export type Room = (typeof ROOMS)[number][0];

function rooms(frame: Frame, here: Room | undefined): Markup {
  const link = (room: Room, to: string) =>
    html`<li><a href="${to}"${room === here ? html` aria-current="page"` : ''}>${frame.say(ROOM_WORDS[room])}</a></li>`;
  return html`<nav class="rooms" aria-label="${frame.say(WORDS.rooms)}"><ul>${ROOMS.map(([room, to]) => link(room, to(frame)))}</ul></nav>`;
}

function band(frame: Frame): Markup | undefined {
  if (frame.realm === 'live') return undefined;
  const words = { simulator: WORDS.simulated, sandbox: WORDS.sandbox, trial: WORDS.trial };
  return html`<aside class="band">${frame.say(words[frame.realm])}</aside>`;
}

/** A page that says one thing; where there is an address to go `onTo`, for no longer than it takes. */
export function plainPage(frame: Frame, headline: Text, advice: Text, more?: Markup, onTo?: string): Markup {
  return shell(frame, {
    title: frame.say(headline),
    head: onTo === undefined ? undefined : html`<meta http-equiv="refresh" content="0;url=${onTo}">`,
    body: html`<section class="card narrow plain"><h1>${frame.say(headline)}</h1><p>${frame.say(advice)}</p>${more}</section>`,
  });
}

/**
 * What changes by itself: an open page asks whether `mark` is still the newest, and takes this part anew when it is not.
 * Nothing that a person types into belongs in it.
 */
export function liveOf(
  frame: Frame,
  live: { readonly mark: string | undefined; readonly announce: string; readonly body: Markup },
): Markup {
  return html`<div id="live" class="live" tabindex="-1" data-poll="${live.mark === undefined ? 0 : NEWS_MS}" data-news="${frame.console('/news')}" data-announce="${live.announce}" data-mark="${live.mark}">
${live.body}
</div>`;
}

/** What proves that a form was sent from our own page. */
export function token(frame: Frame): Markup {
  return html`<input type="hidden" name="csrf" value="${frame.csrf}">`;
}

/** By whom something was decided: somebody's name, or where one without a name did. */
export function decider(frame: Frame, by: string): Markup | string {
  const via = Object.hasOwn(VIA, by) ? VIA[by] : undefined;
  return via === undefined ? foreign(by) : frame.say(via);
}

/** Says that nothing moves, since when and why, and lets a person lift it. */
export function freezeBanner(frame: Frame, frozen: Freeze | undefined): Markup | undefined {
  if (!frozen) return undefined;
  const why = frozen.reason;
  return html`<section class="freeze" aria-labelledby="frozen"><div><p id="frozen" class="title">${frame.say(WORDS.frozen)}</p>
<p>${frame.say(WORDS.frozenAdvice)}</p>
<p class="small">${frame.say(WORDS.since)} ${moment(frame, frozen.at)} · ${decider(frame, frozen.by)}${why === undefined ? '' : html` · ${frame.say(WORDS.reason)}${frame.language === 'zh' ? '：' : ': '}${foreign(why)}`}</p></div>
${frame.person && mayDo(frame.person, 'freeze') ? html`<form method="post" action="${frame.to('/unfreeze')}">${token(frame)}<button id="unfreeze" class="button plainly">${frame.say(WORDS.unfreeze)}</button></form>` : ''}</section>`;
}

/** Lets a person stop everything, if that is theirs to do. */
export function stopForm(frame: Frame): Markup | undefined {
  if (!frame.person || !mayDo(frame.person, 'freeze')) return undefined;
  return html`<section class="stop" aria-labelledby="stop"><h2 id="stop">${frame.say(WORDS.stop)}</h2><p class="soft">${frame.say(WORDS.stopAdvice)}</p>
<form method="post" action="${frame.to('/freeze')}">${token(frame)}
<div><label for="stop-reason">${frame.say(WORDS.stopReason)}</label><input id="stop-reason" name="reason" maxlength="200" autocomplete="off"></div>
<button class="button no">${frame.say(WORDS.freeze)}</button></form></section>`;
}

/** Words of somebody else, set apart from ours and labelled as such. */
export function quotation(frame: Frame, caption: Text, text: string): Markup {
  return html`<figure class="foreign"><figcaption>${frame.say(caption)} <span>${frame.say(WORDS.byAgent)}</span></figcaption><blockquote>${foreign(text)}</blockquote></figure>`;
}

export function badge(frame: Frame, phase: Phase): Markup {
  return html`<span class="badge ${phase}">${frame.say(BADGES[phase])}</span>`;
}

/** `22:58（北京时间）`, with the date where it is another day's. */
export function moment(frame: Frame, at: number): Markup {
  return html`<time class="number" datetime="${beijingIso(at)}">${brief(at, frame.now)}<small>${frame.say(WORDS.beijing)}</small></time>`;
}

/** As a person writes a time who looks at it at `now` (ms): of what date and time say, what is not plain. */
export function brief(at: number, now: number): string {
  const [date = '', time = ''] = beijingDateTime(at).split(' ');
  const today = beijingDateTime(now);
  const day = today.startsWith(date)
    ? ''
    : `${date.slice(0, 4) === today.slice(0, 4) ? date.slice(5) : date} `;
  return `${day}${time.slice(0, 5)}`;
}

/** `14:05`; the script writes the same. `say` is read out near the end. */
export function countdown(until: number, now: number, say?: string): Markup {
  const left = Math.max(0, Math.ceil((until - now) / 1000));
  const face = `${String(Math.floor(left / 60)).padStart(2, '0')}:${String(left % 60).padStart(2, '0')}`;
  return html`<b class="number" role="timer" data-left="${left}"${say === undefined ? '' : html` data-say="${say}"`}>${face}</b>`;
}
