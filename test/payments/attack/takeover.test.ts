import { afterEach, beforeEach, expect, it } from 'vitest';
import { fen } from '../../../src/domain/money.ts';
import { createPayment } from '../../../src/payments/create-payment.ts';
import { refundPayment } from '../../../src/payments/refund-payment.ts';
import { releaseRefund } from '../../../src/payments/release.ts';
import type { Till } from '../../../src/payments/till.ts';
import { CALL, payment, person, refund, World } from '../../support/world.ts';

/*
 * A sender may outlive its claim: one exchange of WeChat Pay may download certificates (10 s) and then send (10 s), a
 * settling call asks (10 s) and then sends (10 s), a machine sleeps; a claim runs out.
 */
const ORDER = 'ORDER_1';
const FIRST = { outTradeNo: ORDER, outRefundNo: 'R1' };
const R1 = refund({ ...FIRST, refundFen: fen(600) });
let world: World;
let slow: Till;
let other: Till;

beforeEach(async () => {
  world = new World();
  slow = await world.process();
  other = await world.process();
});
afterEach(() => world.end());

/** The first exchange of this kind is refused after 30 s; the second arrives, and is answered after 5 s. */
function slowRefusalFirst(operation: 'create' | 'refund'): void {
  let exchanges = 0;
  world.bank.fault = (op) => (op === operation && ++exchanges === 1 ? 'declined' : 'none');
  world.bank.delay = (op) => world.clock.sleep(op !== operation ? 5 : exchanges === 1 ? 30_000 : 5_000);
}

it('a late refusal says nothing about a refund that another process has sent since', async () => {
  await world.sold(slow, ORDER);
  slowRefusalFirst('refund');
  const wanted = refund({ outTradeNo: ORDER, outRefundNo: 'R1', refundFen: fen(400) });
  const outcomes = await Promise.allSettled([
    refundPayment(slow, CALL, wanted),
    world.clock.sleep(1_000).then(() => refundPayment(other, CALL, wanted)),
  ]);
  expect(world.bank.refundedFen(ORDER)).toBe(400);
  const known = await slow.ledger.read((book) => book.refunds.get(ORDER, 'R1'));
  expect(known?.state, 'the money has gone out').not.toBe('CLOSED');
  for (const outcome of outcomes) {
    const told = outcome.status === 'rejected' ? String(outcome.reason.message) : '';
    expect(told, 'nobody is told that no money moved').not.toMatch(/no money moved/);
  }
});

it('the sum of a refund that went out is not given out again', async () => {
  await world.sold(slow, ORDER);
  slowRefusalFirst('refund');
  const wanted = refund({ outTradeNo: ORDER, outRefundNo: 'R1', refundFen: fen(600) });
  await Promise.allSettled([
    refundPayment(slow, CALL, wanted),
    world.clock.sleep(1_000).then(() => refundPayment(other, CALL, wanted)),
  ]);
  world.clock.advance(10_000);
  const second = refund({ outTradeNo: ORDER, outRefundNo: 'R2', refundFen: fen(600) });
  await expect(refundPayment(slow, CALL, second)).rejects.toMatchObject({ code: 'REFUND_EXCEEDS_PAID' });
  expect(world.bank.refundedFen(ORDER), 'of 10.00 yuan paid').toBeLessThanOrEqual(1000);
});

it('a late refusal does not close an order that another process has created since', async () => {
  slowRefusalFirst('create');
  const wanted = payment({ outTradeNo: ORDER });
  const outcomes = await Promise.allSettled([
    createPayment(slow, CALL, wanted),
    world.clock.sleep(1_000).then(() => createPayment(other, CALL, wanted)),
  ]);
  expect(world.bank.trades.get(ORDER)?.state).toBe('NOTPAY');
  const known = await slow.ledger.read((book) => book.orders.get(ORDER));
  expect(known?.state).toBe('NOTPAY');
  expect(outcomes[1]).toMatchObject({ status: 'fulfilled', value: { order: { state: 'NOTPAY' } } });
});

/** Under a new number, where a person has freed the sum of the first. */
async function givenUnderAnother(): Promise<void> {
  await releaseRefund(other.ledger, await person(other), FIRST, world.clock.now());
  await refundPayment(other, CALL, { ...R1, outRefundNo: 'R2' });
}

it.each([
  ['another process has sent it', () => refundPayment(other, CALL, R1), ['R1']],
  ['a person has said that it never happened, and its sum went out since', givenUnderAnother, ['R2']],
] as const)('who slept before its send sends nothing when it wakes: %s', async (_, meanwhile, sent) => {
  await world.sold(slow, ORDER);
  world.afterCommit(() => world.clock.sleep(30_000));
  const sleeper = refundPayment(slow, CALL, R1);
  // Its claim has run out by then.
  await world.clock.sleep(27_000);
  await meanwhile();
  await sleeper;
  const sends = world.bank.calls.filter(({ operation }) => operation === 'refund');
  expect(sends.map(({ number }) => number)).toEqual(sent);
});
