import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fen } from '../../src/domain/money.ts';
import { applyNotify } from '../../src/payments/apply-notify.ts';
import { createPayment } from '../../src/payments/create-payment.ts';
import { queryRefund } from '../../src/payments/query-refund.ts';
import { refundPayment } from '../../src/payments/refund-payment.ts';
import { releaseRefund } from '../../src/payments/release.ts';
import type { Till } from '../../src/payments/till.ts';
import { APPROVAL_TTL_MS } from '../../src/policy/approvals.ts';
import { freeze } from '../../src/policy/decisions.ts';
import { accept, CALL, DEFAULTS, decide, payment, person, refund, World } from '../support/world.ts';

const ORDER = 'ORDER_1';
let world: World;
let till: Till;
const sent = () => world.bank.calls.filter((call) => call.operation === 'refund').map((call) => call.number);
const give = (input: Partial<Parameters<typeof refund>[0]> = {}, from = till) =>
  refundPayment(from, CALL, refund({ outTradeNo: ORDER, ...input }));

beforeEach(async () => {
  world = new World();
  till = await world.process();
  await world.sold(till, ORDER);
});
afterEach(() => world.end());

describe('one number, one effect', () => {
  it('refunds once for the same number, and returns the first result for ever', async () => {
    const first = await give({ outRefundNo: 'R1' });
    world.clock.advance(86_400_000);
    const again = await give({ outRefundNo: 'R1' });
    expect(first).toMatchObject({ replayed: false, refund: { state: 'SUCCESS' }, refundedFen: 100 });
    expect(again).toMatchObject({ replayed: true, refund: { state: 'SUCCESS' }, refundedFen: 100 });
    expect(sent()).toEqual(['R1']);
  });

  it('takes an equal amount without a number for the same refund, a second one needs its number', async () => {
    const first = await give();
    expect((await give()).refund.outRefundNo).toBe(first.refund.outRefundNo);
    world.clock.advance(3_000);
    await give({ outRefundNo: 'R2' });
    expect(world.bank.refundedFen(ORDER)).toBe(200);
  });

  it('stands for the same refund without a number, whatever another clock has dated since', async () => {
    const first = await give();
    world.clock.advance(3_000);
    world.clock.correct(-600_000);
    await give({ outRefundNo: 'R2' });
    expect((await give()).refund.outRefundNo).toBe(first.refund.outRefundNo);
  });

  it('refuses the same number with another amount or reason', async () => {
    await give({ outRefundNo: 'R1' });
    for (const other of [{ refundFen: fen(101) }, { reason: 'other' }]) {
      await expect(give({ outRefundNo: 'R1', ...other })).rejects.toMatchObject({
        code: 'IDEMPOTENCY_CONFLICT',
      });
    }
    expect(sent()).toEqual(['R1']);
  });

  it('makes one refund of parallel identical calls in two processes', async () => {
    const other = await world.process();
    world.bank.delay = (operation) => world.clock.sleep(operation === 'refund' ? 500 : 5);
    const results = await Promise.all([till, other, till, other].map((p) => give({ outRefundNo: 'R1' }, p)));
    expect(sent()).toEqual(['R1']);
    expect(results.map((r) => r.refund.state)).toEqual(Array(4).fill('SUCCESS'));
  });
});

describe('never above what was paid', () => {
  it('refuses more than the order at once, before anything else', async () => {
    await expect(give({ refundFen: fen(1001) })).rejects.toMatchObject({
      code: 'REFUND_EXCEEDS_PAID',
      details: { paidYuan: '10.00', heldYuan: '0.00' },
    });
    expect(sent()).toEqual([]);
  });

  it('tells what is under way, however much is wanted', async () => {
    world.failing('refund', 'lost-before');
    await give({ outRefundNo: 'R1', refundFen: fen(1000) });
    await expect(give({ outRefundNo: 'R2', refundFen: fen(1001) })).rejects.toMatchObject({
      code: 'REFUND_EXCEEDS_PAID',
      details: { paidYuan: '10.00', heldYuan: '10.00' },
    });
  });

  it('does not call paid what nobody has paid', async () => {
    await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_2' }));
    const asked = give({ outTradeNo: 'ORDER_2', refundFen: fen(1001) });
    await expect(asked).rejects.toMatchObject({
      code: 'REFUND_EXCEEDS_PAID',
      text: {
        zh: '退款会超过订单金额 10.00 元，而付款未经证实；没有资金变动。',
        en: expect.stringMatching(/the order's 10\.00 yuan, of which no payment is proven/),
      },
      details: { amountYuan: '10.00' },
    });
  });

  it('refuses parallel refunds that would sum above it, from two processes', async () => {
    const other = await world.process();
    world.bank.delay = (operation) => world.clock.sleep(operation === 'refund' ? 500 : 5);
    const attempts = Array.from({ length: 10 }, (_, i) =>
      give({ outRefundNo: `R${i}`, refundFen: fen(600) }, i % 2 ? till : other),
    );
    const outcomes = await Promise.allSettled(attempts);
    expect(outcomes.filter((o) => o.status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected')
        expect(outcome.reason).toMatchObject({ code: 'REFUND_EXCEEDS_PAID' });
    }
    expect(world.bank.refundedFen(ORDER)).toBe(600);
  });

  it('keeps the sum of a refund in doubt, frees that of a declined one', async () => {
    world.failing('refund', 'lost-before');
    await give({ outRefundNo: 'R1', refundFen: fen(600) });
    await expect(give({ outRefundNo: 'R2', refundFen: fen(600) })).rejects.toMatchObject({
      code: 'REFUND_EXCEEDS_PAID',
    });
    world.failing('refund', 'declined');
    await expect(
      give({ outRefundNo: 'R1', refundFen: fen(600) }),
      'it may still be on its way',
    ).rejects.toMatchObject({
      code: 'GATEWAY_DECLINED',
    });
    await expect(give({ outRefundNo: 'R2', refundFen: fen(600) })).rejects.toMatchObject({
      code: 'REFUND_EXCEEDS_PAID',
    });
    world.clock.advance(86_400_000);
    world.failing('refund', 'declined');
    await expect(give({ outRefundNo: 'R1', refundFen: fen(600) })).rejects.toMatchObject({
      code: 'GATEWAY_DECLINED',
    });
    await expect(
      give({ outRefundNo: 'R2', refundFen: fen(600) }),
      'a refusal after a lost answer frees nothing, however late',
    ).rejects.toMatchObject({ code: 'REFUND_EXCEEDS_PAID' });
    const operator = await person(till);
    await releaseRefund(till.ledger, operator, { outTradeNo: ORDER, outRefundNo: 'R1' }, world.clock.now());
    world.clock.advance(3_000);
    expect((await give({ outRefundNo: 'R2', refundFen: fen(600) })).refund.state).toBe('SUCCESS');
  });
});

describe('no answer is not no', () => {
  it.each(['lost-before', 'lost-after'] as const)(
    'keeps a %s refund UNKNOWN, blocks another, settles by the same number',
    async (fault) => {
      world.failing('refund', fault);
      expect((await give({ outRefundNo: 'R1' })).refund.state).toBe('UNKNOWN');
      await expect(give({ outRefundNo: 'R2' })).rejects.toMatchObject({
        code: 'OUTCOME_UNKNOWN',
        details: { outRefundNo: 'R1' },
      });
      expect((await give({ outRefundNo: 'R1' })).refund.state).toBe('SUCCESS');
      expect(world.bank.refundedFen(ORDER)).toBe(100);
      expect(sent(), 'asked before it is sent again').toHaveLength(fault === 'lost-after' ? 1 : 2);
    },
  );

  it('takes a refusal of the second send for no proof about the first', async () => {
    world.failing('refund', 'lost-after');
    await give({ outRefundNo: 'R1' });
    world.bank.fault = (op) => (op === 'refund' ? 'refused' : op === 'query-refund' ? 'lag' : 'none');
    await expect(give({ outRefundNo: 'R1' })).rejects.toMatchObject({ code: 'GATEWAY_DECLINED' });
    const stands = await till.ledger.read((book) => book.refunds.get(ORDER, 'R1'));
    expect(stands?.state).toBe('UNKNOWN');
    world.bank.fault = () => 'none';
    expect((await give({ outRefundNo: 'R1' })).refund.state).toBe('SUCCESS');
    expect(world.bank.refundedFen(ORDER)).toBe(100);
  });

  it('keeps the sum after an unsigned refusal', async () => {
    world.failing('refund', 'declined-unsigned');
    await expect(give({ outRefundNo: 'R1' })).rejects.toMatchObject({ code: 'GATEWAY_DECLINED' });
    const state = await queryRefund(till, CALL, { outTradeNo: ORDER, outRefundNo: 'R1' });
    expect(state.refund.state).toBe('UNKNOWN');
  });

  it.each(['crash-before', 'crash-after'] as const)(
    'refunds once when the process dies: %s',
    async (fault) => {
      world.bank.fault = (op) => (op === 'refund' ? fault : 'none');
      void give({ outRefundNo: 'R1' });
      await expect.poll(sent).toEqual(['R1']);
      world.bank.fault = () => 'none';
      const restarted = await world.process();
      expect((await give({ outRefundNo: 'R1' }, restarted)).refund.state).toBe('SUCCESS');
      expect(world.bank.refundedFen(ORDER)).toBe(100);
    },
  );

  it('tells PROCESSING until the gateway proves it', async () => {
    world.bank.refundsProcessFirst = true;
    expect(await give({ outRefundNo: 'R1' })).toMatchObject({
      refund: { state: 'PROCESSING' },
      refundedFen: 0,
    });
    expect(await queryRefund(till, CALL, { outTradeNo: ORDER, outRefundNo: 'R1' })).toMatchObject({
      refund: { state: 'SUCCESS' },
      refundedFen: 100,
    });
  });
});

describe('a person decides', () => {
  beforeEach(async () => {
    await accept(till, DEFAULTS);
  });

  it('sends nothing before a yes, and once after it', async () => {
    const asked = await give();
    expect(asked).toMatchObject({ refund: { state: 'PENDING_APPROVAL' }, approval: { state: 'pending' } });
    expect((await give()).approval?.id).toBe(asked.approval?.id);
    expect(sent()).toEqual([]);
    await decide(till, asked.approval?.id, true);
    expect((await give()).refund.state).toBe('SUCCESS');
    expect((await give()).refund.state).toBe('SUCCESS');
    expect(sent()).toHaveLength(1);
  });

  it('is final for the number after a no', async () => {
    const asked = await give({ outRefundNo: 'R1' });
    await decide(till, asked.approval?.id, false);
    expect((await give({ outRefundNo: 'R1' })).refund.state).toBe('DENIED');
    await expect(decide(till, asked.approval?.id, true)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(sent()).toEqual([]);
  });

  it('opens a new approval when the yes came too late or ran out', async () => {
    const asked = await give({ outRefundNo: 'R1' });
    await decide(till, asked.approval?.id, true);
    world.clock.advance(APPROVAL_TTL_MS);
    const again = await give({ outRefundNo: 'R1' });
    expect(again).toMatchObject({ refund: { state: 'PENDING_APPROVAL' }, approval: { state: 'pending' } });
    expect(again.approval?.id).not.toBe(asked.approval?.id);
    await expect(decide(till, asked.approval?.id, true)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(sent()).toEqual([]);
  });

  it('reserves nothing while it waits, and checks the sum again when it is sent', async () => {
    const first = await give({ outRefundNo: 'R1', refundFen: fen(600) });
    const second = await give({ outRefundNo: 'R2', refundFen: fen(600) });
    await decide(till, first.approval?.id, true);
    await decide(till, second.approval?.id, true);
    await give({ outRefundNo: 'R1', refundFen: fen(600) });
    world.clock.advance(3_000);
    await expect(give({ outRefundNo: 'R2', refundFen: fen(600) })).rejects.toMatchObject({
      code: 'REFUND_EXCEEDS_PAID',
    });
    expect(world.bank.refundedFen(ORDER)).toBe(600);
  });

  it('uses up a yes with what is sent, but not with what could not leave', async () => {
    const asked = await give({ outRefundNo: 'R1' });
    await decide(till, asked.approval?.id, true);
    world.failing('refund', 'unavailable');
    await expect(give({ outRefundNo: 'R1' })).rejects.toMatchObject({ code: 'GATEWAY_UNAVAILABLE' });
    world.failing('refund', 'declined');
    await expect(give({ outRefundNo: 'R1' })).rejects.toMatchObject({ code: 'GATEWAY_DECLINED' });
    expect((await give({ outRefundNo: 'R1' })).refund.state).toBe('PENDING_APPROVAL');
  });

  it('keeps at most 20 open per caller', async () => {
    for (let i = 0; i < 20; i++) await give({ outRefundNo: `R${i}` });
    await expect(give({ outRefundNo: 'R20' })).rejects.toMatchObject({ code: 'TRY_LATER' });
  });
});

describe("the gateway's own rules", () => {
  it('keeps the distance between two refunds, without using up anything', async () => {
    await give({ outRefundNo: 'R1' });
    world.clock.advance(1_000);
    for (const from of [till, await world.process()]) {
      await expect(give({ outRefundNo: 'R2' }, from)).rejects.toMatchObject({
        code: 'TRY_LATER',
        details: { retryAfterSeconds: 2 },
      });
    }
    world.clock.advance(2_000);
    expect((await give({ outRefundNo: 'R2' })).refund.state).toBe('SUCCESS');
  });

  it('refuses the 51st refund and one after the window', async () => {
    for (let i = 0; i < 50; i++) {
      await give({ outRefundNo: `R${i}`, refundFen: fen(1) });
      world.clock.advance(3_000);
    }
    await expect(give({ outRefundNo: 'R50', refundFen: fen(1) })).rejects.toMatchObject({
      code: 'REFUND_NOT_ALLOWED',
    });
    world.clock.advance(366 * 86_400_000);
    await expect(give({ outRefundNo: 'R51', refundFen: fen(1) })).rejects.toMatchObject({
      code: 'REFUND_NOT_ALLOWED',
    });
  });

  it('refuses an unpaid order, but asks first', async () => {
    await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_2' }));
    await expect(give({ outTradeNo: 'ORDER_2' })).rejects.toMatchObject({ code: 'NOT_PAID' });
    world.bank.pay('ORDER_2');
    expect((await give({ outTradeNo: 'ORDER_2' })).refund.state).toBe('SUCCESS');
  });

  it('refuses an order that the ledger does not know without a call', async () => {
    const before = world.bank.calls.length;
    await expect(give({ outTradeNo: 'INVENTED_1' })).rejects.toMatchObject({ code: 'ORDER_NOT_FOUND' });
    expect(world.bank.calls.length).toBe(before);
  });
});

describe('what is sent once more by an adapter', () => {
  /** Refunds by a gateway that asks, when the first connection broke, whether it may send again. */
  async function asked(meanwhile: () => Promise<unknown>): Promise<boolean> {
    const [provider] = [...till.providers.values()];
    if (!provider) throw new Error('none');
    let answer: boolean | undefined;
    const sendRefund: typeof provider.sendRefund = async (terms, plan, mayStill) => {
      const given = await provider.sendRefund(terms, plan);
      await meanwhile();
      answer = await mayStill?.();
      return given;
    };
    const broken = { ...till, providers: new Map([[provider.id, { ...provider, sendRefund }]]) };
    await give({ outRefundNo: 'R1' }, broken);
    return answer === true;
  }

  it('leaves while it is ours to send', async () => {
    expect(await asked(async () => world.clock.advance(5_000))).toBe(true);
  });

  it('does not once the machine has slept, for others may have gone on', async () => {
    expect(await asked(async () => world.clock.advance(3_600_000))).toBe(false);
  });

  it('does not once it is known what came of it', async () => {
    const [provider] = [...till.providers.values()];
    if (!provider) throw new Error('none');
    const heard = () => applyNotify(till, provider, world.bank.notification(ORDER, 'R1'));
    expect(await asked(heard)).toBe(false);
  });

  it('does not while everything is stopped', async () => {
    expect(await asked(() => till.ledger.write((book) => freeze(book, 'page', undefined)))).toBe(false);
  });
});
