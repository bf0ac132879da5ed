import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ENDLESS_WAITS } from '../support/server-process.ts';
import { WALLETS } from '../support/simulator-client.ts';
import { type Agent, Shop } from './shop.ts';

const PROCESSES = 4;
const EACH = 25;

let shop: Shop;
let agents: Agent[];
beforeAll(async () => {
  shop = await Shop.open();
  agents = await Promise.all(Array.from({ length: PROCESSES }, () => shop.agent({ env: ENDLESS_WAITS })));
});
afterAll(() => shop.close());

describe(`${PROCESSES} processes on one ledger`, () => {
  it(`create ${EACH} payments each at once; all succeed, every process lists them all`, async () => {
    const orders = await Promise.all(
      agents.flatMap((agent, p) =>
        Array.from({ length: EACH }, (_, n) =>
          agent.create({
            provider: WALLETS[n % 2],
            amountYuan: `${n + 1}.00`,
            title: `process ${p} payment ${n}`,
          }),
        ),
      ),
    );
    expect(orders.map((order) => order.state)).toEqual(orders.map(() => 'NOTPAY'));
    const numbers = new Set(orders.map((order) => order.outTradeNo));
    expect(numbers.size).toBe(PROCESSES * EACH);
    for (const agent of agents) {
      const { items, totals } = await agent.list({ limit: 100 });
      expect(totals.count).toBe(PROCESSES * EACH);
      expect(new Set(items.map((item) => item.outTradeNo))).toEqual(numbers);
    }
    const created = (await shop.simulator.calls()).filter((call) => call.operation === 'create');
    expect(created).toHaveLength(PROCESSES * EACH);
  });

  it('see at once what another one has learned', async () => {
    const [one, two] = agents;
    if (!one || !two) throw new Error('there are two');
    const order = await one.create({ provider: 'wechatpay', amountYuan: '3.00', title: 'seen' });
    await shop.simulator.pay(order);
    await one.query(order.outTradeNo);
    const asked = await shop.simulator.calls(order.outTradeNo, 'query');
    expect(await two.known(order.outTradeNo)).toMatchObject({ state: 'PAID' });
    expect(await shop.simulator.calls(order.outTradeNo, 'query')).toHaveLength(asked.length);
  });
});
