import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fen } from '../../../src/domain/money.ts';
import { refundPayment } from '../../../src/payments/refund-payment.ts';
import type { Call, Till } from '../../../src/payments/till.ts';
import { APPROVAL_TTL_MS } from '../../../src/policy/approvals.ts';
import type { Policy } from '../../../src/policy/policy.ts';
import { accept, decide, NO_APPROVAL, refund, World } from '../../support/world.ts';

const ASKING: Policy = { payments: {}, refunds: { approveAboveFen: fen(0) } };
const A: Call = { caller: 'a' };
const B: Call = { caller: 'b' };
const ORDER = 'ORDER_1';
let world: World;
let till: Till;

beforeEach(async () => {
  world = new World();
  till = await world.process();
  await world.sold(till, ORDER);
  await accept(till, ASKING);
});
afterEach(() => world.end());

const give = (call: Call, outRefundNo = 'R1', refundFen = 300) =>
  refundPayment(till, call, refund({ outTradeNo: ORDER, outRefundNo, refundFen: fen(refundFen) }));
const open = async (call: Call) =>
  (await till.ledger.read((book) => book.approvals.open(call.caller))).map(({ id }) => id);

describe("a person's yes", () => {
  it('is not taken away by another caller who asks for the same, in whatever order', async () => {
    await give(A);
    const [yes] = await open(A);
    await give(B);
    await decide(till, yes);
    for (let i = 0; i < 3; i++) {
      world.clock.advance(1);
      expect((await give(B)).refund.state).toBe('PENDING_APPROVAL');
    }
    expect(await open(B), 'one approval, however often it is asked for').toHaveLength(1);
    expect((await give(A)).refund.state).toBe('SUCCESS');
  });

  it('moves money once, also where two callers have one each', async () => {
    await give(A);
    await give(B);
    for (const id of [...(await open(A)), ...(await open(B))]) await decide(till, id);
    const told = await Promise.all([give(A), give(B), give(B), give(A)]);
    expect(told.map(({ refund: { state } }) => state)).toEqual(told.map(() => 'SUCCESS'));
    expect(world.bank.calls.filter(({ operation }) => operation === 'refund')).toHaveLength(1);
  });

  it('is found again after the clock was set back, and so is the question', async () => {
    await give(A);
    await decide(till, (await open(A))[0]);
    world.bank.fault = (op) => (op === 'refund' ? 'declined' : 'none');
    await give(A).catch(() => undefined);
    world.bank.fault = () => 'none';
    world.clock.advance(-60 * 60_000);
    for (let i = 0; i < 3; i++) expect((await give(A)).refund.state).toBe('PENDING_APPROVAL');
    const asked = await open(A);
    expect(asked, 'the yes before was used up').toHaveLength(1);
    await decide(till, asked[0]);
    expect((await give(A)).refund.state).toBe('SUCCESS');
  });

  it('is worth nothing after its time, to the millisecond, and nothing that was given back lives longer', async () => {
    await give(A);
    await decide(till, (await open(A))[0]);
    world.bank.fault = (op) => (op === 'refund' ? 'unavailable' : 'none');
    await give(A).catch(() => undefined);
    world.bank.fault = () => 'none';
    world.clock.advance(APPROVAL_TTL_MS);
    expect((await give(A)).refund.state).toBe('PENDING_APPROVAL');
    expect(world.bank.refundedFen(ORDER)).toBe(0);
  });

  it.each(['lost-before', 'lost-after', 'declined', 'declined-unsigned'] as const)(
    'is used up by a sending that was %s',
    async (fault) => {
      await give(A);
      await decide(till, (await open(A))[0]);
      world.bank.fault = (op) => (op === 'refund' ? fault : 'none');
      await give(A).catch(() => undefined);
      world.bank.fault = () => 'none';
      const events = await till.ledger.read((book) => book.audit.ofOrder(ORDER));
      expect(events.filter(({ kind }) => kind === 'approval-approved')).toHaveLength(1);
      await give(A);
      expect(world.bank.refundedFen(ORDER)).toBe(fault === 'declined' ? 0 : 300);
    },
  );

  it('is no yes under rules that have become stricter', async () => {
    await give(A);
    await decide(till, (await open(A))[0]);
    await accept(till, { ...ASKING, refunds: { ...ASKING.refunds, maxFen: fen(299) } });
    await expect(give(A)).rejects.toMatchObject({ code: 'POLICY_DENIED' });
    await accept(till, ASKING);
    expect((await give(A)).refund.state, 'and was not used up by that').toBe('SUCCESS');
  });
});

describe("a person's no", () => {
  it.each([A, B])('is final for the number, whoever asked, $caller', async (call) => {
    await give(A);
    await give(B);
    await decide(till, (await open(call))[0], false);
    await decide(till, (await open(call === A ? B : A))[0]).catch(() => undefined);
    expect((await give(A)).refund.state).toBe('DENIED');
    expect((await give(B)).refund.state).toBe('DENIED');
    expect(world.bank.refundedFen(ORDER)).toBe(0);
  });

  // The refund had been sent meanwhile under rules that ask nobody, and was declined.
  it('is final also when it comes while the refund does not wait for it', async () => {
    await give(A);
    const [asked] = await open(A);
    await accept(till, NO_APPROVAL);
    world.bank.fault = (op) => (op === 'refund' ? 'declined' : 'none');
    await give(A).catch(() => undefined);
    world.bank.fault = () => 'none';
    await decide(till, asked, false);
    expect((await give(A)).refund.state).toBe('DENIED');
    expect(world.bank.refundedFen(ORDER)).toBe(0);
  });
});
