import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPayment } from './shapes.ts';
import { type Agent, Shop } from './shop.ts';

let shop: Shop;
let agent: Agent;
beforeAll(async () => {
  shop = await Shop.open({ policy: 'version: 1\nrefunds: { maxYuan: "50" }\n' });
  agent = await shop.agent();
});
afterAll(() => shop.close());

const listed = async () => (await agent.server.client.listTools()).tools.map(({ name }) => name);
const confirm = async (outTradeNo: string) =>
  readPayment(await agent.server.call('confirm-delivery', { outTradeNo, note: 'SF0001' }));

describe('a delivery', () => {
  it('is asked about only where the rules in force say so, from the next list on', async () => {
    const before = await shop.sell(agent, 'alipay');
    expect(await listed()).not.toContain('confirm-delivery');
    const policy = 'version: 1\nrefunds: { maxYuan: "50" }\ndelivery: { within: 24h, otherwise: refund }\n';
    writeFileSync(join(shop.home, 'policy.yaml'), policy);
    // Not before a person has accepted them.
    expect(await listed()).not.toContain('confirm-delivery');
    expect(await shop.command(['policy', 'accept'])).toMatchObject({ code: 0 });
    expect(await listed()).toContain('confirm-delivery');
    // What was made before is as it was.
    expect((await agent.query(before.outTradeNo)).nextStep).not.toContain('confirm-delivery');
  });

  it('is told to whoever sells, confirmed once, and stands in the story of the order', async () => {
    const paid = await shop.sell(agent, 'wechatpay');
    expect(paid.nextStep).toContain('confirm-delivery');
    const confirmed = await confirm(paid.outTradeNo);
    expect(confirmed).toMatchObject({ state: 'PAID', replayed: false });
    expect(confirmed.nextStep).toContain('已确认交付');
    expect(await confirm(paid.outTradeNo)).toMatchObject({ replayed: true });
    expect((await agent.query(paid.outTradeNo)).nextStep).toContain('已确认交付');
    const { stdout } = await shop.command(['audit', 'show', paid.outTradeNo]);
    expect(stdout).toContain('已确认交付');
    expect(stdout).not.toContain('SF0001');
    const uri = `payment://orders/${paid.outTradeNo}`;
    const { contents } = await agent.server.client.readResource({ uri });
    const { events } = JSON.parse((contents[0] as { text: string }).text);
    expect(events.find(({ kind }: { kind: string }) => kind === 'delivery-awaited')).toMatchObject({
      overdueAt: expect.stringMatching(/\+08:00$/),
    });
    expect(await shop.command(['audit', 'verify'])).toMatchObject({ code: 0 });
  });

  it('of what is not paid, or not there, is refused', async () => {
    const order = await agent.create({ provider: 'alipay', amountYuan: '1.00', title: 'unpaid' });
    const { outTradeNo } = order;
    expect(await agent.refused('confirm-delivery', { outTradeNo })).toMatchObject({ code: 'NOT_PAID' });
    const nobodys = { outTradeNo: 'NOBODY_0001' };
    expect(await agent.refused('confirm-delivery', nobodys)).toMatchObject({ code: 'ORDER_NOT_FOUND' });
    const long = { outTradeNo, note: 'x'.repeat(81) };
    expect(await agent.refused('confirm-delivery', long)).toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});
