/**
 * `QUOTED`: somebody was told a price; `EXECUTING`: the upstream is being asked, by whoever has the claim;
 * `REFUND_DUE`: paid, and nothing will be delivered.
 */
export type PaidCallState =
  | 'QUOTED'
  | 'PAID'
  | 'EXECUTING'
  | 'RESULT_STORED'
  | 'DELIVERED'
  | 'CONFIRMED'
  | 'REFUND_DUE'
  | 'REFUNDED';

export type PaidCallEvent =
  | 'paid'
  | 'claimed'
  /** Provably nothing has reached the upstream, or it may be asked again: the claim is given back. */
  | 'released'
  | 'stored'
  | 'delivered'
  /** The gateway has taken note that it was fulfilled. */
  | 'confirmed'
  | 'owed'
  | 'refunded';

/**
 * Where an event leads; a pair that is missing changes nothing. Asking the upstream and paying back exclude each other:
 * from `PAID` on there is one way for each, and what is stored is never paid back.
 */
const TABLE: Readonly<Record<PaidCallState, Partial<Record<PaidCallEvent, PaidCallState>>>> = {
  QUOTED: { paid: 'PAID' },
  PAID: { claimed: 'EXECUTING', owed: 'REFUND_DUE' },
  EXECUTING: { stored: 'RESULT_STORED', released: 'PAID', owed: 'REFUND_DUE' },
  RESULT_STORED: { delivered: 'DELIVERED', confirmed: 'CONFIRMED' },
  DELIVERED: { confirmed: 'CONFIRMED' },
  CONFIRMED: {},
  REFUND_DUE: { refunded: 'REFUNDED' },
  REFUNDED: {},
};

/** The state after `event`, or undefined when the event changes nothing. */
export function nextPaidCallState(state: PaidCallState, event: PaidCallEvent): PaidCallState | undefined {
  return TABLE[state][event];
}

/** Whether what was bought is there to be handed over, as often as it is asked for. */
export function hasResult(state: PaidCallState): boolean {
  return state === 'RESULT_STORED' || state === 'DELIVERED' || state === 'CONFIRMED';
}
