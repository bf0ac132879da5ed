import { describe, expect, it } from 'vitest';
import { CashierError } from '../../src/domain/errors.ts';
import { fen } from '../../src/domain/money.ts';
import { rowDigest } from '../../src/ledger/audit-digest.ts';
import { isGivenOut } from '../../src/payments/apply.ts';
import { closePayment } from '../../src/payments/close-payment.ts';
import { createPayment } from '../../src/payments/create-payment.ts';
import { queryPayment } from '../../src/payments/query-payment.ts';
import { queryRefund } from '../../src/payments/query-refund.ts';
import { refundPayment } from '../../src/payments/refund-payment.ts';
import type { Till } from '../../src/payments/till.ts';
import { FAULTS } from '../support/bank.ts';
import { CALL, payment, refund, World } from '../support/world.ts';

const ORDERS = ['ORDER_1', 'ORDER_2', 'ORDER_3'];

/**
 * Three processes on one ledger, any call at any time, any answer lost, any process killed, by seed. Whatever
 * happened: nobody was charged or refunded twice, and the ledger says nothing that the gateway does not.
 */
describe('a faulty world', () => {
  it.each(Array.from({ length: 30 }, (_, seed) => seed))('costs nobody a fen, seed %i', async (seed) => {
    const world = new World(seed);
    const pick = <T>(items: readonly T[]): T => items[Math.floor(world.random() * items.length)] as T;
    const processes: Till[] = [await world.process(), await world.process(), await world.process()];
    world.bank.fault = () => pick(FAULTS);
    world.bank.delay = () => world.clock.sleep(Math.floor(world.random() * 300));

    const act = async (till: Till): Promise<unknown> => {
      const outTradeNo = pick(ORDERS);
      const outRefundNo = pick(['R1', 'R2', 'R3', undefined]);
      switch (pick('create create query close pay refund refund refund query-refund wait'.split(' '))) {
        case 'create':
          return createPayment(till, CALL, payment({ outTradeNo, title: outTradeNo }));
        case 'query':
          return queryPayment(till, CALL, { outTradeNo, waitSeconds: 0 });
        case 'close':
          return world.random() < 0.2 ? closePayment(till, CALL, { outTradeNo }) : undefined;
        case 'pay': {
          // Nobody pays without a code.
          const order = await till.ledger.read((book) => book.orders.get(outTradeNo));
          return order && isGivenOut(order)
            ? world.bank.pay(outTradeNo, { late: world.random() < 0.1 })
            : undefined;
        }
        case 'refund':
          return refundPayment(
            till,
            CALL,
            refund({ outTradeNo, outRefundNo, refundFen: fen(pick([400, 600])) }),
          );
        case 'query-refund':
          return queryRefund(till, CALL, { outTradeNo, outRefundNo: outRefundNo ?? 'R1' });
        default:
          return world.clock.sleep(Math.floor(world.random() * 5_000));
      }
    };
    const unexpected: unknown[] = [];
    const run = (till: Till) =>
      Promise.race([act(till), world.clock.sleep(60_000)]).catch((error: unknown) => {
        if (!(error instanceof CashierError)) unexpected.push(error instanceof Error ? error.stack : error);
      });

    const audit = async () => {
      for (const [outTradeNo, trade] of world.bank.trades) {
        expect(world.bank.refundedFen(outTradeNo), 'refunds sum within what was paid').toBeLessThanOrEqual(
          trade.amountFen,
        );
      }
      const till = processes[0] as Till;
      for (const outTradeNo of ORDERS) {
        const order = await till.ledger.read((book) => book.orders.get(outTradeNo));
        const trade = world.bank.trades.get(outTradeNo);
        if (trade) {
          const sent = await till.ledger.read(async (book) => ({
            salt: (await book.meta('salt')) ?? '',
            plans: (await book.audit.ofOrder(outTradeNo)).flatMap(({ detail, outRefundNo }) =>
              outRefundNo === undefined ? (detail.plan ?? []) : [],
            ),
          }));
          const expected = rowDigest(sent.salt, trade.plan);
          expect(sent.plans.at(-1), 'no gateway order without an intent').toBe(expected);
        }
        if (order?.state === 'PAID') expect(trade?.state).toBe('PAID');
        for (const refunded of await till.ledger.read((book) => book.refunds.ofOrder(outTradeNo))) {
          const there = trade?.refunds.get(refunded.outRefundNo);
          if (refunded.state === 'SUCCESS') expect(there?.refundFen).toBe(refunded.amountFen);
          if (refunded.state === 'CLOSED') expect(there, 'declined is not refunded').toBeUndefined();
        }
      }
    };

    for (let step = 0; step < 25; step++) {
      await Promise.all(processes.map(run));
      if (world.random() < 0.2) processes[Math.floor(world.random() * 3)] = await world.process();
      await audit();
    }

    // The weather clears: everything in doubt is settled by repeating the same calls.
    world.bank.fault = () => 'none';
    const survivor = await world.process();
    for (const outTradeNo of ORDERS) {
      world.clock.advance(20_000);
      const order = await survivor.ledger.read((book) => book.orders.get(outTradeNo));
      if (!order) continue;
      await createPayment(survivor, CALL, payment({ outTradeNo, title: outTradeNo }));
      await queryPayment(survivor, CALL, { outTradeNo, waitSeconds: 0 });
      for (const { outRefundNo, amountFen, state } of await survivor.ledger.read((book) =>
        book.refunds.ofOrder(outTradeNo),
      )) {
        world.clock.advance(20_000);
        if (state === 'UNKNOWN' || state === 'PROCESSING') {
          await refundPayment(survivor, CALL, refund({ outTradeNo, outRefundNo, refundFen: amountFen }));
        }
      }
      const known = await survivor.ledger.read((book) => book.orders.get(outTradeNo));
      // Only an order that never arrived and that somebody wanted closed has to wait for its expiry.
      if (known?.closing) world.clock.advance(36 * 60_000);
      const settled = await queryPayment(survivor, CALL, { outTradeNo, waitSeconds: 0 });
      expect(settled.order.state).not.toBe('UNKNOWN');
      const refunds = await survivor.ledger.read((book) => book.refunds.ofOrder(outTradeNo));
      expect(refunds.map((r) => r.state)).not.toContain('UNKNOWN');
    }
    await audit();
    expect(unexpected).toEqual([]);
    await world.end();
  });
});
