import { CashierError } from '../domain/errors.ts';
import { type Fen, fen } from '../domain/money.ts';
import type { Book } from '../ledger/book.ts';
import { isOfDebt } from '../ledger/owed.ts';
import { type OrderRecord, PAY_BACK, type RefundRecord } from '../ledger/records.ts';
import { holdsSum } from '../ledger/refund-machine.ts';
import { elsewhereOf, isDeclined, isElsewhere, sum } from '../ledger/refunded.ts';
import { askTrade } from './ask-gateway.ts';
import { refundPayment } from './refund-payment.ts';
import type { Call, Till } from './till.ts';

/** What the server gives back of an order of its own accord, at most, and under which number. */
export interface Back {
  readonly outTradeNo: string;
  readonly outRefundNo: string;
  readonly amountFen: Fen;
  /** What the buyer reads beside the money. */
  readonly reason: string;
}

/** Where it stands: all of it is back, something has to end first, or this is to be sent. */
export type Step =
  | 'settled'
  | 'waiting'
  | { readonly outRefundNo: string; readonly refundFen: Fen; readonly reason: string | undefined };

/**
 * Sends what is left of it, through the one verb by which money goes back. What others have refunded of the order
 * meanwhile, here or elsewhere, is left no more. Returns why nothing was sent, or nothing is known of it.
 */
export async function sendBack(till: Till, back: Back, by: Pick<Call, 'owed' | 'overdue'>): Promise<unknown> {
  const at = (book: Book) => stepIn(book, back);
  const { outTradeNo } = back;
  try {
    let { order, step } = await till.ledger.read(at);
    if (typeof step === 'object') {
      await askTrade(till, order);
      ({ order, step } = await till.ledger.read(at));
    }
    if (typeof step === 'object')
      await refundPayment(till, { caller: PAY_BACK, ...by }, { outTradeNo, ...step });
    return undefined;
  } catch (error) {
    const code = error instanceof CashierError ? error.code : String(error);
    till.log.info('not given back yet', { outTradeNo, outRefundNo: back.outRefundNo, code });
    return error;
  }
}

export async function stepIn(
  book: Book,
  back: Back,
): Promise<{ readonly order: OrderRecord; readonly refunds: readonly RefundRecord[]; readonly step: Step }> {
  const order = await book.orders.get(back.outTradeNo);
  if (!order) throw new Error('an order is never deleted');
  const refunds = await book.refunds.ofOrder(back.outTradeNo);
  return { order, refunds, step: stepOf(order, refunds, back) };
}

function stepOf(order: OrderRecord, refunds: readonly RefundRecord[], back: Back): Step {
  const ours = refunds.filter((refund) => !isElsewhere(refund));
  const open = ours.find(({ state }) => holdsSum(state) && state !== 'SUCCESS');
  if (open) {
    // Behind a lost answer a refusal proves nothing: only whoever wants it sent again has it sent again.
    const isRefused = open.state === 'UNKNOWN' && open.declinedCode !== undefined;
    return isRefused && isOfDebt(open, back.outRefundNo) ? again(open) : 'waiting';
  }
  const done = ours.filter(({ state }) => state === 'SUCCESS');
  const elsewhere = elsewhereOf(order, refunds);
  const left = Math.min(
    back.amountFen - sum(done.filter((refund) => isOfDebt(refund, back.outRefundNo))),
    order.amountFen - sum(done) - (elsewhere === 'unknown' ? 0 : (elsewhere ?? 0)),
  );
  if (left <= 0) return 'settled';
  for (let n = 1; ; n++) {
    const numbers = n === 1 ? [back.outRefundNo] : ['_', 'N'].map((by) => `${back.outRefundNo}${by}${n}`);
    const known = refunds.find((refund) => numbers.includes(refund.outRefundNo));
    const outRefundNo = known?.outRefundNo ?? numbers.at(-1) ?? back.outRefundNo;
    if (!known) return { outRefundNo, refundFen: fen(left), reason: back.reason };
    // What is over for good under one number, or was to be another sum, goes on under the next.
    const mayGoOn = isDeclined(known) || known.state === 'PENDING_APPROVAL';
    if (mayGoOn && known.amountFen === left) return again(known);
  }
}

function again({ outRefundNo, amountFen, reason }: RefundRecord): Exclude<Step, string> {
  return { outRefundNo, refundFen: amountFen, reason };
}

/**
 * Why it provably cannot be sent just now: a rule of the gateway's, what is known of the order, or the gateway's last
 * refusal of what was sent.
 */
export async function refusalOf(book: Book, back: Back, failure: unknown): Promise<string | undefined> {
  if (failure instanceof CashierError && failure.code === 'REFUND_NOT_ALLOWED')
    return String(failure.details.rule);
  const refunds = await book.refunds.ofOrder(back.outTradeNo);
  return refunds.findLast((refund) => isOfDebt(refund, back.outRefundNo) && refund.sentAt !== undefined)
    ?.declinedCode;
}
