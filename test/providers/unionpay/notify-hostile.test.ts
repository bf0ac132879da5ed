import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { NotifyRejected } from '../../../src/providers/contract.ts';
import {
  ACCOUNT,
  asForm,
  ENV,
  issued,
  MER_ID,
  MIDDLE,
  merchantCert,
  merchantKeys,
  NOW,
  name,
  order,
  PAID,
  QUERY_ID,
  ROOT,
  type Said,
  sealed,
  strangerKeys,
  unionpayCert,
  unionpayKeys,
  world,
} from './merchant.ts';

const { provider } = world(() => '');
const { origRespCode: _, ...proof } = PAID;
const paid = (more: Said = {}): Said => ({
  ...{
    merId: MER_ID,
    orderId: order().outTradeNo,
    txnTime: '20261128180000',
    txnType: '01',
    txnSubType: '07',
  },
  ...proof,
  ...more,
});
const hear = (body: string, at = NOW, to = provider) =>
  to.parseNotify({ headers: {}, body: Buffer.from(body) }, at);
const why = async (body: string, at = NOW, to = provider) =>
  hear(body, at, to).then(
    (told) => told.kind,
    (error: unknown) => (error instanceof NotifyRejected ? error.reason : error),
  );

describe('a notification', () => {
  it('proves a payment with its time, number and sum', async () => {
    expect(await hear(asForm(sealed(paid())))).toEqual({
      ...{ kind: 'trade', id: `${QUERY_ID} 00` },
      trade: {
        ...{ exists: true, account: ACCOUNT, outTradeNo: order().outTradeNo, sentAt: NOW, state: 'PAID' },
        ...{ gatewayState: '00', gatewayTradeNo: QUERY_ID, amountFen: 1990, paidAt: NOW + 9_000 },
      },
    });
    expect(await why(asForm(sealed(paid({ respCode: 'A6' }))))).toBe('trade');
  });

  it('names a refund’s order by the number of its payment alone', async () => {
    const back = paid({ txnType: '04', txnSubType: '00', orderId: 'ref20261128001', origQryId: QUERY_ID });
    const told = await hear(asForm(sealed({ ...back, queryId: '202611281900001234567', txnAmt: '300' })));
    expect(told).toMatchObject({
      ...{ kind: 'refund', gatewayTradeNo: QUERY_ID },
      refund: {
        ...{ outTradeNo: '', outRefundNo: 'ref20261128001', sentAt: NOW },
        state: 'SUCCESS',
        refundFen: 300,
      },
    });
    for (const lacking of [{ origQryId: '' }, { txnTime: '' }, { currencyCode: '840' }])
      expect(await why(asForm(sealed({ ...back, ...lacking })))).toBe('order-number-unreadable');
  });

  it('announces nothing by a card that was refused, or by a word that no document has', async () => {
    for (const respCode of ['64', '05', '03', 'ZZ', '42'])
      expect(await why(asForm(sealed(paid({ respCode }))))).toBe('other');
  });

  it.each([
    ['no signature', () => asForm(paid()), 'no-signature'],
    ['another algorithm', () => asForm(sealed(paid({ signMethod: '11' }))), 'sign-type'],
    ['no certificate', () => asForm({ ...sealed(paid()), signPubKeyCert: '' }), 'bad-signature'],
    ['a stranger’s key', () => asForm(sealed(paid(), { key: strangerKeys.privateKey })), 'bad-signature'],
    ['another merchant’s', () => asForm(sealed(paid({ merId: '777290058110097' }))), 'other-account'],
    ['a sum that is none', () => asForm(sealed(paid({ txnAmt: '19.90' }))), 'amount-unreadable'],
    ['no sum', () => asForm(sealed(paid({ txnAmt: '' }))), 'amount-unreadable'],
    ['other money', () => asForm(sealed(paid({ currencyCode: '840' }))), 'amount-unreadable'],
    ['no number of UnionPay’s', () => asForm(sealed(paid({ queryId: '' }))), 'id-unreadable'],
    ['no time', () => asForm(sealed(paid({ txnTime: '' }))), 'amount-unreadable'],
    ['a name twice', () => `${asForm(sealed(paid()))}&txnAmt=1`, 'unreadable'],
    ['nothing', () => '', 'unreadable'],
    ['no form', () => '{"respCode":"00"}', 'unreadable'],
    ['bytes that are no text', () => asForm(sealed(paid())).replace('orderId=', 'orderId=%ff'), 'unreadable'],
    [
      'a field hidden in another',
      () => {
        const { txnAmt: _, signature, ...rest } = sealed(paid({ reqReserved: 'x' }));
        return asForm({ ...rest, signature: signature ?? '', traceTime: '1128180009&txnAmt=1990' });
      },
      'bad-signature',
    ],
  ])('is refused with %s', async (_, body, reason) => {
    expect(await why(body())).toBe(reason);
  });

  it.each([
    // Every merchant has a certificate of the same issuer.
    ['a merchant’s', merchantCert, merchantKeys, 'bad-signature'],
    [
      'one of a like name',
      issued({ subject: name('041@1@中国银联股份有限公司分公司@1'), publicKey: strangerKeys.publicKey }),
      strangerKeys,
      'bad-signature',
    ],
    [
      'one with the name in another place',
      issued({ subject: name('中国银联股份有限公司@1@商户@1'), publicKey: strangerKeys.publicKey }),
      strangerKeys,
      'bad-signature',
    ],
    [
      'one with two names',
      issued({
        subject: [...name('041@1@商户@1'), ['CN', '中国银联股份有限公司']],
        publicKey: strangerKeys.publicKey,
      }),
      strangerKeys,
      'bad-signature',
    ],
    [
      'UnionPay’s test environment',
      issued({ subject: name('041@Z2017@00040000:SIGN@00000001') }),
      unionpayKeys,
      'bad-signature',
    ],
    [
      'one of another issuer',
      issued({
        issuer: { ...MIDDLE, privateKey: strangerKeys.privateKey },
        publicKey: strangerKeys.publicKey,
      }),
      strangerKeys,
      'bad-signature',
    ],
    ['one right under the root', issued({ issuer: ROOT }), unionpayKeys, 'bad-signature'],
    ['one that may sign others', issued({ ca: true }), unionpayKeys, 'bad-signature'],
    ['one that has run out', issued({ until: NOW - 1000 }), unionpayKeys, 'bad-signature'],
    ['one of tomorrow', issued({ from: NOW + 60_000 }), unionpayKeys, 'bad-signature'],
    ['two at once', `${unionpayCert}${merchantCert}`, unionpayKeys, 'bad-signature'],
  ])('is refused under %s certificate', async (_, cert, keys, reason) => {
    expect(await why(asForm(sealed(paid(), { key: keys.privateKey, cert })))).toBe(reason);
  });

  it('is refused once the certificate has run out, although it was seen before', async () => {
    const body = asForm(sealed(paid()));
    expect(await why(body)).toBe('trade');
    expect(await why(body, NOW + 301 * 86_400_000)).toBe('bad-signature');
  });

  it('of the test environment counts there', async () => {
    const test = world(() => '', { env: { ...ENV, UNIONPAY_CURRENT_ENV: 'sandbox' } });
    const cert = issued({ subject: name('041@Z2017@00040000:SIGN@00000001') });
    expect(await why(asForm(sealed(paid(), { cert })), NOW, test.provider)).toBe('trade');
  });

  it('is refused under one whose key cannot be read', async () => {
    const der = new X509Certificate(unionpayCert).raw;
    der[der.indexOf(unionpayKeys.publicKey.export({ type: 'pkcs1', format: 'der' }))] = 0;
    const cert = `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----`;
    expect(() => new X509Certificate(cert).publicKey).toThrow();
    expect(await why(asForm(sealed(paid(), { cert })))).toBe('bad-signature');
  });

  it('is refused at once under what is long and no certificate', async () => {
    const body = asForm(sealed(paid(), { cert: '-----BEGIN CERTIFICATE-----'.repeat(10_000) }));
    const began = process.cpuUsage();
    expect(await why(body)).toBe('bad-signature');
    const { user, system } = process.cpuUsage(began);
    expect((user + system) / 1_000).toBeLessThan(150);
  });

  it('counts for nothing with any one byte of it another', async () => {
    const body = asForm(sealed(paid()));
    const end = body.indexOf('signPubKeyCert');
    for (let at = 0; at < end; at += 7) {
      const altered = Buffer.from(body);
      altered[at] = (altered[at] ?? 0) ^ 1;
      expect(await why(altered.toString('latin1')), `byte ${at}`).not.toBe('trade');
    }
  });
});
