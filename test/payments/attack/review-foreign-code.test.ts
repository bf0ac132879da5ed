import { afterEach, beforeEach, expect, it } from 'vitest';
import { fen } from '../../../src/domain/money.ts';
import type { Cashier } from '../../../src/payments/cashier.ts';
import { closePayment } from '../../../src/payments/close-payment.ts';
import { createPayment } from '../../../src/payments/create-payment.ts';
import { queryPayment } from '../../../src/payments/query-payment.ts';
import { CALL, payment, World } from '../../support/world.ts';

/*
 * As review-foreign-link, for a code that the gateway makes: the request is lost on its way, and the number is another
 * system's, with the same amount. Nothing but the question whether it is free, asked before the first send and
 * remembered, tells the two apart. That costs every caller-chosen number a question; until it is asked, the money that
 * came in for the other system's order of this very amount can be taken for ours, and this test says so.
 */
const FOREIGN = 'SHOP_0001';
let world: World;
let cashier: Cashier;
beforeEach(async () => {
  world = new World();
  cashier = await world.process();
});
afterEach(() => world.end());

it.fails("a create that never arrived does not take another system's trade for its own, nor close it", async () => {
  world.bank.trades.set(FOREIGN, {
    plan: 'of another system',
    amountFen: fen(1000),
    state: 'NOTPAY',
    refunds: new Map(),
  });
  world.bank.fault = (operation) => (operation === 'create' ? 'lost-before' : 'none');
  await createPayment(cashier, CALL, payment({ outTradeNo: FOREIGN })).catch(() => undefined);
  const asked = await queryPayment(cashier, CALL, { outTradeNo: FOREIGN, waitSeconds: 0 });
  expect.soft(asked.order.state).not.toBe('NOTPAY');
  await closePayment(cashier, CALL, { outTradeNo: FOREIGN }).catch(() => undefined);
  expect(world.bank.trades.get(FOREIGN)?.state).toBe('NOTPAY');
});
