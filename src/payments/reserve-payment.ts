import { wholeSecond } from '../domain/clock.ts';
import { defined } from '../domain/defined.ts';
import type { Credential, OrderTerms } from '../domain/order.ts';
import type { Book } from '../ledger/book.ts';
import { FINAL } from '../ledger/order-machine.ts';
import { FORGOTTEN } from '../ledger/payers.ts';
import type { ApprovalRecord, OrderRecord } from '../ledger/records.ts';
import { insistNotFrozen, policyInForce } from '../policy/decisions.ts';
import { GatewayDeclined, isHome, type PaymentProvider } from '../providers/contract.ts';
import { agreementTerms } from './agreements/results.ts';
import { tradeAt } from './ask-gateway.ts';
import { newNumber, newOrder } from './beginnings.ts';
import {
  conflict,
  insistOnExpiry,
  isGatewayError,
  noPageToHandOff,
  numberNotAsked,
  numberTaken,
  offerClosed,
} from './errors.ts';
import type { CreatePaymentInput } from './inputs.ts';
import { concluded } from './outcome.ts';
import { permit } from './permit.ts';
import { digest, ownOrderIn, type PaymentResult, paymentResult } from './results.ts';
import { firstAskAt } from './schedule.ts';
import { claim, isBeingSent, whenFree } from './sending.ts';
import { type Call, type Errand, plannerOf, providerOf, type Till } from './till.ts';

/** What the reservation found there is still to do. Everything in it is committed. */
export interface ReservedPayment {
  /**
   * `send` the first time; the same bytes again to `settle` a lost answer or to `renew` a link that died; `settle-first`
   * where the same buyer's identical payment of unknown outcome, this order, stands in the way.
   */
  readonly todo: 'send' | 'settle' | 'renew' | 'settle-first';
  readonly order: OrderRecord;
  readonly replayed: boolean;
  /** A person's yes that this very send uses up. */
  readonly approval?: ApprovalRecord | undefined;
}

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

/** A reservation inside its transaction. */
interface Reserving extends Errand {
  readonly book: Book;
  readonly ready: Ready;
}

/** Finds what a call means, checks the rules, and commits the intent where there is something to send. Sends nothing. */
export function reservePayment(
  errand: Errand,
  provider: PaymentProvider,
  input: CreatePaymentInput,
): Promise<ReservedPayment | PaymentResult> {
  return askingFirst(errand, (at) => reserve(at, provider, input));
}

/** As {@link reservePayment}, of one that a person has approved, unless it does not wait for that any more. */
export function reserveApproved(
  errand: Errand,
  outTradeNo: string,
): Promise<ReservedPayment | PaymentResult> {
  return askingFirst(errand, async (at) => {
    const order = await ownOrderIn(at.book, at.call, outTradeNo);
    return awaitsSend(order) ? proceed(at, order, true) : tell(at, order, true);
  });
}

/**
 * Reserves; where that would commit to a number that the caller chose, the gateway is asked first whether the number is
 * free, and where the link needs a page of ours, whether there is one. Nothing is stored when not, or it is not told.
 * What has the number may be this very order, sent by another process in the meantime: the ledger knows that, for the
 * intent came first.
 * Throws GATEWAY_DECLINED (also when the number is taken), GATEWAY_UNAVAILABLE, TRY_LATER, and where there is no page.
 */
async function askingFirst(
  errand: Errand,
  reserving: (at: Reserving) => Promise<ReservedPayment | PaymentResult | 'busy'>,
): Promise<ReservedPayment | PaymentResult> {
  const { till } = errand;
  let ready: Ready = { page: false, number: false };
  let isTaken = false;
  const attempt = () => till.ledger.write((book) => reserving({ ...errand, book, ready }));
  for (;;) {
    try {
      return await whenFree(till, attempt);
    } catch (error) {
      if (!(error instanceof AskFirst)) throw error;
      if (error.what === 'page') {
        if (!(await till.canHandOff?.())) throw noPageToHandOff(error.order);
        ready = { ...ready, page: true };
        continue;
      }
      if (isTaken) throw numberTaken(error.order.outTradeNo, 'gateway');
      isTaken = !(await isNumberFree(till, error.order));
      ready = { ...ready, number: !isTaken };
    }
  }
}

async function isNumberFree(till: Till, order: OrderRecord): Promise<boolean> {
  const { outTradeNo } = order;
  try {
    return !(await tradeAt(till, providerOf(till, order), order, outTradeNo)).exists;
  } catch (error) {
    // Who asks may not even hear of it: it is another's who shares the numbers.
    if (error instanceof GatewayDeclined && error.reason === 'number-conflict') return false;
    throw isGatewayError(error) ? numberNotAsked(error, outTradeNo) : error;
  }
}

/**
 * One transaction: find what the call means, check the rules, commit the intent. Sends nothing.
 */
async function reserve(
  at: Reserving,
  provider: PaymentProvider,
  input: CreatePaymentInput,
): Promise<ReservedPayment | PaymentResult | 'busy'> {
  const { till, call, book } = at;
  const { offered } = input;
  const buyerHash = offered ? offered.buyerHash : input.buyer && digest(await book.salt(), input.buyer);
  const { contractNo, period, untilAt } = input.period ?? {};
  const inputHash =
    offered?.inputHash ??
    (contractNo && digest('period', contractNo, period)) ??
    digest(
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
      return proceed(at, known, true);
    }
    const offer = await book.offers.get(input.outTradeNo);
    if (offer && !offered) {
      const isOwn = !call.ownOrdersOnly || offer.caller === call.caller;
      throw isOwn ? conflict('outTradeNo') : numberTaken(input.outTradeNo, 'ledger');
    }
    if (offered && (offer?.closedAt !== undefined || till.clock.now() >= offered.expiresAt))
      throw offerClosed(input.outTradeNo);
  }
  // Only a buyer can be recognised: to others an identical payment is somebody else's, and no answer blocks it.
  const sameBuyers = buyerHash === undefined ? [] : await book.orders.byCall(inputHash, call.caller);
  for (const found of sameBuyers) {
    const other = await book.orders.again(found);
    if (!isHome(provider, other.account)) continue;
    if (input.outTradeNo === undefined && !isFinal(other)) return proceed(at, other, true);
    if (other.state === 'UNKNOWN') {
      return isBeingSent(till, other) ? 'busy' : { todo: 'settle-first', order: other, replayed: true };
    }
  }
  const order = newOrder(till, {
    outTradeNo: input.outTradeNo ?? newNumber(till, 'C'),
    provider: provider.id,
    account: provider.account,
    caller: call.caller,
    buyerHash: buyerHash || undefined,
    payerOpenid: input.payerOpenid,
    payerClientIp: input.payerClientIp,
    payerSalt:
      buyerHash || input.payerOpenid || input.payerClientIp
        ? till.randomBytes(12).toString('hex')
        : undefined,
    scene: input.scene,
    amountFen: input.amountFen,
    title: input.title,
    source: 'ledger',
    inputHash,
    ...(offered ? { pageToken: offered.pageToken, expiresAt: offered.expiresAt } : {}),
    ...(untilAt === undefined ? {} : { expiresAt: untilAt }),
    terms: defined({
      expiresInMinutes: input.expiresInMinutes,
      chosen: isChosen(input),
      offered: offered && (true as const),
      period: contractNo === undefined || period === undefined ? undefined : { contractNo, period },
      ...(await deliveryOf(till, book, call)),
      mark: provider.returnsMark ? till.randomBytes(12).toString('base64url') : undefined,
    }),
  });
  // Refuses what this gateway would refuse before anything is stored. A period lasts as long as it does.
  if (untilAt === undefined) insistOnExpiry(provider, input.expiresInMinutes);
  provider.planPayment(termsOf(order, order.createdAt));
  await book.orders.insert(order);
  return proceed(at, order, false);
}

/** Whether the caller chose its number, so that another system may have used it. */
function isChosen({ offered, period, outTradeNo }: CreatePaymentInput): true | undefined {
  if (offered) return offered.chosen;
  return outTradeNo === undefined || period ? undefined : true;
}

/** Whether its expiry was fixed before it was first sent. */
function isPromised({ terms }: OrderRecord): boolean {
  return terms.offered === true || terms.period !== undefined;
}

/** Until when it is to be delivered, and whose rules hold for what comes of it otherwise; nothing where nobody can say so. */
async function deliveryOf(
  till: Till,
  book: Book,
  { delivers, named, client, token }: Call,
): Promise<Pick<OrderRecord['terms'], 'deliverWithinMs' | 'soldBy'>> {
  const { delivery } = delivers ? await policyInForce(book, till.policy) : {};
  if (!delivery) return {};
  const refunds = token?.refunds;
  const soldBy = defined({ named: named || undefined, client, token: refunds && { refunds } });
  return { deliverWithinMs: delivery.withinMs, ...(Object.keys(soldBy).length > 0 ? { soldBy } : {}) };
}

/** What a recorded order still needs. */
async function proceed(
  at: Reserving,
  order: OrderRecord,
  replayed: boolean,
): Promise<ReservedPayment | PaymentResult | 'busy'> {
  const { till, book } = at;
  // Of another account than this process has, nothing is done, not even told.
  providerOf(till, order);
  if (isBeingSent(till, order)) return 'busy';
  const now = till.clock.now();
  if (order.state === 'PENDING_APPROVAL') return commitIntent(at, order, replayed);
  // One whose payer was forgotten cannot be sent as it was.
  if (awaitsSend(order) && order.payerSalt !== FORGOTTEN) {
    const reopened = await book.orders.move(order, 'reopened', {
      declinedCode: undefined,
      sentAt: undefined,
      ...(isPromised(order) ? {} : { expiresAt: undefined }),
    });
    return commitIntent(at, reopened, replayed);
  }
  const expired = order.expiresAt !== undefined && now >= order.expiresAt;
  if (order.state === 'UNKNOWN' || (order.state === 'NOTPAY' && expired)) {
    return { todo: 'settle', order: await book.orders.patch(order, claim(till)), replayed };
  }
  if (order.state === 'NOTPAY' && !order.closing && !canBePaid(order.credential, now)) {
    await insistNotFrozen(book);
    return { todo: 'renew', order: await book.orders.patch(order, claim(till)), replayed };
  }
  return tell(at, order, replayed);
}

/** There is nothing to send: what stands is the answer. */
function tell({ book, call }: Reserving, order: OrderRecord, replayed: boolean): Promise<PaymentResult> {
  return concluded(book, call, paymentResult(book, call, order, replayed));
}

/** The last gate before a gateway: rules and approval are checked in the transaction that commits the intent. */
async function commitIntent(
  at: Reserving,
  order: OrderRecord,
  replayed: boolean,
): Promise<ReservedPayment | PaymentResult> {
  const { till, call, book, ready } = at;
  const provider = plannerOf(till, order);
  if (provider.fromPageOnly?.has(order.scene) && !ready.page) throw new AskFirst('page', order);
  const now = till.clock.now();
  if (isPromised(order) && (order.expiresAt ?? 0) <= now) {
    // What was promised to nobody after this instant is not sent any more.
    const counts = { countedAt: undefined, countedBy: undefined };
    return tell(at, await book.orders.move(order, 'withdrawn', counts), replayed);
  }
  const permitted = await permit(till, book, call, 'payment', order);
  if (!permitted) return tell(at, await book.orders.again(order), replayed);
  if (order.terms.chosen && !provider.timedNumbers && !ready.number) throw new AskFirst('number', order);
  const terms = termsOf(order, now);
  const sent = await book.orders.move(
    order,
    'sent',
    {
      plan: await planOf(book, provider, order, terms),
      sentAt: now,
      expiresAt: terms.expiresAt,
      askAt: firstAskAt(now),
      asked: 0,
      ...permitted.counts,
      ...claim(till),
    },
    permitted.allowed,
  );
  return { todo: 'send', order: sent, replayed, approval: permitted.approval };
}

/** What is sent: of a subscription that is signed by being paid, the first payment with what is signed. */
async function planOf(
  book: Book,
  provider: PaymentProvider,
  { terms: { period } }: OrderRecord,
  terms: OrderTerms,
): Promise<string> {
  const { payAndSign } = provider.agreements ?? {};
  const subscription =
    payAndSign && period?.period === 1 ? await book.subscriptions.get(period.contractNo) : undefined;
  return payAndSign && subscription?.signingScene !== undefined
    ? payAndSign.plan(terms, agreementTerms(subscription))
    : provider.planPayment(terms);
}

/** The terms as the gateway gets them; `now` (ms) only matters until the first send fixes them. */
export function termsOf(order: OrderRecord, now: number): OrderTerms {
  const { outTradeNo, scene, amountFen, title, payerOpenid, payerClientIp } = order;
  const { expiresInMinutes, mark } = order.terms;
  const sentAt = wholeSecond(order.sentAt ?? now);
  const expiresAt = order.expiresAt ?? wholeSecond(now) + expiresInMinutes * 60_000;
  return defined({
    outTradeNo,
    scene,
    amountFen,
    title,
    sentAt,
    expiresAt,
    payerOpenid,
    payerClientIp,
    mark,
  });
}

/** Nothing of it is at the gateway: it waits for a person, or the gateway has provably declined it. */
function awaitsSend({ state, declinedCode }: OrderRecord): boolean {
  return state === 'PENDING_APPROVAL' || (state === 'CLOSED' && declinedCode !== undefined);
}

export function isFinal(order: OrderRecord): boolean {
  return FINAL.includes(order.state);
}

/** Whether there is something to pay with, and it has not died (`now` in ms). */
export function canBePaid(credential: Credential, now: number): boolean {
  if (Object.keys(credential).length === 0) return false;
  return credential.linkExpiresAt === undefined || credential.linkExpiresAt > now;
}
