import type { Fen } from '../domain/money.ts';
import type { ProviderId, Scene } from '../domain/order.ts';
import type { Course } from '../ledger/records.ts';

/** Rules on payments or on refunds; amounts in fen. A rule that is absent does not apply. */
export interface RuleSet {
  /** One payment or refund. */
  readonly maxFen?: Fen;
  /** A person must approve above this; 'none': never. */
  readonly approveAboveFen?: Fen | 'none';
  /** Within a day of Beijing. */
  readonly perDay?: Ceiling;
  /** Within any 60 seconds. */
  readonly perMinute?: Ceiling;
  readonly providers?: readonly ProviderId[];
  readonly scenes?: readonly Scene[];
  /** Minutes of the Beijing day, `[from, to)`; `from > to` spans midnight. */
  readonly hours?: readonly [from: number, to: number];
  /** Only out of the caller's prepaid budget. */
  readonly from?: 'budget';
}

export interface Ceiling {
  readonly totalFen?: Fen;
  readonly count?: number;
}

export interface Sections {
  readonly payments: RuleSet;
  readonly refunds: RuleSet;
}

/** The merchant's rules. */
export interface Policy extends Sections {
  /** Overrides for one caller, or stricter rules for programs that call themselves so. */
  readonly clients?: Readonly<Record<string, Partial<Sections>>>;
  /** What may be done with orders that the ledger does not know; absent: what the toolset says. */
  readonly foreignOrders?: ForeignOrders;
  /** Until when what is paid is to be delivered, and what comes of it where nobody says that it is. */
  readonly delivery?: DeliveryRule;
  /** What callers may sell to be paid again and again. */
  readonly subscriptions?: SubscriptionRules;
  /** Whether a form that the client shows counts as a person's yes. */
  readonly trustForms?: boolean;
}

/** Delivery is confirmed within so long (ms) after the payment, or else this is done. */
export interface DeliveryRule {
  readonly withinMs: number;
  readonly otherwise: Course;
}

/** Rules on subscriptions, of all callers together; amounts in fen. A rule that is absent does not apply. */
export interface SubscriptionRules {
  /** One period. */
  readonly maxFen?: Fen;
  /** How many there may be at a time that have not ended. */
  readonly active?: number;
  /** Of those that are made within a day of Beijing; each counts with one period. */
  readonly perDay?: Ceiling;
}

export type ForeignOrders = 'refuse' | 'query' | 'allow';

/** In force without a policy file: payments to 5,000 yuan, and every refund needs a person. */
export const DEFAULT_POLICY: Policy = {
  payments: { maxFen: 500_000 as Fen },
  refunds: { approveAboveFen: 0 as Fen },
};
