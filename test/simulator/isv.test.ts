import type { AlipaySdk } from 'alipay-sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alipayClient, type Bench, controlOf, freshNumber, openBench, openReceiver, until } from './bench.ts';

/* Alipay as ISVs know it, asked by the official SDK. */

let bench: Bench;
let isv: AlipaySdk;
let sellers: readonly Readonly<Record<string, string>>[];
beforeAll(async () => {
  bench = await openBench();
  sellers = bench.simulator.platformEnvs;
  isv = alipayClient(sellers[0] ?? {});
});
afterAll(() => bench.close());

const token = (at: number) => sellers[at]?.AP_INVOKE_AUTH_TOKEN;
async function told(client: AlipaySdk, method: string, bizContent: object, appAuthToken?: string) {
  const parameters = { bizContent, ...(appAuthToken === undefined ? {} : { appAuthToken }) };
  const { code, subCode = '' } = (await client.exec(method, parameters)) as {
    code: string;
    subCode?: string;
  };
  return `${code} ${subCode}`.trim();
}

describe("an ISV's call", () => {
  const query = { out_trade_no: 'ISV_000001' };

  it.each<[string, () => Promise<string>, string]>([
    ['without a token', () => told(isv, 'alipay.trade.query', query), '40006 isv.self-invoke-forbidden'],
    [
      'with a token of nobody',
      () => told(isv, 'alipay.trade.query', query, 'nobody'),
      '20001 aop.invalid-app-auth-token',
    ],
    ['with a token', () => told(isv, 'alipay.trade.query', query, token(0)), '40004 ACQ.TRADE_NOT_EXIST'],
    [
      'for the certificate, with a token',
      () => told(isv, 'alipay.open.app.alipaycert.download', { alipay_cert_sn: '0' }, token(0)),
      '20001 aop.invalid-app-auth-token-no-api',
    ],
    [
      "with a token that a merchant's own app has no use for",
      () => told(bench.alipay, 'alipay.trade.query', query, token(0)),
      '40006 isv.not-support-app-auth',
    ],
  ])('%s', async (_what, call, expected) => {
    expect(await call()).toBe(expected);
  });

  it('concerns the orders of the merchant who granted the token, who has numbers of its own', async () => {
    const outTradeNo = freshNumber();
    const ear = await openReceiver();
    for (const at of [0, 1]) {
      const bizContent = { out_trade_no: outTradeNo, total_amount: `${at + 1}.00`, subject: '咖啡' };
      const answer = await isv.exec('alipay.trade.precreate', {
        ...{ bizContent, appAuthToken: token(at), notifyUrl: ear.url },
      });
      const { status } = await controlOf(bench.simulator, 'POST', 'pay', { code: answer.qrCode });
      expect(status).toBe(200);
    }
    await until(() => ear.received.length === 2);
    const heard = ear.received.map(({ body }) => new URLSearchParams(body));
    for (const [at, amount] of [
      [0, '1.00'],
      [1, '2.00'],
    ] as const) {
      const bizContent = { out_trade_no: outTradeNo };
      const { totalAmount } = await isv.exec('alipay.trade.query', { bizContent, appAuthToken: token(at) });
      expect(totalAmount).toBe(amount);
      const told = heard.find((form) => form.get('total_amount') === amount);
      expect(told?.get('app_id')).toBe(sellers[at]?.AP_APP_ID);
      expect(told?.get('seller_id')).toBe(sellers[at]?.AP_SELLER_ID);
      expect(told?.get('auth_app_id')).not.toBe(told?.get('app_id'));
    }
    expect(await told(bench.alipay, 'alipay.trade.query', { out_trade_no: outTradeNo })).toContain(
      'NOT_EXIST',
    );
    await ear.close();
  });
});
