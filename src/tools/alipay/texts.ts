import { toYuan } from '../../domain/money.ts';
import type { ForeignPayment, ForeignRefund } from '../../payments/foreign.ts';
import { outcomeOf } from '../../payments/outcome.ts';
import { type PaymentResult, payable, type RefundResult } from '../../payments/results.ts';
import type { ToolAnswer } from '../answer.ts';
import { inWords, type Words } from '../face.ts';
import type { Presenter } from '../present.ts';
import { WORDS } from './words.ts';

/**
 * The texts of Alipay's own MCP server, to the character: programs read links and states out of them. Where it would
 * call something done that is not proven, the words are ours.
 */

/** What a create tool says of its link. */
interface LinkFace {
  /** What stands before the link, `支付链接` or `网页支付链接`. */
  readonly label: string;
  readonly words: Words;
  readonly now: number;
}

export async function paymentLink(
  present: Presenter,
  result: PaymentResult,
  { label, words, now }: LinkFace,
): Promise<ToolAnswer<never>> {
  const { payUrl } = payable(result.order, now);
  const { order, approval } = result;
  if (order.state === 'PENDING_APPROVAL') {
    const { structured } = await present.payment(result);
    const waiting = answer(present, `支付待人工确认: ${approval?.id ?? order.outTradeNo}`, result);
    return { ...waiting, note: inWords(words, structured.nextStep) };
  }
  const text = () => {
    if (payUrl !== undefined) return `${label}: [点击完成支付](${payUrl})`;
    if (order.state === 'PAID') return tradeText(result);
    if (order.state === 'UNKNOWN') return '支付链接结果未知, 请用相同参数重试, 不要更换订单号';
    if (order.state === 'DENIED') return `${NO_LINK} 商家未批准这笔支付`;
    return `${NO_LINK} 订单已关闭或已过期, 再次收款请更换订单号`;
  };
  return answer(present, text(), result);
}

const NO_LINK = '支付链接创建失败. 错误信息:';

export function trade(present: Presenter, result: PaymentResult | ForeignPayment): ToolAnswer<never> {
  return answer(present, tradeText(result), result);
}

function tradeText(result: PaymentResult | ForeignPayment): string {
  const { gatewayState, amountFen, gatewayTradeNo } = 'foreign' in result ? result.foreign : result.order;
  if (gatewayState === undefined) return `交易查询失败. 错误信息: ${whyNoTrade(result)}`;
  return `交易状态: ${gatewayState}, 交易金额: ${amountFen === undefined ? '' : toYuan(amountFen)}, 支付宝交易号: ${gatewayTradeNo ?? ''}`;
}

/** A link makes no trade at Alipay before the buyer opens it; an order that was never sent has none either. */
function whyNoTrade(result: PaymentResult | ForeignPayment): string {
  switch ('foreign' in result ? result.foreign.state : result.order.state) {
    case 'PENDING_APPROVAL':
      return '支付待人工确认, 尚未生成链接';
    case 'DENIED':
      return '商家未批准这笔支付';
    case 'CLOSED':
      return '交易不存在(ACQ.TRADE_NOT_EXIST), 订单未付款且已关闭';
    default:
      return '交易不存在(ACQ.TRADE_NOT_EXIST), 买家尚未打开支付链接, 未付款';
  }
}

export async function refund(
  present: Presenter,
  result: RefundResult,
  { repeated }: { readonly repeated: boolean },
): Promise<ToolAnswer<never>> {
  const { refund: one, order, approval } = result;
  const tradeNo = order.gatewayTradeNo ?? '';
  if (one.state === 'PENDING_APPROVAL') {
    const { structured } = await present.refund(result);
    const waiting = answer(present, `退款待人工确认: ${approval?.id ?? one.outRefundNo}`, result);
    return { ...waiting, note: inWords(WORDS, structured.nextStep) };
  }
  const text = () => {
    switch (one.state) {
      case 'SUCCESS':
        return !repeated && one.gatewayState === 'fund_change.Y'
          ? `退款结果: 退款成功, 退款交易: ${tradeNo}`
          : `退款结果: 重复请求退款幂等成功, 退款交易: ${tradeNo}`;
      case 'DENIED':
        return '退款执行失败. 错误信息: 商家未批准这笔退款';
      case 'CLOSED':
        return '退款执行失败. 错误信息: 款项没有退出';
      default:
        return `退款处理中, 请稍后用 query-alipay-refund 查询, 不要更换退款请求号, 退款交易: ${tradeNo}`;
    }
  };
  return answer(present, text(), result);
}

export function refundStatus(present: Presenter, result: RefundResult | ForeignRefund): ToolAnswer<never> {
  const known =
    'foreignRefund' in result
      ? { state: result.foreignRefund.state, amount: result.foreignRefund.refundFen, tradeNo: undefined }
      : {
          state: result.refund.state,
          amount: result.refund.amountFen,
          tradeNo: result.order.gatewayTradeNo,
        };
  const amount = known.amount === undefined ? '' : toYuan(known.amount);
  const text =
    known.state === 'SUCCESS'
      ? `查询到退款成功, 退款交易: ${known.tradeNo ?? ''}, 退款金额: ${amount}, 退款状态: REFUND_SUCCESS`
      : `未查询到退款成功. 退款状态: ${known.state}`;
  return answer(present, text, result);
}

/** Alipay's answer about a number that it has no refund of; the official text has a status there. */
export function noRefund(present: Presenter): ToolAnswer<never> {
  return { text: present.plain('未查询到退款成功. 退款状态: NOT_FOUND'), outcome: {} };
}

function answer(
  present: Presenter,
  text: string,
  result: Parameters<typeof outcomeOf>[0],
): ToolAnswer<never> {
  return { text: present.plain(text), outcome: outcomeOf(result) };
}
