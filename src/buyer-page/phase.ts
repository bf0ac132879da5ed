import { fenFromYuan } from '../domain/money.ts';
import type { BuyerView } from './view.ts';

/**
 * What the buyer is looking at: the order's state, told apart further by the clock, by a close under way, by refunds
 * and by where the buyer comes from. Only `payable` and `confirming` ever show something to pay with.
 */
export type Phase =
  | 'approval'
  | 'denied'
  | 'preparing'
  | 'payable'
  | 'confirming'
  | 'link-expired'
  | 'expired'
  | 'closing'
  | 'closed'
  | 'unknown'
  | 'paid'
  | 'paid-late'
  | 'refunded-part'
  | 'refunded'
  | 'refund-unknown';

/** What has gone back to the buyer, by whomever. */
export type Refunded = 'none' | 'part' | 'full' | 'unknown';

export function refundedOf({ amountYuan, refundedYuan, refundedElsewhereYuan }: BuyerView): Refunded {
  const total = fenFromYuan(amountYuan) ?? 0;
  const ours = fenFromYuan(refundedYuan ?? '0') ?? 0;
  const elsewhere = fenFromYuan(refundedElsewhereYuan ?? '0');
  if (ours + (elsewhere ?? 0) >= total) return 'full';
  if (elsewhere === undefined) return 'unknown';
  return ours + elsewhere > 0 ? 'part' : 'none';
}

/** The instant (ms) from which the code or link can no longer be paid. */
export function payableUntil(view: BuyerView): number {
  return Math.min(view.expiresAt, view.linkExpiresAt ?? view.expiresAt);
}

/**
 * The phase of an order at the instant `now` (ms).
 * @param returned the buyer comes back from the wallet, whatever was done there
 */
export function phaseOf(view: BuyerView, now: number, returned = false): Phase {
  switch (view.state) {
    case 'PENDING_APPROVAL':
      return 'approval';
    case 'DENIED':
      return 'denied';
    case 'PAID':
      return paidPhase(view);
    case 'CLOSED':
      return 'closed';
    case 'UNKNOWN':
      return view.given ? 'unknown' : 'preparing';
    case 'NOTPAY': {
      const linkDead = now >= payableUntil(view);
      if (now >= view.expiresAt || (view.closing && linkDead)) return 'expired';
      if (!view.given) return 'preparing';
      if (view.closing) return 'closing';
      if (returned) return 'confirming';
      return linkDead ? 'link-expired' : 'payable';
    }
  }
}

function paidPhase(view: BuyerView): Phase {
  switch (refundedOf(view)) {
    case 'full':
      return 'refunded';
    case 'part':
      return 'refunded-part';
    case 'unknown':
      return 'refund-unknown';
    case 'none':
      return view.late ? 'paid-late' : 'paid';
  }
}

/** Whether there is something to pay with at the instant `now` (ms). */
export function isPayable(view: BuyerView, now: number): boolean {
  return view.state === 'NOTPAY' && view.given && !view.closing && now < payableUntil(view);
}

/** Whether there is nothing to pay with yet, and the buyer may ask for it again at the instant `now` (ms). */
export function mayAskAgain(view: BuyerView, now: number): boolean {
  return view.again === true && now < view.expiresAt && phaseOf(view, now) === 'preparing';
}

/** Whole seconds until the code or link dies, rounded up; 0 as soon as the order does not wait for a payment. */
export function secondsLeft(view: BuyerView, now: number): number {
  return view.state === 'NOTPAY' && view.given ? secondsUntil(payableUntil(view), now) : 0;
}

/** Whole seconds until the clock alone changes what is shown; undefined when only an event can. */
export function turnsIn(view: BuyerView, now: number): number | undefined {
  if (view.state !== 'NOTPAY' || now >= view.expiresAt) return undefined;
  if (now < payableUntil(view)) return secondsUntil(payableUntil(view), now);
  return view.closing ? undefined : secondsUntil(view.expiresAt, now);
}

/**
 * How often an open page asks for the state, in ms; 0 = only when somebody looks at it again. A closed or expired
 * order can still be proven paid, so those go on being asked for, at ease.
 */
export function pollEvery(phase: Phase): number {
  if (FINAL.has(phase)) return 0;
  return phase === 'closed' || phase === 'link-expired' ? 5_000 : 1_000;
}

const FINAL: ReadonlySet<Phase> = new Set<Phase>([
  ...(['paid', 'paid-late', 'refunded-part', 'refunded', 'refund-unknown'] as const),
  'denied',
]);

function secondsUntil(instant: number, now: number): number {
  return Math.max(0, Math.ceil((instant - now) / 1000));
}
