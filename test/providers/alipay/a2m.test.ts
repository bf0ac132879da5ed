import { createHash, verify } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { CashierError } from '../../../src/domain/errors.ts';
import type { Fen } from '../../../src/domain/money.ts';
import {
  type A2m,
  type A2mBill,
  GatewayDeclined,
  GatewayUnavailable,
  OutcomeUnknown,
  type PaymentProof,
  PROOF_REFUSALS,
  ProofRefused,
} from '../../../src/providers/contract.ts';
import {
  appKeys,
  declined,
  forged,
  type Node,
  refund,
  rejection,
  setUp,
  signed,
  strangerKeys,
  unsigned,
} from './fake-gateway.ts';

const VERIFY = 'alipay.aipay.agent.payment.verify';
const CONFIRM = 'alipay.aipay.agent.fulfillment.confirm';
const SELLER = { AP_SELLER_ID: '2088000000000000', CASHIER_MERCHANT_NAME: '天气铺' };
const TRADE_NO = '2026112822001456789012345678';
const SECRET = 'f00dfeed'.repeat(8);
const SESSION = Buffer.from('{"externalId":"2088","signature":"-"}').toString('base64');

const BILL: A2mBill = {
  outTradeNo: 'C20261128120000ABCDEF',
  amountFen: 10 as Fen,
  goodsName: '天气查询',
  resourceId: '/paid/weather',
  payBefore: Date.parse('2026-11-28T12:30:00+08:00'),
};
const proven: Node = {
  ...{ code: '10000', msg: 'Success', active: true, amount: '0.10' },
  ...{ out_trade_no: BILL.outTradeNo, resource_id: BILL.resourceId, trade_no: TRADE_NO },
};

function selling(env = {}) {
  const made = setUp({ ...SELLER, AP_A2M_SERVICE_ID: 'API_0001', ...env });
  const { a2m } = made.provider;
  if (!a2m) throw new Error('nothing is for sale');
  return { ...made, a2m };
}

const shown = {
  protocol: { payment_proof: SECRET, trade_no: TRADE_NO },
  method: { client_session: SESSION },
};
const encoded = (value: unknown, encoding: 'base64' | 'base64url' = 'base64') =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString(encoding);
const proofOf = (a2m: A2m, value: unknown = shown): PaymentProof => a2m.readProof(encoded(value));

/** What a call comes to, in a word. */
async function outcome(call: Promise<unknown>): Promise<string> {
  try {
    return String(await call);
  } catch (error) {
    if (error instanceof ProofRefused) return error.reason;
    if (error instanceof OutcomeUnknown) return `unknown ${error.detail}`;
    if (error instanceof GatewayDeclined) return `declined ${error.gatewayCode} ${error.proven}`;
    if (error instanceof GatewayUnavailable) return 'not sent';
    throw error;
  }
}

describe('a bill', () => {
  it('has the fourteen members, in base64url without padding', () => {
    const header = selling().a2m.bill(BILL);
    expect(header).toMatch(/^[A-Za-z0-9_-]+$/);
    expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({
      protocol: {
        out_trade_no: BILL.outTradeNo,
        amount: '0.10',
        currency: 'CNY',
        resource_id: '/paid/weather',
        pay_before: '2026-11-28T12:30:00+08:00',
        seller_signature: expect.stringMatching(/^[A-Za-z0-9+/]{342}==$/),
        seller_sign_type: 'RSA2',
        seller_unique_id: SELLER.AP_SELLER_ID,
      },
      method: {
        seller_name: '天气铺',
        seller_id: SELLER.AP_SELLER_ID,
        seller_app_id: '2021004100000001',
        goods_name: '天气查询',
        seller_unique_id_key: 'seller_id',
        service_id: 'API_0001',
      },
    });
  });

  it('is signed by the app over eight of them, as the worked example has it', () => {
    const { a2m } = selling({ AP_CURRENT_ENV: 'sandbox', AP_A2M_SERVICE_ID: undefined });
    const { protocol } = JSON.parse(Buffer.from(a2m.bill(BILL), 'base64url').toString());
    const text =
      'amount=0.10&currency=CNY&goods_name=天气查询&out_trade_no=C20261128120000ABCDEF&pay_before=2026-11-28T12:30:00+08:00&resource_id=/paid/weather&seller_id=2088000000000000&service_id=api_mock_service_id';
    const by = (key: typeof appKeys) =>
      verify(
        'RSA-SHA256',
        Buffer.from(text),
        key.publicKey,
        Buffer.from(protocol.seller_signature, 'base64'),
      );
    expect([by(appKeys), by(strangerKeys)]).toEqual([true, false]);
  });

  it('is for the service that the price names, and in the sandbox for the only one there', () => {
    const serviceOf = (a2m: A2m) =>
      JSON.parse(Buffer.from(a2m.bill({ ...BILL, serviceId: 'API_OWN' }), 'base64url').toString()).method
        .service_id;
    expect(serviceOf(selling().a2m)).toBe('API_OWN');
    expect(serviceOf(selling({ AP_A2M_SERVICE_ID: undefined }).a2m)).toBe('API_OWN');
    expect(serviceOf(selling({ AP_CURRENT_ENV: 'sandbox' }).a2m)).toBe('api_mock_service_id');
  });

  it('is refused without a service, and for a title that Alipay does not take', () => {
    const { a2m } = selling({ AP_A2M_SERVICE_ID: undefined });
    expect(a2m.hasService).toBe(false);
    expect(() => a2m.bill(BILL)).toThrow(CashierError);
    for (const goodsName of ['a&b', 'a=b', 'a/b']) {
      expect(() => selling().a2m.bill({ ...BILL, goodsName })).toThrow(CashierError);
    }
  });

  it('asks no gateway', () => {
    const { a2m, gateway } = selling();
    a2m.bill(BILL);
    expect(gateway.calls).toEqual([]);
  });
});

describe('a proof that is shown', () => {
  const { a2m } = selling();

  it.each([
    ['base64', encoded(shown)],
    ['base64url', encoded(shown, 'base64url')],
    ['base64 without padding', encoded(shown).replace(/=+$/, '')],
    ['base64url with padding', encoded(shown).replaceAll('+', '-').replaceAll('/', '_')],
    ['blanks around it', ` ${encoded(shown)} `],
    ['members that nobody knows', encoded({ ...shown, version: 2, method: { ...shown.method, more: [] } })],
  ])('is read as %s', (_what, header) => {
    const proof = a2m.readProof(header);
    expect(proof.tradeNo).toBe(TRADE_NO);
    expect(proof.digest).toBe(createHash('sha256').update(SECRET).digest('hex'));
  });

  it('does without a session, and is the same proof with another', () => {
    const { digest } = proofOf(a2m);
    for (const method of [undefined, {}, { client_session: 'other' }]) {
      expect(proofOf(a2m, { ...shown, method }).digest).toBe(digest);
    }
  });

  const { protocol, method } = shown;
  it.each<[string, string]>([
    ['nothing', ''],
    ['no base64', '{"protocol":{}}'],
    ['base64 with a blank inside', encoded(shown).replace(/^(.{8})/, '$1 ')],
    ['padding in the middle', `${encoded(shown).slice(0, 8)}=${encoded(shown).slice(8)}`],
    ['no JSON', encoded('abc')],
    ['no UTF-8', Buffer.from([0x7b, 0xff, 0x7d]).toString('base64')],
    ['a list', encoded([shown])],
    ['null', encoded('null')],
    ['text', encoded('"x"')],
    ['no protocol', encoded({ method })],
    ['a number of the trade that is a number', encoded({ protocol: { ...protocol, trade_no: 12 }, method })],
    ['an empty number', encoded({ protocol: { ...protocol, trade_no: '' }, method })],
    ['a number with a blank', encoded({ protocol: { ...protocol, trade_no: '1 2' }, method })],
    ['a number too long', encoded({ protocol: { ...protocol, trade_no: '1'.repeat(65) }, method })],
    ['no secret', encoded({ protocol: { trade_no: TRADE_NO }, method })],
    ['an empty secret', encoded({ protocol: { ...protocol, payment_proof: '' }, method })],
    ['a secret of several lines', encoded({ protocol: { ...protocol, payment_proof: 'a\nb' }, method })],
    ['a secret that is a list', encoded({ protocol: { ...protocol, payment_proof: [SECRET] }, method })],
    ['a session that is an object', encoded({ protocol, method: { client_session: {} } })],
    ['an empty session', encoded({ protocol, method: { client_session: '' } })],
    ['a method that is text', encoded({ protocol, method: 'x' })],
    ['too much', encoded({ ...shown, padding: 'x'.repeat(8_192) })],
  ])('is refused as malformed: %s', (_what, header) => {
    expect(() => a2m.readProof(header)).toThrow(expect.objectContaining({ reason: 'malformed' }));
  });

  it('shows no secret, however it is written down', () => {
    const proof = proofOf(a2m);
    const written = [JSON.stringify(proof), inspect(proof, { showHidden: true, depth: 9 }), String(proof)];
    for (const text of [...written, JSON.stringify({ ...proof })]) {
      for (const secret of [SECRET, SESSION]) expect(text).not.toContain(secret);
    }
  });

  it('is none that somebody else has put together', async () => {
    const made = { tradeNo: TRADE_NO, digest: '', paymentProof: SECRET } as PaymentProof;
    expect(await outcome(a2m.verifyProof(made))).toBe('malformed');
  });
});

describe('what a proof is worth', () => {
  const verified = (body: string | Buffer, env = {}, billed?: Pick<A2mBill, 'outTradeNo' | 'resourceId'>) => {
    const { a2m, gateway } = selling(env);
    gateway.answer(body);
    return a2m.verifyProof(proofOf(a2m), billed);
  };

  it('is asked with exactly what was shown', async () => {
    const { a2m, gateway } = selling();
    gateway.answer(signed(VERIFY, proven));
    const worth = {
      outTradeNo: BILL.outTradeNo,
      resourceId: '/paid/weather',
      tradeNo: TRADE_NO,
      amountFen: 10,
    };
    expect(await a2m.verifyProof(proofOf(a2m))).toEqual(worth);
    expect(gateway.call.parameters.get('method')).toBe(VERIFY);
    const { protocol } = shown;
    expect(gateway.call.biz).toEqual({ ...protocol, client_session: SESSION });
    await a2m.verifyProof(proofOf(a2m, { protocol }));
    expect(gateway.call.biz).toEqual(protocol);
  });

  it.each<[string, string]>([
    ['SYSTEM_ERROR', 'unknown system-error'],
    ...['INVALID_PARAMETER', 'TRADE_NO_EMPTY', 'TRADE_NO_INVALID', 'PAYMENT_PROOF_EMPTY'].map(
      (code): [string, string] => [code, 'malformed'],
    ),
    ['CLIENT_SESSION_IS_EMPTY', 'client-too-old'],
    ...['INVALID', 'ID_MISMATCH', 'TRADE_NO_MISMATCH', 'AGENT_MISMATCH', 'BUYER_MISMATCH'].map(
      (code): [string, string] => [`PAYMENT_PROOF_${code}`, 'forged'],
    ),
    ['PAYMENT_PROOF_NOT_FOUND', 'not-found'],
    ['PAYMENT_PROOF_STATUS_INVALID', 'consumed'],
    ['TRADE_NOT_FOUND', 'not-found'],
    ['TRADE_STATUS_UNPAID', 'not-paid'],
    ['TRADE_STATUS_CLOSED', 'closed'],
  ])('is refused with %s as %s, when Alipay has signed that', async (code, meaning) => {
    for (const prefix of ['', 'ACQ.', 'aipay.']) {
      const node = declined(`${prefix}${code}`);
      expect(await outcome(verified(signed(VERIFY, node)))).toBe(meaning);
      // Unsigned it proves nothing of the proof.
      expect(PROOF_REFUSALS).not.toContain(await outcome(verified(unsigned(VERIFY, node))));
      expect(await outcome(verified(forged(VERIFY, node)))).toBe('unknown bad-signature');
    }
  });

  it.each<[string, string, string]>([
    [
      'a code that no document has',
      signed(VERIFY, declined('PAYMENT_PROOF_PONDERING')),
      'declined PAYMENT_PROOF_PONDERING true',
    ],
    [
      'a key that is wrong',
      unsigned(VERIFY, declined('isv.invalid-signature', '40002')),
      'declined isv.invalid-signature false',
    ],
    [
      'a product that is not signed',
      unsigned(VERIFY, declined('isv.insufficient-isv-permissions', '40006')),
      'declined isv.insufficient-isv-permissions false',
    ],
    [
      'a rate limit',
      signed(VERIFY, declined('isv.app-call-limited', '40005')),
      'declined isv.app-call-limited false',
    ],
    ['20000', unsigned(VERIFY, declined('isp.unknow-error', '20000')), 'unknown system-error'],
    ['an unsigned yes', unsigned(VERIFY, proven), 'unknown unsigned-success'],
    ["a stranger's yes", forged(VERIFY, proven), 'unknown bad-signature'],
    ["another call's yes", signed('alipay.trade.query', proven), 'unknown unreadable'],
    [
      'a yes on another trade',
      signed(VERIFY, { ...proven, trade_no: '2026112822001456789012345679' }),
      'unknown answer-of-another-order',
    ],
    ['a yes on no trade', signed(VERIFY, { ...proven, trade_no: '' }), 'unknown answer-of-another-order'],
    [
      'no word on whether it counts',
      signed(VERIFY, { ...proven, active: undefined }),
      'unknown active-missing',
    ],
    ['a number for a word', signed(VERIFY, { ...proven, active: 1 }), 'unknown active-missing'],
    ['a proof that does not count', signed(VERIFY, { ...proven, active: false }), 'not-paid'],
    ['the same in words', signed(VERIFY, { ...proven, active: 'false' }), 'not-paid'],
    ['another word', signed(VERIFY, { ...proven, active: 'yes' }), 'not-paid'],
    ['no amount', signed(VERIFY, { ...proven, amount: '' }), 'unknown amount-unreadable'],
    ['an amount as a number', signed(VERIFY, { ...proven, amount: 0.1 }), 'unknown amount-unreadable'],
    [
      'an amount with three decimals',
      signed(VERIFY, { ...proven, amount: '0.100' }),
      'unknown amount-unreadable',
    ],
    ['no order', signed(VERIFY, { ...proven, out_trade_no: '' }), 'unknown order-number-missing'],
    ['no resource', signed(VERIFY, { ...proven, resource_id: '' }), 'unknown resource-missing'],
    ['a page', '<html>502</html>', 'unknown unreadable'],
  ])('is not told by %s', async (_what, body, expected) => {
    expect(await outcome(verified(body))).toBe(expected);
    // Nor does anything that the seller knows stand in for what Alipay leaves out, but in the sandbox.
    const { outTradeNo, resourceId } = BILL;
    expect(await outcome(verified(body, {}, { outTradeNo, resourceId }))).toBe(expected);
  });

  it('may leave out in the sandbox what the seller knows', async () => {
    const sandbox = { AP_CURRENT_ENV: 'sandbox', AP_A2M_SERVICE_ID: undefined };
    const bare = signed(VERIFY, { ...proven, out_trade_no: '', resource_id: '' });
    const billed = { outTradeNo: 'C_KNOWN', resourceId: '/known' };
    expect(await verified(bare, sandbox, billed)).toMatchObject(billed);
    expect(await outcome(verified(bare, sandbox))).toBe('unknown order-number-missing');
    // What it does say counts.
    expect(await verified(signed(VERIFY, proven), sandbox, billed)).toMatchObject({
      outTradeNo: BILL.outTradeNo,
    });
  });

  it('is unknown when the line breaks, and nobody hears a secret in it', async () => {
    const { a2m, gateway } = selling();
    for (const fault of [new OutcomeUnknown('timeout'), new GatewayUnavailable('ECONNREFUSED')]) {
      gateway.reply = () => Promise.reject(fault);
      const error = await rejection(a2m.verifyProof(proofOf(a2m)));
      expect(error).toBe(fault);
    }
    gateway.answer(signed(VERIFY, { ...declined('PAYMENT_PROOF_INVALID'), sub_msg: `${SECRET} ${SESSION}` }));
    const refusal = await rejection(a2m.verifyProof(proofOf(a2m)));
    for (const secret of [SECRET, SESSION]) expect(inspect(refusal, { depth: 9 })).not.toContain(secret);
  });
});

describe('a fulfilment', () => {
  const confirmed = (body: string | Buffer) => {
    const { a2m, gateway } = selling();
    gateway.answer(body);
    return a2m.confirmFulfilment(TRADE_NO);
  };
  const done = { code: '10000', msg: 'Success', trade_no: TRADE_NO };

  it('is told by the number of the trade alone', async () => {
    const { a2m, gateway } = selling();
    gateway.answer(signed(CONFIRM, done));
    expect(await a2m.confirmFulfilment(TRADE_NO)).toBe('confirmed');
    expect(gateway.call.parameters.get('method')).toBe(CONFIRM);
    expect(gateway.call.biz).toEqual({ trade_no: TRADE_NO });
  });

  it.each<[string, string, string]>([
    ['a trade that waits for no word', signed(CONFIRM, declined('TRADE_STATUS_INVALID')), 'not-open'],
    [
      'the same, unsigned',
      unsigned(CONFIRM, declined('TRADE_STATUS_INVALID')),
      'declined TRADE_STATUS_INVALID false',
    ],
    ['no such trade', signed(CONFIRM, declined('TRADE_NOT_FOUND')), 'declined TRADE_NOT_FOUND true'],
    [
      'another seller',
      signed(CONFIRM, declined('SELLER_IDENTITY_MISMATCH')),
      'declined SELLER_IDENTITY_MISMATCH true',
    ],
    ['a system error', signed(CONFIRM, declined('SYSTEM_ERROR')), 'unknown system-error'],
    ['a rate limit', signed(CONFIRM, declined('isv.app-call-limited', '40005')), 'unknown rate-limited'],
    ['a code that no document has', signed(CONFIRM, declined('TRADE_PONDERING')), 'unknown unrecognised'],
    ['an unsigned yes', unsigned(CONFIRM, done), 'unknown unsigned-success'],
    ["a stranger's yes", forged(CONFIRM, done), 'unknown bad-signature'],
    [
      'a yes on another trade',
      signed(CONFIRM, { ...done, trade_no: '1' }),
      'unknown answer-of-another-order',
    ],
    ['a yes on none', signed(CONFIRM, { ...done, trade_no: '' }), 'unknown answer-of-another-order'],
  ])('is answered with %s', async (_what, body, expected) => {
    expect(await outcome(confirmed(body))).toBe(expected);
  });
});

describe("a question by Alipay's number", () => {
  const QUERY = 'alipay.trade.query';
  const trade: Node = {
    ...{ code: '10000', msg: 'Success', trade_no: TRADE_NO, out_trade_no: BILL.outTradeNo },
    ...{ trade_status: 'TRADE_SUCCESS', total_amount: '0.10' },
  };

  it('names nothing else, and is answered about the order that has our number, or not at all', async () => {
    const { provider, gateway } = selling();
    gateway.answer(signed(QUERY, trade));
    const found = await provider.queryTrade(BILL.outTradeNo, { gatewayTradeNo: TRADE_NO });
    expect(found).toMatchObject({ state: 'PAID', amountFen: 10, gatewayTradeNo: TRADE_NO });
    expect(gateway.call.biz).toEqual({ trade_no: TRADE_NO });
    for (const change of [{ trade_no: '1' }, { out_trade_no: 'C2' }, { out_trade_no: '' }]) {
      gateway.answer(signed(QUERY, { ...trade, ...change }));
      await expect(provider.queryTrade(BILL.outTradeNo, { gatewayTradeNo: TRADE_NO })).rejects.toBeInstanceOf(
        OutcomeUnknown,
      );
    }
  });
});

describe('a refund of a trade that no order of ours has made', () => {
  const REFUND = 'alipay.trade.refund';
  const QUERY = 'alipay.trade.fastpay.refund.query';
  const terms = refund({ gatewayTradeNo: TRADE_NO });
  const paidBack: Node = {
    ...{ code: '10000', msg: 'Success', trade_no: TRADE_NO, out_trade_no: terms.outTradeNo },
    ...{ fund_change: 'Y', refund_fee: '3.00' },
  };

  it("is planned and sent by Alipay's number", async () => {
    const { provider, gateway } = selling();
    gateway.answer(signed(REFUND, paidBack));
    const plan = provider.planRefund(terms);
    expect(await provider.sendRefund(terms, plan)).toMatchObject({
      state: 'SUCCESS',
      outTradeNo: terms.outTradeNo,
    });
    expect(gateway.call.biz).toEqual({
      trade_no: TRADE_NO,
      refund_amount: '3.00',
      out_request_no: 'REFUND_1',
    });
  });

  it.each([
    ['another trade', { ...paidBack, trade_no: '1' }],
    ['no trade', { ...paidBack, trade_no: '' }],
    ['another order', { ...paidBack, out_trade_no: 'ORDER_0002' }],
  ])('is not proven by an answer on %s', async (_what, node) => {
    const { provider, gateway } = selling();
    gateway.answer(signed(REFUND, node));
    await expect(provider.sendRefund(terms, provider.planRefund(terms))).rejects.toBeInstanceOf(
      OutcomeUnknown,
    );
  });

  it('is asked for by that number, too', async () => {
    const { provider, gateway } = selling();
    gateway.answer(
      signed(QUERY, {
        ...{ code: '10000', msg: 'Success', trade_no: TRADE_NO, out_trade_no: terms.outTradeNo },
        ...{ out_request_no: 'REFUND_1', refund_status: 'REFUND_SUCCESS', refund_amount: '3.00' },
      }),
    );
    const found = await provider.queryRefund(terms.outTradeNo, 'REFUND_1', { gatewayTradeNo: TRADE_NO });
    expect(found).toMatchObject({ state: 'SUCCESS', refundFen: 300 });
    expect(gateway.call.biz).toEqual({ trade_no: TRADE_NO, out_request_no: 'REFUND_1' });
    await expect(
      provider.queryRefund(terms.outTradeNo, 'REFUND_1', { gatewayTradeNo: '1' }),
    ).rejects.toBeInstanceOf(OutcomeUnknown);
  });

  it('never goes out by a plan of another name', async () => {
    const { provider, gateway } = selling();
    const plans = [provider.planRefund(refund()), provider.planRefund(refund({ gatewayTradeNo: '1' }))];
    const both = JSON.parse(provider.planRefund(terms));
    const biz = { ...JSON.parse(both.biz_content), out_trade_no: terms.outTradeNo };
    for (const plan of [...plans, JSON.stringify({ ...both, biz_content: JSON.stringify(biz) })]) {
      await expect(provider.sendRefund(terms, plan)).rejects.toBeInstanceOf(GatewayUnavailable);
    }
    await expect(provider.sendRefund(refund(), provider.planRefund(terms))).rejects.toBeInstanceOf(
      GatewayUnavailable,
    );
    expect(gateway.calls).toEqual([]);
  });
});
