import { groupedYuan } from '../domain/money.ts';
import type { Frame } from './frame.ts';
import { badge, countdown, freezeBanner, moment, shell, stopForm } from './layout.ts';
import { foreign, html, type Markup } from './markup.ts';
import type { Item, ListView } from './view.ts';
import { WORDS } from './words.ts';

/** How often (ms) an open list asks anew, and without a script (s). */
const POLL_MS = 4_000;
const REFRESH_SECONDS = 15;

/** What waits for a person, what was decided lately, and the emergency stop. */
export function listPage(frame: Frame, view: ListView): Markup {
  const count = view.open.length;
  const spoken = `${count} ${frame.say(WORDS.waitingCount)}`;
  const mark = [...view.open, ...view.recent].map(({ approval, phase }) => `${approval.id}${phase}`).join();
  return shell(frame, {
    title: count > 0 ? `(${count}) ${frame.say(WORDS.list)}` : frame.say(WORDS.list),
    refresh: REFRESH_SECONDS,
    room: 'approvals',
    body: html`<h1>${frame.say(WORDS.list)}</h1>
<div id="live" class="live" tabindex="-1" data-poll="${POLL_MS}" data-announce="${spoken}" data-mark="${mark} ${view.frozen?.at}">
${freezeBanner(frame, view.frozen)}
<section aria-labelledby="waiting"><h2 id="waiting">${frame.say(WORDS.waiting)} <span class="count">${count}</span></h2>
${count > 0 ? html`<ul class="items">${view.open.map((item) => openItem(frame, item))}</ul>` : nothing(frame)}</section>
${view.recent.length === 0 ? '' : html`<section aria-labelledby="recent"><h2 id="recent">${frame.say(WORDS.recent)}</h2><ul class="items past">${view.recent.map((item) => pastItem(frame, item))}</ul></section>`}
</div>
${view.frozen ? '' : stopForm(frame)}`,
  });
}

function nothing(frame: Frame): Markup {
  return html`<div class="card empty"><p><b>${frame.say(WORDS.nothingWaiting)}</b></p><p class="soft">${frame.say(WORDS.nothingWaitingAdvice)}</p></div>`;
}

function openItem(frame: Frame, item: Item): Markup {
  const { approval } = item;
  return html`<li class="card item"><div class="row"><h3><span class="kind ${approval.kind}">${frame.say(WORDS[approval.kind])}</span> <span class="sum">¥${groupedYuan(approval.amountFen)}</span></h3>
<p class="time"><span class="small soft">${frame.say(WORDS.left)}</span> ${countdown(approval.expiresAt, frame.now)}</p></div>
${said(item)}
<div class="row">${about(frame, item)}
<a id="a-${approval.id}" class="button go" href="${frame.to(`/${approval.id}`)}">${frame.say(WORDS.look)}<span class="quiet"> ${frame.say(WORDS[approval.kind])} ¥${groupedYuan(approval.amountFen)}</span></a></div></li>`;
}

function pastItem(frame: Frame, item: Item): Markup {
  const { approval, phase } = item;
  return html`<li class="card item"><div class="row"><h3><a id="a-${approval.id}" href="${frame.to(`/${approval.id}`)}">${frame.say(WORDS[approval.kind])} <span class="sum">¥${groupedYuan(approval.amountFen)}</span></a></h3>${badge(frame, phase)}</div>
${said(item)}${about(frame, item)}<p class="small soft">${moment(frame, approval.decidedAt ?? approval.expiresAt)}</p></li>`;
}

function said({ title }: Item): Markup | undefined {
  return title === undefined ? undefined : html`<p class="said">${foreign(title)}</p>`;
}

function about(frame: Frame, { approval }: Item): Markup {
  return html`<p class="small soft">${frame.say(WORDS.caller)} ${foreign(approval.caller)} · <span class="number">${foreign(approval.outTradeNo)}</span></p>`;
}
