import { SUBSCRIPTION_WORDS } from '../domain/words.ts';
import { SUBSCRIPTION_STATES } from '../ledger/subscription-machine.ts';
import type { PeriodRecord, SubscriptionRecord } from '../ledger/subscription-records.ts';
import { fact } from '../operator/facts.ts';
import type { Frame } from '../operator/frame.ts';
import { freezeBanner, liveOf, moment, quotation, shell, token } from '../operator/layout.ts';
import { foreign, html, type Markup } from '../operator/markup.ts';
import { story } from '../operator/story.ts';
import { WORDS as OPERATOR_WORDS } from '../operator/words.ts';
import {
  nextChargeAt,
  type PeriodWithOrder,
  type SubscriptionWithLast,
} from '../payments/agreements/results.ts';
import { writeCursor } from '../payments/list-payments.ts';
import { largeSum, walletName, yuan } from './cells.ts';
import { stateBadge } from './orders-page.ts';
import { ENDED_WORDS, MODE_WORDS, OUTCOME_WORDS, periodWords } from './subscription-words.ts';
import type { FoundSubscriptions, SubscriptionShown } from './subscriptions-view.ts';
import { WORDS } from './words.ts';

/** Subscriptions, the newest first. */
export function subscriptionsPage(frame: Frame, { items, after, state, mark }: FoundSubscriptions): Markup {
  const query = state === undefined ? {} : { state };
  const chip = (words: Markup, to: string, isHere: boolean) =>
    html`<li><a class="chip" href="${to}"${isHere ? html` aria-current="true"` : ''}>${words}</a></li>`;
  return shell(frame, {
    title: frame.say(WORDS.subscriptions),
    room: 'overview',
    body: html`<h1>${frame.say(WORDS.subscriptions)}</h1>
<nav aria-label="${frame.say(WORDS.state)}"><ul class="chips">${chip(html`${frame.say(WORDS.anyState)}`, frame.console('/subscriptions'), state === undefined)}
${SUBSCRIPTION_STATES.map((one) => chip(html`${frame.say(SUBSCRIPTION_WORDS[one])}`, frame.console('/subscriptions', { state: one }), one === state))}</ul></nav>
${liveOf(frame, {
  mark,
  announce: '',
  body: html`${items.length === 0 ? html`<div class="card empty"><p>${frame.say(WORDS.noSubscriptions)}</p></div>` : html`<ul class="orders card">${items.map((item) => row(frame, item))}</ul>`}
${after === undefined ? '' : html`<p class="pages"><a class="button plainly" rel="next" href="${frame.console('/subscriptions', { ...query, after: writeCursor(after.createdAt, after.contractNo) })}">${frame.say(WORDS.olderSubscriptions)} →</a></p>`}`,
})}`,
  });
}

function row(frame: Frame, { subscription, last }: SubscriptionWithLast): Markup {
  const { contractNo, title, amountFen, caller, provider, mode } = subscription;
  const next = nextChargeAt({ subscription, last });
  return html`<li><a id="s-${contractNo}" class="title" href="${frame.console(`/subscriptions/${contractNo}`)}">${foreign(title)}</a>
<span class="small soft about"><span class="number">${foreign(contractNo)}</span> · ${walletName(frame, provider)} · ${frame.say(MODE_WORDS[mode])} · ${foreign(caller)}</span>
<span class="small soft when">${next === undefined ? '' : html`${frame.say(WORDS.nextCharge)} ${moment(frame, next)}`}</span>
<span class="how">${badgeOf(frame, subscription)}</span>
<span class="much"><b class="sum">${yuan(amountFen)}</b><span class="small soft">${paidOf(frame, subscription)}</span></span></li>`;
}

/** One of them: its periods, what has happened to it, and its end. */
export function subscriptionPage(frame: Frame, view: SubscriptionShown, mayCancel: boolean): Markup {
  const { subscription, periods, events, frozen, mark } = view;
  const { contractNo, title, state, amountFen, endingAt } = subscription;
  return shell(frame, {
    title: `${frame.say(WORDS.subscription)} ${yuan(amountFen)}`,
    room: 'overview',
    body: html`<p class="back"><a href="${frame.console('/subscriptions')}">← ${frame.say(WORDS.subscriptions)}</a></p>
<div class="two"><div>
${liveOf(frame, {
  mark,
  announce: frame.say(SUBSCRIPTION_WORDS[state]),
  body: html`${freezeBanner(frame, frozen)}
<section class="card" aria-labelledby="what"><div class="row"><h1 id="what">${frame.say(WORDS.subscription)}</h1>${badgeOf(frame, subscription)}</div>
${largeSum(amountFen)}
${quotation(frame, OPERATOR_WORDS.titleCaption, title)}
<dl>${facts(frame, view)}</dl></section>
<section class="card" aria-labelledby="periods"><h2 id="periods">${frame.say(WORDS.periodsOf)}</h2>${
    periods.length === 0
      ? html`<p class="soft">${frame.say(WORDS.noPeriods)}</p>`
      : html`<ul class="given">${[...periods].reverse().map((one) => periodLine(frame, one))}</ul>`
  }</section>
<section class="card" aria-labelledby="history"><h2 id="history">${frame.say(WORDS.historyOf)}<small class="soft">${frame.say(OPERATOR_WORDS.beijing)}</small></h2>${story(frame, events)}</section>`,
})}</div>
<div>${mayCancel && endingAt === undefined && state !== 'ENDED' ? html`<section class="card" aria-labelledby="cancel"><h2 id="cancel">${frame.say(WORDS.cancelTitle)}</h2><p class="soft">${frame.say(WORDS.cancelMeans)}</p><p><a class="button plainly" href="${frame.console(`/subscriptions/${contractNo}/cancel`)}">${frame.say(WORDS.cancelTitle)}…</a></p></section>` : ''}</div></div>`,
  });
}

function facts(frame: Frame, { subscription, last }: SubscriptionShown): Markup[] {
  const { contractNo, provider, mode, period, caller, createdAt, signedAt, endedAt, reason } = subscription;
  const { firstFen, agreementNo } = subscription;
  const next = nextChargeAt({ subscription, last });
  const number = (text: string) => html`<span class="number">${foreign(text)}</span>`;
  const when = (name: (typeof WORDS)[keyof typeof WORDS], at: number | undefined) =>
    at === undefined ? [] : [fact(frame, name, moment(frame, at))];
  return [
    fact(frame, WORDS.contract, number(contractNo)),
    fact(frame, OPERATOR_WORDS.wallet, `${walletName(frame, provider)} · ${frame.say(MODE_WORDS[mode])}`),
    fact(frame, WORDS.periodLength, frame.say(periodWords(period))),
    ...(firstFen === undefined ? [] : [fact(frame, WORDS.firstSum, yuan(firstFen))]),
    fact(frame, WORDS.periodsPaid, paidOf(frame, subscription)),
    ...when(WORDS.nextCharge, next),
    fact(frame, OPERATOR_WORDS.caller, html`${foreign(caller)}`),
    ...(agreementNo === undefined ? [] : [fact(frame, WORDS.gatewayNo, number(agreementNo))]),
    ...when(WORDS.madeAt, createdAt),
    ...when(WORDS.signedAt, signedAt),
    ...when(WORDS.endedAt, endedAt),
    ...(reason === undefined ? [] : [fact(frame, WORDS.endedWhy, frame.say(ENDED_WORDS[reason]))]),
  ];
}

function periodLine(frame: Frame, { period, order }: PeriodWithOrder): Markup {
  const { outTradeNo, amountFen } = period;
  return html`<li><div class="row"><b class="sum">${yuan(amountFen)}</b>${order ? stateBadge(frame, order.state) : ''}</div>
<p class="small soft">${frame.say(WORDS.periodNo)} ${period.period} · ${moment(frame, period.dueAt)}${outcomeOf(frame, period)}</p>
${order ? html`<p><a id="p-${outTradeNo}" class="number" href="${frame.console(`/orders/${outTradeNo}`)}">${foreign(outTradeNo)}</a></p>` : ''}</li>`;
}

function outcomeOf(frame: Frame, { outcome, code }: PeriodRecord): Markup {
  if (outcome === 'missed') return html` · ${frame.say(OUTCOME_WORDS.missed)}`;
  return outcome === undefined && code !== undefined ? html` · <code>${foreign(code)}</code>` : html``;
}

/** What a person is about to do, once more; only the form of it does it. */
export function cancelPage(frame: Frame, { subscription }: Pick<SubscriptionShown, 'subscription'>): Markup {
  const { contractNo, title, amountFen } = subscription;
  const here = `/subscriptions/${contractNo}`;
  return shell(frame, {
    title: frame.say(WORDS.cancelAsk),
    room: 'overview',
    body: html`<section class="card narrow" aria-labelledby="ask"><h1 id="ask">${frame.say(WORDS.cancelAsk)}</h1>
<p class="small soft"><span class="number">${foreign(contractNo)}</span></p>
${largeSum(amountFen)}${quotation(frame, OPERATOR_WORDS.titleCaption, title)}
<form class="stack" method="post" action="${frame.console(`${here}/cancel`)}">${token(frame)}
<p class="note warn">${frame.say(WORDS.cancelMeans)}</p><button class="button go wide">${frame.say(WORDS.cancelNow)}</button></form>
<p><a class="button plainly wide" href="${frame.console(here)}">${frame.say(WORDS.toSubscription)}</a></p></section>`,
  });
}

/** With a colour that says no more than the word. */
function badgeOf(frame: Frame, { state }: SubscriptionRecord): Markup {
  return html`<span class="badge ${COLOURS[state]}">${frame.say(SUBSCRIPTION_WORDS[state])}</span>`;
}

const COLOURS = {
  ...{ PENDING_SIGN: 'is-notpay', ACTIVE: 'is-paid', PAUSED: 'is-pending_approval' },
  ...{ ENDED: 'is-closed', UNKNOWN: 'is-unknown' },
} as const;

function paidOf(frame: Frame, { charged, times }: SubscriptionRecord): string {
  return `${charged}${times === undefined ? '' : `/${times}`}${frame.say(WORDS.periodsUnit)}`;
}
