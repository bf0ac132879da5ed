import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BEIJING_OFFSET_MS, beijingDay, DAY_MS } from '../../../src/domain/clock.ts';
import { fen } from '../../../src/domain/money.ts';
import { releaseAbsentRefunds } from '../../../src/payments/absent-refunds.ts';
import { queryRefund } from '../../../src/payments/query-refund.ts';
import { billsOf } from '../../../src/payments/reconcile.ts';
import { refundPayment } from '../../../src/payments/refund-payment.ts';
import { releaseRefund } from '../../../src/payments/release.ts';
import { runSettler } from '../../../src/payments/settler.ts';
import type { Till } from '../../../src/payments/till.ts';
import { GatewayDeclined } from '../../../src/providers/contract.ts';
import { accept, CALL, DEFAULTS, decide, NO_APPROVAL, person, refund, World } from '../../support/world.ts';

const ORDER = 'ORDER_1';
let world: World;
let till: Till;
const give = (input: Partial<Parameters<typeof refund>[0]> = {}, from = till) =>
  refundPayment(from, CALL, refund({ outTradeNo: ORDER, ...input }));
const approve = (id: string | undefined) => decide(till, id);
const known = (outRefundNo: string) => till.ledger.read((book) => book.refunds.get(ORDER, outRefundNo));

beforeEach(async () => {
  world = new World();
  till = await world.process();
  await world.sold(till, ORDER);
});
afterEach(() => world.end());

describe('a refund whose first send never arrived', () => {
  /** Lost, and from then on refused and unknown to the gateway, signed both; whether it went out is the gateway's secret. */
  const doubt = async (fault: 'lost-before' | 'lost-after') => {
    world.bank.fault = (op) => (op === 'refund' ? fault : 'none');
    await give({ outRefundNo: 'R1', refundFen: fen(600) });
    world.bank.fault = (op) => (op === 'refund' ? 'refused' : op === 'query-refund' ? 'lag' : 'none');
    for (const minutes of [1, 6, 60]) {
      world.clock.advance(minutes * 60_000);
      await expect(give({ outRefundNo: 'R1', refundFen: fen(600) })).rejects.toMatchObject({
        code: 'GATEWAY_DECLINED',
      });
      expect((await known('R1'))?.state, `${minutes} min`).toBe('UNKNOWN');
    }
  };
  const absent = async () => {
    const [provider] = till.providers.values();
    if (!provider) throw new Error('no provider');
    return releaseAbsentRefunds(till, provider, billsOf(provider));
  };

  it.each(['lost-before', 'lost-after'] as const)('keeps its sum whatever refuses it, %s', async (fault) => {
    await doubt(fault);
    await expect(give({ outRefundNo: 'R2', refundFen: fen(600) })).rejects.toMatchObject({
      code: 'REFUND_EXCEEDS_PAID',
    });
    await expect(give({ outRefundNo: 'R2', refundFen: fen(100) })).rejects.toMatchObject({
      code: 'OUTCOME_UNKNOWN',
    });
    expect(world.bank.refundedFen(ORDER)).toBeLessThanOrEqual(600);
  });

  it('is not sent again by the settler once it was refused; the same call sends it again', async () => {
    await doubt('lost-before');
    const sends = () => world.bank.calls.filter((call) => call.operation === 'refund').length;
    const before = sends();
    const stop = new AbortController();
    const settler = runSettler(till, stop.signal);
    await world.clock.sleep(2 * 3_600_000);
    stop.abort();
    await settler;
    expect(sends()).toBe(before);
    world.bank.fault = () => 'none';
    expect((await give({ outRefundNo: 'R1', refundFen: fen(600) })).refund.state).toBe('SUCCESS');
  });

  it('is freed when the bills of the day it was sent on and of the day after are whole and lack it', async () => {
    await doubt('lost-before');
    expect(await absent(), 'no bill is out').toEqual([]);
    world.clock.advance(DAY_MS);
    expect(await absent(), "the day after's is not whole").toEqual([]);
    world.clock.advance(2 * DAY_MS);
    expect(await absent()).toMatchObject([{ outRefundNo: 'R1', state: 'CLOSED' }]);
    world.bank.fault = () => 'none';
    expect((await give({ outRefundNo: 'R2', refundFen: fen(600) })).refund.state).toBe('SUCCESS');
  });

  it('is not freed when a bill has it', async () => {
    await doubt('lost-after');
    world.clock.advance(3 * DAY_MS);
    expect(await absent()).toEqual([]);
    expect((await known('R1'))?.state).toBe('UNKNOWN');
  });

  it('is not freed when the bill of the day after has it: it was on its way over midnight', async () => {
    const midnight = (beijingDay(world.clock.now()) + 1) * DAY_MS - BEIJING_OFFSET_MS;
    world.clock.advance(midnight - 10_000 - world.clock.now());
    world.bank.fault = (op) => (op === 'refund' ? 'lost-after' : 'none');
    world.bank.delay = (op) => world.clock.sleep(op === 'refund' ? 20_000 : 0);
    await give({ outRefundNo: 'R1', refundFen: fen(600) });
    world.clock.advance(3 * DAY_MS);
    expect(await absent()).toEqual([]);
  });

  it('is freed by a person, and believed all the same when it shows up later', async () => {
    await doubt('lost-after');
    const number = { outTradeNo: ORDER, outRefundNo: 'R1' };
    await releaseRefund(till.ledger, await person(till), number, world.clock.now());
    expect((await known('R1'))?.state).toBe('CLOSED');
    world.bank.fault = () => 'none';
    await queryRefund(till, CALL, number);
    expect((await known('R1'))?.state).toBe('SUCCESS');
  });

  it('is not freed by a rate limit, signed and on the first send', async () => {
    const [bank] = till.providers.values();
    if (!bank) throw new Error('no provider');
    const limited = {
      ...bank,
      sendRefund: async () => {
        throw new GatewayDeclined('rate-limited', 'FREQUENCY_LIMITED', true);
      },
    };
    const busy = { ...till, providers: new Map([[bank.id, limited]]) };
    const told = await refundPayment(busy, CALL, refund({ outTradeNo: ORDER, outRefundNo: 'R1' }));
    expect(told.refund.state).toBe('UNKNOWN');
  });
});

describe('a refund under way', () => {
  it('is not told as "no money moved" when its repetition is refused for the balance', async () => {
    world.bank.refundsProcessFirst = true;
    expect((await give({ outRefundNo: 'R1' })).refund.state).toBe('PROCESSING');
    world.bank.fault = (op) => (op === 'query-refund' ? 'lag' : op === 'refund' ? 'declined' : 'none');
    const told = await give({ outRefundNo: 'R1' }).catch((error) => error);
    expect((await known('R1'))?.state).toBe('PROCESSING');
    expect(world.bank.refundedFen(ORDER)).toBe(100);
    expect(String(told.message ?? '')).not.toMatch(/no money moved|nothing was refunded/);
  });

  it('is not sent again while another refund of the order is in doubt', async () => {
    world.bank.refundsProcessFirst = true;
    await give({ outRefundNo: 'R1' });
    world.clock.advance(3_000);
    world.bank.fault = (op) => (op === 'refund' ? 'lost-before' : 'none');
    expect((await give({ outRefundNo: 'R2', refundFen: fen(200) })).refund.state).toBe('UNKNOWN');
    const before = world.bank.calls.filter((call) => call.operation === 'refund').length;
    world.bank.fault = (op) => (op === 'query-refund' ? 'lag' : 'none');
    await give({ outRefundNo: 'R1' }).catch(() => undefined);
    expect(world.bank.calls.filter((call) => call.operation === 'refund')).toHaveLength(before);
  });
});

describe('refunds that never left this machine', () => {
  it("do not use up the gateway's number of refunds per order", async () => {
    world.bank.fault = (op) => (op === 'refund' ? 'unavailable' : 'none');
    for (let i = 0; i < 50; i++) {
      await give({ outRefundNo: `R${i}`, refundFen: fen(1) }).catch(() => undefined);
      world.clock.advance(3_000);
    }
    world.bank.fault = () => 'none';
    expect((await give({ outRefundNo: 'REAL', refundFen: fen(1000) })).refund.state).toBe('SUCCESS');
  });

  it('do not keep the next one waiting', async () => {
    world.bank.fault = (op) => (op === 'refund' ? 'unavailable' : 'none');
    await give({ outRefundNo: 'R1' }).catch(() => undefined);
    world.bank.fault = () => 'none';
    expect((await give({ outRefundNo: 'R2' })).refund.state).toBe('SUCCESS');
  });
});

describe("a person's yes", () => {
  it('that a gateway has declined is used up, also when a later try could not leave', async () => {
    await accept(till, DEFAULTS);
    const asked = await give({ outRefundNo: 'R1' });
    await approve(asked.approval?.id);
    world.bank.fault = (op) => (op === 'refund' ? 'declined' : 'none');
    await give({ outRefundNo: 'R1' }).catch(() => undefined);
    // Rules that ask nobody: this try is not the one that the yes was for.
    await accept(till, NO_APPROVAL);
    world.bank.fault = (op) => (op === 'refund' ? 'unavailable' : 'none');
    await give({ outRefundNo: 'R1' }).catch(() => undefined);
    await accept(till, DEFAULTS);
    world.bank.fault = () => 'none';
    expect((await give({ outRefundNo: 'R1' })).refund.state).toBe('PENDING_APPROVAL');
    expect(world.bank.refundedFen(ORDER)).toBe(0);
  });
});

describe('a ledger that cannot take the answer', () => {
  it('is not told as "no money moved": the request had been sent', async () => {
    let unlock = async () => {};
    world.bank.delay = async (op) => {
      if (op === 'refund') unlock = await world.lock();
    };
    const told = await give({ outRefundNo: 'R1' }).catch((error) => error);
    await unlock();
    expect(world.bank.refundedFen(ORDER)).toBe(100);
    expect(String(told.message)).not.toMatch(/no money moved|nothing was sent/);
    expect(told.code).toBe('OUTCOME_UNKNOWN');
  });

  it('loses nothing: the same number settles it', async () => {
    let unlock = async () => {};
    world.bank.delay = async (op) => {
      if (op === 'refund') unlock = await world.lock();
    };
    await give({ outRefundNo: 'R1' }).catch(() => undefined);
    await unlock();
    world.bank.delay = async () => undefined;
    world.clock.advance(35_000);
    await expect(give({ outRefundNo: 'R2' })).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    expect((await give({ outRefundNo: 'R1' })).refund.state).toBe('SUCCESS');
    expect(world.bank.refundedFen(ORDER)).toBe(100);
  });
});
