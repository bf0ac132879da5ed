import { afterEach, beforeEach, expect, it } from 'vitest';
import { beginPayment, chooseWallet, closeBegun } from '../../src/payments/choose-wallet.ts';
import { closePayment } from '../../src/payments/close-payment.ts';
import { createPayment } from '../../src/payments/create-payment.ts';
import type { OfferResult } from '../../src/payments/offers.ts';
import { queryPayment } from '../../src/payments/query-payment.ts';
import { payable } from '../../src/payments/results.ts';
import type { Till } from '../../src/payments/till.ts';
import { Bank } from '../support/bank.ts';
import { CALL, payment, World } from '../support/world.ts';

/* A gateway that closes no order: what was given out can be paid until it expires. */

const ORDER = 'ORDER_1';
const MINUTE = 60_000;
let world: World;
let till: Till;

beforeEach(async () => {
  world = new World();
  till = await process();
});
afterEach(() => world.end());

async function process(): Promise<Till> {
  const made = await world.process();
  const bank = made.providers.get('alipay');
  if (!bank) throw new Error('no provider');
  const { closeTrade: _, ...provider } = bank;
  return { ...made, providers: new Map([['alipay', provider]]) };
}
const create = (more = {}) => createPayment(till, CALL, payment({ outTradeNo: ORDER, ...more }));
const close = (at = till) => closePayment(at, CALL, { outTradeNo: ORDER });
const query = (at = till) => queryPayment(at, CALL, { outTradeNo: ORDER, waitSeconds: 0 });
const shown = async () => payable((await query()).order, world.clock.now());

it('is shown to nobody any more, asked for, and closed once it has expired', async () => {
  await create();
  expect((await close()).order).toMatchObject({ state: 'NOTPAY', closing: true });
  expect(await shown()).toEqual({});
  expect((await create()).order, 'and not made anew').toMatchObject({ state: 'NOTPAY', closing: true });
  await world.clock.sleep(36 * MINUTE);
  // By then the gateway has let it run out.
  const trade = world.bank.trades.get(ORDER);
  if (trade) trade.state = 'CLOSED';
  expect((await query()).order).toMatchObject({ state: 'CLOSED', closing: false });
  expect(world.bank.calls.filter(({ operation }) => operation === 'close')).toEqual([]);
});

it('is believed to be paid when it was, before and after it was wanted closed', async () => {
  await create();
  world.bank.pay(ORDER);
  await expect(close()).rejects.toMatchObject({ code: 'ALREADY_PAID' });
  await create({ outTradeNo: 'ORDER_2' });
  await closePayment(till, CALL, { outTradeNo: 'ORDER_2' });
  world.bank.pay('ORDER_2');
  const paid = await queryPayment(till, CALL, { outTradeNo: 'ORDER_2', waitSeconds: 0 });
  expect(paid.order).toMatchObject({ state: 'PAID', closing: false });
});

it.each(['lost-before', 'unavailable', 'declined-unsigned'] as const)(
  'stays wanted closed where the gateway says nothing (%s), also for a process that comes after',
  async (fault) => {
    await create();
    world.failing('query', fault, Number.POSITIVE_INFINITY);
    expect((await close()).order).toMatchObject({ state: 'NOTPAY', closing: true });
    world.bank.fault = () => 'none';
    expect((await query(await process())).order).toMatchObject({ state: 'NOTPAY', closing: true });
  },
);

it('is never payable beside another gateway’s order of the same page', async () => {
  const other = new Bank(world.clock);
  const second = other.provider({ id: 'wechatpay', account: 'bank 2' });
  till = { ...till, letsBuyerChoose: true, providers: new Map([...till.providers, [second.id, second]]) };
  const input = { ...payment({ outTradeNo: ORDER, buyer: 'alice' }), provider: undefined };
  const { offer } = (await beginPayment(till, CALL, input)) as OfferResult;
  const choose = (wallet: 'alipay' | 'wechatpay') =>
    chooseWallet(till, () => 'unknown', offer.pageToken, wallet);
  await choose('alipay');
  await closeBegun(till, CALL, { outTradeNo: ORDER });
  expect(await choose('wechatpay')).toMatchObject({ order: { provider: 'alipay', closing: true } });
  expect(await beginPayment(till, CALL, input)).toMatchObject({
    order: { provider: 'alipay', closing: true },
  });
  expect(other.trades.size).toBe(0);
});
