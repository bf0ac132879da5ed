import { beijingDateTime } from '../domain/clock.ts';
import type { Text } from '../domain/errors.ts';
import { iconOf } from './icons.ts';
import { both, foreign, html, type Markup } from './markup.ts';
import { payArea } from './pay-area.ts';
import { type Phase, payableUntil, phaseOf, pollEvery, secondsLeft, turnsIn } from './phase.ts';
import type { CashierView } from './view.ts';
import { PAYABLE_BADGE, PHASES, WALLETS, WORDS } from './words.ts';

/** The badge of a phase: also the window's title and what a screen reader announces. */
export function badgeOf(phase: Phase): Text {
  return phase === 'payable' ? PAYABLE_BADGE : PHASES[phase].badge;
}

/**
 * The part of the page that follows the order; the script swaps it as a whole. Its `data-` attributes say what the
 * script needs: what was shown, how often to ask (ms), and when the clock alone changes it (s).
 */
export async function orderSection(view: CashierView, now: number): Promise<Markup> {
  const phase = phaseOf(view, now);
  const left = secondsLeft(view, now);
  const badge = badgeOf(phase);
  const wallet = WALLETS[view.provider];
  return html`<section id="order" class="card ${phase}" tabindex="-1" aria-label="${badge.zh} ${badge.en}"
 data-state="${view.state}" data-closing="${String(view.closing)}" data-late="${String(view.late)}" data-seconds-left="${left}"
 data-poll="${pollEvery(phase)}" data-turns="${turnsIn(view, now)}">
<header><span class="glyph" aria-hidden="true">${wallet.glyph}</span><h1 class="wallet">${both(wallet.name)}</h1><p class="badge">${both(badge)}</p></header>
${phase === 'payable' ? '' : notice(phase)}
<div class="sum"><p class="item">${foreign(view.title)}</p><p class="${view.amountYuan.length > 9 ? 'amount long' : 'amount'}"><span class="yuan">¥</span>${view.amountYuan}</p></div>
${phase === 'payable' ? await payArea(view, left) : ''}
<dl>${facts(view, phase)}</dl>
${phase === 'payable' ? html`<p class="check">${both(WORDS.check)}</p>` : ''}
</section>`;
}

function notice(phase: Exclude<Phase, 'payable'>): Markup {
  const { headline, advice } = PHASES[phase];
  return html`<div class="notice">${iconOf(phase)}<h2>${both(headline)}</h2><p>${both(advice)}</p></div>`;
}

function facts(view: CashierView, phase: Phase): Markup[] {
  // Month, day and time: no order lives longer than a day.
  const until = `${beijingDateTime(payableUntil(view)).slice(5)} UTC+8`;
  return [
    html`<div><dt>${both(WORDS.order)}</dt><dd class="number">${foreign(view.outTradeNo)}</dd></div>`,
    ...(phase === 'payable' ? [html`<div><dt>${both(WORDS.until)}</dt><dd>${until}</dd></div>`] : []),
    ...(phase === 'closing' ? [html`<div><dt>${both(WORDS.stillPayable)}</dt><dd>${until}</dd></div>`] : []),
  ];
}
