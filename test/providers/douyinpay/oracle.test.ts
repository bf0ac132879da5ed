import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { signLines } from '../../../src/providers/v3/sign.ts';
import { closeAt } from '../../support/close.ts';
import { NO_PYTHON } from '../../support/skipped.ts';
import { order, refund } from '../wechatpay/merchant.ts';
import { API_KEY, DouyinWorld, ENV, merchantKeys, NOW, OLD, PAID, platformKeys, signed } from './merchant.ts';

/* Signatures and seals against an implementation in another language, which shares no code with ours, nor with Node. */

const PYTHON = 'python3';
const hasPython = spawnSync(PYTHON, ['--version']).status === 0;

function ask<T>(tasks: readonly object[]): T {
  const script = fileURLToPath(new URL('oracle.py', import.meta.url));
  const { stdout, stderr, status } = spawnSync(PYTHON, [script], { input: JSON.stringify(tasks) });
  if (status !== 0) throw new Error(`the oracle failed: ${stderr}`);
  return JSON.parse(String(stdout)) as T;
}
const merchant = merchantKeys.publicKey.export({ format: 'jwk' });

describe.skipIf(!hasPython)(`Python${hasPython ? '' : ` (${NO_PYTHON})`}`, () => {
  it('takes every request of ours for signed by this merchant, over the bytes that were sent', async () => {
    const world = new DouyinWorld();
    const { provider } = world;
    world.answer = ({ url }) =>
      signed(200, url.endsWith('/native') ? { code_url: 'https://z.douyin.com/x' } : PAID);
    await provider.sendPayment(order(), provider.planPayment(order({ title: '咨询 30 分钟' })));
    await provider.queryTrade(PAID.out_trade_no);
    await closeAt(provider, PAID.out_trade_no).catch(() => undefined);
    await provider.sendRefund(refund(), provider.planRefund(refund())).catch(() => undefined);
    await provider.queryRefund(PAID.out_trade_no, 'R_1').catch(() => undefined);
    expect(world.requests).toHaveLength(6);
    const tasks = world.requests.map(({ method, url, headers, body = '' }) => ({
      ...{ what: 'request', key: merchant, method, body, target: url.slice(new URL(url).origin.length) },
      authorization: headers.Authorization,
    }));
    const judged = ask<object[]>(tasks);
    for (const one of judged) {
      expect(one).toEqual({
        ...{ scheme: 'DouyinPay-RSA', holds: true, timestamp: String(Math.floor(NOW / 1000)) },
        ...{ mchid: ENV.DYPAY_MCH_ID, serial_no: ENV.DYPAY_MCH_SERIAL },
      });
    }
    const [first] = tasks.slice(-1);
    expect(ask([{ ...first, target: '/v1/elsewhere' }])).toMatchObject([{ holds: false }]);
  });

  it('signs and seals what we take', async () => {
    const world = new DouyinWorld();
    const key = platformKeys.privateKey.export({ format: 'jwk' });
    const timestamp = String(Math.floor(NOW / 1000));
    const envelope = {
      ...{ id: 'N1', create_time: '2026-11-21T14:30:04+08:00', event_type: 'PAYMENT.SUCCESS' },
      ...{ resource_type: 'encrypt-resource', summary: '支付成功' },
    };
    const common = { what: 'message', key, timestamp, nonce: 'abcDEF123' };
    const [answer, notify] = ask<{ body: string; signature: string }[]>([
      { ...common, body: JSON.stringify({ ...PAID, trade_state_desc: '支付成功' }) },
      { ...common, body: envelope, resource: PAID, apiKey: API_KEY },
    ]);
    const raw = (one = answer) => ({
      headers: {
        'douyinpay-timestamp': timestamp,
        'douyinpay-nonce': 'abcDEF123',
        'douyinpay-serial': OLD.serial,
        'douyinpay-signature': one?.signature ?? '',
      },
      body: Buffer.from(one?.body ?? ''),
    });
    world.answer = () => ({ status: 200, ...raw() });
    const paid = { state: 'PAID', amountFen: 990, gatewayTradeNo: PAID.transaction_id };
    expect(await world.provider.queryTrade(PAID.out_trade_no)).toMatchObject(paid);
    expect(await world.provider.parseNotify(raw(notify), NOW)).toMatchObject({ kind: 'trade', trade: paid });
  });

  it('takes what a page or an app is handed for signed', async () => {
    const world = new DouyinWorld();
    world.answer = () => signed(200, { prepay_id: 'dy123' });
    const given = async (scene: 'jsapi' | 'app') => {
      const terms = order({ scene });
      return world.provider.sendPayment(terms, world.provider.planPayment(terms));
    };
    const { jsapiParams: page = {} } = await given('jsapi');
    const { appParams: app = {} } = await given('app');
    expect(page).toMatchObject({ package: 'prepay_id=dy123', signType: 'DouyinPay-RSA' });
    expect(app).toMatchObject({ package: 'Sign=DYPay', partnerid: ENV.DYPAY_MCH_ID, prepayid: 'dy123' });
    const tasks = [
      { lines: [page.appId, page.timeStamp, page.nonceStr, page.package], signature: page.paySign },
      { lines: [app.appid, app.timestamp, app.noncestr, app.prepayid], signature: app.sign },
    ].map((task) => ({ what: 'lines', key: merchant, ...task }));
    expect(ask(tasks)).toEqual([true, true]);
  });
});

it('signs the text that the official client signs', async () => {
  // The example of its own tests, and the shape of the sheet's: six pieces when it is split at the newlines.
  const { Rsa } = await import('wechatpay-axios-plugin');
  const lines = ['POST', '/v1/x?a=1', '1000', 'abc', '{"k":"v"}'];
  const text = 'POST\n/v1/x?a=1\n1000\nabc\n{"k":"v"}\n';
  expect(text.split('\n')).toHaveLength(6);
  const signature = signLines(lines, merchantKeys.privateKey);
  expect(Rsa.verify(text, signature, merchantKeys.publicKey)).toBe(true);
});
