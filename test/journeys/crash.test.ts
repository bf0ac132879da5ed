import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isCall, type Passing, type SlowNetwork, type Treatment } from '../support/fake-gateway-server.ts';
import type { GatewayCallKind } from '../support/gateways.ts';
import { STANDING_CLOCK } from '../support/server-process.ts';
import { WALLETS } from '../support/simulator-client.ts';
import { type Agent, REFUNDS_WITHOUT_APPROVAL, Shop } from './shop.ts';

let shop: Shop;
beforeAll(async () => {
  shop = await Shop.open({ policy: REFUNDS_WITHOUT_APPROVAL });
});
afterAll(() => shop.close());

/** Kills the server with SIGKILL while the network holds the first request of this kind. */
async function killDuring(
  network: SlowNetwork,
  { agent, kind, treatment }: { agent: Agent; kind: GatewayCallKind; treatment: Treatment },
  call: () => Promise<unknown>,
): Promise<void> {
  let caught = false;
  network.treat = (passing: Passing) => {
    if (caught || !isCall(kind, passing)) return 'pass';
    caught = true;
    return treatment;
  };
  const held = network.held();
  const ended = call().then(
    () => 'answered',
    (error: Error) => error.message,
  );
  expect(await Promise.race([held, ended])).toBeUndefined();
  await agent.server.kill();
  expect(await ended).toMatch(/connection closed/i);
}

describe.concurrent.each(WALLETS)('a server of %s that is killed in mid-call', (provider) => {
  it.each<[string, Treatment, number]>([
    ['before the gateway got the create', 'hold-request', 1],
    ['after the gateway carried the create out', 'hold-answer', 2],
  ])(
    '%s: another process finds the truth, and waits for no claim to run out',
    async (_when, treatment, most) => {
      const network = await shop.slowNetwork();
      const outTradeNo = shop.number();
      const wanted = { provider, outTradeNo, amountYuan: '15.00', title: `crash ${outTradeNo}` };
      const first = await shop.agent(network);
      await killDuring(network, { agent: first, kind: 'create', treatment }, () => first.create(wanted));
      const second = await shop.agent({ env: { ...network.env, ...STANDING_CLOCK } });

      expect(await second.known(outTradeNo)).toMatchObject({ state: 'UNKNOWN' });
      const found = await shop.createAgain(second, wanted, outTradeNo);
      const sent = await shop.simulator.calls(outTradeNo, 'create');
      expect(sent).toHaveLength(most);
      expect(new Set(sent.map((call) => call.bodyDigest)).size).toBe(1);
      expect((await shop.simulator.calls(outTradeNo, 'query')).length).toBeGreaterThan(0);
      await shop.simulator.pay(found);
      expect(await second.query(found.outTradeNo)).toMatchObject({ state: 'PAID' });
      expect(await shop.simulator.trade(found.outTradeNo)).toMatchObject({ amountFen: 1500 });
      await second.server.close();
    },
  );

  it.each<[string, Treatment, number]>([
    ['before the gateway got the refund', 'hold-request', 1],
    ['after the gateway carried the refund out', 'hold-answer', 1],
  ])(
    '%s: the same call after a restart gives the money back exactly once',
    async (_when, treatment, sentInAll) => {
      const network = await shop.slowNetwork();
      const first = await shop.agent(network);
      const { outTradeNo } = await shop.sell(first, provider);
      const wanted = { outTradeNo, refundYuan: '10.00', outRefundNo: shop.number('R') };
      await killDuring(network, { agent: first, kind: 'refund', treatment }, () => first.refund(wanted));

      const second = await shop.agent(network);
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
    },
  );
});
