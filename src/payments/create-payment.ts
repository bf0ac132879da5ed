import { beijingIso, wholeSecond } from '../domain/clock.ts';
import type { Fen } from '../domain/money.ts';
import type { Credential, OrderTerms, ProviderId, Scene } from '../domain/order.ts';
import type { Book } from '../ledger/book.ts';
import type { OrderRecord } from '../ledger/records.ts';
import { takeApproval } from '../policy/approvals.ts';
import { decidePayment } from '../policy/policy.ts';
import {
  GatewayDeclined,
  GatewayUnavailable,
  OutcomeUnknown,
  type PaymentProvider,
} from '../providers/contract.ts';
import { askTrade } from './ask-gateway.ts';
import { type Call, type Cashier, chooseProvider, providerOf } from './cashier.ts';
import {
  clientError,
  conflict,
  identicalInDoubt,
  isGatewayError,
  orderClosed,
  policyDenied,
  sceneNotOffered,
} from './errors.ts';
import { digest, type PaymentResult, paymentResult } from './results.ts';
import { firstAskAt } from './schedule.ts';
import { claim, isBeingSent, RELEASED, record, whenFree } from './sending.ts';

export interface CreatePaymentInput {
  readonly provider: ProviderId | undefined;
  readonly scene: Scene;
  readonly amountFen: Fen;
  readonly title: string;
  readonly outTradeNo: string | undefined;
  /** Any stable id of the person or conversation; only its hash is kept. */
  readonly buyer: string | undefined;
  readonly expiresInMinutes: number;
  readonly payerOpenid: string | undefined;
  readonly payerClientIp: string | undefined;
}

const STANDS = { zh: '没有资金变动', en: 'no money moved' };

/** What the reservation found there is to do. Everything in it is committed. */
type Reserved =
  | { readonly todo: 'answer'; readonly order: OrderRecord; readonly replayed: boolean }
  /** First send; or the same bytes again, for an answer that was lost or a link that died. */
  | { readonly todo: 'send' | 'settle' | 'renew'; readonly order: OrderRecord; readonly replayed: boolean }
  /** An identical payment of unknown outcome stands in the way. */
  | { readonly todo: 'settle-first'; readonly order: OrderRecord };

/**
 * Creates a payment, or continues or repeats the one that the number (or the buyer) stands for: intent, gateway,
 * fact, each committed before the next.
 *
 * Throws INVALID_ARGUMENT, IDEMPOTENCY_CONFLICT, POLICY_DENIED, TRY_LATER, GATEWAY_DECLINED, GATEWAY_UNAVAILABLE,
 * OUTCOME_UNKNOWN (an identical payment is in doubt), ORDER_CLOSED, CONFIGURATION.
 */
export async function createPayment(
  cashier: Cashier,
  call: Call,
  input: CreatePaymentInput,
): Promise<PaymentResult> {
  const provider = chooseProvider(cashier, input.provider);
  if (!provider.scenes.has(input.scene)) throw sceneNotOffered(provider, input.scene);

  let reserved = await whenFree(cashier, () =>
    cashier.ledger.write((book) => reserve(cashier, book, call, provider, input)),
  );
  if (reserved.todo === 'settle-first') {
    await learn(cashier, reserved.order);
    reserved = await whenFree(cashier, () =>
      cashier.ledger.write((book) => reserve(cashier, book, call, provider, input)),
    );
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

/** One transaction: find what the call means, check the rules, commit the intent. Sends nothing. */
async function reserve(
  cashier: Cashier,
  book: Book,
  call: Call,
  provider: PaymentProvider,
  input: CreatePaymentInput,
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
    const known = await book.order(input.outTradeNo);
    if (known) {
      const others = call.ownOrdersOnly && known.caller !== call.caller;
      if (others || known.inputHash !== inputHash) throw conflict('outTradeNo');
      return proceed(cashier, book, providerOf(cashier, known), known, true);
    }
  }
  for (const other of await book.ordersByCall(inputHash, call.caller)) {
    const isThisOne = buyerHash !== undefined && input.outTradeNo === undefined;
    if (isThisOne && !isFinal(other)) return proceed(cashier, book, providerOf(cashier, other), other, true);
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
    state: 'PENDING_APPROVAL',
    gatewayState: undefined,
    gatewayTradeNo: undefined,
    source: 'ledger',
    inputHash,
    terms: {
      expiresInMinutes: input.expiresInMinutes,
      ...(input.payerOpenid === undefined ? {} : { payerOpenid: input.payerOpenid }),
      ...(input.payerClientIp === undefined ? {} : { payerClientIp: input.payerClientIp }),
    },
    plan: undefined,
    credential: {},
    pageToken: cashier.randomBytes(16).toString('base64url'),
    createdAt: now,
    updatedAt: now,
    sentAt: undefined,
    expiresAt: undefined,
    paidAt: undefined,
    late: false,
    closing: false,
    declinedCode: undefined,
    askAt: undefined,
    asked: 0,
    ...RELEASED,
  };
  // Refuses what this gateway would refuse before anything is stored.
  provider.planPayment(termsOf(order, now));
  await book.insertOrder(order);
  return proceed(cashier, book, provider, order, false);
}

/** What a recorded order still needs. */
async function proceed(
  cashier: Cashier,
  book: Book,
  provider: PaymentProvider,
  order: OrderRecord,
  replayed: boolean,
): Promise<Reserved | 'busy'> {
  if (isBeingSent(cashier, order)) return 'busy';
  const now = cashier.clock.now();
  if (order.state === 'PENDING_APPROVAL') return commitIntent(cashier, book, provider, order, replayed);
  if (order.state === 'CLOSED' && order.declinedCode !== undefined) {
    const reopened = await book.moveOrder(order, 'reopened', { declinedCode: undefined });
    return commitIntent(cashier, book, provider, reopened, replayed);
  }
  const expired = order.expiresAt !== undefined && now >= order.expiresAt;
  if (order.state === 'UNKNOWN' || (order.state === 'NOTPAY' && expired)) {
    return { todo: 'settle', order: await book.patchOrder(order, claim(cashier)), replayed };
  }
  if (order.state === 'NOTPAY' && !order.closing && !isPayable(order.credential, now)) {
    return { todo: 'renew', order: await book.patchOrder(order, claim(cashier)), replayed };
  }
  return { todo: 'answer', order, replayed };
}

/** The last gate before a gateway: rules and approval are checked in the transaction that commits the intent. */
async function commitIntent(
  cashier: Cashier,
  book: Book,
  provider: PaymentProvider,
  order: OrderRecord,
  replayed: boolean,
): Promise<Reserved> {
  const now = cashier.clock.now();
  const decision = decidePayment(cashier.policy, order, now);
  if (decision.kind === 'deny') throw policyDenied(decision);
  if (decision.kind === 'approve') {
    const { granted } = await takeApproval(
      book,
      { ...order, kind: 'payment', outRefundNo: undefined, rule: decision.rule },
      { now, randomBytes: cashier.randomBytes },
    );
    if (!granted) return { todo: 'answer', order, replayed };
  }
  const terms = termsOf(order, now);
  const sent = await book.moveOrder(order, 'sent', {
    plan: provider.planPayment(terms),
    sentAt: now,
    expiresAt: terms.expiresAt,
    askAt: firstAskAt(now),
    asked: 0,
    ...claim(cashier),
  });
  return { todo: 'send', order: sent, replayed };
}

/** The answer to an earlier send was lost, or the time is up: ask, and where it never arrived send the same bytes. */
async function settle(
  cashier: Cashier,
  call: Call,
  input: CreatePaymentInput,
  order: OrderRecord,
): Promise<PaymentResult> {
  let known = order;
  try {
    known = (await askTrade(cashier, order)).order;
  } catch (error) {
    await release(cashier, order.outTradeNo);
    if (error instanceof OutcomeUnknown || error instanceof GatewayUnavailable)
      return answer(cashier, known, true);
    throw isGatewayError(error) ? clientError(error, STANDS, { outTradeNo: order.outTradeNo }) : error;
  }
  const now = cashier.clock.now();
  const open = known.state === 'UNKNOWN' || (known.state === 'NOTPAY' && !isPayable(known.credential, now));
  if (open && !known.closing && (known.expiresAt ?? 0) > now) {
    return send(cashier, providerOf(cashier, known), known, { todo: 'settle', replayed: true });
  }
  await release(cashier, order.outTradeNo);
  // A buyer's earlier payment turns out to be final: the same wish is a new one.
  if (input.outTradeNo === undefined && isFinal(known)) return createPayment(cashier, call, input);
  return answer(cashier, known, true);
}

/** Sends the committed plan and commits what came of it. */
async function send(
  cashier: Cashier,
  provider: PaymentProvider,
  order: OrderRecord,
  { todo, replayed }: { readonly todo: 'send' | 'settle' | 'renew'; readonly replayed: boolean },
): Promise<PaymentResult> {
  let credential: Credential;
  try {
    credential = await provider.sendPayment(termsOf(order, order.createdAt), order.plan ?? '');
  } catch (error) {
    return sendFailed(cashier, order, todo, replayed, error);
  }
  return record(cashier, order, async (book) => {
    const current = (await book.order(order.outTradeNo)) ?? order;
    const given = await book.patchOrder(current, { credential, ...RELEASED });
    return paymentResult(book, await book.moveOrder(given, 'notpay'), replayed);
  });
}

/** Only a proof that nothing exists at the gateway ends an order; anything less leaves it UNKNOWN (Law 2). */
async function sendFailed(
  cashier: Cashier,
  order: OrderRecord,
  todo: 'send' | 'settle' | 'renew',
  replayed: boolean,
  error: unknown,
): Promise<PaymentResult> {
  if (!isGatewayError(error)) {
    await release(cashier, order.outTradeNo);
    throw error;
  }
  const aboutNumber =
    error instanceof GatewayDeclined && ['already-paid', 'closed', 'number-conflict'].includes(error.reason);
  // After a lost answer, or with a code given out, a refusal of this call says nothing about the order.
  const refused = error instanceof GatewayDeclined && error.proven && !aboutNumber;
  const nothingThere = todo === 'send' && (refused || error instanceof GatewayUnavailable);
  const code = error instanceof GatewayDeclined ? error.gatewayCode : 'NOT_SENT';
  await record(cashier, order, async (book) => {
    const current = (await book.order(order.outTradeNo)) ?? order;
    const released = await book.patchOrder(current, RELEASED);
    if (nothingThere) await book.moveOrder(released, 'declined', { declinedCode: code });
    else await book.event(order.outTradeNo, undefined, 'send-failed', { error: error.name, code });
  });
  cashier.log.warn('create-payment failed at the gateway', {
    outTradeNo: order.outTradeNo,
    error: error.message,
  });
  if (error instanceof OutcomeUnknown) {
    return cashier.ledger.read(async (book) =>
      paymentResult(book, (await book.order(order.outTradeNo)) ?? order, replayed),
    );
  }
  if (aboutNumber) {
    const known = await learn(cashier, order);
    if (known?.state === 'PAID') return answer(cashier, known, replayed);
    if (known?.state === 'CLOSED') throw orderClosed(known);
  }
  throw clientError(
    error,
    nothingThere
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

function answer(cashier: Cashier, order: OrderRecord, replayed: boolean): Promise<PaymentResult> {
  return cashier.ledger.read((book) => paymentResult(book, order, replayed));
}

async function release(cashier: Cashier, outTradeNo: string): Promise<void> {
  await cashier.ledger.write(async (book) => {
    const order = await book.order(outTradeNo);
    if (order) await book.patchOrder(order, RELEASED);
  });
}

/** The terms as the gateway gets them; `now` (ms) only matters until the expiry is fixed by the first send. */
function termsOf(order: OrderRecord, now: number): OrderTerms {
  const { expiresInMinutes, payerOpenid, payerClientIp } = order.terms;
  return {
    outTradeNo: order.outTradeNo,
    scene: order.scene,
    amountFen: order.amountFen,
    title: order.title,
    expiresAt: order.expiresAt ?? wholeSecond(now) + expiresInMinutes * 60_000,
    ...(payerOpenid === undefined ? {} : { payerOpenid }),
    ...(payerClientIp === undefined ? {} : { payerClientIp }),
  };
}

function isFinal(order: OrderRecord): boolean {
  return order.state === 'PAID' || order.state === 'CLOSED' || order.state === 'DENIED';
}

/** Whether there is something to pay with, and it has not died (`now` in ms). */
function isPayable(credential: Credential, now: number): boolean {
  if (Object.keys(credential).length === 0) return false;
  return credential.linkExpiresAt === undefined || credential.linkExpiresAt > now;
}

/** `C`, the Beijing time to the second, ten random characters: sortable for people, never the same twice. */
function newTradeNo(cashier: Cashier): string {
  const time = beijingIso(cashier.clock.now()).slice(0, 19).replace(/\D/g, '');
  return `C${time}${cashier.randomBytes(5).toString('hex').toUpperCase()}`;
}
