import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CashierError } from '../../src/domain/errors.ts';
import { fen } from '../../src/domain/money.ts';
import { verifyAudit } from '../../src/ledger/audit-verify.ts';
import { PaidCalls } from '../../src/ledger/paid-calls.ts';
import { chooseWallet } from '../../src/payments/choose-wallet.ts';
import { closePayment } from '../../src/payments/close-payment.ts';
import { createPayment } from '../../src/payments/create-payment.ts';
import { overdueCalls } from '../../src/payments/paid-calls/overdue.ts';
import { type Priced, quoteCall } from '../../src/payments/paid-calls/quote.ts';
import {
  askCall,
  cannotDeliver,
  claimCall,
  delivered,
  EXECUTING_MS,
  releaseCall,
  storeResult,
} from '../../src/payments/paid-calls/redeem.ts';
import { runPayBacks } from '../../src/payments/pay-back.ts';
import { queryPayment } from '../../src/payments/query-payment.ts';
import { refundByPerson } from '../../src/payments/refund-by-person.ts';
import { refundPayment } from '../../src/payments/refund-payment.ts';
import type { Till } from '../../src/payments/till.ts';
import { freeze } from '../../src/policy/decisions.ts';
import type { Policy } from '../../src/policy/policy.ts';
import type { A2m } from '../../src/providers/contract.ts';
import { takenInFromBill } from '../support/forgotten.ts';
import { accept, CALL, NO_APPROVAL, payment, person, World } from '../support/world.ts';

const WEATHER: Priced = {
  ...{ face: 'http', upstream: 'http://127.0.0.1:9000', priced: 'GET /weather', title: 'weather' },
  ...{ amountFen: fen(10), repeatable: false, refundAfterMs: 3_600_000 },
};
const HASH = '0123456789abcdef'.repeat(4);
const ANSWER = {
  status: 200,
  headers: [['content-type', 'text/plain']] as const,
  body: Buffer.from('sunny'),
};
const DAY_MS = 86_400_000;
const holders = () => 'unknown' as const;

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => {
  vi.restoreAllMocks();
  return world.end();
});

const process = (policy: Policy = NO_APPROVAL) => world.process(policy);
const quote = (till: Till, priced: Partial<Priced> = {}) => quoteCall(till, { ...WEATHER, ...priced }, HASH);
/** The buyer opens the page, chooses and pays. */
async function pay(till: Till, { pageToken, pageNo }: { pageToken: string; pageNo: string }): Promise<void> {
  await chooseWallet(till, holders, pageToken, 'alipay');
  world.bank.pay(pageNo);
}
/** Quoted, paid, and known to be paid. */
async function paid(till: Till, priced: Partial<Priced> = {}) {
  const quoted = await quote(till, priced);
  await pay(till, quoted);
  const asked = await askCall(till, quoted.number);
  if (asked?.state !== 'PAID') throw new Error(`${asked?.state}`);
  return asked;
}
const owed = (till: Till, outTradeNo: string) =>
  till.ledger.read(async (book) => (await book.owed.ofOrders([outTradeNo])).get(outTradeNo) ?? []);
async function holds(till: Till): Promise<void> {
  expect(await verifyAudit(till.ledger, [])).toMatchObject({ intact: true });
}

describe('a price', () => {
  it('is a row that nobody can guess, and nothing at a gateway', async () => {
    const till = await process();
    const [one, two] = [await quote(till), await quote(till)];
    expect(one.number).toMatch(/^[0-9A-F]{32}$/);
    expect(two.number).not.toBe(one.number);
    expect(one).toMatchObject({ state: 'QUOTED', expiresAt: one.createdAt + 15 * 60_000 });
    expect(world.bank.calls).toEqual([]);
    expect(await askCall(till, one.number)).toEqual(one);
    expect(await askCall(till, 'X'.repeat(32))).toBeUndefined();
    expect(await claimCall(till, one)).toMatchObject({ todo: 'unpaid' });
  });

  it('is refused where nothing may be sold, or only by a person', async () => {
    const till = await process({ payments: { maxFen: fen(5) }, refunds: {} });
    await expect(quote(till)).rejects.toMatchObject({ code: 'POLICY_DENIED' });
    await accept(till, { payments: { approveAboveFen: fen(5) }, refunds: {} });
    await expect(quote(till)).rejects.toMatchObject({ code: 'POLICY_DENIED' });
    const small = await quote(till, { amountFen: fen(5) });
    expect(small.state).toBe('QUOTED');
    await till.ledger.write((book) => freeze(book, 'page', undefined));
    await expect(quote(till, { amountFen: fen(1) })).rejects.toMatchObject({ code: 'FROZEN' });
  });

  it('is forgotten when nobody has paid it for days, and what was answered in time', async () => {
    const till = await process();
    const quoted = await quote(till);
    const bought = await paid(till);
    const claim = await claimCall(till, bought);
    await storeResult(till, claim.call, ANSWER);
    await world.clock.sleep(10 * DAY_MS);
    await overdueCalls(till);
    expect(await askCall(till, quoted.number)).toBeUndefined();
    expect(await claimCall(till, bought)).toMatchObject({ todo: 'deliver' });
    await world.clock.sleep(181 * DAY_MS);
    await overdueCalls(till);
    expect(await claimCall(till, bought)).toMatchObject({ todo: 'gone' });
    await holds(till);
  });

  it('is not forgotten while an order of it may be paid yet, and is once that is closed', async () => {
    const till = await process();
    const [one, two] = [await quote(till), await quote(till)];
    await pay(till, one);
    await chooseWallet(till, holders, two.pageToken, 'alipay');
    // No server has run in the meantime, or the gateway has told nothing.
    await world.clock.sleep(30 * DAY_MS);
    await overdueCalls(till);
    for (const { pageNo } of [one, two])
      await queryPayment(till, CALL, { outTradeNo: pageNo, waitSeconds: 0 });
    expect(await claimCall(till, one)).toMatchObject({ todo: 'execute', call: { paidBy: one.pageNo } });
    await closePayment(till, CALL, { outTradeNo: two.pageNo });
    await overdueCalls(till);
    expect(await askCall(till, two.number)).toBeUndefined();
    await holds(till);
  });

  it('is forgotten as fast as others are told, however many there are', async () => {
    const till = await process();
    const one = await quote(till);
    await till.ledger.write(async ({ paidCalls }) => {
      for (let i = 1; i < 450; i++)
        await paidCalls.insert({ ...one, number: `N${i}`, pageToken: `T${i}`, pageNo: `P${i}` });
    });
    await world.clock.sleep(30 * DAY_MS);
    // A full round is followed by the next at once.
    for (const forgotten of [200, 200, 50, 0]) expect(await overdueCalls(till)).toBe(forgotten);
  });

  it('is not forgotten in a restored ledger before its bills are compared', async () => {
    const till = await process();
    const quoted = await quote(till);
    const at = world.clock.now();
    await till.ledger.write(async (book) => {
      await book.operator.setFreeze({ by: 'restore', reason: undefined });
      await book.operator.setRestored({ at, since: at, providers: ['alipay'], reconciled: {} });
    });
    await world.clock.sleep(30 * DAY_MS);
    await overdueCalls(till);
    expect(await askCall(till, quoted.number)).toBeDefined();
    // What a person has left open when they resumed it is compared by the servers in time.
    await till.ledger.write((book) => book.operator.setFreeze(undefined));
    await overdueCalls(till);
    expect(await askCall(till, quoted.number)).toBeUndefined();
  });
});

describe('a paid call', () => {
  it('is executed once, stored before it is told, and told the same ever after', async () => {
    const till = await process();
    const bought = await paid(till);
    const claim = await claimCall(till, bought);
    expect(claim.todo).toBe('execute');
    expect(await claimCall(await process(), bought)).toMatchObject({ todo: 'busy' });
    await storeResult(till, claim.call, ANSWER);
    for (let times = 0; times < 2; times++) {
      const again = await claimCall(await process(), bought);
      expect(again).toMatchObject({ todo: 'deliver', result: { status: 200, headers: ANSWER.headers } });
      expect('result' in again && Buffer.from(again.result.body).toString()).toBe('sunny');
      await delivered(till, bought);
    }
    expect(await askCall(till, bought.number)).toMatchObject({ state: 'DELIVERED' });
    await world.clock.sleep(DAY_MS);
    await overdueCalls(till);
    expect(await owed(till, bought.pageNo)).toEqual([]);
    await holds(till);
  });

  it('is claimed by one of many at once', async () => {
    const till = await process();
    const bought = await paid(till);
    const tills = await Promise.all([...Array(4)].map(() => process()));
    const claims = await Promise.all(tills.map((one) => claimCall(one, bought)));
    expect(claims.map(({ todo }) => todo).sort()).toEqual(['busy', 'busy', 'busy', 'execute']);
  });

  it('goes back, once, where it cannot be delivered', async () => {
    const till = await process();
    const bought = await paid(till);
    const claim = await claimCall(till, bought);
    expect(await cannotDeliver(till, claim.call, 'http-500')).toBe(true);
    expect(await cannotDeliver(till, claim.call, 'http-500')).toBe(false);
    expect(await storeResult(till, claim.call, ANSWER)).toBeUndefined();
    expect(await claimCall(till, bought)).toMatchObject({ todo: 'refunded', call: { why: 'http-500' } });
    expect(await owed(till, bought.pageNo)).toMatchObject([{ amountFen: 10, why: 'call' }]);
    await holds(till);
  });

  it('goes back where nobody has got a result in time', async () => {
    const till = await process();
    const bought = await paid(till);
    await world.clock.sleep(WEATHER.refundAfterMs - 1_000);
    await overdueCalls(till);
    expect(await askCall(till, bought.number)).toMatchObject({ state: 'PAID' });
    await world.clock.sleep(1_000);
    await overdueCalls(till);
    expect(await claimCall(till, bought)).toMatchObject({ todo: 'refunded', call: { state: 'REFUND_DUE' } });
    expect(await owed(till, bought.pageNo)).toHaveLength(1);
  });

  it('goes back in time also where nobody has looked', async () => {
    const till = await process();
    const bought = await paid(till);
    await world.clock.sleep(WEATHER.refundAfterMs);
    expect(await claimCall(till, bought)).toMatchObject({ todo: 'refunded' });
    expect(await owed(till, bought.pageNo)).toHaveLength(1);
  });

  it.each([
    [true, 'execute'],
    [false, 'refunded'],
  ])('whose executor is gone is executed again where it may be (%s)', async (repeatable, todo) => {
    const till = await process();
    const bought = await paid(till, { repeatable });
    const claim = await claimCall(till, bought);
    await world.clock.sleep(EXECUTING_MS - 1_000);
    expect(await claimCall(await process(), bought)).toMatchObject({ todo: 'busy' });
    await world.clock.sleep(1_000);
    const next = await claimCall(await process(), bought);
    expect(next.todo).toBe(todo);
    // Whoever had it before comes too late with whatever it has got.
    expect(await storeResult(till, claim.call, ANSWER)).toBeUndefined();
    expect(await owed(till, bought.pageNo)).toHaveLength(repeatable ? 0 : 1);
    if (todo === 'execute') expect(await storeResult(till, next.call, ANSWER)).toBeDefined();
    await holds(till);
  });

  it('whose executor is gone goes back by itself', async () => {
    const till = await process();
    const bought = await paid(till);
    await claimCall(till, bought);
    await world.clock.sleep(EXECUTING_MS);
    await overdueCalls(await process());
    expect(await owed(till, bought.pageNo)).toHaveLength(1);
  });

  it('that nothing can be done with keeps no other waiting, however many of them there are', async () => {
    const till = await process();
    const broken = new Set<string>();
    for (let n = 0; n < 20; n++) broken.add((await paid(till)).number);
    const bought = await paid(till, { refundAfterMs: 3_600_001 });
    const { move } = PaidCalls.prototype;
    const spy = vi.spyOn(PaidCalls.prototype, 'move').mockImplementation(function (
      this: PaidCalls,
      call,
      ...rest
    ) {
      if (broken.has(call.number)) throw new Error('broken');
      return move.call(this, call, ...rest);
    });
    await world.clock.sleep(3_600_001);
    expect(await overdueCalls(till)).toBe(0);
    expect(await overdueCalls(till)).toBe(1);
    expect(await owed(till, bought.pageNo)).toHaveLength(1);
    spy.mockRestore();
    await world.clock.sleep(60_000);
    expect(await overdueCalls(till)).toBe(20);
    await holds(till);
  });

  it('can be claimed again where nothing has reached the upstream', async () => {
    const till = await process();
    const bought = await paid(till);
    await releaseCall(till, (await claimCall(till, bought)).call);
    expect(await claimCall(till, bought)).toMatchObject({ todo: 'execute', call: { tries: 2 } });
    await holds(till);
  });

  it('is not executed any more when its money goes back by a person, wholly or in part', async () => {
    const till = await process();
    for (const [refundFen, state] of [
      [fen(10), 'REFUNDED'],
      [fen(4), 'REFUND_DUE'],
    ] as const) {
      const bought = await paid(till);
      await refundPayment(till, CALL, { outTradeNo: bought.pageNo, refundFen });
      expect(await claimCall(till, bought)).toMatchObject({ todo: 'refunded', call: { state } });
      expect(await owed(till, bought.pageNo)).toHaveLength(1);
    }
    await holds(till);
  });

  it('is refunded by no agent while it is executed, and as any sale once its result is stored', async () => {
    const till = await process();
    const bought = await paid(till);
    const claim = await claimCall(till, bought);
    const input = { outTradeNo: bought.pageNo, refundFen: fen(10) };
    const early = refundPayment(await process(), CALL, input);
    await expect(early).rejects.toMatchObject({ code: 'TRY_LATER', details: { retryAfterSeconds: 300 } });
    expect(await storeResult(till, claim.call, ANSWER)).toBeDefined();
    expect(await refundPayment(till, CALL, input)).toMatchObject({ refund: { state: 'SUCCESS' } });
    expect(await claimCall(till, bought)).toMatchObject({ todo: 'deliver' });
    expect(await owed(till, bought.pageNo)).toEqual([]);
    await holds(till);
  });

  it.each([true, false])(
    'is refunded when its executor is seen to be gone, and then executed by nobody (%s)',
    async (repeatable) => {
      const till = await process();
      const bought = await paid(till, { repeatable });
      const claim = await claimCall(till, bought);
      const input = { outTradeNo: bought.pageNo, refundFen: fen(10) };
      await world.clock.sleep(EXECUTING_MS);
      await expect(refundPayment(till, CALL, input)).rejects.toMatchObject({ code: 'TRY_LATER' });
      await overdueCalls(till);
      await refundPayment(till, CALL, input);
      expect(await storeResult(till, claim.call, ANSWER)).toBeUndefined();
      expect(await claimCall(till, bought)).toMatchObject({ todo: 'refunded', call: { state: 'REFUNDED' } });
      await holds(till);
    },
  );

  it.each([true, false])(
    'is refunded by a person at any time: executed it is delivered, and goes back once (%s)',
    async (executes) => {
      const till = await process();
      const bought = await paid(till);
      const claim = await claimCall(till, bought);
      const operator = await person(till);
      const { pageNo: outTradeNo } = bought;
      const wish = { outTradeNo, outRefundNo: 'R1', refundFen: fen(10), reason: undefined };
      const ports = { now: world.clock.now(), randomBytes: till.randomBytes };
      await till.ledger.write((book) => refundByPerson(book, operator, wish, ports));
      const [yes] = await till.ledger.read((book) => book.approvals.of(wish));
      await refundPayment(till, { caller: 'operator', approval: yes?.id ?? '' }, wish);
      if (executes) expect(await storeResult(till, claim.call, ANSWER)).toBeDefined();
      else expect(await cannotDeliver(till, claim.call, 'http-500')).toBe(true);
      const state = executes ? 'RESULT_STORED' : 'REFUNDED';
      expect(await askCall(till, bought.number)).toMatchObject({ state });
      world.serve((signal) => runPayBacks(till, signal));
      await world.clock.sleep(DAY_MS);
      expect(world.bank.refundedFen(outTradeNo)).toBe(10);
      await holds(till);
    },
  );

  it('is not executed any more when the gateway says that it was refunded elsewhere', async () => {
    const till = await process();
    const bought = await paid(till);
    await till.ledger.write(async (book) => {
      const order = await book.orders.get(bought.pageNo);
      if (order) await book.orders.patch(order, { gatewayRefunded: fen(10) });
    });
    expect(await claimCall(till, bought)).toMatchObject({ todo: 'refunded' });
  });

  it('of a restored ledger may have been executed before: what was paid by then goes back instead', async () => {
    const till = await process();
    const before = await paid(till);
    const at = world.clock.now();
    await till.ledger.write((book) =>
      book.operator.setRestored({ at, since: at - 1, providers: [], reconciled: {} }),
    );
    expect(await claimCall(till, before)).toMatchObject({ todo: 'refunded', call: { why: 'restored' } });
    expect(await owed(till, before.pageNo)).toHaveLength(1);
    await world.clock.sleep(61_000);
    expect(await claimCall(till, await paid(till))).toMatchObject({ todo: 'execute' });
    await holds(till);
  });

  describe('of which a restored ledger has forgotten the order', () => {
    /** A price that stands in the backup, paid by an order that does not, as the bill of its day says on the next. */
    const forgotten = async (way: 'pageNo' | 'weixinNo', amountFen = fen(10)) => {
      const till = await process();
      const quoted = await quote(till);
      const call = await till.ledger.write((book) =>
        book.paidCalls.patch(quoted, { weixinNo: 'C20261121120000ABCDEF0123' }),
      );
      const outTradeNo = call[way] ?? '';
      expect(await takenInFromBill(world, till, outTradeNo, amountFen)).toMatchObject({ taken: 1, open: 0 });
      return { till, call, outTradeNo };
    };
    const order = (till: Till, no: string) => till.ledger.read((book) => book.orders.get(no));

    it.each(['pageNo', 'weixinNo'] as const)('is paid by it, and its money goes back (%s)', async (way) => {
      const { till, call, outTradeNo } = await forgotten(way);
      expect(await order(till, outTradeNo)).toMatchObject({ state: 'PAID', caller: 'gate' });
      const again = chooseWallet(till, holders, call.pageToken, 'alipay');
      if (way === 'pageNo') expect(await again).toMatchObject({ order: { state: 'PAID' } });
      else await expect(again).rejects.toMatchObject({ code: 'ORDER_CLOSED' });
      expect(await claimCall(till, call)).toMatchObject({
        ...{ todo: 'refunded', call: { why: 'restored', paidBy: outTradeNo } },
      });
      world.serve((signal) => runPayBacks(till, signal));
      await world.clock.sleep(60_000);
      expect(world.bank.refundedFen(outTradeNo)).toBe(10);
      expect(await askCall(till, call.number)).toMatchObject({ state: 'REFUNDED' });
      await holds(till);
    });

    it('is paid back also where nobody asks for it', async () => {
      const { till, call, outTradeNo } = await forgotten('pageNo');
      await world.clock.sleep(WEATHER.refundAfterMs + 1);
      await overdueCalls(till);
      expect(await askCall(till, call.number)).toMatchObject({ state: 'REFUND_DUE' });
      expect(await owed(till, outTradeNo)).toHaveLength(1);
    });

    it('is not paid by another sum', async () => {
      const { till, call, outTradeNo } = await forgotten('pageNo', fen(11));
      expect(await order(till, outTradeNo)).toMatchObject({ state: 'PAID', caller: 'operator' });
      expect(await askCall(till, call.number)).toMatchObject({ state: 'QUOTED' });
      expect(await owed(till, outTradeNo)).toEqual([]);
    });
  });

  it('ends as refunded when all of it has provably gone back', async () => {
    const till = await process();
    const bought = await paid(till);
    await cannotDeliver(till, (await claimCall(till, bought)).call, 'http-500');
    const input = { outTradeNo: bought.pageNo, refundFen: fen(4), outRefundNo: 'R1' };
    await refundPayment(till, CALL, input);
    expect(await askCall(till, bought.number)).toMatchObject({ state: 'REFUND_DUE' });
    await world.clock.sleep(5_000);
    await refundPayment(till, CALL, { ...input, refundFen: fen(6), outRefundNo: 'R2' });
    expect(await askCall(till, bought.number)).toMatchObject({ state: 'REFUNDED' });
    await holds(till);
  });
});

describe('an order under a number of a call', () => {
  it.each(['pageNo', 'proofNo'] as const)(
    'that somebody else has made pays nothing of it (%s)',
    async (number) => {
      const till = await process();
      const proving = [...till.providers].map(([id, one]) => [id, { ...one, a2m: {} as A2m }] as const);
      const quoted = await quoteCall({ ...till, providers: new Map(proving) }, WEATHER, HASH, {
        ...{ serviceId: 'API_1', resourceId: '/weather' },
      });
      expect(quoted[number]).toBeDefined();
      const outTradeNo = quoted[number] ?? '';
      for (const amountFen of [fen(1), quoted.amountFen]) {
        await createPayment(till, CALL, payment({ outTradeNo, amountFen, title: quoted.title })).catch(
          () => undefined,
        );
      }
      world.bank.pay(outTradeNo);
      await queryPayment(till, CALL, { outTradeNo, waitSeconds: 0 });
      expect(await till.ledger.read((book) => book.orders.get(outTradeNo))).toMatchObject({ state: 'PAID' });
      expect(await askCall(till, quoted.number)).toMatchObject({ state: 'QUOTED', paidBy: undefined });
      expect(await owed(till, outTradeNo)).toEqual([]);
    },
  );
});

describe('a payment that comes second or too late', () => {
  it('is owed back, and the call stays as it was', async () => {
    const till = await process();
    const quoted = await quote(till);
    await chooseWallet(till, holders, quoted.pageToken, 'alipay');
    // Another way has paid it first.
    await till.ledger.write(async (book) => {
      await book.paidCalls.pay(await book.paidCalls.again(quoted), 'ELSEWHERE', till.clock.now() + 1_000_000);
    });
    world.bank.pay(quoted.pageNo);
    await queryPayment(till, CALL, { outTradeNo: quoted.pageNo, waitSeconds: 0 });
    expect(await owed(till, quoted.pageNo)).toMatchObject([{ why: 'paid-twice', amountFen: 10 }]);
    expect(await askCall(till, quoted.number)).toMatchObject({ state: 'PAID', paidBy: 'ELSEWHERE' });
    await expect(chooseWallet(till, holders, quoted.pageToken, 'alipay')).resolves.toBeDefined();
  });

  it('no order is made any more of what another way has paid', async () => {
    const till = await process();
    const quoted = await quote(till);
    await till.ledger.write(async (book) => {
      await book.paidCalls.pay(await book.paidCalls.again(quoted), 'ELSEWHERE', till.clock.now() + 1_000_000);
    });
    const choice = chooseWallet(till, holders, quoted.pageToken, 'alipay');
    await expect(choice).rejects.toMatchObject({ code: 'ORDER_CLOSED' });
    expect(world.bank.calls).toEqual([]);
  });

  it('late, it is owed back', async () => {
    const till = await process();
    const quoted = await quote(till);
    await chooseWallet(till, holders, quoted.pageToken, 'alipay');
    await world.clock.sleep(17 * 60_000);
    world.bank.pay(quoted.pageNo);
    await queryPayment(till, CALL, { outTradeNo: quoted.pageNo, waitSeconds: 0 });
    expect(await owed(till, quoted.pageNo)).toMatchObject([{ why: 'paid-twice' }]);
    expect(await askCall(till, quoted.number)).toMatchObject({ state: 'QUOTED' });
    expect(await claimCall(till, quoted)).toMatchObject({ todo: 'late' });
    // What its receipt says of it is known for good.
    await world.clock.sleep(30 * DAY_MS);
    await overdueCalls(till);
    expect(await claimCall(till, quoted)).toMatchObject({ todo: 'late' });
  });
});

it('what the rules or a pause let nobody buy is on record, of a flood by number only', async () => {
  const denied: string[] = [];
  const till = {
    ...(await world.process({ payments: { maxFen: fen(1) }, refunds: {} })),
    denied: ({ code }: CashierError) => denied.push(code),
  };
  for (let i = 0; i < 100; i++) await expect(quote(till)).rejects.toMatchObject({ code: 'POLICY_DENIED' });
  expect(denied).toHaveLength(100);
  const all = await till.ledger.read((book) => book.audit.after(0, 1_000));
  expect(all.length).toBeLessThan(50);
  expect(all.filter(({ kind }) => kind === 'result')[0]).toMatchObject({
    ...{ caller: 'gate', tool: 'gate', detail: { code: 'POLICY_DENIED', rule: 'payments.maxYuan' } },
  });
});

it('what is refused on pages of bills is on record, of a flood by number only, however many pages it has', async () => {
  const till = await process();
  for (let i = 0; i < 40; i++) {
    const { pageToken } = await quote(till);
    await chooseWallet(till, holders, pageToken, 'alipay');
    for (const other of ['wechatpay', 'unionpay'] as const)
      await expect(chooseWallet(till, holders, pageToken, other)).rejects.toBeDefined();
  }
  const all = await till.ledger.read((book) => book.audit.after(0, 10_000));
  const refused = all.filter(
    ({ kind, tool, detail }) => kind === 'result' && tool === 'choice' && detail.code,
  );
  expect(refused.length).toBe(20);
  expect(all.filter(({ kind }) => kind === 'calls-limited')).toHaveLength(1);
});

it('what somebody has changed in a row of it is found', async () => {
  const till = await process();
  const bought = await paid(till);
  await storeResult(till, (await claimCall(till, bought)).call, ANSWER);
  await holds(till);
  for (const change of ["state = 'PAID'", 'amount_fen = 11', "title = 'x'", "number = 'X'"]) {
    const store = await world.store();
    await store.write((tx) => tx.run(`UPDATE paid_calls SET ${change}`));
    await store.close();
    expect((await verifyAudit(till.ledger, [])).tables[0]).toMatchObject({ table: 'paid_calls' });
  }
});
