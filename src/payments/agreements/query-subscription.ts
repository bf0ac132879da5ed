import type { ProviderId } from '../../domain/order.ts';
import type { SubscriptionState } from '../../ledger/subscription-machine.ts';
import { contractSubject } from '../../ledger/subscription-records.ts';
import { readCursor, writeCursor } from '../list-payments.ts';
import { queryPayment } from '../query-payment.ts';
import { isBeingSent } from '../sending.ts';
import type { Call, Till } from '../till.ts';
import { finishEnding, openOrderIn } from './end.ts';
import { askAgreement, isEnding } from './learn.ts';
import {
  ownSubscriptionIn,
  resultOf,
  type SubscriptionResult,
  type SubscriptionWithLast,
  subscriptionsIn,
  tellSubscription,
} from './results.ts';

/**
 * Asks the gateway how a subscription stands, and its last order where that is open, and tells what is proven. Where the
 * gateway does not answer, what is known is told, for it stands as it is.
 * Throws ORDER_NOT_FOUND, TRY_LATER, CONFIGURATION.
 */
export async function querySubscription(
  till: Till,
  call: Call,
  { contractNo }: { readonly contractNo: string },
): Promise<SubscriptionResult> {
  const { subscription, order } = await till.ledger.read(async (book) => {
    const known = await ownSubscriptionIn(book, call, contractNo);
    return { subscription: known, order: await openOrderIn(book, known) };
  });
  if (order && !isBeingSent(till, order))
    await queryPayment(till, { ...call, ownOrdersOnly: false }, { ...order, waitSeconds: 0 }).catch(
      quietly(till),
    );
  const { state, mode, openedAt } = subscription;
  const isOpen = mode === 'auto' && openedAt !== undefined && state !== 'ENDED';
  if (isOpen && isEnding(subscription)) await finishEnding(till, subscription);
  else if (isOpen) await askAgreement(till, subscription);
  return tellSubscription(till, call, contractNo);
}

/** What a gateway does not say just now changes nothing of what is told. */
function quietly(till: Till) {
  return (error: unknown) => till.log.info('subscription: no answer', { error: String(error) });
}

export interface ListSubscriptionsInput {
  readonly state?: SubscriptionState | undefined;
  readonly provider?: ProviderId | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export interface SubscriptionList {
  readonly items: readonly SubscriptionResult[];
  readonly nextCursor: string | undefined;
}

/** The caller's subscriptions, newest first, from the ledger alone. Throws INVALID_ARGUMENT. */
export async function listSubscriptions(
  till: Till,
  call: Call,
  { state, provider, limit, cursor }: ListSubscriptionsInput,
): Promise<SubscriptionList> {
  const place = cursor === undefined ? undefined : readCursor(cursor);
  const filter = {
    ...{ state, provider, caller: call.ownOrdersOnly ? call.caller : undefined },
    after: place && { createdAt: place.createdAt, contractNo: place.outTradeNo },
  };
  return till.ledger.read(async (book) => {
    const found = await subscriptionsIn(book, filter, limit + 1);
    const page = found.slice(0, limit);
    const subjectOf = ({ subscription }: SubscriptionWithLast) =>
      contractSubject(subscription.contractNo).outTradeNo;
    const asked = await book.approvals.ofOrders(page.map(subjectOf));
    const last = page.at(-1)?.subscription;
    return {
      items: page.map((row) => resultOf(till, call, row, asked.get(subjectOf(row)) ?? [])),
      nextCursor: found.length > limit && last ? writeCursor(last.createdAt, last.contractNo) : undefined,
    };
  });
}
