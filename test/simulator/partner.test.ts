import type { AxiosInstance } from 'axios';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answered, type Bench, freshNumber, openBench, wechatPayClient } from './bench.ts';

/* WeChat Pay as service providers know it, asked by a client that is not ours. */

let bench: Bench;
let provider: AxiosInstance;
let sp: Readonly<Record<string, string>>;
let others: Readonly<Record<string, string>>;
beforeAll(async () => {
  bench = await openBench();
  const [first = {}, second = {}] = bench.simulator.platformEnvs;
  [sp, others] = [first, second];
  provider = wechatPayClient(sp);
});
afterAll(() => bench.close());

const ORDERS = 'v3/pay/partner/transactions';
const order = (change: object = {}) => ({
  sp_appid: sp.WXPAY_APP_ID,
  sp_mchid: sp.WXPAY_MCH_ID,
  sub_mchid: sp.WXPAY_SUB_MCH_ID,
  description: '咖啡',
  out_trade_no: freshNumber(),
  notify_url: `${bench.simulator.origin}/merchant/notify`,
  amount: { total: 100 },
  ...change,
});
/** Status, code and the number that details it. */
async function told(call: Parameters<typeof answered>[0]): Promise<string> {
  const { status, data, headers } = await answered(call);
  return `${status} ${data.code} ${String(headers['request-id']).split('-').at(-1)}`;
}

describe('orders of a sub-merchant', () => {
  it('are told with all their parties, to those who may ask', async () => {
    const request = order({ sub_appid: sp.WXPAY_SUB_APP_ID, payer: { sub_openid: 'oPayer' } });
    await provider.post(`${ORDERS}/jsapi`, request);
    const ids = { sp_mchid: sp.WXPAY_MCH_ID, sub_mchid: sp.WXPAY_SUB_MCH_ID };
    const path = `${ORDERS}/out-trade-no/${request.out_trade_no}`;
    const { data } = await provider.get(path, { params: ids });
    expect(data).toMatchObject({ ...ids, sp_appid: sp.WXPAY_APP_ID, sub_appid: sp.WXPAY_SUB_APP_ID });
    expect(data).not.toHaveProperty('mchid');
    const another = { ...ids, sub_mchid: others.WXPAY_SUB_MCH_ID };
    expect(await told(provider.get(path, { params: another }))).toBe('400 INVALID_REQUEST 268447845');
    expect(await told(provider.post(`${path}/close`, another))).toBe('400 INVALID_REQUEST 268447845');
    const same = { ...order({ sub_mchid: another.sub_mchid }), out_trade_no: request.out_trade_no };
    expect(await told(provider.post(`${ORDERS}/native`, same))).toBe('400 INVALID_REQUEST 268447845');
    expect((await provider.post(`${path}/close`, ids)).status).toBe(204);
  });

  it.each<[string, () => object, string]>([
    ['no sub-merchant', () => ({ sub_mchid: undefined }), '400 PARAM_ERROR 268435461'],
    ['the provider itself', () => ({ sub_mchid: sp.WXPAY_MCH_ID }), '400 PARAM_ERROR 268443705'],
    ['a sub-merchant of nobody', () => ({ sub_mchid: '1709999999' }), '403 NO_AUTH 268443701'],
    ['another provider', () => ({ sp_mchid: '1800999999' }), '400 PARAM_ERROR 268435461'],
    ["another provider's app", () => ({ sp_appid: 'wx0' }), '400 APPID_MCHID_NOT_MATCH 268445527'],
    ["another sub-merchant's app", () => ({ sub_appid: 'wx0' }), '400 APPID_MCHID_NOT_MATCH 268445527'],
    ['its own appid', () => ({ appid: sp.WXPAY_APP_ID }), '400 PARAM_ERROR 270924358'],
  ])('are not made with %s', async (_what, change, expected) => {
    expect(await told(provider.post(`${ORDERS}/native`, order(change())))).toBe(expected);
  });

  it('name the payer as that app knows them in which they pay', async () => {
    const without = order({ payer: { sub_openid: 'oPayer' } });
    expect(await told(provider.post(`${ORDERS}/jsapi`, without))).toBe('400 PARAM_ERROR 268435461');
    const { status } = await provider.post(`${ORDERS}/jsapi`, order({ payer: { sp_openid: 'oPayer' } }));
    expect(status).toBe(200);
  });
});

it('keeps the two ways apart: a provider has no orders of its own, a merchant none of others', async () => {
  const own = { appid: sp.WXPAY_APP_ID, mchid: sp.WXPAY_MCH_ID };
  const { sp_appid, sp_mchid, sub_mchid, ...rest } = order();
  expect(await told(provider.post('v3/pay/transactions/native', { ...rest, ...own }))).toBe(
    '400 PARAM_ERROR 268443704',
  );
  expect(await told(bench.wechatpay.post(`${ORDERS}/native`, order()))).toBe('400 PARAM_ERROR 268435461');
  const refund = { sub_mchid, out_trade_no: freshNumber(), out_refund_no: freshNumber() };
  const amount = { refund: 1, total: 1, currency: 'CNY' };
  expect(await told(bench.wechatpay.post('v3/refund/domestic/refunds', { ...refund, amount }))).toBe(
    '400 PARAM_ERROR 268435461',
  );
  const { sub_mchid: _sub, ...alone } = refund;
  expect(await told(provider.post('v3/refund/domestic/refunds', { ...alone, amount }))).toBe(
    '400 PARAM_ERROR 268443704',
  );
});
