import { groupedYuan } from '../domain/money.ts';
import { BY_PERSON, type RefundRecord } from '../ledger/records.ts';
import { fact, sumsCard } from '../operator/facts.ts';
import type { Frame } from '../operator/frame.ts';
import { badge, freezeBanner, liveOf, moment, quotation, shell } from '../operator/layout.ts';
import { foreign, html, type Markup } from '../operator/markup.ts';
import { story } from '../operator/story.ts';
import { WORDS as OPERATOR_WORDS, ORDER_STATES, REFUND_STATES, SCENE_WORDS } from '../operator/words.ts';
import { largeSum, walletName, yuan } from './cells.ts';
import { type AskedView, canBeClosed, type OrderView } from './order-view.ts';
import { stateBadge } from './orders-page.ts';
import { WORDS } from './words.ts';

/** One order, what has happened to it, and what a person may do with it. */
export function orderPage(
  frame: Frame,
  view: OrderView,
  /** `elsewhere`: at a console of a process that can. */
  may: { readonly refund: boolean; readonly close: boolean | 'elsewhere' },
  refundNo: string,
): Markup {
  const { order, refunds, sums, asked, frozen } = view;
  const isPaid = order.state === 'PAID';
  const offers = asked.filter(({ approval }) => approval.kind === 'payment');
  return shell(frame, {
    title: `${frame.say(WORDS.order)} ¥${groupedYuan(order.amountFen)}`,
    room: 'orders',
    body: html`<p class="back"><a href="${frame.console('/orders')}">← ${frame.say(WORDS.orders)}</a></p>
<div class="two"><div>
${liveOf(frame, {
  mark: view.mark,
  announce: frame.say(ORDER_STATES[order.state]),
  body: html`${freezeBanner(frame, frozen)}
<section class="card" aria-labelledby="what"><div class="row"><h1 id="what">${frame.say(WORDS.order)}</h1>${stateBadge(frame, order.state)}</div>
${largeSum(order.amountFen)}
${quotation(frame, OPERATOR_WORDS.titleCaption, order.title)}
<dl>${facts(frame, view)}</dl></section>
${isPaid ? sumsCard(frame, sums, false) : ''}
${isPaid || refunds.length > 0 ? refundList(frame, view) : ''}
${offers.length === 0 ? '' : html`<section class="card" aria-labelledby="asked"><h2 id="asked">${frame.say(WORDS.approvals)}</h2><ul class="given">${offers.map((one) => html`<li>${askedLine(frame, one)}</li>`)}</ul></section>`}
<section class="card" aria-labelledby="history"><h2 id="history">${frame.say(OPERATOR_WORDS.history)}<small class="soft">${frame.say(OPERATOR_WORDS.beijing)}</small></h2>${story(frame, view.events)}</section>`,
})}</div>
<div>${may.refund && isPaid && sums.leftFen > 0 ? refundForm(frame, view, refundNo) : ''}
${may.close && canBeClosed(order) ? closeCard(frame, view, may.close === true) : ''}</div></div>`,
  });
}

function facts(frame: Frame, { order, elsewhere }: OrderView): Markup[] {
  const { outTradeNo, provider, scene, state, caller, client } = order;
  const number = (text: string) => html`<span class="number">${foreign(text)}</span>`;
  const when = (name: (typeof WORDS)[keyof typeof WORDS], at: number | undefined) =>
    at === undefined ? [] : [fact(frame, name, moment(frame, at))];
  const notes = [order.late ? WORDS.late : undefined, order.closing ? WORDS.closing : undefined]
    .filter((words) => words !== undefined)
    .map((words) => html` <span class="soft">· ${frame.say(words)}</span>`);
  return [
    fact(frame, OPERATOR_WORDS.order, number(outTradeNo)),
    fact(frame, OPERATOR_WORDS.orderState, html`${frame.say(ORDER_STATES[state])}${notes}`),
    fact(frame, OPERATOR_WORDS.wallet, `${walletName(frame, provider)} · ${frame.say(SCENE_WORDS[scene])}`),
    ...(order.gatewayTradeNo === undefined
      ? []
      : [fact(frame, WORDS.gatewayNo, number(order.gatewayTradeNo))]),
    ...(order.gatewayState === undefined
      ? []
      : [fact(frame, WORDS.gatewayState, html`<code>${foreign(order.gatewayState)}</code>`)]),
    fact(
      frame,
      OPERATOR_WORDS.caller,
      html`<a href="${frame.console('/orders', { caller })}">${foreign(caller)}</a>`,
    ),
    ...(client === undefined
      ? []
      : [
          fact(
            frame,
            OPERATOR_WORDS.program,
            html`${frame.say(OPERATOR_WORDS.says)} <q>${foreign(client)}</q> <span class="soft">${frame.say(OPERATOR_WORDS.notChecked)}</span>`,
          ),
        ]),
    ...when(WORDS.created, order.createdAt),
    ...when(WORDS.paidAt, order.paidAt),
    ...(state === 'PAID' ? [] : when(WORDS.expires, order.expiresAt)),
    ...(elsewhere === undefined
      ? []
      : [
          fact(
            frame,
            WORDS.elsewhere,
            elsewhere === 'unknown' ? frame.say(WORDS.someElsewhere) : yuan(elsewhere),
          ),
        ]),
  ];
}

function refundList(frame: Frame, { refunds, asked }: OrderView): Markup {
  return html`<section class="card" aria-labelledby="refunds"><h2 id="refunds">${frame.say(WORDS.refunds)}</h2>
${
  refunds.length === 0
    ? html`<p class="soft">${frame.say(WORDS.noRefunds)}</p>`
    : html`<ul class="given">${[...refunds].reverse().map((refund) =>
        given(
          frame,
          refund,
          asked.find(({ approval }) => approval.outRefundNo === refund.outRefundNo),
        ),
      )}</ul>`
}</section>`;
}

function given(frame: Frame, refund: RefundRecord, asked: AskedView | undefined): Markup {
  const { outRefundNo, amountFen, state, reason, caller, createdAt } = refund;
  // What a person has set going is told by what came of it; what was never asked about, by its state.
  const told = asked?.outcome;
  return html`<li><div class="row"><b class="sum">${yuan(amountFen)}</b>${asked && state === 'PENDING_APPROVAL' ? badge(frame, asked.phase) : told ? '' : html`<span class="small">${frame.say(REFUND_STATES[state])}</span>`}</div>
${told === undefined ? '' : html`<p>${frame.say(told.headline)}${frame.language === 'zh' ? '。' : '. '}<span class="soft">${frame.say(told.next)}</span>${told.code === undefined ? '' : html` <code>${foreign(told.code)}</code>`}</p>`}
${reason === undefined ? '' : html`<p class="said">${foreign(reason)}</p>`}
<p class="small soft"><span class="number">${foreign(outRefundNo)}</span> · ${foreign(caller)} · ${moment(frame, createdAt)}</p>
${asked ? askedLine(frame, asked, state !== 'PENDING_APPROVAL') : ''}</li>`;
}

/** The way to what a person was asked; a refund of their own accord asked nobody. */
function askedLine(frame: Frame, { approval, phase }: AskedView, isPhaseSaid = true): Markup {
  if (approval.rule === BY_PERSON) return html``;
  return html`<p><a id="a-${approval.id}" href="${frame.to(`/${approval.id}`)}">${frame.say(OPERATOR_WORDS.look)}<span class="quiet"> ${yuan(approval.amountFen)}</span></a>${isPhaseSaid ? html` ${badge(frame, phase)}` : ''}</p>`;
}

/** A GET: what it leads to asks once more, with the sum. */
function refundForm(frame: Frame, { order, sums }: OrderView, refundNo: string): Markup {
  const to = frame.console(`/orders/${order.outTradeNo}/refund`);
  return html`<section class="card" aria-labelledby="refund"><h2 id="refund">${frame.say(WORDS.refundTitle)}</h2>
<form class="stack" method="get" action="${to}">${frame.asked === undefined ? '' : html`<input type="hidden" name="lang" value="${frame.asked}">`}<input type="hidden" name="number" value="${refundNo}">
<label for="yuan">${frame.say(WORDS.refundYuan)}</label><input id="yuan" name="yuan" inputmode="decimal" autocomplete="off" required maxlength="12" aria-describedby="left"><p id="left" class="small soft">${frame.say(OPERATOR_WORDS.leftSum)} ${yuan(sums.leftFen)}</p>
<label for="reason">${frame.say(WORDS.refundReason)}</label><input id="reason" name="reason" maxlength="80" autocomplete="off">
<button class="button plainly">${frame.say(WORDS.refundNext)}</button></form></section>`;
}

function closeCard(frame: Frame, { order }: OrderView, canClose: boolean): Markup {
  return html`<section class="card" aria-labelledby="close"><h2 id="close">${frame.say(WORDS.closeTitle)}</h2>
${canClose ? html`<p class="soft">${frame.say(WORDS.closeMeans)}</p><p><a class="button plainly" href="${frame.console(`/orders/${order.outTradeNo}/close`)}">${frame.say(WORDS.closeTitle)}…</a></p>` : html`<p class="soft">${frame.say(WORDS.closeElsewhere)}</p>`}</section>`;
}
