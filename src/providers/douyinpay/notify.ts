import { NotifyRejected, type NotifyReply, type RawNotify, type VerifiedNotify } from '../contract.ts';
import { type Answer, textAt } from '../v3/answer.ts';
import type { PlatformKeys } from '../v3/downloaded-keys.ts';
import { notifiedTrade, openNotify } from '../v3/notify.ts';
import { type KnownRefund, readRefund } from '../v3/refund.ts';
import type { DouyinpayConfig } from './config.ts';
import { HEADERS, isOfAnother, LIMITS, merchantOf, tradeStateOf, verifyNotify } from './dialect.ts';

const ID = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * Verifies the bytes, opens them, and only then reads what happened, from what is inside: names of events differ from
 * one source to the next. A message counts for a day, as long as it may be sent again; that it says the same twice is
 * the ledger's business, which knows it by its `id`.
 * @param now ms
 * @see https://github.com/douyinpay/douyinpay-python (callback.py)
 */
export async function parseNotify(
  raw: RawNotify,
  now: number,
  { config, keys }: { readonly config: DouyinpayConfig; readonly keys: PlatformKeys },
): Promise<VerifiedNotify> {
  const { id, eventType, resource } = await openNotify(raw, now, {
    ...{ name: HEADERS, verifySignature: verifyNotify, keys, apiKey: config.apiKey, id: ID },
  });
  if (resource === undefined) throw new NotifyRejected('unreadable-resource');
  const [isTrade, isRefund] = ['trade_state', 'refund_status'].map((field) => resource[field] !== undefined);
  if (isTrade && isRefund) throw new NotifyRejected('event-mismatch');
  if (isRefund) return { kind: 'refund', id, refund: notifiedRefund(resource, config) };
  if (!isTrade) return { kind: 'other', id, type: eventType };
  const trades = { merchant: merchantOf(config), tradeStateOf, limits: LIMITS };
  return { kind: 'trade', id, trade: notifiedTrade(resource, trades) };
}

/**
 * The documents let a refund say no merchant: then it is this one's because it opens with the API key that nobody else
 * has. One that names a merchant must name this one.
 */
function notifiedRefund(answer: Answer, { mchId, appId }: DouyinpayConfig): KnownRefund {
  const said = [
    [answer.mchid, mchId],
    [answer.appid, appId],
  ].filter(([named]) => named !== undefined && named !== null);
  if (isOfAnother(answer) || said.some(([named, own]) => named !== own))
    throw new NotifyRejected('other-account');
  const outTradeNo = textAt(answer, 'out_trade_no');
  const outRefundNo = textAt(answer, 'out_refund_no');
  const refund =
    LIMITS.isOutTradeNo(outTradeNo) && LIMITS.isOutRefundNo(outRefundNo)
      ? readRefund(answer, 'refund_status', { outTradeNo, outRefundNo })
      : undefined;
  if (refund?.gatewayRefundNo === undefined) throw new NotifyRejected('unreadable-resource');
  return refund;
}

/** @see https://github.com/douyinpay/douyinpay-python (README) */
export function acknowledge(accepted: boolean): NotifyReply {
  return {
    status: accepted ? 200 : 400,
    contentType: 'application/json; charset=utf-8',
    body: JSON.stringify(accepted ? { code: 'SUCCESS', message: 'OK' } : { code: 'FAIL', message: '失败' }),
  };
}
