import { beijingIso } from '../domain/clock.ts';
import { CashierError } from '../domain/errors.ts';
import type { Fen } from '../domain/money.ts';
import type { RefundTerms } from '../domain/order.ts';
import type { Book } from '../ledger/book.ts';
import type { ApprovalRecord, OrderRecord, RefundRecord } from '../ledger/records.ts';
import { isSettledRefund } from '../ledger/refund-machine.ts';
import { elsewhereOf, isElsewhere, sum } from '../ledger/refunded.ts';
import { insistNotFrozen, isFrozen } from '../policy/decisions.ts';
import {
  GatewayDeclined,
  GatewayUnavailable,
  OutcomeUnknown,
  type PaymentProvider,
  type RefundSnapshot,
} from '../providers/contract.ts';
import { applyRefund, isGivenOut } from './apply.ts';
import { askRefund, type Turn } from './ask-gateway.ts';
import { type Call, type Cashier, providerOf } from './cashier.ts';
import { clientError, conflict, isGatewayError } from './errors.ts';
import { type OrderName, orderToMove } from './foreign.ts';
import { endApproval, permit } from './permit.ts';
import { queryPayment } from './query-payment.ts';
import {
  exceedsPaid,
  insistGatewayRules,
  insistInterval,
  insistOneAtATime,
  insistWithinPaid,
  merchantScopeOf,
  REFUNDED_ELSEWHERE,
} from './refund-rules.ts';
import { digest, ownOrderIn, type RefundResult, refundResult, withOwnApproval } from './results.ts';
import { claim, isBeingSent, isStillOurs, NEVER_SENT, record, releaseOurs, whenFree } from './sending.ts';

export interface RefundPaymentInput extends OrderName {
  readonly refundFen: Fen;
  readonly outRefundNo?: string | undefined;
  readonly reason?: string | undefined;
}

interface Reserved {
  readonly todo: 'answer' | 'send' | 'settle';
  readonly order: OrderRecord;
  readonly refund: RefundRecord;
  readonly replayed: boolean;
  /** A person's yes that this very send uses up. */
  readonly approval?: ApprovalRecord | undefined;
  /** Whether the question about it has had its turn. */
  readonly turn?: Turn;
}

/**
 * Gives money back, once per number: rules, a person's yes, sum and intent in one transaction, then the gateway, then
 * the fact. A lost answer leaves it UNKNOWN, holding its sum, until the same number is settled.
 *
 * Throws ORDER_NOT_FOUND, NOT_PAID, REFUND_EXCEEDS_PAID, REFUND_NOT_ALLOWED, IDEMPOTENCY_CONFLICT, TRY_LATER,
 * POLICY_DENIED, OUTCOME_UNKNOWN (another refund of the order is in doubt), GATEWAY_DECLINED, GATEWAY_UNAVAILABLE,
 * CONFIGURATION.
 */
export async function refundPayment(
  cashier: Cashier,
  call: Call,
  input: RefundPaymentInput,
): Promise<RefundResult> {
  return withOwnApproval(cashier.ledger, call, await refundOnce(cashier, call, input));
}

async function refundOnce(cashier: Cashier, call: Call, input: RefundPaymentInput): Promise<RefundResult> {
  const known = await orderToMove(cashier, call, input);
  const provider = providerOf(cashier, known);
  if (input.refundFen > known.amountFen) throw exceedsPaid(known.amountFen, 0 as Fen);
  if (known.state !== 'PAID') await insistPaid(cashier, call, known);
  const reserved = await whenFree(cashier, () =>
    cashier.ledger.write((book) => reserve(cashier, book, call, provider, input)),
  );
  switch (reserved.todo) {
    case 'answer':
      return cashier.ledger.read((book) =>
        refundResult(book, reserved.order, reserved.refund, reserved.replayed),
      );
    case 'settle':
      return settle(cashier, provider, reserved);
    case 'send':
      return send(cashier, provider, reserved);
  }
}

/** The buyer may have paid a moment ago: the gateway is asked before anyone is told otherwise. */
async function insistPaid(cashier: Cashier, call: Call, order: OrderRecord): Promise<void> {
  const { outTradeNo } = order;
  const asked = await queryPayment(cashier, call, { outTradeNo, waitSeconds: 0 });
  if (asked.order.state === 'PAID') return;
  throw new CashierError(
    'NOT_PAID',
    {
      zh: '订单没有付款，无款可退；没有资金变动。',
      en: 'The order is not paid, there is nothing to refund; no money moved.',
      next: {
        zh: '用 query-payment 确认付款后再退款。',
        en: 'Confirm the payment with query-payment first.',
      },
    },
    { outTradeNo, state: asked.order.state },
  );
}

/** One transaction: find what the call means, check everything, commit the intent. Sends nothing. */
async function reserve(
  cashier: Cashier,
  book: Book,
  call: Call,
  provider: PaymentProvider,
  input: RefundPaymentInput,
): Promise<Reserved | 'busy'> {
  const order = await ownOrderIn(book, call, input.outTradeNo);
  const refunds = await book.refunds.ofOrder(order.outTradeNo);
  const inputHash = digest(input.refundFen, input.reason);
  const first =
    input.outRefundNo === undefined
      ? refunds.find((refund) => refund.amountFen === input.refundFen && !isElsewhere(refund))
      : refunds.find((refund) => refund.outRefundNo === input.outRefundNo);
  if (first) {
    if (input.outRefundNo !== undefined && first.inputHash !== inputHash) throw conflict('outRefundNo');
    return proceed(cashier, book, call, provider, order, first, true);
  }
  const merchantScope = merchantScopeOf(provider);
  if (merchantScope !== undefined && input.outRefundNo !== undefined) {
    if (await book.refunds.byMerchant(merchantScope, input.outRefundNo)) throw conflict('outRefundNo');
  }
  const now = cashier.clock.now();
  const refund: RefundRecord = {
    outTradeNo: order.outTradeNo,
    outRefundNo: input.outRefundNo ?? newRefundNo(cashier),
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
  return proceed(cashier, book, call, provider, order, refund, false);
}

/** What a recorded refund still needs. */
async function proceed(
  cashier: Cashier,
  book: Book,
  call: Call,
  provider: PaymentProvider,
  order: OrderRecord,
  refund: RefundRecord,
  replayed: boolean,
): Promise<Reserved | 'busy'> {
  if (isBeingSent(cashier, refund)) return 'busy';
  if (refund.state === 'PENDING_APPROVAL')
    return commitIntent(cashier, book, call, provider, order, refund, replayed);
  if (refund.state === 'CLOSED' && refund.declinedCode !== undefined) {
    const reopened = await book.refunds.move(refund, 'reopened', {
      declinedCode: undefined,
      sentAt: undefined,
    });
    return commitIntent(cashier, book, call, provider, order, reopened, replayed);
  }
  // PROCESSING too: Alipay accepts some refunds that then never come about, and wants the same number again.
  if (refund.state === 'UNKNOWN' || refund.state === 'PROCESSING') {
    return { todo: 'settle', order, refund: await book.refunds.patch(refund, claim(cashier)), replayed };
  }
  return { todo: 'answer', order, refund, replayed };
}

/** The last gate before a gateway: everything is checked in the transaction that commits the intent. */
async function commitIntent(
  cashier: Cashier,
  book: Book,
  call: Call,
  provider: PaymentProvider,
  order: OrderRecord,
  refund: RefundRecord,
  replayed: boolean,
): Promise<Reserved> {
  const now = cashier.clock.now();
  const others = (await book.refunds.ofOrder(order.outTradeNo)).filter(
    (other) => other.outRefundNo !== refund.outRefundNo,
  );
  insistWithinPaid(order, others, refund);
  insistOneAtATime(cashier, others);
  insistGatewayRules(provider, order, others, now);
  const { provider: wallet, scene } = order;
  const elsewhere = elsewhereOf(order, others);
  const permitted = await permit(cashier, book, call, 'refund', {
    ...refund,
    provider: wallet,
    scene,
    // How much is left cannot be known here; a person can look it up.
    needsPerson: elsewhere === 'unknown' ? REFUNDED_ELSEWHERE : undefined,
  });
  if (!permitted) {
    const known = await book.refunds.get(refund.outTradeNo, refund.outRefundNo);
    return { todo: 'answer', order, refund: known ?? refund, replayed };
  }
  insistInterval(provider, others, now);
  // From now on it could be taken for this one.
  if (elsewhere === 'unknown') await book.orders.patch(order, { gatewayRefunded: 'elsewhere' });
  const sent = await book.refunds.move(refund, 'sent', {
    plan: provider.planRefund(termsOf(order, refund)),
    sentAt: now,
    askAt: now + (provider.refundRules.askAfterMs[0] ?? 0),
    asked: 0,
    ...permitted.counts,
    ...claim(cashier),
  });
  return { todo: 'send', order, refund: sent, replayed, approval: permitted.approval };
}

/**
 * Settles a refund that is not final, of the settler's own accord: asks, and where the gateway still does not know it
 * at the second question sends the committed bytes again, unless it has refused them. Does nothing beside another sender.
 * Its question has had its turn.
 * Throws the three errors of the provider port, and CashierError as {@link refundPayment}.
 */
export async function settleRefund(
  cashier: Cashier,
  order: OrderRecord,
  refund: RefundRecord,
): Promise<void> {
  if (refund.asked < 1 || refund.state === 'ABNORMAL' || refund.declinedCode !== undefined) {
    await askRefund(cashier, order, refund, 'has-turn');
    return;
  }
  const claimed = await cashier.ledger.write(async (book) => {
    const current = await book.refunds.get(refund.outTradeNo, refund.outRefundNo);
    const open = current?.state === 'UNKNOWN' || current?.state === 'PROCESSING';
    return open && !isBeingSent(cashier, current) ? book.refunds.patch(current, claim(cashier)) : undefined;
  });
  if (!claimed) return;
  await settle(cashier, providerOf(cashier, order), {
    todo: 'settle',
    order,
    refund: claimed,
    replayed: true,
    turn: 'has-turn',
  });
}

/** The answer to an earlier send was lost: ask, and where it never arrived send the same bytes under the same number. */
async function settle(
  cashier: Cashier,
  provider: PaymentProvider,
  reserved: Reserved,
): Promise<RefundResult> {
  const { order, refund } = reserved;
  let exists: boolean;
  try {
    ({ exists } = await askRefund(cashier, order, refund, reserved.turn));
  } catch (error) {
    await release(cashier, refund);
    if (error instanceof OutcomeUnknown || error instanceof GatewayUnavailable)
      return tell(cashier, reserved);
    throw isGatewayError(error) ? clientError(error, inDoubtStands(refund), numbers(refund)) : error;
  }
  const again = exists ? undefined : await claimAgain(cashier, reserved);
  if (!again) {
    await release(cashier, refund);
    return tell(cashier, reserved);
  }
  return send(cashier, provider, { ...reserved, todo: 'settle', refund: again });
}

/**
 * Before the same bytes go out again: a claim of their own, unless somebody else is at it by now or another refund of
 * the order is in doubt.
 */
async function claimAgain(cashier: Cashier, { order, refund }: Reserved): Promise<RefundRecord | undefined> {
  return cashier.ledger.write(async (book) => {
    const refunds = await book.refunds.ofOrder(order.outTradeNo);
    const known = refunds.find((other) => other.outRefundNo === refund.outRefundNo);
    if (!known || isSettledRefund(known.state) || !isGivenOut(order)) return undefined;
    if (isBeingSent(cashier, known) && !isStillOurs(known, refund)) return undefined;
    const inDoubt = refunds.some(
      (other) => other !== known && (other.state === 'UNKNOWN' || isBeingSent(cashier, other)),
    );
    if (inDoubt || (await book.operator.freeze())) return undefined;
    return book.refunds.patch(known, {
      ...claim(cashier),
      sentAt: cashier.clock.now(),
      declinedCode: undefined,
    });
  });
}

/** Sends the committed plan and commits what came of it. */
async function send(cashier: Cashier, provider: PaymentProvider, reserved: Reserved): Promise<RefundResult> {
  const { order, refund } = reserved;
  let snapshot: RefundSnapshot;
  try {
    const refunds = await cashier.ledger.read(async (book) => {
      // A freeze counts within a second, however long it took from the commit to here.
      await insistNotFrozen(book);
      return book.refunds.ofOrder(order.outTradeNo);
    });
    const isThis = ({ outRefundNo }: RefundRecord) => outRefundNo === refund.outRefundNo;
    // Whoever slept until another took over, or a person said that it never happened, sends nothing any more.
    const current = refunds.find(isThis);
    if (!current || isSettledRefund(current.state) || !isStillOurs(current, refund)) {
      await release(cashier, refund);
      return tell(cashier, reserved);
    }
    const before = sum(refunds.filter((other) => other.state === 'SUCCESS' && !isThis(other)));
    snapshot = await provider.sendRefund(
      { ...termsOf(order, refund), refundedBeforeFen: before },
      refund.plan ?? '',
    );
  } catch (error) {
    return sendFailed(cashier, reserved, error);
  }
  await record(cashier, refund, async (book) => {
    const current = (await book.refunds.get(refund.outTradeNo, refund.outRefundNo)) ?? refund;
    await applyRefund(book, await book.refunds.patch(current, releaseOurs(current, refund)), snapshot);
  });
  return tell(cashier, reserved);
}

/**
 * Only a proof that nothing was accepted frees the sum; anything less leaves the refund UNKNOWN (Law 2). After a lost
 * answer a refusal is none: it may be the effect of the very refund in doubt, whatever a lagging replica says of it.
 */
async function sendFailed(cashier: Cashier, reserved: Reserved, error: unknown): Promise<RefundResult> {
  const { refund, todo } = reserved;
  const frozen = isFrozen(error);
  if (!isGatewayError(error) && !frozen) {
    await release(cashier, refund);
    throw error;
  }
  const notSent = (frozen || error instanceof GatewayUnavailable) && todo === 'send';
  const limited = error instanceof GatewayDeclined && error.reason === 'rate-limited';
  const proven = error instanceof GatewayDeclined && error.proven && !limited;
  const refused = proven && error.reason !== 'number-conflict' && todo === 'send';
  const code = error instanceof GatewayDeclined ? error.gatewayCode : 'NOT_SENT';
  const { nothingDone, ours } = await record(cashier, refund, async (book) => {
    const current = (await book.refunds.get(refund.outTradeNo, refund.outRefundNo)) ?? refund;
    const mine = isStillOurs(current, refund);
    await book.event(refund.outTradeNo, refund.outRefundNo, 'send-failed', { error: error.name, code });
    const released = await book.refunds.patch(current, releaseOurs(current, refund));
    if (!mine || !(notSent || refused)) {
      // It holds its sum, and is only asked about until somebody wants it sent again.
      if (mine && proven) await book.refunds.patch(released, { declinedCode: code });
      return { nothingDone: false, ours: mine };
    }
    const ended = await book.refunds.move(released, 'declined', {
      declinedCode: code,
      ...(notSent ? { sentAt: undefined } : {}),
    });
    if (reserved.approval) await endApproval(book, reserved.approval, notSent ? undefined : code);
    return { nothingDone: ended.state === 'CLOSED', ours: mine };
  });
  cashier.log.warn('refund-payment failed at the gateway', { ...numbers(refund), error: error.message });
  if (isFrozen(error)) throw error;
  if (error instanceof OutcomeUnknown || limited || !ours) return tell(cashier, reserved);
  throw clientError(
    error,
    nothingDone
      ? { zh: '没有退款，没有资金变动', en: 'nothing was refunded and no money moved' }
      : inDoubtStands(refund),
    numbers(refund),
  );
}

/** The result as it is committed now. */
function tell(cashier: Cashier, { order, refund, replayed }: Reserved): Promise<RefundResult> {
  return cashier.ledger.read(async (book) =>
    refundResult(
      book,
      (await book.orders.get(order.outTradeNo)) ?? order,
      (await book.refunds.get(refund.outTradeNo, refund.outRefundNo)) ?? refund,
      replayed,
    ),
  );
}

async function release(cashier: Cashier, refund: RefundRecord): Promise<void> {
  await cashier.ledger.write(async (book) => {
    const known = await book.refunds.get(refund.outTradeNo, refund.outRefundNo);
    if (known) await book.refunds.patch(known, releaseOurs(known, refund));
  });
}

function termsOf(order: OrderRecord, refund: RefundRecord): RefundTerms {
  return {
    outTradeNo: order.outTradeNo,
    outRefundNo: refund.outRefundNo,
    refundFen: refund.amountFen,
    totalFen: order.amountFen,
    ...(refund.reason === undefined ? {} : { reason: refund.reason }),
  };
}

/** As an order's number, with `R`. */
function newRefundNo(cashier: Cashier): string {
  const time = beijingIso(cashier.clock.now()).slice(0, 19).replace(/\D/g, '');
  return `R${time}${cashier.randomBytes(5).toString('hex').toUpperCase()}`;
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
