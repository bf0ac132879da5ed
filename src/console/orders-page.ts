import { beijingDate } from '../domain/clock.ts';
import type { Text } from '../domain/errors.ts';
import { ORDER_STATES, type OrderState } from '../domain/order.ts';
import { ORDER_WORDS } from '../domain/words.ts';
import type { Frame } from '../operator/frame.ts';
import { liveOf, moment, shell } from '../operator/layout.ts';
import { foreign, html, type Markup } from '../operator/markup.ts';
import { writeCursor } from '../payments/list-payments.ts';
import type { SheetRow } from '../payments/order-sheet.ts';
import { WALLETS } from '../providers/registry.ts';
import { walletName, yuan } from './cells.ts';
import type { FoundOrders } from './find-orders.ts';
import type { OrderWish } from './wish.ts';
import { WORDS } from './words.ts';

/** Orders that match, with the way to others. */
export function ordersPage(frame: Frame, wish: OrderWish, found: FoundOrders, mark: string): Markup {
  const { after, ...query } = wish.query;
  const isFirst = after === undefined;
  return shell(frame, {
    title: frame.say(WORDS.orders),
    room: 'orders',
    body: html`<h1>${frame.say(WORDS.orders)}</h1>
${searchForm(frame, wish)}
${wish.wrong.length === 0 ? '' : html`<p class="note warn" role="alert">${frame.say(WORDS.badWish)}${wish.wrong.map((words) => frame.say(words)).join(frame.language === 'zh' ? '、' : ', ')}</p>`}
${liveOf(frame, {
  // What had to be sifted is not sifted again whenever anything happens.
  mark: wish.text === undefined ? mark : undefined,
  announce: '',
  body: html`<section aria-labelledby="found"><div class="row"><h2 id="found">${frame.say(WORDS.result)}</h2><a href="${frame.console('/orders.csv', query)}">${frame.say(WORDS.exportCsv)}</a></div>
${totalsLine(frame, found)}
${found.items.length === 0 ? nothing(frame, wish, found) : html`<ul class="orders card">${found.items.map((item) => row(frame, item))}</ul>`}
<p class="pages">${isFirst ? html`<a class="button plainly" href="${frame.self()}">${frame.say(WORDS.reload)}</a>` : html`<a class="button plainly" href="${frame.console('/orders', query)}">${frame.say(WORDS.newest)}</a>`}
${found.after === undefined ? '' : html`<a class="button plainly" rel="next" href="${frame.console('/orders', { ...query, after: writeCursor(found.after.createdAt, found.after.outTradeNo) })}">${frame.say(found.sifted === undefined ? WORDS.older : WORDS.further)} →</a>`}</p></section>`,
})}`,
  });
}

function totalsLine(frame: Frame, { totals, sifted }: FoundOrders): Markup {
  if (sifted !== undefined) {
    return html`<p class="small soft">${frame.say(WORDS.searched)} ${beijingDate(sifted)}</p>`;
  }
  if (totals === undefined) return html``;
  const { count, paidFen, refundedFen } = totals;
  return html`<p class="small soft">${frame.say(WORDS.found)} ${count}${frame.say(WORDS.ordersUnit)} · ${frame.say(WORDS.collected)} ${yuan(paidFen)} · ${frame.say(WORDS.refunded)} ${yuan(refundedFen)}</p>`;
}

function nothing(frame: Frame, { query }: OrderWish, { after }: FoundOrders): Markup {
  const words =
    after !== undefined ? WORDS.noneSoFar : Object.keys(query).length > 0 ? WORDS.none : WORDS.noneYet;
  return html`<div class="card empty"><p>${frame.say(words)}</p></div>`;
}

function row(frame: Frame, { order, refundedFen }: SheetRow): Markup {
  const { outTradeNo, title, state, amountFen, createdAt, caller, provider } = order;
  return html`<li><a id="o-${outTradeNo}" class="title" href="${frame.console(`/orders/${outTradeNo}`)}">${foreign(title)}</a>
<span class="small soft about"><span class="number">${foreign(outTradeNo)}</span> · ${walletName(frame, provider)} · ${foreign(caller)}</span>
<span class="small soft when">${moment(frame, createdAt)}</span>
<span class="how">${stateBadge(frame, state)}</span>
<span class="much"><b class="sum">${yuan(amountFen)}</b>${refundedFen === 0 ? '' : html`<span class="small back-sum">${frame.say(WORDS.refunded)} <span class="sum">${yuan(refundedFen)}</span></span>`}</span></li>`;
}

/** How an order stands, with a colour that says no more than the word. */
export function stateBadge(frame: Frame, state: OrderState): Markup {
  return html`<span class="badge is-${state.toLowerCase()}">${frame.say(ORDER_WORDS[state])}</span>`;
}

function searchForm(frame: Frame, { text = '', query }: OrderWish): Markup {
  const isNarrow = ['state', 'wallet', 'caller', 'from', 'to'].some((name) => query[name] !== undefined);
  const picked = (name: string, value: string) => (query[name] === value ? html` selected` : '');
  const select = (name: string, label: Text, any: Text, options: readonly (readonly [string, string])[]) =>
    html`<p><label for="${name}">${frame.say(label)}</label><select id="${name}" name="${name}"><option value="">${frame.say(any)}</option>${options.map(([value, word]) => html`<option value="${value}"${picked(name, value)}>${word}</option>`)}</select></p>`;
  const input = (name: string, label: Text, type: string) =>
    html`<p><label for="${name}">${frame.say(label)}</label><input id="${name}" name="${name}" type="${type}" value="${query[name] ?? ''}" maxlength="200" autocomplete="off"></p>`;
  return html`<form class="search card" method="get" action="${frame.console('/orders')}" role="search">
${frame.asked === undefined ? '' : html`<input type="hidden" name="lang" value="${frame.asked}">`}
<div class="line"><p><label for="q">${frame.say(WORDS.searchLabel)}</label><input id="q" name="q" type="search" value="${text}" maxlength="200" autocomplete="off" autocapitalize="none" spellcheck="false" aria-describedby="q-hint"></p><button class="button go">${frame.say(WORDS.search)}</button></div>
<p id="q-hint" class="small soft">${frame.say(WORDS.searchHint)}</p>
<details${isNarrow ? html` open` : ''}><summary>${frame.say(WORDS.more)}</summary><div class="fields">
${select(
  'state',
  WORDS.state,
  WORDS.anyState,
  ORDER_STATES.map((state) => [state, frame.say(ORDER_WORDS[state])]),
)}
${select(
  'wallet',
  WORDS.wallet,
  WORDS.anyWallet,
  WALLETS.map(({ id, name }) => [id, frame.say(name)]),
)}
${input('caller', WORDS.caller, 'text')}${input('from', WORDS.from, 'date')}${input('to', WORDS.to, 'date')}</div></details>
${Object.keys(query).length === 0 ? '' : html`<p><a href="${frame.console('/orders')}">${frame.say(WORDS.clear)}</a></p>`}</form>`;
}
