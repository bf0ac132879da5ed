import type { Text } from '../domain/errors.ts';
import type { HandOffForm } from '../domain/order.ts';
import { walletOf } from '../providers/registry.ts';
import type { Wallet } from '../providers/wallet.ts';
import { iconOf } from './icons.ts';
import { webLink } from './links.ts';
import { html, type Markup } from './markup.ts';
import { drawQr } from './qr.ts';
import { type InApp, type Reader, say } from './reader.ts';
import type { BuyerView } from './view.ts';
import { about, filled, MINI_PROGRAM, WALLET_WORDS, WORDS } from './words.ts';

/** Where a hand-over to the wallet leads and comes back to; undefined where this page must not offer one. */
export type HandOff = (link: string) => string | undefined;

/**
 * What a payable order offers: the code to scan, the button that opens the wallet, or what to do where this browser
 * can do neither, and in the simulator the click that pays. The page's script takes `data-pay` away when the time is
 * up, even when the server is out of reach.
 */
export async function payArea(view: BuyerView, reader: Reader, handOff: HandOff): Promise<Markup> {
  const offers = await offersOf(view, reader, handOff);
  const simulator = view.simulated ? webLink(view.simulatorUrl) : undefined;
  const link = webLink(view.payUrl);
  if (simulator && simulator !== link) {
    offers.push(walletLink(simulator, say(WORDS.simulatedPay, reader), reader, 'simulator'));
  }
  if (offers.length === 0) offers.push(notice(WORDS.elsewhere, WORDS.elsewhereAdvice, reader));
  return html`<div class="pay" data-pay>${offers}</div>`;
}

function offersOf(view: BuyerView, reader: Reader, handOff: HandOff): Promise<Markup[]> | Markup[] {
  if (view.qrCode)
    return walletOf(view.provider).page.codeOpens
      ? linkCode(view, view.qrCode, reader)
      : scanCode(view, view.qrCode, reader);
  const link = webLink(view.payUrl);
  if (link) return payLink(view, link, reader);
  if ((view.handOffUrl || view.handOffForm) && reader.inApp) return [openElsewhere(reader.inApp, reader)];
  if (view.handOffForm) return sendForm(view, view.handOffForm, reader);
  const handed = webLink(view.handOffUrl && handOff(view.handOffUrl));
  return handed ? handOver(view, handed, reader) : [];
}

/** The app whose browser shows the page, where it is not the wallet's own: it blocks the wallet's links. */
function blockedBy(view: BuyerView, { inApp }: Reader): InApp | undefined {
  return inApp === view.provider ? undefined : inApp;
}

/** A code that is a link too: on a phone it opens the app, except where another app blocks it. */
async function linkCode(view: BuyerView, code: string, reader: Reader): Promise<Markup[]> {
  const link = webLink(code);
  const blocker = blockedBy(view, reader);
  const blocked = blocker !== undefined;
  const opens = link !== undefined && !blocked;
  return [
    ...(blocked ? [openElsewhere(blocker, reader)] : []),
    ...(opens ? [walletLink(link, openWords(view, reader), reader, reader.inApp ? '' : 'on-phone')] : []),
    await figure(view, code, reader, opens || blocked),
  ];
}

/** A code for scanning alone: neither a long press nor the album takes it. */
async function scanCode(view: BuyerView, code: string, reader: Reader): Promise<Markup[]> {
  const blocker = blockedBy(view, reader);
  if (blocker !== undefined && blocker !== 'mini-program') {
    const here = walletOf(blocker).app;
    const { code: headline, codeInstead } = WALLET_WORDS;
    return [
      notice(about(view, headline), about(view, codeInstead, here), reader),
      await figure(view, code, reader, true),
      copyButton(reader, ''),
    ];
  }
  const where = reader.inApp ? '' : 'on-phone';
  return [
    await figure(view, code, reader, true),
    html`<p class="hint ${where}">${say(about(view, WALLET_WORDS.scanOnly), reader)}</p>`,
    copyButton(reader, where),
  ];
}

/** A link that other apps' browsers block. */
function payLink(view: BuyerView, link: string, reader: Reader): Markup[] {
  const blocker = blockedBy(view, reader);
  if (blocker !== undefined) return [openElsewhere(blocker, reader)];
  const words = view.scene === 'h5' ? openWords(view, reader) : say(WORDS.openPage, reader);
  return [walletLink(link, words, reader)];
}

/** A link that opens the app from a phone's own browser and from no app's. It stays in this tab, to come back to it. */
function handOver(view: BuyerView, link: string, reader: Reader): Markup[] {
  const words = reader.returned ? say(about(view, WALLET_WORDS.tryAgain), reader) : openWords(view, reader);
  return [
    html`<a class="${reader.returned ? 'button again' : 'button'}" href="${link}" referrerpolicy="origin">${words}</a>`,
    ...(reader.returned || reader.phone
      ? []
      : [
          html`<p class="hint off-phone">${say(about(view, WALLET_WORDS.phoneBrowser), reader)}</p>`,
          copyButton(reader, 'off-phone'),
        ]),
  ];
}

/** A form goes to a tab of its own, so that this page stays and tells. */
function sendForm(view: BuyerView, { action, fields }: HandOffForm, reader: Reader): Markup[] {
  const target = webLink(action);
  if (target === undefined) return [];
  const hidden = Object.entries(fields).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
  );
  return [
    html`<form method="post" action="${target}" target="_blank" rel="noopener" accept-charset="utf-8">${hidden}<button class="button">${say(WORDS.openPage, reader)}${view.simulated ? say(WORDS.simulatedOpen, reader) : ''}</button></form>`,
  ];
}

/** What this app's browser cannot do, and where it can be done. */
function openElsewhere(blocker: InApp, reader: Reader): Markup {
  const { cannot, leave } = blocker === 'mini-program' ? MINI_PROGRAM : leaving(walletOf(blocker));
  return html`${notice(cannot, leave, reader)}${copyButton(reader, '')}`;
}

function leaving({ app, page }: Wallet): { readonly cannot: Text; readonly leave: Text } {
  return { cannot: filled(WALLET_WORDS.cannot, { here: app }), leave: page.leave };
}

/** A tab of its own, so that this page stays and tells; an app's browser has only the one. */
function walletLink(link: string, words: string, reader: Reader, where = ''): Markup {
  const target = reader.inApp ? '' : html` target="_blank"`;
  return html`<a class="button ${where}" href="${link}"${target} rel="noreferrer noopener">${words}</a>`;
}

function openWords(view: BuyerView, reader: Reader): string {
  const simulated = view.simulated ? say(WORDS.simulatedOpen, reader) : '';
  return `${say(about(view, WALLET_WORDS.open), reader)}${simulated}`;
}

async function figure(view: BuyerView, code: string, reader: Reader, elseOnPhone: boolean): Promise<Markup> {
  const { scan, scanToo, scanElsewhere } = WALLET_WORDS;
  const elsewhere = walletOf(view.provider).page.codeOpens ? scanToo : scanElsewhere;
  const caption = view.simulated
    ? html`${say(WORDS.simulatedScan, reader)}`
    : elseOnPhone
      ? html`<span class="${reader.inApp ? 'never' : 'off-phone'}">${say(about(view, scan), reader)}</span><span class="${reader.inApp ? '' : 'on-phone'}">${say(about(view, elsewhere), reader)}</span>`
      : html`${say(about(view, scan), reader)}`;
  return html`<figure><div class="qr" role="img" aria-label="${say(WORDS.qr, reader)}">${await drawQr(code)}</div><figcaption>${caption}</figcaption></figure>`;
}

/** Copies the page's address. The script shows it, since without one it does nothing. */
function copyButton(reader: Reader, where: string): Markup {
  return html`<button type="button" class="button plain ${where}" data-copy data-copied="${say(WORDS.copied, reader)}" data-failed="${say(WORDS.notCopied, reader)}" hidden>${say(WORDS.copy, reader)}</button>`;
}

function notice(headline: Text, advice: Text, reader: Reader): Markup {
  return html`<div class="notice">${iconOf('payable')}<h2>${say(headline, reader)}</h2><p>${say(advice, reader)}</p></div>`;
}
