import { type Answer, wordAt } from './answer.ts';

export type Ids = Readonly<Record<string, string>>;

/** In whose name an API is called, and by which paths. */
export interface ApiMerchant {
  /** Where orders are made, asked for and closed. */
  readonly trades: string;
  /** Where refunds are made and asked for. */
  readonly refunds: string;
  /** What an order's body says of who sells. */
  readonly ofOrder: Ids;
  /** What a question and a close say of it. */
  readonly ofTrade: Ids;
  /** What refunds and bills say of it beyond the signature. */
  readonly ofRefund: Ids;
  /** Gateway, merchant and apps; an order keeps that of its making. */
  readonly account: string;
  /** Whether an order is this merchant's, under whichever of its apps it was made. */
  owns(account: string): boolean;
  /** The account that an answer or notification speaks of; undefined when it does not say whose it is. */
  accountIn(answer: Answer | undefined): string | undefined;
  /** The account of another of the merchant's apps, as far as a bill's line tells one from another. */
  otherAccount(appId: string): string | undefined;
}

interface Own {
  readonly origin: string;
  readonly mchId: string;
  readonly appId: string;
  /** Whether a message is about somebody for whom a service provider collects. */
  isOfAnother(answer: Answer | undefined): boolean;
}

/** A merchant that calls in its own name, but for its paths. */
export function ownMerchant({ origin, mchId, appId, isOfAnother }: Own) {
  const accountOf = (app: string, mch = mchId) => [origin, mch, app].join(' ');
  return {
    ofOrder: { appid: appId, mchid: mchId },
    ofTrade: { mchid: mchId },
    account: accountOf(appId),
    owns: (account: string) => isOf(account, origin, mchId),
    accountIn(answer: Answer | undefined) {
      const [app, mch] = [wordAt(answer, 'appid'), wordAt(answer, 'mchid')];
      // A sub-merchant's trade is not the merchant's own, whoever its provider is.
      if (app === undefined || mch === undefined || isOfAnother(answer)) return undefined;
      return accountOf(app, mch);
    },
    otherAccount: (app: string) => (app === appId ? undefined : accountOf(app)),
  };
}

/** Whether an account is of a merchant, under whichever of its apps. */
export function isOf(account: string, origin: string, merchant: string): boolean {
  return account.startsWith(`${origin} ${merchant} `);
}
