import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Agent, REFUNDS_WITHOUT_APPROVAL, Shop } from './shop.ts';

const SOLD_BY = ['alipay', 'wechatpay'] as const;

let shop: Shop;
let agent: Agent;
let paid: string[];
beforeAll(async () => {
  shop = await Shop.open({ policy: REFUNDS_WITHOUT_APPROVAL });
  agent = await shop.agent();
  const sold = await Promise.all(
    SOLD_BY.flatMap((provider) => [
      shop.sell(agent, provider, { amountYuan: '10.10' }),
      shop.sell(agent, provider, { amountYuan: '0.20' }),
    ]),
  );
  paid = sold.map((order) => order.outTradeNo);
  for (const provider of SOLD_BY) await agent.create({ provider, amountYuan: '7.00', title: 'unpaid' });
  await agent.refundArrives(await agent.refund({ outTradeNo: paid[0] ?? '', refundYuan: '0.10' }));
});
afterAll(() => shop.close());

describe('list-payments', () => {
  it('shows the newest first, without anything to pay with, and totals over all', async () => {
    const { items, totals } = await agent.list();
    expect(items).toHaveLength(6);
    const times = items.map((item) => item.createdAt);
    expect(times).toEqual([...times].sort().reverse());
    expect(totals).toEqual({ count: 6, paidYuan: '20.60', refundedYuan: '0.10' });
    for (const item of items) {
      for (const absent of ['qrCode', 'payUrl', 'cashierUrl']) expect(item).not.toHaveProperty(absent);
      // Nobody is told to hand over what is not there.
      if (item.state === 'NOTPAY') expect(item.nextStep).toMatch(/query-payment/);
    }
  });

  it.each([
    [{ state: 'PAID' }, 4, '20.60'],
    [{ state: 'NOTPAY' }, 2, '0.00'],
    [{ provider: 'alipay' }, 3, '10.30'],
    [{ provider: 'wechatpay', state: 'PAID' }, 2, '10.30'],
    [{ state: 'CLOSED' }, 0, '0.00'],
  ])('filters by %o', async (filter, count, paidYuan) => {
    const { items, totals } = await agent.list(filter);
    expect(items).toHaveLength(count);
    for (const item of items) expect(item).toMatchObject(filter);
    expect(totals).toMatchObject({ count, paidYuan });
  });

  it('filters by days in Shanghai, both included', async () => {
    const day = (offset: number) => new Date(Date.now() + 8 * 3_600_000 + offset * 86_400_000);
    const [yesterday, today, tomorrow] = [-1, 0, 1].map((offset) => day(offset).toISOString().slice(0, 10));
    // Around midnight the orders may be a day old already.
    expect((await agent.list({ from: yesterday, to: today })).totals.count).toBe(6);
    expect((await agent.list({ from: tomorrow })).totals.count).toBe(0);
    expect((await agent.list({ to: day(-2).toISOString().slice(0, 10) })).totals.count).toBe(0);
  });

  it('pages through everything once, with the same totals on every page', async () => {
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await agent.list({ limit: 4, ...(cursor === undefined ? {} : { cursor }) });
      expect(page.items.length).toBeLessThanOrEqual(4);
      seen.push(...page.items.map((item) => item.outTradeNo));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    expect(seen).toHaveLength(6);
    expect(new Set(seen).size).toBe(6);
    expect(seen).toEqual(expect.arrayContaining(paid));
  });

  it('asks no gateway', async () => {
    // About open orders servers ask on their own, about what is paid for nobody does.
    const about = async () =>
      (await shop.simulator.calls()).filter(({ outTradeNo }) => paid.includes(outTradeNo)).length;
    const before = await about();
    for (let count = 0; count < 5; count += 1) await agent.list();
    expect(await about()).toBe(before);
  });

  it('agrees with the operator’s list', async () => {
    const { stdout } = await shop.command(['orders', '--json']);
    const { items: rows } = JSON.parse(stdout) as { items: { outTradeNo: string; state: string }[] };
    const { items } = await agent.list();
    expect(rows.map(({ outTradeNo, state }) => ({ outTradeNo, state }))).toEqual(
      items.map(({ outTradeNo, state }) => ({ outTradeNo, state })),
    );
  });
});
