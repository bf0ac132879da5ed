import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { beijingIso } from '../../src/domain/clock.ts';
import { CashierError } from '../../src/domain/errors.ts';
import { type Fen, fen } from '../../src/domain/money.ts';
import { createPayment } from '../../src/payments/create-payment.ts';
import { queryPayment } from '../../src/payments/query-payment.ts';
import { queryRefund } from '../../src/payments/query-refund.ts';
import { reconcile } from '../../src/payments/reconcile.ts';
import { refundPayment } from '../../src/payments/refund-payment.ts';
import { settleDifference } from '../../src/payments/settle-differences.ts';
import type { Till } from '../../src/payments/till.ts';
import type { Bill, PaymentProvider } from '../../src/providers/contract.ts';
import { CALL, payment, refund, World } from '../support/world.ts';

const HOUR = 3_600_000;
let world: World;
let till: Till;
beforeEach(async () => {
  world = new World();
  till = await world.process();
});
afterEach(() => world.end());

const provider = (): PaymentProvider => {
  const found = till.providers.get('alipay');
  if (!found) throw new Error('no provider');
  return found;
};
const day = (shift = 0) => beijingIso(world.clock.now() + shift * 24 * HOUR).slice(0, 10);
/** Moves the clock to a time of the day, `HH:MM:SS`, today or on a later day. */
const at = (time: string, date = day()) => {
  world.clock.advance(Date.parse(`${date}T${time}+08:00`) - world.clock.now());
};
async function sell(outTradeNo: string): Promise<void> {
  await createPayment(till, CALL, payment({ outTradeNo }));
  world.bank.pay(outTradeNo);
  await queryPayment(till, CALL, { outTradeNo, waitSeconds: 0 });
}
const compare = (date: string, today: 'refused' | 'allowed' = 'refused') =>
  reconcile(till, provider(), { date, today });
const names = async (date: string) =>
  (await compare(date)).differences.map(({ kind, outTradeNo, outRefundNo, mayFollow }) =>
    [kind, outTradeNo, outRefundNo, mayFollow ? 'may follow' : ''].filter(Boolean).join(' '),
  );
const billsAsked = () =>
  world.bank.calls.flatMap(({ operation, number }) => (operation === 'bill' ? [number] : []));
/** Books what is about this number one day later than it happened. */
function bookLate(bill: Bill, all: Bill, number: string): Bill {
  const isIt = (line: Bill['lines'][number]) =>
    number === (line.kind === 'refund' ? line.outRefundNo : line.outTradeNo);
  const moved = all.lines.filter(isIt).map((line) => ({ ...line, at: line.at + 2 * 60_000 }));
  const here = moved.filter((line) => beijingIso(line.at).startsWith(bill.date));
  return { ...bill, lines: [...bill.lines.filter((line) => !isIt(line)), ...here] };
}
async function booksLate(number: string, happenedOn: string): Promise<void> {
  const all = await provider().downloadBill(happenedOn);
  world.bank.calls.length = 0;
  world.bank.editBill = (bill) => bookLate(bill, all, number);
}

describe('a day', () => {
  it('is clean with its payments, and with refunds of orders of an earlier day', async () => {
    await sell('EARLIER');
    const before = day();
    at('10:00:00', day(1));
    const today = day();
    await sell('TODAY_1');
    await refundPayment(till, CALL, refund({ outTradeNo: 'EARLIER', outRefundNo: 'R1' }));
    at('10:00:00', day(1));
    expect(await compare(today)).toMatchObject({
      bill: { payments: 1, paidFen: 1000, refunds: 1, refundedFen: 100 },
      ledger: { payments: 1, paidFen: 1000, refunds: 1, refundedFen: 100 },
      differences: [],
    });
    expect(await names(before)).toEqual([]);
  });

  it('on which the gateway has nothing names all that the ledger has', async () => {
    await sell('SOLD_1');
    await refundPayment(till, CALL, refund({ outTradeNo: 'SOLD_1', outRefundNo: 'R1' }));
    const date = day();
    at('10:00:00', day(1));
    world.bank.editBill = (bill) => ({ ...bill, lines: [] });
    expect(await names(date)).toEqual(['missing-there SOLD_1', 'refund-missing-there SOLD_1 R1']);
    expect(billsAsked()).toEqual([date]); // nothing of it was near midnight
  });

  it('counts neither what waits nor what was never sent', async () => {
    await createPayment(till, CALL, payment({ outTradeNo: 'UNPAID' }));
    await sell('SOLD_1');
    world.bank.refundsProcessFirst = true;
    await refundPayment(till, CALL, refund({ outTradeNo: 'SOLD_1', outRefundNo: 'R1' }));
    const date = day();
    at('10:00:00', day(1));
    // On its way on both sides; and in the ledger only, as at a gateway that books it when it arrives.
    expect(await names(date)).toEqual([]);
    world.bank.editBill = (bill) => ({ ...bill, lines: bill.lines.filter(({ kind }) => kind === 'payment') });
    expect(await names(date)).toEqual([]);
  });

  it('does not take an order of another account for its own', async () => {
    await sell('SOLD_1');
    const date = day();
    at('10:00:00', day(1));
    till = await world.process(undefined, 'bank 2');
    expect(await names(date)).toEqual(['missing-here SOLD_1']);
  });

  it("leaves out what other systems sold under another AppID of the merchant, and compares what is the ledger's", async () => {
    await sell('SOLD_1');
    const other = await world.process(undefined, 'bank 2');
    await world.sold(other, 'SOLD_2');
    const date = day();
    at('10:00:00', day(1));
    const account = provider().account;
    const second = other.providers.get('alipay')?.account ?? '';
    world.bank.editBill = (bill) => ({
      ...bill,
      lines: bill.lines.flatMap((line) => [
        line.outTradeNo === 'SOLD_2' ? { ...line, account: second } : line,
        ...(line.outTradeNo === 'SOLD_1'
          ? [{ ...line, outTradeNo: 'ELSEWHERE', account: `${account} third` }]
          : []),
      ]),
    });
    expect(await compare(date)).toMatchObject({
      bill: { payments: 2, paidFen: 2000 },
      ledger: { payments: 2, paidFen: 2000 },
      elsewhere: { payments: 1, paidFen: 1000 },
      differences: [],
    });
  });

  it('has a second payment of one order, or one under another trade number, as money without an order', async () => {
    await sell('SOLD_1');
    const date = day();
    at('10:00:00', day(1));
    world.bank.editBill = (bill) => ({ ...bill, lines: [...bill.lines, ...bill.lines] });
    expect(await names(date)).toEqual(['missing-here SOLD_1']);
    world.bank.editBill = (bill) => ({
      ...bill,
      lines: bill.lines.map((line) => ({ ...line, gatewayTradeNo: 'T_OTHER' })),
    });
    expect(await names(date)).toEqual(['missing-here SOLD_1', 'missing-there SOLD_1']);
  });

  it('keeps several differences of one line apart', async () => {
    await sell('SOLD_1');
    const date = day();
    at('10:00:00', day(1));
    world.bank.editBill = (bill) => ({
      ...bill,
      lines: bill.lines.map((line) => ({ ...line, amountFen: fen(1) as Fen, feeFen: 2 })),
    });
    expect(await names(date)).toEqual(['amount SOLD_1', 'fee SOLD_1']);
  });
});

describe('midnight', () => {
  it('may put a payment into the bill of the next day', async () => {
    at('23:59:30');
    const date = day();
    await sell('SOLD_1');
    at('10:00:00', day(1));
    await booksLate('SOLD_1', date);
    // The next day's bill is not out: nobody can know yet.
    expect(await names(date)).toEqual(['missing-there SOLD_1 may follow']);
    expect(billsAsked()).toEqual([date]);
    at('10:00:00', day(1));
    expect(await names(date)).toEqual([]);
    expect(billsAsked()).toEqual([date, date, day(-1)]);
    expect(await names(day(-1))).toEqual([]);
    world.bank.editBill = (bill) => ({ ...bill, lines: [] });
    expect(await names(date)).toEqual(['missing-there SOLD_1']);
  });

  it('may put a payment into the bill of the day before', async () => {
    at('00:00:30', day(1));
    const date = day();
    await sell('SOLD_1');
    at('10:00:00', day(1));
    const { lines } = await provider().downloadBill(date);
    world.bank.editBill = (bill) => ({ ...bill, lines: bill.date === date ? [] : lines });
    expect(await names(date)).toEqual([]);
    expect(await names(day(-2))).toEqual([]);
  });

  it('may put a refund that was on its way into the bill of any day until it was known', async () => {
    await sell('SOLD_1');
    world.bank.refundsProcessFirst = true;
    at('23:59:00');
    const date = day();
    await refundPayment(till, CALL, refund({ outTradeNo: 'SOLD_1', outRefundNo: 'R1' }));
    at('08:00:00', day(2));
    await queryRefund(till, CALL, { outTradeNo: 'SOLD_1', outRefundNo: 'R1' });
    at('10:00:00', day(2));
    await booksLate('R1', date);
    expect(await names(date)).toEqual([]);
    expect(await names(day(-3))).toEqual([]);
    world.bank.editBill = (bill) => ({ ...bill, lines: bill.lines.filter(({ kind }) => kind === 'payment') });
    expect(await names(date)).toEqual(['refund-missing-there SOLD_1 R1']);
    expect(await names(day(-3))).toEqual([]); // named once, on the day it was sent
  });
});

describe('a state that differs', () => {
  it('is settled by asking, never by the bill', async () => {
    await createPayment(till, CALL, payment({ outTradeNo: 'UNNOTICED' }));
    world.bank.pay('UNNOTICED');
    const date = day();
    at('10:00:00', day(1));
    const [difference] = (await compare(date)).differences;
    expect(difference).toMatchObject({ kind: 'state', order: { state: 'NOTPAY' }, line: { state: 'PAID' } });
    const state = () => till.ledger.read(async (book) => (await book.orders.get('UNNOTICED'))?.state);
    expect(await state()).toBe('NOTPAY');
    if (!difference) throw new Error('no difference');
    world.bank.fault = () => 'lost-after';
    expect(await settleDifference(till, provider(), difference)).toBeUndefined();
    expect(await state()).toBe('NOTPAY');
    world.bank.fault = () => 'none';
    expect(await settleDifference(till, provider(), difference)).toBe('PAID');
    expect(await names(date)).toEqual([]);
  });

  it('of a refund is settled the same way', async () => {
    await sell('SOLD_1');
    world.bank.refundsProcessFirst = true;
    await refundPayment(till, CALL, refund({ outTradeNo: 'SOLD_1', outRefundNo: 'R1' }));
    const date = day();
    at('10:00:00', day(1));
    world.bank.editBill = (bill) => ({
      ...bill,
      lines: bill.lines.map((line) => (line.kind === 'refund' ? { ...line, state: 'SUCCESS' } : line)),
    });
    const [difference] = (await compare(date)).differences;
    expect(difference).toMatchObject({ kind: 'refund-state', refund: { state: 'PROCESSING' } });
    if (difference) expect(await settleDifference(till, provider(), difference)).toBe('SUCCESS');
    expect(await names(date)).toEqual([]);
  });

  it.each([
    ['PROCESSING', true],
    ['ABNORMAL', true],
    ['SUCCESS', true],
    ['CLOSED', false],
    ['UNKNOWN', false],
  ] as const)('a bill with a refund in %s goes with its success since then: %s', async (state, agrees) => {
    await sell('SOLD_1');
    await refundPayment(till, CALL, refund({ outTradeNo: 'SOLD_1', outRefundNo: 'R1' }));
    const date = day();
    at('10:00:00', day(1));
    world.bank.editBill = (bill) => ({
      ...bill,
      lines: bill.lines.map((line) => (line.kind === 'refund' ? { ...line, state } : line)),
    });
    expect(await names(date)).toEqual(agrees ? [] : ['refund-state SOLD_1 R1']);
  });
});

describe('no bill', () => {
  const code = async (promise: Promise<unknown>) => {
    const error = await promise.catch((thrown: unknown) => thrown);
    return error instanceof CashierError ? error.code : error;
  };

  it('is asked for a day that is not over, unless the gateway is simulated', async () => {
    expect(await code(compare(day()))).toBe('INVALID_ARGUMENT');
    expect(await code(compare(day(1), 'allowed'))).toBe('INVALID_ARGUMENT');
    for (const wrong of ['2026-02-29', '2026-1-1', '20261120', '', '2026-11-20T00:00:00']) {
      expect(await code(compare(wrong))).toBe('INVALID_ARGUMENT');
    }
    expect(billsAsked()).toEqual([]);
    await sell('SOLD_1');
    expect(await compare(day(), 'allowed')).toMatchObject({ differences: [], bill: { payments: 1 } });
  });

  it.each([
    ['unavailable', 'GATEWAY_UNAVAILABLE'],
    ['lost-after', 'OUTCOME_UNKNOWN'],
    ['refused', 'GATEWAY_DECLINED'],
  ] as const)('that is %s ends in %s and changes nothing', async (fault, expected) => {
    world.bank.fault = () => fault;
    expect(await code(compare(day(-1)))).toBe(expected);
  });
});
