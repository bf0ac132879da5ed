import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fen } from '../../src/domain/money.ts';
import { notifyRoutes } from '../../src/notify/routes.ts';
import { closePayment } from '../../src/payments/close-payment.ts';
import { createPayment } from '../../src/payments/create-payment.ts';
import { refundPayment } from '../../src/payments/refund-payment.ts';
import type { Till } from '../../src/payments/till.ts';
import type { RawNotify } from '../../src/providers/contract.ts';
import { CALL, NO_APPROVAL, payment, refund, World } from '../support/world.ts';

const ORDER = 'ORDER_1';
let world: World;
let till: Till;
const order = () => till.ledger.read((book) => book.orders.get(ORDER));
const post = async (
  raw: Pick<RawNotify, 'body'> & { headers?: RawNotify['headers'] },
  path = '/notify/alipay',
) => {
  const routes = notifyRoutes(async () => till);
  return (await routes.request(path, { method: 'POST', body: raw.body, headers: raw.headers ?? {} })).status;
};

beforeEach(async () => {
  world = new World();
  till = await world.process();
  await createPayment(till, CALL, payment({ outTradeNo: ORDER }));
});
afterEach(() => world.end());

describe('a notification', () => {
  it('is committed before it is acknowledged, and a repeat changes nothing', async () => {
    world.bank.pay(ORDER);
    const raw = world.bank.notification(ORDER);
    expect(await post(raw)).toBe(200);
    expect(await order()).toMatchObject({ state: 'PAID', source: 'notify', askAt: undefined });
    const events = await till.ledger.read((book) => book.audit.ofOrder(ORDER));
    expect(await post(raw)).toBe(200);
    expect(await till.ledger.read((book) => book.audit.ofOrder(ORDER))).toEqual(events);
  });

  it('ends in the same state in whatever order and number it comes', async () => {
    const unpaid = world.bank.notification(ORDER);
    world.bank.pay(ORDER);
    const paid = world.bank.notification(ORDER);
    for (const raw of [paid, unpaid, paid, unpaid]) expect(await post(raw)).toBe(200);
    expect(await order()).toMatchObject({ state: 'PAID' });
  });

  it('may be late', async () => {
    await closePayment(till, CALL, { outTradeNo: ORDER });
    world.bank.pay(ORDER, { late: true });
    expect(await post(world.bank.notification(ORDER))).toBe(200);
    expect(await order()).toMatchObject({ state: 'PAID', late: true });
  });

  it('settles a refund', async () => {
    world.bank.pay(ORDER);
    await post(world.bank.notification(ORDER));
    world.bank.refundsProcessFirst = true;
    await refundPayment(till, CALL, refund({ outTradeNo: ORDER, outRefundNo: 'R1' }));
    const kept = world.bank.trades.get(ORDER)?.refunds.get('R1');
    if (kept) kept.state = 'SUCCESS';
    expect(await post(world.bank.notification(ORDER, 'R1'))).toBe(200);
    expect(await till.ledger.read((book) => book.refunds.get(ORDER, 'R1'))).toMatchObject({
      state: 'SUCCESS',
    });
  });
});

describe('what is not provably the gateway speaking about our order changes nothing', () => {
  beforeEach(() => world.bank.pay(ORDER));
  afterEach(async () => expect(await order()).toMatchObject({ state: 'NOTPAY', source: 'ledger' }));

  it('a broken seal', async () => {
    const { body } = world.bank.notification(ORDER);
    expect(await post({ body, headers: { 'bank-seal': 'forged' } })).toBe(400);
    expect(await post({ body })).toBe(400);
  });

  it('another amount, and it raises an alarm once', async () => {
    const trade = world.bank.trades.get(ORDER);
    if (trade) trade.amountFen = fen(1);
    for (let i = 0; i < 3; i++) expect(await post(world.bank.notification(ORDER))).toBe(400);
    const events = await till.ledger.read((book) => book.audit.ofOrder(ORDER));
    expect(events.filter((event) => event.kind === 'alarm-foreign-trade')).toHaveLength(1);
  });

  it('another account', async () => {
    expect(await post(world.bank.notification(ORDER, undefined, 'bank 2'))).toBe(400);
  });

  it('the gateway of one account about an order of another, and about its refunds', async () => {
    const refunds = world.bank.trades.get(ORDER)?.refunds;
    refunds?.set('R9', { plan: '', refundFen: fen(100), at: world.clock.now(), state: 'SUCCESS' });
    const story = () => till.ledger.read((book) => book.audit.ofOrder(ORDER));
    const before = await story();
    till = await world.process(NO_APPROVAL, 'bank 2');
    for (const of of [undefined, 'R9']) expect(await post(world.bank.notification(ORDER, of))).toBe(400);
    expect(await story()).toEqual(before);
    expect(await till.ledger.read((book) => book.refunds.get(ORDER, 'R9'))).toBeUndefined();
  });

  it('an order that is not ours', async () => {
    expect(await post(world.bank.notification('STRANGER'))).toBe(400);
  });

  it('a wallet that is not configured, another path or method, too many bytes', async () => {
    expect(await post(world.bank.notification(ORDER), '/notify/wechatpay')).toBe(404);
    expect(await post(world.bank.notification(ORDER), '/notify/constructor')).toBe(404);
    expect((await notifyRoutes(async () => till).request('/notify/alipay')).status).toBe(404);
    expect(await post({ body: Buffer.alloc(65 * 1024) })).toBe(413);
  });
});
