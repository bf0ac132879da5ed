import { defined } from '../../domain/defined.ts';
import { toYuan } from '../../domain/money.ts';
import { ORDER_WORDS } from '../../domain/words.ts';
import { isOpen, type OfferResult, offerOutcome } from '../../payments/offers.ts';
import { asideOf } from './approval.ts';
import { pageLine } from './page-line.ts';
import type { PaymentAnswer } from './payment.ts';
import { iso, type Voice } from './voice.ts';
import * as words from './words.ts';

/** A payment of which the buyer is yet to choose the wallet: its page is all that there is to give. */
export async function offerAnswer(voice: Voice, result: OfferResult): Promise<PaymentAnswer> {
  const { say, lines, line, money, now, buyerPage } = voice;
  const { outTradeNo, amountFen, title, pageToken, createdAt, expiresAt } = result.offer;
  const open = isOpen(result.offer, now());
  const state = open ? 'NOTPAY' : 'CLOSED';
  const page = open ? await buyerPage(pageToken, false) : undefined;
  const amountYuan = toYuan(amountFen);
  const nextStep = say(open ? words.CHOOSE : words.PAYMENT_NEXT.CLOSED);
  const { zh, en } = ORDER_WORDS[state];
  return {
    text: lines(
      say({
        zh: `订单 ${outTradeNo}：${zh}（${state}），${amountYuan} 元，支付方式由买家选择`,
        en: `Order ${outTradeNo}: ${state} (${en}), ${amountYuan} yuan, the buyer chooses how to pay`,
      }),
      page && pageLine(voice, page, {}),
      line(words.LABEL.expires, open ? iso(expiresAt) : undefined),
      line(words.LABEL.next, nextStep),
    ),
    structured: {
      ...defined({
        ...{ outTradeNo, provider: 'any', scene: 'qr', amountYuan, currency: 'CNY', title },
        cashierUrl: page?.url,
        createdAt: iso(createdAt),
        expiresAt: iso(expiresAt),
        ...{ refundedYuan: '0.00', source: 'ledger', replayed: result.replayed, ...money, nextStep },
      }),
      state,
    },
    outcome: offerOutcome(result),
    aside: () => asideOf(voice, undefined),
  };
}
