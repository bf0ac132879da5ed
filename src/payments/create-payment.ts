import { beijingIso, wholeSecond } from '../domain/clock.ts';
import type { Fen } from '../domain/money.ts';
import type { Credential, OrderTerms, ProviderId, Scene } from '../domain/order.ts';
import type { Book } from '../ledger/book.ts';
import type { ApprovalRecord, OrderRecord } from '../ledger/records.ts';
import { isSettledOrder } from '../ledger/trade-machine.ts';
import { insistNotFrozen, isFrozen } from '../policy/decisions.ts';
import {
  type DeclineReason,
  GatewayDeclined,
  GatewayUnavailable,
  OutcomeUnknown,
  type PaymentProvider,
} from '../providers/contract.ts';
import { isGivenOut } from './apply.ts';
import { askTrade, tradeAt } from './ask-gateway.ts';
import { type Call, type Cashier, chooseProvider, providerOf } from './cashier.ts';
import {
  clientError,
  conflict,
  identicalInDoubt,
  isGatewayError,
  noPageToHandOff,
  numberNotAsked,
  numberTaken,
  orderClosed,
  sceneNotOffered,
} from './errors.ts';
import { endApproval, permit } from './permit.ts';
import { digest, ownOrderIn, type PaymentResult, paymentResult, withOwnApproval } from './results.ts';
import { firstAskAt } from './schedule.ts';
import { claim, isBeingSent, isStillOurs, NEVER_SENT, record, releaseOurs, whenFree } from './sending.ts';

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

const STANDS = { zh: '没有资金变动', en: 'no money moved' };

/** What the reservation found there is to do. Everything in it is committed. */
type Reserved =
  | { readonly todo: 'answer'; readonly order: OrderRecord; readonly replayed: boolean }
  | {
      readonly todo: 'send' | 'settle' | 'renew';
      readonly order: OrderRecord;
      readonly replayed: boolean;
      readonly approval?: ApprovalRecord | undefined;
    }
  /** The same buyer's identical payment of unknown outcome stands in the way. */
  | { readonly todo: 'settle-first'; readonly order: OrderRecord };

/** What has been made sure of for an order that is about to be sent. */
interface Ready {
  /** There is a page of ours to follow its link from, where it needs one. */
  readonly page: boolean;
  /** The gateway has just proven that it does not know the number, where the caller chose that. */
  readonly number: boolean;
}

/** Undoes a reservation: something has to be made sure of before it is committed. */
class AskFirst extends Error {
  readonly what: keyof Ready;
  readonly order: OrderRecord;

  constructor(what: keyof Ready, order: OrderRecord) {
    super();
    this.what = what;
    this.order = order;
  }
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
  return withOwnApproval(cashier.ledger, call, await create(cashier, call, input));
}

/**
 * Sends a payment that a person has approved ({@link Call.approval}), in the name of the caller that asked for it.
 * Does nothing where it does not wait for that any more. Throws as {@link createPayment}, and ORDER_NOT_FOUND.
 */
export async function sendApproved(cashier: Cashier, call: Call, outTradeNo: string): Promise<PaymentResult> {
  const reserved = await askingFirst(cashier, async (book, ready) => {
    const order = await ownOrderIn(book, call, outTradeNo);
    if (!awaitsSend(order)) return { todo: 'answer', order, replayed: true };
    return proceed(cashier, book, call, providerOf(cashier, order), order, true, ready);
  });
  if (reserved.todo !== 'send') return current(cashier, reserved.order, true);
  return send(cashier, providerOf(cashier, reserved.order), reserved.order, reserved);
}

async function create(cashier: Cashier, call: Call, input: CreatePaymentInput): Promise<PaymentResult> {
  const provider = chooseProvider(cashier, input.provider);
  if (!provider.scenes.has(input.scene)) throw sceneNotOffered(provider, input.scene);
  const reserving = () =>
    askingFirst(cashier, (book, ready) => reserve(cashier, book, call, provider, input, ready));
  let reserved = await reserving();
  if (reserved.todo === 'settle-first') {
    await learn(cashier, reserved.order);
    reserved = await reserving();
    if (reserved.todo === 'settle-first') throw identicalInDoubt(reserved.order);
  }
  switch (reserved.todo) {
    case 'answer':
      return answer(cashier, reserved.order, reserved.replayed);
    case 'settle':
      return settle(cashier, call, input, reserved.order);
    default:
      return send(cashier, provider, reserved.order, reserved);
  }
}

/**
 * Reserves; where that would commit to a number that the caller chose, the gateway is asked first whether the number is
 * free, and where the link needs a page of ours, whether there is one. Nothing is stored when not, or it is not told.
 * What has the number may be this very order, sent by another process in the meantime: the ledger knows that, for the
 * intent came first.
 * Throws GATEWAY_DECLINED (also when the number is taken), GATEWAY_UNAVAILABLE, TRY_LATER, and where there is no page.
 */
async function askingFirst(
  cashier: Cashier,
  reserving: (book: Book, ready: Ready) => Promise<Reserved | 'busy'>,
): Promise<Reserved> {
  let ready: Ready = { page: false, number: false };
  let isTaken = false;
  const attempt = () => cashier.ledger.write((book) => reserving(book, ready));
  for (;;) {
    try {
      return await whenFree(cashier, attempt);
    } catch (error) {
      if (!(error instanceof AskFirst)) throw error;
      if (error.what === 'page') {
        if (!(await cashier.canHandOff?.())) throw noPageToHandOff();
        ready = { ...ready, page: true };
        continue;
      }
      if (isTaken) throw numberTaken(error.order.outTradeNo, 'gateway');
      isTaken = !(await isNumberFree(cashier, error.order));
      ready = { ...ready, number: !isTaken };
    }
  }
}

async function isNumberFree(cashier: Cashier, order: OrderRecord): Promise<boolean> {
  const { outTradeNo } = order;
  try {
    return !(await tradeAt(cashier, providerOf(cashier, order), order, outTradeNo)).exists;
  } catch (error) {
    throw isGatewayError(error) ? numberNotAsked(error, outTradeNo) : error;
  }
}

/**
 * One transaction: find what the call means, check the rules, commit the intent. Sends nothing.
 */
async function reserve(
  cashier: Cashier,
  book: Book,
  call: Call,
  provider: PaymentProvider,
  input: CreatePaymentInput,
  ready: Ready,
): Promise<Reserved | 'busy'> {
  const buyerHash = input.buyer && digest(await book.meta('salt'), input.buyer);
  const inputHash = digest(
    provider.id,
    input.scene,
    input.amountFen,
    input.title,
    input.expiresInMinutes,
    input.payerOpenid,
    input.payerClientIp,
    buyerHash,
  );
  if (input.outTradeNo !== undefined) {
    const known = await book.orders.get(input.outTradeNo);
    if (known) {
      if (call.ownOrdersOnly && known.caller !== call.caller) throw numberTaken(input.outTradeNo, 'ledger');
      if (known.inputHash !== inputHash) throw conflict('outTradeNo');
      return proceed(cashier, book, call, providerOf(cashier, known), known, true, ready);
    }
  }
  // Only a buyer can be recognised: to others an identical payment is somebody else's, and no answer blocks it.
  const sameBuyers = buyerHash === undefined ? [] : await book.orders.byCall(inputHash, call.caller);
  for (const other of sameBuyers) {
    if (other.account !== provider.account) continue;
    if (input.outTradeNo === undefined && !isFinal(other))
      return proceed(cashier, book, call, providerOf(cashier, other), other, true, ready);
    if (other.state === 'UNKNOWN') {
      return isBeingSent(cashier, other) ? 'busy' : { todo: 'settle-first', order: other };
    }
  }
  const now = cashier.clock.now();
  const order: OrderRecord = {
    outTradeNo: input.outTradeNo ?? newTradeNo(cashier),
    provider: provider.id,
    account: provider.account,
    caller: call.caller,
    buyerHash: buyerHash || undefined,
    scene: input.scene,
    amountFen: input.amountFen,
    title: input.title,
    ...NEVER_SENT,
    state: 'PENDING_APPROVAL',
    gatewayTradeNo: undefined,
    source: 'ledger',
    inputHash,
    terms: {
      expiresInMinutes: input.expiresInMinutes,
      ...(input.payerOpenid === undefined ? {} : { payerOpenid: input.payerOpenid }),
      ...(input.payerClientIp === undefined ? {} : { payerClientIp: input.payerClientIp }),
      ...(input.outTradeNo === undefined ? {} : { chosen: true as const }),
      ...(provider.returnsMark ? { mark: cashier.randomBytes(12).toString('base64url') } : {}),
    },
    credential: {},
    pageToken: cashier.randomBytes(16).toString('base64url'),
    createdAt: now,
    updatedAt: now,
    expiresAt: undefined,
    paidAt: undefined,
    late: false,
    closing: false,
    gatewayRefunded: undefined,
  };
  // Refuses what this gateway would refuse before anything is stored.
  provider.planPayment(termsOf(order, now));
  await book.orders.insert(order);
  return proceed(cashier, book, call, provider, order, false, ready);
}

/** What a recorded order still needs. */
async function proceed(
  cashier: Cashier,
  book: Book,
  call: Call,
  provider: PaymentProvider,
  order: OrderRecord,
  replayed: boolean,
  ready: Ready,
): Promise<Reserved | 'busy'> {
  if (isBeingSent(cashier, order)) return 'busy';
  const now = cashier.clock.now();
  if (order.state === 'PENDING_APPROVAL')
    return commitIntent(cashier, book, call, provider, order, replayed, ready);
  if (awaitsSend(order)) {
    const reopened = await book.orders.move(order, 'reopened', {
      declinedCode: undefined,
      sentAt: undefined,
      expiresAt: undefined,
    });
    return commitIntent(cashier, book, call, provider, reopened, replayed, ready);
  }
  const expired = order.expiresAt !== undefined && now >= order.expiresAt;
  if (order.state === 'UNKNOWN' || (order.state === 'NOTPAY' && expired)) {
    return { todo: 'settle', order: await book.orders.patch(order, claim(cashier)), replayed };
  }
  if (order.state === 'NOTPAY' && !order.closing && !canBePaid(order.credential, now)) {
    await insistNotFrozen(book);
    return { todo: 'renew', order: await book.orders.patch(order, claim(cashier)), replayed };
  }
  return { todo: 'answer', order, replayed };
}

/** The last gate before a gateway: rules and approval are checked in the transaction that commits the intent. */
async function commitIntent(
  cashier: Cashier,
  book: Book,
  call: Call,
  provider: PaymentProvider,
  order: OrderRecord,
  replayed: boolean,
  ready: Ready,
): Promise<Reserved> {
  if (provider.fromPageOnly?.has(order.scene) && !ready.page) throw new AskFirst('page', order);
  const now = cashier.clock.now();
  const permitted = await permit(cashier, book, call, 'payment', { ...order, outRefundNo: undefined });
  if (!permitted) {
    return { todo: 'answer', order: (await book.orders.get(order.outTradeNo)) ?? order, replayed };
  }
  if (order.terms.chosen && !ready.number) throw new AskFirst('number', order);
  const terms = termsOf(order, now);
  const sent = await book.orders.move(order, 'sent', {
    plan: provider.planPayment(terms),
    sentAt: now,
    expiresAt: terms.expiresAt,
    askAt: firstAskAt(now),
    asked: 0,
    ...permitted.counts,
    ...claim(cashier),
  });
  return { todo: 'send', order: sent, replayed, approval: permitted.approval };
}

/** The answer to an earlier send was lost, or the time is up: ask, and where it never arrived send the same bytes. */
async function settle(
  cashier: Cashier,
  call: Call,
  input: CreatePaymentInput,
  order: OrderRecord,
): Promise<PaymentResult> {
  let known = order;
  let foreign = false;
  try {
    ({ order: known, foreign } = await askTrade(cashier, order));
  } catch (error) {
    await release(cashier, order);
    if (error instanceof OutcomeUnknown || error instanceof GatewayUnavailable)
      return answer(cashier, known, true);
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
    if (!claimed) {
      await release(cashier, order);
      return answer(cashier, known, true);
    }
    return send(cashier, providerOf(cashier, claimed), claimed, { todo: 'settle', replayed: true });
  }
  await release(cashier, order);
  // A buyer's earlier payment turns out to be closed: the same wish is a new one. Paid, it is the answer.
  const closed = isFinal(known) && known.state !== 'PAID';
  if (input.outTradeNo === undefined && closed) return create(cashier, call, input);
  return answer(cashier, known, true);
}

/** A question took its time; the send that follows gets a claim of its own, unless somebody else is at it by now. */
async function claimAgain(cashier: Cashier, order: OrderRecord): Promise<OrderRecord | undefined> {
  return cashier.ledger.write(async (book) => {
    const current = await book.orders.get(order.outTradeNo);
    if (!current || (isBeingSent(cashier, current) && !isStillOurs(current, order))) return undefined;
    if (await book.operator.freeze()) return undefined;
    return book.orders.patch(current, claim(cashier));
  });
}

interface Sending {
  /** The first send; or the same bytes again, for an answer that was lost or a link that died. */
  readonly todo: 'send' | 'settle' | 'renew';
  readonly replayed: boolean;
  /** A person's yes that this very send uses up. */
  readonly approval?: ApprovalRecord | undefined;
}

/** Sends the committed plan and commits what came of it. */
async function send(
  cashier: Cashier,
  provider: PaymentProvider,
  order: OrderRecord,
  sending: Sending,
): Promise<PaymentResult> {
  let credential: Credential;
  try {
    // A freeze counts within a second, however long it took from the commit to here.
    await cashier.ledger.read(insistNotFrozen);
    credential = await provider.sendPayment(termsOf(order, order.createdAt), order.plan ?? '');
  } catch (error) {
    return sendFailed(cashier, order, sending, error);
  }
  return record(cashier, order, async (book) => {
    const current = (await book.orders.get(order.outTradeNo)) ?? order;
    // Closed while its sender slept, a code or link is not given out any more, and stays worth nothing.
    const tooLate = !isGivenOut(current) && isSettledOrder(current.state);
    const given = { ...(tooLate ? {} : { credential }), ...releaseOurs(current, order) };
    const moved = await book.orders.move(current, 'notpay', given);
    const told = moved === current ? await book.orders.patch(current, given) : moved;
    return paymentResult(book, told, sending.replayed);
  });
}

const ABOUT_NUMBER: readonly DeclineReason[] = ['already-paid', 'closed', 'number-conflict'];

/** Only a proof that nothing of ours exists at the gateway ends an order; anything less leaves it UNKNOWN (Law 2). */
async function sendFailed(
  cashier: Cashier,
  order: OrderRecord,
  { todo, replayed, approval }: Sending,
  error: unknown,
): Promise<PaymentResult> {
  const frozen = isFrozen(error);
  if (!isGatewayError(error) && !frozen) {
    await release(cashier, order);
    throw error;
  }
  const code = error instanceof GatewayDeclined ? error.gatewayCode : 'NOT_SENT';
  const notSent = frozen || error instanceof GatewayUnavailable;
  // "Too fast" is no word on this order: it may have been taken in.
  const limited = error instanceof GatewayDeclined && error.reason === 'rate-limited';
  const refused = error instanceof GatewayDeclined && error.proven && !limited;
  const taken = error instanceof GatewayDeclined && ABOUT_NUMBER.includes(error.reason);
  const nothingOfOurs = await record(cashier, order, async (book) => {
    const current = (await book.orders.get(order.outTradeNo)) ?? order;
    const ours = isStillOurs(current, order);
    await book.event(order.outTradeNo, undefined, 'send-failed', { error: error.name, code });
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
  cashier.log.warn('create-payment failed at the gateway', {
    outTradeNo: order.outTradeNo,
    error: error.message,
  });
  if (isFrozen(error)) throw error;
  if (error instanceof OutcomeUnknown || limited) return current(cashier, order, replayed);
  if (nothingOfOurs && error instanceof GatewayDeclined && error.reason === 'already-paid') {
    throw numberTaken(order.outTradeNo, 'gateway');
  }
  if (taken && !nothingOfOurs) {
    const known = await learn(cashier, order);
    if (known?.state === 'PAID') return answer(cashier, known, replayed);
    if (known?.state === 'CLOSED') throw orderClosed(known);
  }
  throw clientError(
    error,
    nothingOfOurs
      ? { zh: '没有生成支付单，没有资金变动', en: 'no payment was created and no money moved' }
      : STANDS,
    { outTradeNo: order.outTradeNo },
  );
}

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
    const current = (await book.orders.get(order.outTradeNo)) ?? order;
    const released = await book.orders.patch(current, releaseOurs(current, order));
    if (!isGivenOut(current)) await book.orders.move(released, 'closed', { closing: false });
  });
}

function answer(cashier: Cashier, order: OrderRecord, replayed: boolean): Promise<PaymentResult> {
  return cashier.ledger.read((book) => paymentResult(book, order, replayed));
}

/** The payment as it is committed now. */
function current(cashier: Cashier, order: OrderRecord, replayed: boolean): Promise<PaymentResult> {
  return cashier.ledger.read(async (book) =>
    paymentResult(book, (await book.orders.get(order.outTradeNo)) ?? order, replayed),
  );
}

async function release(cashier: Cashier, order: OrderRecord): Promise<void> {
  await cashier.ledger.write(async (book) => {
    const known = await book.orders.get(order.outTradeNo);
    if (known) await book.orders.patch(known, releaseOurs(known, order));
  });
}

/** The terms as the gateway gets them; `now` (ms) only matters until the expiry is fixed by the first send. */
function termsOf(order: OrderRecord, now: number): OrderTerms {
  const { expiresInMinutes, payerOpenid, payerClientIp, mark } = order.terms;
  return {
    outTradeNo: order.outTradeNo,
    scene: order.scene,
    amountFen: order.amountFen,
    title: order.title,
    expiresAt: order.expiresAt ?? wholeSecond(now) + expiresInMinutes * 60_000,
    ...(payerOpenid === undefined ? {} : { payerOpenid }),
    ...(payerClientIp === undefined ? {} : { payerClientIp }),
    ...(mark === undefined ? {} : { mark }),
  };
}

/** Nothing of it is at the gateway: it waits for a person, or the gateway has provably declined it. */
function awaitsSend({ state, declinedCode }: OrderRecord): boolean {
  return state === 'PENDING_APPROVAL' || (state === 'CLOSED' && declinedCode !== undefined);
}

function isFinal(order: OrderRecord): boolean {
  return order.state === 'PAID' || order.state === 'CLOSED' || order.state === 'DENIED';
}

/** Whether there is something to pay with, and it has not died (`now` in ms). */
function canBePaid(credential: Credential, now: number): boolean {
  if (Object.keys(credential).length === 0) return false;
  return credential.linkExpiresAt === undefined || credential.linkExpiresAt > now;
}

/** `C`, the Beijing time to the second, ten random characters: sortable for people, never the same twice. */
function newTradeNo(cashier: Cashier): string {
  const time = beijingIso(cashier.clock.now()).slice(0, 19).replace(/\D/g, '');
  return `C${time}${cashier.randomBytes(5).toString('hex').toUpperCase()}`;
}
