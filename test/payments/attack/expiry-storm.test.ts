import { describe, expect, it } from 'vitest';
import { CashierError } from '../../../src/domain/errors.ts';
import { isGivenOut } from '../../../src/payments/apply.ts';
import { closePayment } from '../../../src/payments/close-payment.ts';
import { createPayment } from '../../../src/payments/create-payment.ts';
import { queryPayment } from '../../../src/payments/query-payment.ts';
import { payable } from '../../../src/payments/results.ts';
import type { Till } from '../../../src/payments/till.ts';
import type { Fault } from '../../support/bank.ts';
import { CALL, NO_APPROVAL, payment, World } from '../../support/world.ts';

const FAULTS: readonly Fault[] = [
  'none',
  'none',
  'none',
  'none',
  'lost-before',
  'lost-after',
  'unavailable',
  'declined-unsigned',
  'crash-before',
  'crash-after',
];
const LINK_MS = 40_000;
const NUMBERS = ['ORDER_1', 'ORDER_2', undefined];
const BUYERS = ['alice', 'bob'];

/** A process whose codes die before the order does, so that they have to be renewed. */
async function shortLinks(world: World): Promise<Till> {
  const till = await world.process(NO_APPROVAL);
  const [bank] = till.providers.values();
  if (!bank) throw new Error('no provider');
  const provider = {
    ...bank,
    sendPayment: async (...args: Parameters<typeof bank.sendPayment>) => ({
      ...(await bank.sendPayment(...args)),
      linkExpiresAt: world.clock.now() + LINK_MS,
    }),
  };
  return { ...till, providers: new Map([[bank.id, provider]]) };
}

describe('a faulty world of short-lived orders', () => {
  it.each(Array.from({ length: 20 }, (_, seed) => seed))(
    'expiry, close, late payment and renewal agree with the gateway, seed %i',
    async (seed) => {
      const world = new World(seed);
      const pick = <T>(items: readonly T[]): T => items[Math.floor(world.random() * items.length)] as T;
      const processes = [await shortLinks(world), await shortLinks(world), await shortLinks(world)];
      world.bank.fault = () => pick(FAULTS);
      world.bank.delay = () => world.clock.sleep(Math.floor(world.random() * 300));
      const plans = new Map<string, string>();

      const orders = () => (processes[0] as Till).ledger.read((book) => book.orders.list({}, 1_000));
      const act = async (till: Till): Promise<unknown> => {
        const all = await orders();
        const picked = all.length > 0 ? pick(all) : undefined;
        const outTradeNo = picked?.outTradeNo ?? 'ORDER_1';
        // Nobody pays without a code.
        const hasCode = picked !== undefined && isGivenOut(picked);
        switch (pick('create create create query close pay pay-late wait wait'.split(' '))) {
          case 'create': {
            const number = pick(NUMBERS);
            return createPayment(
              till,
              CALL,
              payment({
                outTradeNo: number,
                title: number ?? 'for a buyer',
                buyer: number === undefined ? pick(BUYERS) : undefined,
                expiresInMinutes: 2,
              }),
            );
          }
          case 'query':
            return queryPayment(till, CALL, { outTradeNo, waitSeconds: pick([0, 0, 5]) });
          case 'close':
            return closePayment(till, CALL, { outTradeNo });
          case 'pay':
            return hasCode ? world.bank.pay(outTradeNo) : undefined;
          case 'pay-late':
            return hasCode && world.random() < 0.2 ? world.bank.pay(outTradeNo, { late: true }) : undefined;
          default:
            return world.clock.sleep(Math.floor(world.random() * 60_000));
        }
      };
      const unexpected: unknown[] = [];
      const run = (till: Till) =>
        Promise.race([act(till), world.clock.sleep(90_000)]).catch((error: unknown) => {
          if (!(error instanceof CashierError)) unexpected.push(error instanceof Error ? error.stack : error);
        });

      const audit = async () => {
        const now = world.clock.now();
        const live = new Map<string, number>();
        for (const order of await orders()) {
          const trade = world.bank.trades.get(order.outTradeNo);
          if (order.state === 'PAID') expect(trade?.state, 'paid means proven').toBe('PAID');
          if (order.state === 'CLOSED' && order.declinedCode === undefined && trade && isGivenOut(order)) {
            expect(['CLOSED', 'PAID'], 'closed means proven').toContain(trade.state);
          }
          if (order.plan !== undefined && order.declinedCode === undefined) {
            const before = plans.get(order.outTradeNo) ?? order.plan;
            if (trade) expect(trade.plan, 'renewed with the same bytes').toBe(before);
            if (trade) plans.set(order.outTradeNo, before);
          }
          const canBePaid = Object.keys(payable(order, now)).length > 0;
          if (canBePaid) expect(order).toMatchObject({ state: 'NOTPAY', closing: false });
          if (canBePaid && order.buyerHash) live.set(order.buyerHash, (live.get(order.buyerHash) ?? 0) + 1);
        }
        for (const count of live.values()) expect(count, 'a buyer has one live code').toBe(1);
      };

      for (let step = 0; step < 30; step++) {
        await Promise.all(processes.map(run));
        if (world.random() < 0.2) processes[Math.floor(world.random() * 3)] = await shortLinks(world);
        await audit();
      }
      world.bank.fault = () => 'none';
      world.clock.advance(10 * 60_000);
      const survivor = await shortLinks(world);
      for (const { outTradeNo, sentAt } of await orders()) {
        if (sentAt === undefined) continue;
        const { order } = await queryPayment(survivor, CALL, { outTradeNo, waitSeconds: 0 });
        const trade = world.bank.trades.get(outTradeNo);
        expect(order.state).not.toBe('UNKNOWN');
        if (trade?.state === 'PAID') expect(order.state, 'nobody pays unseen').toBe('PAID');
        if (trade?.state === 'CLOSED') expect(order.state).toBe('CLOSED');
      }
      await audit();
      expect(unexpected).toEqual([]);
      await world.end();
    },
  );
});
