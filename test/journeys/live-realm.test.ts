import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cheapGuesses } from '../support/guess-cost.ts';
import { SimulatorProcess, WALLETS } from '../support/simulator-client.ts';
import { readPayment } from './shapes.ts';
import { type Agent, Shop } from './shop.ts';

cheapGuesses();

/** Strings that are nowhere else: were one of them said, the shop's closing search would find it. */
const CANARY = {
  openid: 'oCANARYopenid4e1b77c2',
  buyer: 'canary-buyer-13800138000',
  operator: 'canary-operator-secret-55d1',
};

/** The gateways are the simulator's, on loopback, but the server is told that they are the real ones. */
let shop: Shop;
let agent: Agent;
beforeAll(async () => {
  shop = await Shop.open();
  for (const canary of [CANARY.openid, CANARY.buyer, CANARY.operator]) shop.secrets.add(canary);
  agent = await liveAgent();
});
afterAll(() => shop.close());

function liveEnv() {
  return { ...shop.simulator.env, CASHIER_MODE: 'live', CASHIER_LOG_LEVEL: 'trace' };
}

function liveAgent(env: Readonly<Record<string, string>> = {}): Promise<Agent> {
  return shop.agent({ env: { ...liveEnv(), ...env } });
}

describe.each(WALLETS)('a live sale through %s', (provider) => {
  it('never looks simulated, and needs the operator secret for its refund', async () => {
    const reply = await agent.server.call('create-payment', {
      ...{ provider, amountYuan: '6.00', title: 'live', buyer: CANARY.buyer },
    });
    const order = readPayment(reply);
    expect(order).toMatchObject({ state: 'NOTPAY', simulated: false });
    expect(reply.text).not.toMatch(/模拟|simulat/i);
    await shop.simulator.pay(order);
    expect(await agent.query(order.outTradeNo)).toMatchObject({ state: 'PAID', simulated: false });

    const wanted = { outTradeNo: order.outTradeNo, refundYuan: '6.00' };
    const { approval } = await agent.refund(wanted);
    const approve = ['approvals', 'approve', approval?.id ?? ''];
    if (provider === 'alipay') {
      const refused = await shop.command(approve, liveEnv());
      expect(refused).toMatchObject({ code: 1, stdout: '' });
      expect(refused.stderr).toContain('operator set-secret');
      const set = { ...liveEnv(), CASHIER_OPERATOR_SECRET: CANARY.operator };
      expect(await shop.command(['operator', 'set-secret'], set)).toMatchObject({ code: 0 });
    }
    const operator = { ...liveEnv(), CASHIER_OPERATOR_SECRET: CANARY.operator };
    expect(await shop.command(approve, operator)).toMatchObject({ code: 0 });
    expect(await agent.refundArrives(await agent.refund(wanted))).toMatchObject({ simulated: false });
    expect(await agent.list()).toMatchObject({ simulated: false });
  });

  it('says of an error what it is, without a word from the gateway', async () => {
    const refusal = await agent.refused('create-payment', {
      ...{ provider, amountYuan: '6.00', title: 'sim:declined live' },
    });
    expect(refusal).toMatchObject({ code: 'GATEWAY_DECLINED' });
    expect(refusal).not.toHaveProperty('simulated');
    expect(JSON.stringify(refusal)).not.toMatch(/无权限|业务规则限制/);
  });

  it('keeps quiet about secrets when answers are lost, forged or garbage', async () => {
    for (const scenario of ['lost-before', 'forged-answer', 'garbage', 'http-502', 'unsigned-decline']) {
      const outTradeNo = shop.number();
      const title = `sim:${scenario}@create*1 live`;
      const wanted = { provider, amountYuan: '6.00', title, outTradeNo, buyer: CANARY.buyer };
      await agent.server.call('create-payment', wanted);
      await shop.createAgain(agent, wanted, outTradeNo);
    }
  });
});

describe('what only the payer or the platform may know', () => {
  it('the openid of a buyer in WeChat is used and never repeated', async () => {
    const wanted = { provider: 'wechatpay', amountYuan: '6.00', title: 'openid', scene: 'jsapi' };
    const order = await agent.create({ ...wanted, payerOpenid: CANARY.openid });
    expect((await shop.simulator.trade(order.outTradeNo)).payer).toBe(CANARY.openid);
    await shop.simulator.pay(order);
    expect(await agent.query(order.outTradeNo)).toMatchObject({ state: 'PAID' });
    const { stdout } = await shop.command(['orders', '--json'], liveEnv());
    expect(stdout).toContain(order.outTradeNo);
    await agent.refused('create-payment', {
      ...{ ...wanted, payerOpenid: CANARY.openid, title: 'sim:declined openid' },
    });
  });

  it('an app_auth_token stands inside the signed link and nowhere else', async () => {
    const platform = await SimulatorProcess.start(shop.env, join(shop.home, 'cwd'), ['--seller', '1']);
    const { AP_APP_ID = '', AP_SELLER_ID = '', AP_INVOKE_AUTH_TOKEN: authToken = '' } = platform.env;
    await platform.close();
    const isv = await liveAgent({ AP_APP_ID, AP_SELLER_ID, AP_INVOKE_AUTH_TOKEN: authToken });
    const scanned = await isv.create({ provider: 'alipay', amountYuan: '6.00', title: 'isv qr' });
    expect(JSON.stringify(scanned)).not.toContain(authToken);
    const before = shop.transcript.leaks([authToken]);
    expect(before).toEqual([]);
    const linked = await isv.create({ provider: 'alipay', scene: 'web', amountYuan: '6.00', title: 'isv' });
    expect(linked.payUrl).toContain(authToken);
    await shop.simulator.pay(linked);
    await isv.query(linked.outTradeNo);
    await isv.refund({ outTradeNo: linked.outTradeNo, refundYuan: '1.00' });
    const said = shop.transcript.leaks([authToken]);
    expect(said).toHaveLength(1);
    expect(said[0]).toContain('result of create-payment');
  });
});

describe('the two realms', () => {
  it('never meet: an order of the live ledger does not exist for the simulator', async () => {
    const order = await agent.create({ provider: 'wechatpay', amountYuan: '6.00', title: 'realm' });
    const simulated = await shop.agent({ env: { CASHIER_MODE: 'simulator' } });
    const { outTradeNo } = order;
    expect(await simulated.refused('query-payment', { outTradeNo })).toMatchObject({
      code: 'ORDER_NOT_FOUND',
    });
    expect((await simulated.list()).totals.count).toBe(0);
  });

  it('are told apart by the merchant too: another one never answers for an order', async () => {
    const order = await agent.create({ provider: 'wechatpay', amountYuan: '6.00', title: 'account' });
    const other = await liveAgent({ WXPAY_MCH_ID: '1900000001' });
    const { outTradeNo } = order;
    for (const tool of ['query-payment', 'close-payment']) {
      expect(await other.refused(tool, { outTradeNo })).toMatchObject({ code: 'CONFIGURATION' });
    }
  });
});
