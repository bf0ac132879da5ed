import { isProvenByPayer } from '../domain/order.ts';
import { isSettledOrder } from '../ledger/order-machine.ts';
import type { OrderRecord } from '../ledger/records.ts';
import { askTrade } from './ask-gateway.ts';
import { finishClosing } from './close-payment.ts';
import { clientError, isGatewayError } from './errors.ts';
import { type ForeignPayment, type OrderName, queryForeign } from './foreign.ts';
import { own, ownOrderIn, type PaymentResult, tellPayment } from './results.ts';
import type { Call, Till } from './till.ts';
import { ASK_EVERY_MS } from './waiting.ts';

/**
 * Asks the gateway and tells the state, waiting up to `waitSeconds` for it to change, whoever learns of it: this
 * call, a notification, another process on the ledger. What cannot change any more is told from the ledger; an order
 * that is not in it is asked for only where the merchant lets that.
 *
 * Throws ORDER_NOT_FOUND, CONFIGURATION, TRY_LATER (too many wait or ask), and GATEWAY_DECLINED, GATEWAY_UNAVAILABLE or
 * OUTCOME_UNKNOWN when the gateway could not be asked; none of them changes the state.
 */
export async function askPayment(
  till: Till,
  call: Call,
  input: OrderName & { readonly waitSeconds: number },
): Promise<PaymentResult | ForeignPayment> {
  const known = await till.ledger.read((book) => book.orders.get(input.outTradeNo));
  return known ? query(till, call, own(call, known), input) : queryForeign(till, call, input);
}

/** As {@link askPayment}, for an order of the ledger. */
export async function queryPayment(
  till: Till,
  call: Call,
  input: { readonly outTradeNo: string; readonly waitSeconds: number },
): Promise<PaymentResult> {
  const order = await till.ledger.read((book) => ownOrderIn(book, call, input.outTradeNo));
  return query(till, call, order, input);
}

async function query(
  till: Till,
  call: Call,
  first: OrderRecord,
  { waitSeconds }: { readonly waitSeconds: number },
): Promise<PaymentResult> {
  const { desk } = till;
  let order = first;
  let failed: unknown;
  if (waitSeconds > 0 && !isSettledOrder(first.state)) {
    const again = (known: OrderRecord) => askAgain(till, known);
    ({ order, failed } = await desk.waits.until(call, first, waitSeconds, again));
    if (order.state !== first.state) failed = undefined;
  } else if (canChange(first)) {
    const { outTradeNo } = first;
    const turn = () => desk.turns.take({ ...first, urgency: 'call' });
    try {
      order = await desk.orders.share(outTradeNo, turn, () => ask(till, first));
    } catch (error) {
      failed = error;
    }
  }
  // PAID stays PAID; only the gateway's own later word is missed.
  if (failed !== undefined && !(isGatewayError(failed) && order.state === 'PAID'))
    throw unanswered(failed, order);
  return tellPayment({ till, call }, order);
}

/** One question for all who wait, unless somebody has just asked it. Throws as the gateway fails. */
async function askAgain(till: Till, order: OrderRecord): Promise<OrderRecord> {
  if (!canChange(order)) return order;
  const { account, caller, outTradeNo } = order;
  const unlessAskedWithinMs = ASK_EVERY_MS / 2;
  const question = { account, caller, outTradeNo, urgency: 'wait', unlessAskedWithinMs } as const;
  const turn = await till.desk.turns.take(question);
  return turn ? ask(till, order) : order;
}

async function ask(till: Till, order: OrderRecord): Promise<OrderRecord> {
  return finishClosing(till, await askTrade(till, order, 'has-turn'));
}

function unanswered(error: unknown, order: OrderRecord): unknown {
  if (!isGatewayError(error)) return error;
  return clientError(
    error,
    { zh: `订单状态仍为 ${order.state}`, en: `the order still is ${order.state}` },
    { outTradeNo: order.outTradeNo, state: order.state },
  );
}

/** Whether the gateway can have something to say: not about what was never sent, or what the payer alone proves. */
function canChange(order: OrderRecord): boolean {
  return order.sentAt !== undefined && !isProvenByPayer(order);
}
