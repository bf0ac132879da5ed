import { wholeSecond } from '../domain/clock.ts';
import { defined } from '../domain/defined.ts';
import type { Fen } from '../domain/money.ts';
import type { RefundTerms } from '../domain/order.ts';
import type { Book } from '../ledger/book.ts';
import type { ApprovalRecord, OrderRecord, RefundRecord } from '../ledger/records.ts';
import { elsewhereOf, isDeclined, isElsewhere } from '../ledger/refunded.ts';
import type { PaymentProvider } from '../providers/contract.ts';
import { gatewaysNumberOf } from './ask-gateway.ts';
import { isNewNumber, NEVER_SENT, newNumber } from './beginnings.ts';
import { conflict } from './errors.ts';
import type { RefundPaymentInput } from './inputs.ts';
import { concluded } from './outcome.ts';
import { permit } from './permit.ts';
import {
  insistGatewayRules,
  insistInterval,
  insistNotExecuting,
  insistOneAtATime,
  insistWithinPaid,
  merchantScopeOf,
  notAllowed,
  REFUNDED_ELSEWHERE,
} from './refund-rules.ts';
import { digest, ownOrderIn, type RefundResult, refundResult } from './results.ts';
import { claim, isBeingSent, whenFree } from './sending.ts';
import { type Errand, providerOf } from './till.ts';

/** What the reservation found there is still to do. Everything in it is committed. */
export interface ReservedRefund {
  /** `send` the first time; the same bytes again to `settle` a lost answer. */
  readonly todo: 'send' | 'settle';
  readonly order: OrderRecord;
  readonly refund: RefundRecord;
  readonly replayed: boolean;
  /** A person's yes that this very send uses up. */
  readonly approval?: ApprovalRecord | undefined;
}

/** A reservation inside its transaction. */
interface Reserving extends Errand {
  readonly book: Book;
}

/** Finds what a call means, checks everything, and commits the intent where there is something to send. Sends nothing. */
export function reserveRefund(
  errand: Errand,
  input: RefundPaymentInput,
): Promise<ReservedRefund | RefundResult> {
  const { till } = errand;
  return whenFree(till, () => till.ledger.write((book) => reserve({ ...errand, book }, input)));
}

async function reserve(
  at: Reserving,
  input: RefundPaymentInput,
): Promise<ReservedRefund | RefundResult | 'busy'> {
  const { till, call, book } = at;
  const order = await ownOrderIn(book, call, input.outTradeNo);
  const refunds = await book.refunds.ofOrder(order.outTradeNo);
  const inputHash = digest(input.refundFen, input.reason);
  const first =
    input.outRefundNo === undefined
      ? firstOfSum(refunds, input.refundFen)
      : refunds.find((refund) => refund.outRefundNo === input.outRefundNo);
  if (first) {
    if (input.outRefundNo !== undefined && first.inputHash !== inputHash) throw conflict('outRefundNo');
    return proceed(at, order, first, true);
  }
  const merchantScope = await freeScope(book, providerOf(till, order), input.outRefundNo);
  const now = till.clock.now();
  const refund: RefundRecord = {
    outTradeNo: order.outTradeNo,
    outRefundNo: input.outRefundNo ?? newNumber(till, 'R'),
    merchantScope,
    caller: call.caller,
    amountFen: input.refundFen,
    reason: input.reason,
    ...NEVER_SENT,
    state: 'PENDING_APPROVAL',
    gatewayRefundNo: undefined,
    inputHash,
    createdAt: now,
    updatedAt: now,
  };
  insistWithinPaid(order, refunds, refund);
  await book.refunds.insert(refund);
  return proceed(at, order, refund, false);
}

/**
 * The one that a call without a number stands for. One that has its number from here came before all others of that sum,
 * whatever the clocks say: with another of them there it would not have been made.
 */
function firstOfSum(refunds: readonly RefundRecord[], amountFen: Fen): RefundRecord | undefined {
  const same = refunds.filter((refund) => refund.amountFen === amountFen && !isElsewhere(refund));
  return same.find(({ outRefundNo }) => isNewNumber(outRefundNo, 'R')) ?? same[0];
}

/** What a recorded refund still needs. */
async function proceed(
  at: Reserving,
  order: OrderRecord,
  refund: RefundRecord,
  replayed: boolean,
): Promise<ReservedRefund | RefundResult | 'busy'> {
  const { till, book } = at;
  if (isBeingSent(till, refund)) return 'busy';
  if (refund.state === 'PENDING_APPROVAL') return commitIntent(at, order, refund, replayed);
  if (isDeclined(refund)) {
    const reopened = await book.refunds.move(refund, 'reopened', {
      declinedCode: undefined,
      sentAt: undefined,
    });
    return commitIntent(at, order, reopened, replayed);
  }
  // PROCESSING too: Alipay accepts some refunds that then never come about, and wants the same number again.
  if (refund.state === 'UNKNOWN' || refund.state === 'PROCESSING') {
    return { todo: 'settle', order, refund: await book.refunds.patch(refund, claim(till)), replayed };
  }
  return tell(at, order, refund, replayed);
}

/** There is nothing to send: what stands is the answer. */
function tell(
  { book, call }: Reserving,
  order: OrderRecord,
  refund: RefundRecord,
  replayed: boolean,
): Promise<RefundResult> {
  return concluded(book, call, refundResult(book, call, order, refund, replayed));
}

/** The last gate before a gateway: everything is checked in the transaction that commits the intent. */
async function commitIntent(
  at: Reserving,
  order: OrderRecord,
  refund: RefundRecord,
  replayed: boolean,
): Promise<ReservedRefund | RefundResult> {
  const { till, call, book } = at;
  const provider = providerOf(till, order);
  const now = till.clock.now();
  const others = (await book.refunds.ofOrder(order.outTradeNo)).filter(
    (other) => other.outRefundNo !== refund.outRefundNo,
  );
  insistWithinPaid(order, others, refund);
  insistOneAtATime(till, others);
  insistGatewayRules(provider, order, others, now);
  const { provider: wallet, scene } = order;
  const elsewhere = elsewhereOf(order, others);
  const isServers = call.owed !== undefined || call.overdue !== undefined;
  if (elsewhere === 'unknown' && isServers) throw notAllowed(REFUNDED_ELSEWHERE, 'unknown');
  const permitted = await permit(till, book, call, 'refund', {
    ...refund,
    provider: wallet,
    scene,
    // How much is left cannot be known here; a person can look it up.
    needsPerson: elsewhere === 'unknown' ? REFUNDED_ELSEWHERE : undefined,
  });
  if (!permitted) return tell(at, order, await book.refunds.again(refund), replayed);
  const merchantScope = refund.merchantScope ?? (await freeScope(book, provider, refund.outRefundNo));
  insistInterval(provider, others, now);
  // A person may give anything back at any time.
  if (!permitted.approval) insistNotExecuting(order, await book.paidCalls.ofOrder(order.outTradeNo), now);
  // From now on it could be taken for this one.
  if (elsewhere === 'unknown') await book.orders.patch(order, { gatewayRefunded: 'elsewhere' });
  const sent = await book.refunds.move(
    refund,
    'sent',
    {
      // With another time the number would be another refund, and what ended this one may have been wrong.
      plan:
        (provider.timedNumbers && refund.plan) || provider.planRefund(termsOf(order, refund, provider, now)),
      merchantScope,
      sentAt: now,
      askAt: now + (provider.refundRules.askAfterMs[0] ?? 0),
      asked: 0,
      ...permitted.counts,
      ...claim(till),
    },
    permitted.allowed,
  );
  return { todo: 'send', order, refund: sent, replayed, approval: permitted.approval };
}

/**
 * In which the gateway wants a number once, where no other refund has it there; one of our own making nobody has.
 * Throws IDEMPOTENCY_CONFLICT.
 */
async function freeScope(
  book: Book,
  provider: PaymentProvider,
  outRefundNo: string | undefined,
): Promise<string | undefined> {
  const scope = merchantScopeOf(provider);
  if (scope === undefined || outRefundNo === undefined) return scope;
  if (await book.refunds.byMerchant(scope, outRefundNo)) throw conflict('outRefundNo');
  return scope;
}

/** The terms as the gateway gets them; `now` (ms) only matters until the first send fixes them. */
export function termsOf(
  order: OrderRecord,
  refund: RefundRecord,
  provider: Pick<PaymentProvider, 'refundRules'>,
  now: number,
): RefundTerms {
  const { outTradeNo, outRefundNo, amountFen: refundFen, reason } = refund;
  const sentAt = wholeSecond(refund.sentAt ?? now);
  const gatewayTradeNo = gatewaysNumberOf(order, provider);
  return defined({
    outTradeNo,
    outRefundNo,
    refundFen,
    totalFen: order.amountFen,
    sentAt,
    reason,
    gatewayTradeNo,
  });
}
