import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Passing, SlowNetwork, type Treatment } from '../support/fake-gateway-server.ts';
import type { Env } from '../support/server-process.ts';
import { WALLETS } from '../support/simulator-client.ts';
import { type Agent, REFUNDS_WITHOUT_APPROVAL, Shop } from './shop.ts';

const CREATE = /alipay\.trade\.precreate|POST \/v3\/pay\/transactions\/native/;
const REFUND = /alipay\.trade\.refund|POST \/v3\/refund\/domestic\/refunds/;

let shop: Shop;
let network: SlowNetwork;
let behindNetwork: Env;
beforeAll(async () => {
  shop = await Shop.open({ policy: REFUNDS_WITHOUT_APPROVAL });
  network = await SlowNetwork.open(shop.simulator.origin);
  behindNetwork = {
    ...shop.simulator.env,
    AP_GATEWAY: `${network.origin}/gateway.do`,
    WXPAY_GATEWAY: network.origin,
  };
});
afterAll(async () => {
  await network.close();
  await shop.close();
});

/** Kills the server with SIGKILL while the network holds the first request of this kind. */
async function killDuring(agent: Agent, kind: RegExp, treatment: Treatment, call: () => Promise<unknown>) {
  let caught = false;
  network.treat = ({ method, target }: Passing) => {
    if (caught || !kind.test(`${method} ${decodeURIComponent(target)}`)) return 'pass';
    caught = true;
    return treatment;
  };
  const held = network.held();
  const inFlight = expect(call()).rejects.toThrow(/closed/i);
  await held;
  await agent.server.kill();
  await inFlight;
}

describe.each(WALLETS)('a server of %s that is killed in mid-call', (provider) => {
  it.each<[string, Treatment, number]>([
    ['before the gateway got the create', 'hold-request', 1],
    ['after the gateway carried the create out', 'hold-answer', 2],
  ])('%s: the same call after a restart finds the truth', async (_when, treatment, most) => {
    const outTradeNo = shop.number();
    const wanted = { provider, outTradeNo, amountYuan: '15.00', title: 'crash' };
    const first = await shop.agent({ env: behindNetwork });
    await killDuring(first, CREATE, treatment, () => first.create(wanted));

    const second = await shop.agent({ env: behindNetwork });
    expect(await second.known(outTradeNo)).toMatchObject({ state: 'UNKNOWN' });
    const found = await second.create(wanted);
    expect(found).toMatchObject({ state: 'NOTPAY', replayed: true, outTradeNo });
    const sent = await shop.simulator.calls(outTradeNo, 'create');
    expect(sent).toHaveLength(most);
    expect(new Set(sent.map((call) => call.bodyDigest)).size).toBe(1);
    expect((await shop.simulator.calls(outTradeNo, 'query')).length).toBeGreaterThan(0);
    await shop.simulator.pay(found);
    expect(await second.query(outTradeNo)).toMatchObject({ state: 'PAID' });
    expect(await shop.simulator.trade(outTradeNo)).toMatchObject({ amountFen: 1500 });
    await second.server.close();
  });

  it.each<[string, Treatment, number]>([
    ['before the gateway got the refund', 'hold-request', 1],
    ['after the gateway carried the refund out', 'hold-answer', 1],
  ])('%s: the money goes back exactly once', async (_when, treatment, sentInAll) => {
    network.treat = () => 'pass';
    const first = await shop.agent({ env: behindNetwork });
    const { outTradeNo } = await shop.sell(first, provider);
    const wanted = { outTradeNo, refundYuan: '10.00', outRefundNo: shop.number('R') };
    await killDuring(first, REFUND, treatment, () => first.refund(wanted));

    const second = await shop.agent({ env: behindNetwork });
    const other = { outTradeNo, refundYuan: '0.01', outRefundNo: shop.number('R') };
    expect(await second.refused('refund-payment', other)).toMatchObject({ code: 'REFUND_EXCEEDS_PAID' });
    const found = await second.refund(wanted);
    expect(found).toMatchObject({ replayed: true, outRefundNo: wanted.outRefundNo });
    await second.refundArrives(found);
    expect(await second.query(outTradeNo)).toMatchObject({ state: 'PAID', refundedYuan: '10.00' });
    expect(await shop.simulator.calls(outTradeNo, 'refund')).toHaveLength(sentInAll);
    expect((await shop.simulator.trade(outTradeNo)).refunds).toMatchObject([
      { outRefundNo: wanted.outRefundNo, amountFen: 1000, status: 'SUCCESS' },
    ]);
    await second.server.close();
  });

  it('leaves another process waiting for nothing', async () => {
    const outTradeNo = shop.number();
    const wanted = { provider, outTradeNo, amountYuan: '15.00', title: 'crash beside another' };
    const [first, second] = await Promise.all([
      shop.agent({ env: behindNetwork }),
      shop.agent({ env: behindNetwork }),
    ]);
    await killDuring(first, CREATE, 'hold-answer', () => first.create(wanted));
    const began = Date.now();
    expect(await second.create(wanted)).toMatchObject({ state: 'NOTPAY', replayed: true });
    expect(Date.now() - began).toBeLessThan(5_000);
    await second.server.close();
  });
});
