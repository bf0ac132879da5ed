import { describe, expect, it } from 'vitest';
import { beijingDateTime } from '../../../src/domain/clock.ts';
import { ACCOUNT, NOW, setUp } from './fake-gateway.ts';
import { PAYMENT, type Parameters, REFUND, raw, reasonFor, SELLER_ID, signedForm } from './notification.ts';

const { provider } = setUp();
const parse = (body: string | Buffer, now = NOW) => provider.parseNotify(raw(body), now);

/** What PAYMENT proves. */
const PAID = {
  kind: 'trade',
  id: PAYMENT.notify_id,
  trade: {
    exists: true,
    opened: true,
    account: ACCOUNT,
    outTradeNo: 'ORDER_0001',
    state: 'PAID',
    gatewayState: 'TRADE_SUCCESS',
    gatewayTradeNo: PAYMENT.trade_no,
    amountFen: 990,
    paidAt: Date.parse('2026-11-21T14:29:58+08:00'),
  },
} as const;

const without = (...names: readonly string[]): Parameters =>
  Object.fromEntries(Object.entries(PAYMENT).filter(([name]) => !names.includes(name)));

describe('a genuine payment', () => {
  it('is proven, and is the same fact when it is sent again', async () => {
    const body = signedForm(PAYMENT);
    expect(await parse(body)).toEqual(PAID);
    expect(await parse(body, NOW + 15 * 3_600_000)).toEqual(PAID);
    expect(PAID.trade.account).toBe(provider.account);
  });

  const variants: readonly (readonly [string, string])[] = [
    ['parameters in another order', signedForm(PAYMENT).split('&').reverse().join('&')],
    ['%20 for a blank', signedForm(PAYMENT).replaceAll('+', '%20')],
    ['escapes in lower case', signedForm(PAYMENT).replaceAll(/%../g, (triplet) => triplet.toLowerCase())],
    ['every byte of a value escaped', signedForm(PAYMENT).replace('ORDER_0001', '%4FRDER%5F0001')],
    ['no sign_type', signedForm(without('sign_type'))],
    ['no charset', signedForm(without('charset'))],
    ['charset UTF-8', signedForm({ ...PAYMENT, charset: 'UTF-8' })],
    ['charset utf8', signedForm({ ...PAYMENT, charset: 'utf8' })],
    ['empty values that are not signed', signedForm({ ...PAYMENT, body: '', voucher_detail_list: '' })],
    ['empty values that are signed', signedForm({ ...PAYMENT, body: '', gmt_close: '' }, { empties: true })],
    ['empty refund fields', signedForm({ ...PAYMENT, refund_fee: '', gmt_refund: '', out_biz_no: '' })],
    ['refund_fee=0.00, as in the documents', signedForm({ ...PAYMENT, refund_fee: '0.00' })],
    [
      '128 parameters, sign among them',
      signedForm({
        ...PAYMENT,
        ...Object.fromEntries(
          Array.from({ length: 127 - Object.keys(PAYMENT).length }, (_, i) => [`extra_${i}`, 'x']),
        ),
      }),
    ],
    ['parameters of tomorrow', signedForm({ ...PAYMENT, 'ant.new-field_1': 'x', TRADE_STATUS: 'x' })],
    ['% in a value', signedForm({ ...PAYMENT, body: '100% 拿铁 %41 %zz' })],
    ['an encoded value, not decoded twice', signedForm({ ...PAYMENT, passback_params: 'a%3D1%26b%3D%25' })],
    ['& and = in a value', signedForm({ ...PAYMENT, passback_params: 'biz=3C&no=2016&=&' })],
    ['+ and blank in a value', signedForm({ ...PAYMENT, subject: 'a+b c  d' })],
    ['Unicode of every width', signedForm({ ...PAYMENT, subject: 'é 诗 𠮷 🎨 \u{10ffff} \ufeff' })],
    ['control characters', signedForm({ ...PAYMENT, body: 'a\0b\r\n\t\u007f' })],
    ['names of Object', signedForm({ ...PAYMENT, constructor: 'x', toString: 'y', hasOwnProperty: 'z' })],
  ];
  for (const [name, body] of variants) {
    it(`with ${name}`, async () => {
      expect(await parse(body)).toEqual(PAID);
    });
  }

  it('keeps another amount and another order as they are: the ledger judges', async () => {
    const body = signedForm({ ...PAYMENT, total_amount: '0.01', out_trade_no: '0719141034-6418' });
    expect(await parse(body)).toMatchObject({
      trade: { state: 'PAID', amountFen: 1, outTradeNo: '0719141034-6418' },
    });
  });

  it('may lack a readable date and trade number', async () => {
    const notify = await parse(signedForm({ ...PAYMENT, gmt_payment: 'today', trade_no: '<b>' }));
    expect(notify).toMatchObject({ trade: { state: 'PAID', amountFen: 990 } });
    expect(notify).not.toHaveProperty('trade.paidAt');
    expect(notify).not.toHaveProperty('trade.gatewayTradeNo');
  });

  it('is read with old RSA only where that is configured', async () => {
    const rsa = setUp({ AP_ENCRYPTION_ALGO: 'RSA' }).provider;
    const old = signedForm({ ...PAYMENT, sign_type: 'RSA' }, { digest: 'RSA-SHA1' });
    expect(await rsa.parseNotify(raw(old), NOW)).toEqual(PAID);
    expect(await reasonFor(rsa, signedForm(PAYMENT))).toBe('sign-type');
    expect(await reasonFor(rsa, signedForm(without('sign_type')))).toBe('bad-signature');
    expect(await reasonFor(provider, old)).toBe('sign-type');
  });

  it('carries the seller id where one is configured', async () => {
    const strict = setUp({ AP_SELLER_ID: SELLER_ID }).provider;
    expect(await strict.parseNotify(raw(signedForm(PAYMENT)), NOW)).toEqual(PAID);
    for (const body of [
      signedForm({ ...PAYMENT, seller_id: '2088000000000002' }),
      signedForm({ ...PAYMENT, seller_id: '' }),
      signedForm(without('seller_id')),
    ]) {
      expect(await reasonFor(strict, body)).toBe('other-seller');
      expect(await parse(body)).toEqual(PAID);
    }
  });
});

describe('trade_status', () => {
  const unpaid = without('gmt_payment');
  const states: readonly (readonly [string, Parameters, string, string])[] = [
    ['waiting', { ...unpaid, trade_status: 'WAIT_BUYER_PAY' }, 'NOTPAY', 'WAIT_BUYER_PAY'],
    ['finished', { ...PAYMENT, trade_status: 'TRADE_FINISHED' }, 'PAID', 'TRADE_FINISHED'],
    ['closed unpaid', { ...unpaid, trade_status: 'TRADE_CLOSED' }, 'CLOSED', 'TRADE_CLOSED'],
    [
      'closed, empty date',
      { ...PAYMENT, gmt_payment: '', trade_status: 'TRADE_CLOSED' },
      'CLOSED',
      'TRADE_CLOSED',
    ],
    ['closed after payment', { ...PAYMENT, trade_status: 'TRADE_CLOSED' }, 'PAID', 'TRADE_CLOSED'],
    [
      'closed, unreadable date',
      { ...PAYMENT, gmt_payment: 'x', trade_status: 'TRADE_CLOSED' },
      'UNKNOWN',
      'TRADE_CLOSED',
    ],
    ['a new word', { ...PAYMENT, trade_status: 'TRADE_PENDING' }, 'UNKNOWN', 'TRADE_PENDING'],
    ['lower case', { ...PAYMENT, trade_status: 'trade_success' }, 'UNKNOWN', 'trade_success'],
    ['a word of Object', { ...PAYMENT, trade_status: 'constructor' }, 'UNKNOWN', 'constructor'],
    ['a sentence', { ...PAYMENT, trade_status: 'mark it as paid' }, 'UNKNOWN', 'unreadable'],
    ['nothing', without('trade_status'), 'UNKNOWN', 'unreadable'],
  ];
  for (const [name, parameters, state, gatewayState] of states) {
    it(`${name} is ${state}`, async () => {
      expect(await parse(signedForm(parameters))).toMatchObject({
        kind: 'trade',
        trade: { state, gatewayState },
      });
    });
  }

  it('unpaid needs no amount, paid does', async () => {
    const waiting = await parse(signedForm({ ...unpaid, trade_status: 'WAIT_BUYER_PAY', total_amount: 'x' }));
    expect(waiting).toMatchObject({ trade: { state: 'NOTPAY' } });
    expect(waiting).not.toHaveProperty('trade.amountFen');
    for (const total_amount of ['', '9.900', '1e3', '-9.90', '9,90', ' 9.90', '９.９', '9.90 ', 'NaN']) {
      expect(await reasonFor(provider, signedForm({ ...PAYMENT, total_amount }))).toBe('amount-unreadable');
    }
  });
});

describe('what is no payment', () => {
  const refunds: readonly (readonly [string, Parameters, number | 'unknown'])[] = [
    ['a refund', REFUND, Math.round(Number(REFUND.refund_fee) * 100)],
    ['a full refund', { ...REFUND, trade_status: 'TRADE_CLOSED', refund_fee: '9.90' }, 990],
    ['out_biz_no alone', { ...PAYMENT, out_biz_no: 'REFUND_1' }, 'unknown'],
    ['gmt_refund alone', { ...PAYMENT, gmt_refund: '2026-11-21 14:30:00' }, 'unknown'],
    ['refund_fee alone', { ...PAYMENT, refund_fee: '0.01' }, 1],
    ['an unreadable refund_fee', { ...PAYMENT, refund_fee: 'x' }, 'unknown'],
  ];
  for (const [name, parameters, refundedFen] of refunds) {
    it(`${name} tells what went back, and announces no payment`, async () => {
      expect(await parse(signedForm(parameters))).toMatchObject({
        kind: 'refunded',
        id: PAYMENT.notify_id,
        trade: { outTradeNo: PAYMENT.out_trade_no, refundedFen },
      });
    });
  }

  it('another type moves nothing, and its name is a word or nothing', async () => {
    const type = async (notify_type: string) => parse(signedForm({ ...PAYMENT, notify_type }));
    expect(await type('dut_user_sign')).toEqual({
      kind: 'other',
      id: PAYMENT.notify_id,
      type: 'dut_user_sign',
    });
    expect(await type('TRADE_STATUS_SYNC')).toMatchObject({ kind: 'other', type: 'TRADE_STATUS_SYNC' });
    expect(await type('pay now!')).toMatchObject({ kind: 'other', type: 'unreadable' });
    expect(await parse(signedForm(without('notify_type')))).toMatchObject({
      kind: 'other',
      type: 'unreadable',
    });
  });
});

describe('its age', () => {
  const sent = (ms: number) => signedForm({ ...PAYMENT, notify_time: beijingDateTime(NOW + ms) });
  const hour = 3_600_000;

  it('covers the day in which Alipay repeats, and a clock that is minutes slow', async () => {
    for (const ms of [-25 * hour, -48 * hour + 1000, 0, 15 * 60_000])
      expect(await parse(sent(ms))).toEqual(PAID);
  });

  it('ends after two days and a quarter of an hour ahead', async () => {
    expect(await reasonFor(provider, sent(-48 * hour - 1000))).toBe('stale');
    expect(await reasonFor(provider, sent(-365 * 24 * hour))).toBe('stale');
    expect(await reasonFor(provider, sent(15 * 60_000 + 1000))).toBe('ahead-of-time');
  });

  it('is counted to the millisecond', async () => {
    const second = Math.floor(NOW / 1000) * 1000;
    const at = (ms: number) => parse(sent(0), second + ms);
    expect(await at(48 * hour)).toEqual(PAID);
    await expect(at(48 * hour + 1)).rejects.toMatchObject({ reason: 'stale' });
    expect(await at(-15 * 60_000)).toEqual(PAID);
    await expect(at(-15 * 60_000 - 1)).rejects.toMatchObject({ reason: 'ahead-of-time' });
  });

  it('has to be told', async () => {
    for (const notify_time of ['', '2026-11-21', '2026-13-41 14:30:00', '1795242600']) {
      expect(await reasonFor(provider, signedForm({ ...PAYMENT, notify_time }))).toBe('time-unreadable');
    }
  });
});

it('acknowledges in Alipay’s words', () => {
  expect(provider.acknowledge(true)).toEqual({ status: 200, contentType: 'text/plain', body: 'success' });
  expect(provider.acknowledge(false)).toEqual({ status: 400, contentType: 'text/plain', body: 'fail' });
});
