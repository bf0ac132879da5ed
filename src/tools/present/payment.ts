import { defined } from '../../domain/defined.ts';
import type { Text } from '../../domain/errors.ts';
import { toYuan } from '../../domain/money.ts';
import { ORDER_WORDS } from '../../domain/words.ts';
import type { AuditRecord, OrderRecord, RefundRecord } from '../../ledger/records.ts';
import { toldDetail } from '../../ledger/told-detail.ts';
import { isGivenOut } from '../../payments/apply.ts';
import type { ForeignPayment } from '../../payments/foreign.ts';
import { outcomeOf } from '../../payments/outcome.ts';
import { goingBack, type PaymentResult, payable } from '../../payments/results.ts';
import { walletOf } from '../../providers/registry.ts';
import type { ToolAnswer } from '../answer.ts';
import { qrImage } from '../qr-image.ts';
import type { PaymentView } from '../views.ts';
import { approvalIn, approvalSaid, asideOf } from './approval.ts';
import { HELD, handOver } from './hand-over.ts';
import { isOnThisMachine, pageLine } from './page-line.ts';
import { type BuyerPage, iso, type Voice, yuan } from './voice.ts';
import * as words from './words.ts';

export interface PaymentAnswer extends ToolAnswer<PaymentView> {
  readonly structured: Readonly<PaymentView>;
  /** The order's page, where there is one, for tools that speak of it in words of their own. */
  readonly link?: { readonly url: string; readonly onThisMachine: boolean };
}

/** @param withImage shows the code, where there is one, as an image too */
export async function paymentAnswer(
  voice: Voice,
  result: PaymentResult | ForeignPayment,
  { withImage = false } = {},
): Promise<PaymentAnswer> {
  if ('foreign' in result) return foreignAnswer(voice, result);
  const { say, lines, line } = voice;
  const { order } = result;
  const page = await pageOf(voice, order);
  const approval = await approvalSaid(voice, result.approval, order.state);
  const structured = paymentTold(voice, result, page, approval.ask);
  const { payUrl, qrCode, jsapiParams, appParams, orderString, linkExpiresAt } = structured;
  const { amountYuan, refundedYuan = '', refundedElsewhereYuan: elsewhere } = structured;
  const state = ORDER_WORDS[order.state];
  const wallet = walletOf(order.provider).name;
  const held = HELD[order.scene];
  const text = lines(
    say({
      zh: `订单 ${order.outTradeNo}：${state.zh}（${order.state}），${amountYuan} 元，${wallet.zh}`,
      en: `Order ${order.outTradeNo}: ${order.state} (${state.en}), ${amountYuan} yuan, ${wallet.en}`,
    }),
    payUrl && `[${say(words.PAY_NOW)}](${payUrl})`,
    line(words.LABEL.qrCode, qrCode),
    page && pageLine(voice, page, order.credential),
    jsapiParams && `jsapiParams: ${JSON.stringify(jsapiParams)}`,
    appParams && `appParams: ${JSON.stringify(appParams)}`,
    orderString && `orderString: ${orderString}`,
    line(words.LABEL.expires, order.state === 'NOTPAY' ? structured.expiresAt : undefined),
    line({ zh: `${held.zh}有效至`, en: `The ${held.en} expires` }, linkExpiresAt),
    order.state === 'PAID' && result.refundedFen > 0
      ? line(words.LABEL.refunded, yuan(refundedYuan))
      : undefined,
    line(words.LABEL.elsewhere, elsewhere === 'unknown' ? words.SUM_NOT_TOLD : elsewhere && yuan(elsewhere)),
    approval.line,
    line(words.LABEL.next, structured.nextStep),
  );
  return {
    text,
    structured,
    outcome: outcomeOf(result),
    ...(page && { link: { url: page.url, onThisMachine: isOnThisMachine(page.url) } }),
    aside: () => asideOf(voice, result.approval, qrCode),
    ...(withImage && qrCode !== undefined ? { image: await qrImage(qrCode) } : {}),
  };
}

/** A payment with its refunds and all that has happened to it, oldest first. */
export async function paymentStory(
  voice: Voice,
  result: PaymentResult,
  refunds: readonly RefundRecord[],
  events: readonly AuditRecord[],
): Promise<object> {
  return {
    ...paymentTold(voice, result, await pageOf(voice, result.order)),
    refunds: refunds.map(({ outRefundNo, state, amountFen, reason, createdAt }) =>
      defined({ outRefundNo, state, refundYuan: toYuan(amountFen), reason, createdAt: iso(createdAt) }),
    ),
    events: events.filter(isAboutOrder).map(({ at, kind, outRefundNo, detail }) => {
      // Digests and counted times are for whoever checks the trail.
      const { terms, plan, credential, countedAt, ...told } = detail;
      return defined({ at: iso(at), kind, outRefundNo, ...toldDetail(told) });
    }),
  };
}

/** What clients said of their calls is for the merchant's eyes, in the audit trail. */
function isAboutOrder({ kind }: AuditRecord): boolean {
  return kind !== 'call' && kind !== 'result' && kind !== 'order-given';
}

/** A payment among others; what a buyer acts on is told of one alone. */
export function paymentItem(voice: Voice, result: PaymentResult): PaymentView {
  const told = paymentTold(voice, result, undefined, '', () => words.ASK_FOR_ONE);
  const { payUrl, qrCode, jsapiParams, appParams, orderString, linkExpiresAt, ...rest } = told;
  return rest;
}

/** @param handedOver what is to be done with what the buyer pays with */
function paymentTold(
  voice: Voice,
  result: PaymentResult,
  page?: BuyerPage,
  ask = '',
  handedOver = handOver,
): PaymentView {
  const { order, refundedElsewhere: elsewhere } = result;
  const now = voice.now();
  const held = payable(order, now);
  const { handOffUrl, handOffForm, linkExpiresAt, ...credential } = held;
  // Without a page to follow it from, such a link or form is no use to anybody.
  const usable = (handOffUrl === undefined && handOffForm === undefined) || page ? held : {};
  const { adopted } = order.terms;
  return defined({
    outTradeNo: order.outTradeNo,
    provider: order.provider,
    scene: adopted ? undefined : order.scene,
    state: order.state,
    amountYuan: toYuan(order.amountFen),
    currency: 'CNY',
    title: adopted ? undefined : order.title,
    ...credential,
    linkExpiresAt: iso(linkExpiresAt),
    cashierUrl: page?.url,
    createdAt: iso(order.createdAt),
    expiresAt: iso(order.expiresAt),
    paidAt: iso(order.paidAt),
    late: order.late || undefined,
    closing: order.closing || undefined,
    gatewayTradeNo: order.gatewayTradeNo,
    gatewayState: order.gatewayState,
    refundedYuan: toYuan(result.refundedFen),
    refundedElsewhereYuan: elsewhere === undefined || elsewhere === 'unknown' ? elsewhere : toYuan(elsewhere),
    approval: approvalIn(voice, result.approval),
    source: order.source,
    replayed: result.replayed,
    ...voice.money,
    nextStep: ask + voice.say(nextOf(result, () => handedOver(usable), now)),
  });
}

function nextOf(result: PaymentResult, handedOver: () => Text, now: number): Text {
  const { order, refundedFen, refundedElsewhere, delivery } = result;
  if (order.state === 'PAID' && refundedFen >= order.amountFen) return words.REFUNDED;
  if (order.state === 'PAID' && refundedElsewhere !== undefined) return words.REFUNDED_ELSEWHERE;
  if (order.state === 'PAID' && goingBack(result, now) >= order.amountFen) return words.BEING_REFUNDED;
  if (order.late) return words.LATE;
  if (delivery?.deliveredAt !== undefined) return words.DELIVERED;
  if (delivery?.overdueAt !== undefined) return deliverBefore(delivery.overdueAt, now);
  if (order.closing && order.state === 'UNKNOWN') return words.CLOSING_UNKNOWN;
  if (order.closing && now < (order.expiresAt ?? Number.POSITIVE_INFINITY)) {
    const until = iso(order.expiresAt);
    const { zh, en } = HELD[order.scene];
    return {
      zh: `买家手中的${zh}在 ${until ?? '到期'} 之前仍可能付款，在那之前不要为同一件事另外收款；稍后用 query-payment 确认是否已关闭。`,
      en: `The ${en} that the buyer holds can still be paid until ${until ?? 'it expires'}: open no other payment for the same thing before that; ask query-payment later whether it is closed.`,
    };
  }
  if (order.state !== 'NOTPAY' && order.state !== 'UNKNOWN') return words.PAYMENT_NEXT[order.state];
  if (order.state === 'NOTPAY' && (order.expiresAt ?? 0) <= now) return words.EXPIRED;
  if (order.scene === 'agreement') return words.CHARGED_BY_SERVER;
  if (!isGivenOut(order)) return words.NO_CODE;
  return order.state === 'UNKNOWN' ? words.PAYMENT_NEXT.UNKNOWN : handedOver();
}

function deliverBefore(overdueAt: number, now: number): Text {
  const until = iso(overdueAt);
  if (now >= overdueAt) {
    return {
      zh: `应在 ${until} 之前交付，已经逾期，可能退款：用户仍然需要才交付，交付后立即调用 confirm-delivery；不要重复收款。`,
      en: `It was to be delivered before ${until} and may be refunded for that: deliver only if the user still wants it, then call confirm-delivery at once; do not charge again.`,
    };
  }
  return {
    zh: `可以交付，交付后在 ${until} 之前调用 confirm-delivery；不要重复收款。`,
    en: `Deliver now, then call confirm-delivery before ${until}; do not charge again.`,
  };
}

async function pageOf({ now, buyerPage }: Voice, order: OrderRecord): Promise<BuyerPage | undefined> {
  const { qrCode, payUrl, handOffUrl, handOffForm } = payable(order, now());
  const hasLink = (qrCode ?? payUrl ?? handOffUrl ?? handOffForm) !== undefined;
  return hasLink ? buyerPage(order.pageToken, handOffUrl !== undefined) : undefined;
}

function foreignAnswer({ say, lines, line, money }: Voice, result: ForeignPayment): PaymentAnswer {
  const { outTradeNo, state, amountFen, paidAt, gatewayTradeNo, gatewayState } = result.foreign;
  const amountYuan = amountFen === undefined ? undefined : toYuan(amountFen);
  const nextStep = say(words.FOREIGN);
  const { zh, en } = ORDER_WORDS[state];
  return {
    text: lines(
      say({
        zh: `订单 ${outTradeNo}（账本外）：${zh}（${state}）${amountYuan ? `，${amountYuan} 元` : ''}`,
        en: `Order ${outTradeNo} (not in the ledger): ${state} (${en})${amountYuan ? `, ${amountYuan} yuan` : ''}`,
      }),
      line(words.LABEL.next, nextStep),
    ),
    structured: defined({
      ...{ outTradeNo, provider: result.provider, state, amountYuan, currency: 'CNY' },
      ...{ paidAt: iso(paidAt), gatewayTradeNo, gatewayState, source: 'query' },
      ...{ replayed: false, ...money, nextStep },
    }),
    outcome: outcomeOf(result),
  };
}
