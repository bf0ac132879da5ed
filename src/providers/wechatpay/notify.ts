import { NotifyRejected, type NotifyReply, type RawNotify, type VerifiedNotify } from '../contract.ts';
import { type Answer, objectAt, readUnambiguous, textAt, wordAt } from './answer.ts';
import { openSealed, type Sealed } from './cipher.ts';
import type { WechatpayConfig } from './config.ts';
import { isOutRefundNo, isOutTradeNo } from './limits.ts';
import { type Merchant, merchantOf } from './merchant.ts';
import type { PlatformKeys } from './platform-keys.ts';
import { type KnownRefund, readRefund } from './refund.ts';
import { type KnownTrade, readTrade } from './trade.ts';
import { verifySignature } from './verifier.ts';

export interface NotifyContext {
  readonly config: WechatpayConfig;
  readonly keys: PlatformKeys;
}

/** A notification whose signature holds; what it is about is still encrypted. */
interface Envelope {
  readonly id: string;
  readonly eventType: string;
  readonly originalType: string | undefined;
  readonly sealed: Sealed;
}

/** As long as `id` may be by the documents. */
const ID = /^[A-Za-z0-9_-]{1,36}$/;

/**
 * Verifies the bytes, opens them, and only then reads what happened. The same message gives the same result as long
 * as it is fresh; telling repetitions apart is the ledger's business, as is an order of another AppID or sub-merchant.
 *
 * Whoever signs is WeChat Pay, and whoever seals knows the merchant's APIv3 key, so events that mean nothing to us must
 * open, too: a wrong APIv3 key shows in the self-test and not with the first payment.
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
  const verdict = await verifySignature(raw, keys.keyFor, now);
  if (verdict !== 'ok') {
    const unsure = verdict === 'unknown-serial' && keys.mayBeGenuine(raw.headers['wechatpay-serial'] ?? '');
    throw new NotifyRejected(unsure ? 'keys-unavailable' : verdict);
  }
  const { id, eventType, originalType, sealed } = readEnvelope(raw.body);
  const opened = openSealed(sealed, config.apiV3Key);
  if (!opened) throw new NotifyRejected('undecryptable');
  switch (eventType) {
    case 'TRANSACTION.SUCCESS':
      if (originalType !== 'transaction') throw new NotifyRejected('event-mismatch');
      return { kind: 'trade', id, trade: notifiedTrade(readUnambiguous(opened), merchantOf(config)) };
    case 'REFUND.SUCCESS':
    case 'REFUND.ABNORMAL':
    case 'REFUND.CLOSED':
      if (originalType !== 'refund') throw new NotifyRejected('event-mismatch');
      return { kind: 'refund', id, refund: notifiedRefund(readUnambiguous(opened), eventType, config) };
    default:
      return { kind: 'other', id, type: eventType };
  }
}

/** The algorithm is ours; the message may name no other. */
function readEnvelope(body: Buffer): Envelope {
  const envelope = readUnambiguous(body);
  const resource = objectAt(envelope, 'resource');
  const id = textAt(envelope, 'id');
  const eventType = wordAt(envelope, 'event_type');
  const ciphertext = textAt(resource, 'ciphertext');
  const nonce = textAt(resource, 'nonce');
  const associatedData = resource?.associated_data ?? '';
  if (
    id === undefined ||
    !ID.test(id) ||
    eventType === undefined ||
    textAt(envelope, 'resource_type') !== 'encrypt-resource' ||
    textAt(resource, 'algorithm') !== 'AEAD_AES_256_GCM' ||
    ciphertext === undefined ||
    nonce === undefined ||
    typeof associatedData !== 'string'
  ) {
    throw new NotifyRejected('unreadable-envelope');
  }
  return {
    id,
    eventType,
    originalType: textAt(resource, 'original_type'),
    sealed: { ciphertext, nonce, associatedData },
  };
}

/** Read as a query's answer is. One that is paid must also say when and under which number, as it always does. */
function notifiedTrade(answer: Answer | undefined, merchant: Merchant): KnownTrade {
  const outTradeNo = textAt(answer, 'out_trade_no');
  const trade = isOutTradeNo(outTradeNo) ? readTrade(answer, merchant, outTradeNo) : undefined;
  const vague = trade?.state === 'PAID' && (trade.gatewayTradeNo === undefined || trade.paidAt === undefined);
  if (!trade || vague) throw new NotifyRejected('unreadable-resource');
  return trade;
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
    isOurs && isOutTradeNo(outTradeNo) && isOutRefundNo(outRefundNo)
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
