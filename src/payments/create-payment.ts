import type { Credential } from '../domain/order.ts';
import { isSettledOrder } from '../ledger/order-machine.ts';
import type { OrderRecord } from '../ledger/records.ts';
import { insistNotFrozen, isFrozen } from '../policy/decisions.ts';
import {
  type DeclineReason,
  GatewayDeclined,
  GatewayUnavailable,
  OutcomeUnknown,
} from '../providers/contract.ts';
import { isGivenOut } from './apply.ts';
import { type AskedTrade, askTrade } from './ask-gateway.ts';
import { finishClosing } from './close-payment.ts';
import {
  clientError,
  failureOf,
  identicalInDoubt,
  isGatewayError,
  numberTaken,
  orderClosed,
  sceneNotOffered,
} from './errors.ts';
import type { CreatePaymentInput } from './inputs.ts';
import { concluded } from './outcome.ts';
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
import { type Call, chooseProvider, type Errand, providerOf, type Till } from './till.ts';

/**
 * Creates a payment, or continues or repeats the one that the number (or the buyer) stands for: intent, gateway,
 * fact, each committed before the next.
 *
 * Throws INVALID_ARGUMENT, IDEMPOTENCY_CONFLICT, POLICY_DENIED, TRY_LATER, GATEWAY_DECLINED, GATEWAY_UNAVAILABLE,
 * OUTCOME_UNKNOWN (the buyer's identical payment is in doubt), ORDER_CLOSED, CONFIGURATION.
 */
export async function createPayment(
  till: Till,
  call: Call,
  input: CreatePaymentInput,
): Promise<PaymentResult> {
  const errand = { till, call };
  const provider = chooseProvider(till, input.provider);
  if (!provider.scenes.has(input.scene)) throw sceneNotOffered(provider, input.scene);
  let reserved = await reservePayment(errand, provider, input);
  if ('todo' in reserved && reserved.todo === 'settle-first') {
    await learn(till, reserved.order);
    reserved = await reservePayment(errand, provider, input);
    if ('todo' in reserved && reserved.todo === 'settle-first') throw identicalInDoubt(reserved.order);
  }
  if (!('todo' in reserved)) return reserved;
  return reserved.todo === 'settle' ? settle(errand, reserved, input) : send(errand, reserved);
}

/**
 * Sends a payment that a person has approved ({@link Call.approval}), in the name of the caller that asked for it.
 * Does nothing where it does not wait for that any more. Throws as {@link createPayment}, and ORDER_NOT_FOUND.
 */
export async function sendApproved(till: Till, call: Call, outTradeNo: string): Promise<PaymentResult> {
  const errand = { till, call };
  const reserved = await reserveApproved(errand, outTradeNo);
  if (!('todo' in reserved)) return reserved;
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
  const { till, call } = errand;
  const { order } = reserved;
  let asked: AskedTrade;
  try {
    asked = await askTrade(till, order);
  } catch (error) {
    await release(till, order);
    if (error instanceof OutcomeUnknown || error instanceof GatewayUnavailable)
      return tellPayment(errand, order, reserved.replayed);
    throw isGatewayError(error) ? clientError(error, STANDS, { outTradeNo: order.outTradeNo }) : error;
  }
  const now = till.clock.now();
  const { order: known, foreign } = asked;
  // Nobody can pay ours, and the number is another system's: there is nothing to wait for.
  if (foreign && !isGivenOut(known)) {
    await giveUp(till, order);
    throw numberTaken(order.outTradeNo, 'gateway');
  }
  const open = known.state === 'UNKNOWN' || (known.state === 'NOTPAY' && !canBePaid(known.credential, now));
  if (open && !known.closing && (known.expiresAt ?? 0) > now) {
    const claimed = await claimAgain(till, order);
    if (claimed) return send(errand, { ...reserved, order: claimed });
  }
  const stands = await finishClosing(till, asked);
  await release(till, order);
  // A buyer's earlier payment turns out to be closed: the same wish is a new one. Paid, it is the answer.
  const closed = isFinal(stands) && stands.state !== 'PAID';
  if (input.outTradeNo === undefined && closed) return createPayment(till, call, input);
  return tellPayment(errand, order, reserved.replayed);
}

/** A question took its time; the send that follows gets a claim of its own, unless somebody else is at it by now. */
async function claimAgain(till: Till, order: OrderRecord): Promise<OrderRecord | undefined> {
  return till.ledger.write(async (book) => {
    const current = await book.orders.again(order);
    if (isBeingSent(till, current) && !isStillOurs(current, order)) return undefined;
    if (await book.operator.freeze()) return undefined;
    return book.orders.patch(current, claim(till));
  });
}

/** Sends the committed plan and commits what came of it. */
async function send(errand: Errand, sending: ReservedPayment): Promise<PaymentResult> {
  const { till, call } = errand;
  const { order, replayed } = sending;
  let credential: Credential;
  try {
    // A freeze counts within a second, however long it took from the commit to here.
    await till.ledger.read(insistNotFrozen);
    const terms = termsOf(order, order.createdAt);
    credential = await providerOf(till, order).sendPayment(terms, order.plan ?? '', whileOurs(till, order));
  } catch (error) {
    return sendFailed(errand, sending, await asFreeze(till, error));
  }
  return record(till, order, async (book) => {
    const current = await book.orders.again(order);
    // Closed while its sender slept, a code or link is not given out any more, and stays worth nothing.
    const tooLate = !isGivenOut(current) && isSettledOrder(current.state);
    const given = { ...(tooLate ? {} : { credential }), ...releaseOurs(current, order) };
    const moved = await book.orders.move(current, 'notpay', given);
    const known = moved === current ? await book.orders.patch(current, given) : moved;
    return concluded(book, call, paymentResult(book, call, known, replayed));
  });
}

const ABOUT_NUMBER: readonly DeclineReason[] = ['already-paid', 'closed', 'number-conflict'];

/** Only a proof that nothing of ours exists at the gateway ends an order; anything less leaves it UNKNOWN (Law 2). */
async function sendFailed(errand: Errand, sending: ReservedPayment, thrown: unknown): Promise<PaymentResult> {
  const { till } = errand;
  const { order, todo, approval } = sending;
  const { outTradeNo } = order;
  const failure = failureOf(thrown);
  if (!failure) {
    await release(till, order);
    throw thrown;
  }
  const { error, code, notSent, refused } = failure;
  const taken = error instanceof GatewayDeclined && ABOUT_NUMBER.includes(error.reason);
  const nothingOfOurs = await record(till, order, async (book) => {
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
  till.log.warn('create-payment failed at the gateway', { outTradeNo, error: error.message });
  if (isFrozen(error)) throw error;
  if (failure.inDoubt) return tellPayment(errand, order, sending.replayed);
  if (nothingOfOurs && refused === 'already-paid') throw numberTaken(outTradeNo, 'gateway');
  if (taken && !nothingOfOurs) {
    const known = await learn(till, order);
    if (known?.state === 'PAID') return tellPayment(errand, order, sending.replayed);
    if (known?.state === 'CLOSED') throw orderClosed(known);
  }
  const nothing = { zh: '没有生成支付单，没有资金变动', en: 'no payment was created and no money moved' };
  throw clientError(error, nothingOfOurs ? nothing : STANDS, { outTradeNo });
}

const STANDS = { zh: '没有资金变动', en: 'no money moved' };

/** Asks about an order in doubt; undefined when nothing can be learned just now. */
async function learn(till: Till, order: OrderRecord): Promise<OrderRecord | undefined> {
  try {
    return (await askTrade(till, order)).order;
  } catch (error) {
    if (isGatewayError(error)) return undefined;
    throw error;
  }
}

/** Ends an order that nobody has a code of. */
async function giveUp(till: Till, order: OrderRecord): Promise<void> {
  await record(till, order, async (book) => {
    const current = await book.orders.again(order);
    const released = await book.orders.patch(current, releaseOurs(current, order));
    if (!isGivenOut(current)) await book.orders.move(released, 'closed', { closing: false });
  });
}
