import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fen } from '../../../src/domain/money.ts';
import type { Cashier } from '../../../src/payments/cashier.ts';
import { closePayment } from '../../../src/payments/close-payment.ts';
import { createPayment } from '../../../src/payments/create-payment.ts';
import { queryPayment } from '../../../src/payments/query-payment.ts';
import { refundPayment } from '../../../src/payments/refund-payment.ts';
import { CALL, payment, refund, World } from '../../support/world.ts';

/** A number that another system of the merchant has used at the gateway. `foreignOrders: refuse` is in force. */
const FOREIGN = 'SHOP_0001';
const DAY_MS = 86_400_000;
let world: World;
let cashier: Cashier;

beforeEach(async () => {
  world = new World();
  cashier = await world.process();
});
afterEach(() => world.end());

function foreignTrade(change: { amountFen?: number; state?: 'NOTPAY' | 'PAID' } = {}): void {
  const { amountFen = 1000, state = 'PAID' } = change;
  world.bank.trades.set(FOREIGN, {
    plan: 'of another system',
    amountFen: fen(amountFen),
    state,
    ...(state === 'PAID' ? { paidAt: world.clock.now() - DAY_MS } : {}),
    refunds: new Map(),
  });
}

const create = (change = {}) => createPayment(cashier, CALL, payment({ outTradeNo: FOREIGN, ...change }));

describe("create-payment with a number of the merchant's other system", () => {
  it('does not call it PAID by a payment that was made before our intent', async () => {
    foreignTrade();
    const told = await create().catch(() => undefined);
    expect(told?.order.state).not.toBe('PAID');
    const asked = queryPayment(cashier, CALL, { outTradeNo: FOREIGN, waitSeconds: 0 });
    await expect(asked, 'nothing was stored').rejects.toMatchObject({ code: 'ORDER_NOT_FOUND' });
  });

  it('is no way to refund an order that the ledger never made', async () => {
    foreignTrade();
    await create().catch(() => undefined);
    await refundPayment(cashier, CALL, refund({ outTradeNo: FOREIGN, refundFen: fen(1000) })).catch(
      () => undefined,
    );
    expect(world.bank.refundedFen(FOREIGN)).toBe(0);
  });

  it('is no way to close an order that the ledger never made', async () => {
    foreignTrade({ state: 'NOTPAY' });
    await create().catch(() => undefined);
    await closePayment(cashier, CALL, { outTradeNo: FOREIGN }).catch(() => undefined);
    expect(world.bank.trades.get(FOREIGN)?.state).toBe('NOTPAY');
  });

  it('is no way to close or refund one by a link that is signed here without asking the gateway', async () => {
    const [bank] = cashier.providers.values();
    if (!bank) throw new Error('no provider');
    const links = { ...bank, sendPayment: async () => ({ payUrl: 'https://gateway.example/pay' }) };
    const linking = { ...cashier, providers: new Map([[bank.id, links]]) };
    const make = () => createPayment(linking, CALL, payment({ outTradeNo: FOREIGN, scene: 'web' }));
    foreignTrade({ state: 'NOTPAY' });
    await make().catch(() => undefined);
    await closePayment(linking, CALL, { outTradeNo: FOREIGN }).catch(() => undefined);
    expect(world.bank.trades.get(FOREIGN)?.state).toBe('NOTPAY');
    foreignTrade({ state: 'PAID' });
    await queryPayment(linking, CALL, { outTradeNo: FOREIGN, waitSeconds: 0 }).catch(() => undefined);
    const whole = refund({ outTradeNo: FOREIGN, refundFen: fen(1000) });
    await refundPayment(linking, CALL, whole).catch(() => undefined);
    expect(world.bank.refundedFen(FOREIGN)).toBe(0);
  });

  it('does not block identical payments under other numbers for ever', async () => {
    foreignTrade({ amountFen: 500, state: 'NOTPAY' });
    await expect(create()).rejects.toMatchObject({ code: 'GATEWAY_DECLINED' });
    world.clock.advance(2 * DAY_MS);
    const next = await createPayment(cashier, CALL, payment());
    expect(next.order.state).toBe('NOTPAY');
  });

  it('follows its own advice: the number is taken, so a new one goes through at once', async () => {
    foreignTrade({ amountFen: 500, state: 'NOTPAY' });
    const refused = await create().catch((error) => error);
    expect(refused.next.en).toMatch(/use a new one/);
    const next = await createPayment(cashier, CALL, payment({ outTradeNo: 'ORDER_2' }));
    expect(next.order.state).toBe('NOTPAY');
  });
});
