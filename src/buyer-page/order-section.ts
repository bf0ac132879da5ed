import type { Text } from '../domain/errors.ts';
import { fen, fenFromYuan, toYuan } from '../domain/money.ts';
import { walletOf } from '../providers/registry.ts';
import { clockFace, deadline, grouped, moment, money } from './figures.ts';
import { iconOf } from './icons.ts';
import { foreign, html, type Markup } from './markup.ts';
import { type HandOff, payArea } from './pay-area.ts';
import {
  isPayable,
  mayAskAgain,
  type Phase,
  payableUntil,
  phaseOf,
  pollEvery,
  refundedOf,
  secondsLeft,
  turnsIn,
} from './phase.ts';
import { PAYABLE_BADGE, PHASES } from './phase-words.ts';
import { type Reader, say } from './reader.ts';
import type { BuyerView, ReceiptView } from './view.ts';
import { WORDS } from './words.ts';

/** The badge of a phase: also the window's title and what a screen reader announces. */
export function badgeOf(phase: Phase): Text {
  return phase === 'payable' ? PAYABLE_BADGE : PHASES[phase].badge;
}

/**
 * The part of the page that follows the order; the script swaps it as a whole. Its `data-` attributes say what the
 * script needs: what was shown, how often to ask (ms), and when the clock alone changes it (s).
 */
export async function orderSection(
  view: BuyerView,
  now: number,
  reader: Reader,
  token: string,
  handOff: HandOff,
): Promise<Markup> {
  const phase = phaseOf(view, now, reader.returned);
  const payable = isPayable(view, now);
  const again = mayAskAgain(view, now);
  const badge = say(badgeOf(phase), reader);
  const { name, page } = walletOf(view.provider);
  const payee = view.merchantName ? foreign(view.merchantName) : say(name, reader);
  return html`<section id="order" class="card ${phase}" tabindex="-1" aria-label="${badge}"
 data-state="${view.state}" data-closing="${String(view.closing)}" data-late="${String(view.late)}" data-refunded="${refundedOf(view)}" data-seconds-left="${secondsLeft(view, now)}"
 data-poll="${pollEvery(phase)}" data-turns="${turnsIn(view, now)}">
<header><span class="glyph" aria-hidden="true">${page.glyph}</span><h1><span class="payee">${payee}</span>${view.merchantName ? html`<span class="wallet">${say(name, reader)}</span>` : ''}</h1><p class="badge">${badge}</p></header>
<div class="${payable ? 'body offers' : 'body'}">
<div class="about">
${phase === 'payable' ? '' : notice(phase, reader, again ? WORDS.prepareAgain : undefined)}
${sumOf(view)}
${payable ? countdown(secondsLeft(view, now), reader) : ''}
<dl>${facts(view, phase, now, reader)}</dl>
${view.receipts ? receiptLinks(view.receipts, reader, token) : ''}
${payable ? html`<p class="check">${say(view.merchantName ? WORDS.check : WORDS.checkUnnamed, reader)}</p>` : ''}
</div>
${payable ? await payArea(view, reader, handOff) : ''}
${again ? html`<form class="pay" method="post" action="${token}/choice"><button class="button" name="wallet" value="${view.provider}">${say(WORDS.retry, reader)}</button></form>` : ''}
</div>
</section>`;
}

function notice(phase: Exclude<Phase, 'payable'>, reader: Reader, instead?: Text): Markup {
  const { headline, advice: usual } = PHASES[phase];
  const advice = instead ?? usual;
  return html`<div class="notice">${iconOf(phase)}<h2>${say(headline, reader)}</h2>${advice ? html`<p>${say(advice, reader)}</p>` : ''}</div>`;
}

/** What proves the payment, and each refund, to others: a file each. */
function receiptLinks(receipts: readonly ReceiptView[], reader: Reader, token: string): Markup {
  const links = receipts.map(({ outRefundNo, amountYuan }) =>
    outRefundNo === undefined
      ? html`<a href="${token}/receipt">${say(WORDS.receipt, reader)}</a>`
      : html`<a href="${token}/receipt/${encodeURIComponent(outRefundNo)}">${say(WORDS.refundReceipt, reader)} ${money(amountYuan)}</a>`,
  );
  return html`<div class="receipts">${links}<p>${say(WORDS.receiptNote, reader)}</p></div>`;
}

/** What is to be paid, and for what. */
export function sumOf({ amountYuan, title }: Pick<BuyerView, 'amountYuan' | 'title'>): Markup {
  return html`<div class="sum"><p class="${amountClass(amountYuan)}"><span class="yuan">¥</span>${grouped(amountYuan)}</p><p class="item">${foreign(title)}</p></div>`;
}

/** Smaller figures for sums that would not fit into one line of a small phone. */
function amountClass({ length }: string): string {
  return length > 10 ? 'amount longer' : length > 7 ? 'amount long' : 'amount';
}

export function countdown(seconds: number, reader: Reader): Markup {
  return html`<p class="left" data-left><span>${say(WORDS.left, reader)}</span> <b role="timer" data-countdown>${clockFace(seconds)}</b></p>
<p class="over" data-over hidden>${say(WORDS.over, reader)}</p>`;
}

function facts(view: BuyerView, phase: Phase, now: number, reader: Reader): Markup[] {
  const until = deadline(payableUntil(view), now, reader);
  const rows: [Text, string | undefined][] = [
    [WORDS.until, isPayable(view, now) ? until : undefined],
    [WORDS.stillPayable, phase === 'closing' ? until : undefined],
    [WORDS.refunded, view.state === 'PAID' ? refundedSum(view) : undefined],
    [WORDS.paidAt, view.paidAt === undefined ? undefined : moment(view.paidAt, reader)],
  ];
  const numbers: [Text, string | undefined][] = [
    [WORDS.order, view.outTradeNo],
    [walletOf(view.provider).page.tradeNo, view.state === 'PAID' ? view.gatewayTradeNo : undefined],
  ];
  return [
    ...shown(rows).map(([name, value]) => html`<div><dt>${say(name, reader)}</dt><dd>${value}</dd></div>`),
    ...shown(numbers).map(
      ([name, value]) =>
        html`<div class="number"><dt>${say(name, reader)}</dt><dd>${foreign(value)}</dd></div>`,
    ),
  ];
}

function shown(rows: readonly [Text, string | undefined][]): [Text, string][] {
  return rows.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as [Text, string]]));
}

/** What has gone back in all; undefined where nothing has, or nobody knows how much. */
function refundedSum(view: BuyerView): string | undefined {
  const ours = fenFromYuan(view.refundedYuan ?? '0');
  const elsewhere = fenFromYuan(view.refundedElsewhereYuan ?? '0');
  if (ours === undefined || elsewhere === undefined || ours + elsewhere === 0) return undefined;
  return money(toYuan(fen(ours + elsewhere)));
}
