import type { Text } from '../domain/errors.ts';
import { groupedYuan } from '../domain/money.ts';
import type { Frame } from '../operator/frame.ts';
import { quotation, shell, token } from '../operator/layout.ts';
import { foreign, html, type Markup } from '../operator/markup.ts';
import { WORDS as OPERATOR_WORDS } from '../operator/words.ts';
import type { PersonsRefund } from '../payments/refund-by-person.ts';
import { yuan } from './cells.ts';
import type { OrderView } from './order-view.ts';
import { WORDS } from './words.ts';

/** What a person is about to do, once more and with the sum; only the form of it does it. */
export function refundConfirmPage(frame: Frame, { order, sums }: OrderView, wish: PersonsRefund): Markup {
  const { refundFen, outRefundNo, reason } = wish;
  return confirm(frame, order.outTradeNo, {
    ask: WORDS.refundAsk,
    means: WORDS.refundMeans,
    action: 'refund',
    about: html`<p class="amount${groupedYuan(refundFen).length > 9 ? ' long' : ''}"><span>¥</span>${groupedYuan(refundFen)}</p>
${quotation(frame, OPERATOR_WORDS.titleCaption, order.title)}
<dl class="sums"><div><dt>${frame.say(OPERATOR_WORDS.paidSum)}</dt><dd><span class="number">${yuan(sums.paidFen ?? 0)}</span></dd></div>
<div><dt>${frame.say(OPERATOR_WORDS.leftSum)}</dt><dd><span class="number">${yuan(sums.leftFen)}</span></dd></div>
<div class="total"><dt>${frame.say(WORDS.refundLeft)}</dt><dd><span class="number">${yuan(sums.leftFen - refundFen)}</span></dd></div></dl>
${reason === undefined ? '' : html`<p><span class="soft">${frame.say(OPERATOR_WORDS.reason)}${frame.language === 'zh' ? '：' : ': '}</span>${foreign(reason)}</p>`}`,
    fields: { number: outRefundNo, fen: String(refundFen), ...(reason === undefined ? {} : { reason }) },
    button: html`${frame.say(WORDS.refundNow)} ¥${groupedYuan(refundFen)}`,
  });
}

export function closeConfirmPage(frame: Frame, { order }: OrderView): Markup {
  return confirm(frame, order.outTradeNo, {
    ask: WORDS.closeAsk,
    means: WORDS.closeMeans,
    action: 'close',
    about: html`<p class="amount"><span>¥</span>${groupedYuan(order.amountFen)}</p>${quotation(frame, OPERATOR_WORDS.titleCaption, order.title)}`,
    fields: {},
    button: html`${frame.say(WORDS.closeNow)}`,
  });
}

function confirm(
  frame: Frame,
  outTradeNo: string,
  deed: {
    readonly ask: Text;
    readonly means: Text;
    readonly action: string;
    readonly about: Markup;
    readonly fields: Readonly<Record<string, string>>;
    readonly button: Markup;
  },
): Markup {
  const here = `/orders/${outTradeNo}`;
  const hidden = Object.entries(deed.fields).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
  );
  return shell(frame, {
    title: frame.say(deed.ask),
    room: 'orders',
    body: html`<section class="card narrow" aria-labelledby="ask"><h1 id="ask">${frame.say(deed.ask)}</h1>
<p class="small soft"><span class="number">${foreign(outTradeNo)}</span></p>
${deed.about}
<form class="stack" method="post" action="${frame.console(`${here}/${deed.action}`)}">${token(frame)}${hidden}
<p class="note warn">${frame.say(deed.means)}</p><button class="button go wide">${deed.button}</button></form>
<p><a class="button plainly wide" href="${frame.console(here)}">${frame.say(WORDS.goBack)}</a></p></section>`,
  });
}
