import { CashierError } from '../domain/errors.ts';
import type { Book } from '../ledger/book.ts';
import { isSettledOrder } from '../ledger/order-machine.ts';
import type { OrderRecord } from '../ledger/records.ts';
import { insistNotFrozen, isFrozen } from '../policy/decisions.ts';
import { GatewayDeclined, GatewayUnavailable, type PaymentProvider, Stopped } from '../providers/contract.ts';
import { isGivenOut } from './apply.ts';
import { type AskedTrade, askTrade } from './ask-gateway.ts';
import { clientError, type GatewayError, isGatewayError } from './errors.ts';
import { type OrderName, orderToMove } from './foreign.ts';
import { concluded } from './outcome.ts';
import { ownOrderIn, type PaymentResult, paymentResult, tellPayment } from './results.ts';
import { asFreeze, isBeingSent, isFrozenNow, record, unlessFrozen, whenFree } from './sending.ts';
import { type Call, type Errand, providerOf, type Till } from './till.ts';

/**
 * Closes an unpaid order. An order that exists at the gateway only once the buyer opens it answers NOTPAY with
 * `closing`, and is closed as soon as it appears; one of a gateway that closes none, once it has expired.
 *
 * Throws ORDER_NOT_FOUND, ALREADY_PAID, GATEWAY_DECLINED, GATEWAY_UNAVAILABLE, OUTCOME_UNKNOWN (whose trade has the
 * number was not told, and nothing was sent), TRY_LATER, CONFIGURATION.
 */
export async function closePayment(till: Till, call: Call, name: OrderName): Promise<PaymentResult> {
  const errand = { till, call };
  const provider = providerOf(till, await orderToMove(till, call, name));
  const intent = await whenFree(till, () =>
    till.ledger.write(async (book) => intend(till, book, await ownOrderIn(book, call, name.outTradeNo))),
  );
  const { order } = intent;
  if (!intent.send) {
    if (order.state === 'PAID') throw alreadyPaid(order);
    return tellPayment(errand, order, order.state === 'CLOSED' && !intent.ended);
  }
  if (!provider.closeTrade) return runsOut(errand, intent);
  if (mayBeAnothers(provider, order)) {
    const asked = await ask(till, intent);
    if (asked.order.state === 'PAID') throw alreadyPaid(asked.order);
    if (!isOursToClose(asked)) return tellPayment(errand, asked.order);
  }
  try {
    // A freeze counts within a second, however long it took from the commit to here.
    if (await isFrozenNow(till)) throw new Stopped();
    await provider.closeTrade(order.outTradeNo, unlessFrozen(till));
  } catch (error) {
    return closeFailed(errand, intent, error);
  }
  return record(till, order, async (book) => {
    const closed = await closedIn(book, order);
    if (closed.state === 'PAID') throw alreadyPaid(closed);
    return concluded(book, call, paymentResult(book, call, closed));
  });
}

/** Nothing is sent: shown to nobody any more, it can still be paid, or has been, which is told where it is learned. */
async function runsOut(errand: Errand, { order }: Intent): Promise<PaymentResult> {
  const asked = await askTrade(errand.till, order).catch((error: unknown) => {
    if (isGatewayError(error)) return undefined;
    throw error;
  });
  if (asked?.order.state === 'PAID') throw alreadyPaid(asked.order);
  return tellPayment(errand, asked?.order ?? order);
}

/** What is committed before anything is sent. */
interface Intent {
  readonly order: OrderRecord;
  readonly send: boolean;
  /** An earlier call already wanted it closed: that one's intent stands. */
  readonly intended: boolean;
  /** This very call has ended it, with nothing to send. */
  readonly ended?: true;
}

async function intend(till: Till, book: Book, known: OrderRecord): Promise<Intent | 'busy'> {
  if (isBeingSent(till, known)) return 'busy';
  const intended = known.closing;
  const reopened = (await mayStillBeSent(book, known))
    ? await book.orders.move(known, 'reopened', { declinedCode: undefined })
    : known;
  if (reopened.state === 'PENDING_APPROVAL') {
    // An earlier try that was declined had counted; nothing will come of it any more.
    const counts = { countedAt: undefined, countedBy: undefined };
    return {
      order: await book.orders.move(reopened, 'withdrawn', counts),
      send: false,
      intended,
      ended: true,
    };
  }
  if (isSettledOrder(known.state)) return { order: known, send: false, intended };
  await insistNotFrozen(book);
  if (!isGivenOut(known)) {
    // Nobody can pay it, and by this number the gateway could only know another system's trade.
    const order = await book.orders.move(known, 'closed', { closing: false });
    return { order, send: false, intended, ended: true };
  }
  await book.event(known, 'close-intended', {});
  return { order: await book.orders.patch(known, { closing: true }), send: true, intended };
}

/** Between our question whether the number is free and the buyer's first look, another system may have taken it. */
function mayBeAnothers({ opensLater }: PaymentProvider, { terms, gatewayTradeNo }: OrderRecord): boolean {
  return opensLater === true && terms.chosen === true && gatewayTradeNo === undefined;
}

/** Whether the gateway has just proven a trade, as far as it can tell ours, that can be closed. */
function isOursToClose({ order, exists, foreign }: AskedTrade): boolean {
  return exists && !foreign && order.state === 'NOTPAY' && isGivenOut(order);
}

/** What the close would hit; unless that is told, none is sent. */
async function ask(till: Till, intent: Intent): Promise<AskedTrade> {
  try {
    return await askTrade(till, intent.order);
  } catch (error) {
    if (!isGatewayError(error)) throw error;
    throw await abandoned(till, intent, error);
  }
}

/** A send of it never left, and a person's yes to it still stands: to be carried out by whoever comes next. */
async function mayStillBeSent(
  book: Book,
  { outTradeNo, state, declinedCode }: OrderRecord,
): Promise<boolean> {
  if (state !== 'CLOSED' || declinedCode === undefined) return false;
  return (await book.approvals.of({ outTradeNo })).some((approval) => approval.state === 'approved');
}

/** What the gateway's refusal or silence means; in doubt it is asked. */
async function closeFailed(errand: Errand, intent: Intent, error: unknown): Promise<PaymentResult> {
  if (!isGatewayError(error)) throw error;
  const { till, call } = errand;
  const { order } = intent;
  const notThere = error instanceof GatewayDeclined && error.proven && error.reason === 'not-exist';
  if (notThere) return tellPayment(errand, order);
  if (error instanceof GatewayUnavailable) {
    const unsent = await abandoned(till, intent, error);
    const why = await asFreeze(till, error);
    throw isFrozen(why) ? why : unsent;
  }
  const asked = await askTrade(till, order).catch((failed: unknown) => {
    if (isGatewayError(failed)) return undefined;
    throw failed;
  });
  if (asked?.order.state === 'PAID') throw alreadyPaid(asked.order);
  if (asked?.order.state === 'CLOSED') return tellPayment(errand, asked.order);
  if (error instanceof GatewayDeclined) throw await abandoned(till, intent, error);
  // Silence: the close may have happened, so it stays intended, and without an answer the state is not known either.
  if (asked) return tellPayment(errand, asked.order);
  return record(till, order, async (book) =>
    paymentResult(book, call, await book.orders.move(await book.orders.again(order), 'unknown')),
  );
}

/** Provably not closed: the order goes on as it was. */
async function abandoned(
  till: Till,
  { order, intended }: Intent,
  error: GatewayError,
): Promise<CashierError> {
  if (!intended) {
    await record(till, order, async (book) => {
      await book.orders.patch(await book.orders.again(order), { closing: false });
    });
  }
  return clientError(
    error,
    { zh: '订单没有关闭，买家仍可付款', en: 'the order was not closed and can still be paid' },
    { outTradeNo: order.outTradeNo },
  );
}

function alreadyPaid(order: OrderRecord): CashierError {
  return new CashierError('ALREADY_PAID', {
    zh: '订单已付款，不能关闭；没有资金变动。',
    en: 'The order is paid and cannot be closed; no money moved.',
    next: {
      zh: '用 query-payment 查看下一步；如需退款请用 refund-payment。',
      en: 'Ask query-payment what to do next; to give the money back use refund-payment.',
    },
    details: { outTradeNo: order.outTradeNo },
  });
}

/**
 * A close that had to wait until the buyer opened the trade is done now that it exists, and so is that of a trade which
 * nobody has paid in time: WeChat Pay takes no more money for it, and for a week does not call it closed.
 *
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012525171 (time_expire)
 */
export async function finishClosing(till: Till, asked: AskedTrade): Promise<OrderRecord> {
  const provider = providerOf(till, asked.order);
  if (!provider.closeTrade || !isOursToClose(asked) || (await isFrozenNow(till))) return asked.order;
  const order = await intendWhenOver(till, asked.order);
  if (!order.closing) return order;
  try {
    await provider.closeTrade(order.outTradeNo, unlessFrozen(till));
  } catch (error) {
    // What the query proved stands all the same; the close stays intended.
    if (isGatewayError(error)) return order;
    throw error;
  }
  return record(till, order, (book) => closedIn(book, order));
}

/** The server's own intent to close what has run out. */
async function intendWhenOver(till: Till, order: OrderRecord): Promise<OrderRecord> {
  const isOver = order.expiresAt !== undefined && till.clock.now() >= order.expiresAt;
  if (order.closing || !isOver) return order;
  const ledger = till.ledger.as({ actor: 'settler' });
  return record({ ...till, ledger }, order, async (book) => {
    const current = await book.orders.again(order);
    if (current.closing || current.state !== 'NOTPAY') return current;
    await book.event(current, 'close-intended', {});
    return book.orders.patch(current, { closing: true });
  });
}

async function closedIn(book: Book, order: OrderRecord): Promise<OrderRecord> {
  return book.orders.move(await book.orders.again(order), 'closed', { closing: false, source: 'query' });
}
