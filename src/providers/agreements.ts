import type { Text } from '../domain/errors.ts';
import type { Fen } from '../domain/money.ts';
import type { OrderTerms } from '../domain/order.ts';
import type { Period } from '../domain/period.ts';
import type { MayStill, TradeSnapshot } from './exchange.ts';
import { type DeclineReason, GatewayDeclined } from './gateway-errors.ts';

/*
 * What a gateway has for charging somebody again and again, once they have agreed to it: the merchant's server charges,
 * a period at a time, by an ordinary order whose number is paid at most once. The money path decides when; an adapter
 * translates. The three errors of the port cross this one and no others, with the same meaning: GatewayDeclined (answered
 * no; `proven` only with a valid signature), GatewayUnavailable (provably not sent), OutcomeUnknown (may have happened).
 * Everything `plan…` is pure, is stored before it is sent, and is sent again to the byte; it may throw `CashierError`
 * INVALID_ARGUMENT for limits of this gateway, before anything is stored.
 */
export interface Agreements {
  readonly rules: AgreementRules;

  /** What a subscriber is asked to sign. Pure. Absolute times only, for the same bytes may be signed again later. */
  planSigning(terms: AgreementTerms): string;
  /**
   * Turns a plan into what the subscriber opens. Where the gateway wants only a link it is signed here, without a call.
   * Safe to repeat with the same plan: one number is signed at most once, however many links of it are about.
   */
  sign(terms: AgreementTerms, plan: string): Promise<SigningLink>;
  /**
   * As `planPayment` of the first period's order, whose payer signs the agreement by paying: it is sent by the ordinary
   * `sendPayment`, and queried, closed and refunded like every other. That it is paid does not prove that the agreement is
   * signed; {@link queryAgreement} and the notification do. undefined where the gateway has no such thing.
   */
  readonly payAndSign?: PayAndSign | undefined;

  /**
   * The gateway's proven word on an agreement, by its own number where that is known, else by ours. `exists: false` only
   * when that, too, is proven by its signature. Where the gateway no longer knows one that has ended, say so as it does:
   * the money path takes "not there" of one that was signed for its end.
   */
  queryAgreement(name: AgreementName): Promise<AgreementSnapshot>;

  /**
   * As `planPayment`, of one period's order (`scene: 'agreement'`), to be charged under a signed agreement. Its
   * `expiresAt` is the end of the window in which it may be charged, which need not be sent.
   */
  planCharge(order: OrderTerms, agreement: SignedAgreement): string;
  /**
   * Charges. The same number charges at most once, so the same plan may be sent again, also after a refusal.
   *
   * - Resolves to the trade, PAID, with the gateway's proof: number, amount and account are held against the ledger as
   *   those of every query.
   * - Resolves to `'accepted'` where the gateway has taken it and does not say yet what came of it: `queryTrade` will.
   * - Throws {@link ChargeDeclined} where it provably was not charged by this call, with what may still come of it.
   * - Any other GatewayDeclined (bad parameter, credentials, permission, rate) says nothing about the subscriber.
   */
  sendCharge(order: OrderTerms, plan: string, mayStill?: MayStill): Promise<PaidTrade | 'accepted'>;

  /**
   * Has the gateway expect the next charge on a later day (`YYYY-MM-DD` in Beijing) than it does; the amount never
   * changes. It only ever moves later, so that a repeat is harmless: whether it was taken, {@link queryAgreement} says.
   */
  postpone(agreement: SignedAgreement, day: string, mayStill?: MayStill): Promise<void>;

  /** Pure: what {@link unsign} will send. */
  planUnsign(agreement: SignedAgreement): string;
  /**
   * Ends an agreement. Resolves when the gateway has taken it, which is not yet the proof: that is
   * {@link queryAgreement} or the notification. One that has ended before is no error where the gateway says so; else
   * GatewayDeclined with reason `not-exist` or `closed`. Safe to repeat.
   */
  unsign(agreement: SignedAgreement, plan: string, mayStill?: MayStill): Promise<void>;
}

/** The first period is paid, and the agreement signed, in one go. */
interface PayAndSign {
  /** The scene of that first order, as `sendPayment` of its plan hands something over. */
  readonly scene: OrderTerms['scene'];
  /** Pure. `terms.firstDay` is that of the second period, and `terms.times` counts from there. */
  plan(first: OrderTerms, terms: AgreementTerms): string;
}

/** What the gateway wants of the times and days of an agreement. */
export interface AgreementRules {
  /** The least number of days in a period that is counted in days. */
  readonly leastDays: number;
  /** The latest day of a month for which a charge of a period counted in months may be planned; 31 where any may. */
  readonly latestDayOfMonth: number;
  /** How many days before the planned one a charge is certainly taken too. After the planned day none is. */
  readonly daysBefore: number;
  /**
   * Whether a period's window is told by {@link queryAgreement}; what is told there goes before what is computed here.
   */
  readonly tellsWindow: boolean;
  /** ms to wait after each try of a period that was declined with `later`; the last one repeats while the window is open. */
  readonly retryAfterMs: readonly number[];
  /** How long (ms) after its making a link may still be signed, at most. */
  readonly signWithinMs: number;
}

/** What a subscriber agrees to. Everything here is fixed when the intent is committed; another price is another agreement. */
export interface AgreementTerms {
  /** Letters and digits only, 6 to 32: by which the gateway knows it for us. Never used twice, also after its end. */
  readonly signNo: string;
  /** Already held against {@link AgreementRules}. */
  readonly period: Period;
  /** The most that any one charge takes. */
  readonly mostFen: Fen;
  /** `YYYY-MM-DD` in Beijing: for when the first charge is planned, already within {@link AgreementRules}. */
  readonly firstDay: string;
  /** How many charges there are in all; undefined: until somebody ends it. */
  readonly times?: number | undefined;
  /** Shown to the subscriber where the gateway shows such a thing. */
  readonly title: string;
  /** ms, whole second; from then on the link must not lead to a signature any more. */
  readonly signBefore: number;
}

/** What the subscriber opens to sign. */
export interface SigningLink {
  /** A byte-exact, clickable https link (or http on loopback), which also is what stands in a code to be scanned. */
  readonly signUrl: string;
  /** What opens the wallet's app on a phone where the link itself does not. */
  readonly appUrl?: string;
}

export interface AgreementName {
  readonly signNo: string;
  /** The gateway's own number, once it is known. */
  readonly agreementNo?: string | undefined;
}

export type SignedAgreement = Required<Pick<AgreementName, 'signNo'>> & { readonly agreementNo: string };

/** The gateway's proven word on an agreement. */
export type AgreementSnapshot =
  | { readonly exists: false }
  | {
      readonly exists: true;
      /** As `PaymentProvider.account`, built from what the gateway said. */
      readonly account: string;
      /** As the gateway said it; '' where it does not say it, and was asked by its own number. */
      readonly signNo: string;
      readonly agreementNo: string;
      /** PENDING: it is there and not signed yet. UNKNOWN for a word that is not in the adapter's table. */
      readonly state: 'PENDING' | 'ACTIVE' | 'ENDED' | 'UNKNOWN';
      readonly gatewayState: string;
      /** ms */
      readonly signedAt?: number;
      /** ms; an agreement may end by itself then, and nobody tells. */
      readonly validUntil?: number;
      /** In which (ms, both inclusive) the gateway takes the next charge, where it tells both. */
      readonly window?: { readonly from: number; readonly to: number };
      /** The most that one charge may take, where the gateway tells it. */
      readonly mostFen?: Fen;
    };

export type PaidTrade = Extract<TradeSnapshot, { exists: true }> & { readonly state: 'PAID' };

/**
 * Why a charge was declined, and what that means for its period: `later`, try again inside the window (no money in the
 * account just now); `never`, this period will not be charged under this agreement (outside the window, above what was
 * agreed, times used up); `agreement-ended`, the gateway says that there is no such agreement any more, which is proven
 * by asking for it.
 */
export type ChargeRetry = 'later' | 'never' | 'agreement-ended';

/** Provably not charged by this call. What an earlier call of the same number did, whose answer was lost, it does not say. */
export class ChargeDeclined extends GatewayDeclined {
  readonly retry: ChargeRetry;

  /** @param reason in the house's words; `proven` is true, for without a signature it is a plain GatewayDeclined */
  constructor(
    retry: ChargeRetry,
    reason: DeclineReason,
    gatewayCode: string,
    requestId?: string,
    advice?: Text,
  ) {
    super(reason, gatewayCode, true, requestId, advice);
    this.retry = retry;
  }
}
