import { DAY_MS, stillLasts } from '../domain/clock.ts';
import { CashierError, type Text } from '../domain/errors.ts';
import { type Fen, fen, toYuan } from '../domain/money.ts';
import type { OrderRecord, PaidCallRecord, RefundRecord } from '../ledger/records.ts';
import { holdsSum } from '../ledger/refund-machine.ts';
import { elsewhereOf, isDeclined, isElsewhere, sum } from '../ledger/refunded.ts';
import type { PaymentProvider } from '../providers/contract.ts';
import { isBeingSent } from './sending.ts';
import type { Till } from './till.ts';

/** Stands in an approval as the rule that asks for a person: the gateway proves a refund elsewhere, but no sum. */
export const REFUNDED_ELSEWHERE = 'refunded-elsewhere';

/** The merchant within which a refund's number must be unique, where the gateway wants that, whatever its apps. */
export function merchantScopeOf({ refundRules, account }: PaymentProvider): string | undefined {
  if (!refundRules.numberUniquePerMerchant) return undefined;
  const [gateway, merchant] = account.split(' ');
  return `${gateway} ${merchant}`;
}

/**
 * Refunds of an order never sum above what was paid; those in doubt count, and those that others made. Throws
 * REFUND_EXCEEDS_PAID.
 */
export function insistWithinPaid(
  order: OrderRecord,
  others: readonly RefundRecord[],
  refund: Pick<RefundRecord, 'amountFen'>,
): void {
  const elsewhere = elsewhereOf(order, others);
  const own = sum(others.filter((other) => holdsSum(other.state) && !isElsewhere(other)));
  const held = fen(own + (elsewhere === 'unknown' ? 0 : (elsewhere ?? 0)));
  if (held + refund.amountFen > order.amountFen) throw exceedsPaid(order.amountFen, held, elsewhere);
}

/** A refund in doubt blocks every other of its order. Throws OUTCOME_UNKNOWN, or TRY_LATER while one is under way. */
export function insistOneAtATime(till: Till, others: readonly RefundRecord[]): void {
  if (others.some((other) => isBeingSent(till, other))) throw tryLater(1, SPACED_OUT);
  const inDoubt = others.find((other) => other.state === 'UNKNOWN');
  if (inDoubt) throw refundInDoubt(inDoubt);
}

/** What the gateway would refuse anyway. Throws REFUND_NOT_ALLOWED. */
export function insistGatewayRules(
  provider: PaymentProvider,
  order: OrderRecord,
  others: readonly RefundRecord[],
  now: number,
): void {
  const { maxPerOrder, windowMs, finalTradeStates } = provider.refundRules;
  const sent = others.filter(
    (other) => isElsewhere(other) || (other.sentAt !== undefined && !isDeclined(other)),
  ).length;
  if (sent >= maxPerOrder) throw notAllowed('max-refunds-per-order', String(maxPerOrder));
  if (order.paidAt !== undefined && now > order.paidAt + windowMs) {
    throw notAllowed('refund-window', `${Math.round(windowMs / DAY_MS)}d`);
  }
  if (order.gatewayState !== undefined && finalTradeStates.has(order.gatewayState)) {
    throw notAllowed('finished', order.gatewayState);
  }
}

/** The gateway's distance between two refunds of an order. Throws TRY_LATER. */
export function insistInterval(
  provider: PaymentProvider,
  others: readonly RefundRecord[],
  now: number,
): void {
  const { minIntervalMs } = provider.refundRules;
  const over = others
    .filter((other) => !isDeclined(other) && other.sentAt !== undefined)
    .map(({ sentAt = 0 }) => sentAt + minIntervalMs)
    .filter((until) => stillLasts(until, now, minIntervalMs));
  if (over.length > 0) throw tryLater(Math.ceil((Math.max(...over) - now) / 1000), SPACED_OUT);
}

/**
 * Executing what an order has paid for and paying it back exclude each other, whatever is left of the claim: whoever has
 * it may still store a result. Throws TRY_LATER.
 * @param paidCall the call that the order pays, or would have paid
 */
export function insistNotExecuting(
  { outTradeNo }: OrderRecord,
  paidCall: PaidCallRecord | undefined,
  now: number,
): void {
  if (paidCall?.state !== 'EXECUTING' || paidCall.paidBy !== outTradeNo) return;
  const leftMs = (paidCall.sendingUntil ?? now) - now;
  throw tryLater(Math.max(1, Math.ceil(leftMs / 1000)), EXECUTED);
}

/** @param paid fen of the order, `held` fen known to be refunded or under way */
function exceedsPaid(paid: Fen, held: Fen, elsewhere: ReturnType<typeof elsewhereOf>): CashierError {
  const unknown = elsewhere === 'unknown';
  return new CashierError('REFUND_EXCEEDS_PAID', {
    zh: `退款合计会超过实付 ${toYuan(paid)} 元（已退或处理中${unknown ? '至少' : ''} ${toYuan(held)} 元）；没有资金变动。`,
    en: `Refunds would sum above the ${toYuan(paid)} yuan paid (${unknown ? 'at least ' : ''}${toYuan(held)} yuan refunded or under way); no money moved.`,
    next: { zh: '减小 refundYuan 后重试。', en: 'Call again with a smaller refundYuan.' },
    details: {
      ...{ paidYuan: toYuan(paid), heldYuan: toYuan(held) },
      ...(unknown && { refundedElsewhereYuan: elsewhere }),
    },
  });
}

/** It is more than could be paid at all, whether or not anybody has. */
export function exceedsOrder({ amountFen }: Pick<OrderRecord, 'amountFen'>): CashierError {
  const amountYuan = toYuan(amountFen);
  return new CashierError('REFUND_EXCEEDS_PAID', {
    zh: `退款会超过订单金额 ${amountYuan} 元，而付款未经证实；没有资金变动。`,
    en: `The refund would be above the order's ${amountYuan} yuan, of which no payment is proven; no money moved.`,
    next: {
      zh: '用 query-payment 确认付款后，减小 refundYuan 再退款。',
      en: 'Confirm the payment with query-payment first, then call again with a smaller refundYuan.',
    },
    details: { amountYuan },
  });
}

function refundInDoubt(refund: RefundRecord): CashierError {
  return new CashierError('OUTCOME_UNKNOWN', {
    zh: '该订单的另一笔退款结果待确认，本次没有发出，也没有资金变动。',
    en: 'The result of another refund of this order is unknown; this one was not sent and no money moved.',
    next: {
      zh: `先用 outRefundNo ${refund.outRefundNo} 重复那笔 refund-payment，把它弄清楚。`,
      en: `Settle that one first: repeat its refund-payment with outRefundNo ${refund.outRefundNo}.`,
    },
    details: { outTradeNo: refund.outTradeNo, outRefundNo: refund.outRefundNo },
  });
}

/** @param limit what that rule allows, or knows */
export function notAllowed(rule: string, limit: string): CashierError {
  return new CashierError('REFUND_NOT_ALLOWED', {
    zh: '支付平台的规则不允许再退这笔订单；没有资金变动。',
    en: "The gateway's rules allow no further refund of this order; no money moved.",
    next: { zh: '请商家线下处理。', en: 'Ask the merchant to settle it another way.' },
    details: { rule, limit },
  });
}

const SPACED_OUT: Text = {
  zh: '同一订单的两次退款要有间隔',
  en: 'Space refunds of one order out',
};
const EXECUTED: Text = {
  zh: '这笔付款买的调用正在执行',
  en: 'The call that was paid for is being executed',
};

function tryLater(seconds: number, why: Text): CashierError {
  return new CashierError('TRY_LATER', {
    zh: `${why.zh}；本次退款没有发出，也没有资金变动。`,
    en: `${why.en}; this refund was not sent and no money moved.`,
    next: {
      zh: `${seconds} 秒后用相同参数重试。`,
      en: `Call again with the same arguments in ${seconds} s.`,
    },
    details: { retryAfterSeconds: seconds },
  });
}
