import type { RefundState } from '../domain/order.ts';

/** What can happen to a refund. `sent` is our own intent; the others are proven by the gateway or said by a person. */
export type RefundEvent =
  | 'sent'
  | 'processing'
  | 'success'
  | 'closed'
  | 'abnormal'
  | 'declined'
  | 'denied'
  /** The gateway had provably declined it, and the same call comes again. */
  | 'reopened';

const PROOF = { processing: 'PROCESSING', success: 'SUCCESS', abnormal: 'ABNORMAL' } as const;

/** As the order's table: a missing pair changes nothing. Only SUCCESS is final: a proof that money went out is never
 * lost, although the refund was taken for declined, and has been asked about or denied since. */
const TABLE: Readonly<Record<RefundState, Partial<Record<RefundEvent, RefundState>>>> = {
  PENDING_APPROVAL: { sent: 'UNKNOWN', denied: 'DENIED', ...PROOF },
  DENIED: { ...PROOF },
  UNKNOWN: {
    processing: 'PROCESSING',
    success: 'SUCCESS',
    closed: 'CLOSED',
    abnormal: 'ABNORMAL',
    declined: 'CLOSED',
  },
  PROCESSING: { success: 'SUCCESS', closed: 'CLOSED', abnormal: 'ABNORMAL' },
  ABNORMAL: { processing: 'PROCESSING', success: 'SUCCESS', closed: 'CLOSED' },
  SUCCESS: {},
  CLOSED: {
    reopened: 'PENDING_APPROVAL',
    ...PROOF,
  },
};

/** The state after `event`, or undefined when the event changes nothing. */
export function nextRefundState(state: RefundState, event: RefundEvent): RefundState | undefined {
  return TABLE[state][event];
}

/** The states in which a refund holds its sum. */
export const HOLDING: readonly RefundState[] = ['UNKNOWN', 'PROCESSING', 'ABNORMAL', 'SUCCESS'];

/** Whether a refund in this state keeps its sum from being refunded again. */
export function holdsSum(state: RefundState): boolean {
  return HOLDING.includes(state);
}

/** Whether the gateway need not be asked any more. */
export function isSettledRefund(state: RefundState): boolean {
  return state !== 'UNKNOWN' && state !== 'PROCESSING' && state !== 'ABNORMAL';
}
