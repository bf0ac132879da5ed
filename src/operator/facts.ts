import type { Text } from '../domain/errors.ts';
import { type Fen, groupedYuan } from '../domain/money.ts';
import type { Frame } from './frame.ts';
import { html, type Markup } from './markup.ts';
import type { Sums } from './view.ts';
import { WORDS } from './words.ts';

/** One line of a list of facts. */
export function fact(frame: Frame, name: Text, value: Markup | string): Markup {
  return html`<div><dt>${frame.say(name)}</dt><dd>${value}</dd></div>`;
}

/** What an order has brought and given back. @param asks whether it is said what a refund that is asked for leaves */
export function sumsCard(frame: Frame, sums: Sums, asks: boolean): Markup {
  const yuan = (amount: Fen) => html`<span class="number">¥${groupedYuan(amount)}</span>`;
  const { paidFen, refundedFen, heldFen, leftFen, afterFen } = sums;
  return html`<section class="card" aria-labelledby="sums"><h2 id="sums">${frame.say(WORDS.sums)}</h2><dl class="sums">
${fact(frame, WORDS.paidSum, paidFen === undefined ? frame.say(WORDS.notPaid) : yuan(paidFen))}
${fact(frame, WORDS.refundedSum, yuan(refundedFen))}
${heldFen === 0 ? '' : fact(frame, WORDS.heldSum, yuan(heldFen))}
<div class="total"><dt>${frame.say(WORDS.leftSum)}</dt><dd>${yuan(leftFen)}</dd></div>
${asks && afterFen !== undefined ? fact(frame, WORDS.afterSum, yuan(afterFen)) : ''}</dl>
${asks && afterFen === undefined ? html`<p class="note bad">${frame.say(WORDS.tooMuch)}</p>` : ''}</section>`;
}
