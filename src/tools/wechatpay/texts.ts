import type { ToolAnswer } from '../answer.ts';
import { inWords } from '../face.ts';
import type { PaymentAnswer } from '../present/payment.ts';
import type { RefundAnswer } from '../present/refund.ts';
import type { Presenter } from '../present.ts';
import { WORDS, wordsFor } from './words.ts';

/** Text only, with the gateway's own names for what the payer needs, so that every client shows it. */
export function paymentText(
  { structured: told, link, ...rest }: PaymentAnswer,
  present: Presenter,
): ToolAnswer<never> {
  const { state, gatewayState, amountYuan, jsapiParams } = told;
  const page = (name: string) =>
    link && `[${name}](${link.url})${link.onThisMachine ? '（只有本机能打开）' : ''}`;
  const text = lines([
    ['code_url', told.qrCode],
    // WeChat Pay's own address opens only from our page.
    ['h5_url', told.scene === 'h5' && page('点击完成支付')],
    ['jsapi_params', jsapiParams && JSON.stringify(jsapiParams)],
    ['订单号', told.outTradeNo],
    ['状态', gatewayState ? `${state} (${gatewayState})` : state],
    ['金额', amountYuan && `${amountYuan} 元`],
    ['收银台', told.scene !== 'h5' && page('打开收银台')],
    ['有效期至', state === 'NOTPAY' && told.expiresAt],
    ['审批', told.approval?.id],
    ['下一步', inWords(wordsFor(told.scene), told.nextStep)],
  ]);
  return { ...rest, text: present.plain(text) };
}

/** As {@link paymentText}. */
export function refundText(
  { structured: told, outcome }: RefundAnswer,
  present: Presenter,
): ToolAnswer<never> {
  const text = lines([
    ['退款单号', told.outRefundNo],
    ['订单号', told.outTradeNo],
    ['状态', told.state],
    ['金额', told.refundYuan && `${told.refundYuan} 元`],
    ['审批', told.approval?.id],
    ['下一步', inWords(WORDS, told.nextStep)],
  ]);
  return { text: present.plain(text), outcome };
}

function lines(pairs: readonly (readonly [name: string, what: string | false | undefined])[]): string {
  return pairs.flatMap(([name, what]) => (what ? [`${name}: ${what}`] : [])).join('\n');
}
