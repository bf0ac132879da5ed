import type { ProviderId } from '../domain/order.ts';
import type { Book } from '../ledger/book.ts';
import type { OrderRecord } from '../ledger/records.ts';
import { holdToPolicy, policyInForce } from '../policy/decisions.ts';
import type { ForeignOrders } from '../policy/policy.ts';
import { isHome, type RefundSnapshot, type TradeSnapshot } from '../providers/contract.ts';
import { applyTrade, isForeignTrade } from './apply.ts';
import { refundAt, tradeAt } from './ask-gateway.ts';
import { newOrder } from './beginnings.ts';
import { clientError, isGatewayError, orderNotFound, orderUnknown, refundNotFound } from './errors.ts';
import { digest, ownOrderIn } from './results.ts';
import { type Call, chooseProvider, type Till } from './till.ts';

/** Names an order as a caller does. `provider` is needed only for one that the ledger does not know. */
export interface OrderName {
  readonly outTradeNo: string;
  readonly provider?: ProviderId | undefined;
}

/** The gateway's word on an order that is not in the ledger, and stays out of it. */
export interface ForeignPayment {
  readonly foreign: Extract<TradeSnapshot, { exists: true }>;
  readonly provider: ProviderId;
}

/** As {@link ForeignPayment}. */
export interface ForeignRefund {
  readonly foreignRefund: Extract<RefundSnapshot, { exists: true }>;
  readonly provider: ProviderId;
}

/** What the merchant lets this caller do with orders of other systems; a caller that sees only its own has none. */
async function foreignOrders(till: Till, call: Call): Promise<ForeignOrders> {
  if (call.ownOrdersOnly) return 'refuse';
  const policy = await till.ledger.read((book) => policyInForce(book, till.policy));
  return policy.foreignOrders ?? till.foreignOrders;
}

/**
 * An order that the caller may close or refund: one of the ledger, or, where the merchant allows that, one of another
 * system that the gateway has proven, taken into the ledger now. Throws ORDER_NOT_FOUND, and as queryPayment.
 */
export async function orderToMove(till: Till, call: Call, name: OrderName): Promise<OrderRecord> {
  const known = await till.ledger.read((book) => book.orders.get(name.outTradeNo));
  if (known || (await foreignOrders(till, call)) !== 'allow') {
    return till.ledger.read((book) => ownOrderIn(book, call, name.outTradeNo));
  }
  const { foreign, provider } = await askForeign(till, call, name);
  return till.ledger.write(async (book) => {
    const meanwhile = await book.orders.get(name.outTradeNo);
    if (meanwhile) return ownOrderIn(book, call, name.outTradeNo);
    // What it is taken in by are the ledger's rules from now on, and they may have changed while the gateway was asked.
    const { foreignOrders: allowed = till.foreignOrders } = await holdToPolicy(book, till.policy);
    if (allowed !== 'allow') throw orderNotFound();
    const taken = await takeIn(till, book, call, provider, foreign);
    if (!taken) throw orderNotFound();
    return taken;
  });
}

/** What the ledger has of an order before it takes it in. */
export type KnownBefore = Partial<Pick<OrderRecord, 'caller' | 'scene' | 'inputHash' | 'pageToken'>>;

/** Takes an order of the gateway into the ledger as it has proven it; undefined where it says too little, or other things. */
export async function takeIn(
  till: Till,
  book: Book,
  { caller }: Pick<Call, 'caller'>,
  provider: ProviderId,
  foreign: Extract<TradeSnapshot, { exists: true }>,
  known: KnownBefore = {},
): Promise<OrderRecord | undefined> {
  const { amountFen } = foreign;
  if (amountFen === undefined || foreign.state === 'UNKNOWN') return undefined;
  // What is not known of it (title, scene, when it was made) is left open and not shown.
  const order = newOrder(till, {
    outTradeNo: foreign.outTradeNo,
    provider,
    account: foreign.account,
    caller,
    scene: 'qr',
    amountFen,
    title: '',
    source: 'query',
    inputHash: digest('adopted', foreign.outTradeNo),
    terms: { expiresInMinutes: 0, adopted: true },
    sentAt: foreign.sentAt ?? Math.min(till.clock.now(), foreign.paidAt ?? Infinity),
    ...known,
  });
  if (isForeignTrade(order, foreign)) return undefined;
  await book.orders.insert(order);
  const taken = await book.orders.move(order, 'adopted');
  return applyTrade(book, taken, foreign, 'query', till.clock.now());
}

/**
 * Asks the gateway about an order that the ledger does not know; where the merchant has not opened that, nobody is
 * asked. Throws ORDER_NOT_FOUND, and as queryPayment.
 */
export async function queryForeign(till: Till, call: Call, name: OrderName): Promise<ForeignPayment> {
  if ((await foreignOrders(till, call)) === 'refuse') throw orderNotFound();
  return askForeign(till, call, name);
}

/** As {@link queryForeign}, about a refund. */
export async function queryForeignRefund(
  till: Till,
  call: Call,
  name: OrderName & { readonly outRefundNo: string },
): Promise<ForeignRefund> {
  if ((await foreignOrders(till, call)) === 'refuse') throw orderNotFound();
  const provider = chooseProvider(till, name.provider);
  if (provider.timedNumbers) throw orderNotFound();
  const snapshot = await told(refundAt(till, provider, call, name), name);
  if (!snapshot.exists) throw refundNotFound();
  return { foreignRefund: snapshot, provider: provider.id };
}

async function askForeign(till: Till, call: Call, name: OrderName): Promise<ForeignPayment> {
  const provider = chooseProvider(till, name.provider);
  if (provider.timedNumbers) throw orderNotFound();
  const snapshot = await told(tradeAt(till, provider, call, name.outTradeNo), name);
  if (!snapshot.exists || !isHome(provider, snapshot.account) || snapshot.outTradeNo !== name.outTradeNo) {
    throw orderUnknown();
  }
  return { foreign: snapshot, provider: provider.id };
}

async function told<T>(answer: Promise<T>, { outTradeNo }: OrderName): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (!isGatewayError(error)) throw error;
    throw clientError(
      error,
      {
        zh: '账本外的订单，状态没有查到',
        en: 'the order is not in the ledger and its state was not learned',
      },
      { outTradeNo },
    );
  }
}
