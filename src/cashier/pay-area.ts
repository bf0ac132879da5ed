import type { Text } from '../domain/errors.ts';
import { iconOf } from './icons.ts';
import { webLink } from './links.ts';
import { html, type Markup } from './markup.ts';
import { drawQr } from './qr.ts';
import { type Reader, say } from './reader.ts';
import type { CashierView } from './view.ts';
import { IN_APP, WALLETS, WORDS } from './words.ts';

/** Where a hand-over to the wallet leads and comes back to; undefined where this page must not offer one. */
export type HandOff = (link: string) => string | undefined;

/**
 * What a payable order offers: the code to scan, the button that opens the wallet, or what to do where this browser
 * can do neither, and in the simulator the click that pays. The page's script takes `data-pay` away when the time is
 * up, even when the server is out of reach.
 */
export async function payArea(view: CashierView, reader: Reader, handOff: HandOff): Promise<Markup> {
  const offers = await offersOf(view, reader, handOff);
  const simulator = view.simulated ? webLink(view.simulatorUrl) : undefined;
  const link = webLink(view.payUrl);
  if (simulator && simulator !== link) {
    offers.push(walletLink(simulator, say(WORDS.simulatedPay, reader), reader, 'simulator'));
  }
  if (offers.length === 0) offers.push(notice(WORDS.elsewhere, WORDS.elsewhereAdvice, reader));
  return html`<div class="pay" data-pay>${offers}</div>`;
}

function offersOf(view: CashierView, reader: Reader, handOff: HandOff): Promise<Markup[]> | Markup[] {
  if (view.qrCode)
    return view.provider === 'alipay'
      ? alipayCode(view, view.qrCode, reader)
      : wechatCode(view, view.qrCode, reader);
  const link = webLink(view.payUrl);
  if (link) return payLink(view, link, reader);
  if (view.handOffUrl && reader.inApp) return [openElsewhere(reader)];
  const handed = webLink(view.handOffUrl && handOff(view.handOffUrl));
  return handed ? handOver(view, handed, reader) : [];
}

/** Alipay's code is a link too: on a phone it opens Alipay, except where WeChat blocks it. */
async function alipayCode(view: CashierView, code: string, reader: Reader): Promise<Markup[]> {
  const link = webLink(code);
  const blocked = reader.inApp !== undefined && reader.inApp !== 'alipay';
  const opens = link !== undefined && !blocked;
  return [
    ...(blocked ? [openElsewhere(reader)] : []),
    ...(opens ? [walletLink(link, openWords(view, reader), reader, reader.inApp ? '' : 'on-phone')] : []),
    await figure(view, code, reader, opens || blocked),
  ];
}

/**
 * WeChat Pay's code is for scanning alone: neither a long press nor the album takes it.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012791877
 */
async function wechatCode(view: CashierView, code: string, reader: Reader): Promise<Markup[]> {
  if (reader.inApp === 'alipay') {
    return [
      notice(WORDS.wechatCode, WORDS.wechatCodeInstead, reader),
      await figure(view, code, reader, true),
      copyButton(reader, ''),
    ];
  }
  const where = reader.inApp ? '' : 'on-phone';
  return [
    await figure(view, code, reader, true),
    html`<p class="hint ${where}">${say(WORDS.scanOnly, reader)}</p>`,
    copyButton(reader, where),
  ];
}

/** A link of Alipay's; WeChat's browser blocks it. */
function payLink(view: CashierView, link: string, reader: Reader): Markup[] {
  if (reader.inApp !== undefined && reader.inApp !== 'alipay') return [openElsewhere(reader)];
  const words = view.scene === 'h5' ? openWords(view, reader) : say(WORDS.openPage, reader);
  return [walletLink(link, words, reader)];
}

/** A link that opens WeChat from a phone's own browser and from no app's. It stays in this tab, to come back to it. */
function handOver(view: CashierView, link: string, reader: Reader): Markup[] {
  const words = reader.returned ? say(WORDS.tryAgain, reader) : openWords(view, reader);
  return [
    html`<a class="${reader.returned ? 'button again' : 'button'}" href="${link}" referrerpolicy="origin">${words}</a>`,
    ...(reader.returned || reader.phone
      ? []
      : [
          html`<p class="hint off-phone">${say(WORDS.phoneBrowser, reader)}</p>`,
          copyButton(reader, 'off-phone'),
        ]),
  ];
}

/** What this app's browser cannot do, and where it can be done. */
function openElsewhere(reader: Reader): Markup {
  const { cannot, instead } = IN_APP[reader.inApp ?? 'wechat'];
  return html`${notice(cannot, instead, reader)}${copyButton(reader, '')}`;
}

/** A tab of its own, so that this page stays and tells; an app's browser has only the one. */
function walletLink(link: string, words: string, reader: Reader, where = ''): Markup {
  const target = reader.inApp ? '' : html` target="_blank"`;
  return html`<a class="button ${where}" href="${link}"${target} rel="noreferrer noopener">${words}</a>`;
}

function openWords(view: CashierView, reader: Reader): string {
  const simulated = view.simulated ? say(WORDS.simulatedOpen, reader) : '';
  return `${say(WALLETS[view.provider].open, reader)}${simulated}`;
}

async function figure(
  view: CashierView,
  code: string,
  reader: Reader,
  elseOnPhone: boolean,
): Promise<Markup> {
  const { scan, scanToo } = WALLETS[view.provider];
  const caption = view.simulated
    ? html`${say(WORDS.simulatedScan, reader)}`
    : elseOnPhone
      ? html`<span class="${reader.inApp ? 'never' : 'off-phone'}">${say(scan, reader)}</span><span class="${reader.inApp ? '' : 'on-phone'}">${say(scanToo, reader)}</span>`
      : html`${say(scan, reader)}`;
  return html`<figure><div class="qr" role="img" aria-label="${say(WORDS.qr, reader)}">${await drawQr(code)}</div><figcaption>${caption}</figcaption></figure>`;
}

/** Copies the page's address. The script shows it, since without one it does nothing. */
function copyButton(reader: Reader, where: string): Markup {
  return html`<button type="button" class="button plain ${where}" data-copy data-copied="${say(WORDS.copied, reader)}" data-failed="${say(WORDS.notCopied, reader)}" hidden>${say(WORDS.copy, reader)}</button>`;
}

function notice(headline: Text, advice: Text, reader: Reader): Markup {
  return html`<div class="notice">${iconOf('payable')}<h2>${say(headline, reader)}</h2><p>${say(advice, reader)}</p></div>`;
}
