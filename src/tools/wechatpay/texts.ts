import type { ForeignPayment, ForeignRefund } from '../../payments/foreign.ts';
import type { PaymentResult, RefundResult } from '../../payments/results.ts';
import type { ToolAnswer } from '../answer.ts';
import { inWords } from '../face.ts';
import { isOnThisMachine, type Presenter } from '../present.ts';
import { WORDS, wordsFor } from './words.ts';

/** Text only, with the gateway's own names for what the payer needs, so that every client shows it. */
export async function paymentText(
  present: Presenter,
  result: PaymentResult | ForeignPayment,
): Promise<ToolAnswer> {
  const { structured = {}, outcome } = await present.payment(result);
  const { qrCode, scene, jsapiParams, cashierUrl, gatewayState, approval } = structured;
  const page = (name: string) =>
    cashierUrl &&
    `[${name}](${cashierUrl})${isOnThisMachine(String(cashierUrl)) ? '（只有本机能打开）' : ''}`;
  const text = lines([
    ['code_url', qrCode],
    // WeChat Pay's own address opens only from our page.
    ['h5_url', scene === 'h5' && page('点击完成支付')],
    ['jsapi_params', jsapiParams && JSON.stringify(jsapiParams)],
    ['订单号', structured.outTradeNo],
    ['状态', gatewayState ? `${structured.state} (${gatewayState})` : structured.state],
    ['金额', structured.amountYuan && `${structured.amountYuan} 元`],
    ['收银台', scene !== 'h5' && page('打开收银台')],
    ['有效期至', structured.state === 'NOTPAY' && structured.expiresAt],
    ['审批', approval && (approval as { id?: unknown }).id],
    ['下一步', inWords(wordsFor(structured.scene), String(structured.nextStep))],
  ]);
  return { text: present.plain(text), outcome };
}

/** As {@link paymentText}. */
export async function refundText(
  present: Presenter,
  result: RefundResult | ForeignRefund,
): Promise<ToolAnswer> {
  const { structured = {}, outcome } = await present.refund(result);
  const text = lines([
    ['退款单号', structured.outRefundNo],
    ['订单号', structured.outTradeNo],
    ['状态', structured.state],
    ['金额', structured.refundYuan && `${structured.refundYuan} 元`],
    ['审批', structured.approval && (structured.approval as { id?: unknown }).id],
    ['下一步', inWords(WORDS, String(structured.nextStep))],
  ]);
  return { text: present.plain(text), outcome };
}

function lines(pairs: readonly (readonly [string, unknown])[]): string {
  return pairs.flatMap(([name, value]) => (value ? [`${name}: ${value}`] : [])).join('\n');
}
