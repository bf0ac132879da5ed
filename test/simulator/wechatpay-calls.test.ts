import { createSign } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Rsa } from 'wechatpay-axios-plugin';
import {
  answered,
  type Bench,
  controlOf,
  freshNumber,
  MORNING,
  openBench,
  refusal,
  wechatPayClient,
} from './bench.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

const ORDERS = 'v3/pay/transactions';
const REFUNDS = 'v3/refund/domestic/refunds';
const MINUTE_MS = 60_000;

function order(more: Record<string, unknown> = {}) {
  return {
    appid: bench.env.WXPAY_APP_ID,
    mchid: bench.env.WXPAY_MCH_ID,
    description: '咖啡',
    out_trade_no: freshNumber(),
    notify_url: bench.env.WXPAY_NOTIFY_URL,
    amount: { total: 990, currency: 'CNY' },
    ...more,
  };
}

const SCENES = {
  native: {},
  app: {},
  jsapi: { payer: { openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o' } },
  h5: { scene_info: { payer_client_ip: '14.23.150.211', h5_info: { type: 'Wap' } } },
};
type Kind = keyof typeof SCENES;

const create = (kind: Kind, body: unknown) => bench.wechatpay.post(`${ORDERS}/${kind}`, body);
const query = (number: string) =>
  bench.wechatpay.get(`${ORDERS}/out-trade-no/${number}`, { params: { mchid: bench.env.WXPAY_MCH_ID } });
const close = (number: string) =>
  bench.wechatpay.post(`${ORDERS}/out-trade-no/${number}/close`, { mchid: bench.env.WXPAY_MCH_ID });
const pay = (outTradeNo: string, more: object = {}) =>
  controlOf(bench.simulator, 'POST', 'pay', { provider: 'wechatpay', outTradeNo, ...more });

async function paidOrder(more: Record<string, unknown> = {}): Promise<string> {
  const placed = order(more);
  await create('native', placed);
  expect((await pay(placed.out_trade_no)).status).toBe(200);
  return placed.out_trade_no;
}

const refundBody = (
  out_trade_no: string,
  refund: number,
  out_refund_no = freshNumber(),
  more: object = {},
) => ({
  out_trade_no,
  out_refund_no,
  amount: { refund, total: 990, currency: 'CNY' },
  ...more,
});
const refund = (body: unknown) => bench.wechatpay.post(REFUNDS, body);

describe('the way of an order, as wechatpay-axios-plugin verifies it', () => {
  it.each([
    ['native', /^weixin:\/\/wxpay\/bizpayurl\?pr=[\w-]+$/, 'code_url', 'NATIVE'],
    [
      'h5',
      /^http:\/\/127\.0\.0\.1:\d+\/cgi-bin\/mmpayweb-bin\/checkmweb\?prepay_id=wx\w+&package=\d+$/,
      'h5_url',
      'MWEB',
    ],
    ['jsapi', /^wx\w{1,62}$/, 'prepay_id', 'JSAPI'],
    ['app', /^wx\w{1,62}$/, 'prepay_id', 'APP'],
  ] as const)('is placed, opened and paid as %s', async (kind, shape, field, tradeType) => {
    const placed = order({ ...SCENES[kind], attach: 'mine' });
    const { data } = await create(kind, placed);
    expect(data).toEqual({ [field]: expect.stringMatching(shape) });
    const unpaid = (await query(placed.out_trade_no)).data;
    expect(unpaid).toMatchObject({ trade_state: 'NOTPAY', trade_type: tradeType });
    for (const paidOnly of ['transaction_id', 'success_time', 'payer', 'attach'])
      expect(unpaid).not.toHaveProperty(paidOnly);

    const page = await scan(data[field]);
    expect(await page.text()).toContain('9.90');
    expect(await (await fetch(`${page.url}/pay`, { method: 'POST' })).text()).toContain('支付成功');
    const paid = (await query(placed.out_trade_no)).data;
    expect(paid).toMatchObject({
      appid: bench.env.WXPAY_APP_ID,
      mchid: bench.env.WXPAY_MCH_ID,
      out_trade_no: placed.out_trade_no,
      trade_state: 'SUCCESS',
      attach: 'mine',
      success_time: '2026-11-21T10:00:00+08:00',
      amount: { total: 990, payer_total: 990, currency: 'CNY' },
      transaction_id: expect.stringMatching(/^42000\d{23}$/),
      payer: { openid: kind === 'jsapi' ? SCENES.jsapi.payer.openid : expect.stringMatching(/^o\w+/) },
    });
    const byId = bench.wechatpay.get(`${ORDERS}/id/${paid.transaction_id}`, {
      params: { mchid: bench.env.WXPAY_MCH_ID },
    });
    expect((await byId).data).toEqual(paid);
  });

  it('opens for the signed parameters that a front end is given, and not for badly signed ones', async () => {
    const placed = order(SCENES.jsapi);
    const { prepay_id } = (await create('jsapi', placed)).data;
    const front = {
      appId: placed.appid,
      timeStamp: '1795226400',
      nonceStr: 'abc',
      package: `prepay_id=${prepay_id}`,
    };
    const sign = (lines: (string | undefined)[]) =>
      Rsa.sign(`${lines.join('\n')}\n`, Rsa.from(bench.env.WXPAY_MCH_KEY ?? '', 'private'));
    const paySign = sign([front.appId, front.timeStamp, front.nonceStr, front.package]);
    const hand = (body: object) =>
      fetch(`${bench.simulator.origin}/wechatpay/app`, { method: 'POST', body: JSON.stringify(body) });
    expect(await (await hand({ ...front, signType: 'RSA', paySign })).text()).toContain('确认支付');
    expect(await (await hand({ ...front, nonceStr: 'abd', signType: 'RSA', paySign })).text()).toContain(
      'SIGN_ERROR',
    );

    const app = order();
    const prepayId = (await create('app', app)).data.prepay_id;
    const inApp = { appId: app.appid, timeStamp: '1795226400', nonceStr: 'abc', prepayId };
    const rest = {
      partnerId: app.mchid,
      packageValue: 'Sign=WXPay',
      sign: sign([inApp.appId, inApp.timeStamp, inApp.nonceStr, prepayId]),
    };
    expect(await (await hand({ ...inApp, ...rest })).text()).toContain('确认支付');
  });

  it('closes with 204 as often as one likes, unpaid only', async () => {
    const placed = order();
    const { code_url } = (await create('native', placed)).data;
    for (const _ of [1, 2]) {
      const { status, data } = await close(placed.out_trade_no);
      expect([status, data]).toEqual([204, '']);
    }
    expect((await query(placed.out_trade_no)).data).toMatchObject({ trade_state: 'CLOSED' });
    expect(await refusal(create('native', placed))).toBe('400 ORDER_CLOSED');
    expect((await scan(code_url)).status).toBe(400);
    expect(await refusal(close(await paidOrder()))).toBe('400 ORDERPAID');
    expect(await refusal(close('nobodys'))).toBe('404 ORDER_NOT_EXIST');
    expect(await refusal(query('nobodys'))).toBe('404 ORDER_NOT_EXIST');
  });

  it('takes no money after time_expire, at least a minute ahead, and is closed by its merchant or after a week', async () => {
    const placed = order({ time_expire: '2026-11-21T10:00:10+08:00' });
    const { code_url } = (await create('native', placed)).data;
    const state = async (number = placed.out_trade_no) => (await query(number)).data.trade_state;
    bench.clock.travel(MINUTE_MS - 1);
    expect((await scan(code_url)).status).toBe(200);
    bench.clock.travel(1);
    expect((await scan(code_url)).status).toBe(400);
    expect((await pay(placed.out_trade_no)).status).toBe(409);
    expect(await state()).toBe('NOTPAY');
    expect((await close(placed.out_trade_no)).status).toBe(204);
    expect(await state()).toBe('CLOSED');
    expect((await pay(placed.out_trade_no, { late: true })).value.trade).toMatchObject({ state: 'PAID' });

    const left = order({ time_expire: '2026-11-21T10:30:00+08:00' });
    await create('native', left);
    bench.clock.travel(7 * 1_440 * MINUTE_MS - 1);
    expect(await state(left.out_trade_no)).toBe('NOTPAY');
    bench.clock.travel(1);
    expect(await state(left.out_trade_no)).toBe('CLOSED');
    bench.clock.travel(MORNING - bench.clock.now());
  });

  it.each([
    ['native', 120],
    ['jsapi', 120],
    ['h5', 5],
  ] as const)(
    'lets the credential of %s die after %i minutes; the same request renews it',
    async (kind, minutes) => {
      const placed = order(SCENES[kind]);
      const credential = async () => Object.values((await create(kind, placed)).data)[0] as string;
      const first = await credential();
      bench.clock.travel(minutes * MINUTE_MS - 1);
      expect((await scan(first)).status).toBe(200);
      bench.clock.travel(1);
      expect((await scan(first)).status).toBe(400);
      expect((await scan(await credential())).status).toBe(200);
      bench.clock.travel(MORNING - bench.clock.now());
    },
  );
});

describe('entering again', () => {
  it('renews the code with the same parameters, refuses others, and refuses what is paid', async () => {
    const placed = order();
    const first = (await create('native', placed)).data.code_url;
    const second = (await create('native', Object.fromEntries(Object.entries(placed).reverse()))).data
      .code_url;
    expect(second).not.toBe(first);
    expect((await scan(first)).status).toBe(400);
    expect((await scan(second)).status).toBe(200);
    const changed = await answered(create('native', { ...placed, amount: { total: 991, currency: 'CNY' } }));
    expect(changed.data).toMatchObject({
      code: 'INVALID_REQUEST',
      message: '请求重入时，参数与首次请求时不一致',
    });
    expect(changed.headers['request-id']).toMatch(/^[0-9A-F]{32}-268498688$/);
    expect(await refusal(create('app', placed))).toBe('400 INVALID_REQUEST');
    await pay(placed.out_trade_no);
    expect(await refusal(create('native', placed))).toBe('400 ORDERPAID');
  });
});

describe('what an order may say', () => {
  it.each<[string, Kind, Record<string, unknown>]>([
    ['an unknown parameter', 'native', { title: 'x' }],
    ['null', 'native', { attach: null }],
    ['an emoji', 'native', { description: '咖啡☕🍰' }],
    ['a description of 129 bytes', 'native', { description: '咖'.repeat(43) }],
    ['a number of 5 characters', 'native', { out_trade_no: 'abcde' }],
    ['a number with a dot', 'native', { out_trade_no: 'abc.def' }],
    ['a notify URL with a query', 'native', { notify_url: 'https://a.example/n?x=1' }],
    ['a notify URL of 256 characters', 'native', { notify_url: `https://a.example/${'n'.repeat(238)}` }],
    ['no notify URL', 'native', { notify_url: undefined }],
    ['a relative notify URL', 'native', { notify_url: '/notify' }],
    ['an amount as text', 'native', { amount: { total: '990' } }],
    ['a broken amount', 'native', { amount: { total: 9.9 } }],
    ['no amount', 'native', { amount: { total: 0 } }],
    ['dollars', 'native', { amount: { total: 990, currency: 'USD' } }],
    ['a payer of a native order', 'native', SCENES.jsapi],
    ['no payer', 'jsapi', {}],
    ['no scene', 'h5', {}],
    ['no h5_info', 'h5', { scene_info: { payer_client_ip: '1.2.3.4' } }],
    ['a client IP that is none', 'h5', { scene_info: { payer_client_ip: 'x', h5_info: { type: 'Wap' } } }],
    ['an expiry without a zone', 'native', { time_expire: '2026-11-21T11:00:00' }],
    ['an expiry after 91 days', 'native', { time_expire: '2027-02-21T11:00:00+08:00' }],
  ])('refuses %s', async (_what, kind, more) => {
    expect(await refusal(create(kind, order(more)))).toBe('400 PARAM_ERROR');
  });

  it('takes 127 bytes of description, and names the field that does not fit', async () => {
    expect((await create('native', order({ description: `${'咖'.repeat(42)}x` }))).status).toBe(200);
    const { data } = await answered(create('native', order({ amount: { total: 1, free: true } })));
    expect(data).toMatchObject({ code: 'PARAM_ERROR', detail: { field: 'amount/free', location: 'body' } });
  });

  it('knows its own merchant and app only', async () => {
    expect(await refusal(create('native', order({ appid: 'wx0000000000000000' })))).toBe(
      '400 APPID_MCHID_NOT_MATCH',
    );
    expect(await refusal(create('native', order({ mchid: '1900000000' })))).toBe('400 MCH_NOT_EXISTS');
    const path = `${ORDERS}/out-trade-no/${await paidOrder()}`;
    expect(await refusal(bench.wechatpay.get(path))).toBe('400 PARAM_ERROR');
    expect(await refusal(bench.wechatpay.get(path, { params: { mchid: '1900000000' } }))).toBe(
      '400 PARAM_ERROR',
    );
  });
});

describe('refunds', () => {
  it('process, succeed after a moment, and leave the order in REFUND', async () => {
    const number = await paidOrder();
    const body = refundBody(number, 330, 'R-1@|*_', { reason: '不想要了' });
    const { data } = await refund(body);
    expect(data).toMatchObject({
      refund_id: expect.stringMatching(/^503\d{25}$/),
      out_refund_no: 'R-1@|*_',
      out_trade_no: number,
      status: 'PROCESSING',
      amount: { total: 990, refund: 330, payer_refund: 330, currency: 'CNY' },
    });
    expect(data).not.toHaveProperty('success_time');
    expect((await query(number)).data).toMatchObject({ trade_state: 'REFUND' });
    bench.clock.travel(2_000);
    const asked = (await bench.wechatpay.get(`${REFUNDS}/${encodeURIComponent('R-1@|*_')}`)).data;
    expect(asked).toMatchObject({
      status: 'SUCCESS',
      refund_id: data.refund_id,
      success_time: expect.any(String),
    });
    expect((await refund(body)).data).toEqual(asked);
  });

  it('never refund more than was paid, a minute apart, fifty at most, one effect a number', async () => {
    const number = await paidOrder();
    const first = refundBody(number, 1);
    await refund(first);
    expect(await refusal(refund({ ...first, amount: { ...first.amount, refund: 2 } }))).toBe(
      '400 INVALID_REQUEST',
    );
    expect(await refusal(refund(refundBody(await paidOrder(), 1, first.out_refund_no)))).toBe(
      '400 INVALID_REQUEST',
    );
    bench.clock.travel(MINUTE_MS - 1);
    expect(await refusal(refund(refundBody(number, 1)))).toBe('429 FREQUENCY_LIMITED');
    bench.clock.travel(1);
    expect(await refusal(refund(refundBody(number, 990)))).toBe('400 INVALID_REQUEST');
    for (let count = 2; count <= 50; count += 1) {
      expect((await refund(refundBody(number, 1))).status).toBe(200);
      bench.clock.travel(MINUTE_MS);
    }
    expect(await refusal(refund(refundBody(number, 1)))).toBe('400 INVALID_REQUEST');
    expect((await refund(first)).data).toMatchObject({ status: 'SUCCESS' });
    bench.clock.travel(MORNING - bench.clock.now());
  });

  it.each<[string, (number: string) => object, string]>([
    [
      'another total',
      (n) => refundBody(n, 1, undefined, { amount: { refund: 1, total: 1, currency: 'CNY' } }),
      '400 INVALID_REQUEST',
    ],
    [
      'no currency',
      (n) => refundBody(n, 1, undefined, { amount: { refund: 1, total: 990 } }),
      '400 PARAM_ERROR',
    ],
    ['an unknown parameter', (n) => refundBody(n, 1, undefined, { why: 'x' }), '400 PARAM_ERROR'],
    [
      'a reason of 81 characters',
      (n) => refundBody(n, 1, undefined, { reason: '长'.repeat(81) }),
      '400 PARAM_ERROR',
    ],
    ['no order', () => refundBody('nobodys', 1), '404 RESOURCE_NOT_EXISTS'],
    ['neither number', () => ({ ...refundBody('', 1), out_trade_no: undefined }), '400 PARAM_ERROR'],
  ])('are refused for %s', async (_what, body, expected) => {
    expect(await refusal(refund(body(await paidOrder())))).toBe(expected);
  });

  it('are refused for the unpaid and after a year; an unknown number does not exist', async () => {
    const placed = order();
    await create('native', placed);
    expect(await refusal(refund(refundBody(placed.out_trade_no, 1)))).toBe('404 RESOURCE_NOT_EXISTS');
    expect(await refusal(bench.wechatpay.get(`${REFUNDS}/nobodys`))).toBe('404 RESOURCE_NOT_EXISTS');
    const number = await paidOrder();
    bench.clock.travel(366 * 1_440 * MINUTE_MS);
    expect(await refusal(refund(refundBody(number, 1)))).toBe('400 INVALID_REQUEST');
    bench.clock.travel(MORNING - bench.clock.now());
  });
});

describe('signing', () => {
  it.each([
    ['another merchant', () => wechatPayClient(bench.env, { mchid: '1900000000' })],
    ['another certificate', () => wechatPayClient(bench.env, { serial: 'ABCDEF' })],
  ])('refuses %s with an unsigned 401', async (_what, client) => {
    const { status, data, headers } = await answered(client().post(`${ORDERS}/native`, order()));
    expect([status, data.code]).toEqual([401, 'SIGN_ERROR']);
    expect(headers).not.toHaveProperty('wechatpay-signature');
    expect(headers['request-id']).toMatch(/-268443699$/);
  });

  it('wants the WeChat Pay public key id with every request', async () => {
    const client = wechatPayClient(bench.env, { publicKeyId: 'PUB_KEY_ID_0' });
    const { data } = await answered(client.post(`${ORDERS}/native`, order()));
    expect(data).toMatchObject({ code: 'PARAM_ERROR', detail: { field: 'Wechatpay-Serial' } });
  });

  it('signs refusals too', async () => {
    const { headers, data } = await answered(
      bench.wechatpay.get(`${REFUNDS}/nobodys`, { transformResponse: (text: string) => text }),
    );
    const signed = `${headers['wechatpay-timestamp']}\n${headers['wechatpay-nonce']}\n${data}\n`;
    const key = Rsa.from(bench.env.WXPAY_PUB_KEY ?? '', 'public');
    expect(Rsa.verify(signed, headers['wechatpay-signature'], key)).toBe(true);
    expect(headers['wechatpay-serial']).toBe(bench.env.WXPAY_PUB_KEY_ID);
  });

  it.each<[string, (header: string) => string]>([
    ['no scheme', (header) => header.replace('WECHATPAY2-SHA256-RSA2048 ', '')],
    ['SM2', (header) => header.replace('SHA256-RSA2048', 'SM2-WITH-SM3')],
    ['no nonce', (header) => header.replace(/nonce_str="[^"]*",/, '')],
    ['a field twice', (header) => `${header},mchid="1"`],
    ['another timestamp', (header) => header.replace(/(timestamp="\d+)\d"/, '$17"')],
    ['another signature', (header) => header.replace(/signature="..../, 'signature="AAAA')],
  ])('refuses %s', async (_what, change) => {
    expect(await rawStatus({ change })).toBe(401);
  });

  it('tolerates five minutes and not a second more', async () => {
    expect(await rawStatus({ skewS: 300 })).toBe(404);
    expect(await rawStatus({ skewS: -300 })).toBe(404);
    expect(await rawStatus({ skewS: 301 })).toBe(401);
    expect(await rawStatus({ skewS: -301 })).toBe(401);
  });

  it('covers the bytes of path, query and body', async () => {
    expect(await rawStatus({ send: '/v3/refund/domestic/refunds/nobody%73' })).toBe(401);
    expect(await rawStatus({ send: '/v3/refund/domestic/refunds/nobodys?x=1' })).toBe(401);
  });

  it('echoes, and opens and seals what is encrypted', async () => {
    const sealed = Rsa.encrypt('你好', Rsa.from(bench.env.WXPAY_PUB_KEY ?? '', 'public'));
    const { data } = await bench.wechatpay.post('v3/security/echo', {
      echo_message: 'hello',
      encrypted_echo_message: sealed,
    });
    expect(data.echo_message).toBe('hello');
    expect(Rsa.decrypt(data.encrypted_echo_message, Rsa.from(bench.env.WXPAY_MCH_KEY ?? '', 'private'))).toBe(
      '你好',
    );
    const withoutKey = { headers: { 'Wechatpay-Serial': null } };
    const body = { echo_message: 'hello' };
    expect(await refusal(bench.wechatpay.post('v3/security/echo', body, withoutKey))).toBe('400 PARAM_ERROR');
  });
});

/** What the phone sees when it scans. */
function scan(code: string): Promise<Response> {
  return fetch(`${bench.simulator.origin}/scan?code=${encodeURIComponent(code)}`);
}

/** Asks for a refund that does not exist, signed by hand, with something wrong; the HTTP status. */
async function rawStatus(
  wrong: { skewS?: number; change?: (header: string) => string; send?: string } = {},
): Promise<number> {
  const path = '/v3/refund/domestic/refunds/nobodys';
  const timestamp = Math.floor(bench.clock.now() / 1000) + (wrong.skewS ?? 0);
  const signature = createSign('sha256')
    .update(`GET\n${path}\n${timestamp}\nabcdef\n\n`)
    .sign(bench.env.WXPAY_MCH_KEY ?? '', 'base64');
  const header = `WECHATPAY2-SHA256-RSA2048 mchid="${bench.env.WXPAY_MCH_ID}",nonce_str="abcdef",timestamp="${timestamp}",serial_no="${bench.env.WXPAY_MCH_SERIAL}",signature="${signature}"`;
  const response = await fetch(`${bench.simulator.origin}${wrong.send ?? path}`, {
    headers: {
      Authorization: wrong.change?.(header) ?? header,
      Accept: 'application/json',
      'Wechatpay-Serial': bench.env.WXPAY_PUB_KEY_ID ?? '',
    },
  });
  return response.status;
}
