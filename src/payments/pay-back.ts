import { CashierError } from '../domain/errors.ts';
import { type Fen, fen } from '../domain/money.ts';
import type { Book } from '../ledger/book.ts';
import { isOfDebt } from '../ledger/owed.ts';
import {
  type OrderRecord,
  type OwedRecord,
  type OwedWhy,
  PAY_BACK,
  type RefundRecord,
} from '../ledger/records.ts';
import { holdsSum } from '../ledger/refund-machine.ts';
import { elsewhereOf, isDeclined, isElsewhere, sum } from '../ledger/refunded.ts';
import { isHome } from '../providers/contract.ts';
import { askTrade } from './ask-gateway.ts';
import { refundPayment } from './refund-payment.ts';
import { isFrozenNow } from './sending.ts';
import type { Call, Till } from './till.ts';

/** How often (ms) the ledger is looked at for what is due. */
const LOOK_EVERY_MS = 1_000;
/** How many are taken up in one look, and how many are at a gateway at once. */
const MOST_AT_ONCE = 8;
/** How long (ms) nobody else takes up what somebody has: a question and a refund, as slow as they may be, and some. */
const TAKEN_MS = 120_000;
/** How long (ms) one rests that is not settled; doubled each time, to the longest. */
const FIRST_REST_MS = 15_000;
const LONGEST_REST_MS = 3_600_000;

/** What the buyer reads beside the money. */
const REASON: Readonly<Record<OwedWhy, string>> = {
  trial: '体验版自动退款',
  call: '服务未交付，自动退款',
  'paid-twice': '重复付款，自动退回',
};

/**
 * Pays back what the server owes, until `signal` aborts, through the one verb by which money goes back: without a person,
 * outside all limits, never above what was paid, and not while it is frozen. What is due is taken in a transaction, so
 * that it is one process's at a time; whoever is killed, or learns nothing, leaves it to whoever looks next, under the
 * same number. What others have refunded of the order meanwhile is owed no more.
 */
export async function runPayBacks(opened: Till, signal: AbortSignal): Promise<void> {
  const till = { ...opened, ledger: opened.ledger.as({ actor: PAY_BACK }) };
  const running = new Set<Promise<void>>();
  while (!signal.aborted) {
    const taken = await takeDue(till, MOST_AT_ONCE - running.size).catch((error: unknown) => {
      till.log.error('pay-back', { error: String(error) });
      return [];
    });
    for (const debt of taken) {
      const run = payBack(till, debt)
        .catch((error: unknown) => till.log.error('pay-back', { ...numbers(debt), error: String(error) }))
        .finally(() => running.delete(run));
      running.add(run);
    }
    await till.clock.sleep(LOOK_EVERY_MS, signal);
  }
  // What a gateway answers to the last of them is still recorded.
  await Promise.all(running);
}

/** Of the accounts that this process has the keys of. */
async function takeDue(till: Till, room: number): Promise<OwedRecord[]> {
  if (room <= 0) return [];
  const now = till.clock.now();
  const due = await till.ledger.read(async (book) => {
    const found: OwedRecord[] = [];
    for (const account of await book.owed.accounts()) {
      const isOurs = [...till.providers.values()].some((provider) => isHome(provider, account));
      if (isOurs) found.push(...(await book.owed.due(account, now, room)));
    }
    return found.slice(0, room);
  });
  if (due.length === 0 || (await isFrozenNow(till))) return [];
  const taken: OwedRecord[] = [];
  for (const debt of due) {
    const mine = await till.ledger.write((book) => book.owed.take(debt, now + TAKEN_MS));
    if (mine) taken.push(mine);
  }
  return taken;
}

/** Where a debt stands: all of it is back, something has to end first, or this is to be sent. */
type Step =
  | 'settled'
  | 'waiting'
  | { readonly outRefundNo: string; readonly refundFen: Fen; readonly reason: string | undefined };

async function payBack(till: Till, debt: OwedRecord): Promise<void> {
  const at = (book: Book) => stepIn(book, debt);
  let [order, step] = await till.ledger.read(at);
  let failure: unknown;
  try {
    if (typeof step === 'object') {
      // What was refunded elsewhere since is owed no more.
      await askTrade(till, order);
      [order, step] = await till.ledger.read(at);
    }
    if (typeof step === 'object') {
      const call: Call = { caller: PAY_BACK, owed: debt.outRefundNo };
      await refundPayment(till, call, { outTradeNo: debt.outTradeNo, ...step });
    }
  } catch (error) {
    failure = error;
    const code = error instanceof CashierError ? error.code : String(error);
    till.log.info('not paid back yet', { ...numbers(debt), code });
  }
  await till.ledger.write(async (book) => {
    const [, now] = await stepIn(book, debt);
    if (now === 'settled') return book.owed.settle(debt);
    const code = refusalOf(failure) ?? (await refusalIn(book, debt));
    if (code !== undefined) await book.owed.refused(debt, code);
    const rest = Math.min(FIRST_REST_MS * 2 ** Math.min(debt.tries - 1, 20), LONGEST_REST_MS);
    await book.owed.later(debt, till.clock.now() + rest);
  });
}

async function stepIn(book: Book, debt: OwedRecord): Promise<[OrderRecord, Step]> {
  const order = await book.orders.get(debt.outTradeNo);
  if (!order) throw new Error('an order is never deleted');
  return [order, stepOf(order, await book.refunds.ofOrder(debt.outTradeNo), debt)];
}

/** What is to be done about a debt, as far as the ledger knows. Exported for its test. */
export function stepOf(
  order: Pick<OrderRecord, 'amountFen' | 'gatewayRefunded'>,
  refunds: readonly RefundRecord[],
  debt: Pick<OwedRecord, 'outRefundNo' | 'amountFen' | 'why'>,
): Step {
  const ours = refunds.filter((refund) => !isElsewhere(refund));
  const open = ours.find(({ state }) => holdsSum(state) && state !== 'SUCCESS');
  if (open) {
    // Behind a lost answer a refusal proves nothing: only whoever wants it sent again has it sent again.
    const isRefused = open.state === 'UNKNOWN' && open.declinedCode !== undefined;
    return isRefused && isOfDebt(open, debt.outRefundNo) ? again(open) : 'waiting';
  }
  const back = ours.filter(({ state }) => state === 'SUCCESS');
  const elsewhere = elsewhereOf(order, refunds);
  const left = Math.min(
    debt.amountFen - sum(back.filter((refund) => isOfDebt(refund, debt.outRefundNo))),
    order.amountFen - sum(back) - (elsewhere === 'unknown' ? 0 : (elsewhere ?? 0)),
  );
  if (left <= 0) return 'settled';
  for (let n = 1; ; n++) {
    const outRefundNo = n === 1 ? debt.outRefundNo : `${debt.outRefundNo}_${n}`;
    const known = refunds.find((refund) => refund.outRefundNo === outRefundNo);
    if (!known) return { outRefundNo, refundFen: fen(left), reason: REASON[debt.why] };
    // What is over for good under one number, or was to be another sum, goes on under the next.
    const mayGoOn = isDeclined(known) || known.state === 'PENDING_APPROVAL';
    if (mayGoOn && known.amountFen === left) return again(known);
  }
}

function again({ outRefundNo, amountFen, reason }: RefundRecord): Exclude<Step, string> {
  return { outRefundNo, refundFen: amountFen, reason };
}

/** What a rule of the gateway's, or what is known of the order, says against it; the first of them is told. */
function refusalOf(error: unknown): string | undefined {
  const isRule = error instanceof CashierError && error.code === 'REFUND_NOT_ALLOWED';
  return isRule ? String(error.details.rule) : undefined;
}

/** The code of the gateway's last refusal of what was sent. */
async function refusalIn(book: Book, { outTradeNo, outRefundNo }: OwedRecord): Promise<string | undefined> {
  const refunds = await book.refunds.ofOrder(outTradeNo);
  return refunds.findLast((refund) => isOfDebt(refund, outRefundNo) && refund.sentAt !== undefined)
    ?.declinedCode;
}

function numbers({ outTradeNo, outRefundNo }: OwedRecord) {
  return { outTradeNo, outRefundNo };
}
