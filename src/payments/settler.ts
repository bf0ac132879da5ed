import { setMaxListeners } from 'node:events';
import type { Book } from '../ledger/book.ts';
import type { OrderRecord, RefundRecord } from '../ledger/records.ts';
import type { PaymentProvider } from '../providers/contract.ts';
import { askTrade } from './ask-gateway.ts';
import type { Cashier } from './cashier.ts';
import { finishClosing } from './close-payment.ts';
import { isGatewayError } from './errors.ts';
import { settleRefund } from './refund-payment.ts';
import { nextOrderAsk, nextRefundAsk } from './schedule.ts';
import { isBeingSent } from './sending.ts';

/** Questions to one gateway are kept this far apart (ms) by all processes on the ledger together: 20 a second. */
const PACE_MS = 50;
/** How far ahead (ms) one round may book the gateway. */
const ROUND_MS = 1_000;
/** How long (ms) the settler rests when nothing is due. */
const REST_MS = 1_000;

type Due =
  | { readonly kind: 'order'; readonly order: OrderRecord; readonly at: number }
  | {
      readonly kind: 'refund';
      readonly order: OrderRecord;
      readonly refund: RefundRecord;
      readonly at: number;
    };

/**
 * Asks the gateways about everything that is not final, at a pace that all processes share, until `signal` aborts.
 * What is due is booked in the ledger before it is asked, so that nobody asks twice; what a killed process had booked
 * comes round again by the schedule.
 */
export async function runSettler(opened: Cashier, signal: AbortSignal): Promise<void> {
  const cashier = { ...opened, ledger: opened.ledger.as({ caller: 'settler' }) };
  // Every question of a round waits for its place under the same signal.
  setMaxListeners(0, signal);
  while (!signal.aborted) {
    const due = await bookRound(cashier).catch((error: unknown) => {
      cashier.log.error('settler', { error: String(error) });
      return [];
    });
    await Promise.all(due.map((item) => settleAt(cashier, item, signal)));
    if (due.length === 0) await cashier.clock.sleep(REST_MS, signal);
  }
}

/** One transaction per gateway: take what is due, give each its place in the pace, say when it comes round again. */
async function bookRound(cashier: Cashier): Promise<Due[]> {
  const rounds: Due[] = [];
  for (const provider of cashier.providers.values()) {
    const idle = await cashier.ledger.read((book) => book.earliestAsk(provider.account));
    if (idle === undefined || idle > cashier.clock.now()) continue;
    rounds.push(...(await cashier.ledger.write((book) => bookProvider(cashier, book, provider))));
  }
  return rounds;
}

async function bookProvider(cashier: Cashier, book: Book, provider: PaymentProvider): Promise<Due[]> {
  const now = cashier.clock.now();
  const pace = `pace ${provider.account}`;
  let free = Math.max(now, Number((await book.meta(pace)) ?? 0));
  const room = Math.floor((now + ROUND_MS - free) / PACE_MS);
  const booked: Due[] = [];
  const place = () => {
    const at = free;
    free += PACE_MS;
    return at;
  };
  const random = () => (cashier.randomBytes(1)[0] ?? 0) / 256;
  for (const order of await book.ordersToAsk(provider.account, now, room)) {
    await book.schedule(order, nextOrderAsk(order, now, random()));
    if (!isBeingSent(cashier, order)) booked.push({ kind: 'order', order, at: place() });
  }
  for (const { order, refund } of await book.refundsToAsk(provider.account, now, room - booked.length)) {
    await book.schedule(refund, nextRefundAsk(refund, provider.refundRules.askAfterMs, now, random()));
    if (!isBeingSent(cashier, refund)) booked.push({ kind: 'refund', order, refund, at: place() });
  }
  if (booked.length > 0) await book.setMeta(pace, String(free));
  return booked;
}

/** What cannot be learned now is asked again by the schedule; a settler never gives up and never shouts. */
async function settleAt(cashier: Cashier, due: Due, signal: AbortSignal): Promise<void> {
  await cashier.clock.sleep(Math.max(0, due.at - cashier.clock.now()), signal);
  if (signal.aborted) return;
  try {
    if (due.kind === 'order') await finishClosing(cashier, await askTrade(cashier, due.order));
    else await settleRefund(cashier, due.order, due.refund);
  } catch (error) {
    const facts = {
      outTradeNo: due.order.outTradeNo,
      error: error instanceof Error ? error.message : String(error),
    };
    if (isGatewayError(error)) cashier.log.info('settler: no answer', facts);
    else cashier.log.error('settler', facts);
  }
}
