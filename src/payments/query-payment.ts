import type { OrderRecord } from '../ledger/records.ts';
import { applyTrade } from './apply.ts';
import { type Call, type Cashier, providerOf } from './cashier.ts';
import { clientError, isGatewayError } from './errors.ts';
import { ownOrder, type PaymentResult, paymentResult } from './results.ts';

/** How long (ms) between two questions to the gateway while a client waits. */
const ASK_EVERY_MS = 2_000;

/**
 * Asks the gateway and tells the state, waiting up to `waitSeconds` for it to change. What cannot change any more is
 * told from the ledger.
 *
 * Throws ORDER_NOT_FOUND, CONFIGURATION, and GATEWAY_DECLINED, GATEWAY_UNAVAILABLE or OUTCOME_UNKNOWN when the gateway
 * could not be asked; none of them changes the state.
 */
export async function queryPayment(
  cashier: Cashier,
  call: Call,
  input: { readonly outTradeNo: string; readonly waitSeconds: number },
): Promise<PaymentResult> {
  const { clock } = cashier;
  const first = await ownOrder(cashier, call, input.outTradeNo);
  const startedAt = clock.now();
  const deadline = startedAt + input.waitSeconds * 1000;
  let order = first;
  for (;;) {
    const last = clock.now() >= deadline;
    order = await refresh(cashier, order, last);
    if (last || order.state !== first.state || !canChange(order) || call.signal?.aborted) break;
    await call.progress?.(Math.floor((clock.now() - startedAt) / 1000), input.waitSeconds, {
      zh: '等待付款',
      en: 'Waiting for payment',
    });
    await clock.sleep(Math.min(ASK_EVERY_MS, deadline - clock.now()), call.signal);
  }
  return cashier.ledger.read((book) => paymentResult(book, order, false));
}

/** One question; while there is still time, a failed one is simply asked again. */
async function refresh(cashier: Cashier, order: OrderRecord, last: boolean): Promise<OrderRecord> {
  if (!canChange(order)) return order;
  try {
    return await finishClosing(cashier, await askTrade(cashier, order));
  } catch (error) {
    if (isGatewayError(error) && !last) return order;
    throw isGatewayError(error)
      ? clientError(
          error,
          { zh: `订单状态仍为 ${order.state}`, en: `the order still is ${order.state}` },
          { outTradeNo: order.outTradeNo, state: order.state },
        )
      : error;
  }
}

/** Whether the gateway can have something new to say: not about what was never sent, and PAID stays PAID. */
function canChange(order: OrderRecord): boolean {
  return order.sentAt !== undefined && order.state !== 'PAID';
}

/**
 * Asks the gateway about an order and commits what it proves. `exists` is the gateway's proven word.
 * Throws the three errors of the provider port.
 */
export async function askTrade(
  cashier: Cashier,
  order: OrderRecord,
): Promise<{ readonly order: OrderRecord; readonly exists: boolean }> {
  const snapshot = await providerOf(cashier, order).queryTrade(order.outTradeNo);
  return cashier.ledger.write(async (book) => {
    const current = (await book.order(order.outTradeNo)) ?? order;
    return {
      order: await applyTrade(book, current, snapshot, 'query', cashier.clock.now()),
      exists: snapshot.exists,
    };
  });
}

/** A close that had to wait until the buyer opened the trade is done now that it exists. */
async function finishClosing(
  cashier: Cashier,
  { order, exists }: { readonly order: OrderRecord; readonly exists: boolean },
): Promise<OrderRecord> {
  if (!order.closing || !exists || order.state !== 'NOTPAY') return order;
  try {
    await providerOf(cashier, order).closeTrade(order.outTradeNo);
  } catch (error) {
    // What the query proved stands all the same; the close stays intended.
    if (isGatewayError(error)) return order;
    throw error;
  }
  return cashier.ledger.write(async (book) => {
    const current = (await book.order(order.outTradeNo)) ?? order;
    return book.moveOrder(current, 'closed', { closing: false, source: 'query' });
  });
}
