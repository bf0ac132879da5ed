import { defined } from '../../domain/defined.ts';
import { toYuan } from '../../domain/money.ts';
import { REFUND_WORDS } from '../../domain/words.ts';
import { isDeclined } from '../../ledger/refunded.ts';
import type { ForeignRefund } from '../../payments/foreign.ts';
import { outcomeOf } from '../../payments/outcome.ts';
import type { RefundResult } from '../../payments/results.ts';
import type { ToolAnswer } from '../answer.ts';
import type { RefundView } from '../views.ts';
import { approvalIn, approvalSaid, asideOf } from './approval.ts';
import type { Voice } from './voice.ts';
import { DECLINED, FOREIGN, LABEL, REFUND_NEXT } from './words.ts';

export interface RefundAnswer extends ToolAnswer<RefundView> {
  readonly structured: Readonly<RefundView>;
}

export async function refundAnswer(
  voice: Voice,
  result: RefundResult | ForeignRefund,
): Promise<RefundAnswer> {
  if ('foreignRefund' in result) return foreignAnswer(voice, result);
  const { say, lines, line, money } = voice;
  const { refund, order, replayed } = result;
  const approval = await approvalSaid(voice, result.approval, refund.state);
  const sum = toYuan(refund.amountFen);
  const refundedYuan = toYuan(result.refundedFen);
  const nextStep = approval.ask + say(isDeclined(refund) ? DECLINED : REFUND_NEXT[refund.state]);
  const state = REFUND_WORDS[refund.state];
  return {
    text: lines(
      say({
        zh: `退款 ${refund.outRefundNo}（订单 ${refund.outTradeNo}）：${state.zh}（${refund.state}），${sum} 元，累计已退 ${refundedYuan} 元`,
        en: `Refund ${refund.outRefundNo} of order ${refund.outTradeNo}: ${refund.state} (${state.en}), ${sum} yuan, ${refundedYuan} yuan refunded in all`,
      }),
      approval.line,
      line(LABEL.next, nextStep),
    ),
    structured: defined({
      outRefundNo: refund.outRefundNo,
      outTradeNo: refund.outTradeNo,
      provider: order.provider,
      state: refund.state,
      refundYuan: sum,
      refundedYuan,
      reason: refund.reason,
      approval: approvalIn(voice, result.approval),
      replayed,
      ...money,
      nextStep,
    }),
    outcome: outcomeOf(result),
    aside: () => asideOf(voice, result.approval),
  };
}

function foreignAnswer(
  { say, lines, line, money }: Voice,
  { foreignRefund: refund, provider }: ForeignRefund,
): RefundAnswer {
  const nextStep = say(FOREIGN);
  const { outRefundNo, outTradeNo, state, refundFen } = refund;
  return {
    text: lines(
      say({
        zh: `退款 ${outRefundNo}（账本外）：${REFUND_WORDS[state].zh}（${state}）`,
        en: `Refund ${outRefundNo} (not in the ledger): ${state} (${REFUND_WORDS[state].en})`,
      }),
      line(LABEL.next, nextStep),
    ),
    structured: defined({
      ...{ outRefundNo, outTradeNo, provider, state },
      refundYuan: refundFen === undefined ? undefined : toYuan(refundFen),
      ...{ replayed: false, ...money, nextStep },
    }),
    outcome: outcomeOf({ foreignRefund: refund, provider }),
  };
}
