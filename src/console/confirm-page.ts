import type { Text } from '../domain/errors.ts';
import { fact } from '../operator/facts.ts';
import type { Frame } from '../operator/frame.ts';
import { quotation, shell, token } from '../operator/layout.ts';
import { foreign, html, type Markup } from '../operator/markup.ts';
import { WORDS as OPERATOR_WORDS } from '../operator/words.ts';
import type { PersonsRefund } from '../payments/refund-by-person.ts';
import { largeSum, yuan } from './cells.ts';
import type { OrderView } from './order-view.ts';
import { WORDS } from './words.ts';

/** What a person is about to do, once more and with the sum; only the form of it does it. */
export function refundConfirmPage(
  frame: Frame,
  { order, sums }: OrderView,
  wish: PersonsRefund & { readonly outRefundNo: string },
): Markup {
  const { refundFen, outRefundNo, reason } = wish;
  const sum = (amount: number) => html`<span class="number">${yuan(amount)}</span>`;
  return confirm(frame, order.outTradeNo, {
    ask: WORDS.refundAsk,
    means: WORDS.refundMeans,
    action: 'refund',
    about: html`${largeSum(refundFen)}
${quotation(frame, OPERATOR_WORDS.titleCaption, order.title)}
<dl class="sums">${fact(frame, OPERATOR_WORDS.paidSum, sum(sums.paidFen ?? 0))}
${fact(frame, OPERATOR_WORDS.leftSum, sum(sums.leftFen))}
<div class="total"><dt>${frame.say(WORDS.refundLeft)}</dt><dd>${sum(sums.leftFen - refundFen)}</dd></div></dl>
${reason === undefined ? '' : html`<p><span class="soft">${frame.say(OPERATOR_WORDS.reason)}${frame.language === 'zh' ? '：' : ': '}</span>${foreign(reason)}</p>`}`,
    fields: { number: outRefundNo, fen: String(refundFen), ...(reason === undefined ? {} : { reason }) },
    button: html`${frame.say(WORDS.refundNow)} ${yuan(refundFen)}`,
  });
}

export function closeConfirmPage(frame: Frame, { order }: OrderView): Markup {
  return confirm(frame, order.outTradeNo, {
    ask: WORDS.closeAsk,
    means: WORDS.closeMeans,
    action: 'close',
    about: html`${largeSum(order.amountFen)}${quotation(frame, OPERATOR_WORDS.titleCaption, order.title)}`,
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
