import type { Fen } from '../domain/money.ts';
import type { ProviderId, Scene } from '../domain/order.ts';
import type { AskedBy } from './records.ts';
import type { SubscriptionState } from './subscription-machine.ts';
import { json, maybe, money, number, Table, text } from './table.ts';

/** `auto`: the server charges by the subscriber's consent; `reminded`: each period is a payment that they make. */
export type SubscriptionMode = 'auto' | 'reminded';

/**
 * Why a subscription has ended, or is to: its caller or a person has cancelled it; the subscriber has, in the wallet's own
 * app; all times are charged; nobody agreed to it in time; two periods in a row could have been paid and were not; its
 * time was over at the gateway; a person has said no to it; it was the trial edition's, and that has ended.
 */
export type EndedReason =
  | 'cancelled'
  | 'cancelled-by-person'
  | 'ended-by-subscriber'
  | 'completed'
  | 'not-signed'
  | 'unpaid'
  | 'expired'
  | 'denied'
  | 'trial-over';

export const SUBSCRIPTIONS = new Table('subscriptions', ['contractNo', 'state', 'updatedAt', 'tries'], {
  contractNo: text(),
  /** By which the gateway knows it; letters and digits. */
  signNo: text(),
  provider: text<ProviderId>(),
  account: text(),
  caller: text(),
  mode: text<SubscriptionMode>(),
  state: text<SubscriptionState>(),
  amountFen: money,
  /** Of the first period, where that is another. */
  firstFen: maybe(money),
  title: text(),
  /** ISO 8601; see `domain/period.ts`. */
  period: text(),
  times: maybe(number),
  /** In which the first period's payment is opened, where paying it is how the agreement is signed. */
  signingScene: maybe(text<Scene>()),
  /** Salted. */
  subscriberHash: text(),
  inputHash: text(),
  /** Who asked for it, in whose name and under whose rules its periods are charged. */
  asked: json<AskedBy>('asked_json'),
  /**
   * `YYYY-MM-DD` in Beijing, from which all periods are counted. `auto`: for when the gateway expects the first charge, the
   * last day on which it takes it; `reminded`: the day on which the first period is due.
   */
  firstDay: text(),
  /** How many days there are between the day on which a period is due and the last on which it can be paid. */
  graceDays: number,
  /** Since when somebody may agree to it; undefined while a person is to allow that. */
  openedAt: maybe(number),
  /** Until when it can be agreed to. */
  signBefore: number,
  /** What the subscriber signs; undefined before it may be, and where nothing is. */
  plan: maybe(text()),
  agreementNo: maybe(text()),
  gatewayState: maybe(text()),
  signedAt: maybe(number),
  /** When the gateway has last said that it holds. */
  provenAt: maybe(number),
  /** When it ends by itself at the gateway. */
  validUntil: maybe(number),
  /** In which the gateway takes the next charge, where it tells. */
  windowFrom: maybe(number),
  windowTo: maybe(number),
  /** The period that is next, or under way, counted from 1. */
  nextPeriod: number,
  /** How many are paid. */
  charged: number,
  /** How many in a row could have been and were not, up to now: what nobody was asked for stands between none of them. */
  missed: number,
  /** Since then nothing more is charged, and why; whether it has ended at the gateway is another matter. */
  endingAt: maybe(number),
  reason: maybe(text<EndedReason>()),
  /** What ends it at the gateway. */
  unsignPlan: maybe(text()),
  endedAt: maybe(number),
  createdAt: number,
  updatedAt: number,
  /** When (ms) somebody sees to it next; undefined once nothing is left to do. */
  tryAt: maybe(number),
  /** How often somebody has since it was last put off for long. */
  tries: number,
});

/** One subscription as the ledger has it. Instants in ms. */
export type SubscriptionRecord = ReturnType<typeof SUBSCRIPTIONS.fromRow>;

/** `paid`, or `missed`: its time went by. */
export type PeriodOutcome = 'paid' | 'missed';

export const SUBSCRIPTION_PERIODS = new Table('subscription_periods', ['contractNo', 'period', 'tries'], {
  contractNo: text(),
  /** Counted from 1. */
  period: number,
  /** Of its one order: the same whoever makes it, also in a ledger that was put back from a backup. */
  outTradeNo: text(),
  amountFen: money,
  dueAt: number,
  /** The end of the time in which it is charged or paid. */
  untilAt: number,
  /** How often it was sent, and when a try last ended in a refusal: of one that nobody has heard of it does not tell. */
  tries: number,
  triedAt: maybe(number),
  /** The gateway's code of its last refusal. */
  code: maybe(text()),
  /** It will not be charged any more, whatever time is left. */
  givenUpAt: maybe(number),
  outcome: maybe(text<PeriodOutcome>()),
  createdAt: number,
});

/** One period of a subscription, from the intent to charge it on. Instants in ms. */
export type PeriodRecord = ReturnType<typeof SUBSCRIPTION_PERIODS.fromRow>;

/** What is charged for a period. */
export function amountOf(
  { firstFen, amountFen }: Pick<SubscriptionRecord, 'firstFen' | 'amountFen'>,
  period: number,
): Fen {
  return period === 1 ? (firstFen ?? amountFen) : amountFen;
}

/** The most that a period is charged for. */
export function mostOf(subscription: Pick<SubscriptionRecord, 'firstFen' | 'amountFen'>): Fen {
  const { amountFen } = subscription;
  const first = amountOf(subscription, 1);
  return first > amountFen ? first : amountFen;
}

/** Whether the period that is next, or under way, is an ordinary payment which the subscriber makes. */
export function isPaidByHand({
  mode,
  signingScene,
  nextPeriod,
}: Pick<SubscriptionRecord, 'mode' | 'signingScene' | 'nextPeriod'>): boolean {
  return mode === 'reminded' || (signingScene !== undefined && nextPeriod === 1);
}

/** In which scene the period that is next is paid: by hand, or charged by the server. */
export function periodScene(
  subscription: Pick<SubscriptionRecord, 'mode' | 'signingScene' | 'nextPeriod'>,
): Scene {
  return isPaidByHand(subscription) ? (subscription.signingScene ?? 'qr') : 'agreement';
}

/** Whether it has no next period any more. */
export function isThrough({ times, nextPeriod }: Pick<SubscriptionRecord, 'times' | 'nextPeriod'>): boolean {
  return times !== undefined && nextPeriod > times;
}

/** Stands before the number of a contract where numbers of orders stand. */
export const CONTRACT = 'contract:';

/** Under which the trail tells of a subscription: no order is called so. */
export function contractSubject(contractNo: string): { readonly outTradeNo: string } {
  return { outTradeNo: `${CONTRACT}${contractNo}` };
}

/** The contract of a record that is told of one; undefined for an order's. */
export function contractOf(outTradeNo: string | undefined): string | undefined {
  return outTradeNo?.startsWith(CONTRACT) ? outTradeNo.slice(CONTRACT.length) : undefined;
}
