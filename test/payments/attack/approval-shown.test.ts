import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fen } from '../../../src/domain/money.ts';
import { closePayment } from '../../../src/payments/close-payment.ts';
import { createPayment } from '../../../src/payments/create-payment.ts';
import { listPayments } from '../../../src/payments/list-payments.ts';
import { queryPayment } from '../../../src/payments/query-payment.ts';
import { queryRefund } from '../../../src/payments/query-refund.ts';
import { refundPayment } from '../../../src/payments/refund-payment.ts';
import type { Call, Till } from '../../../src/payments/till.ts';
import type { Policy } from '../../../src/policy/policy.ts';
import { decide, payment, refund, World } from '../../support/world.ts';

const ASKING: Policy = { payments: { approveAboveFen: fen(0) }, refunds: { approveAboveFen: fen(0) } };
const OWN: Call = { caller: 'own', ownOrdersOnly: true };
const ALL: Call = { caller: 'all' };
const ORDER = 'ORDER_1';
let world: World;
let till: Till;
beforeEach(async () => {
  world = new World();
  till = await world.process(ASKING);
});
afterEach(() => world.end());

const make = (call: Call) => createPayment(till, call, payment({ outTradeNo: ORDER }));
const ask = (call: Call) => queryPayment(till, call, { outTradeNo: ORDER, waitSeconds: 0 });
const everything = { from: undefined, to: undefined, state: undefined, provider: undefined, limit: 10 };
const list = async (call: Call) =>
  (await listPayments(till, call, { ...everything, cursor: undefined })).items[0];
const approve = (id: string | undefined) => decide(till, id);

describe('a caller is told of its own approval', () => {
  it('although another has asked for the same since', async () => {
    const { approval } = await make(OWN);
    await approve(approval?.id);
    world.clock.advance(1_000);
    const theirs = (await make(ALL)).approval;
    expect(theirs?.caller).toBe('all');
    for (const told of [await ask(OWN), await list(OWN)]) {
      expect(told?.approval).toMatchObject({ id: approval?.id, state: 'approved' });
    }
    expect((await ask(ALL)).approval?.id).toBe(theirs?.id);
  });

  it("and never of another's where it sees only its own orders", async () => {
    const { approval } = await make(OWN);
    await approve(approval?.id);
    await make(OWN);
    world.bank.pay(ORDER);
    await ask(OWN);
    const wanted = refund({ outTradeNo: ORDER, outRefundNo: 'R1' });
    await refundPayment(till, ALL, wanted);
    const asked = { outTradeNo: ORDER, outRefundNo: 'R1' };
    expect((await queryRefund(till, OWN, asked)).approval).toBeUndefined();
    expect((await queryRefund(till, { caller: 'till' }, asked)).approval?.caller).toBe('all');
    expect((await refundPayment(till, OWN, wanted)).approval?.caller).toBe('own');
  });

  it('also by the call that withdraws it', async () => {
    await make(OWN);
    world.clock.advance(1_000);
    await make(ALL);
    expect((await closePayment(till, OWN, { outTradeNo: ORDER })).approval?.caller).toBe('own');
  });
});

it('an order of another system is taken in by rules that then are the ledger’s', async () => {
  const lax: Policy = { payments: {}, refunds: { approveAboveFen: fen(0) }, foreignOrders: 'allow' };
  const first = await world.process(lax);
  const trade = { plan: 'theirs', amountFen: fen(1000), state: 'NOTPAY' as const, refunds: new Map() };
  world.bank.trades.set('SHOP_0001', trade);
  await closePayment(first, ALL, { outTradeNo: 'SHOP_0001' });
  const accepted = await till.ledger.read((book) => book.operator.policy());
  expect(JSON.parse(accepted?.rulesJson ?? '{}')).toEqual(lax);
});
