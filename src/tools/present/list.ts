import { defined } from '../../domain/defined.ts';
import { toYuan } from '../../domain/money.ts';
import type { PaymentList } from '../../payments/list-payments.ts';
import type { ToolAnswer } from '../answer.ts';
import type { PaymentListView } from '../views.ts';
import { paymentItem } from './payment.ts';
import { iso, type Voice } from './voice.ts';

export function listAnswer(
  voice: Voice,
  { items, totals, nextCursor }: PaymentList,
): ToolAnswer<PaymentListView> {
  const { count } = totals;
  const paidYuan = toYuan(totals.paidFen);
  const refundedYuan = toYuan(totals.refundedFen);
  const text = voice.lines(
    voice.say({
      zh: `共 ${count} 笔，已收 ${paidYuan} 元，已退 ${refundedYuan} 元`,
      en: `${count} payments, ${paidYuan} yuan paid, ${refundedYuan} yuan refunded`,
    }),
    ...items.map(
      ({ order: { outTradeNo, state, amountFen, provider, createdAt } }) =>
        `${outTradeNo} ${state} ${toYuan(amountFen)} ${provider} ${iso(createdAt)}`,
    ),
    nextCursor && `nextCursor: ${nextCursor}`,
  );
  const structured = defined({
    items: items.map((item) => paymentItem(voice, item)),
    totals: { count, paidYuan, refundedYuan },
    nextCursor,
    ...voice.money,
  });
  return { text, structured, outcome: {} };
}
