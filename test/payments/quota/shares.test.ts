import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fen } from '../../../src/domain/money.ts';
import { verifyAudit } from '../../../src/ledger/audit-verify.ts';
import { applyNotify } from '../../../src/payments/apply-notify.ts';
import { attempt } from '../../../src/payments/attempt.ts';
import { closePayment } from '../../../src/payments/close-payment.ts';
import { createPayment } from '../../../src/payments/create-payment.ts';
import { queryPayment } from '../../../src/payments/query-payment.ts';
import { queryRefund } from '../../../src/payments/query-refund.ts';
import { refundPayment } from '../../../src/payments/refund-payment.ts';
import { releaseRefund } from '../../../src/payments/release.ts';
import type { Call, Till } from '../../../src/payments/till.ts';
import { budgetState, moveBudget } from '../../../src/policy/decisions.ts';
import type { Policy } from '../../../src/policy/policy.ts';
import { hasPostgres } from '../../support/postgres.ts';
import { postgresMark } from '../../support/skipped.ts';
import { accept, CALL, decide, NO_APPROVAL, payment, person, refund, World } from '../../support/world.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const A: Call = { caller: 'a' };
const B: Call = { caller: 'b' };
let world: World;
let till: Till;

beforeEach(async () => {
  world = new World();
  till = await world.process();
});
afterEach(() => world.end());

const until = (time: string) => world.clock.advance(Date.parse(`${time}+08:00`) - world.clock.now());
const pay = (input: Parameters<typeof payment>[0] = {}, call = CALL, from = till) =>
  createPayment(from, call, payment(input));
const fill = async (budget: string, amountFen: number) => {
  const operator = await person(till);
  return till.ledger.write((book) => moveBudget(book, operator, budget, amountFen, undefined));
};
const left = async (budget: string) => (await till.ledger.read((book) => budgetState(book, budget))).leftFen;
const paid = async (outTradeNo: string, amountFen = 1000, call = CALL) => {
  await pay({ outTradeNo, amountFen: fen(amountFen), title: outTradeNo }, call);
  world.bank.pay(outTradeNo);
  await queryPayment(till, call, { outTradeNo, waitSeconds: 0 });
};
const give = (outTradeNo: string, outRefundNo: string, refundFen: number, call = CALL) =>
  refundPayment(till, call, refund({ outTradeNo, outRefundNo, refundFen: fen(refundFen) }));
const denied = (rule: string) => ({ code: 'POLICY_DENIED', details: expect.objectContaining({ rule }) });

const ONE_A_DAY: Policy = { payments: { perDay: { count: 1 } }, refunds: {} };
const BUDGETED: Policy = {
  payments: {},
  refunds: {},
  clients: { a: { payments: { from: 'budget' }, refunds: { from: 'budget' } }, b: {} },
};

/** How many of them were let through. */
const passed = (calls: readonly Promise<unknown>[]) =>
  Promise.allSettled(calls).then((all) => all.filter(({ status }) => status === 'fulfilled').length);

describe('calls that share a commit', () => {
  it('have one limit between them', async () => {
    await accept(till, ONE_A_DAY);
    expect(await passed([1, 2, 3].map((i) => pay({ title: `t${i}` })))).toBe(1);
  });

  it('have one limit of refunds between them, whatever the orders', async () => {
    for (const order of ['ORDER_1', 'ORDER_2', 'ORDER_3']) await paid(order);
    await accept(till, { payments: {}, refunds: { perDay: { totalFen: fen(150) } } });
    expect(await passed([1, 2, 3].map((i) => give(`ORDER_${i}`, `R${i}`, 100)))).toBe(1);
  });

  it('have one budget between them', async () => {
    await accept(till, BUDGETED);
    await fill('a', 1500);
    expect(await passed([1, 2, 3].map((i) => pay({ title: `t${i}`, amountFen: fen(1000) }, A)))).toBe(1);
    expect(await left('a')).toBe(500);
  });
});

it.skipIf(!hasPostgres)(
  `calls of two processes on PostgreSQL have one limit between them${postgresMark(hasPostgres)}`,
  async () => {
    const shared = new World(3, 'postgres');
    const processes = [await shared.process(), await shared.process()];
    for (const from of processes) await accept(from, { payments: { perDay: { count: 3 } }, refunds: {} });
    const calls = processes.flatMap((from, i) =>
      [1, 2, 3, 4].map((n) => createPayment(from, CALL, payment({ title: `${i} ${n}` }))),
    );
    expect(await passed(calls)).toBe(3);
    await shared.end();
  },
);

it.skipIf(!hasPostgres)(
  `calls of two processes on PostgreSQL have one trail between them${postgresMark(hasPostgres)}`,
  async () => {
    const shared = new World(4, 'postgres');
    const processes = [await shared.process(), await shared.process()];
    for (let round = 0; round < 20; round++) {
      // Where nothing is added up, nothing else would keep them apart.
      const records = processes.map(({ ledger }) =>
        ledger.write((book) => book.audit.append({ kind: 'calls-limited', detail: { calls: round } })),
      );
      expect(await passed(records)).toBe(2);
    }
    const [{ ledger } = till] = processes;
    expect(await verifyAudit(ledger, [])).toMatchObject({ intact: true });
    await shared.end();
  },
);

it('the first rules of a ledger hold where others are found in the file, until a person accepts those', async () => {
  const small = await world.process({ payments: { maxFen: fen(100) }, refunds: {} });
  await pay({ amountFen: fen(100) }, CALL, small);
  for (const from of [small, till]) {
    await expect(pay({ amountFen: fen(101) }, CALL, from)).rejects.toMatchObject(denied('payments.maxYuan'));
  }
  await accept(till, NO_APPROVAL);
  for (const from of [small, till]) await pay({ amountFen: fen(101) }, CALL, from);
});

describe('what the gateway has provably declined', () => {
  it.each(['declined', 'refused', 'unavailable'] as const)('gives its share back, %s', async (fault) => {
    await accept(till, ONE_A_DAY);
    world.failing('create', fault);
    await expect(pay({ outTradeNo: 'ORDER_1' })).rejects.toMatchObject({ code: expect.any(String) });
    expect((await pay({ outTradeNo: 'ORDER_2' })).order.state).toBe('NOTPAY');
    await expect(pay({ outTradeNo: 'ORDER_1' })).rejects.toMatchObject(denied('payments.perDay.count'));
  });

  it.each(['lost-before', 'lost-after', 'declined-unsigned'] as const)(
    'but keeps it after %s',
    async (fault) => {
      await accept(till, ONE_A_DAY);
      world.failing('create', fault);
      await pay({ outTradeNo: 'ORDER_1' }).catch(() => undefined);
      await expect(pay({ outTradeNo: 'ORDER_2', title: 'b' })).rejects.toMatchObject(
        denied('payments.perDay.count'),
      );
    },
  );

  it('but a code that was given out keeps it, also when it is closed: it may be paid late', async () => {
    await accept(till, ONE_A_DAY);
    await pay({ outTradeNo: 'ORDER_1' });
    await closePayment(till, CALL, { outTradeNo: 'ORDER_1' });
    await expect(pay({ outTradeNo: 'ORDER_2' })).rejects.toMatchObject(denied('payments.perDay.count'));
    world.bank.pay('ORDER_1', { late: true });
    await queryPayment(till, CALL, { outTradeNo: 'ORDER_1', waitSeconds: 0 });
    await expect(pay({ outTradeNo: 'ORDER_2' })).rejects.toMatchObject(denied('payments.perDay.count'));
  });

  it('holds nothing when it comes again, waits for a person, and is withdrawn', async () => {
    await accept(till, { ...BUDGETED, payments: { perDay: { count: 1 } } });
    await fill('a', 1000);
    world.failing('create', 'declined');
    await pay({ outTradeNo: 'ORDER_1' }, A).catch(() => undefined);
    await accept(till, { ...BUDGETED, payments: { perDay: { count: 1 }, approveAboveFen: fen(0) } });
    expect((await pay({ outTradeNo: 'ORDER_1' }, A)).order.state).toBe('PENDING_APPROVAL');
    expect((await closePayment(till, A, { outTradeNo: 'ORDER_1' })).order.state).toBe('CLOSED');
    expect(await left('a'), 'nothing was ever sent').toBe(1000);
    await accept(till, { ...BUDGETED, payments: { perDay: { count: 1 } } });
    expect((await pay({ outTradeNo: 'ORDER_2' }, A)).order.state).toBe('NOTPAY');
  });

  it('and is denied by a person', async () => {
    await accept(till, BUDGETED);
    await fill('a', 1000);
    world.failing('create', 'declined');
    await pay({ outTradeNo: 'ORDER_1' }, A).catch(() => undefined);
    await accept(till, { ...BUDGETED, payments: { approveAboveFen: fen(0) } });
    const asked = await pay({ outTradeNo: 'ORDER_1' }, A);
    await decide(till, asked.approval?.id, false);
    expect(await left('a')).toBe(1000);
  });

  it('leaves the budget it was drawn from when another caller continues it', async () => {
    await accept(till, BUDGETED);
    await fill('a', 1000);
    world.failing('create', 'declined');
    await pay({ outTradeNo: 'ORDER_1' }, A).catch(() => undefined);
    expect((await pay({ outTradeNo: 'ORDER_1' }, B)).order.state).toBe('NOTPAY');
    expect(await left('a'), 'b has sent it, out of no budget').toBe(1000);
  });

  it('so does a refund', async () => {
    await paid('ORDER_1');
    await accept(till, BUDGETED);
    await fill('a', 300);
    world.failing('refund', 'declined');
    await give('ORDER_1', 'R1', 300, A).catch(() => undefined);
    expect(await left('a')).toBe(300);
    expect((await give('ORDER_1', 'R1', 300, B)).refund.state).toBe('SUCCESS');
    expect(await left('a'), 'b has sent it, out of no budget').toBe(300);
  });
});

describe('a window', () => {
  it('of a day ends at midnight of Beijing, to the millisecond', async () => {
    await accept(till, ONE_A_DAY);
    until('2026-11-21T23:59:59.999');
    await pay({ outTradeNo: 'ORDER_1' });
    await expect(pay({ outTradeNo: 'ORDER_2' })).rejects.toMatchObject({
      details: { rule: 'payments.perDay.count', freeAt: '2026-11-22T00:00:00+08:00' },
    });
    until('2026-11-22T00:00:00.000');
    await pay({ outTradeNo: 'ORDER_2' });
    until('2026-11-22T23:59:59.999');
    await expect(pay({ outTradeNo: 'ORDER_3' })).rejects.toMatchObject(denied('payments.perDay.count'));
  });

  it('of a minute is any 60 seconds, and ends when it says', async () => {
    await accept(till, { payments: { perMinute: { totalFen: fen(1000) } }, refunds: {} });
    await pay({ outTradeNo: 'ORDER_1', amountFen: fen(600) });
    world.clock.advance(30_000);
    await pay({ outTradeNo: 'ORDER_2', amountFen: fen(400) });
    const free = Math.ceil((world.clock.now() + 30_000) / 1000) * 1000;
    const refused = await pay({ outTradeNo: 'ORDER_3', amountFen: fen(600) }).catch((error) => error);
    expect(Date.parse(refused.details.freeAt)).toBe(free);
    world.clock.advance(29_999);
    await expect(pay({ outTradeNo: 'ORDER_3', amountFen: fen(600) })).rejects.toMatchObject(
      denied('payments.perMinute.totalYuan'),
    );
    world.clock.advance(1);
    expect((await pay({ outTradeNo: 'ORDER_3', amountFen: fen(600) })).order.state).toBe('NOTPAY');
  });

  it.each([
    ['a minute', { perMinute: { count: 1 } }, 59_000],
    ['a day', { perDay: { count: 1 } }, 15 * HOUR_MS],
  ])('of %s is no wider for a clock that was set back', async (_, payments, back) => {
    await accept(till, { payments, refunds: {} });
    await pay({ outTradeNo: 'ORDER_1' });
    world.clock.advance(-back);
    await expect(pay({ outTradeNo: 'ORDER_2' })).rejects.toMatchObject({ code: 'POLICY_DENIED' });
    world.clock.advance(back);
    await expect(pay({ outTradeNo: 'ORDER_2' })).rejects.toMatchObject({ code: 'POLICY_DENIED' });
  });

  it('counts a re-opened call on the day on which it was sent', async () => {
    await accept(till, ONE_A_DAY);
    world.failing('create', 'declined');
    await pay({ outTradeNo: 'ORDER_1' }).catch(() => undefined);
    world.clock.advance(24 * HOUR_MS);
    await pay({ outTradeNo: 'ORDER_1' });
    await expect(pay({ outTradeNo: 'ORDER_2' })).rejects.toMatchObject(denied('payments.perDay.count'));
  });

  it('is not drawn on again by what is sent again: lost answers, links renewed, buyers who repeat', async () => {
    await accept(till, ONE_A_DAY);
    world.failing('create', 'lost-before');
    await pay({ buyer: 'alice' });
    for (let i = 0; i < 3; i++) expect((await pay({ buyer: 'alice' })).order.state).toBe('NOTPAY');
    expect(world.bank.trades.size).toBe(1);
    await expect(pay({ buyer: 'bob' })).rejects.toMatchObject(denied('payments.perDay.count'));
  });
});

describe('limits of one caller', () => {
  const policy: Policy = {
    payments: { perDay: { count: 3 } },
    refunds: {},
    clients: { a: { payments: { perDay: { count: 1 } } }, cursor: { payments: { perDay: { count: 1 } } } },
  };

  it('go by who has it sent, not by who has asked first', async () => {
    await accept(till, { ...policy, payments: { ...policy.payments, approveAboveFen: fen(0) } });
    const asked = await pay({ outTradeNo: 'ORDER_1' }, B);
    await decide(till, asked.approval?.id);
    const again = await pay({ outTradeNo: 'ORDER_1' }, A);
    expect(again.order.state, "b's yes is not a's").toBe('PENDING_APPROVAL');
    const [mine] = await till.ledger.read((book) => book.approvals.open('a'));
    await decide(till, mine?.id);
    expect((await pay({ outTradeNo: 'ORDER_1' }, A)).order.state).toBe('NOTPAY');
    await expect(pay({ outTradeNo: 'ORDER_2' }, A)).rejects.toMatchObject(
      denied('clients.a.payments.perDay.count'),
    );
  });

  it('of a program hold for all who call themselves so, and theirs for everybody', async () => {
    await accept(till, policy);
    await pay({ outTradeNo: 'ORDER_1' }, { caller: 'x', client: 'cursor' });
    await expect(pay({ outTradeNo: 'ORDER_2' }, { caller: 'y', client: 'cursor' })).rejects.toMatchObject(
      denied('clients.cursor.payments.perDay.count'),
    );
    await pay({ outTradeNo: 'ORDER_2' }, A);
    await pay({ outTradeNo: 'ORDER_3' }, B);
    await expect(pay({ outTradeNo: 'ORDER_4' }, B)).rejects.toMatchObject(denied('payments.perDay.count'));
  });
});

describe('a refund that was taken for declined and went out', () => {
  const lie = async () => {
    await paid('ORDER_1');
    world.failing('refund', 'lost-after');
    await give('ORDER_1', 'R1', 600, A);
    world.clock.advance(6 * MINUTE_MS);
    const number = { outTradeNo: 'ORDER_1', outRefundNo: 'R1' };
    await releaseRefund(till.ledger, await person(till), number, world.clock.now());
    world.bank.fault = () => 'none';
    expect(world.bank.refundedFen('ORDER_1')).toBe(600);
  };
  const notify = async () => {
    const [provider] = till.providers.values();
    if (!provider) throw new Error('no provider');
    await applyNotify(till, provider, world.bank.notification('ORDER_1', 'R1'));
  };
  const state = async () => (await till.ledger.read((book) => book.refunds.get('ORDER_1', 'R1')))?.state;

  it('takes its share of limits and budgets again, below zero if need be', async () => {
    await accept(till, { ...BUDGETED, refunds: { perDay: { totalFen: fen(700) } } });
    await fill('a', 600);
    await lie();
    expect(await left('a')).toBe(600);
    await paid('ORDER_2');
    await give('ORDER_2', 'R2', 600, A);
    await notify();
    expect(await left('a')).toBe(-600);
    await expect(give('ORDER_2', 'R3', 1, B)).rejects.toMatchObject(denied('refunds.perDay.totalYuan'));
    await fill('a', 600);
    expect(await left('a')).toBe(0);
  });

  it.each(['asked', 'denied'] as const)('is believed also when it is %s about by then', async (decision) => {
    await lie();
    await accept(till, { ...NO_APPROVAL, refunds: { approveAboveFen: fen(0) } });
    const asked = await give('ORDER_1', 'R1', 600, A);
    expect(asked.refund.state).toBe('PENDING_APPROVAL');
    if (decision === 'denied') await decide(till, asked.approval?.id, false);
    await notify();
    expect(await state(), 'paid means proven, and so does refunded').toBe('SUCCESS');
    const second = give('ORDER_1', 'R2', 600, A);
    await expect(second).rejects.toMatchObject({ code: 'REFUND_EXCEEDS_PAID' });
  });

  it('is found by a question too', async () => {
    await lie();
    await accept(till, { ...NO_APPROVAL, refunds: { approveAboveFen: fen(0) } });
    await give('ORDER_1', 'R1', 600, A);
    await queryRefund(till, A, { outTradeNo: 'ORDER_1', outRefundNo: 'R1' });
    expect(await state()).toBe('SUCCESS');
  });
});

describe('budgets', () => {
  it('are drawn down to what is left, also while calls run, and no further', async () => {
    await paid('ORDER_1');
    await accept(till, BUDGETED);
    await fill('a', 1000);
    world.bank.delay = () => world.clock.sleep(5_000);
    const running = give('ORDER_1', 'R1', 600, A);
    await world.clock.sleep(1_000);
    await expect(fill('a', -401)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect((await fill('a', -400)).leftFen).toBe(0);
    expect((await running).refund.state).toBe('SUCCESS');
    world.clock.advance(MINUTE_MS);
    await expect(give('ORDER_1', 'R2', 1, A)).rejects.toMatchObject(denied('clients.a.refunds.from'));
  });

  it('are drawn on by who has their name, and by no other named caller that calls itself so', async () => {
    await paid('ORDER_1');
    await accept(till, BUDGETED);
    await fill('a', 1000);
    const nameless = { caller: 'stdio', client: 'a' };
    const other = { caller: 'b', named: true, client: 'a' };
    await expect(give('ORDER_1', 'R1', 1, other)).rejects.toMatchObject(denied('clients.a.refunds.from'));
    expect((await give('ORDER_1', 'R2', 1, nameless)).refund.state).toBe('SUCCESS');
  });

  it('have nothing in them until a person has put it there', async () => {
    await accept(till, BUDGETED);
    await expect(pay({ amountFen: fen(1) }, A)).rejects.toMatchObject(denied('clients.a.payments.from'));
  });
});

describe('the first policy', () => {
  it('holds from the first decision on, also when that was a denial', async () => {
    const strict = await world.process({ payments: { maxFen: fen(1) }, refunds: {} });
    const call = { tool: 'create-payment', args: {}, meta: undefined };
    const refused = attempt(
      strict,
      CALL,
      call,
      (own) => pay({}, CALL, own.till),
      () => ({}),
    );
    await expect(refused).rejects.toMatchObject(denied('payments.maxYuan'));
    const loose = await world.process(NO_APPROVAL);
    await expect(pay({}, CALL, loose)).rejects.toMatchObject(denied('payments.maxYuan'));
  });
});

describe('a refusal', () => {
  it.each([
    [{ maxFen: fen(900) }, '上限 9.00 元，本次 10.00 元', 'limit 9.00 yuan, this call 10.00 yuan'],
    [{ perDay: { count: 0 } }, '上限 0 笔，已用 0 笔', 'limit 0, used 0'],
    [{ perDay: { totalFen: fen(500) } }, '上限 5.00 元，已用 0.00 元', 'limit 5.00 yuan, used 0.00 yuan'],
    [{ scenes: ['web'] }, '只允许 web，本次 qr', 'only web, this call qr'],
  ] as const)('says every sum with its unit: %j', async (payments, zh, en) => {
    await accept(till, { payments, refunds: {} });
    const text = { zh: expect.stringContaining(zh), en: expect.stringContaining(en) };
    await expect(pay({ amountFen: fen(1000) })).rejects.toMatchObject({ code: 'POLICY_DENIED', text });
  });
});
