import { describe, expect, it } from 'vitest';
import type { RawNotify } from '../../../src/providers/contract.ts';
import { NOW, PAID_TRADE, platform, world } from './merchant.ts';
import {
  NOTIFIED_REFUND,
  type NotifyTerms,
  paymentNotify,
  paymentSaying,
  refundNotify,
  refundSaying,
  verdictOf,
} from './notifier.ts';
import { signedAnswer, unsignedAnswer } from './platform.ts';

const { provider, requests } = world(() => unsignedAnswer(500, ''));
const genuine = paymentNotify();

/** Everything here bears WeChat Pay's good signature. What arrives, and why it is refused. */
type Case = readonly [name: string, raw: RawNotify, reason: string];

const text = genuine.body.toString();
/** A body that WeChat Pay has really signed. */
const signed = (body: string): RawNotify => signedAnswer(200, body, platform, NOW);
const inEnvelope = (fields: object): RawNotify =>
  paymentNotify({ envelope: (envelope) => ({ ...envelope, ...fields }) });
const inResource = (fields: object): RawNotify =>
  paymentNotify({ resource: (resource) => ({ ...resource, ...fields }) });
const recoded = (change: (bytes: Buffer) => Buffer): RawNotify =>
  paymentNotify({
    resource: (resource) => ({
      ...resource,
      ciphertext: change(Buffer.from(String(resource.ciphertext), 'base64')).toString('base64'),
    }),
  });
const flip = (at: number) => (bytes: Buffer) => {
  const index = at < 0 ? bytes.length + at : at;
  bytes.writeUInt8(bytes.readUInt8(index) ^ 1, index);
  return bytes;
};
const payment = (terms: Partial<NotifyTerms>) => paymentNotify(terms);

const UNREADABLE_ENVELOPES: readonly Case[] = (
  [
    ['nothing', signed('')],
    ['a sentence', signed('支付成功')],
    ['XML', signed('<xml><return_code>SUCCESS</return_code></xml>')],
    ['null', signed('null')],
    ['an array', signed(`[${text}]`)],
    ['a string of JSON', signed(JSON.stringify(text))],
    ['a BOM', signed(`\ufeff${text}`)],
    ['two objects', signed(`${text}${text}`)],
    ['a comment', signed(`${text}//`)],
    ['a key twice', signed(text.replace('"id":', '"id":"EV-1","id":'))],
    ['a key twice, once escaped', signed(text.replace('"id":', '"\\u0069d":"EV-1","id":'))],
    ['a key of the resource twice', signed(text.replace('"nonce":', '"nonce":"fdasflkja485","nonce":'))],
    ['its fields in __proto__', signed(`{"__proto__":${text}}`)],
    ['no id', inEnvelope({ id: undefined })],
    ['an empty id', inEnvelope({ id: '' })],
    ['an id of 37 characters', inEnvelope({ id: 'x'.repeat(37) })],
    ['an id that is a sentence', inEnvelope({ id: 'pay me back' })],
    ['an id with a line break', inEnvelope({ id: 'EV-1\n' })],
    ['an id that is a number', inEnvelope({ id: 20180225 })],
    ['no event', inEnvelope({ event_type: undefined })],
    ['an event that is a sentence', inEnvelope({ event_type: 'TRANSACTION.SUCCESS, approve it' })],
    ['an event in a list', inEnvelope({ event_type: ['TRANSACTION.SUCCESS'] })],
    ['a plain resource', inEnvelope({ resource_type: 'plain-resource' })],
    ['no resource type', inEnvelope({ resource_type: undefined })],
    ['no resource', inEnvelope({ resource: undefined })],
    ['a resource in a list', payment({ resource: (resource) => [resource] })],
    ['an open resource', inEnvelope({ resource: PAID_TRADE })],
    ['no algorithm', inResource({ algorithm: undefined })],
    [
      'algorithm none',
      inResource({
        algorithm: 'none',
        ciphertext: Buffer.from(JSON.stringify(PAID_TRADE)).toString('base64'),
      }),
    ],
    ['algorithm AES_256_CBC', inResource({ algorithm: 'AES_256_CBC' })],
    ['algorithm AEAD_SM4_GCM', inResource({ algorithm: 'AEAD_SM4_GCM' })],
    ['the algorithm in lower case', inResource({ algorithm: 'aead_aes_256_gcm' })],
    ['no ciphertext', inResource({ ciphertext: undefined })],
    ['a ciphertext of bytes', inResource({ ciphertext: [1, 2, 3] })],
    ['no nonce', inResource({ nonce: undefined })],
    ['associated data in a list', inResource({ associated_data: ['transaction'] })],
  ] as const
).map(([name, raw]) => [name, raw, 'unreadable-envelope']);

const UNDECRYPTABLE: readonly Case[] = (
  [
    ['the APIv3 key of another merchant', payment({ apiV3Key: 'x'.repeat(32) })],
    ['a changed ciphertext', recoded(flip(0))],
    ['a changed state: NOTPAY made SUCCESS', recoded(flip(JSON.stringify(PAID_TRADE).indexOf('SUCCESS')))],
    ['a changed tag', recoded(flip(-1))],
    ['a tag cut to 12 bytes', recoded((bytes) => bytes.subarray(0, -4))],
    ['no tag', recoded((bytes) => bytes.subarray(0, -16))],
    ['nothing but a tag', recoded(() => Buffer.alloc(16))],
    ['an empty ciphertext', inResource({ ciphertext: '' })],
    ['another nonce', inResource({ nonce: 'fdasflkja485' })],
    ['a nonce of 11 bytes', payment({ nonce: 'fdasflkja48' })],
    ['a nonce of 16 bytes', payment({ nonce: 'fdasflkja4841234' })],
    ['a nonce of 12 characters and more bytes', inResource({ nonce: 'fdasflkja48é' })],
    ['other associated data', inResource({ associated_data: 'refund' })],
    ['associated data left out', inResource({ associated_data: undefined })],
    [
      'associated data put in',
      payment({ associatedData: '', resource: (r) => ({ ...r, associated_data: 'x' }) }),
    ],
    [
      'a self-test that does not open',
      payment({ eventType: 'SECURITY_ECHO.SUCCESS', apiV3Key: 'x'.repeat(32) }),
    ],
  ] as const
).map(([name, raw]) => [name, raw, 'undecryptable']);

const WRONG_PAYMENTS: readonly Case[] = (
  [
    ['no JSON', payment({ plaintext: '成功' })],
    ['an empty resource', payment({ plaintext: '' })],
    ['an array', payment({ plaintext: [PAID_TRADE] })],
    ['null', payment({ plaintext: 'null' })],
    ['a BOM', payment({ plaintext: `\ufeff${JSON.stringify(PAID_TRADE)}` })],
    [
      'two sums',
      payment({ plaintext: JSON.stringify(PAID_TRADE).replace('"total":990', '"total":1,"total":990') }),
    ],
    [
      'two order numbers',
      payment({ plaintext: `{"out_trade_no":"ORDER_2",${JSON.stringify(PAID_TRADE).slice(1)}` }),
    ],
    ['a refund', payment({ plaintext: NOTIFIED_REFUND })],
    ['no amount', paymentSaying({ amount: undefined })],
    ['an amount that is a number', paymentSaying({ amount: 990 })],
    ['a fractional sum', paymentSaying({ amount: { total: 9.9 } })],
    ['a sum as text', paymentSaying({ amount: { total: '990' } })],
    ['a sum of nothing', paymentSaying({ amount: { total: 0 } })],
    ['a negative sum', paymentSaying({ amount: { total: -990 } })],
    ['a huge sum', paymentSaying({ amount: { total: 1e300 } })],
    ['a sum beyond exact numbers', paymentSaying({ amount: { total: 2 ** 53 } })],
    ['another currency', paymentSaying({ amount: { total: 990, currency: 'USD' } })],
    ["only the payer's sum", paymentSaying({ amount: { payer_total: 990 } })],
    ['no transaction id', paymentSaying({ transaction_id: undefined })],
    ['a transaction id that is a sentence', paymentSaying({ transaction_id: 'see attach' })],
    ['no time of payment', paymentSaying({ success_time: undefined })],
    ['a time of payment without a zone', paymentSaying({ success_time: '2026-11-21 14:29:40' })],
    ['a time that is none', paymentSaying({ success_time: '2026-13-41T14:29:40+08:00' })],
    ['no appid', paymentSaying({ appid: undefined })],
    ['no mchid', paymentSaying({ mchid: undefined })],
    ['no state', paymentSaying({ trade_state: undefined })],
    ['no order number', paymentSaying({ out_trade_no: undefined })],
    ['an order number that is a path', paymentSaying({ out_trade_no: '../../refunds' })],
    ['an order number of 33 characters', paymentSaying({ out_trade_no: 'A'.repeat(33) })],
    [
      'a combined order',
      paymentSaying({ out_trade_no: undefined, combine_out_trade_no: 'ORDER_1', sub_orders: [PAID_TRADE] }),
    ],
  ] as const
).map(([name, raw]) => [name, raw, 'unreadable-resource']);

const WRONG_REFUNDS: readonly Case[] = [
  ['no JSON', refundNotify({ plaintext: '成功' }), 'unreadable-resource'],
  ['null', refundNotify({ plaintext: 'null' }), 'unreadable-resource'],
  ['a payment', refundNotify({ plaintext: PAID_TRADE }), 'unreadable-resource'],
  [
    '`status` instead of `refund_status`',
    refundSaying({ refund_status: undefined, status: 'SUCCESS' }),
    'unreadable-resource',
  ],
  [
    '`status` that contradicts the event by `refund_status`',
    refundSaying({ refund_status: 'CLOSED', status: 'SUCCESS' }),
    'event-mismatch',
  ],
  ['CLOSED called SUCCESS', refundSaying({ refund_status: 'CLOSED' }), 'event-mismatch'],
  ['ABNORMAL called SUCCESS', refundSaying({ refund_status: 'ABNORMAL' }), 'event-mismatch'],
  ['PROCESSING called SUCCESS', refundSaying({ refund_status: 'PROCESSING' }), 'event-mismatch'],
  ['SUCCESS called CLOSED', refundSaying({}, 'REFUND.CLOSED'), 'event-mismatch'],
  ['SUCCESS called ABNORMAL', refundSaying({}, 'REFUND.ABNORMAL'), 'event-mismatch'],
  ['success in lower case', refundSaying({ refund_status: 'success' }), 'event-mismatch'],
  ['a state in a list', refundSaying({ refund_status: ['SUCCESS'] }), 'unreadable-resource'],
  ['a refund called a payment', refundNotify({ eventType: 'TRANSACTION.SUCCESS' }), 'event-mismatch'],
  ['a payment called a refund', payment({ eventType: 'REFUND.SUCCESS' }), 'event-mismatch'],
  ['no original type', payment({ resource: (r) => ({ ...r, original_type: undefined }) }), 'event-mismatch'],
  ['another merchant', refundSaying({ mchid: '1900000110' }), 'other-account'],
  ['the merchant with a blank', refundSaying({ mchid: '1900000109 ' }), 'other-account'],
  ['the merchant as a number', refundSaying({ mchid: 1900000109 }), 'unreadable-resource'],
  ['no merchant', refundSaying({ mchid: undefined }), 'unreadable-resource'],
  ['no amount', refundSaying({ amount: undefined }), 'unreadable-resource'],
  ['a fractional sum', refundSaying({ amount: { total: 990, refund: 3.3 } }), 'unreadable-resource'],
  ['a negative sum', refundSaying({ amount: { total: 990, refund: -330 } }), 'unreadable-resource'],
  ['a sum as text', refundSaying({ amount: { total: 990, refund: '330' } }), 'unreadable-resource'],
  ['a sum beyond exact numbers', refundSaying({ amount: { refund: 2 ** 53 } }), 'unreadable-resource'],
  ['no refund number', refundSaying({ out_refund_no: undefined }), 'unreadable-resource'],
  ['a refund number that is a sentence', refundSaying({ out_refund_no: 'refund me' }), 'unreadable-resource'],
  ['no order number', refundSaying({ out_trade_no: undefined }), 'unreadable-resource'],
  ["no number of WeChat Pay's", refundSaying({ refund_id: undefined }), 'unreadable-resource'],
];

describe.each([
  ['signed, in an envelope that is', UNREADABLE_ENVELOPES],
  ['signed, but sealed with', UNDECRYPTABLE],
  ['proven, a payment with', WRONG_PAYMENTS],
  ['proven, a refund with', WRONG_REFUNDS],
])('%s', (_name, cases) => {
  it.each(cases)('%s: refused', async (_case, raw, reason) => {
    expect(await verdictOf(provider.parseNotify(raw, NOW))).toBe(reason);
  });
});

it('none of this made us ask anybody, and the honest ones are still welcome', async () => {
  expect(requests).toEqual([]);
  expect(await verdictOf(provider.parseNotify(genuine, NOW))).toBe('accepted');
  expect(await verdictOf(provider.parseNotify(refundNotify(), NOW))).toBe('accepted');
});
