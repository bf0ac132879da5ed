import type { OrderRecord, RefundRecord } from '../ledger/records.ts';
import { APPEARS_WITHIN_MS } from './apply.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** A fresh order is asked for within 15 s; the longer nobody pays, the rarer. All in ms. */
const FIRST_ASK = 5 * SECOND;
const LONGEST_WHILE_OPEN = MINUTE;
const LONGEST_AFTER_EXPIRY = 60 * MINUTE;
/** A little after an instant at which the gateway itself changes its mind. */
const GRACE = 2 * SECOND;

/** Until a sender's claim has run out there is nothing to ask. */
export function firstAskAt(now: number): number {
  return now + FIRST_ASK;
}

/**
 * When (ms) an unsettled order is asked for next: a quarter of its age, within bounds, and right after its expiry.
 * @param random 0 ≤ random < 1, spreads what was made together
 */
export function nextOrderAsk(order: OrderRecord, now: number, random: number): number {
  const age = now - (order.sentAt ?? now);
  const expiresAt = order.expiresAt ?? now;
  const longest = now < expiresAt + APPEARS_WITHIN_MS ? LONGEST_WHILE_OPEN : LONGEST_AFTER_EXPIRY;
  const wait = Math.min(Math.max(age / 4, FIRST_ASK), longest) * (0.9 + random * 0.2);
  const milestones = [expiresAt + GRACE, expiresAt + APPEARS_WITHIN_MS + GRACE].filter((at) => at > now);
  return Math.floor(Math.min(now + wait, ...milestones));
}

/**
 * When (ms) an unsettled refund is asked for next, by the gateway's own advice.
 * @param askAfterMs waits between questions; the last one repeats
 */
export function nextRefundAsk(
  refund: RefundRecord,
  askAfterMs: readonly number[],
  now: number,
  random: number,
): number {
  const wait = askAfterMs[Math.min(refund.asked, askAfterMs.length - 1)] ?? MINUTE;
  return Math.floor(now + wait * (1 + random * 0.1));
}
