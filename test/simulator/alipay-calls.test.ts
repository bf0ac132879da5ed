import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alipayClient, type Bench, controlOf, freshNumber, MORNING, openBench } from './bench.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

const checked = { validateSign: true };
const HOUR_MS = 3_600_000;

/** A call by the SDK with its signature checked; the answer without trace id. */
async function call(method: string, bizContent: Record<string, unknown>) {
  const { traceId: _, ...answer } = await bench.alipay.exec(
    `alipay.trade.${method}`,
    { bizContent },
    checked,
  );
  return answer;
}

function order(more: Record<string, unknown> = {}) {
  return {
    out_trade_no: freshNumber(),
    total_amount: '9.90',
    subject: '咖啡',
    product_code: 'QR_CODE_OFFLINE',
    ...more,
  };
}

/** Places an order, and lets the person open and pay it. */
async function paidOrder(more: Record<string, unknown> = {}) {
  const placed = order(more);
  await call('precreate', placed);
  const paid = await controlOf(bench.simulator, 'POST', 'pay', {
    provider: 'alipay',
    outTradeNo: placed.out_trade_no,
  });
  expect(paid.status).toBe(200);
  return { out_trade_no: placed.out_trade_no };
}

const refund = (reference: object, amount: string, number: string, more: object = {}) =>
  call('refund', { ...reference, refund_amount: amount, out_request_no: number, ...more });

describe('the way of a scanned order, as the SDK sees it', () => {
  it('has no trade before the code is scanned, waits, is paid, is refunded in parts until closed', async () => {
    const placed = order();
    const reference = { out_trade_no: placed.out_trade_no };
    const created = await call('precreate', placed);
    expect(created).toEqual({
      code: '10000',
      msg: 'Success',
      outTradeNo: placed.out_trade_no,
      qrCode: expect.stringMatching(`^${bench.simulator.origin}/alipay/qr/bax0[0-9a-f]{24}$`),
    });
    expect(await call('query', reference)).toMatchObject({ code: '40004', subCode: 'ACQ.TRADE_NOT_EXIST' });
    expect(await call('close', reference)).toMatchObject({ code: '40004', subCode: 'ACQ.TRADE_NOT_EXIST' });

    const scanned = await fetch(created.qrCode, { redirect: 'manual' });
    expect(scanned.status).toBe(303);
    const waiting = await call('query', reference);
    expect(waiting).toMatchObject({ code: '10000', tradeStatus: 'WAIT_BUYER_PAY', totalAmount: '9.90' });
    expect(waiting).not.toHaveProperty('sendPayDate');

    const cashier = `${bench.simulator.origin}${scanned.headers.get('location')}`;
    expect(await (await fetch(`${cashier}/pay`, { method: 'POST' })).text()).toContain('支付成功');
    const paid = await call('query', { trade_no: waiting.tradeNo, out_trade_no: 'another' });
    expect(paid).toMatchObject({
      outTradeNo: placed.out_trade_no,
      tradeStatus: 'TRADE_SUCCESS',
      totalAmount: '9.90',
      receiptAmount: '9.90',
      sendPayDate: '2026-11-21 10:00:00',
    });

    const first = await refund(reference, '3.30', 'R1', { query_options: ['refund_detail_item_list'] });
    expect(first).toMatchObject({ code: '10000', fundChange: 'Y', refundFee: '3.30', sendBackFee: '3.30' });
    expect(await call('query', reference)).toMatchObject({ tradeStatus: 'TRADE_SUCCESS' });
    expect(await refund(reference, '3.30', 'R1')).toMatchObject({ fundChange: 'N', refundFee: '3.30' });
    bench.clock.travel(3_000);
    expect(await refund(reference, '6.60', 'R2')).toMatchObject({ fundChange: 'Y', refundFee: '9.90' });
    expect(await call('query', reference)).toMatchObject({
      tradeStatus: 'TRADE_CLOSED',
      sendPayDate: expect.any(String),
    });
    expect(await refund(reference, '6.60', 'R2')).toMatchObject({ fundChange: 'N', refundFee: '9.90' });
    expect(await refund(reference, '0.01', 'R3')).toMatchObject({ subCode: 'ACQ.TRADE_HAS_CLOSE' });

    const asked = await call('fastpay.refund.query', { ...reference, out_request_no: 'R1' });
    expect(asked).toMatchObject({
      refundAmount: '3.30',
      refundStatus: 'REFUND_SUCCESS',
      totalAmount: '9.90',
    });
    expect(await call('fastpay.refund.query', { ...reference, out_request_no: 'unknown' })).toEqual({
      code: '10000',
      msg: 'Success',
    });
    expect(await call('fastpay.refund.query', { out_trade_no: 'none', out_request_no: 'R1' })).toMatchObject({
      subCode: 'ACQ.TRADE_NOT_EXIST',
    });
  });

  it.each([
    ['page.pay', 'FAST_INSTANT_TRADE_PAY', 'web'],
    ['wap.pay', 'QUICK_WAP_WAY', 'h5'],
  ])(
    'makes the trade of a %s link when it is opened, by GET or by the form',
    async (method, product, scene) => {
      for (const how of ['GET', 'POST'] as const) {
        const bizContent = order({ product_code: product, subject: `会员(年) it's "100%" + 1!*` });
        const link = bench.alipay.pageExecute(`alipay.trade.${method}`, how, { bizContent });
        const reference = { out_trade_no: bizContent.out_trade_no };
        expect(await call('query', reference)).toMatchObject({ subCode: 'ACQ.TRADE_NOT_EXIST' });
        const opened = await (how === 'GET' ? fetch(link) : submit(link));
        expect(await opened.text()).toContain('会员(年) it&#39;s &quot;100%&quot; + 1!*');
        expect(await call('query', reference)).toMatchObject({ tradeStatus: 'WAIT_BUYER_PAY' });
        const { value } = await controlOf(bench.simulator, 'GET', 'trades');
        expect(value.trades[0]).toMatchObject({
          outTradeNo: bizContent.out_trade_no,
          scene,
          state: 'NOTPAY',
        });
      }
    },
  );

  it('makes the trade of an order string when the app opens it', async () => {
    const bizContent = order({ product_code: 'QUICK_MSECURITY_PAY' });
    const body = bench.alipay.sdkExecute('alipay.trade.app.pay', { bizContent });
    const opened = await fetch(`${bench.simulator.origin}/alipay/app`, { method: 'POST', body });
    expect(await opened.text()).toContain('确认支付');
    expect(await call('query', { out_trade_no: bizContent.out_trade_no })).toMatchObject({
      tradeStatus: 'WAIT_BUYER_PAY',
    });
  });

  it('closes what waits, and nothing else', async () => {
    const placed = order();
    const { qrCode } = await call('precreate', placed);
    await fetch(qrCode, { redirect: 'manual' });
    const reference = { out_trade_no: placed.out_trade_no };
    expect(await call('close', reference)).toMatchObject({ code: '10000', outTradeNo: placed.out_trade_no });
    expect(await call('query', reference)).toMatchObject({ tradeStatus: 'TRADE_CLOSED' });
    expect(await call('close', reference)).toMatchObject({ subCode: 'ACQ.REASON_TRADE_STATUS_INVALID' });
    expect(await call('precreate', placed)).toMatchObject({ subCode: 'ACQ.TRADE_HAS_CLOSE' });
    expect(await (await fetch(qrCode)).text()).toContain('ACQ.TRADE_HAS_CLOSE');
    expect(await call('close', await paidOrder())).toMatchObject({
      subCode: 'ACQ.REASON_TRADE_STATUS_INVALID',
    });
  });

  it('closes by itself when time_expire passes; a link opened later is refused to the payer', async () => {
    const soon = { time_expire: '2026-11-21 11:00:00' };
    bench.clock.travel(MORNING - bench.clock.now());
    const opened = order(soon);
    const { qrCode } = await call('precreate', opened);
    await fetch(qrCode, { redirect: 'manual' });
    const unopened = await call('precreate', order(soon));
    bench.clock.travel(HOUR_MS);
    expect(await call('query', { out_trade_no: opened.out_trade_no })).toMatchObject({
      tradeStatus: 'TRADE_CLOSED',
    });
    expect((await fetch(unopened.qrCode)).status).toBe(400);
    expect(await call('query', { out_trade_no: unopened.outTradeNo })).toMatchObject({
      subCode: 'ACQ.TRADE_NOT_EXIST',
    });
    expect(await call('precreate', order(soon))).toMatchObject({
      subCode: 'ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR',
    });
  });

  it('lets a code die after two hours though the order could wait longer', async () => {
    const { qrCode } = await call('precreate', order({ timeout_express: '1d' }));
    bench.clock.travel(2 * HOUR_MS);
    expect(await (await fetch(qrCode)).text()).toContain('二维码已失效');
  });
});

describe('using a number again', () => {
  it('is CONTEXT_INCONSISTENT with other terms, the same trade with the same, TRADE_HAS_SUCCESS when paid', async () => {
    const placed = order();
    const first = await call('precreate', placed);
    await fetch(first.qrCode, { redirect: 'manual' });
    expect(await call('precreate', { ...placed, total_amount: '9.91' })).toMatchObject({
      subCode: 'ACQ.CONTEXT_INCONSISTENT',
    });
    const again = await call('precreate', placed);
    expect(again.qrCode).not.toBe(first.qrCode);
    const before = await call('query', { out_trade_no: placed.out_trade_no });
    await fetch(again.qrCode, { redirect: 'manual' });
    expect(await call('query', { out_trade_no: placed.out_trade_no })).toEqual(before);
    await controlOf(bench.simulator, 'POST', 'pay', { code: again.qrCode });
    expect(await call('precreate', placed)).toMatchObject({ subCode: 'ACQ.TRADE_HAS_SUCCESS' });
  });
});

describe('refund rules', () => {
  it('refuses another amount under the same number', async () => {
    const paid = await paidOrder();
    await refund(paid, '1.00', 'R1');
    expect(await refund(paid, '1.01', 'R1')).toMatchObject({ subCode: 'ACQ.DISCORDANT_REPEAT_REQUEST' });
  });

  it('wants three seconds between two refunds, not between repetitions', async () => {
    const paid = await paidOrder();
    await refund(paid, '1.00', 'R1');
    bench.clock.travel(2_999);
    expect(await refund(paid, '1.00', 'R2')).toMatchObject({ subCode: 'ACQ.SYSTEM_ERROR' });
    expect(await refund(paid, '1.00', 'R1')).toMatchObject({ code: '10000', fundChange: 'N' });
    bench.clock.travel(1);
    expect(await refund(paid, '1.00', 'R2')).toMatchObject({ fundChange: 'Y', refundFee: '2.00' });
  });

  it.each([
    ['more than was paid', '9.91', 'R1', {}, 'ACQ.REASON_TRADE_REFUND_FEE_ERR'],
    ['a part without a number', '1.00', undefined, {}, 'ACQ.REFUND_AMT_NOT_EQUAL_TOTAL'],
    ['a parameter that is not documented', '1.00', 'R1', { extend_params: {} }, 'ACQ.INVALID_PARAMETER'],
    ['three decimals', '1.001', 'R1', {}, 'ACQ.INVALID_PARAMETER'],
    ['nothing', '0.00', 'R1', {}, 'ACQ.INVALID_PARAMETER'],
  ])('refuses %s', async (_what, refund_amount, out_request_no, more, subCode) => {
    const paid = await paidOrder();
    expect(await call('refund', { ...paid, refund_amount, out_request_no, ...more })).toMatchObject({
      subCode,
    });
  });

  it('takes the whole amount without a number, under the number of the order', async () => {
    const paid = await paidOrder();
    expect(await call('refund', { ...paid, refund_amount: '9.90' })).toMatchObject({ fundChange: 'Y' });
    expect(await call('fastpay.refund.query', { ...paid, out_request_no: paid.out_trade_no })).toMatchObject({
      refundStatus: 'REFUND_SUCCESS',
    });
  });

  it('refuses the unpaid, the unknown, and what is past its window', async () => {
    const placed = order();
    const { qrCode } = await call('precreate', placed);
    await fetch(qrCode, { redirect: 'manual' });
    expect(await refund({ out_trade_no: placed.out_trade_no }, '1.00', 'R1')).toMatchObject({
      subCode: 'ACQ.TRADE_STATUS_ERROR',
    });
    expect(await refund({ out_trade_no: 'none' }, '1.00', 'R1')).toMatchObject({
      subCode: 'ACQ.TRADE_NOT_EXIST',
    });
    const paid = await paidOrder();
    bench.clock.travel(366 * 24 * HOUR_MS);
    expect(await refund(paid, '1.00', 'R1')).toMatchObject({ subCode: 'ACQ.TRADE_HAS_FINISHED' });
    expect(await call('query', paid)).toMatchObject({ tradeStatus: 'TRADE_FINISHED' });
    bench.clock.travel(MORNING - bench.clock.now());
  });
});

describe('what an order may say', () => {
  it.each([
    ['a subject with a slash', { subject: 'a/b' }],
    ['a subject with =', { subject: 'a=b' }],
    ['a subject with &', { subject: 'a&b' }],
    ['a subject of 257 characters', { subject: 'x'.repeat(257) }],
    ['a number with a dash', { out_trade_no: 'a-b' }],
    ['a number of 65 characters', { out_trade_no: 'x'.repeat(65) }],
    ['no amount', { total_amount: undefined }],
    ['a float that is none', { total_amount: 0.1 + 0.2 }],
    ['too much', { total_amount: '100000000.01' }],
    ['another product', { product_code: 'FAST_INSTANT_TRADE_PAY' }],
    ['an expiry that is no time', { time_expire: '2026-11-21T11:00:00' }],
    ['an expiry after 16 days', { time_expire: '2026-12-07 10:00:00' }],
    ['a timeout with decimals', { timeout_express: '1.5h' }],
    ['a field nobody documented', { total_fee: 1 }],
  ])('refuses %s', async (_what, more) => {
    expect(await call('precreate', order(more))).toMatchObject({
      code: '40004',
      subCode: 'ACQ.INVALID_PARAMETER',
    });
  });

  it('shows the payer of a bad link what is wrong with it, and makes no trade', async () => {
    const bizContent = order({ product_code: 'FAST_INSTANT_TRADE_PAY', subject: '<b>a/b</b>' });
    const link = bench.alipay.pageExecute('alipay.trade.page.pay', 'GET', { bizContent });
    const opened = await fetch(link);
    expect(opened.status).toBe(400);
    expect(await opened.text()).toContain('ACQ.INVALID_PARAMETER');
    const tampered = await fetch(link.replace('9.90', '0.01'));
    expect(await tampered.text()).toContain('isv.invalid-signature');
    expect(await call('query', { out_trade_no: bizContent.out_trade_no })).toMatchObject({
      subCode: 'ACQ.TRADE_NOT_EXIST',
    });
  });
});

describe('the gateway itself', () => {
  /** Sends a call whose parameters are changed after signing, and answers the raw text. */
  async function raw(change: (url: URL) => void, client = bench.alipay): Promise<string> {
    const url = new URL(
      client.pageExecute('alipay.trade.query', 'GET', { bizContent: { out_trade_no: 'none' } }),
    );
    change(url);
    const response = await fetch(url, { method: 'POST' });
    expect(response.status).toBe(200);
    return response.text();
  }

  it('refuses a foreign app before it looks at the signature, unsigned', async () => {
    const answer = await raw((url) => {
      url.searchParams.set('app_id', '2021000000000000');
      url.searchParams.delete('sign');
    });
    expect(JSON.parse(answer)).toEqual({
      alipay_trade_query_response: expect.objectContaining({ code: '40002', sub_code: 'isv.invalid-app-id' }),
    });
  });

  it.each([
    ['a changed parameter', (url: URL) => url.searchParams.set('biz_content', '{}'), 'isv.invalid-signature'],
    ['no signature', (url: URL) => url.searchParams.delete('sign'), 'isv.missing-signature'],
    ['RSA', (url: URL) => url.searchParams.set('sign_type', 'RSA'), 'isv.invalid-signature-type'],
    ['no method', (url: URL) => url.searchParams.delete('method'), 'isv.missing-method'],
    ['an unknown method', (url: URL) => url.searchParams.set('method', 'alipay.no'), 'isv.invalid-method'],
    ['a parameter twice', (url: URL) => url.searchParams.append('version', '1.0'), 'isv.suspected-attack'],
  ])('refuses %s, unsigned', async (_what, change, subCode) => {
    const answer = JSON.parse(await raw(change));
    expect(Object.keys(answer)).toHaveLength(1);
    expect(Object.values(answer)[0]).toMatchObject({ sub_code: subCode });
  });

  it('refuses the signature of a stranger', async () => {
    const stranger = alipayClient(bench.env, bench.env.WXPAY_MCH_KEY?.replace(/-----[^-]+-----|\n/g, ''));
    expect(await raw(() => undefined, stranger)).toContain('isv.invalid-signature');
  });

  it('reads timestamps as Beijing time and refuses those off by more than a day', async () => {
    const at = (timestamp: string) =>
      bench.alipay.exec('alipay.trade.query', { timestamp, bizContent: { out_trade_no: 'none' } });
    expect(await at('2026-11-20 10:00:00')).toMatchObject({ subCode: 'ACQ.TRADE_NOT_EXIST' });
    expect(await at('2026-11-20 09:59:59')).toMatchObject({
      code: '40002',
      subCode: 'isv.invalid-timestamp',
    });
    expect(await at('2026-11-22 10:00:01')).toMatchObject({ subCode: 'isv.invalid-timestamp' });
    expect(await at('2026-11-21T10:00:00')).toMatchObject({ subCode: 'isv.invalid-timestamp' });
  });

  it('signs the very substring, slashes escaped', async () => {
    const { qrCode } = await call('precreate', order());
    expect(qrCode).toContain('://');
    const url = new URL(bench.alipay.pageExecute('alipay.trade.precreate', 'GET', { bizContent: order() }));
    expect(await (await fetch(url, { method: 'POST' })).text()).toContain('http:\\/\\/127.0.0.1');
  });
});

/** Submits the form that the SDK makes for a page, as the browser would. */
function submit(page: string): Promise<Response> {
  const action = /action="([^"]+)"/.exec(page)?.[1] ?? '';
  const fields = [...page.matchAll(/name="([^"]+)" value="([^"]*)"/g)].map(
    ([, name = '', value = '']): [string, string] => [name, value.replaceAll('&quot;', '"')],
  );
  return fetch(action, { method: 'POST', body: new URLSearchParams(fields) });
}
