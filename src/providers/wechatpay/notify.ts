import { NotifyRejected, type NotifyReply, type RawNotify, type VerifiedNotify } from '../contract.ts';
import { type Answer, textAt } from '../v3/answer.ts';
import type { PlatformKeys } from '../v3/downloaded-keys.ts';
import { notifiedTrade, openNotify } from '../v3/notify.ts';
import { type KnownRefund, readRefund } from '../v3/refund.ts';
import type { WechatpayConfig } from './config.ts';
import { LIMITS } from './limits.ts';
import { merchantOf } from './merchant.ts';
import { tradeStateOf } from './states.ts';
import { verifySignature } from './verifier.ts';

export interface NotifyContext {
  readonly config: WechatpayConfig;
  readonly keys: PlatformKeys;
}

/** As long as `id` may be by the documents. */
const ID = /^[A-Za-z0-9_-]{1,36}$/;

/**
 * Verifies the bytes, opens them, and only then reads what happened. The same message gives the same result as long
 * as it is fresh; telling repetitions apart is the ledger's business, as is an order of another AppID or sub-merchant.
 *
 * Events that mean nothing to us must open, too: a wrong APIv3 key shows in the self-test and not with the first payment.
 * @param now ms
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012791882 (payments)
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012791886 (refunds)
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012071382 (decryption)
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4015164042 (self-test)
 */
export async function parseNotify(
  raw: RawNotify,
  now: number,
  { config, keys }: NotifyContext,
): Promise<VerifiedNotify> {
  const opening = { name: 'wechatpay', verifySignature, keys, apiKey: config.apiV3Key, id: ID };
  const { id, eventType, originalType, resource } = await openNotify(raw, now, opening);
  switch (eventType) {
    case 'TRANSACTION.SUCCESS': {
      if (originalType !== 'transaction') throw new NotifyRejected('event-mismatch');
      const trades = { merchant: merchantOf(config), tradeStateOf, limits: LIMITS };
      return { kind: 'trade', id, trade: notifiedTrade(resource, trades) };
    }
    case 'REFUND.SUCCESS':
    case 'REFUND.ABNORMAL':
    case 'REFUND.CLOSED':
      if (originalType !== 'refund') throw new NotifyRejected('event-mismatch');
      return { kind: 'refund', id, refund: notifiedRefund(resource, eventType, config) };
    default:
      return { kind: 'other', id, type: eventType };
  }
}

/**
 * The merchant is compared here, because a refund's snapshot does not carry it; there is no AppID to compare. The
 * documents call a service provider `mchid` in one place and `sp_mchid` in another, and only sometimes name the
 * sub-merchant: what is there must be right. Order numbers are the provider's, so no other sub-merchant has this one.
 */
function notifiedRefund(
  answer: Answer | undefined,
  eventType: string,
  { mchId, subMerchant }: WechatpayConfig,
): KnownRefund {
  const parties = { mchid: mchId, sp_mchid: subMerchant && mchId, sub_mchid: subMerchant?.mchId };
  const named = Object.entries(parties)
    .map(([name, own]) => ({ name, own, said: answer?.[name] ?? null }))
    .filter(({ said }) => said !== null);
  if (named.some(({ own, said }) => typeof said === 'string' && said !== own)) {
    throw new NotifyRejected('other-account');
  }
  const isOurs =
    named.some(({ name }) => name !== 'sub_mchid') && named.every(({ own, said }) => said === own);
  const outTradeNo = textAt(answer, 'out_trade_no');
  const outRefundNo = textAt(answer, 'out_refund_no');
  const refund =
    isOurs && LIMITS.isOutTradeNo(outTradeNo) && LIMITS.isOutRefundNo(outRefundNo)
      ? readRefund(answer, 'refund_status', { outTradeNo, outRefundNo })
      : undefined;
  if (refund?.gatewayRefundNo === undefined) throw new NotifyRejected('unreadable-resource');
  if (eventType !== `REFUND.${refund.gatewayState}`) throw new NotifyRejected('event-mismatch');
  return refund;
}

/**
 * The status decides: 200 takes a notification, whatever the body says. 204 would do as well, but what sends it must
 * then send no body at all, not even an empty one.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012791882
 */
export function acknowledge(accepted: boolean): NotifyReply {
  return {
    status: accepted ? 200 : 400,
    contentType: 'application/json; charset=utf-8',
    body: accepted ? '' : JSON.stringify({ code: 'FAIL', message: '失败' }),
  };
}
