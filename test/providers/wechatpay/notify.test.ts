import { describe, expect, it } from 'vitest';
import type { RawNotify } from '../../../src/providers/contract.ts';
import { ACCOUNT, NOW, OUT_REFUND_NO, OUT_TRADE_NO, world } from './merchant.ts';
import { NOTIFY_ID, paymentNotify, paymentSaying, refundSaying } from './notifier.ts';
import { unsignedAnswer } from './platform.ts';

const { provider, requests } = world(() => unsignedAnswer(500, ''));
const parse = (raw: RawNotify, now = NOW) => provider.parseNotify(raw, now);

const PAID = {
  kind: 'trade',
  id: NOTIFY_ID,
  trade: {
    exists: true,
    account: ACCOUNT,
    outTradeNo: OUT_TRADE_NO,
    state: 'PAID',
    gatewayState: 'SUCCESS',
    gatewayTradeNo: '4200001234202611210123456789',
    amountFen: 990,
    paidAt: Date.parse('2026-11-21T14:29:40+08:00'),
  },
};
const REFUNDED = {
  kind: 'refund',
  id: NOTIFY_ID,
  refund: {
    exists: true,
    outTradeNo: OUT_TRADE_NO,
    outRefundNo: OUT_REFUND_NO,
    state: 'SUCCESS',
    gatewayState: 'SUCCESS',
    gatewayRefundNo: '50300001234202611210123456789',
    refundFen: 330,
  },
};

describe('parseNotify', () => {
  it('reads a payment', async () => {
    expect(await parse(paymentNotify())).toEqual(PAID);
  });

  it.each(['SUCCESS', 'CLOSED', 'ABNORMAL'])('reads a refund that is %s', async (word) => {
    const { refund } = REFUNDED;
    expect(await parse(refundSaying({ refund_status: word }, `REFUND.${word}`))).toEqual({
      ...REFUNDED,
      refund: { ...refund, state: word, gatewayState: word },
    });
  });

  it.each(['SECURITY_ECHO.SUCCESS', 'PAYSCORE.USER_PAID', 'REFUND.PROCESSING', 'TRANSACTION.PAUSED'])(
    'takes %s as something else, whatever is in it',
    async (eventType) => {
      const raw = paymentNotify({ eventType, originalType: 'security_echo', plaintext: 'no JSON' });
      expect(await parse(raw)).toEqual({ kind: 'other', id: NOTIFY_ID, type: eventType });
    },
  );

  it('gives the same result for the same message, however often it comes', async () => {
    const raw = paymentNotify();
    const second = Math.floor(NOW / 1000) * 1000;
    for (const now of [NOW, NOW, second + 300_000, second - 300_000]) {
      expect(await parse(raw, now)).toEqual(PAID);
    }
  });

  it('gives the same id for a message that was signed and sealed again', async () => {
    const again = paymentNotify({ signedAt: NOW + 15_000, nonce: '61f9c719728a' });
    expect(await parse(again, NOW + 15_000)).toEqual(PAID);
  });

  it('goes by the time it is told', async () => {
    const later = NOW + 86_400_000;
    expect(await parse(paymentNotify({ signedAt: later }), later)).toEqual(PAID);
  });

  it.each<[string, RawNotify]>([
    ['more fields', paymentNotify({ envelope: (envelope) => ({ ...envelope, new_field: { id: 'x' } }) })],
    [
      'more fields inside',
      paymentSaying({ status: 'CLOSED', refund_status: 'CLOSED', id: 'x', detail: [{}] }),
    ],
    ['no associated data', paymentNotify({ associatedData: '', resource: without('associated_data') })],
    [
      'associated data that is null',
      paymentNotify({ associatedData: '', resource: (r) => ({ ...r, associated_data: null }) }),
    ],
    ['empty associated data', paymentNotify({ associatedData: '' })],
    ['other associated data', paymentNotify({ associatedData: '交易' })],
    ['no summary and no time', paymentNotify({ envelope: without('summary', 'create_time') })],
    ['indented JSON', paymentNotify({ envelope: (envelope) => JSON.stringify(envelope, null, 2) })],
    ['escaped quotes and colons', paymentSaying({ attach: '"a":"b\\', '"': { '": "': '":' } })],
  ])('does not mind %s', async (_name, raw) => {
    expect(await parse(raw)).toEqual(PAID);
  });

  it('takes an id of 36 characters', async () => {
    const id = 'd2c2b7f6-0f5b-5b3e-8b5b-2f3f6e8d1c11';
    expect(await parse(paymentNotify({ envelope: (e) => ({ ...e, id }) }))).toEqual({ ...PAID, id });
  });

  it.each([
    ['appid', 'wx0000000000000000', 'https://api.mch.weixin.qq.com 1900000109 wx0000000000000000'],
    ['mchid', '1900000110', 'https://api.mch.weixin.qq.com 1900000110 wxd678efh567hg6787'],
  ])("leaves a payment to another %s to the ledger's judgement", async (field, value, account) => {
    expect(await parse(paymentSaying({ [field]: value }))).toEqual({
      ...PAID,
      trade: { ...PAID.trade, account },
    });
  });

  it.each([
    ['REFUND', 'PAID'],
    ['NOTPAY', 'NOTPAY'],
    ['CLOSED', 'CLOSED'],
    ['PONDERING', 'UNKNOWN'],
    ['success', 'UNKNOWN'],
  ])('reads trade_state %s as a query does: %s', async (trade_state, state) => {
    expect(await parse(paymentSaying({ trade_state }))).toMatchObject({ trade: { state } });
  });

  it('asks nobody', () => {
    expect(requests).toEqual([]);
  });
});

describe('acknowledge', () => {
  it('takes a notification with 200 and nothing more', () => {
    expect(provider.acknowledge(true)).toMatchObject({ status: 200, body: '' });
  });

  it('asks for it again in words of WeChat Pay', () => {
    const { status, contentType, body } = provider.acknowledge(false);
    expect([status, contentType]).toEqual([400, 'application/json; charset=utf-8']);
    expect(JSON.parse(body)).toEqual({ code: 'FAIL', message: '失败' });
  });
});

function without(...fields: readonly string[]) {
  return (object: Readonly<Record<string, unknown>>) =>
    Object.fromEntries(Object.entries(object).filter(([field]) => !fields.includes(field)));
}
