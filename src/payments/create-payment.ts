import type { Fen } from '../domain/money.ts';
import type { Credential, ProviderId, Scene } from '../domain/order.ts';
import type { OrderRecord } from '../ledger/records.ts';
import { isSettledOrder } from '../ledger/trade-machine.ts';
import { insistNotFrozen, isFrozen } from '../policy/decisions.ts';
import {
  type DeclineReason,
  GatewayDeclined,
  GatewayUnavailable,
  OutcomeUnknown,
} from '../providers/contract.ts';
import { isGivenOut } from './apply.ts';
import { askTrade } from './ask-gateway.ts';
import { type Call, type Cashier, chooseProvider, type Errand, providerOf } from './cashier.ts';
import {
  clientError,
  failureOf,
  identicalInDoubt,
  isGatewayError,
  numberTaken,
  orderClosed,
  sceneNotOffered,
} from './errors.ts';
import { endApproval } from './permit.ts';
import {
  canBePaid,
  isFinal,
  type ReservedPayment,
  reserveApproved,
  reservePayment,
  termsOf,
} from './reserve-payment.ts';
import { type PaymentResult, paymentResult, tellPayment } from './results.ts';
import { claim, isBeingSent, isStillOurs, record, release, releaseOurs } from './sending.ts';

export interface CreatePaymentInput {
  readonly provider?: ProviderId | undefined;
  readonly scene: Scene;
  readonly amountFen: Fen;
  readonly title: string;
  readonly outTradeNo?: string | undefined;
  /** Any stable id of the person or conversation; only its hash is kept. */
  readonly buyer?: string | undefined;
  readonly expiresInMinutes: number;
  readonly payerOpenid?: string | undefined;
  readonly payerClientIp?: string | undefined;
}

/**
 * Creates a payment, or continues or repeats the one that the number (or the buyer) stands for: intent, gateway,
 * fact, each committed before the next.
 *
 * Throws INVALID_ARGUMENT, IDEMPOTENCY_CONFLICT, POLICY_DENIED, TRY_LATER, GATEWAY_DECLINED, GATEWAY_UNAVAILABLE,
 * OUTCOME_UNKNOWN (the buyer's identical payment is in doubt), ORDER_CLOSED, CONFIGURATION.
 */
export async function createPayment(
  cashier: Cashier,
  call: Call,
  input: CreatePaymentInput,
): Promise<PaymentResult> {
  const errand = { cashier, call };
  const provider = chooseProvider(cashier, input.provider);
  if (!provider.scenes.has(input.scene)) throw sceneNotOffered(provider, input.scene);
  let reserved = await reservePayment(errand, provider, input);
  if (reserved.todo === 'settle-first') {
    await learn(cashier, reserved.order);
    reserved = await reservePayment(errand, provider, input);
    if (reserved.todo === 'settle-first') throw identicalInDoubt(reserved.order);
  }
  switch (reserved.todo) {
    case 'answer':
      return tellPayment(errand, reserved.order, reserved.replayed);
    case 'settle':
      return settle(errand, reserved, input);
    default:
      return send(errand, reserved);
  }
}

/**
 * Sends a payment that a person has approved ({@link Call.approval}), in the name of the caller that asked for it.
 * Does nothing where it does not wait for that any more. Throws as {@link createPayment}, and ORDER_NOT_FOUND.
 */
export async function sendApproved(cashier: Cashier, call: Call, outTradeNo: string): Promise<PaymentResult> {
  const errand = { cashier, call };
  const reserved = await reserveApproved(errand, outTradeNo);
  return reserved.todo === 'send'
    ? send(errand, reserved)
    : tellPayment(errand, reserved.order, reserved.replayed);
}

/** The answer to an earlier send was lost, or the time is up: ask, and where it never arrived send the same bytes. */
async function settle(
  errand: Errand,
  reserved: ReservedPayment,
  input: CreatePaymentInput,
): Promise<PaymentResult> {
  const { cashier, call } = errand;
  const { order } = reserved;
  let known: OrderRecord;
  let foreign: boolean;
  try {
    ({ order: known, foreign } = await askTrade(cashier, order));
  } catch (error) {
    await release(cashier, order);
    if (error instanceof OutcomeUnknown || error instanceof GatewayUnavailable)
      return tellPayment(errand, order, reserved.replayed);
    throw isGatewayError(error) ? clientError(error, STANDS, { outTradeNo: order.outTradeNo }) : error;
  }
  const now = cashier.clock.now();
  // Nobody can pay ours, and the number is another system's: there is nothing to wait for.
  if (foreign && !isGivenOut(known)) {
    await giveUp(cashier, order);
    throw numberTaken(order.outTradeNo, 'gateway');
  }
  const open = known.state === 'UNKNOWN' || (known.state === 'NOTPAY' && !canBePaid(known.credential, now));
  if (open && !known.closing && (known.expiresAt ?? 0) > now) {
    const claimed = await claimAgain(cashier, order);
    if (claimed) return send(errand, { ...reserved, order: claimed });
  }
  await release(cashier, order);
  // A buyer's earlier payment turns out to be closed: the same wish is a new one. Paid, it is the answer.
  const closed = isFinal(known) && known.state !== 'PAID';
  if (input.outTradeNo === undefined && closed) return createPayment(cashier, call, input);
  return tellPayment(errand, order, reserved.replayed);
}

/** A question took its time; the send that follows gets a claim of its own, unless somebody else is at it by now. */
async function claimAgain(cashier: Cashier, order: OrderRecord): Promise<OrderRecord | undefined> {
  return cashier.ledger.write(async (book) => {
    const current = await book.orders.again(order);
    if (isBeingSent(cashier, current) && !isStillOurs(current, order)) return undefined;
    if (await book.operator.freeze()) return undefined;
    return book.orders.patch(current, claim(cashier));
  });
}

/** Sends the committed plan and commits what came of it. */
async function send(errand: Errand, sending: ReservedPayment): Promise<PaymentResult> {
  const { cashier, call } = errand;
  const { order, replayed } = sending;
  let credential: Credential;
  try {
    // A freeze counts within a second, however long it took from the commit to here.
    await cashier.ledger.read(insistNotFrozen);
    const terms = termsOf(order, order.createdAt);
    credential = await providerOf(cashier, order).sendPayment(terms, order.plan ?? '');
  } catch (error) {
    return sendFailed(errand, sending, error);
  }
  return record(cashier, order, async (book) => {
    const current = await book.orders.again(order);
    // Closed while its sender slept, a code or link is not given out any more, and stays worth nothing.
    const tooLate = !isGivenOut(current) && isSettledOrder(current.state);
    const given = { ...(tooLate ? {} : { credential }), ...releaseOurs(current, order) };
    const moved = await book.orders.move(current, 'notpay', given);
    const known = moved === current ? await book.orders.patch(current, given) : moved;
    return paymentResult(book, call, known, replayed);
  });
}

const ABOUT_NUMBER: readonly DeclineReason[] = ['already-paid', 'closed', 'number-conflict'];

/** Only a proof that nothing of ours exists at the gateway ends an order; anything less leaves it UNKNOWN (Law 2). */
async function sendFailed(errand: Errand, sending: ReservedPayment, thrown: unknown): Promise<PaymentResult> {
  const { cashier } = errand;
  const { order, todo, approval } = sending;
  const { outTradeNo } = order;
  const failure = failureOf(thrown);
  if (!failure) {
    await release(cashier, order);
    throw thrown;
  }
  const { error, code, notSent, refused } = failure;
  const taken = error instanceof GatewayDeclined && ABOUT_NUMBER.includes(error.reason);
  const nothingOfOurs = await record(cashier, order, async (book) => {
    const current = await book.orders.again(order);
    const ours = isStillOurs(current, order);
    await book.event({ outTradeNo }, 'send-failed', { error: error.name, code });
    const released = await book.orders.patch(current, releaseOurs(current, order));
    // The very same bytes are refused as another's: the number is not ours, and nobody has a code of it.
    if (ours && todo !== 'send' && taken && refused && !isGivenOut(current)) {
      await book.orders.move(released, 'closed', { closing: false });
      return true;
    }
    // After a lost answer, or with a code given out, a refusal of this call says nothing about the order.
    if (!ours || todo !== 'send' || !(notSent || refused)) return false;
    // A number that is taken was never ours: nobody may ask, close or refund by it, and no notification is about us.
    await book.orders.move(released, 'declined', {
      declinedCode: code,
      ...(notSent || taken ? { sentAt: undefined } : {}),
      ...(taken ? { plan: undefined } : {}),
    });
    if (approval) await endApproval(book, approval, notSent ? undefined : code);
    return true;
  });
  cashier.log.warn('create-payment failed at the gateway', { outTradeNo, error: error.message });
  if (isFrozen(error)) throw error;
  if (failure.inDoubt) return tellPayment(errand, order, sending.replayed);
  if (nothingOfOurs && refused === 'already-paid') throw numberTaken(outTradeNo, 'gateway');
  if (taken && !nothingOfOurs) {
    const known = await learn(cashier, order);
    if (known?.state === 'PAID') return tellPayment(errand, order, sending.replayed);
    if (known?.state === 'CLOSED') throw orderClosed(known);
  }
  const nothing = { zh: '没有生成支付单，没有资金变动', en: 'no payment was created and no money moved' };
  throw clientError(error, nothingOfOurs ? nothing : STANDS, { outTradeNo });
}

const STANDS = { zh: '没有资金变动', en: 'no money moved' };

/** Asks about an order in doubt; undefined when nothing can be learned just now. */
async function learn(cashier: Cashier, order: OrderRecord): Promise<OrderRecord | undefined> {
  try {
    return (await askTrade(cashier, order)).order;
  } catch (error) {
    if (isGatewayError(error)) return undefined;
    throw error;
  }
}

/** Ends an order that nobody has a code of. */
async function giveUp(cashier: Cashier, order: OrderRecord): Promise<void> {
  await record(cashier, order, async (book) => {
    const current = await book.orders.again(order);
    const released = await book.orders.patch(current, releaseOurs(current, order));
    if (!isGivenOut(current)) await book.orders.move(released, 'closed', { closing: false });
  });
}
