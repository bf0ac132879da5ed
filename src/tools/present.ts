import type { CashierError } from '../domain/errors.ts';
import type { AuditRecord, RefundRecord } from '../ledger/records.ts';
import type { SubscriptionList } from '../payments/agreements/query-subscription.ts';
import type { SubscriptionResult } from '../payments/agreements/results.ts';
import type { ForeignPayment, ForeignRefund } from '../payments/foreign.ts';
import type { PaymentList } from '../payments/list-payments.ts';
import type { OfferResult } from '../payments/offers.ts';
import type { PaymentResult, RefundResult } from '../payments/results.ts';
import { listAnswer } from './present/list.ts';
import { offerAnswer } from './present/offer.ts';
import { paymentAnswer, paymentStory } from './present/payment.ts';
import { refundAnswer } from './present/refund.ts';
import { subscriptionAnswer, subscriptionListAnswer } from './present/subscription.ts';
import { type PresenterOptions, voice } from './present/voice.ts';

export type { BuyerPage, PresenterOptions } from './present/voice.ts';

/** The only place where results become words. Titles, payer names and gateway text stay out of every sentence. */
export type Presenter = ReturnType<typeof presenter>;

export function presenter(options: PresenterOptions) {
  const own = voice(options);
  const { say, lines, runnable, simulated, trial } = own;
  return {
    payment: (result: PaymentResult | ForeignPayment | OfferResult) =>
      'offer' in result ? offerAnswer(own, result) : paymentAnswer(own, result),
    /** A payment that a buyer is to be given: with an image of its code, where it has one. */
    created: (result: PaymentResult | OfferResult) =>
      'offer' in result ? offerAnswer(own, result) : paymentAnswer(own, result, { withImage: true }),
    refund: (result: RefundResult | ForeignRefund) => refundAnswer(own, result),
    list: (list: PaymentList) => listAnswer(own, list),
    subscription: (result: SubscriptionResult) => subscriptionAnswer(own, result),
    /** A subscription that somebody is to be given: with an image of what they scan, where they may. */
    offered: (result: SubscriptionResult) => subscriptionAnswer(own, result, { withImage: true }),
    subscriptions: (list: SubscriptionList) => subscriptionListAnswer(own, list),
    story: (result: PaymentResult, refunds: readonly RefundRecord[], events: readonly AuditRecord[]) =>
      paymentStory(own, result, refunds, events),
    /** A text of a tool that has words of its own. */
    plain: (text: string) => lines(text),
    /** An error in a sentence, with the gateway's code where there is one. */
    sentence({ text, next, details: { gatewayCode } }: CashierError): string {
      return runnable(`${say(text)}${gatewayCode === undefined ? '' : `(${gatewayCode}) `}${say(next)}`);
    },
    /** The one JSON object of an error's first text block. */
    error({ code, text, retryable, next, details }: CashierError): string {
      return JSON.stringify({
        code,
        message: runnable(say(text)),
        retryable,
        nextAction: runnable(say(next)),
        ...details,
        ...(simulated ? { simulated } : {}),
        ...(trial ? { trial } : {}),
      });
    },
  };
}
