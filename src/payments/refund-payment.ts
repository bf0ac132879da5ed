import { CashierError } from '../domain/errors.ts';
import type { Fen } from '../domain/money.ts';
import type { OrderRecord, RefundRecord } from '../ledger/records.ts';
import { isSettledRefund } from '../ledger/refund-machine.ts';
import { sum } from '../ledger/refunded.ts';
import { insistNotFrozen, isFrozen } from '../policy/decisions.ts';
import { GatewayUnavailable, OutcomeUnknown, type RefundSnapshot } from '../providers/contract.ts';
import { applyRefund, applyRefundedTotal, isGivenOut } from './apply.ts';
import { askRefund, type Turn } from './ask-gateway.ts';
import { clientError, failureOf, isGatewayError, notChosen } from './errors.ts';
import { orderToMove } from './foreign.ts';
import type { RefundPaymentInput } from './inputs.ts';
import { ownOfferIn } from './offers.ts';
import { concluded } from './outcome.ts';
import { endApproval } from './permit.ts';
import { queryPayment } from './query-payment.ts';
import { exceedsOrder, insistWithinPaid } from './refund-rules.ts';
import { type ReservedRefund, reserveRefund, termsOf } from './reserve-refund.ts';
import { type RefundResult, refundResult, tellRefund } from './results.ts';
import {
  asFreeze,
  claim,
  isBeingSent,
  isStillOurs,
  record,
  release,
  releaseOurs,
  whileOurs,
} from './sending.ts';
import { type Call, type Errand, providerOf, type Till } from './till.ts';

/**
 * Gives money back, once per number: rules, a person's yes, sum and intent in one transaction, then the gateway, then
 * the fact. A lost answer leaves it UNKNOWN, holding its sum, until the same number is settled.
 *
 * Throws ORDER_NOT_FOUND, NOT_PAID, REFUND_EXCEEDS_PAID, REFUND_NOT_ALLOWED, IDEMPOTENCY_CONFLICT, TRY_LATER,
 * POLICY_DENIED, OUTCOME_UNKNOWN (another refund of the order is in doubt), GATEWAY_DECLINED, GATEWAY_UNAVAILABLE,
 * CONFIGURATION.
 */
export async function refundPayment(
  till: Till,
  call: Call,
  input: RefundPaymentInput,
): Promise<RefundResult> {
  const errand = { till, call };
  const offered = await till.ledger.read((book) => ownOfferIn(book, call, input.outTradeNo));
  if (offered)
    throw input.refundFen > offered.amountFen ? exceedsOrder(offered) : notChosen(input.outTradeNo);
  const known = await orderToMove(till, call, input);
  providerOf(till, known);
  if (input.refundFen > known.amountFen) await refuseMore(till, known, input.refundFen);
  if (known.state !== 'PAID') await insistPaid(errand, known);
  const reserved = await reserveRefund(errand, input);
  if (!('todo' in reserved)) return reserved;
  return reserved.todo === 'settle' ? settle(errand, reserved) : send(errand, reserved);
}

/** More than the order is refused before anything else is looked at, and told by what of it is paid and held. */
async function refuseMore({ ledger }: Till, order: OrderRecord, amountFen: Fen): Promise<void> {
  if (order.state !== 'PAID') throw exceedsOrder(order);
  const refunds = await ledger.read((book) => book.refunds.ofOrder(order.outTradeNo));
  insistWithinPaid(order, refunds, { amountFen });
}

/** The buyer may have paid a moment ago: the gateway is asked before anyone is told otherwise. */
async function insistPaid({ till, call }: Errand, order: OrderRecord): Promise<void> {
  const { outTradeNo } = order;
  const asked = await queryPayment(till, call, { outTradeNo, waitSeconds: 0 });
  if (asked.order.state === 'PAID') return;
  throw new CashierError('NOT_PAID', {
    zh: '订单没有付款，无款可退；没有资金变动。',
    en: 'The order is not paid, there is nothing to refund; no money moved.',
    next: {
      zh: '用 query-payment 确认付款后再退款。',
      en: 'Confirm the payment with query-payment first.',
    },
    details: { outTradeNo, state: asked.order.state },
  });
}

/**
 * Settles a refund that is not final, of the settler's own accord: asks, and where the gateway still does not know it
 * at the second question sends the committed bytes again, unless it has refused them. Does nothing beside another sender.
 * Its question has had its turn.
 * Throws the three errors of the provider port, and CashierError as {@link refundPayment}.
 */
export async function settleRefund(till: Till, order: OrderRecord, refund: RefundRecord): Promise<void> {
  if (refund.asked < 1 || refund.state === 'ABNORMAL' || refund.declinedCode !== undefined) {
    await askRefund(till, order, refund, 'has-turn');
    return;
  }
  const claimed = await till.ledger.write(async (book) => {
    const current = await book.refunds.get(refund.outTradeNo, refund.outRefundNo);
    const open = current?.state === 'UNKNOWN' || current?.state === 'PROCESSING';
    return open && !isBeingSent(till, current) ? book.refunds.patch(current, claim(till)) : undefined;
  });
  if (!claimed) return;
  const errand = { till, call: { caller: refund.caller } };
  await settle(errand, { todo: 'settle', order, refund: claimed, replayed: true }, 'has-turn');
}

/** The answer to an earlier send was lost: ask, and where it never arrived send the same bytes under the same number. */
async function settle(errand: Errand, reserved: ReservedRefund, turn?: Turn): Promise<RefundResult> {
  const { till } = errand;
  const { order, refund, replayed } = reserved;
  let exists: boolean;
  try {
    ({ exists } = await askRefund(till, order, refund, turn));
  } catch (error) {
    await release(till, refund);
    if (error instanceof OutcomeUnknown || error instanceof GatewayUnavailable)
      return tellRefund(errand, order, refund, replayed);
    throw isGatewayError(error) ? clientError(error, inDoubtStands(refund), numbers(refund)) : error;
  }
  const again = exists ? undefined : await claimAgain(till, reserved);
  if (again) return send(errand, { ...reserved, refund: again });
  await release(till, refund);
  return tellRefund(errand, order, refund, replayed);
}

/**
 * Before the same bytes go out again: a claim of their own, unless somebody else is at it by now or another refund of
 * the order is in doubt.
 */
async function claimAgain(till: Till, { order, refund }: ReservedRefund): Promise<RefundRecord | undefined> {
  return till.ledger.write(async (book) => {
    const refunds = await book.refunds.ofOrder(order.outTradeNo);
    const known = refunds.find((other) => other.outRefundNo === refund.outRefundNo);
    if (!known || isSettledRefund(known.state) || !isGivenOut(order)) return undefined;
    if (isBeingSent(till, known) && !isStillOurs(known, refund)) return undefined;
    const inDoubt = refunds.some(
      (other) => other !== known && (other.state === 'UNKNOWN' || isBeingSent(till, other)),
    );
    if (inDoubt || (await book.operator.freeze())) return undefined;
    return book.refunds.patch(known, {
      ...claim(till),
      sentAt: till.clock.now(),
      declinedCode: undefined,
    });
  });
}

/** Sends the committed plan and commits what came of it. */
async function send(errand: Errand, reserved: ReservedRefund): Promise<RefundResult> {
  const { till, call } = errand;
  const { order, refund, replayed } = reserved;
  let snapshot: RefundSnapshot;
  try {
    const refunds = await till.ledger.read(async (book) => {
      // A freeze counts within a second, however long it took from the commit to here.
      await insistNotFrozen(book);
      return book.refunds.ofOrder(order.outTradeNo);
    });
    const isThis = ({ outRefundNo }: RefundRecord) => outRefundNo === refund.outRefundNo;
    // Whoever slept until another took over, or a person said that it never happened, sends nothing any more.
    const current = refunds.find(isThis);
    if (!current || isSettledRefund(current.state) || !isStillOurs(current, refund)) {
      await release(till, refund);
      return tellRefund(errand, order, refund, replayed);
    }
    const before = sum(refunds.filter((other) => other.state === 'SUCCESS' && !isThis(other)));
    const provider = providerOf(till, order);
    const terms = { ...termsOf(order, refund, provider, refund.createdAt), refundedBeforeFen: before };
    snapshot = await provider.sendRefund(terms, refund.plan ?? '', whileOurs(till, refund));
  } catch (error) {
    return sendFailed(errand, reserved, await asFreeze(till, error));
  }
  return record(till, refund, async (book) => {
    const current = await book.refunds.again(refund);
    const released = await book.refunds.patch(current, releaseOurs(current, refund));
    const known = await applyRefund(book, released, snapshot, providerOf(till, order));
    const total = snapshot.exists ? snapshot.refundedFen : undefined;
    const orderNow = await applyRefundedTotal(book, await book.orders.again(order), total);
    return concluded(book, call, refundResult(book, call, orderNow, known, replayed));
  });
}

/**
 * Only a proof that nothing was accepted frees the sum; anything less leaves the refund UNKNOWN (Law 2). After a lost
 * answer a refusal is none: it may be the effect of the very refund in doubt, whatever a lagging replica says of it.
 */
async function sendFailed(errand: Errand, reserved: ReservedRefund, thrown: unknown): Promise<RefundResult> {
  const { till } = errand;
  const { order, refund, replayed, todo, approval } = reserved;
  const failure = failureOf(thrown);
  if (!failure) {
    await release(till, refund);
    throw thrown;
  }
  const { error, code, refused } = failure;
  const notSent = failure.notSent && todo === 'send';
  const ends = notSent || (refused !== undefined && refused !== 'number-conflict' && todo === 'send');
  const { nothingDone, ours } = await record(till, refund, async (book) => {
    const current = await book.refunds.again(refund);
    const mine = isStillOurs(current, refund);
    await book.event(refund, 'send-failed', { error: error.name, code });
    const released = await book.refunds.patch(current, releaseOurs(current, refund));
    if (!mine || !ends) {
      // It holds its sum, and is only asked about until somebody wants it sent again.
      if (mine && refused) await book.refunds.patch(released, { declinedCode: code });
      return { nothingDone: false, ours: mine };
    }
    const ended = await book.refunds.move(released, 'declined', {
      declinedCode: code,
      ...(notSent ? { sentAt: undefined } : {}),
    });
    if (approval) await endApproval(book, approval, notSent ? undefined : code);
    return { nothingDone: ended.state === 'CLOSED', ours: mine };
  });
  till.log.warn('refund-payment failed at the gateway', { ...numbers(refund), error: error.message });
  if (isFrozen(error)) throw error;
  if (failure.inDoubt || !ours) return tellRefund(errand, order, refund, replayed);
  const nothing = { zh: '没有退款，没有资金变动', en: 'nothing was refunded and no money moved' };
  throw clientError(error, nothingDone ? nothing : inDoubtStands(refund), numbers(refund));
}

function numbers(refund: RefundRecord): { outTradeNo: string; outRefundNo: string } {
  return { outTradeNo: refund.outTradeNo, outRefundNo: refund.outRefundNo };
}

function inDoubtStands(refund: RefundRecord): { zh: string; en: string } {
  return {
    zh: `退款 ${refund.outRefundNo} 的结果待确认，金额仍被占用`,
    en: `refund ${refund.outRefundNo} has an unknown result and keeps its sum`,
  };
}
