import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fen } from '../../../src/domain/money.ts';
import { applyNotify } from '../../../src/payments/apply-notify.ts';
import type { Cashier } from '../../../src/payments/cashier.ts';
import { closePayment } from '../../../src/payments/close-payment.ts';
import { createPayment } from '../../../src/payments/create-payment.ts';
import { queryPayment } from '../../../src/payments/query-payment.ts';
import { refundPayment } from '../../../src/payments/refund-payment.ts';
import { CALL, payment, refund, World } from '../../support/world.ts';

/*
 * A link is signed here, without the gateway. Until it has been given out nobody can have opened it: whatever the
 * gateway knows under its number is another system's, however the process that was signing it has ended.
 */
const FOREIGN = 'SHOP_0001';
let world: World;
let first: Cashier;
let second: Cashier;

beforeEach(async () => {
  world = new World();
  first = signing(await world.process());
  second = signing(await world.process());
});
afterEach(() => world.end());

/** As Alipay's pages: to make a link is no exchange, and makes no trade. */
function signing(cashier: Cashier): Cashier {
  const [bank] = cashier.providers.values();
  if (!bank) throw new Error('no provider');
  const links = { ...bank, sendPayment: async () => ({ payUrl: 'https://gateway.example/pay' }) };
  return { ...cashier, providers: new Map([[bank.id, links]]) };
}

function foreignTrade(state: 'NOTPAY' | 'PAID' = 'NOTPAY'): void {
  const paid = state === 'PAID' ? { paidAt: world.clock.now() } : {};
  world.bank.trades.set(FOREIGN, {
    plan: 'of another system',
    amountFen: fen(1000),
    state,
    ...paid,
    refunds: new Map(),
  });
}

const wanted = payment({ outTradeNo: FOREIGN, scene: 'web' });
const make = (cashier: Cashier) => createPayment(cashier, CALL, wanted);
const ask = (cashier: Cashier) =>
  queryPayment(cashier, CALL, { outTradeNo: FOREIGN, waitSeconds: 0 }).catch(() => undefined);
const known = async () => (await second.ledger.read((book) => book.order(FOREIGN)))?.state;

/** The process is killed, or nothing is heard, between the intent and the question whether the number is free. */
const ENDS = {
  killed: async () => {
    world.bank.fault = (operation) => (operation === 'query' ? 'crash-before' : 'none');
    void make(first);
    await world.clock.sleep(1_000);
  },
  'left without an answer': async () => {
    world.bank.fault = (operation) => (operation === 'query' ? 'lost-before' : 'none');
    await make(first).catch(() => undefined);
  },
} as const;

describe.each(Object.keys(ENDS) as (keyof typeof ENDS)[])('a create that is %s', (end) => {
  beforeEach(async () => {
    foreignTrade();
    await ENDS[end]();
    world.bank.fault = () => 'none';
    expect(await known()).toBe('UNKNOWN');
  });

  it("does not take another system's trade for its own, paid or not", async () => {
    await ask(second);
    expect(await known()).not.toBe('NOTPAY');
    world.bank.pay(FOREIGN);
    await ask(second);
    await applyNotify(second, [...second.providers.values()][0] as never, world.bank.notification(FOREIGN));
    expect(await known()).not.toBe('PAID');
    const whole = refund({ outTradeNo: FOREIGN, refundFen: fen(1000) });
    await refundPayment(second, CALL, whole).catch(() => undefined);
    expect(world.bank.refundedFen(FOREIGN)).toBe(0);
  });

  it("is no way to close another system's trade", async () => {
    await closePayment(second, CALL, { outTradeNo: FOREIGN }).catch(() => undefined);
    expect(world.bank.trades.get(FOREIGN)?.state).toBe('NOTPAY');
    expect(await known()).toBe('CLOSED');
  });

  it('gives no link out when it is repeated, and ends', async () => {
    await expect(make(second)).rejects.toMatchObject({ code: 'GATEWAY_DECLINED' });
    expect(await known()).toBe('CLOSED');
  });

  it('ends also when nobody repeats it', async () => {
    world.clock.advance(36 * 60_000);
    await ask(second);
    expect(await known()).toBe('CLOSED');
  });
});

it('a create that was killed goes on when the number is free after all', async () => {
  await ENDS.killed();
  world.bank.fault = () => 'none';
  const told = await make(second);
  expect(told.order).toMatchObject({
    state: 'NOTPAY',
    credential: { payUrl: 'https://gateway.example/pay' },
  });
  foreignTrade('PAID');
  await ask(second);
  expect(await known(), 'once the link is out, a trade is what it was opened to').toBe('PAID');
});

it('a link whose order was closed while its sender slept is not given out, nor believed later', async () => {
  let asked = 0;
  world.bank.delay = (operation) => world.clock.sleep(operation === 'query' && ++asked === 1 ? 40_000 : 1);
  const late = make(first);
  await world.clock.sleep(30_000);
  await closePayment(second, CALL, { outTradeNo: FOREIGN });
  const { order } = await late;
  expect(order).toMatchObject({ state: 'CLOSED', credential: {} });
  foreignTrade('PAID');
  await ask(second);
  expect(await known()).toBe('CLOSED');
});

it("is not PAID by a notification about a trade whose number the gateway said was another system's", async () => {
  foreignTrade();
  await make(first).catch(() => undefined);
  expect(await known()).toBe('CLOSED');
  world.bank.pay(FOREIGN);
  await applyNotify(second, [...second.providers.values()][0] as never, world.bank.notification(FOREIGN));
  expect(await known()).toBe('CLOSED');
});

it('nor by one for a code that the gateway made no order for', async () => {
  foreignTrade();
  const code = payment({ outTradeNo: FOREIGN });
  const real = await world.process();
  await createPayment(real, CALL, code).catch(() => undefined);
  expect(await known()).toBe('CLOSED');
  world.bank.pay(FOREIGN);
  await applyNotify(second, [...second.providers.values()][0] as never, world.bank.notification(FOREIGN));
  expect(await known()).toBe('CLOSED');
});
