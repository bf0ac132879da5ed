import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { billNotes } from '../../src/ledger/bill-notes.ts';
import { createPayment } from '../../src/payments/create-payment.ts';
import { runDailyBills } from '../../src/payments/daily-bills.ts';
import { refundPayment } from '../../src/payments/refund-payment.ts';
import type { Till } from '../../src/payments/till.ts';
import { unfreeze } from '../../src/policy/decisions.ts';
import { type Bill, GatewayDeclined, type PaymentProvider } from '../../src/providers/contract.ts';
import { Background, timeUntil, told as toldOf } from '../support/background.ts';
import { CALL, payment, person, refund, World } from '../support/world.ts';

const MINUTE = 60_000;
let world: World;
let till: Till;
let background: Background;
beforeEach(async () => {
  world = new World();
  till = await world.process();
  background = new Background();
  await world.sold(till, 'ORDER_1');
});
afterEach(async () => {
  await background.end();
  await world.end();
});

/** This process compares bills, until the end of the test, or with a wallet that answers so. */
function run(process: Till, downloadBill?: PaymentProvider['downloadBill']): void {
  const [wallet] = [...process.providers.values()];
  if (!wallet) throw new Error('no wallet');
  const providers = downloadBill ? new Map([[wallet.id, { ...wallet, downloadBill }]]) : process.providers;
  background.run((signal) => runDailyBills({ ...process, providers }, signal));
}

/** Waits until it is so late on a day behind today. */
async function until(days: number, hours: number): Promise<void> {
  await world.clock.sleep(timeUntil(world.clock, days, hours));
}

const asked = () =>
  world.bank.calls.flatMap(({ operation, number }) => (operation === 'bill' ? [number] : []));
const told = (kind: 'bill-differs' | 'bill-refused') => toldOf(till.ledger, kind);
const note = async () => (await till.ledger.read(billNotes))['bank 1'];
/** The bill knows nothing of what was sold. */
const without = (bill: Bill): Bill => ({
  ...bill,
  lines: bill.lines.filter(({ outTradeNo }) => outTradeNo !== 'ORDER_1'),
});
const stranger = (bill: Bill): Bill => ({
  ...bill,
  lines: bill.lines.flatMap((line) => [line, { ...line, outTradeNo: 'OTHERS_1', gatewayTradeNo: 'T9' }]),
});

describe("yesterday's bill", () => {
  it('is compared once it should be there, by one of all processes, and nothing is said where all is well', async () => {
    world.bank.editBill = stranger;
    run(till);
    run(await world.process());
    run(await world.process());
    await until(1, 9.4);
    expect(asked()).toEqual([]);
    await until(0, 12);
    expect(asked()).toEqual(['2026-11-21']);
    expect(await note()).toEqual({ provider: 'alipay', done: '2026-11-21', differences: 0 });
    expect(await told('bill-differs')).toEqual([]);
    await until(1, 12);
    expect(asked()).toEqual(['2026-11-21', '2026-11-22']);
  });

  it('is told of where it says otherwise, once', async () => {
    await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_2' }));
    world.bank.editBill = (bill) => ({
      ...bill,
      lines: stranger(bill).lines.map((line) => ({ ...line, amountFen: 1 as typeof line.amountFen })),
    });
    run(till);
    run(await world.process());
    await until(1, 23);
    expect(await told('bill-differs')).toEqual([{ provider: 'alipay', date: '2026-11-21', count: 1 }]);
    expect(await note()).toMatchObject({ done: '2026-11-21', differences: 1 });
  });

  it('is told of also where an older one, which a refund in doubt wants, cannot be had', async () => {
    world.failing('refund', 'lost-before');
    await refundPayment(till, CALL, refund({ outTradeNo: 'ORDER_1', outRefundNo: 'R1' }));
    run(till);
    await until(2, 12);
    await world.sold(till, 'ORDER_2');
    world.bank.editBill = (bill) => ({
      ...bill,
      lines: bill.lines.map((line) => ({ ...line, amountFen: 1 as typeof line.amountFen })),
    });
    world.bank.fault = (_, number) => (number === '2026-11-21' ? 'unavailable' : 'none');
    await until(1, 12);
    expect(await told('bill-differs')).toEqual([{ provider: 'alipay', date: '2026-11-23', count: 1 }]);
  });

  it('has the gateway prove what the ledger has not heard of', async () => {
    await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_2' }));
    world.bank.pay('ORDER_2');
    run(till);
    await until(1, 11);
    const order = await till.ledger.read((book) => book.orders.get('ORDER_2'));
    expect(order?.state).toBe('PAID');
    expect(await told('bill-differs')).toEqual([]);
  });

  it('without a line is not believed in the morning, where something was sold', async () => {
    world.bank.editBill = without;
    run(till);
    await until(1, 13);
    expect(await told('bill-differs')).toEqual([]);
    world.bank.editBill = (bill) => bill;
    await until(0, 15);
    expect(await note()).toEqual({ provider: 'alipay', done: '2026-11-21', differences: 0 });
  });

  it('without a line is told of when it has had time', async () => {
    world.bank.editBill = without;
    run(till);
    await until(1, 16);
    expect(await told('bill-differs')).toEqual([{ provider: 'alipay', date: '2026-11-21', count: 1 }]);
  });

  it('is asked for again, less and less often, while the gateway does not give it', async () => {
    world.bank.fault = (operation) => (operation === 'bill' ? 'unavailable' : 'none');
    run(till);
    run(await world.process());
    await until(1, 11.5);
    expect(asked()).toHaveLength(4);
    world.bank.fault = () => 'none';
    await until(0, 13);
    expect(await note()).toMatchObject({ done: '2026-11-21', differences: 0 });
    expect(await told('bill-refused')).toEqual([]);
  });

  it('is asked for by another process where the first dies while it waits', async () => {
    world.bank.fault = (operation) =>
      operation === 'bill' && asked().length === 1 ? 'crash-before' : 'none';
    void runDailyBills(till, background.signal);
    await until(1, 9.55);
    expect(asked()).toHaveLength(1);
    run(await world.process());
    await until(0, 9.8);
    expect(await note()).toMatchObject({ done: '2026-11-21', differences: 0 });
    expect(asked()).toHaveLength(2);
  });

  it('that the gateway does not give at all is told of once, until there is one again', async () => {
    const refused = async () => {
      throw new GatewayDeclined('permission', 'NO_AUTH', true);
    };
    run(till, refused);
    await until(3, 12);
    const first = { provider: 'alipay', date: '2026-11-21', code: 'NO_AUTH' };
    expect(await told('bill-refused')).toEqual([first]);
    expect(await note()).toEqual({ provider: 'alipay', done: '2026-11-23', refused: 'NO_AUTH' });
    await background.end();
    run(till);
    await until(1, 12);
    await background.end();
    run(till, refused);
    await until(1, 12);
    expect(await told('bill-refused')).toEqual([first, { ...first, date: '2026-11-25' }]);
  });

  it('that cannot be had the whole day is left to a person, and the next day has its turn', async () => {
    world.bank.fault = (operation, date) =>
      operation === 'bill' && date === '2026-11-21' ? 'unavailable' : 'none';
    run(till);
    await until(2, 12);
    expect(asked().filter((date) => date === '2026-11-21')).toHaveLength(12);
    expect(await told('bill-refused')).toMatchObject([{ date: '2026-11-21' }]);
    expect(await note()).toEqual({ provider: 'alipay', done: '2026-11-22', differences: 0 });
  });

  it('of days on which no server ran is compared later, of a week at most', async () => {
    run(till);
    await until(1, 12);
    await background.end();
    await until(3, 12);
    run(till);
    await world.clock.sleep(10 * MINUTE);
    expect(asked()).toEqual(['2026-11-21', '2026-11-22', '2026-11-23', '2026-11-24']);
    await background.end();
    await until(20, 12);
    run(till);
    await world.clock.sleep(20 * MINUTE);
    expect(asked().slice(4)).toHaveLength(7);
    expect(await note()).toMatchObject({ done: '2026-12-14' });
  });

  it('of a ledger that was restored is compared by a person until it resumes, and by the server from then on', async () => {
    const restore = () =>
      till.ledger.write(async (book) => {
        await book.operator.setFreeze({ by: 'restore', reason: undefined });
        await book.operator.setRestored({
          ...{ at: world.clock.now(), since: world.clock.now() },
          ...{ providers: ['alipay'], reconciled: {} },
        });
      });
    await restore();
    run(till);
    await until(1, 12);
    expect(asked()).toEqual([]);
    await restore();
    const operator = await person(till);
    await till.ledger.write((book) => unfreeze(book, operator, true));
    const restored = await till.ledger.read((book) => book.operator.restored());
    expect(restored).toBeDefined();
    world.bank.editBill = stranger;
    await until(2, 12);
    expect(asked().at(-1)).toBe('2026-11-23');
    // What it had forgotten may be another system's: to take it in, or to be content without, is a person's.
    expect(await till.ledger.read((book) => book.operator.restored())).toEqual(restored);
    expect(await till.ledger.read((book) => book.orders.get('OTHERS_1'))).toBeUndefined();
  });
});
