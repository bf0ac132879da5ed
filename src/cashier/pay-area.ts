import type { Text } from '../domain/errors.ts';
import { iconOf } from './icons.ts';
import { webLink } from './links.ts';
import { both, html, type Markup } from './markup.ts';
import { drawQr } from './qr.ts';
import type { CashierView } from './view.ts';
import { WALLETS, WORDS } from './words.ts';

/**
 * What a payable order offers: the code to scan, the link to open, and in the simulator the click that pays. The
 * page's script takes `data-pay` away when the time is up and shows `data-over`, even when the server is out of reach.
 */
export async function payArea(view: CashierView, secondsLeft: number): Promise<Markup> {
  const link = webLink(view.payUrl);
  const simulator = view.simulated ? webLink(view.simulatorUrl) : undefined;
  const offers = [
    ...(view.qrCode ? [await scan(view, view.qrCode)] : []),
    ...(link && link !== simulator ? [button(link, 'button', WORDS.open)] : []),
    ...(simulator ? [button(simulator, 'button simulator', WORDS.simulatedPay)] : []),
  ];
  return html`<div class="pay" data-pay>
${offers.length > 0 ? offers : elsewhere()}
<p class="left"><span class="label">${both(WORDS.left)}</span><b role="timer" data-countdown>${clockFace(secondsLeft)}</b></p>
</div>
<p class="over" data-over hidden>${both(WORDS.over)}</p>`;
}

/** `04:05`, or `1:04:05` from one hour on. The script writes the same. */
export function clockFace(seconds: number): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const rest = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return hours > 0 ? `${hours}:${rest}` : rest;
}

async function scan(view: CashierView, text: string): Promise<Markup> {
  return html`<figure><div class="qr" role="img" aria-label="付款二维码 Payment QR code">${await drawQr(text)}</div>
<figcaption>${both(view.simulated ? WORDS.simulatedScan : WALLETS[view.provider].scan)}</figcaption></figure>
${view.simulated ? '' : html`<p class="hint phone">${both(WORDS.samePhone)}</p>`}`;
}

function button(address: string, kind: string, words: Text): Markup {
  return html`<a class="${kind}" href="${address}" target="_blank" rel="noreferrer noopener">${both(words)}</a>`;
}

function elsewhere(): Markup {
  return html`<div class="notice">${iconOf('payable')}<h2>${both(WORDS.elsewhere)}</h2><p>${both(WORDS.elsewhereAdvice)}</p></div>`;
}
