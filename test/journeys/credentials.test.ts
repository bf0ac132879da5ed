import { createPrivateKey, createPublicKey, verify } from 'node:crypto';
import jsQR from 'jsqr';
import { PNG } from 'pngjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { handOffOn } from '../support/simulator-client.ts';
import { readPayment } from './shapes.ts';
import { type Agent, Shop } from './shop.ts';

/** What breaks links in chat windows when it is left raw. */
const AWKWARD_TITLE = "会员(年)*!'";

let shop: Shop;
let agent: Agent;
beforeAll(async () => {
  shop = await Shop.open();
  agent = await shop.agent();
});
afterAll(() => shop.close());

describe('the QR code', () => {
  it.each(['alipay', 'wechatpay'])(
    'of %s is an image that phones read as exactly qrCode',
    async (provider) => {
      const reply = await agent.server.call('create-payment', {
        ...{ provider, amountYuan: '3.00', title: AWKWARD_TITLE },
      });
      const { qrCode } = readPayment(reply);
      const png = PNG.sync.read(reply.image ?? Buffer.alloc(0));
      const decoded = jsQR.default(new Uint8ClampedArray(png.data), png.width, png.height);
      expect(decoded?.data).toBe(qrCode);
    },
  );
});

describe.each([
  { provider: 'alipay', scene: 'web' },
  { provider: 'alipay', scene: 'h5' },
])('the link of $provider $scene', ({ provider, scene }) => {
  it('is clickable whatever the title, and opens this order at the cashier', async () => {
    const reply = await agent.server.call('create-payment', {
      ...{ provider, scene, amountYuan: '365.00', title: AWKWARD_TITLE },
    });
    const { payUrl, outTradeNo } = readPayment(reply);
    expect(/\[点击完成支付\]\((.*?)\)/.exec(reply.text)?.[1]).toBe(payUrl);
    expect(payUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[!-~]+$/);
    expect(payUrl).not.toMatch(/[()!*'\s<>"]/);
    const page = await shop.simulator.follow(payUrl ?? '');
    const trade = await shop.simulator.trade(outTradeNo);
    expect(page.url).toBe(trade.cashierUrl);
    expect(page.html).toContain('365.00');
    expect(trade).toMatchObject({ title: AWKWARD_TITLE, amountFen: 36_500, state: 'NOTPAY' });
  });
});

describe('the link of wechatpay h5', () => {
  it('is the page, and the address that works only from there is in no answer', async () => {
    const reply = await agent.server.call('create-payment', {
      ...{ provider: 'wechatpay', scene: 'h5', amountYuan: '365.00', title: AWKWARD_TITLE },
      payerClientIp: '2001:db8::7',
    });
    const { cashierUrl = '', outTradeNo } = readPayment(reply);
    expect(/\[点击完成支付\]\((.*?)\)/.exec(reply.text)?.[1]).toBe(cashierUrl);
    expect(JSON.stringify(reply)).not.toContain('checkmweb');
    const page = await shop.simulator.follow(await handOffOn(cashierUrl));
    const trade = await shop.simulator.trade(outTradeNo);
    expect(page.url).toBe(trade.cashierUrl);
    expect(trade).toMatchObject({ title: AWKWARD_TITLE, amountFen: 36_500, state: 'NOTPAY' });
  });
});

describe('what the front end of WeChat Pay gets', () => {
  const merchantKey = () => createPublicKey(createPrivateKey(shop.simulator.env.WXPAY_MCH_KEY ?? ''));
  const holds = (lines: readonly (string | undefined)[], signature = '') =>
    verify('sha256', Buffer.from(`${lines.join('\n')}\n`), merchantKey(), Buffer.from(signature, 'base64'));

  it('in jsapi is signed with the merchant key over appId, time, nonce and package', async () => {
    const { jsapiParams = {}, createdAt } = await agent.create({
      ...{ provider: 'wechatpay', scene: 'jsapi', amountYuan: '1.00', title: 'jsapi' },
      payerOpenid: 'oCredentialOpenid1',
    });
    shop.secrets.add('oCredentialOpenid1');
    const { appId, timeStamp, nonceStr, package: prepay, paySign } = jsapiParams;
    expect(jsapiParams).toMatchObject({ appId: shop.simulator.env.WXPAY_APP_ID, signType: 'RSA' });
    expect(prepay).toMatch(/^prepay_id=wx\w+$/);
    expect(Number(timeStamp)).toBeGreaterThanOrEqual(Date.parse(createdAt) / 1000);
    expect(Number(timeStamp)).toBeLessThanOrEqual(Date.now() / 1000);
    expect(holds([appId, timeStamp, nonceStr, prepay], paySign)).toBe(true);
    expect(holds([appId, timeStamp, nonceStr, `${prepay}0`], paySign)).toBe(false);
  });

  it('in an app is signed over the bare prepay id', async () => {
    const { appParams = {} } = await agent.create({
      ...{ provider: 'wechatpay', scene: 'app', amountYuan: '1.00', title: 'app' },
    });
    const { appId, timeStamp, nonceStr, prepayId, sign } = appParams;
    expect(appParams).toMatchObject({
      ...{ partnerId: shop.simulator.env.WXPAY_MCH_ID, packageValue: 'Sign=WXPay' },
    });
    expect(holds([appId, timeStamp, nonceStr, prepayId], sign)).toBe(true);
  });
});

describe('the order string of an Alipay app payment', () => {
  it('is signed with the app key over its sorted fields', async () => {
    const { orderString = '' } = await agent.create({
      ...{ provider: 'alipay', scene: 'app', amountYuan: '1.00', title: AWKWARD_TITLE },
    });
    const fields = [...new URLSearchParams(orderString)].filter(([name]) => name !== 'sign');
    const text = fields
      .map(([name, value]) => `${name}=${value}`)
      .sort()
      .join('&');
    const der = Buffer.from(shop.simulator.env.AP_APP_KEY ?? '', 'base64');
    const appKey = createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
    const sign = Buffer.from(new URLSearchParams(orderString).get('sign') ?? '', 'base64');
    expect(verify('sha256', Buffer.from(text), appKey, sign)).toBe(true);
  });
});

describe('the cashier page', () => {
  it.each(['alipay', 'wechatpay'])(
    'of %s lets any person open the order while it is payable',
    async (provider) => {
      const order = await agent.create({ provider, amountYuan: '8.88', title: '<b>菜谱' });
      const page = await fetch(order.cashierUrl ?? '');
      const html = await page.text();
      expect(page.status).toBe(200);
      expect(page.headers.get('cache-control')).toContain('no-store');
      expect(html).toContain('8.88');
      expect(html).toContain('&lt;b&gt;菜谱');
      expect(html).not.toContain('<b>菜谱');
      const guessed = `${(order.cashierUrl ?? '').slice(0, -4)}AAAA`;
      expect((await fetch(guessed)).status).toBe(404);
    },
  );

  it('is not offered where there is nothing to scan', async () => {
    const order = await agent.create({ provider: 'alipay', scene: 'app', amountYuan: '1.00', title: 'app' });
    expect(order).not.toHaveProperty('cashierUrl');
  });
});
