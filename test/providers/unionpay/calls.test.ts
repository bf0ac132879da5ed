import { describe, expect, it } from 'vitest';
import { GatewayDeclined, GatewayUnavailable, OutcomeUnknown } from '../../../src/providers/contract.ts';
import { echo, order, PAID, refund, type Said, sealed, strangerKeys, world } from './merchant.ts';

const SENT = { sentAt: order().sentAt, expiresAt: order().expiresAt };
const LATER = { now: order().expiresAt + 5 * 60_000 + 1 };
const outcome = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    (told) => told,
    (error: unknown) => {
      if (error instanceof OutcomeUnknown) return `unknown ${error.detail}`;
      if (error instanceof GatewayUnavailable) return `not sent ${error.detail}`;
      if (error instanceof GatewayDeclined)
        return `${error.reason} ${error.gatewayCode}${error.proven ? '' : ' unproven'}`;
      throw error;
    },
  );
const asking = (said: Said, more = {}) => {
  const { provider } = world((asked) => sealed({ ...echo(asked), ...said }), more);
  return outcome(provider.queryTrade(order().outTradeNo, SENT));
};

describe('an order', () => {
  it('is planned with its time and the end of it, and sent with the certificate’s number', async () => {
    const { provider, requests } = world((asked) =>
      sealed({ ...echo(asked), respCode: '00', qrCode: 'https://qr.95516.com/00010000/62' }),
    );
    const plan = provider.planPayment(order());
    expect(await provider.sendPayment(order(), plan)).toEqual({ qrCode: 'https://qr.95516.com/00010000/62' });
    expect(requests[0]?.url).toBe('https://gateway.95516.com/gateway/api/backTransReq.do');
    expect(Object.fromEntries(new URLSearchParams(requests[0]?.body))).toMatchObject({
      ...{ txnType: '01', txnSubType: '07', bizType: '000000', channelType: '08', accessType: '0' },
      ...{ orderId: 'ord20261128001', txnTime: '20261128180000', txnAmt: '1990', currencyCode: '156' },
      ...{ payTimeout: '20261128183000', backUrl: 'https://s.example/u', certId: '1062565' },
    });
  });

  it('that UnionPay has taken with some defect of its own is no refused one, and has its code where that came', async () => {
    const answered = (answer: (asked: URLSearchParams) => Said) => {
      const { provider } = world(answer);
      return outcome(provider.sendPayment(order(), provider.planPayment(order())));
    };
    const qrCode = 'https://qr.95516.com/00010000/62';
    expect(await answered((asked) => sealed({ ...echo(asked), respCode: 'A6', qrCode }))).toEqual({ qrCode });
    expect(await answered((asked) => sealed({ ...echo(asked), respCode: 'A6' }))).toBe(
      'unknown qr-code-unreadable',
    );
    expect(await answered((asked) => ({ ...echo(asked), respCode: 'A6', qrCode }))).toBe(
      'unknown unsigned-success',
    );
  });

  it('of a card page is a form that nobody sends from here', async () => {
    const { provider, requests } = world(() => '');
    const web = order({ scene: 'web' });
    const { handOffForm } = await provider.sendPayment(web, provider.planPayment(web));
    expect(requests).toEqual([]);
    expect(handOffForm?.action).toBe('https://gateway.95516.com/gateway/api/frontTransReq.do');
    expect(handOffForm?.fields).toMatchObject({
      ...{ txnSubType: '01', bizType: '000201', channelType: '07', frontUrl: 'https://s.example/' },
      signature: expect.any(String),
    });
  });

  it.each([
    ['ORDER_0001', '_'],
    ['订单20261128', '订'],
  ])('cannot have the number %s, and is told which character it is', (outTradeNo, character) => {
    const { provider } = world(() => '');
    expect(() => provider.planPayment(order({ outTradeNo }))).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', details: { argument: 'outTradeNo', character } }),
    );
    expect(() => provider.planRefund(refund({ outRefundNo: outTradeNo }))).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });

  it('cannot have a number that is too short, nor go out with a damaged plan or another’s', async () => {
    const { provider, requests } = world(() => '');
    expect(() => provider.planPayment(order({ outTradeNo: 'A123456' }))).toThrow('7');
    const plan = provider.planPayment(order());
    for (const other of [
      '',
      '{',
      plan.replace('ord20261128001', 'ord20261128002'),
      provider.planRefund(refund()),
    ])
      expect(await outcome(provider.sendPayment(order(), other))).toMatch(/^not sent plan-/);
    expect(requests).toEqual([]);
  });
});

describe('an answer', () => {
  it('proves what it says of the very number and time that were asked about', async () => {
    expect(await asking(PAID)).toMatchObject({ exists: true, state: 'PAID', amountFen: 1990 });
    for (const [field, value] of [
      ['orderId', 'ord20261128002'],
      ['txnTime', '20261128180001'],
      ['merId', '777290058110097'],
      ['txnType', '01'],
    ] as const)
      expect(await asking({ ...PAID, [field]: value }), field).toBe('unknown answer-of-another-call');
    // What does not say of what it speaks may be the answer to any question.
    expect(await asking({ ...PAID, txnTime: '' })).toBe('unknown answer-of-another-call');
    expect(await asking({ respCode: '34', orderId: '' })).toBe('not-exist 34 unproven');
  });

  it('proves nothing without its signature', async () => {
    const bare = (said: Said) => {
      const { provider } = world((asked) => ({ ...echo(asked), ...said }));
      return outcome(provider.queryTrade(order().outTradeNo, SENT));
    };
    expect(await bare(PAID)).toBe('unknown unsigned-success');
    expect(await bare({ respCode: '34' })).toBe('not-exist 34 unproven');
    expect(await bare({ respCode: '9100004' })).toBe('credentials 9100004 unproven');
    const { provider } = world((asked) =>
      sealed({ ...echo(asked), ...PAID }, { key: strangerKeys.privateKey }),
    );
    expect(await outcome(provider.queryTrade(order().outTradeNo, SENT))).toBe('unknown bad-signature');
  });

  it.each([
    ['00', 'PAID', 'PAID'],
    ['A6', 'PAID', 'PAID'],
    ['03', 'UNKNOWN', 'UNKNOWN'],
    ['04', 'UNKNOWN', 'UNKNOWN'],
    ['05', 'UNKNOWN', 'UNKNOWN'],
    // The payer may try another card until the time is up.
    ['64', 'NOTPAY', 'CLOSED'],
    ['70', 'NOTPAY', 'NOTPAY'],
    // Money was taken although something went wrong after it.
    ['42', 'UNKNOWN', 'UNKNOWN'],
    ['74', 'UNKNOWN', 'UNKNOWN'],
    ['34', 'UNKNOWN', 'UNKNOWN'],
    ['45', 'UNKNOWN', 'UNKNOWN'],
    ['ZZ', 'UNKNOWN', 'UNKNOWN'],
    ['', 'UNKNOWN', 'UNKNOWN'],
  ])(
    'that says %s of a payment makes it %s, and %s when its time is long over',
    async (code, before, after) => {
      const said = { ...PAID, origRespCode: code };
      expect(await asking(said)).toMatchObject({ state: before });
      expect(await asking(said, LATER)).toMatchObject({ state: after });
    },
  );

  it.each(['03', '04', '05', '02', '06', '99', '42', 'A6'])(
    'of %s leaves every call unknown',
    async (respCode) => {
      const { provider } = world((asked) => sealed({ ...echo(asked), respCode }));
      const calls = [
        provider.sendPayment(order(), provider.planPayment(order())),
        provider.queryTrade(order().outTradeNo, SENT),
        provider.sendRefund(refund(), provider.planRefund(refund())),
      ];
      for (const call of calls) expect(await outcome(call)).toMatch(/^unknown /);
    },
  );

  it('that was paid after its time says that money goes back, of which nobody tells how much by now', async () => {
    // 18:30:00 is the last second of it.
    for (const [traceTime, refundedFen] of [
      ['1128183000', undefined],
      ['1128183001', 'unknown'],
      ['1129090000', 'unknown'],
    ]) {
      const told = await asking({ ...PAID, traceTime: traceTime ?? '' }, LATER);
      expect(told).toMatchObject({ state: 'PAID', amountFen: 1990 });
      expect(told, traceTime).toHaveProperty('paidAt');
      expect((told as { refundedFen?: unknown }).refundedFen, traceTime).toBe(refundedFen);
    }
  });

  it('is no proof of a payment without sum or number, or in other money', async () => {
    for (const field of ['txnAmt', 'queryId'])
      expect(await asking({ ...PAID, [field]: '' }), field).toBe('unknown unreadable');
    expect(await asking({ ...PAID, currencyCode: '840' })).toBe('unknown unreadable');
  });

  it('is read although a value has braces with & in it, and not where a name comes twice', async () => {
    expect(await asking({ ...PAID, cardTransData: '{issuer=1&brand=2}' })).toMatchObject({ state: 'PAID' });
    const { provider } = world((asked) => {
      const { respCode: _, ...rest } = sealed({ ...echo(asked), ...PAID });
      return `respCode=00&respCode=34&${new URLSearchParams(rest)}`;
    });
    expect(await outcome(provider.queryTrade(order().outTradeNo, SENT))).toBe('unknown unreadable');
  });

  it('cannot be had without the time of the order', async () => {
    const { provider, requests } = world(() => '');
    expect(await outcome(provider.queryTrade(order().outTradeNo))).toBe('not sent no-send-time');
    expect(requests).toEqual([]);
  });
});

describe('a refund', () => {
  const send = (answers: Readonly<Record<string, Said>>) => {
    const { provider, requests } = world((asked) =>
      sealed({ ...echo(asked), ...answers[asked.get('txnType') ?? ''] }),
    );
    return { told: outcome(provider.sendRefund(refund(), provider.planRefund(refund()))), requests };
  };

  it('is on its way once it is taken in', async () => {
    expect(await send({ '04': { respCode: '00' } }).told).toMatchObject({ state: 'PROCESSING' });
  });

  it('that UnionPay has already is asked about, and in doubt where that is not found', async () => {
    const done = { respCode: '00', origRespCode: '00', txnAmt: '300' };
    const { told, requests } = send({ '04': { respCode: '12' }, '00': done });
    expect(await told).toMatchObject({
      exists: true,
      sentAt: order().sentAt,
      state: 'SUCCESS',
      refundFen: 300,
    });
    expect(await send({ '04': { respCode: '12' }, '00': { ...done, currencyCode: '840' } }).told).toBe(
      'unknown repeated-and-not-found',
    );
    expect(new URLSearchParams(requests[1]?.body).get('txnTime')).toBe('20261128180000');
    for (const respCode of ['34', '38', '37', '06', ''])
      expect(await send({ '04': { respCode: '12' }, '00': { respCode } }).told).toBe(
        'unknown repeated-and-not-found',
      );
    const { provider } = world((asked) => {
      if (asked.get('txnType') === '00') throw new GatewayUnavailable('ECONNREFUSED');
      return sealed({ ...echo(asked), respCode: '12' });
    });
    expect(await outcome(provider.sendRefund(refund(), provider.planRefund(refund())))).toBe(
      'unknown repeated-and-not-found',
    );
  });

  it('is not proven by a payment of the same number and time', async () => {
    const payment = { respCode: '00', origRespCode: '00', txnAmt: '300' };
    const { provider } = world((asked) =>
      sealed({ ...echo(asked), ...payment, reqReserved: Buffer.from('pay 咖啡').toString('base64') }),
    );
    const plan = provider.planRefund(refund());
    expect(await outcome(provider.queryRefund('ord20261128001', 'ref20261128001', { plan }))).toBe(
      'unknown answer-of-another-call',
    );
  });

  it.each([
    ['35', 'not-paid 35'],
    ['36', 'refund-not-allowed 36'],
    ['64', 'balance 64'],
    ['31', 'permission 31'],
    // May have been taken in.
    ['37', 'unknown rate-limited'],
    ['ZZ', 'unknown unrecognised'],
  ])('is answered with %s: %s', async (respCode, expected) => {
    expect(await send({ '04': { respCode } }).told).toBe(expected);
  });

  it('needs UnionPay’s number of the payment', () => {
    const { provider } = world(() => '');
    const { gatewayTradeNo: _, ...nameless } = refund();
    expect(() => provider.planRefund(nameless)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });
});
