import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fen } from '../../../src/domain/money.ts';
import { applyNotify } from '../../../src/payments/apply-notify.ts';
import { queryRefund } from '../../../src/payments/query-refund.ts';
import { refundPayment } from '../../../src/payments/refund-payment.ts';
import type { Till } from '../../../src/payments/till.ts';
import { CALL, refund, World } from '../../support/world.ts';

/*
 * A refund is taken for declined, and has gone out all the same: its first send was lost on the way back, the question
 * was answered by a replica, and the second send met an account that the first one had emptied.
 */
const ORDER = 'ORDER_1';
let world: World;
let till: Till;

beforeEach(async () => {
  world = new World();
  till = await world.process();
  await world.sold(till, ORDER);
  const wanted = refund({ outTradeNo: ORDER, outRefundNo: 'R1', refundFen: fen(600) });
  world.bank.fault = (op) => (op === 'refund' ? 'lost-after' : 'none');
  await refundPayment(till, CALL, wanted);
  world.bank.fault = (op) => (op === 'query-refund' ? 'lag' : op === 'refund' ? 'declined' : 'none');
  await refundPayment(till, CALL, wanted).catch(() => undefined);
  world.bank.fault = () => 'none';
  expect(world.bank.refundedFen(ORDER)).toBe(600);
});
afterEach(() => world.end());

const bookedFen = async () => {
  const refunds = await till.ledger.read((book) => book.refunds.ofOrder(ORDER));
  return refunds.filter(({ state }) => state === 'SUCCESS').reduce((sum, r) => sum + r.amountFen, 0);
};

describe("the gateway's proof that a refund went out", () => {
  it('is not swallowed when it comes as a notification', async () => {
    const [provider] = till.providers.values();
    if (!provider) throw new Error('no provider');
    await applyNotify(till, provider, world.bank.notification(ORDER, 'R1'));
    const events = await till.ledger.read((book) => book.audit.ofOrder(ORDER));
    const alarmed = events.some(({ kind }) => kind.startsWith('alarm-'));
    expect((await bookedFen()) === 600 || alarmed, 'counted, or at least alarmed').toBe(true);
  });

  it('is found by query-refund', async () => {
    const told = await queryRefund(till, CALL, { outTradeNo: ORDER, outRefundNo: 'R1' });
    expect(told.refund.state).toBe('SUCCESS');
  });

  it('keeps its sum from going out again', async () => {
    world.clock.advance(60_000);
    const second = refund({ outTradeNo: ORDER, outRefundNo: 'R2', refundFen: fen(600) });
    await refundPayment(till, CALL, second).catch(() => undefined);
    expect(world.bank.refundedFen(ORDER), 'of 10.00 yuan paid').toBeLessThanOrEqual(1000);
  });
});
