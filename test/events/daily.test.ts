import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DAY_MS } from '../../src/domain/clock.ts';
import { DAILY_AT_MS, sumUpNow } from '../../src/events/daily.ts';
import { runNoticing } from '../../src/events/noticing.ts';
import { setBillNote } from '../../src/ledger/bill-notes.ts';
import { createPayment } from '../../src/payments/create-payment.ts';
import { refundPayment } from '../../src/payments/refund-payment.ts';
import type { Till } from '../../src/payments/till.ts';
import { Background, timeUntil, told } from '../support/background.ts';
import { CALL, DEFAULTS, NO_APPROVAL, payment, refund, World } from '../support/world.ts';

let world: World;
let till: Till;
let background: Background;
beforeEach(async () => {
  world = new World();
  till = await world.process(NO_APPROVAL);
  background = new Background();
});
afterEach(async () => {
  await background.end();
  await world.end();
});

function run({ ledger, clock, log }: Till, over: { readonly dailyAtMs?: undefined } = {}): void {
  background.run((signal) => runNoticing({ ledger, clock, log, dailyAtMs: DAILY_AT_MS, ...over }, signal));
}
async function until(days: number, hours: number): Promise<void> {
  const left = timeUntil(world.clock, days, hours);
  // What is looked at all the time is slept through but for the end.
  const end = Math.min(left, 5 * 60_000);
  world.clock.advance(left - end);
  await world.clock.sleep(end);
}
const summed = () => told(till.ledger, 'day-summed');

describe('a day', () => {
  it('is summed up once, at the hour, by one of all processes', async () => {
    run(till);
    run(await world.process());
    run(await world.process());
    await world.sold(till, 'ORDER_1');
    await world.sold(till, 'ORDER_2');
    await refundPayment(till, CALL, refund({ outTradeNo: 'ORDER_1', outRefundNo: 'R1' }));
    await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_3' }));
    await until(1, 8.9);
    expect(await summed()).toEqual([]);
    await world.sold(till, 'ORDER_4');
    const bank = { provider: 'alipay', done: '2026-11-21', differences: 2 } as const;
    await till.ledger.write((book) => setBillNote(book, 'bank 1', bank));
    await until(0, 10);
    const day = {
      date: '2026-11-21',
      ...{ paidCount: 2, paidFen: 2_000, refundedCount: 1, refundedFen: expect.any(Number) },
      ...{ openApprovals: 0, inDoubt: 0, bills: [{ provider: 'alipay', differences: 2 }] },
    };
    expect(await summed()).toEqual([day]);
    await until(1, 10);
    expect(await summed()).toMatchObject([
      {},
      { date: '2026-11-22', paidCount: 1, bills: [{ provider: 'alipay' }] },
    ]);
  });

  it('tells what waits for somebody', async () => {
    till = await world.process(DEFAULTS);
    run(till);
    await world.sold(till, 'ORDER_1');
    world.failing('create', 'lost-before');
    await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_2' }));
    await until(1, 8.95);
    await refundPayment(till, CALL, refund({ outTradeNo: 'ORDER_1', outRefundNo: 'R1' }));
    await until(0, 9.1);
    expect(await summed()).toMatchObject([{ openApprovals: 1, inDoubt: 1 }]);
  });

  it('of before anybody asked for it is none, and one that no server saw end is told of later', async () => {
    await until(0, 20);
    run(till);
    await until(0, 23);
    expect(await summed()).toEqual([]);
    await background.end();
    await until(3, 15);
    run(till);
    await until(0, 16);
    expect(await summed()).toMatchObject([{ date: '2026-11-23' }]);
  });

  it('is summed up again although a clock that was wrong has summed up one to come', async () => {
    run(till);
    await world.clock.sleep(60_000);
    world.clock.correct(365 * DAY_MS);
    await until(1, 10);
    world.clock.correct(-365 * DAY_MS);
    const wrong = (await summed()).length;
    await until(1, 10);
    expect((await summed()).slice(wrong)).toMatchObject([{ date: '2026-11-22' }]);
  });

  it('is not summed up where nobody wants to hear of it', async () => {
    run(till, { dailyAtMs: undefined });
    await until(2, 12);
    expect(await summed()).toEqual([]);
  });

  it('can be summed up before it is over, for whoever does not want to wait', async () => {
    await world.sold(till, 'ORDER_1');
    await sumUpNow(till.ledger, world.clock.now());
    expect(await summed()).toMatchObject([{ date: '2026-11-21', paidCount: 1, paidFen: 1_000 }]);
  });
});
