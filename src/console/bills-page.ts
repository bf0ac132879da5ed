import type { Text } from '../domain/errors.ts';
import { type Fen, toSignedYuan } from '../domain/money.ts';
import type { BillNote } from '../ledger/bill-notes.ts';
import type { Frame } from '../operator/frame.ts';
import { shell, token } from '../operator/layout.ts';
import { foreign, html, type Markup } from '../operator/markup.ts';
import { ORDER_STATES, REFUND_STATES } from '../operator/words.ts';
import { DIFFERENCE_WORDS } from '../payments/bill-words.ts';
import type { ComparedDay } from '../payments/compare-day.ts';
import type { DayTotals, Reconciliation } from '../payments/reconcile.ts';
import { walletName, yuan } from './cells.ts';
import { WORDS } from './words.ts';

/** How many differences are listed at most. */
const MOST_DIFFERENCES = 200;

/** The gateways' bills of a day beside the ledger. @param days undefined before anything was asked */
export function billsPage(
  frame: Frame,
  view: {
    readonly date: string;
    readonly canCompare: boolean;
    /** How the comparisons of every morning went. */
    readonly notes?: readonly BillNote[];
    readonly days?: readonly ComparedDay[];
    readonly problem?: Text;
  },
): Markup {
  const { date, canCompare, days = [], notes = [], problem } = view;
  return shell(frame, {
    title: frame.say(WORDS.bills),
    room: 'bills',
    body: html`<h1>${frame.say(WORDS.bills)}</h1>
<p class="soft">${frame.say(WORDS.billsLead)}</p>
<div class="live">${problem === undefined ? '' : html`<p class="note bad" role="alert">${frame.say(problem)}</p>`}
${notes.length === 0 ? '' : html`<section class="card" aria-labelledby="mornings"><h2 id="mornings">${frame.say(WORDS.mornings)}</h2><ul class="limits">${notes.map((note) => noteLine(frame, note))}</ul></section>`}
${canCompare ? html`<form class="search card" method="post" action="${frame.console('/bills')}">${token(frame)}<div class="line"><p><label for="date">${frame.say(WORDS.billDay)}</label><input id="date" name="date" type="date" value="${date}" required></p><button class="button go">${frame.say(WORDS.compare)}</button></div><p class="small soft">${frame.say(WORDS.compareMeans)}</p></form>` : html`<p class="note">${frame.say(WORDS.compareElsewhere)} <code translate="no">${frame.typed('mcp-cashier reconcile')}</code></p>`}</div>
<div id="live" class="live" tabindex="-1" data-poll="0" data-announce="" data-mark="">${days.map((day, i) => dayCard(frame, day, i))}</div>`,
  });
}

function noteLine(frame: Frame, { provider, done, differences, refused }: BillNote): Markup {
  const verdict =
    refused !== undefined
      ? html`<span class="badge pending">${frame.say(WORDS.notHad)}</span> <code>${foreign(refused)}</code>`
      : differences === undefined
        ? html`<span class="badge">${frame.say(WORDS.notYet)}</span>`
        : agreement(frame, differences);
  return html`<li><div class="row"><span>${walletName(frame, provider)}${done === undefined ? '' : html` <span class="number soft">${foreign(done)}</span>`}</span><span>${verdict}</span></div></li>`;
}

function agreement(frame: Frame, count: number): Markup {
  return count === 0
    ? html`<span class="badge approved">${frame.say(WORDS.agrees)}</span>`
    : html`<span class="badge denied">${frame.say(WORDS.differences)} ${count}</span>`;
}

function dayCard(frame: Frame, day: ComparedDay, i: number): Markup {
  const name = walletName(frame, day.provider);
  if ('error' in day) {
    const { text, next } = day.error;
    return html`<section class="card" aria-labelledby="day-${i}"><h2 id="day-${i}">${name}</h2><p class="note bad">${frame.say(text)} ${frame.say(next)}</p></section>`;
  }
  const { bill, ledger, differences, date } = day.result;
  const count = differences.length;
  return html`<section class="card" aria-labelledby="day-${i}"><div class="row"><h2 id="day-${i}">${name}<small class="soft">${date}</small></h2>${agreement(frame, count)}</div>
<div class="scroll" tabindex="0" role="group" aria-label="${name}"><table class="sums-table"><thead><tr><th scope="col"><span class="quiet">${frame.say(WORDS.side)}</span></th><th scope="col">${frame.say(WORDS.payments)}</th><th scope="col">${frame.say(WORDS.collected)}</th><th scope="col">${frame.say(WORDS.refundCount)}</th><th scope="col">${frame.say(WORDS.refunded)}</th></tr></thead>
<tbody>${sideRow(frame, WORDS.bill, bill)}${sideRow(frame, WORDS.ledgerSide, ledger)}</tbody></table></div>
<p class="small soft">${frame.say(WORDS.fees)} ${toSignedYuan(bill.feeFen)} ${frame.say(WORDS.yuanUnit)}</p>
${bill.payments + bill.refunds === 0 ? html`<p class="small soft">${frame.say(WORDS.noBill)}</p>` : ''}
${count === 0 ? '' : html`<ul class="given">${differences.slice(0, MOST_DIFFERENCES).map((one) => difference(frame, one))}</ul>`}
${count > MOST_DIFFERENCES ? html`<p class="small soft">${frame.say(WORDS.moreDifferences)}</p>` : ''}</section>`;
}

function sideRow(frame: Frame, name: Text, { payments, paidFen, refunds, refundedFen }: DayTotals): Markup {
  return html`<tr><th scope="row">${frame.say(name)}</th><td>${payments}</td><td>${yuan(paidFen)}</td><td>${refunds}</td><td>${yuan(refundedFen)}</td></tr>`;
}

function difference(frame: Frame, one: Reconciliation['differences'][number]): Markup {
  const { kind, outTradeNo, outRefundNo, order, refund, line, mayFollow } = one;
  const words = DIFFERENCE_WORDS[kind];
  const number =
    order === undefined
      ? html`<span class="number">${foreign(outTradeNo || (line?.gatewayTradeNo ?? ''))}</span>`
      : html`<a class="number" href="${frame.console(`/orders/${outTradeNo}`)}">${foreign(outTradeNo)}</a>`;
  const here = refund
    ? side(refund.amountFen, frame.say(REFUND_STATES[refund.state]))
    : order
      ? side(order.amountFen, frame.say(ORDER_STATES[order.state]))
      : html`—`;
  const there = line
    ? html`${side(line.amountFen, undefined)} <code>${foreign(line.gatewayState)}</code>`
    : html`—`;
  return html`<li><div class="row"><b>${frame.language === 'zh' ? words.name : words.en}</b>${mayFollow ? html`<span class="badge pending">${frame.say(WORDS.mayFollow)}</span>` : ''}</div>
<p class="small">${number}${outRefundNo === undefined ? '' : html` · <span class="number">${foreign(outRefundNo)}</span>`}</p>
<p class="small"><span class="soft">${frame.say(WORDS.ledgerSide)}</span> ${here} · <span class="soft">${frame.say(WORDS.bill)}</span> ${there}</p>
${frame.language === 'zh' ? html`<p class="small soft">${words.zh}。</p>` : ''}</li>`;
}

function side(amount: Fen, state: string | undefined): Markup {
  return html`<span class="sum">${yuan(amount)}</span>${state === undefined ? '' : html` ${state}`}`;
}
