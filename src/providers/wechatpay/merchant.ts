import { type Answer, UNREADABLE, wordAt } from '../v3/answer.ts';
import { type ApiMerchant, type Ids, isOf, ownMerchant } from '../v3/merchant.ts';
import type { WechatpayConfig } from './config.ts';

/**
 * In whose name the API is called: a merchant's own, or a service provider's (服务商) for one of its sub-merchants. All
 * that the two dialects do not have in common is here.
 * @see https://pay.weixin.qq.com/doc/v3/partner/4013080340 (service providers)
 */
export interface Merchant extends ApiMerchant {
  /** The payer as the app knows them in which the checkout opens. */
  payer(openid: string): Ids;
}

export const DIRECT_TRADES = '/v3/pay/transactions';
export const PARTNER_TRADES = '/v3/pay/partner/transactions';
export const REFUNDS = '/v3/refund/domestic/refunds';

type Parties = Pick<WechatpayConfig, 'origin' | 'mchId' | 'appId' | 'subMerchant'>;

/** The merchant of a configuration. */
export function merchantOf(config: Parties): Merchant {
  return config.subMerchant === undefined ? direct(config) : partner(config, config.subMerchant);
}

function direct({ origin, mchId, appId }: Parties): Merchant {
  const isOfAnother = (answer: Answer | undefined) => said(answer, 'sub_mchid') !== undefined;
  return {
    ...ownMerchant({ origin, mchId, appId, isOfAnother }),
    trades: DIRECT_TRADES,
    refunds: REFUNDS,
    ofRefund: {},
    payer: (openid) => ({ openid }),
  };
}

function partner(
  { origin, mchId, appId }: Parties,
  { mchId: subMchId, appId: subAppId }: NonNullable<Parties['subMerchant']>,
): Merchant {
  const pair = `${mchId}/${subMchId}`;
  const accountOf = (app: string, subApp: string | undefined, parties = pair) =>
    [origin, parties, app, ...(subApp === undefined ? [] : [subApp])].join(' ');
  return {
    account: accountOf(appId, subAppId),
    trades: PARTNER_TRADES,
    refunds: REFUNDS,
    ofOrder: {
      sp_appid: appId,
      sp_mchid: mchId,
      ...(subAppId === undefined ? {} : { sub_appid: subAppId }),
      sub_mchid: subMchId,
    },
    ofTrade: { sp_mchid: mchId, sub_mchid: subMchId },
    ofRefund: { sub_mchid: subMchId },
    payer: (openid) => (subAppId === undefined ? { sp_openid: openid } : { sub_openid: openid }),
    owns: (account) => isOf(account, origin, pair),
    accountIn(answer) {
      const [app, provider, merchant] = ['sp_appid', 'sp_mchid', 'sub_mchid'].map((name) =>
        wordAt(answer, name),
      );
      if (app === undefined || provider === undefined || merchant === undefined) return undefined;
      // Said of orders that were made with one.
      return accountOf(app, said(answer, 'sub_appid'), `${provider}/${merchant}`);
    },
    // An order may have been made with two apps, of which a bill names one.
    otherAccount: () => undefined,
  };
}

/** A field that need not be there; what is there and no word is nobody's. */
function said(answer: Answer | undefined, field: string): string | undefined {
  const value = answer?.[field];
  return value === undefined || value === null || value === ''
    ? undefined
    : (wordAt(answer, field) ?? UNREADABLE);
}
