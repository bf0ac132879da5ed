import type { Answer } from '../v3/answer.ts';
import type { VerifiedAnswer } from '../v3/exchange.ts';
import { limitsOf } from '../v3/limits.ts';
import { type ApiMerchant, ownMerchant } from '../v3/merchant.ts';
import type { TradeState } from '../v3/states.ts';
import { verifierOf } from '../v3/verifier.ts';
import { type DouyinpayConfig, NAME } from './config.ts';

/*
 * Where Douyin Pay says otherwise what WeChat Pay's APIv3 says: all of it is in words, paths and limits.
 *
 * @see https://github.com/douyinpay/douyinpay-java (models), https://github.com/douyinpay/douyinpay-python (transport)
 */

/** With which its headers begin, in lower case. */
export const HEADERS = 'douyinpay';
export const TRADES = '/v1/trade/transactions';
export const REFUNDS = '/v1/trade/refund/domestic/refunds';
export const CERTIFICATES = '/v1/merchant/certificates/getPlatformCertificates';
/** The bill of a merchant of its own; another path is for service providers. */
export const BILL = '/v1/bill/billapply';

export const LIMITS = limitsOf({
  name: NAME,
  outTradeNo: { form: /^[0-9A-Za-z_\-*]{6,32}$/, marks: '_ - *' },
});

/** ms; notifications are sent again for a day, perhaps as they were signed first. */
const NOTIFY_AGE_MS = (24 * 60 + 4) * 60_000;

export const verifyAnswer = verifierOf(HEADERS);
export const verifyNotify = verifierOf(HEADERS, NOTIFY_AGE_MS);

const TRADE_STATES: ReadonlyMap<string, TradeState> = new Map<string, TradeState>([
  ['NOTPAY', 'NOTPAY'],
  // Of a refunded order too: what went back is told by refunds alone.
  ['SUCCESS', 'PAID'],
  ['CLOSED', 'CLOSED'],
  // Named in the SDKs as not used yet.
  ['USERPAYING', 'NOTPAY'],
  ['REFUND', 'PAID'],
  ['PAYERROR', 'CLOSED'],
]);

/** `trade_state` in the house's words; UNKNOWN for a word we have never met. */
export function tradeStateOf(word: string): TradeState {
  return TRADE_STATES.get(word) ?? 'UNKNOWN';
}

/** An empty answer says that an order is closed. */
export function isClosed({ body }: VerifiedAnswer): boolean {
  return /^\s*(\{\s*\})?\s*$/.test(body.toString('latin1'));
}

/** The merchant of a configuration. */
export function merchantOf({ origin, mchId, appId }: DouyinpayConfig): ApiMerchant {
  return {
    ...ownMerchant({ origin, mchId, appId, isOfAnother }),
    trades: TRADES,
    refunds: REFUNDS,
    ofRefund: { mchid: mchId },
  };
}

/** Whether a message is about somebody for whom a service provider collects. */
export function isOfAnother(answer: Answer | undefined): boolean {
  return [answer?.sub_mchid, answer?.sp_mchid].some((said) => (said ?? '') !== '');
}
