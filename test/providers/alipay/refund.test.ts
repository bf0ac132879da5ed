import { describe, expect, it } from 'vitest';
import { type Fen, fen } from '../../../src/domain/money.ts';
import { GatewayUnavailable, OutcomeUnknown } from '../../../src/providers/contract.ts';
import {
  declined,
  forged,
  type Node,
  order,
  refund,
  rejection,
  setUp,
  signed,
  unsigned,
} from './fake-gateway.ts';

const REFUND = 'alipay.trade.refund';
const QUERY = 'alipay.trade.fastpay.refund.query';

const done: Node = {
  code: '10000',
  msg: 'Success',
  out_trade_no: 'ORDER_0001',
  trade_no: '2026112122001400000000000001',
  fund_change: 'Y',
  refund_fee: '8.00',
};
const found: Node = {
  code: '10000',
  msg: 'Success',
  out_trade_no: 'ORDER_0001',
  out_request_no: 'REFUND_1',
  refund_status: 'REFUND_SUCCESS',
  refund_amount: '3.00',
  total_amount: '9.90',
};

const send = async (body: string | Buffer, status?: number, terms = refund()) => {
  const { provider, gateway } = setUp();
  gateway.answer(body, status, { trace_id: 'trace-1' });
  return provider.sendRefund(terms, provider.planRefund(terms));
};
const query = async (body: string | Buffer, status?: number) => {
  const { provider, gateway } = setUp();
  gateway.answer(body, status);
  return provider.queryRefund('ORDER_0001', 'REFUND_1');
};

describe('planRefund', () => {
  it('has the documented parameters and no other', () => {
    const { provider } = setUp({
      AP_NOTIFY_URL: 'https://shop.example/n',
      AP_RETURN_URL: 'https://shop.example/r',
    });
    expect(JSON.parse(provider.planRefund(refund({ reason: '商品(缺货)/"退款"' })))).toEqual({
      method: REFUND,
      biz_content:
        '{"out_trade_no":"ORDER_0001","refund_amount":"3.00","out_request_no":"REFUND_1","refund_reason":"商品(缺货)/\\"退款\\""}',
    });
    expect(JSON.parse(provider.planRefund(refund())).biz_content).not.toContain('refund_reason');
  });

  it('writes amounts exactly', () => {
    const { provider } = setUp();
    const plan = provider.planRefund(refund({ refundFen: 30_000_000_001 as Fen }));
    expect(JSON.parse(plan).biz_content).toContain('"refund_amount":"300000000.01"');
  });
});

describe('sendRefund', () => {
  it('sends the planned bytes, again and again', async () => {
    const { provider, gateway, clock } = setUp();
    gateway.answer(signed(REFUND, done));
    const terms = refund({ reason: '缺货' });
    const plan = provider.planRefund(terms);
    await provider.sendRefund(terms, plan);
    clock.ms += 60_000;
    await provider.sendRefund(terms, plan);
    const [first, second] = gateway.calls;
    expect(first?.parameters.get('biz_content')).toBe(JSON.parse(plan).biz_content);
    expect(second?.request.body).toBe(first?.request.body);
    const stable = (url = '') => url.replace(/(timestamp|sign)=[^&]*/g, '$1');
    expect(stable(second?.request.url)).toBe(stable(first?.request.url));
    expect(second?.request.url).not.toBe(first?.request.url);
  });

  it('fund_change=Y is SUCCESS, without an amount of its own, and tells what was refunded in all', async () => {
    expect(await send(signed(REFUND, done))).toEqual({
      exists: true,
      outTradeNo: 'ORDER_0001',
      outRefundNo: 'REFUND_1',
      state: 'SUCCESS',
      gatewayState: 'fund_change.Y',
      refundedFen: 800,
    });
    for (const refund_fee of [undefined, '', '3,00', '0.00'])
      expect(await send(signed(REFUND, { ...done, fund_change: 'N', refund_fee }))).not.toHaveProperty(
        'refundedFen',
      );
  });

  const accepted: readonly (readonly [Node, string, string])[] = [
    [{ fund_change: 'N' }, 'PROCESSING', 'fund_change.N'],
    [{ fund_change: undefined }, 'PROCESSING', 'fund_change.missing'],
    [{ fund_change: 'y' }, 'UNKNOWN', 'fund_change.y'],
    [{ fund_change: 'YES' }, 'UNKNOWN', 'fund_change.YES'],
    [{ fund_change: '已退款 Y' }, 'UNKNOWN', 'fund_change.unreadable'],
    [{ fund_change: true }, 'PROCESSING', 'fund_change.missing'],
  ];
  for (const [change, state, gatewayState] of accepted) {
    it(`${JSON.stringify(change)} is ${state}`, async () => {
      expect(await send(signed(REFUND, { ...done, ...change }))).toMatchObject({ state, gatewayState });
    });
  }

  it('the proof of an earlier refund of the order is none of another', async () => {
    // The sum refunded so far; the number of the refund is not in the answer.
    const proof = signed(REFUND, { ...done, refund_fee: '3.00' });
    expect(await send(proof)).toMatchObject({ state: 'SUCCESS' });
    const second = refund({ outRefundNo: 'REFUND_2', refundedBeforeFen: fen(300) });
    expect(await rejection(send(proof, 200, second))).toMatchObject({ detail: 'refund-fee-too-small' });
  });

  const declines = [
    ['ACQ.SELLER_BALANCE_NOT_ENOUGH', '40004', 'balance'],
    ['ACQ.DISCORDANT_REPEAT_REQUEST', '40004', 'number-conflict'],
    ['ACQ.REASON_TRADE_REFUND_FEE_ERR', '40004', 'bad-parameter'],
    ['ACQ.REFUND_AMT_NOT_EQUAL_TOTAL', '40004', 'bad-parameter'],
    ['ACQ.REFUND_FEE_ERROR', '40004', 'bad-parameter'],
    ['ACQ.TRADE_HAS_FINISHED', '40004', 'refund-not-allowed'],
    ['ACQ.TRADE_HAS_CLOSE', '40004', 'refund-not-allowed'],
    ['ACQ.TRADE_STATUS_ERROR', '40004', 'not-paid'],
    ['ACQ.REASON_TRADE_STATUS_INVALID', '40004', 'not-paid'],
    ['ACQ.TRADE_NOT_ALLOW_REFUND', '40004', 'refund-not-allowed'],
    ['ACQ.NOT_ALLOW_PARTIAL_REFUND', '40004', 'refund-not-allowed'],
    ['ACQ.ONLINE_TRADE_VOUCHER_NOT_ALLOW_REFUND', '40004', 'refund-not-allowed'],
    ['ACQ.TRADE_NOT_EXIST', '40004', 'not-exist'],
    ['ACQ.REFUND_ACCOUNT_NOT_EXIST', '40004', 'refund-not-allowed'],
    ['ACQ.REFUND_ROYALTY_PAYEE_ACCOUNT_NOT_EXIST', '40004', 'refund-not-allowed'],
    ['isv.invalid-open-scene-api-permission', '40006', 'permission'],
    ['isv.missing-signature-key', '40001', 'credentials'],
    ['isv.invalid-app-auth-token', '20001', 'credentials'],
  ] as const;
  for (const [subCode, code, reason] of declines) {
    it(`${subCode} is ${reason}, proven only when signed`, async () => {
      const node = declined(subCode, code);
      const expected = { name: 'GatewayDeclined', reason, gatewayCode: subCode, requestId: 'trace-1' };
      const error = await rejection(send(signed(REFUND, node)));
      expect(error).toMatchObject({ ...expected, proven: true });
      expect(
        JSON.stringify(error) + (error as Error).stack,
        'nothing of what the gateway wrote',
      ).not.toContain('忽略');
      expect(await rejection(send(unsigned(REFUND, node)))).toMatchObject({ ...expected, proven: false });
      expect(await rejection(send(forged(REFUND, node)))).toMatchObject({ detail: 'bad-signature' });
    });
  }

  const unknown: readonly (readonly [what: string, body: string, detail: string, status?: number])[] = [
    [
      'success of another order',
      signed(REFUND, { ...done, out_trade_no: 'ORDER_0002' }),
      'answer-of-another-order',
    ],
    ['success of no order', signed(REFUND, { ...done, out_trade_no: undefined }), 'answer-of-another-order'],
    [
      'less refunded in all than by this one',
      signed(REFUND, { ...done, refund_fee: '2.99' }),
      'refund-fee-too-small',
    ],
    ['a fee not given back', signed(REFUND, declined('ACQ.REFUND_CHARGE_ERROR')), 'system-error'],
    ['a code of orders', signed(REFUND, declined('ACQ.CONTEXT_INCONSISTENT')), 'unrecognised'],
    ['unsigned SYSTEM_ERROR', unsigned(REFUND, declined('ACQ.SYSTEM_ERROR')), 'system-error'],
    ['unknow-error', signed(REFUND, declined('isp.unknow-error', '20000')), 'system-error'],
    ['a rate limit', signed(REFUND, declined('isv.app-call-limited', '40005')), 'rate-limited'],
    ['an unsigned rate limit', unsigned(REFUND, { code: '40005' }), 'rate-limited'],
    ['an unlisted failure', signed(REFUND, declined('ACQ.SOMETHING_NEW')), 'unrecognised'],
    ['a failure without sub code', signed(REFUND, { code: '40004' }), 'unrecognised'],
    ['a code of no table', signed(REFUND, { code: '30000' }), 'unrecognised'],
  ];
  for (const [name, body, detail, status] of unknown) {
    it(`${name} is unknown`, async () => {
      const error = await rejection(send(body, status));
      expect(error).toBeInstanceOf(OutcomeUnknown);
      expect(error).toMatchObject({ detail });
    });
  }

  it('a timeout stays what it is, and nothing of a payment’s plan is refunded', async () => {
    const { provider, gateway } = setUp();
    const timeout = new OutcomeUnknown('timeout');
    gateway.reply = () => Promise.reject(timeout);
    expect(await rejection(provider.sendRefund(refund(), provider.planRefund(refund())))).toBe(timeout);
    const calls = gateway.calls.length;
    const error = await rejection(provider.sendRefund(refund(), provider.planPayment(order())));
    expect(error).toBeInstanceOf(GatewayUnavailable);
    expect(gateway.calls.length).toBe(calls);
  });
});

describe('queryRefund', () => {
  it('asks about both numbers', async () => {
    const { provider, gateway } = setUp();
    gateway.answer(signed(QUERY, found));
    await provider.queryRefund('ORDER_0001', 'REFUND_1');
    expect(gateway.call.biz).toEqual({ out_trade_no: 'ORDER_0001', out_request_no: 'REFUND_1' });
    expect(gateway.call.parameters.get('method')).toBe(QUERY);
  });

  it('REFUND_SUCCESS is SUCCESS with its amount', async () => {
    expect(await query(signed(QUERY, found))).toEqual({
      exists: true,
      outTradeNo: 'ORDER_0001',
      outRefundNo: 'REFUND_1',
      state: 'SUCCESS',
      gatewayState: 'REFUND_SUCCESS',
      refundFen: 300,
    });
  });

  const states: readonly (readonly [Node, string, string])[] = [
    [{ refund_status: 'REFUND_PROCESSING' }, 'PROCESSING', 'REFUND_PROCESSING'],
    [{ refund_status: 'REFUND_FAIL' }, 'UNKNOWN', 'REFUND_FAIL'],
    [{ refund_status: 'refund_success' }, 'UNKNOWN', 'refund_success'],
    [{ refund_status: '退款成功' }, 'UNKNOWN', 'unreadable'],
    [{ refund_status: undefined }, 'UNKNOWN', 'refund_status.missing'],
  ];
  for (const [change, state, gatewayState] of states) {
    it(`${JSON.stringify(change)} is ${state}`, async () => {
      expect(await query(signed(QUERY, { ...found, ...change }))).toMatchObject({
        exists: true,
        state,
        gatewayState,
      });
    });
  }

  it('no details, or a trade that does not exist, is no refund', async () => {
    expect(await query(signed(QUERY, { code: '10000', msg: 'Success' }))).toEqual({ exists: false });
    const echoed = {
      code: '10000',
      out_trade_no: 'ORDER_0001',
      out_request_no: 'REFUND_1',
      refund_status: '',
    };
    expect(await query(signed(QUERY, echoed))).toEqual({ exists: false });
    for (const subCode of ['ACQ.TRADE_NOT_EXIST', 'TRADE_NOT_EXIST']) {
      expect(await query(signed(QUERY, declined(subCode)))).toEqual({ exists: false });
      const error = await rejection(query(unsigned(QUERY, declined(subCode))));
      expect(error).toMatchObject({ name: 'GatewayDeclined', reason: 'not-exist', proven: false });
    }
  });

  const unknown: readonly (readonly [what: string, body: string, detail: string, status?: number])[] = [
    ['unsigned emptiness', unsigned(QUERY, { code: '10000' }), 'unsigned-success'],
    ['another order', signed(QUERY, { ...found, out_trade_no: 'ORDER_0002' }), 'answer-of-another-order'],
    ['no order', signed(QUERY, { ...found, out_trade_no: undefined }), 'answer-of-another-order'],
    ['another refund', signed(QUERY, { ...found, out_request_no: 'REFUND_2' }), 'answer-of-another-refund'],
    ['no refund number', signed(QUERY, { ...found, out_request_no: undefined }), 'answer-of-another-refund'],
    [
      'emptiness about another order',
      signed(QUERY, { code: '10000', out_trade_no: 'ORDER_0002' }),
      'answer-of-another-order',
    ],
    ['success without amount', signed(QUERY, { ...found, refund_amount: 3 }), 'amount-unreadable'],
  ];
  for (const [name, body, detail, status] of unknown) {
    it(`${name} is unknown`, async () => {
      expect(await rejection(query(body, status))).toMatchObject({ name: 'OutcomeUnknown', detail });
    });
  }
});
