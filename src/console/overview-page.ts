import type { Text } from '../domain/errors.ts';
import type { Frame } from '../operator/frame.ts';
import { freezeBanner, liveOf, shell, stopForm } from '../operator/layout.ts';
import { foreign, html, type Markup } from '../operator/markup.ts';
import { dateOf, dayName, takingsTable, walletName, yuan } from './cells.ts';
import { chart } from './chart.ts';
import { type OverviewView, PERIODS, type Period } from './overview.ts';
import { WORDS } from './words.ts';

const NAMES: Readonly<Record<Period, Text>> = { 1: WORDS.today, 7: WORDS.days7, 30: WORDS.days30 };

/** What came in, what went back, and what a person should look at. */
export function overviewPage(frame: Frame, view: OverviewView): Markup {
  const { period, totals, charted, byWallet, byCaller, frozen } = view;
  const total = totals.get(period);
  const isQuiet = charted.every(({ paidCount, refundedCount }) => paidCount + refundedCount === 0);
  const wallets = [...byWallet].map(([id, taken]) => ({ name: html`${walletName(frame, id)}`, taken }));
  const callers = byCaller.map(({ caller, ...taken }) => ({
    name: html`<a href="${frame.console('/orders', { caller })}">${foreign(caller)}</a>`,
    taken,
  }));
  const days = [...charted].reverse().map(({ day, ...taken }) => ({
    name: html`<a href="${frame.console('/orders', { from: dateOf(day), to: dateOf(day) })}"><time datetime="${dateOf(day)}">${dayName(day)}</time></a>`,
    taken,
  }));
  return shell(frame, {
    title: frame.say(WORDS.overview),
    room: 'overview',
    body: html`<div class="row"><h1>${frame.say(WORDS.overview)}</h1><a class="reload" href="${frame.self()}">${frame.say(WORDS.reload)}</a></div>
${liveOf(frame, {
  mark: view.mark,
  // What comes in all day would be read out all day.
  announce: `${frame.say(WORDS.waiting)} ${view.waiting}`,
  body: html`${freezeBanner(frame, frozen)}
${attention(frame, view)}
<nav aria-label="${frame.say(WORDS.periods)}"><ul class="tiles">${PERIODS.map((days) => tile(frame, view, days))}</ul></nav>
${
  isQuiet
    ? html`<div class="card empty"><p><b>${frame.say(WORDS.nothingTaken)}</b></p></div>`
    : html`<section class="card" aria-labelledby="chart"><h2 id="chart">${frame.say(WORDS.chart)}</h2>${chart(frame, charted)}</section>
<div class="pair">
<section class="card" aria-labelledby="wallets"><h2 id="wallets">${frame.say(WORDS.byWallet)}<small class="soft">${frame.say(NAMES[period])}</small></h2>${wallets.length === 0 ? nothing(frame) : takingsTable(frame, WORDS.byWallet, WORDS.wallet, wallets, total)}</section>
<section class="card" aria-labelledby="callers"><h2 id="callers">${frame.say(WORDS.byCaller)}<small class="soft">${frame.say(NAMES[period])}</small></h2>${callers.length === 0 ? nothing(frame) : takingsTable(frame, WORDS.byCaller, WORDS.caller, callers, total)}${view.moreCallers ? html`<p class="small soft">${frame.say(WORDS.mostCallers)}</p>` : ''}</section>
</div>
<section class="card" aria-labelledby="days"><div class="row"><h2 id="days">${frame.say(WORDS.byDay)}</h2><a href="${frame.console('/days.csv', { days: String(charted.length) })}">${frame.say(WORDS.exportCsv)}</a></div>${takingsTable(frame, WORDS.byDay, WORDS.day, days)}</section>`
}
<p class="small soft">${frame.say(WORDS.takingsNote)}</p>`,
})}
${frozen ? '' : stopForm(frame)}`,
  });
}

function nothing(frame: Frame): Markup {
  return html`<p class="soft">${frame.say(WORDS.nothingTaken)}</p>`;
}

function tile(frame: Frame, { totals, period }: OverviewView, days: Period): Markup {
  const { paidFen = 0, refundedFen = 0, paidCount = 0 } = totals.get(days) ?? {};
  const isHere = days === period;
  return html`<li><a class="card tile" href="${frame.console('', { days: String(days) })}"${isHere ? html` aria-current="true"` : ''}><span class="name">${frame.say(NAMES[days])}</span>
<span class="quiet">${frame.say(WORDS.collected)}</span><b class="sum">${yuan(paidFen)}</b>
<span class="small soft">${paidCount}${frame.say(WORDS.countUnit)}</span>
<span class="small"><span class="soft">${frame.say(WORDS.refunded)}</span> <span class="sum">${yuan(refundedFen)}</span></span>
<span class="small"><span class="soft">${frame.say(WORDS.net)}</span> <span class="sum">${yuan(paidFen - refundedFen)}</span></span></a></li>`;
}

/** Only what there is. */
function attention(
  frame: Frame,
  { waiting, unknown, open, differences, subscriptions }: OverviewView,
): Markup {
  const items = [
    { count: waiting, words: WORDS.waiting, to: frame.to(''), kind: 'pending' },
    {
      count: unknown,
      words: WORDS.unknown,
      to: frame.console('/orders', { state: 'UNKNOWN' }),
      kind: 'pending',
    },
    { count: differences, words: WORDS.billDiffers, to: frame.console('/bills'), kind: 'pending' },
    { count: open, words: WORDS.open, to: frame.console('/orders', { state: 'NOTPAY' }), kind: '' },
    { count: subscriptions, words: WORDS.subscriptions, to: frame.console('/subscriptions'), kind: '' },
  ].filter(({ count }) => count > 0);
  if (items.length === 0) return html``;
  return html`<section aria-labelledby="attention"><h2 id="attention" class="quiet">${frame.say(WORDS.attention)}</h2><ul class="chips">${items.map(({ count, words, to, kind }) => html`<li><a class="chip ${kind}" href="${to}">${frame.say(words)} <b>${count}</b></a></li>`)}</ul></section>`;
}
