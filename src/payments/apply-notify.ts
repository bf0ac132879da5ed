import type { Book } from '../ledger/book.ts';
import type { OrderRecord } from '../ledger/records.ts';
import {
  isHome,
  NotifyRejected,
  type PaymentProvider,
  type RawNotify,
  type VerifiedNotify,
} from '../providers/contract.ts';
import { applyAgreement, isForeignAgreement } from './agreements/learn.ts';
import {
  alarm,
  applyElsewhere,
  applyRefund,
  applyRefundedTotal,
  applyTrade,
  isForeignRefund,
  isForeignTrade,
} from './apply.ts';
import { merchantScopeOf } from './refund-rules.ts';
import type { Till } from './till.ts';

/** What became of a notification. Only `applied`, `repeated` and `other` are acknowledged as taken. */
export const NOTIFY_OUTCOMES = ['applied', 'repeated', 'other', 'rejected', 'foreign', 'not-ours'] as const;
export type NotifyOutcome = (typeof NOTIFY_OUTCOMES)[number];

/**
 * Takes a gateway's notification into the ledger, committed before this resolves. Whatever is not provably the
 * gateway's word on an order of this account, number and amount changes nothing; repeats and latecomers are no-ops.
 */
export async function applyNotify(
  till: Till,
  provider: PaymentProvider,
  raw: RawNotify,
): Promise<NotifyOutcome> {
  let verified: VerifiedNotify;
  try {
    verified = await provider.parseNotify(raw, till.clock.now());
  } catch (error) {
    if (!(error instanceof NotifyRejected)) throw error;
    till.log.warn('notification rejected', { provider: provider.id, reason: error.reason });
    return 'rejected';
  }
  const ledger = till.ledger.as({ actor: 'gateway', tool: `notify/${provider.id}` });
  const outcome = await ledger.write((book) => apply(till, book, provider, verified));
  const level = outcome === 'foreign' || outcome === 'not-ours' ? 'warn' : 'info';
  till.log[level]('notification', {
    provider: provider.id,
    kind: verified.kind,
    id: verified.id,
    outcome,
  });
  return outcome;
}

async function apply(
  till: Till,
  book: Book,
  provider: PaymentProvider,
  verified: VerifiedNotify,
): Promise<NotifyOutcome> {
  if (verified.kind === 'other') return 'other';
  if (verified.kind === 'agreement') return applyToSubscription(till, book, provider, verified.agreement);
  const order = await namedIn(book, provider, verified);
  if (order?.provider !== provider.id || !isHome(provider, order.account)) return 'not-ours';
  const { outTradeNo } = order;
  if (verified.kind === 'trade') {
    const foreign = isForeignTrade(order, verified.trade);
    const after = await applyTrade(book, order, verified.trade, 'notify', till.clock.now());
    if (foreign) return 'foreign';
    return after.state === order.state ? 'repeated' : 'applied';
  }
  if (verified.kind === 'refunded') {
    if (isForeignTrade(order, verified.trade)) {
      await alarm(book, { outTradeNo }, 'foreign-trade');
      return 'foreign';
    }
    const after = await applyRefundedTotal(book, order, verified.trade.refundedFen);
    return after === order ? 'repeated' : 'applied';
  }
  const told = { ...verified.refund, outTradeNo };
  const refund = await book.refunds.get(outTradeNo, told.outRefundNo);
  if (!refund) return applyElsewhere(book, order, told, merchantScopeOf(provider), till.clock.now());
  const foreign = isForeignRefund(refund, told, provider);
  const after = await applyRefund(book, refund, told, provider);
  if (foreign) return 'foreign';
  return after.state === refund.state ? 'repeated' : 'applied';
}

/** A subscriber who has signed, or ended it in the wallet's own app, is believed at once. */
async function applyToSubscription(
  till: Till,
  book: Book,
  provider: PaymentProvider,
  agreement: Extract<VerifiedNotify, { kind: 'agreement' }>['agreement'],
): Promise<NotifyOutcome> {
  const known =
    (await book.subscriptions.bySignNo(agreement.signNo)) ??
    (await book.subscriptions.byAgreementNo(provider.id, agreement.agreementNo));
  if (known?.provider !== provider.id || !isHome(provider, known.account)) return 'not-ours';
  const after = await applyAgreement(book, known, agreement, 'notify', till.clock.now());
  if (isForeignAgreement(known, agreement)) return 'foreign';
  return after.state === known.state ? 'repeated' : 'applied';
}

/** The order that a notification is about: by our number, or by the gateway's where a refund names no other. */
async function namedIn(
  book: Book,
  provider: PaymentProvider,
  verified: Exclude<VerifiedNotify, { kind: 'other' | 'agreement' }>,
): Promise<OrderRecord | undefined> {
  if (verified.kind !== 'refund') return book.orders.get(verified.trade.outTradeNo);
  const { refund, gatewayTradeNo } = verified;
  if (refund.outTradeNo !== '' || gatewayTradeNo === undefined) return book.orders.get(refund.outTradeNo);
  const known = await book.orders.byGatewayNo(gatewayTradeNo, MOST_OF_A_NUMBER);
  const own = known.find((order) => order.provider === provider.id && isHome(provider, order.account));
  return own && book.orders.again(own);
}
/** Other gateways may have used it as well. */
const MOST_OF_A_NUMBER = 5;
