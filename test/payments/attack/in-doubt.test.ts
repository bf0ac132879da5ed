import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CashierError } from '../../../src/domain/errors.ts';
import { Ledger } from '../../../src/ledger/ledger.ts';
import { inDoubt } from '../../../src/ledger/postgres-refusals.ts';
import type { Store } from '../../../src/ledger/store.ts';
import { createPayment } from '../../../src/payments/create-payment.ts';
import { Desk } from '../../../src/payments/desk.ts';
import { queryPayment } from '../../../src/payments/query-payment.ts';
import { refundPayment } from '../../../src/payments/refund-payment.ts';
import type { Till } from '../../../src/payments/till.ts';
import { CALL, payment, refund, World } from '../../support/world.ts';

/** Whether a commit of which nobody can say so stands. */
const TRUTHS = ['stands', 'does not stand'] as const;
/** More writes than any call makes, so that the last ones find a call that is done. */
const WRITES = [1, 2, 3, 4, 5];

let world: World;
let till: Till;
/** Of this process; from now on, the one that many writes on cannot be found out. */
let doubted = 0;
let truth: (typeof TRUTHS)[number];
beforeEach(async () => {
  world = new World();
  till = await world.process();
  const store = await world.store();
  doubted = 0;
  const doubting = async <T>(write: () => Promise<T>): Promise<T> => {
    doubted -= 1;
    if (doubted !== 0) return write();
    if (truth === 'stands') await write();
    throw inDoubt('postgres://test');
  };
  const doubtful: Store = { ...store, write: (work) => doubting(() => store.write(work)) };
  const ledger = await Ledger.open(doubtful, 'simulator', till);
  till = { ...till, ledger, desk: new Desk({ ledger, clock: world.clock }) };
});
afterEach(async () => {
  await till.ledger.close();
  await world.end();
});

/** The call as its caller has it: OUTCOME_UNKNOWN, or an answer that is true; then once more with the same number. */
async function twice<T>(call: () => Promise<T>): Promise<T> {
  const first = await call().catch((error: unknown) => error);
  if (first instanceof Error) {
    expect(first).toBeInstanceOf(CashierError);
    expect((first as CashierError).code).toBe('OUTCOME_UNKNOWN');
    expect(first.message).not.toMatch(/no money moved|nothing was (?:sent|written)/);
  }
  doubted = 0;
  // Whoever was sending may be believed to be still at it.
  world.clock.advance(60_000);
  return call();
}

describe.each(TRUTHS)('a commit of which nobody knows whether it stands, and which %s', (how) => {
  beforeEach(() => {
    truth = how;
  });

  it.each(WRITES)('makes no second order of a payment: write %i', async (nth) => {
    doubted = nth;
    const { order } = await twice(() => createPayment(till, CALL, payment({ outTradeNo: 'ORDER_1' })));
    expect(order.state).toBe('NOTPAY');
    world.bank.pay('ORDER_1');
    expect((await queryPayment(till, CALL, { outTradeNo: 'ORDER_1', waitSeconds: 0 })).order.state).toBe(
      'PAID',
    );
  });

  it.each(WRITES)('makes no second refund of one: write %i', async (nth) => {
    await world.sold(till);
    doubted = nth;
    const give = () => refundPayment(till, CALL, refund({ outTradeNo: 'ORDER_1', outRefundNo: 'R1' }));
    expect((await twice(give)).refund.state).toBe('SUCCESS');
    expect(world.bank.refundedFen('ORDER_1')).toBe(100);
  });

  it.each(WRITES)('loses no payment that was seen: write %i', async (nth) => {
    await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_1' }));
    world.bank.pay('ORDER_1');
    doubted = nth;
    const ask = () => queryPayment(till, CALL, { outTradeNo: 'ORDER_1', waitSeconds: 0 });
    expect((await twice(ask)).order.state).toBe('PAID');
  });
});
