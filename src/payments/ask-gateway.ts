import { wholeSecond } from '../domain/clock.ts';
import { defined } from '../domain/defined.ts';
import { isProvenByPayer } from '../domain/order.ts';
import type { OrderRecord, RefundRecord } from '../ledger/records.ts';
import type { Known, PaymentProvider, RefundSnapshot, TradeSnapshot } from '../providers/contract.ts';
import { applyRefund, applyTrade, isForeignTrade, isGivenOut, isOverdue } from './apply.ts';
import { record } from './sending.ts';
import { type Call, providerOf, type Till } from './till.ts';

/* Whatever is asked in a call's name, the call is on record before a gateway hears of it. */

/** What the gateway has proven of an order. */
export interface AskedTrade {
  readonly order: OrderRecord;
  readonly exists: boolean;
  /** There is a trade under this number, and it is not this order's. */
  readonly foreign: boolean;
}

/** Whether the question still has to wait for its turn, or whoever asks has had it. */
export type Turn = 'in-turn' | 'has-turn';

/**
 * Asks the gateway about an order and commits what it proves. One that nobody could pay, and whose time is over, needs
 * no question; of one that its payer proves there is none to ask. Throws the three errors of the provider port.
 */
export async function askTrade(till: Till, order: OrderRecord, turn: Turn = 'in-turn'): Promise<AskedTrade> {
  const provider = providerOf(till, order);
  if (isProvenByPayer(order)) return { order, exists: order.state === 'PAID', foreign: false };
  const over = !isGivenOut(order) && isOverdue(order, till.clock.now());
  if (!over) await till.ledger.begin();
  if (!over && turn === 'in-turn') await till.desk.turns.take({ ...order, urgency: 'call' });
  const snapshot = over
    ? ({ exists: false } as const)
    : await provider.queryTrade(order.outTradeNo, knownOf(order));
  return record(till, order, async (book) => {
    const current = (await book.orders.get(order.outTradeNo)) ?? order;
    return {
      order: await applyTrade(book, current, snapshot, over ? 'ledger' : 'query', till.clock.now()),
      exists: snapshot.exists,
      foreign: snapshot.exists && isForeignTrade(current, snapshot),
    };
  });
}

/**
 * Asks the gateway about a refund and commits what it proves. `exists` is the gateway's proven word.
 * Throws the three errors of the provider port.
 */
export async function askRefund(
  till: Till,
  order: OrderRecord,
  refund: RefundRecord,
  turn: Turn = 'in-turn',
): Promise<{ readonly refund: RefundRecord; readonly exists: boolean }> {
  const { account, caller } = order;
  await till.ledger.begin();
  if (turn === 'in-turn') await till.desk.turns.take({ account, caller, urgency: 'call' });
  const provider = providerOf(till, order);
  const { outTradeNo, outRefundNo, plan } = refund;
  const known = defined({ plan, gatewayTradeNo: gatewaysNumberOf(order, provider) });
  const snapshot = await provider.queryRefund(outTradeNo, outRefundNo, known);
  return record(till, refund, async (book) => {
    const current = (await book.refunds.get(refund.outTradeNo, refund.outRefundNo)) ?? refund;
    return { refund: await applyRefund(book, current, snapshot, provider), exists: snapshot.exists };
  });
}

/** What a question about an order is told of it; of one that its payer proves there is none to ask. */
function knownOf({ sentAt, expiresAt }: OrderRecord): Known {
  return defined({ sentAt: sentAt === undefined ? undefined : wholeSecond(sentAt), expiresAt });
}

/** By which the gateway knows the order of a refund, where it was not ordered there or it wants that; undefined: by ours. */
export function gatewaysNumberOf(
  order: OrderRecord,
  { refundRules }: Pick<PaymentProvider, 'refundRules'>,
): string | undefined {
  return isProvenByPayer(order) || refundRules.byGatewayNo ? order.gatewayTradeNo : undefined;
}

/**
 * The gateway's word on a number, when the question's turn has come; nothing is committed. Throws the three errors of
 * the provider port.
 */
export async function tradeAt(
  { desk, ledger }: Till,
  provider: PaymentProvider,
  { caller }: Pick<Call, 'caller'>,
  outTradeNo: string,
  known: Known = {},
): Promise<TradeSnapshot> {
  await ledger.begin();
  await desk.turns.take({ account: provider.account, caller, urgency: 'call' });
  return provider.queryTrade(outTradeNo, known);
}

/** As {@link tradeAt}, on a refund. */
export async function refundAt(
  { desk, ledger }: Till,
  provider: PaymentProvider,
  { caller }: Pick<Call, 'caller'>,
  { outTradeNo, outRefundNo }: Pick<RefundRecord, 'outTradeNo' | 'outRefundNo'>,
  known: Known = {},
): Promise<RefundSnapshot> {
  await ledger.begin();
  await desk.turns.take({ account: provider.account, caller, urgency: 'call' });
  return provider.queryRefund(outTradeNo, outRefundNo, known);
}
