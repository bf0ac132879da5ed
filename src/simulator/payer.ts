import { token } from './numbers.ts';
import type { Operation } from './scenarios.ts';
import type { Delivery } from './state/deliveries.ts';
import { type Refund, type Trade, tradeState } from './state/trades.ts';
import type { Steered } from './steering.ts';
import { fakeOf, type World } from './world.ts';

/** ms that `notify-late` holds a notification back. */
const NOTIFY_LATE_MS = 10_000;

/** The payer pays. Call inside a write; answers the order as it is afterwards, and whether it was paid just now. */
export function pay(world: World, trade: Trade, late = false): { trade: Trade; paidNow: boolean } {
  const now = world.clock.now();
  const state = tradeState(trade, now);
  if (state === 'PAID') return { trade, paidNow: false };
  if (state === 'CLOSED' && !late && !steer(world, trade, 'pay').has('pay-after-close')) {
    return { trade, paidNow: false };
  }
  const paid: Trade = {
    ...trade,
    paidAt: now,
    tradeNo: trade.tradeNo ?? fakeOf(world, trade.provider).newTradeNo(world),
  };
  world.trades.save(paid);
  fakeOf(world, trade.provider).paid?.(world, paid);
  if (paid.notifyUrl) announce(world, paid, { kind: 'payment', url: paid.notifyUrl, dueAt: now });
  return { trade: paid, paidNow: true };
}

/** The payer presses "refuse": the order stays as it is, and payable. Call inside a write. */
export function refuse(world: World, trade: Trade): void {
  if (trade.paidAt === undefined) world.trades.save({ ...trade, refusedAt: world.clock.now() });
}

/** What steers an event of an order. Call inside a write. */
export function steer(world: World, trade: Trade, operation: Operation, refund?: Refund): Steered {
  return world.steering.take({
    provider: trade.provider,
    operation,
    outTradeNo: trade.outTradeNo,
    title: trade.title,
    outRefundNo: refund?.outRefundNo,
    reason: refund?.reason,
  });
}

/** Puts the notification of a payment or refund in the queue, as scenarios want it. Call inside a write. */
export function announce(
  world: World,
  trade: Trade,
  what: { readonly kind: 'payment' | 'refund'; readonly url: string; readonly dueAt: number },
  refund?: Refund,
): void {
  const steered = steer(world, trade, 'notify', refund);
  if (steered.has('notify-never')) return;
  queue(world, trade, {
    ...{ kind: what.kind, url: what.url, ...asSteered(steered, what.dueAt) },
    ...(refund ? { outRefundNo: refund.outRefundNo } : {}),
  });
}

/** What scenarios make of a notification. */
export function asSteered(steered: Steered, dueAt: number) {
  return {
    dueAt: steered.has('notify-late') ? dueAt + NOTIFY_LATE_MS : dueAt,
    copiesLeft: steered.has('notify-twice') ? 2 : 1,
    ...(steered.has('wrong-amount') ? { wrongAmount: true as const } : {}),
    ...(steered.has('wrong-account') ? { wrongAccount: true as const } : {}),
    ...(steered.has('notify-by-certificate') ? { byCertificate: true as const } : {}),
  };
}

/** What scenarios make of a refund that was taken. */
export function refundOutcome(steered: Steered): Refund['outcome'] {
  if (steered.has('refund-processing')) return 'PROCESSING';
  if (steered.has('refund-closed')) return 'CLOSED';
  return steered.has('refund-abnormal') ? 'ABNORMAL' : 'SUCCESS';
}

/** A stranger's message that the order is paid, before anyone has paid. Call inside a write. */
export function announceForged(world: World, trade: Trade): void {
  if (!trade.notifyUrl) return;
  const now = world.clock.now();
  const claim = {
    ...trade,
    paidAt: now,
    tradeNo: trade.tradeNo ?? fakeOf(world, trade.provider).newTradeNo(world),
  };
  queue(world, trade, { kind: 'payment', url: trade.notifyUrl, dueAt: now, copiesLeft: 1, forged: claim });
}

/** Puts a notification in the queue. Call inside a write. */
export function queue(
  world: World,
  trade: Pick<Trade, 'provider' | 'space' | 'outTradeNo'>,
  delivery: Omit<Delivery, 'id' | 'provider' | 'space' | 'outTradeNo' | 'notifyId' | 'attempts'>,
): void {
  world.deliveries.save({
    id: token(world.randomBytes),
    provider: trade.provider,
    space: trade.space,
    outTradeNo: trade.outTradeNo,
    notifyId: token(world.randomBytes),
    attempts: [],
    ...delivery,
  });
}
