import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { handOffOn, type Wallet } from '../support/simulator-client.ts';
import type { Payment } from './shapes.ts';
import { type Agent, Shop } from './shop.ts';

/** How the buyer pays, scene by scene. */
const SCENES: readonly {
  readonly provider: Wallet;
  readonly scene: Payment['scene'];
  readonly extra?: Readonly<Record<string, string>>;
  readonly pay: (shop: Shop, order: Payment) => Promise<void>;
}[] = [
  { provider: 'alipay', scene: 'qr', pay: scanAndPress },
  { provider: 'alipay', scene: 'web', pay: followAndPress },
  { provider: 'alipay', scene: 'h5', pay: followAndPress },
  { provider: 'alipay', scene: 'app', pay: handToTheApp },
  { provider: 'wechatpay', scene: 'qr', pay: scanAndPress },
  { provider: 'wechatpay', scene: 'h5', extra: { payerClientIp: '203.0.113.7' }, pay: handOverAndPress },
  { provider: 'wechatpay', scene: 'jsapi', extra: { payerOpenid: 'oJourneyOpenid0001' }, pay: handToTheApp },
  { provider: 'wechatpay', scene: 'app', pay: handToTheApp },
];

/** Exactly what each scene hands out. */
const CREDENTIAL: Readonly<Record<Payment['scene'], keyof Payment>> = {
  qr: 'qrCode',
  web: 'payUrl',
  h5: 'payUrl',
  jsapi: 'jsapiParams',
  app: 'orderString',
};

const WECHATPAY_CREDENTIAL: Readonly<Record<string, keyof Payment>> = {
  'wechatpay app': 'appParams',
  // WeChat Pay's own link is good for our page alone.
  'wechatpay h5': 'cashierUrl',
};

let shop: Shop;
let agent: Agent;
beforeAll(async () => {
  shop = await Shop.open();
  shop.secrets.add('oJourneyOpenid0001');
  agent = await shop.agent();
});
afterAll(() => shop.close());

describe.concurrent.each(SCENES)(
  'a sale through $provider in the scene $scene',
  ({ provider, scene, extra, pay }) => {
    it('goes from create over the proven payment to the refund that a person approved', async () => {
      const title = `红烧肉菜谱 ${scene}`;
      const asked = { provider, scene, amountYuan: '12.34', title, expiresInMinutes: 45, ...extra };
      const order = await agent.create(asked);
      expect(order).toMatchObject({
        ...{ provider, scene, title, state: 'NOTPAY', amountYuan: '12.34', refundedYuan: '0.00' },
        ...{ source: 'ledger', replayed: false, simulated: true },
      });
      const credential = WECHATPAY_CREDENTIAL[`${provider} ${scene}`] ?? CREDENTIAL[scene];
      const handedOut = ['qrCode', 'payUrl', 'jsapiParams', 'appParams', 'orderString'].filter((name) =>
        Object.hasOwn(order, name),
      );
      expect(handedOut).toEqual(credential === 'cashierUrl' ? [] : [credential]);
      expect(order.cashierUrl !== undefined).toBe(['qrCode', 'payUrl', 'cashierUrl'].includes(credential));
      expect(minutesBetween(order.createdAt, order.expiresAt)).toBeCloseTo(45, 0);
      expect(order.linkExpiresAt === undefined).toBe(!(provider === 'wechatpay' && scene === 'h5'));

      expect(await agent.query(order.outTradeNo)).toMatchObject({ state: 'NOTPAY' });
      await pay(shop, order);
      const paid = await agent.query(order.outTradeNo);
      expect(paid).toMatchObject({ state: 'PAID', source: 'query', refundedYuan: '0.00', simulated: true });
      expect(paid.gatewayTradeNo).toMatch(/^\d{16,32}$/);
      expect(Date.parse(paid.paidAt ?? '')).toBeGreaterThanOrEqual(Date.parse(order.createdAt));
      expect(paid).not.toHaveProperty(credential);
      expect(paid).not.toHaveProperty('late');
      expect(await shop.simulator.trade(order.outTradeNo)).toMatchObject({
        ...{ state: 'PAID', amountFen: 1234, title },
      });

      const wanted = { outTradeNo: order.outTradeNo, refundYuan: '2.30', reason: '不想要了' };
      const proposed = await agent.refund(wanted);
      expect(proposed).toMatchObject({ state: 'PENDING_APPROVAL', approval: { state: 'pending' } });
      expect(await agent.refund(wanted)).toMatchObject({
        ...{ state: 'PENDING_APPROVAL', outRefundNo: proposed.outRefundNo, approval: proposed.approval },
      });
      expect((await shop.simulator.trade(order.outTradeNo)).refunds).toEqual([]);
      await shop.approve(proposed);
      const sent = await agent.refund({ ...wanted, outRefundNo: proposed.outRefundNo });
      expect(sent.state).toBe(provider === 'alipay' ? 'SUCCESS' : 'PROCESSING');
      expect(await agent.refundArrives(sent)).toMatchObject({ refundYuan: '2.30', refundedYuan: '2.30' });
      expect(await agent.refund(wanted)).toMatchObject({ state: 'SUCCESS', replayed: true });
      expect(await agent.query(order.outTradeNo)).toMatchObject({ state: 'PAID', refundedYuan: '2.30' });
      expect((await shop.simulator.trade(order.outTradeNo)).refunds).toMatchObject([
        { outRefundNo: proposed.outRefundNo, amountFen: 230, status: 'SUCCESS' },
      ]);
    });
  },
);

describe.concurrent.each(['alipay', 'wechatpay'] as const)('waiting for the buyer at %s', (provider) => {
  it('answers as soon as the payment is there', async () => {
    const order = await agent.create({ provider, amountYuan: '1.00', title: 'waiting' });
    const waiting = agent.server.call('query-payment', { outTradeNo: order.outTradeNo, waitSeconds: 50 });
    await shop.simulator.pay(order);
    expect((await waiting).structured).toMatchObject({ state: 'PAID', source: 'query' });
  });
});

async function scanAndPress({ simulator }: Shop, order: Payment): Promise<void> {
  await simulator.pressPay(await simulator.open(order));
}

async function followAndPress({ simulator }: Shop, { payUrl = '' }: Payment): Promise<void> {
  await simulator.pressPay(await simulator.follow(payUrl));
}

async function handOverAndPress({ simulator }: Shop, { cashierUrl = '' }: Payment): Promise<void> {
  await simulator.pressPay(await simulator.follow(await handOffOn(cashierUrl)));
}

async function handToTheApp({ simulator }: Shop, order: Payment): Promise<void> {
  await simulator.pay(order);
}

function minutesBetween(from: string, to: string | undefined): number {
  return (Date.parse(to ?? '') - Date.parse(from)) / 60_000;
}
