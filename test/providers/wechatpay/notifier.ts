import { NotifyRejected, type RawNotify, type VerifiedNotify } from '../../../src/providers/contract.ts';
import { API_V3_KEY, NOW, PAID_TRADE, platform, REFUNDED } from './merchant.ts';
import { bodyOf, type SigningIdentity, seal, signedAnswer } from './platform.ts';

/** WeChat Pay's side of a notification: seals what happened, wraps it, signs it. */

type Json = Readonly<Record<string, unknown>>;

export interface NotifyTerms {
  readonly eventType: string;
  readonly originalType: string;
  /** What happened; a string or bytes are sealed as they are. */
  readonly plaintext: unknown;
  readonly apiV3Key: string;
  readonly nonce: string;
  readonly associatedData: string;
  /** Changes the sealed resource, and then the envelope, before they are signed. */
  readonly resource: (resource: Json) => unknown;
  readonly envelope: (envelope: Json) => unknown;
  readonly identity: SigningIdentity;
  /** ms */
  readonly signedAt: number;
}

/** The refund as a notification tells it: no `status`, no currency, but the merchant. */
export const NOTIFIED_REFUND = {
  mchid: '1900000109',
  out_trade_no: REFUNDED.out_trade_no,
  transaction_id: REFUNDED.transaction_id,
  out_refund_no: REFUNDED.out_refund_no,
  refund_id: REFUNDED.refund_id,
  refund_status: 'SUCCESS',
  success_time: REFUNDED.success_time,
  user_received_account: '招商银行信用卡0403',
  amount: { total: 990, refund: 330, payer_total: 990, payer_refund: 330 },
};

export const NOTIFY_ID = 'EV-2018022511223320873';

const PAYMENT: NotifyTerms = {
  eventType: 'TRANSACTION.SUCCESS',
  originalType: 'transaction',
  plaintext: PAID_TRADE,
  apiV3Key: API_V3_KEY,
  nonce: 'fdasflkja484',
  associatedData: 'transaction',
  resource: (resource) => resource,
  envelope: (envelope) => envelope,
  identity: platform,
  signedAt: NOW,
};

export function paymentNotify(change: Partial<NotifyTerms> = {}): RawNotify {
  return notification({ ...PAYMENT, ...change });
}

/** A payment whose resource says something else. */
export function paymentSaying(fields: Json): RawNotify {
  return paymentNotify({ plaintext: { ...PAID_TRADE, ...fields } });
}

export function refundNotify(change: Partial<NotifyTerms> = {}): RawNotify {
  return notification({
    ...PAYMENT,
    eventType: 'REFUND.SUCCESS',
    originalType: 'refund',
    plaintext: NOTIFIED_REFUND,
    associatedData: 'refund',
    ...change,
  });
}

/** A refund whose resource says something else. */
export function refundSaying(fields: Json, eventType = 'REFUND.SUCCESS'): RawNotify {
  return refundNotify({ eventType, plaintext: { ...NOTIFIED_REFUND, ...fields } });
}

function notification(terms: NotifyTerms): RawNotify {
  const { plaintext, apiV3Key, nonce, associatedData } = terms;
  const sealed = seal(
    Buffer.isBuffer(plaintext) ? plaintext : bodyOf(plaintext),
    apiV3Key,
    nonce,
    associatedData,
  );
  const envelope = {
    id: NOTIFY_ID,
    create_time: '2026-11-21T14:30:04+08:00',
    resource_type: 'encrypt-resource',
    event_type: terms.eventType,
    summary: '支付成功',
    resource: terms.resource({
      original_type: terms.originalType,
      algorithm: 'AEAD_AES_256_GCM',
      ciphertext: sealed.ciphertext,
      associated_data: sealed.associatedData,
      nonce: sealed.nonce,
    }),
  };
  const { headers, body } = signedAnswer(200, terms.envelope(envelope), terms.identity, terms.signedAt);
  return { headers: { ...headers, 'wechatpay-signature-type': 'WECHATPAY2-SHA256-RSA2048' }, body };
}

/** `accepted`, or why not. Anything but a rejection is thrown on. */
export async function verdictOf(parsing: Promise<VerifiedNotify>): Promise<string> {
  try {
    await parsing;
    return 'accepted';
  } catch (error) {
    if (error instanceof NotifyRejected) return error.reason;
    throw error;
  }
}
