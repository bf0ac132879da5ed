import type { OrderState, ProviderId, RefundState } from '../domain/order.ts';
import type { DayBill } from '../ledger/audit-kinds.ts';
import type { SubscriptionState } from '../ledger/subscription-machine.ts';
import type { EndedReason } from '../ledger/subscription-records.ts';

/** What a merchant can ask to be told: all that something raises; see derive.ts. */
export const EVENT_TYPES = [
  'payment.paid',
  'payment.closed',
  'payment.late',
  'payment.unknown',
  'refund.succeeded',
  'refund.failed',
  'delivery.overdue',
  'approval.asked',
  'approval.decided',
  'approval.expired',
  'policy.denied',
  'budget.low',
  'freeze.set',
  'freeze.lifted',
  'reconcile.differences',
  'reconcile.refused',
  'daily.summary',
  'alarm.foreign-trade',
  'alarm.foreign-refund',
  'alarm.refunded-after-closed',
  'alarm.audit',
  'call.refund-failed',
  'call.paid',
  'call.delivered',
  'call.refunded',
  'call.paid-twice',
  'subscription.signed',
  'subscription.due',
  'subscription.charged',
  'subscription.failed',
  'subscription.paused',
  'subscription.ended',
] as const;

export type EventType = (typeof EVENT_TYPES)[number];

/** What we say of the telling itself: to the other channels, that one is silent; to one, that it works. */
export type OwnType = 'channel.disabled' | 'channel.test';

/**
 * What is told of an event, under the tools' names: sums are yuan as `…Yuan`, instants ISO 8601 in Beijing time. Nothing
 * in it is secret, names a buyer, or is enough to decide anything.
 */
export interface EventData {
  readonly outTradeNo?: string;
  readonly outRefundNo?: string;
  /** Of a subscription, and which of its periods. */
  readonly contractNo?: string;
  readonly period?: number;
  readonly endedReason?: EndedReason;
  /** Until when a period that is due can be paid. */
  readonly expiresAt?: string;
  readonly provider?: ProviderId;
  readonly state?: OrderState | RefundState | SubscriptionState;
  readonly amountYuan?: string;
  readonly refundYuan?: string;
  /** The agent's words. */
  readonly title?: string;
  /** The agent's words, why a refund is asked for; of a denial or a freeze, a person's. */
  readonly reason?: string;
  readonly caller?: string;
  readonly gatewayTradeNo?: string;
  readonly gatewayRefundNo?: string;
  readonly paidAt?: string;
  /** Paid after it had been closed or denied. */
  readonly late?: boolean;
  /** Our code, or the gateway's, of what failed or was refused. */
  readonly code?: string;
  /** Since when the outcome is in doubt, or since when things are counted. */
  readonly since?: string;
  readonly approval?: {
    readonly id: string;
    readonly kind: 'payment' | 'refund';
    readonly state: 'pending' | 'approved' | 'denied' | 'failed' | 'expired';
    readonly expiresAt: string;
    readonly decidedBy?: string;
  };
  /** Of the policy: what asks for a person. */
  readonly rule?: string;
  /** How many there were of what is summed up. */
  readonly count?: number;
  /** How many of them each rule has refused. */
  readonly rules?: Readonly<Record<string, number>>;
  readonly budget?: string;
  readonly leftYuan?: string;
  /** Who has done it: through what, as the audit trail names it. */
  readonly by?: string;
  /** The day of a bill, in Beijing. */
  readonly date?: string;
  /** Of a day: what came in and went back, and the difference; below what waits for somebody. */
  readonly paidYuan?: string;
  readonly paidCount?: number;
  readonly refundedYuan?: string;
  readonly refundedCount?: number;
  readonly netYuan?: string;
  readonly openApprovals?: number;
  /** Payments and refunds whose result nobody knows. */
  readonly inDoubt?: number;
  /** The day's bills: `differences` once one was compared, `refused` where none was to be had. */
  readonly bills?: readonly DayBill[];
  /** A channel that is silent, and why: {@link DisabledWhy}. */
  readonly channel?: string;
  readonly why?: DisabledWhy;
  readonly simulated: boolean;
  /** Of the trial edition: real money that goes back the next day. */
  readonly trial?: boolean;
}

/**
 * Why a channel is silent until a person has seen to it: its key is refused, its robot or endpoint is gone, it takes
 * no such messages (keyword, addresses), or nothing has arrived for days.
 */
export const DISABLED_WHY = ['wrong-key', 'removed', 'refused', 'unreachable'] as const;
export type DisabledWhy = (typeof DISABLED_WHY)[number];

/** Something that has happened, as it is told; the same each time it is derived from its record. */
export interface CashierEvent {
  /** The same in every attempt and for every channel; without a dot. */
  readonly id: string;
  /** Of its record in the audit trail; 0 of a test. */
  readonly seq: number;
  readonly type: EventType | OwnType;
  /** When (ms) the fact was committed. */
  readonly at: number;
  readonly data: EventData;
}

/**
 * What one try to tell a channel something has come to: it was taken; it will be tried again; this message will never be
 * taken; nothing will be until a person has seen to it.
 */
export const TOLD_OUTCOMES = ['delivered', 'again', 'refused', 'disabled'] as const;
export type ToldOutcome = (typeof TOLD_OUTCOMES)[number];
