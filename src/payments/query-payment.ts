import type { Text } from '../domain/errors.ts';
import type { OrderRecord } from '../ledger/records.ts';
import { isSettledOrder } from '../ledger/trade-machine.ts';
import { askTrade } from './ask-gateway.ts';
import type { Call, Cashier } from './cashier.ts';
import { finishClosing } from './close-payment.ts';
import { clientError, isGatewayError } from './errors.ts';
import { type ForeignPayment, type OrderName, queryForeign } from './foreign.ts';
import { ownOrder, type PaymentResult, paymentResult, withOwnApproval } from './results.ts';

/** How long (ms) between two questions to the gateway while a client waits. */
const ASK_EVERY_MS = 2_000;
/** How often (ms) the ledger is looked at meanwhile, for what other processes have learned. */
const LOOK_EVERY_MS = 200;

/**
 * Asks the gateway and tells the state, waiting up to `waitSeconds` for it to change, whoever learns of it: this
 * call, a notification, another process on the ledger. What cannot change any more is told from the ledger; an order
 * that is not in it is asked for only where the merchant lets that.
 *
 * Throws ORDER_NOT_FOUND, CONFIGURATION, and GATEWAY_DECLINED, GATEWAY_UNAVAILABLE or OUTCOME_UNKNOWN when the gateway
 * could not be asked; none of them changes the state.
 */
export async function askPayment(
  cashier: Cashier,
  call: Call,
  input: OrderName & { readonly waitSeconds: number },
): Promise<PaymentResult | ForeignPayment> {
  const known = await cashier.ledger.read((book) => book.order(input.outTradeNo));
  return known ? queryPayment(cashier, call, input) : queryForeign(cashier, call, input);
}

/** As {@link askPayment}, for an order of the ledger. */
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
  let askAt = startedAt;
  for (;;) {
    const last = clock.now() >= deadline;
    if (last || clock.now() >= askAt) {
      order = await refresh(cashier, order, last);
      askAt = clock.now() + ASK_EVERY_MS;
      const seconds = Math.floor((clock.now() - startedAt) / 1000);
      if (!last) await call.progress?.(seconds, input.waitSeconds, WAITING);
    } else {
      order = await ownOrder(cashier, call, input.outTradeNo);
    }
    if (last || order.state !== first.state || isSettledOrder(order.state) || call.signal?.aborted) break;
    await news(cashier, call, order.outTradeNo, Math.min(LOOK_EVERY_MS, deadline - clock.now()));
  }
  const told = await cashier.ledger.read((book) => paymentResult(book, order, false));
  return withOwnApproval(cashier.ledger, call, told);
}

const WAITING: Text = { zh: '等待付款', en: 'Waiting for payment' };

/** Resolves when this process commits something about the order, the client gives up, or `ms` have passed. */
async function news(cashier: Cashier, call: Call, outTradeNo: string, ms: number): Promise<void> {
  const wake = new AbortController();
  const stop = cashier.ledger.onChange((changed) => {
    if (changed === outTradeNo) wake.abort();
  });
  const giveUp = () => wake.abort();
  call.signal?.addEventListener('abort', giveUp);
  await cashier.clock.sleep(ms, wake.signal);
  call.signal?.removeEventListener('abort', giveUp);
  stop();
}

/** One question; while there is still time, a failed one is simply asked again. */
async function refresh(cashier: Cashier, order: OrderRecord, last: boolean): Promise<OrderRecord> {
  if (!canChange(order)) return order;
  try {
    return await finishClosing(cashier, await askTrade(cashier, order));
  } catch (error) {
    // PAID stays PAID; only the gateway's own later word is missed.
    if (isGatewayError(error) && (!last || order.state === 'PAID')) return order;
    throw isGatewayError(error)
      ? clientError(
          error,
          { zh: `订单状态仍为 ${order.state}`, en: `the order still is ${order.state}` },
          { outTradeNo: order.outTradeNo, state: order.state },
        )
      : error;
  }
}

/** Whether the gateway can have something to say: not about what was never sent. */
function canChange(order: OrderRecord): boolean {
  return order.sentAt !== undefined;
}
