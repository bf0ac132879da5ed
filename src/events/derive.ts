import { beijingIso, beijingInstant as instant } from '../domain/clock.ts';
import { defined } from '../domain/defined.ts';
import { fen, toSignedYuan, toYuan } from '../domain/money.ts';
import type { OrderState, RefundState } from '../domain/order.ts';
import type { AuditDetails, AuditKind } from '../ledger/audit-kinds.ts';
import {
  type ApprovalRecord,
  type AuditRecord,
  BY_PERSON,
  type OrderRecord,
  PAY_BACK,
  type RefundRecord,
} from '../ledger/records.ts';
import { contractOf, type SubscriptionRecord } from '../ledger/subscription-records.ts';
import { type CashierEvent, DISABLED_WHY, type EventData, type EventType, type OwnType } from './event.ts';

/** What an event is told with besides its record; nothing of it changes any more. */
export interface Facts {
  readonly order?: OrderRecord | undefined;
  readonly refund?: RefundRecord | undefined;
  readonly approval?: ApprovalRecord | undefined;
  readonly subscription?: SubscriptionRecord | undefined;
  readonly simulated: boolean;
  /** Whatever is paid goes back the next day. */
  readonly trial?: boolean | undefined;
}

/** Of an older record, or one that somebody edited, anything may be missing. */
type Detail<Kind extends AuditKind> = Partial<AuditDetails[Kind]>;

/** What becomes of one kind of record: which event it is, if it is one, and what is told of it beyond its subject. */
interface Derivation<Kind extends AuditKind> {
  /** @param by who did it, as the record names them */
  readonly type: (detail: Detail<Kind>, by: string) => EventType | OwnType | undefined;
  readonly data?: (detail: Detail<Kind>, facts: Facts) => Partial<EventData>;
}
type Derivations = { readonly [Kind in AuditKind]?: Derivation<Kind> };

const always =
  <Type extends EventType | OwnType>(type: Type) =>
  () =>
    type;
const yuan = (amountFen: unknown) =>
  Number.isSafeInteger(amountFen) ? toSignedYuan(Number(amountFen)) : undefined;

const moved = <State extends OrderState | RefundState>({
  to,
  declinedCode,
}: {
  readonly to?: State;
  readonly declinedCode?: string;
}) => defined({ state: to, code: declinedCode });

const payment = (type: (detail: Detail<'order-paid'>) => EventType): Derivation<'order-paid'> => ({
  type,
  data: (detail, { order }) => ({
    ...moved<OrderState>(detail),
    ...defined({
      gatewayTradeNo: detail.gatewayTradeNo ?? order?.gatewayTradeNo,
      paidAt: instant(order?.paidAt),
      late: detail.late || undefined,
    }),
  }),
});

/** Nothing that the order has only learned since, such as that it was paid after all: each try tells the same. */
const closed: Derivation<'order-closed'> & Derivation<'order-declined'> & Derivation<'order-withdrawn'> = {
  type: always('payment.closed'),
  data: (detail: Parameters<typeof moved<OrderState>>[0]) => moved<OrderState>(detail),
};

const refund = (type: EventType): Derivation<'refund-success'> => ({
  type: always(type),
  data: (detail, facts) => ({
    ...moved<RefundState>(detail),
    ...defined({ gatewayRefundNo: detail.gatewayRefundNo ?? facts.refund?.gatewayRefundNo }),
  }),
});

type ApprovalSeen = NonNullable<EventData['approval']>['state'];

function approval(
  type: EventType,
  state: ApprovalSeen,
): Derivation<'approval-approved' | 'approval-failed'> & Derivation<'approval-asked' | 'approval-expired'> {
  return {
    type: always(type),
    data: (
      { decidedBy, reason, code }: { decidedBy?: string; reason?: string | undefined; code?: string },
      { approval: asked }: Facts,
    ) =>
      defined({
        approval: asked && {
          id: asked.id,
          kind: asked.kind,
          state,
          expiresAt: beijingIso(asked.expiresAt),
          ...defined({ decidedBy }),
        },
        rule: state === 'pending' ? asked?.rule : undefined,
        code,
        reason,
      }),
  };
}

function contract(type: Derivation<'subscription-ended'>['type']): Derivation<'subscription-ended'> {
  return { type, data: ({ to, reason }) => defined({ state: to, endedReason: reason }) };
}

interface OfPeriod {
  readonly contract?: string;
  readonly period?: number;
  readonly mode?: string;
  readonly code?: string;
  readonly untilAt?: number;
}

function period(type: (detail: OfPeriod) => EventType | undefined) {
  return {
    type,
    data: ({ contract: contractNo, period: n, code, untilAt }: OfPeriod) =>
      defined({ contractNo, period: n, code, expiresAt: instant(untilAt) }),
  };
}

/** Which records are events: everything that a channel is ever told comes from here. */
const DERIVATIONS: Derivations = {
  'order-paid': payment(({ late }) => (late ? 'payment.late' : 'payment.paid')),
  'order-closed': closed,
  'order-declined': closed,
  'order-withdrawn': closed,
  'order-in-doubt': {
    type: always('payment.unknown'),
    data: ({ since }) => ({ state: 'UNKNOWN', ...defined({ since: instant(since) }) }),
  },
  'refund-success': refund('refund.succeeded'),
  'refund-closed': refund('refund.failed'),
  // It may be sent again, and be given a number then.
  'refund-declined': {
    // What the server owes it sends again and again: of that, one refusal is told for all.
    type: (_, by) => (by === PAY_BACK ? undefined : 'refund.failed'),
    data: (detail) => moved<RefundState>(detail),
  },
  'owed-refused': {
    type: ({ why }) => (why === 'trial' ? 'refund.failed' : 'call.refund-failed'),
    data: ({ code }) => defined({ code }),
  },
  'refund-abnormal': refund('refund.failed'),
  // Of another system: it is as it is when it is learned.
  'refund-created': {
    type: ({ state }) =>
      state === 'SUCCESS'
        ? 'refund.succeeded'
        : state === 'CLOSED' || state === 'ABNORMAL'
          ? 'refund.failed'
          : undefined,
    data: ({ state }, facts) => defined({ state, gatewayRefundNo: facts.refund?.gatewayRefundNo }),
  },
  'call-paid': { type: always('call.paid') },
  'call-delivered': { type: always('call.delivered') },
  'call-refunded': { type: always('call.refunded') },
  'call-paid-twice': {
    type: always('call.paid-twice'),
    data: ({ late }) => defined({ late: late || undefined }),
  },
  'subscription-signed': contract(({ from }) =>
    from === 'PENDING_SIGN' ? 'subscription.signed' : undefined,
  ),
  'subscription-paused': contract(({ from }) => (from === 'ACTIVE' ? 'subscription.paused' : undefined)),
  'subscription-ended': contract(always('subscription.ended')),
  'subscription-due': period(({ mode }: { mode?: string }) =>
    mode === 'reminded' ? 'subscription.due' : undefined,
  ),
  'subscription-charged': period(always('subscription.charged')),
  'subscription-failed': period(always('subscription.failed')),
  'delivery-overdue': {
    type: always('delivery.overdue'),
    data: ({ since }) => defined({ since: instant(since) }),
  },
  'approval-asked': {
    ...approval('approval.asked', 'pending'),
    type: ({ rule }) => (rule === BY_PERSON ? undefined : 'approval.asked'),
  },
  'approval-approved': approval('approval.decided', 'approved'),
  'approval-denied': approval('approval.decided', 'denied'),
  'approval-failed': approval('approval.decided', 'failed'),
  'approval-expired': approval('approval.expired', 'expired'),
  'policy-denied': {
    type: always('policy.denied'),
    data: ({ count, since, rules }) => defined({ count, since: instant(since), rules }),
  },
  'allowance-low': {
    type: always('budget.low'),
    data: ({ budget, leftFen }) => defined({ budget, leftYuan: yuan(leftFen) }),
  },
  'operator-froze': {
    type: always('freeze.set'),
    data: ({ by, reason }) => defined({ by, reason }),
  },
  'operator-unfroze': { type: always('freeze.lifted'), data: ({ via }) => defined({ by: via }) },
  'bill-differs': {
    type: always('reconcile.differences'),
    data: ({ provider, date, count }) => defined({ provider, date, count }),
  },
  'bill-refused': {
    type: always('reconcile.refused'),
    data: ({ provider, date, code }) => defined({ provider, date, code }),
  },
  'day-summed': {
    type: always('daily.summary'),
    data: ({ date, paidCount, paidFen, refundedCount, refundedFen, openApprovals, inDoubt, bills }) =>
      defined({
        ...{ date, paidCount, paidYuan: yuan(paidFen), refundedCount, refundedYuan: yuan(refundedFen) },
        netYuan: yuan(Number(paidFen) - Number(refundedFen)),
        ...{ openApprovals, inDoubt, bills: Array.isArray(bills) ? bills : undefined },
      }),
  },
  'alarm-foreign-trade': { type: always('alarm.foreign-trade') },
  'alarm-foreign-refund': { type: always('alarm.foreign-refund') },
  'alarm-refunded-after-closed': { type: always('alarm.refunded-after-closed') },
  'trail-broken': { type: always('alarm.audit'), data: ({ count }) => defined({ count }) },
  'channel-disabled': {
    type: always('channel.disabled'),
    data: ({ channel, why, code }) =>
      defined({ channel, why: DISABLED_WHY.find((one) => one === why), code }),
  },
};

/** What a day came to, as it is told, without the record that it will be told from. */
export function dayEvent(sum: AuditDetails['day-summed'], at: number, simulated: boolean): CashierEvent {
  const data = DERIVATIONS['day-summed']?.data?.(sum, { simulated });
  return { id: '-', seq: 0, type: 'daily.summary', at, data: { ...data, simulated } };
}

/** The kinds of records that may be events. */
export const EVENT_KINDS = Object.keys(DERIVATIONS) as readonly AuditKind[];

function derivationOf({ kind }: Pick<AuditRecord, 'kind'>): Derivation<AuditKind> | undefined {
  return Object.hasOwn(DERIVATIONS, kind)
    ? (DERIVATIONS[kind as AuditKind] as Derivation<AuditKind> | undefined)
    : undefined;
}

/** Which event a record is; undefined for most. */
export function typeOf(record: AuditRecord): EventType | OwnType | undefined {
  return derivationOf(record)?.type(record.detail as Detail<AuditKind>, record.caller);
}

/** Events about one thing are told in their order: about one order, else about one matter; no order is called so. */
export function laneOf(record: AuditRecord, type: EventType | OwnType): string {
  return record.outTradeNo ?? `:${type.split('.')[0]}`;
}

/** The event that a record is; the same each time. Undefined where it is none. */
export function eventOf(record: AuditRecord, facts: Facts): CashierEvent | undefined {
  const derivation = derivationOf(record);
  const type = derivation?.type(record.detail as Detail<AuditKind>, record.caller);
  if (!derivation || !type) return undefined;
  const { seq, at, hash, outTradeNo, outRefundNo } = record;
  const { order } = facts;
  const sold = order ?? facts.subscription;
  const contractNo = contractOf(outTradeNo);
  const isForeign = order?.terms.adopted === true;
  const asked = facts.approval?.kind === 'refund' ? facts.approval.amountFen : undefined;
  const refundFen = facts.refund?.amountFen ?? asked;
  return {
    // The hash is over all that came before as well: another ledger, or one put back from a backup, says something else.
    id: `evt_${seq}_${hash.slice(0, 16)}`,
    ...{ seq, type, at },
    data: {
      ...defined({
        outTradeNo: contractNo === undefined ? outTradeNo : undefined,
        outRefundNo,
        contractNo,
        provider: sold?.provider,
        amountYuan: sold && toYuan(sold.amountFen),
        refundYuan: refundFen === undefined ? undefined : toYuan(fen(refundFen)),
        title: isForeign ? undefined : sold?.title,
        // What a person has decided is told with that person's words.
        reason: type === 'approval.decided' ? undefined : facts.refund?.reason,
        caller: (facts.refund ?? sold)?.caller,
      }),
      ...derivation.data?.(record.detail as Detail<AuditKind>, facts),
      simulated: facts.simulated,
      ...(facts.trial ? { trial: true } : {}),
    },
  };
}
