import type { Fen } from '../domain/money.ts';
import type { OrderState, ProviderId, RefundState, Scene, Source } from '../domain/order.ts';
import type { OrderEvent } from './order-machine.ts';
import type { PaidCallEvent, PaidCallState } from './paid-call-machine.ts';
import type { ApprovalState, Course, OrderRecord, OwedWhy } from './records.ts';
import type { RefundEvent } from './refund-machine.ts';
import type { SubscriptionEvent, SubscriptionState } from './subscription-machine.ts';
import type { EndedReason, PeriodOutcome, SubscriptionMode } from './subscription-records.ts';

/** What an alarm is about. */
export type Alarm = 'foreign-trade' | 'foreign-refund' | 'refunded-after-closed';

/** What is told of a row without telling it: digests, and since when (ms) it counts. */
export interface Digests {
  readonly plan?: string;
  readonly credential?: string;
  readonly countedAt?: number;
}

/** What a move has learned of the gateway; all of it codes and numbers. */
export interface Learned {
  readonly source?: Source;
  readonly gatewayState?: string;
  readonly gatewayTradeNo?: string;
  readonly gatewayRefundNo?: string;
  readonly declinedCode?: string;
  readonly late?: boolean;
}

/** Why a send may go ahead: the rules that were asked, and a person's yes. */
export interface Allowed {
  readonly rules?: readonly string[];
  readonly approval?: string;
}

/** What is told of an order or refund that moved from one state to another. */
export interface Move<State> extends Learned, Digests, Allowed {
  readonly from: State;
  readonly to: State;
}

interface Decided {
  readonly approval: string;
  readonly decidedBy?: string;
  readonly reason?: string | undefined;
  readonly code?: string;
}

/** A day's bill: `differences` once it was compared, `refused` where it was not to be had. */
export interface DayBill {
  readonly provider: ProviderId;
  readonly differences?: number;
  readonly refused?: string;
}

/** What changed about a person, and the digest of all persons and passkeys after it. */
interface Named {
  readonly name: string;
  readonly roster: string;
}

/** What has become of a call that is paid for. */
interface Called {
  readonly to: PaidCallState;
}

/** Of which contract, and which of its periods, the order of this record is. */
interface OfPeriod {
  readonly contract: string;
  readonly period: number;
}

type Nothing = Readonly<Record<never, never>>;
type Happened<Kinds extends string, Detail> = { readonly [Kind in Kinds]: Detail };

/**
 * Everything that a record can tell, and what it says of it: plain data without secrets or buyer ids. What is written
 * is one of these; what is read may be older than all of them, or somebody's edit.
 */
export type AuditDetails = {
  readonly call: {
    /** Salted, of the arguments. */
    readonly digest: string;
    readonly client?: string;
    readonly meta?: object;
    readonly metaOmitted?: object;
  };
  readonly result: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly 'calls-limited': { readonly calls: number };
  /** No more written: the send that follows says it. */
  readonly 'policy-allowed': Allowed;
  readonly 'order-created': {
    readonly provider: ProviderId;
    readonly scene: Scene;
    readonly amountFen: Fen;
    readonly caller: string;
    readonly state: OrderState;
    /** Digest of what never changes. */
    readonly terms: string;
    /** Digest of who pays, by a salt of its own. */
    readonly payer?: string;
  };
  readonly 'order-given': Digests;
  /** Its wallet is the buyer's choice; until then nothing of it is at a gateway. `expiresAt` ms. */
  readonly 'offer-made': {
    readonly amountFen: Fen;
    readonly caller: string;
    readonly expiresAt: number;
    /** Digest of what never changes. */
    readonly terms: string;
  };
  /** `closedAt` ms. */
  readonly 'offer-closed': { readonly closedAt: number };
  /** The server itself owes it, and pays it back from `dueAt` (ms) on. */
  readonly 'owed-made': { readonly amountFen: Fen; readonly dueAt: number; readonly why: OwedWhy };
  /** It cannot be paid back for now: `code` is the gateway's, or ours. Said once; it is tried again. */
  readonly 'owed-refused': { readonly code: string; readonly why: OwedWhy };
  /** All of it has provably gone back. `settledAt` ms. */
  readonly 'owed-settled': { readonly settledAt: number };
  /** It is paid, and to be delivered until `overdueAt` (ms), where anybody has said so. */
  readonly 'delivery-awaited': { readonly overdueAt?: number };
  /** Whoever sold it says that it is delivered; digest of what it says besides. */
  readonly 'delivery-confirmed': { readonly deliveredAt: number; readonly note?: string };
  /** Nobody has said so in time: since when (ms), and what comes of it. */
  readonly 'delivery-overdue': { readonly toldAt: number; readonly since: number; readonly course: Course };
  /** Who has paid is blanked. */
  readonly 'order-forgotten': Nothing;
  /** A call is paid for, by the order of this record; `terms` digests what never changes of it. */
  readonly 'call-paid': Called & { readonly amountFen: Fen; readonly caller: string; readonly terms: string };
  /** Another order has paid the call before, or this one came too `late`: its money goes back. */
  readonly 'call-paid-twice': { readonly late?: boolean };
  /** Nothing will be delivered, and `why`: a word of ours. */
  readonly 'call-owed': Called & { readonly why: string };
  /** What the upstream has answered: the digest of it, and its HTTP status. */
  readonly 'call-stored': Called & { readonly status: number; readonly result: string };
  /** Somebody may agree to it; `terms` digests what never changes of it and is told nowhere else. */
  readonly 'subscription-created': {
    readonly provider: ProviderId;
    readonly mode: SubscriptionMode;
    readonly amountFen: Fen;
    readonly caller: string;
    readonly state: SubscriptionState;
    readonly terms: string;
  };
  /** A period is to be paid, from `dueAt` to `untilAt` (ms), by the order of this record. */
  readonly 'subscription-due': OfPeriod & {
    readonly mode: SubscriptionMode;
    readonly amountFen: Fen;
    readonly dueAt: number;
    readonly untilAt: number;
  };
  readonly 'subscription-charged': OfPeriod & { readonly outcome: PeriodOutcome; readonly amountFen: Fen };
  /** The gateway has refused to charge it, for the first time; it may be tried again. */
  readonly 'subscription-failed': OfPeriod & { readonly code: string };
  readonly 'subscription-missed': OfPeriod & { readonly outcome: PeriodOutcome };
  readonly 'refund-created': {
    readonly amountFen: Fen;
    readonly caller: string;
    readonly state: RefundState;
  };
  /** The gateway has not said for long what became of it; `since` (ms) it was sent. */
  readonly 'order-in-doubt': { readonly since: number };
  readonly 'gateway-refunded': { readonly gatewayRefunded: OrderRecord['gatewayRefunded'] };
  readonly 'send-failed': { readonly error: string; readonly code: string };
  readonly 'close-intended': Nothing;
  readonly 'approval-asked': { readonly approval: string; readonly rule: string; readonly amountFen: Fen };
  /** Nobody has decided, or nobody has sent what was approved, in time: `code` says why, where something stood in its way. */
  readonly 'approval-expired': { readonly approval: string; readonly code?: string };
  /** Calls that the rules have refused, summed up: `rules` by name, since (ms) the last that was told. */
  readonly 'policy-denied': {
    readonly count: number;
    readonly since: number;
    readonly rules: Readonly<Record<string, number>>;
  };
  /** Of an allowance little is left, for the first time since it was last added to. */
  readonly 'allowance-low': { readonly budget: string; readonly leftFen: Fen; readonly addedFen: Fen };
  /** A day's bill says otherwise than the ledger. */
  readonly 'bill-differs': { readonly provider: ProviderId; readonly date: string; readonly count: number };
  /** No bill of a day could be had: `code` is the gateway's, or ours. Said once, until there is one again. */
  readonly 'bill-refused': { readonly provider: ProviderId; readonly date: string; readonly code: string };
  /** What a day of Beijing came to. Of what waits there is as much as when it was summed up; of `bills` what is known. */
  readonly 'day-summed': {
    readonly date: string;
    readonly paidCount: number;
    readonly paidFen: number;
    readonly refundedCount: number;
    readonly refundedFen: number;
    readonly openApprovals: number;
    readonly inDoubt: number;
    readonly bills: readonly DayBill[];
  };
  /** Somebody has been at what is recorded: how many faults, and the first record that shows one. */
  readonly 'trail-broken': { readonly count: number; readonly seq?: number };
  /** A channel is told nothing until a person has seen to it. */
  readonly 'channel-disabled': { readonly channel: string; readonly why: string; readonly code?: string };
  readonly 'policy-first': { readonly version: number; readonly policy: object };
  readonly 'policy-accepted': { readonly version: number; readonly via: string; readonly policy: object };
  readonly 'operator-froze': { readonly by: string; readonly reason?: string | undefined };
  readonly 'operator-sign-in-failed': { readonly unrecorded?: number };
  readonly 'audit-key-made': { readonly publicKey: string };
  /** The end of what the backup has. */
  readonly 'ledger-backed-up': { readonly seq: number; readonly hash: string };
  /** Whoever put it back; what came after `at` (ms), the backup's last record, is not in it. */
  readonly 'ledger-restored': {
    readonly seq: number;
    readonly at: number;
    readonly via: string;
    readonly roster: string;
  };
  readonly 'ledger-moved': { readonly from: string; readonly to: string };
  /** A day that a backup had forgotten; `open` differences are left. */
  readonly 'ledger-day-reconciled': {
    readonly provider: ProviderId;
    readonly date: string;
    readonly taken: number;
    readonly open: number;
  };
  /** A restored ledger goes on; days that were not reconciled, or with differences, where a person has said so. */
  readonly 'ledger-resumed': { readonly via: string; readonly despite: readonly string[] };
} & Happened<`order-${OrderEvent | 'disowned'}`, Move<OrderState>> &
  Happened<`refund-${RefundEvent}`, Move<RefundState>> &
  Happened<`approval-${Exclude<ApprovalState, 'pending'>}`, Decided> &
  Happened<
    `subscription-${SubscriptionEvent}`,
    {
      readonly from: SubscriptionState;
      readonly to: SubscriptionState;
      readonly reason?: EndedReason;
      readonly gatewayState?: string;
    }
  > &
  Happened<`alarm-${Alarm}`, Nothing> &
  Happened<`call-${Exclude<PaidCallEvent, 'paid' | 'owed' | 'stored'>}`, Called> &
  Happened<'channel-enabled' | 'channel-replayed', { readonly channel: string; readonly since?: number }> &
  Happened<`operator-${'unfroze' | 'released'}`, { readonly via: string }> &
  /** Receipts are signed by it from now on, and verify by it for good: made here, or the configuration's. RFC 7638. */
  Happened<`receipt-key-${'made' | 'given'}`, { readonly kid: string }> &
  Happened<'operator-signed-in', { readonly via: string; readonly proof?: string }> &
  Happened<`operator-secret-${'set' | 'changed'}`, { readonly secret: string; readonly roster: string }> &
  Happened<'operator-added' | 'operator-revoked', Named & { readonly role: string; readonly via: string }> &
  Happened<'operator-joined' | 'operator-password-set', Named> &
  Happened<`operator-passkey-${'added' | 'removed'}`, Named & { readonly passkey: string }> &
  Happened<
    `budget-${'topped-up' | 'drawn'}`,
    {
      readonly budget: string;
      readonly amountFen: number;
      readonly via: string;
      readonly note?: string | undefined;
    }
  >;

export type AuditKind = keyof AuditDetails;
