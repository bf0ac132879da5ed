import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fen } from '../../../src/domain/money.ts';
import type { Cashier } from '../../../src/payments/cashier.ts';
import { createPayment } from '../../../src/payments/create-payment.ts';
import { queryPayment } from '../../../src/payments/query-payment.ts';
import { refundPayment } from '../../../src/payments/refund-payment.ts';
import { openSqlite } from '../../../src/platform/sqlite.ts';
import { decideApproval } from '../../../src/policy/approvals.ts';
import { accept, CALL, DEFAULTS, NO_APPROVAL, payment, person, refund, World } from '../../support/world.ts';

const ORDER = 'ORDER_1';
let world: World;
let cashier: Cashier;
const give = (input: Partial<Parameters<typeof refund>[0]> = {}, from = cashier) =>
  refundPayment(from, CALL, refund({ outTradeNo: ORDER, ...input }));
const approve = async (id: string | undefined) => {
  const operator = await person(cashier);
  return cashier.ledger.write((book) =>
    decideApproval(book, operator, id ?? '', { approve: true }, world.clock.now()),
  );
};
const known = (outRefundNo: string) => cashier.ledger.read((book) => book.refund(ORDER, outRefundNo));

beforeEach(async () => {
  world = new World();
  cashier = await world.process();
  await createPayment(cashier, CALL, payment({ outTradeNo: ORDER }));
  world.bank.pay(ORDER);
  await queryPayment(cashier, CALL, { outTradeNo: ORDER, waitSeconds: 0 });
});
afterEach(() => world.end());

describe('a refund whose first send never arrived', () => {
  it('does not stay UNKNOWN for ever when the gateway provably refuses it and provably does not know it', async () => {
    world.bank.fault = (op) => (op === 'refund' ? 'lost-before' : 'none');
    await give({ outRefundNo: 'R1', refundFen: fen(600) });
    // From now on the gateway refuses every refund under this number, signed, and says it has none, signed.
    world.bank.fault = (op) => (op === 'refund' ? 'refused' : 'none');
    for (let day = 0; day < 3; day++) {
      world.clock.advance(86_400_000);
      await give({ outRefundNo: 'R1', refundFen: fen(600) }).catch(() => undefined);
    }
    expect((await known('R1'))?.state).toBe('CLOSED');
    world.bank.fault = () => 'none';
    expect((await give({ outRefundNo: 'R2', refundFen: fen(600) })).refund.state).toBe('SUCCESS');
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
    await accept(cashier, DEFAULTS);
    const asked = await give({ outRefundNo: 'R1' });
    await approve(asked.approval?.id);
    world.bank.fault = (op) => (op === 'refund' ? 'declined' : 'none');
    await give({ outRefundNo: 'R1' }).catch(() => undefined);
    // Rules that ask nobody: this try is not the one that the yes was for.
    await accept(cashier, NO_APPROVAL);
    world.bank.fault = (op) => (op === 'refund' ? 'unavailable' : 'none');
    await give({ outRefundNo: 'R1' }).catch(() => undefined);
    await accept(cashier, DEFAULTS);
    world.bank.fault = () => 'none';
    expect((await give({ outRefundNo: 'R1' })).refund.state).toBe('PENDING_APPROVAL');
    expect(world.bank.refundedFen(ORDER)).toBe(0);
  });
});

describe('a ledger that cannot take the answer', () => {
  it('is not told as "no money moved": the request had been sent', async () => {
    const blocker = await openSqlite(world.ledgerPath);
    world.bank.delay = async (op) => {
      if (op === 'refund') blocker.exec('BEGIN IMMEDIATE');
    };
    const told = await give({ outRefundNo: 'R1' }).catch((error) => error);
    blocker.exec('ROLLBACK');
    blocker.close();
    expect(world.bank.refundedFen(ORDER)).toBe(100);
    expect(String(told.message)).not.toMatch(/no money moved|nothing was sent/);
    expect(told.code).toBe('OUTCOME_UNKNOWN');
  });

  it('loses nothing: the same number settles it', async () => {
    const blocker = await openSqlite(world.ledgerPath);
    world.bank.delay = async (op) => {
      if (op === 'refund') blocker.exec('BEGIN IMMEDIATE');
    };
    await give({ outRefundNo: 'R1' }).catch(() => undefined);
    blocker.exec('ROLLBACK');
    blocker.close();
    world.bank.delay = async () => undefined;
    world.clock.advance(20_000);
    await expect(give({ outRefundNo: 'R2' })).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    expect((await give({ outRefundNo: 'R1' })).refund.state).toBe('SUCCESS');
    expect(world.bank.refundedFen(ORDER)).toBe(100);
  });
});
