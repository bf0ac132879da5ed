import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fen } from '../../src/domain/money.ts';
import { createPayment } from '../../src/payments/create-payment.ts';
import { refundPayment } from '../../src/payments/refund-payment.ts';
import type { Till } from '../../src/payments/till.ts';
import { bySession, openSession } from '../../src/persons/sessions.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { CALL, NO_APPROVAL, payment, person, refund, World } from '../support/world.ts';

const DAY_MS = 86_400_000;
const CAREFUL: Policy = { payments: {}, refunds: { approveAboveFen: fen(0) } };
const AHEAD: readonly [string, number][] = [
  ['two hours', 2 * 3_600_000],
  ['half a year', 180 * DAY_MS],
];

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.end());

/** Runs `work` while the clock is `ahead` (ms); then somebody corrects it. */
async function whileAhead<T>(ahead: number, work: () => Promise<T>): Promise<T> {
  world.clock.correct(ahead);
  try {
    return await work();
  } finally {
    world.clock.correct(-ahead);
  }
}
async function paid(till: Till): Promise<void> {
  await world.sold(till);
}
const give = (till: Till, outRefundNo: string) =>
  refundPayment(till, CALL, refund({ outTradeNo: 'ORDER_1', outRefundNo }));

describe.each(AHEAD)('after a clock that was %s ahead', (_, ahead) => {
  it('a claim of a sender that died then holds up nobody', async () => {
    const till = await world.process();
    world.bank.fault = (operation) => (operation === 'create' ? 'lost-after' : 'none');
    await whileAhead(ahead, () => createPayment(till, CALL, payment({ outTradeNo: 'ORDER_1' })));
    world.bank.fault = () => 'none';
    // As a process on another machine leaves it, of which nobody here can tell whether it lives.
    await till.ledger.write(async (book) => {
      const order = await book.orders.get('ORDER_1');
      if (order) {
        const sendingUntil = world.clock.now() + ahead + 25_000;
        await book.orders.patch(order, { sendingBy: 'elsewhere 1', sendingUntil });
      }
    });
    const startedAt = world.clock.now();
    await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_1' }));
    expect(world.clock.now() - startedAt).toBeLessThan(90_000);
  });

  it('a refund sent then keeps the next one of the order away no longer', async () => {
    const till = await world.process();
    await paid(till);
    await whileAhead(ahead, () => give(till, 'R1'));
    expect((await give(till, 'R2')).refund.state).toBe('SUCCESS');
  });

  it('an approval asked or given then is over, and does not count as open', async () => {
    const till = await world.process(CAREFUL);
    await paid(till);
    const asked = await whileAhead(ahead, () => give(till, 'R1'));
    expect(await till.ledger.read((book) => book.approvals.open())).toEqual([]);
    const anew = await give(till, 'R1');
    expect(anew.approval?.id).not.toBe(asked.approval?.id);
    expect(await till.ledger.read((book) => book.approvals.open())).toHaveLength(1);
  });

  it('nobody stays signed in', async () => {
    const till = await world.process();
    const { ledger, randomBytes } = till;
    const operator = await person(till);
    await ledger.write((book) => book.setMeta('operator_secret', 'a hash'));
    const { id } = await whileAhead(ahead, () =>
      openSession(ledger, operator, { now: world.clock.now(), randomBytes }),
    );
    expect(await bySession(ledger, id)).toBeUndefined();
    const later = await openSession(ledger, operator, { now: world.clock.now(), randomBytes });
    expect(await bySession(ledger, later.id)).toBeDefined();
  });

  it.each(['perMinute', 'perDay'] as const)('what was counted then uses up no later %s', async (window) => {
    const till = await world.process({ ...NO_APPROVAL, payments: { [window]: { count: 2 } } });
    const sell = (i: number) => createPayment(till, CALL, payment({ title: `t${i}` }));
    await whileAhead(Math.max(ahead, window === 'perDay' ? 3 * DAY_MS : 0), async () => {
      await sell(1);
      await sell(2);
    });
    await sell(3);
    await sell(4);
    await expect(sell(5)).rejects.toMatchObject({ code: 'POLICY_DENIED' });
  });
});
