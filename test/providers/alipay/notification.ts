import { sign } from 'node:crypto';
import type {
  NotifyRejected,
  PaymentProvider,
  RawNotify,
  VerifiedNotify,
} from '../../../src/providers/contract.ts';
import { alipayKeys, ENV, NOW, rejection } from './fake-gateway.ts';

export type Parameters = Readonly<Record<string, string>>;
/** For names that an object cannot hold, or holds twice. */
export type Entries = readonly (readonly [string, string])[];

export const SELLER_ID = '2088000000000001';

/** A payment as Alipay's page shows it, unsigned. */
export const PAYMENT = {
  notify_time: '2026-11-21 14:30:00',
  notify_type: 'trade_status_sync',
  notify_id: '2026112100222143000000000000000001',
  charset: 'utf-8',
  version: '1.0',
  sign_type: 'RSA2',
  app_id: ENV.AP_APP_ID,
  auth_app_id: ENV.AP_APP_ID,
  seller_id: SELLER_ID,
  seller_email: 'shop@shop.example',
  trade_no: '2026112122001400000000000001',
  out_trade_no: 'ORDER_0001',
  trade_status: 'TRADE_SUCCESS',
  total_amount: '9.90',
  receipt_amount: '9.90',
  buyer_pay_amount: '9.90',
  point_amount: '0.00',
  buyer_id: '2088000000000009',
  buyer_logon_id: '159****5620',
  subject: '夏日诗歌 创作+服务',
  gmt_create: '2026-11-21 14:29:50',
  gmt_payment: '2026-11-21 14:29:58',
  fund_bill_list: '[{"amount":"9.90","fundChannel":"ALIPAYACCOUNT"}]',
} as const satisfies Parameters;

/** The same trade after a part of it was refunded: its status is still that of a payment. */
export const REFUND: Parameters = {
  ...PAYMENT,
  out_biz_no: 'REFUND_1',
  refund_fee: '3.00',
  gmt_refund: '2026-11-21 14:30:00.118',
};

interface SignOptions {
  readonly key?: typeof alipayKeys.privateKey;
  readonly digest?: string;
  /** Whether empty values are signed as `name=`. */
  readonly empties?: boolean;
}

/** Alipay's signature over parameters, written from its documents. */
export function signatureOf(parameters: Entries, options: SignOptions = {}): string {
  const text = parameters
    .filter(([name, value]) => name !== 'sign' && name !== 'sign_type' && (value !== '' || options.empties))
    .map(([name, value]) => [name, value] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
  return sign(
    options.digest ?? 'RSA-SHA256',
    Buffer.from(text),
    options.key ?? alipayKeys.privateKey,
  ).toString('base64');
}

/** `name=value&…`, encoded as browsers and Java's URLEncoder do. */
export function encode(parameters: Entries): string {
  return new URLSearchParams(parameters.map(([name, value]): [string, string] => [name, value])).toString();
}

/** The parameters with their signature. */
export function withSignature(parameters: Parameters, options: SignOptions = {}): Entries {
  const entries = Object.entries(parameters);
  return [...entries, ['sign', signatureOf(entries, options)]];
}

/** A genuine form body, unless the options say otherwise. */
export function signedForm(parameters: Parameters, options: SignOptions = {}): string {
  return encode(withSignature(parameters, options));
}

/** Signs `original` and sends `change` with its signature: what somebody on the way can do. */
export function tampered(
  change: Readonly<Record<string, string | undefined>>,
  original: Parameters = PAYMENT,
): string {
  const entries = Object.entries({ ...Object.fromEntries(withSignature(original)), ...change });
  return encode(entries.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

export const raw = (body: string | Buffer): RawNotify => ({
  headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
  body: Buffer.from(body),
});

/** The word a notification is rejected with; fails on any other error and on acceptance. */
export async function reasonFor(
  provider: PaymentProvider,
  body: string | Buffer,
  now = NOW,
): Promise<string> {
  const error = await rejection(provider.parseNotify(raw(body), now));
  if (!isRejection(error)) throw error;
  return error.message === `notification rejected: ${error.reason}`
    ? error.reason
    : 'message and reason differ';
}

/** What a body proves; undefined when it is rejected. */
export async function meaningOf(
  provider: PaymentProvider,
  body: string | Buffer,
): Promise<VerifiedNotify | undefined> {
  try {
    return await provider.parseNotify(raw(body), NOW);
  } catch (error) {
    if (isRejection(error)) return undefined;
    throw error;
  }
}

function isRejection(error: unknown): error is NotifyRejected {
  return error instanceof Error && error.name === 'NotifyRejected' && 'reason' in error;
}
