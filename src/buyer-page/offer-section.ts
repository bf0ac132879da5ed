import type { ProviderId } from '../domain/order.ts';
import { walletOf } from '../providers/registry.ts';
import { iconOf } from './icons.ts';
import { foreign, html, type Markup } from './markup.ts';
import { countdown, sumOf } from './order-section.ts';
import { PAYABLE_BADGE, PHASES } from './phase-words.ts';
import { type Reader, say } from './reader.ts';
import { filled, WALLET_WORDS, WORDS } from './words.ts';

/** A payment of which the buyer is yet to choose the wallet, as far as the page may show it. Instants in ms. */
export interface OfferView {
  readonly amountYuan: string;
  readonly title: string;
  readonly outTradeNo: string;
  readonly merchantName?: string;
  readonly expiresAt: number;
  readonly closed: boolean;
  readonly simulated: boolean;
  readonly trial?: boolean;
  /** What there is to choose from. */
  readonly wallets: readonly ProviderId[];
}

/** What the page's script tells it from any order by. */
export function offerState({ closed, expiresAt }: OfferView, now: number): 'CHOICE' | 'CLOSED' {
  return closed || now >= expiresAt ? 'CLOSED' : 'CHOICE';
}

/** Whole seconds in which the buyer can still choose. */
export function secondsToChoose(view: OfferView, now: number): number {
  return offerState(view, now) === 'CHOICE' ? Math.ceil((view.expiresAt - now) / 1000) : 0;
}

/** As the section of an order, which takes its place once the buyer has chosen. @param token of the page */
export function offerSection(view: OfferView, now: number, reader: Reader, token: string): Markup {
  const state = offerState(view, now);
  const open = state === 'CHOICE';
  const left = secondsToChoose(view, now);
  const over = view.closed ? PHASES.closed : PHASES.expired;
  const badge = say(open ? PAYABLE_BADGE : over.badge, reader);
  return html`<section id="order" class="card ${open ? 'payable' : 'closed'}" tabindex="-1" aria-label="${badge}"
 data-state="${state}" data-closing="false" data-late="false" data-refunded="none" data-seconds-left="${left}"
 data-poll="${open ? 1_000 : 0}" data-turns="${open ? left : undefined}">
<header><span class="glyph" aria-hidden="true">¥</span><h1><span class="payee">${view.merchantName ? foreign(view.merchantName) : say(WORDS.choose, reader)}</span></h1><p class="badge">${badge}</p></header>
<div class="${open ? 'body offers' : 'body'}">
<div class="about">
${open ? '' : html`<div class="notice">${iconOf('closed')}<h2>${say(over.headline, reader)}</h2><p>${say(WORDS.askAnew, reader)}</p></div>`}
${sumOf(view)}
${open ? countdown(left, reader) : ''}
<dl><div class="number"><dt>${say(WORDS.order, reader)}</dt><dd>${foreign(view.outTradeNo)}</dd></div></dl>
${open ? html`<p class="check">${say(view.merchantName ? WORDS.check : WORDS.checkUnnamed, reader)}</p>` : ''}
</div>
${open ? html`<div class="pay" data-pay><h2 class="choose">${say(WORDS.choose, reader)}</h2><form method="post" action="${token}/choice">${ownFirst(view.wallets, reader).map((id) => button(id, reader))}</form><p class="hint">${say(WORDS.chosenStands, reader)}</p></div>` : ''}
</div>
</section>`;
}

/** Inside a wallet's own browser, that one first. */
function ownFirst(wallets: readonly ProviderId[], { inApp }: Reader): readonly ProviderId[] {
  return [...wallets].sort((a, b) => Number(b === inApp) - Number(a === inApp));
}

function button(id: ProviderId, reader: Reader): Markup {
  return html`<button class="button ${id}" name="wallet" value="${id}">${say(filled(WALLET_WORDS.payWith, { app: walletOf(id).app }), reader)}</button>`;
}
