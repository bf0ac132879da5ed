/**
 * `PENDING_SIGN`: nobody has agreed to it yet; `PAUSED`: a period was not paid, and later ones may be; `UNKNOWN`: it is
 * being ended, or the gateway says what nobody understands. Periods are charged in `ACTIVE` and `PAUSED` alone.
 */
export const SUBSCRIPTION_STATES = ['PENDING_SIGN', 'ACTIVE', 'PAUSED', 'ENDED', 'UNKNOWN'] as const;
export type SubscriptionState = (typeof SUBSCRIPTION_STATES)[number];

export type SubscriptionEvent =
  /** The gateway has proven that it is signed, or the first period to be paid. */
  | 'signed'
  /** A period has gone by unpaid. */
  | 'paused'
  /** One was paid after all. */
  | 'resumed'
  /** We want it to end, and the gateway is yet to prove that it has. */
  | 'ending'
  /** The gateway's word on it is none that we know. */
  | 'doubted'
  /** It has provably ended, or nothing of it has ever been at a gateway. */
  | 'ended';

/**
 * Where an event leads; a pair that is missing changes nothing. From the end no way leads back to where periods are
 * charged; but who signs after it was cancelled has signed at the gateway, and that is to be ended too.
 */
const TABLE: Readonly<Record<SubscriptionState, Partial<Record<SubscriptionEvent, SubscriptionState>>>> = {
  PENDING_SIGN: { signed: 'ACTIVE', ending: 'UNKNOWN', doubted: 'UNKNOWN', ended: 'ENDED' },
  ACTIVE: { paused: 'PAUSED', ending: 'UNKNOWN', doubted: 'UNKNOWN', ended: 'ENDED' },
  PAUSED: { resumed: 'ACTIVE', ending: 'UNKNOWN', doubted: 'UNKNOWN', ended: 'ENDED' },
  UNKNOWN: { signed: 'ACTIVE', paused: 'PAUSED', ended: 'ENDED' },
  ENDED: { ending: 'UNKNOWN' },
};

/** The state after `event`, or undefined when the event changes nothing. */
export function nextSubscriptionState(
  state: SubscriptionState,
  event: SubscriptionEvent,
): SubscriptionState | undefined {
  return TABLE[state][event];
}

/** Whether a period of it may be charged, or asked to be paid. */
export function mayCharge(state: SubscriptionState): boolean {
  return state === 'ACTIVE' || state === 'PAUSED';
}
