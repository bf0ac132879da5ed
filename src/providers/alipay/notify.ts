import { parseBeijingDateTime } from '../../domain/clock.ts';
import { fenFromYuan } from '../../domain/money.ts';
import { NotifyRejected, type NotifyReply, type RawNotify, type VerifiedNotify } from '../contract.ts';
import { isOurs } from './agreement-plan.ts';
import { agreementSnapshot } from './agreement-snapshot.ts';
import { readWord } from './codes.ts';
import type { AlipayConfig } from './config.ts';
import { readForm } from './form.ts';
import { signatureHolds, type Trust } from './signature.ts';
import { tradeSnapshot } from './snapshot.ts';

type Fields = ReadonlyMap<string, string>;
type Whose = Pick<AlipayConfig, 'appId' | 'appAuthToken' | 'sellerId' | 'signScene' | 'signType'>;

/** The one type of notification that tells a trade's state. */
const TRADE = 'trade_status_sync';

/** The two that tell of an agreement. */
const SIGNED = 'dut_user_sign';
const AGREEMENT: readonly string[] = [SIGNED, 'dut_user_unsign'];

/** Non-empty in a message about a refund. Its status is still TRADE_SUCCESS, but it does not announce a payment. */
const REFUND_FIELDS = ['out_biz_no', 'gmt_refund'] as const;

/** Every parameter that {@link parseNotify} goes by. None of them has an `&` in a value. */
const DECIDING_FIELDS = [
  'agreement_no',
  'app_id',
  'auth_app_id',
  'charset',
  'external_agreement_no',
  'gmt_payment',
  'invalid_time',
  'notify_id',
  'notify_time',
  'notify_type',
  'out_trade_no',
  'personal_product_code',
  'refund_fee',
  'seller_id',
  'sign_time',
  'status',
  'total_amount',
  'trade_no',
  'trade_status',
  ...REFUND_FIELDS,
];
const HIDDEN_FIELD = new RegExp(`&(?:${DECIDING_FIELDS.join('|')})=`);

/** Mostly digits or hex; older ones are base64-like. It is stored and logged, so nothing else is let through. */
const NOTIFY_ID = /^[A-Za-z0-9_.:|%+/=-]{1,128}$/;

/** Alipay takes letters, digits and `_`; its own samples also show `-`. */
const ORDER_NUMBER = /^[\x21-\x7e]{1,64}$/;

/** ms; see {@link parseNotify}. */
const MAX_AGE_MS = 48 * 3_600_000;
const MAX_AHEAD_MS = 15 * 60_000;

/**
 * Verifies and reads an asynchronous notification. Headers are not looked at: nothing in them is signed.
 *
 * **How old it may be.** `notify_time` is signed. Alipay repeats a message for about 25 hours (4m, 10m, 10m, 1h, 2h,
 * 6h, 15h) and does not say whether a repeat carries the first time or its own, so the bound has to let a day-old
 * time through: 48 hours leave room for a queue in front of us or a fast clock, and beyond them it is not Alipay who
 * sends. Up to 15 minutes ahead is our clock being slow. The bound only limits what a leaked message is good for: a
 * replay is the same fact again, which the ledger takes as a no-op, and a late one that is refused is found by query.
 *
 * @param now ms
 * @param account as the provider's
 * @see https://opendocs.alipay.com/open/203/105286
 */
export function parseNotify(
  raw: RawNotify,
  now: number,
  config: Whose & { readonly trusted: readonly Trust[] },
  account: string,
): VerifiedNotify {
  const fields = provenFields(readForm(raw.body), config);
  if (fields.get('app_id') !== config.appId) throw new NotifyRejected('other-app');
  // Named beside it is the app of the merchant who authorised the call: for nobody, it is the same.
  const isForAnother = (fields.get('auth_app_id') ?? config.appId) !== config.appId;
  if (isForAnother && config.appAuthToken === undefined) throw new NotifyRejected('other-app');
  const id = fields.get('notify_id') ?? '';
  if (!NOTIFY_ID.test(id)) throw new NotifyRejected('id-unreadable');
  requireFresh(fields.get('notify_time') ?? '', now);

  const type = readWord(fields.get('notify_type')) ?? 'unreadable';
  if (AGREEMENT.includes(type) && isAgreement(fields, config)) {
    return { kind: 'agreement', id, agreement: agreementIn(fields, type, account, now) };
  }
  if (type !== TRADE) return { kind: 'other', id, type };
  if (config.sellerId !== undefined && fields.get('seller_id') !== config.sellerId) {
    throw new NotifyRejected('other-seller');
  }
  const outTradeNo = fields.get('out_trade_no') ?? '';
  if (!ORDER_NUMBER.test(outTradeNo)) throw new NotifyRejected('order-number-unreadable');
  const trade = tradeSnapshot(fields, { account, outTradeNo }, 'gmt_payment');
  if (trade === undefined) throw new NotifyRejected('amount-unreadable');
  if (!isAboutRefund(fields)) return { kind: 'trade', id, trade };
  // Without a sum it still says that money went back.
  return { kind: 'refunded', id, trade: { ...trade, refundedFen: trade.refundedFen ?? 'unknown' } };
}

/**
 * Whether a message is about an agreement that this merchant may have signed. It does not say whose it is: of an ISV's
 * merchants only the query, which is made in the name of one, can tell.
 */
function isAgreement(fields: Fields, { signScene, appAuthToken }: Whose): boolean {
  return signScene !== undefined && appAuthToken === undefined && isOurs(fields);
}

function agreementIn(fields: Fields, type: string, account: string, now: number) {
  const agreement = agreementSnapshot(fields, account, [], now);
  if (agreement === undefined) throw new NotifyRejected('agreement-unreadable');
  if (agreement.state === (type === SIGNED ? 'ENDED' : 'ACTIVE')) throw new NotifyRejected('event-mismatch');
  return agreement;
}

/** Alipay takes exactly the seven bytes `success` for "taken" and repeats after anything else. */
export function acknowledge(accepted: boolean): NotifyReply {
  return accepted
    ? { status: 200, contentType: 'text/plain', body: 'success' }
    : { status: 400, contentType: 'text/plain', body: 'fail' };
}

/**
 * The non-empty parameters, once Alipay's signature over them is proven. It covers `name=value` joined by `&` in
 * ASCII order, without `sign` and `sign_type`; the documents disagree on empty values, so both readings are tried,
 * and since the second does not cover them, an empty value counts as absent everywhere.
 *
 * @see https://opendocs.alipay.com/common/02mse7
 */
function provenFields(
  form: Fields,
  {
    trusted,
    signType: configured,
  }: { readonly trusted: readonly Trust[]; readonly signType: Trust['signType'] },
): Fields {
  const charset = form.get('charset');
  if (charset !== undefined && !/^utf-?8$/i.test(charset)) throw new NotifyRejected('charset');
  // The name is not signed and chooses nothing: it can only agree with what is configured.
  const signType = form.get('sign_type');
  if (signType !== undefined && signType !== configured) throw new NotifyRejected('sign-type');
  const sign = form.get('sign');
  if (sign === undefined || sign === '') throw new NotifyRejected('no-signature');

  const received = [...form].filter(([name]) => name !== 'sign' && name !== 'sign_type');
  const filled = received.filter(([, value]) => value !== '');
  // Nothing says whether the number of a certificate would be signed, if one came; nobody reads it.
  const bare = [received, filled].map((reading) => reading.filter(([name]) => name !== 'alipay_cert_sn'));
  const texts = new Set([...bare, received, filled].map(signedText));
  const holds = (text: string) => trusted.some((trust) => signatureHolds(text, sign, trust));
  if (![...texts].some(holds)) {
    throw new NotifyRejected('bad-signature');
  }
  if (filled.some(isAmbiguous)) throw new NotifyRejected('ambiguous');
  return new Map(filled);
}

/**
 * The signed text has no escapes: `a=1&refund_fee=3.00` may be two parameters or one, `a` = "1&refund_fee=3.00".
 * Whoever holds a genuine message could recut it so that a refund looks like a payment, with the signature intact.
 */
function isAmbiguous([name, value]: readonly [string, string]): boolean {
  return value.includes('&') && (DECIDING_FIELDS.includes(name) || HIDDEN_FIELD.test(value));
}

function signedText(parameters: readonly (readonly [string, string])[]): string {
  return [...parameters]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

function requireFresh(notifyTime: string, now: number): void {
  const sentAt = parseBeijingDateTime(notifyTime);
  if (sentAt === undefined) throw new NotifyRejected('time-unreadable');
  if (now - sentAt > MAX_AGE_MS) throw new NotifyRejected('stale');
  if (sentAt - now > MAX_AHEAD_MS) throw new NotifyRejected('ahead-of-time');
}

/** Alipay's own sample of a payment carries `refund_fee=0.00`, so only another sum speaks of a refund. */
function isAboutRefund(fields: Fields): boolean {
  const refundFee = fields.get('refund_fee');
  return (
    REFUND_FIELDS.some((name) => fields.has(name)) ||
    (refundFee !== undefined && fenFromYuan(refundFee) !== 0)
  );
}
