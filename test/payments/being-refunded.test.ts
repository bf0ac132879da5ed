import { afterEach, beforeEach, expect, it } from 'vitest';
import { fen } from '../../src/domain/money.ts';
import { createPayment } from '../../src/payments/create-payment.ts';
import { queryPayment } from '../../src/payments/query-payment.ts';
import { refundPayment } from '../../src/payments/refund-payment.ts';
import type { Till } from '../../src/payments/till.ts';
import { inEnglish } from '../support/presenter.ts';
import { CALL, NO_APPROVAL, payment, refund, World } from '../support/world.ts';

const ORDER = 'ORDER_1';
const UNTIL_EXPIRED = 16 * 60_000;
let world: World;

beforeEach(() => {
  world = new World();
});
afterEach(() => world.end());

async function sold(rules = NO_APPROVAL): Promise<Till> {
  const till = await world.process(rules);
  await createPayment(till, CALL, payment({ outTradeNo: ORDER }));
  world.bank.pay(ORDER);
  await next(till);
  return till;
}
const give = (till: Till, yuan: number, outRefundNo: string) =>
  refundPayment(till, CALL, refund({ outTradeNo: ORDER, outRefundNo, refundFen: fen(yuan * 100) }));
async function next(till: Till): Promise<string> {
  const view = inEnglish(world);
  const { structured } = await view.payment(
    await queryPayment(till, CALL, { outTradeNo: ORDER, waitSeconds: 0 }),
  );
  return (structured as { nextStep: string }).nextStep;
}
const NOTHING_YET = /under way or awaits approval: deliver nothing/;

it('an order whose refund in full is in doubt is not answered with "deliver"', async () => {
  const till = await sold();
  world.bank.fault = (operation) => (operation === 'refund' ? 'lost-before' : 'none');
  expect((await give(till, 4, 'R1')).refund.state).toBe('UNKNOWN');
  expect(await next(till)).toMatch(/^Deliver now/);
  world.bank.fault = () => 'none';
  expect((await give(till, 4, 'R1')).refund.state).toBe('SUCCESS');
  world.clock.advance(60_000);
  world.bank.fault = (operation) => (operation === 'refund' ? 'lost-before' : 'none');
  expect((await give(till, 6, 'R2')).refund.state).toBe('UNKNOWN');
  expect(await next(till)).toMatch(NOTHING_YET);
  world.bank.fault = () => 'none';
  await give(till, 6, 'R2');
  expect(await next(till)).toMatch(/refunded in full/);
});

it('nor one whose refund in full awaits a person, as long as the question is open', async () => {
  const till = await sold({ ...NO_APPROVAL, refunds: { approveAboveFen: fen(0) } });
  await give(till, 10, 'R1');
  expect(await next(till)).toMatch(NOTHING_YET);
  world.clock.advance(UNTIL_EXPIRED);
  expect(await next(till)).toMatch(/^Deliver now/);
  await give(till, 4, 'R2');
  expect(await next(till)).toMatch(/^Deliver now/);
});
