import { Client as ModernClient } from '@modelcontextprotocol/client';
import { StdioClientTransport as ModernStdio } from '@modelcontextprotocol/client/stdio';
import { ResourceUpdatedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Shop } from '../journeys/shop.ts';
import { MAIN, until } from '../support/server-process.ts';

let shop: Shop;
beforeAll(async () => {
  shop = await Shop.open();
});
afterAll(() => shop.close());

const uriOf = (outTradeNo: string) => `payment://orders/${outTradeNo}`;

describe('an order as a resource', () => {
  it('is listed and read, with its refunds and what has happened to it', async () => {
    const agent = await shop.agent();
    const { outTradeNo } = await shop.sell(agent, 'wechatpay');
    await agent.refund({ outTradeNo, refundYuan: '1.00', reason: 'sorry' });
    const { resources } = await agent.server.client.listResources();
    expect(resources.map(({ uri }) => uri)).toContain(uriOf(outTradeNo));
    const { contents } = await agent.server.client.readResource({ uri: uriOf(outTradeNo) });
    const story = JSON.parse(String((contents[0] as { text: string }).text));
    expect(story).toMatchObject({
      outTradeNo,
      state: 'PAID',
      simulated: true,
      refunds: [{ state: 'PENDING_APPROVAL', refundYuan: '1.00' }],
    });
    const kinds = story.events.map((event: { kind: string }) => event.kind);
    expect(kinds).toEqual(
      expect.arrayContaining(['order-created', 'order-sent', 'order-paid', 'approval-asked']),
    );
    expect(story.events.find(({ kind }: { kind: string }) => kind === 'refund-created')).toMatchObject({
      amountYuan: '1.00',
    });
    expect(JSON.stringify(story)).not.toMatch(/Fen"/);
  });

  it.each([
    'payment://orders/UNKNOWN_1',
    'payment://orders/',
    'payment://orders/a%2Fb',
    'payment://refunds/x',
  ])('that does not exist is refused: %s', async (uri) => {
    const agent = await shop.agent();
    await expect(agent.server.client.readResource({ uri })).rejects.toThrow();
  });
});

describe('a subscription', () => {
  it('of a 2025 client hears of changes of that order only, also by another process', async () => {
    const agent = await shop.agent();
    const other = await shop.agent();
    const heard: string[] = [];
    agent.server.client.setNotificationHandler(
      ResourceUpdatedNotificationSchema,
      ({ params }) => void heard.push(params.uri),
    );
    const mine = await agent.create({ provider: 'wechatpay', amountYuan: '2.00', title: 'mine' });
    const theirs = await agent.create({ provider: 'wechatpay', amountYuan: '2.00', title: 'theirs' });
    await agent.server.client.subscribeResource({ uri: uriOf(mine.outTradeNo) });
    await other.close(theirs.outTradeNo);
    await other.close(mine.outTradeNo);
    await until('the update', async () => (heard.length > 0 ? true : undefined));
    expect(new Set(heard)).toEqual(new Set([uriOf(mine.outTradeNo)]));
    await expect(agent.server.client.subscribeResource({ uri: uriOf('UNKNOWN_1') })).rejects.toThrow();
  });

  it('of a 2026-07-28 client hears of changes too', async () => {
    const seller = await shop.agent();
    const order = await seller.create({ provider: 'wechatpay', amountYuan: '2.00', title: 'modern' });
    const client = new ModernClient(
      { name: 'modern', version: '1' },
      { versionNegotiation: { mode: { pin: '2026-07-28' } } },
    );
    await client.connect(
      new ModernStdio({ command: process.execPath, args: [MAIN], env: { ...shop.env }, stderr: 'ignore' }),
    );
    const heard: string[] = [];
    client.setNotificationHandler(
      'notifications/resources/updated',
      ({ params }) => void heard.push(params.uri),
    );
    const subscription = await client.listen({ resourceSubscriptions: [uriOf(order.outTradeNo)] });
    await seller.close(order.outTradeNo);
    await until('the update', async () => (heard.length > 0 ? true : undefined));
    expect(new Set(heard)).toEqual(new Set([uriOf(order.outTradeNo)]));
    await subscription.close();
    await client.close();
  });
});
