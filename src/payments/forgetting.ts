import { DAY_MS } from '../domain/clock.ts';
import { CashierError } from '../domain/errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { noSuchOrder } from './errors.ts';
import { isFinal } from './reserve-payment.ts';
import type { Till } from './till.ts';

/** So many payers are forgotten in one transaction. */
const PAGE = 50;
/** From one look to the next (ms): soon while there is more, else as seldom as days pass slowly. */
const SOON_MS = 1_000;
const SELDOM_MS = 3_600_000;

/**
 * Forgets in small pieces who has paid for orders made longer than so many days ago, until `signal` aborts. What is not
 * final is kept, for it may have to be sent again as it was.
 */
export async function runForgetting(
  { ledger: opened, clock, log }: Pick<Till, 'ledger' | 'clock' | 'log'>,
  days: number,
  signal: AbortSignal,
): Promise<void> {
  const ledger = opened.as({ actor: 'system' });
  while (!signal.aborted) {
    let forgotten = 0;
    try {
      forgotten = await forgetSome(ledger, clock.now() - days * DAY_MS);
    } catch (error) {
      log.error('forgetting', { error: String(error) });
    }
    await clock.sleep(forgotten === PAGE ? SOON_MS : SELDOM_MS, signal);
  }
}

/** As much as goes into one transaction. Returns how many were forgotten. @param before ms */
export async function forgetSome(ledger: Ledger, before: number): Promise<number> {
  // Mostly there is nothing, and a look costs nobody anything.
  const isThere = await ledger.read(
    async (book) =>
      (await book.orders.withPayer(before, 1)).length > 0 ||
      (await book.offers.anyToForget(before)) ||
      (await book.subscriptions.anyToForget(before)),
  );
  if (!isThere) return 0;
  return ledger.write(async (book) => {
    const offers = await book.offers.forget(before, PAGE);
    const subscribers = await book.subscriptions.forget(before, PAGE);
    const orders = await book.orders.withPayer(before, PAGE);
    for (const order of orders) await book.orders.forgetPayer(order);
    return Math.min(PAGE, orders.length + offers + subscribers);
  });
}

/** All of them, a piece at a time. Returns how many. */
export async function forgetOlder(ledger: Ledger, before: number): Promise<number> {
  for (let all = 0; ; ) {
    const some = await forgetSome(ledger, before);
    all += some;
    if (some < PAGE) return all;
  }
}

/**
 * Forgets who has paid for one order. Returns whether anything was known. Throws ORDER_NOT_FOUND, and INVALID_ARGUMENT
 * for one that is not final.
 */
export async function forgetOrder(ledger: Ledger, outTradeNo: string): Promise<boolean> {
  return ledger.write(async (book) => {
    const order = await book.orders.get(outTradeNo);
    if (!order) throw noSuchOrder();
    if (!isFinal(order)) throw notFinal(order.state);
    return book.orders.forgetPayer(order);
  });
}

function notFinal(state: string): CashierError {
  return new CashierError('INVALID_ARGUMENT', {
    zh: `订单还是 ${state}，可能要原样重发，没有删去任何信息。`,
    en: `The order still is ${state} and may have to be sent again as it was; nothing was forgotten.`,
    next: { zh: '等它付款或关闭后再来。', en: 'Come again when it is paid or closed.' },
    details: { state },
  });
}
