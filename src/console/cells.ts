import { BEIJING_OFFSET_MS, beijingDate, DAY_MS } from '../domain/clock.ts';
import type { Text } from '../domain/errors.ts';
import { type Fen, fen, groupedYuan } from '../domain/money.ts';
import type { ProviderId } from '../domain/order.ts';
import type { Taken } from '../ledger/takings.ts';
import type { Frame } from '../operator/frame.ts';
import { html, type Markup } from '../operator/markup.ts';
import { WALLETS } from '../providers/registry.ts';
import { WORDS } from './words.ts';

/** `¥1,234.50`, with a minus in front where more went back than came in. @param amount fen */
export function yuan(amount: number): string {
  return `${amount < 0 ? '−' : ''}¥${groupedYuan(fen(Math.abs(amount)))}`;
}

/** The sum that a page is about. */
export function largeSum(amount: Fen): Markup {
  const sum = groupedYuan(amount);
  return html`<p class="amount${sum.length > LONG_SUM ? ' long' : ''}"><span>¥</span>${sum}</p>`;
}
/** Characters of a sum that a narrow page has no room for in large letters. */
const LONG_SUM = 9;

/** `11-28`, of a day counted as by `beijingDay`. */
export function dayName(day: number): string {
  return dateOf(day).slice(5);
}

/** `2026-11-28`, of a day counted as by `beijingDay`. */
export function dateOf(day: number): string {
  return beijingDate(day * DAY_MS - BEIJING_OFFSET_MS);
}

/** A wallet as people call it; one that this version does not know, by its id. */
export function walletName(frame: Frame, id: ProviderId): string {
  const wallet = WALLETS.find((one) => one.id === id);
  return wallet === undefined ? id : frame.say(wallet.name);
}

export interface TakenRow {
  readonly name: Markup;
  readonly taken: Taken;
}

/** From here on (¥10,000.00) three sums are wider than a phone. */
const LONG_FEN = 10_000_00;

/** A table of what was taken, one row each, and of several their sum. */
export function takingsTable(
  frame: Frame,
  caption: Text,
  first: Text,
  rows: readonly TakenRow[],
  total?: Taken,
): Markup {
  // On a phone a refund's column would push out of sight what is left of such sums.
  const isLong = [...rows.map(({ taken }) => taken), ...(total ? [total] : [])].some(
    ({ paidFen }) => paidFen >= LONG_FEN,
  );
  const cells = ({ paidFen, refundedFen, paidCount }: Taken) =>
    html`<td>${yuan(paidFen)}</td><td class="mid-up">${yuan(refundedFen)}</td><td>${yuan(paidFen - refundedFen)}</td><td class="wide-only">${paidCount}</td>`;
  return html`<div class="scroll" tabindex="0" role="group" aria-label="${frame.say(caption)}"><table class="sums-table${isLong ? ' long' : ''}"><caption class="quiet">${frame.say(caption)}</caption>
<thead><tr><th scope="col">${frame.say(first)}</th><th scope="col">${frame.say(WORDS.collected)}</th><th scope="col" class="mid-up">${frame.say(WORDS.refunded)}</th><th scope="col">${frame.say(WORDS.net)}</th><th scope="col" class="wide-only">${frame.say(WORDS.payments)}</th></tr></thead>
<tbody>${rows.map(({ name, taken }) => html`<tr><th scope="row">${name}</th>${cells(taken)}</tr>`)}</tbody>
${total === undefined || rows.length < 2 ? '' : html`<tfoot><tr><th scope="row">${frame.say(WORDS.total)}</th>${cells(total)}</tr></tfoot>`}</table></div>`;
}
