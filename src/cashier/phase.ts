import type { CashierView } from './view.ts';

/**
 * What the buyer is looking at: the order's state, told apart further by the clock, by a close under way and by a
 * late payment. Only `payable` ever shows something to pay with.
 */
export type Phase =
  | 'approval'
  | 'denied'
  | 'payable'
  | 'link-expired'
  | 'expired'
  | 'closing'
  | 'closed'
  | 'unknown'
  | 'paid'
  | 'paid-late';

/** The instant (ms) from which the code or link can no longer be paid. */
export function payableUntil(view: CashierView): number {
  return Math.min(view.expiresAt, view.linkExpiresAt ?? view.expiresAt);
}

/** The phase of an order at the instant `now` (ms). */
export function phaseOf(view: CashierView, now: number): Phase {
  switch (view.state) {
    case 'PENDING_APPROVAL':
      return 'approval';
    case 'DENIED':
      return 'denied';
    case 'PAID':
      return view.late ? 'paid-late' : 'paid';
    case 'CLOSED':
      return 'closed';
    case 'UNKNOWN':
      return 'unknown';
    case 'NOTPAY': {
      const linkDead = now >= payableUntil(view);
      if (now >= view.expiresAt || (view.closing && linkDead)) return 'expired';
      if (view.closing) return 'closing';
      return linkDead ? 'link-expired' : 'payable';
    }
  }
}

/** Whole seconds until the code or link dies, rounded up; 0 as soon as the order does not wait for a payment. */
export function secondsLeft(view: CashierView, now: number): number {
  return view.state === 'NOTPAY' ? secondsUntil(payableUntil(view), now) : 0;
}

/** Whole seconds until the clock alone turns this phase into another; undefined when only an event can. */
export function turnsIn(view: CashierView, now: number): number | undefined {
  const phase = phaseOf(view, now);
  if (phase === 'payable' || phase === 'closing') return secondsUntil(payableUntil(view), now);
  return phase === 'link-expired' ? secondsUntil(view.expiresAt, now) : undefined;
}

/**
 * How often an open page asks for the state, in ms; 0 = never again. A closed or expired order can still be proven
 * paid, so those go on being asked for, at ease.
 */
export function pollEvery(phase: Phase): number {
  switch (phase) {
    case 'paid':
    case 'paid-late':
    case 'denied':
      return 0;
    case 'closed':
    case 'link-expired':
      return 5_000;
    default:
      return 1_000;
  }
}

function secondsUntil(instant: number, now: number): number {
  return Math.max(0, Math.ceil((instant - now) / 1000));
}
