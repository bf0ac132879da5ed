import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fen } from '../../src/domain/money.ts';
import { applyNotify } from '../../src/payments/apply-notify.ts';
import { closePayment } from '../../src/payments/close-payment.ts';
import { createPayment } from '../../src/payments/create-payment.ts';
import { listPayments } from '../../src/payments/list-payments.ts';
import { queryPayment } from '../../src/payments/query-payment.ts';
import type { Till } from '../../src/payments/till.ts';
import { CALL, DEFAULTS, NO_APPROVAL, payment, World } from '../support/world.ts';

let world: World;
let till: Till;
const count = (operation: string) => world.bank.calls.filter((call) => call.operation === operation).length;
const query = (outTradeNo: string, waitSeconds = 0) => queryPayment(till, CALL, { outTradeNo, waitSeconds });
/** Lets the first `times` exchanges of this operation go wrong. */

beforeEach(async () => {
  world = new World();
  till = await world.process();
});
afterEach(() => world.end());

describe('one number, one effect', () => {
  it('returns the first payment for the same number and arguments, and sends once', async () => {
    const first = await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_1' }));
    const again = await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_1' }));
    expect(first).toMatchObject({
      replayed: false,
      order: { state: 'NOTPAY', credential: { qrCode: 'bank://ORDER_1' } },
    });
    expect(again).toMatchObject({
      replayed: true,
      order: { state: 'NOTPAY', credential: { qrCode: 'bank://ORDER_1' } },
    });
    expect(count('create')).toBe(1);
  });

  it.each([
    ['amount', payment({ outTradeNo: 'ORDER_1', amountFen: fen(1001) })],
    ['title', payment({ outTradeNo: 'ORDER_1', title: 'other' })],
    ['expiry', payment({ outTradeNo: 'ORDER_1', expiresInMinutes: 31 })],
    ['buyer', payment({ outTradeNo: 'ORDER_1', buyer: 'b' })],
    ['scene', payment({ outTradeNo: 'ORDER_1', scene: 'web' })],
  ])('refuses the same number with another %s', async (_what, other) => {
    await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_1' }));
    await expect(createPayment(till, CALL, other)).rejects.toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
    expect(count('create')).toBe(1);
  });

  it('refuses what is to last for longer than the gateway lets it, which may be less than a day', async () => {
    const [wallet] = till.providers.values();
    const short = { ...till, providers: new Map([['alipay', { ...wallet, maxExpiryMinutes: 900 }]]) } as Till;
    const lasting = (expiresInMinutes: number) =>
      createPayment(short, CALL, payment({ outTradeNo: 'ORDER_1', expiresInMinutes }));
    await expect(lasting(901)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('900'),
      details: { argument: 'expiresInMinutes', max: 900 },
    });
    expect((await lasting(900)).replayed).toBe(false);
  });

  it('makes one gateway order of parallel identical calls in two processes', async () => {
    const other = await world.process();
    world.bank.delay = (operation) => world.clock.sleep(operation === 'create' ? 500 : 5);
    const results = await Promise.all(
      [till, other, till, other].map((p) => createPayment(p, CALL, payment({ outTradeNo: 'ORDER_1' }))),
    );
    expect(count('create')).toBe(1);
    expect(results.map((r) => r.order.credential.qrCode)).toEqual(Array(4).fill('bank://ORDER_1'));
    expect(results.filter((r) => !r.replayed)).toHaveLength(1);
  });

  it('recognises a buyer until the payment is final, and gives two buyers two codes', async () => {
    const first = await createPayment(till, CALL, payment({ buyer: 'alice' }));
    const again = await createPayment(till, CALL, payment({ buyer: 'alice' }));
    const other = await createPayment(till, CALL, payment({ buyer: 'bob' }));
    expect(again.order.outTradeNo).toBe(first.order.outTradeNo);
    expect(other.order.outTradeNo).not.toBe(first.order.outTradeNo);
    world.bank.pay(first.order.outTradeNo);
    expect((await query(first.order.outTradeNo)).order.state).toBe('PAID');
    const next = await createPayment(till, CALL, payment({ buyer: 'alice' }));
    expect(next).toMatchObject({ replayed: false });
    expect(next.order.outTradeNo).not.toBe(first.order.outTradeNo);
  });

  it('opens a new payment for a buyer whose first has run out unpaid, once the gateway has closed that one', async () => {
    const wish = payment({ buyer: 'alice', expiresInMinutes: 1 });
    const first = await createPayment(till, CALL, wish);
    await world.clock.sleep(2 * 60_000);
    const next = await createPayment(till, CALL, wish);
    expect(next).toMatchObject({ order: { state: 'NOTPAY' }, replayed: false });
    expect(next.order.outTradeNo).not.toBe(first.order.outTradeNo);
    expect(world.bank.trades.get(first.order.outTradeNo)?.state).toBe('CLOSED');
  });

  it('keeps of a buyer a fingerprint that is another in another ledger, so that nobody finds them by trying', async () => {
    const elsewhere = new World(2);
    const there = await elsewhere.process();
    const [here, other] = [till, there].map(async (from) => {
      const { order } = await createPayment(from, CALL, payment({ buyer: '13800138000' }));
      return order.buyerHash;
    });
    expect(await here).toMatch(/^[0-9a-f]{64}$/);
    expect(await here).not.toBe(await other);
    await elsewhere.end();
  });

  it('opens a new payment for every call that names neither number nor buyer', async () => {
    const [a, b] = await Promise.all([
      createPayment(till, CALL, payment()),
      createPayment(till, CALL, payment()),
    ]);
    expect(a.order.outTradeNo).not.toBe(b.order.outTradeNo);
    expect(a.order.outTradeNo).toMatch(/^C20261121143005[0-9A-F]{10}$/);
  });

  it('keeps orders of other callers apart where callers are apart', async () => {
    await createPayment(till, { caller: 'a', ownOrdersOnly: true }, payment({ outTradeNo: 'ORDER_1' }));
    const b = { caller: 'b', ownOrdersOnly: true };
    await expect(createPayment(till, b, payment({ outTradeNo: 'ORDER_1' }))).rejects.toMatchObject({
      code: 'IDEMPOTENCY_CONFLICT',
    });
    await expect(queryPayment(till, b, { outTradeNo: 'ORDER_1', waitSeconds: 0 })).rejects.toMatchObject({
      code: 'ORDER_NOT_FOUND',
    });
    expect(await listPayments(till, b, { limit: 10 })).toMatchObject({ items: [], totals: { count: 0 } });
  });

  it('lists no days that end before they begin, which would read as nothing sold', async () => {
    const list = (from: string, to: string) => listPayments(till, CALL, { limit: 10, from, to });
    await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_1' }));
    await expect(list('2026-11-21', '2026-11-20')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(await list('2026-11-21', '2026-11-21')).toMatchObject({ totals: { count: 1 } });
  });
});

describe('no answer is not no', () => {
  it.each(['lost-before', 'lost-after'] as const)(
    'keeps a %s create UNKNOWN and settles it by the same number',
    async (fault) => {
      world.failing('create', fault);
      const first = await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_1' }));
      expect(first.order).toMatchObject({ state: 'UNKNOWN', credential: {} });
      const again = await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_1' }));
      expect(again).toMatchObject({
        replayed: true,
        order: { state: 'NOTPAY', credential: { qrCode: 'bank://ORDER_1' } },
      });
      expect(world.bank.trades.size).toBe(1);
    },
  );

  it('sends byte-identical bytes again, with the first expiry', async () => {
    world.failing('create', 'lost-before');
    const first = await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_1' }));
    world.clock.advance(60_000);
    await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_1' }));
    expect(world.bank.trades.get('ORDER_1')?.plan).toBe(first.order.plan);
  });

  it('blocks its own number and its own buyer, and nobody else who buys the same thing', async () => {
    const lost = { create: 'lost-before', query: 'lost-before' } as const;
    const silent = () => {
      world.bank.fault = (op) => (op === 'create' || op === 'query' ? lost[op] : 'none');
    };
    const clear = () => {
      world.bank.fault = () => 'none';
    };
    world.failing('create', 'lost-before');
    const first = await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_1', buyer: 'alice' }));
    expect(first.order.state).toBe('UNKNOWN');
    silent();
    await expect(createPayment(till, CALL, payment({ buyer: 'alice' }))).resolves.toMatchObject({
      order: { state: 'UNKNOWN', outTradeNo: 'ORDER_1' },
      replayed: true,
    });
    const other = payment({ outTradeNo: 'ORDER_2', buyer: 'alice' });
    await expect(createPayment(till, CALL, other)).rejects.toMatchObject({
      code: 'OUTCOME_UNKNOWN',
      details: { outTradeNo: 'ORDER_1' },
    });
    clear();
    for (const free of [
      payment(),
      payment(),
      payment({ outTradeNo: 'ORDER_3' }),
      payment({ buyer: 'bob' }),
      payment({ outTradeNo: 'ORDER_4', buyer: 'carol' }),
    ]) {
      expect((await createPayment(till, CALL, free)).order.state).toBe('NOTPAY');
    }
  });

  it('without number and buyer blocks nobody at all', async () => {
    world.failing('create', 'lost-before');
    expect((await createPayment(till, CALL, payment())).order.state).toBe('UNKNOWN');
    world.bank.fault = (op) => (op === 'query' ? 'lost-before' : 'none');
    expect((await createPayment(till, CALL, payment())).order.state).toBe('NOTPAY');
  });

  it("settles the buyer's one in doubt by asking before it blocks another", async () => {
    world.failing('create', 'lost-after');
    await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_1', buyer: 'alice' }));
    const second = await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_2', buyer: 'alice' }));
    expect(second.order.state).toBe('NOTPAY');
  });

  it('gives the code of an order that a query has settled meanwhile', async () => {
    world.failing('create', 'lost-after');
    await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_1' }));
    expect((await query('ORDER_1')).order).toMatchObject({ state: 'NOTPAY', credential: {} });
    const again = await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_1' }));
    expect(again.order.credential).toEqual({ qrCode: 'bank://ORDER_1' });
  });

  it('closes a create that never arrived five minutes after its expiry, not before', async () => {
    world.bank.fault = (op) => (op === 'create' ? 'lost-before' : 'none');
    await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_1', expiresInMinutes: 1 }));
    world.clock.advance(6 * 60_000 - 6_000);
    expect((await query('ORDER_1')).order.state).toBe('UNKNOWN');
    world.clock.advance(7_000);
    expect((await query('ORDER_1')).order.state).toBe('CLOSED');
  });

  it('finds the truth after the process died before or after the gateway acted', async () => {
    for (const [number, fault] of [
      ['CRASH_1', 'crash-before'],
      ['CRASH_2', 'crash-after'],
    ] as const) {
      world.bank.fault = (op) => (op === 'create' ? fault : 'none');
      void createPayment(till, CALL, payment({ outTradeNo: number, title: number }));
      const restarted = await world.process();
      await expect.poll(() => world.bank.calls.some((c) => c.number === number)).toBe(true);
      world.bank.fault = () => 'none';
      const again = await createPayment(restarted, CALL, payment({ outTradeNo: number, title: number }));
      expect(again.order).toMatchObject({ state: 'NOTPAY', credential: { qrCode: `bank://${number}` } });
      till = restarted;
    }
    expect(world.bank.trades.size).toBe(2);
  });

  it('does not call it failed when the connection could not be made, and sends on repeat', async () => {
    world.failing('create', 'unavailable');
    const input = payment({ outTradeNo: 'ORDER_1' });
    await expect(createPayment(till, CALL, input)).rejects.toMatchObject({
      code: 'GATEWAY_UNAVAILABLE',
      retryable: true,
    });
    expect(await createPayment(till, CALL, input)).toMatchObject({
      replayed: true,
      order: { state: 'NOTPAY' },
    });
  });
});

describe('the gateway says no', () => {
  it('ends a provably declined order, and sends it again when the same call comes again', async () => {
    world.failing('create', 'declined');
    const input = payment({ outTradeNo: 'ORDER_1' });
    await expect(createPayment(till, CALL, input)).rejects.toMatchObject({
      code: 'GATEWAY_DECLINED',
      details: { gatewayCode: 'BANK_SAYS_NO', requestId: 'req-1', outTradeNo: 'ORDER_1' },
    });
    expect((await query('ORDER_1')).order.state).toBe('CLOSED');
    expect(await createPayment(till, CALL, input)).toMatchObject({ order: { state: 'NOTPAY' } });
  });

  it('believes no unsigned refusal about the order itself', async () => {
    world.failing('create', 'declined-unsigned');
    const input = payment({ outTradeNo: 'ORDER_1' });
    await expect(createPayment(till, CALL, input)).rejects.toMatchObject({ code: 'GATEWAY_DECLINED' });
    expect((await query('ORDER_1')).order.state).toBe('UNKNOWN');
    expect(await createPayment(till, CALL, input)).toMatchObject({ order: { state: 'NOTPAY' } });
  });
});

describe('rules', () => {
  it('refuses above 5,000 yuan without a policy file, and keeps nothing of it', async () => {
    till = await world.process(DEFAULTS);
    await expect(createPayment(till, CALL, payment({ amountFen: fen(500_001) }))).rejects.toMatchObject({
      code: 'POLICY_DENIED',
      details: { rule: 'payments.maxYuan', limit: '5000.00', used: '5000.01' },
    });
    expect(world.bank.calls).toEqual([]);
    expect(await till.ledger.read((book) => book.orders.list({}, 10))).toEqual([]);
  });

  it('waits for a person above the threshold and sends only after a yes', async () => {
    till = await world.process({ ...NO_APPROVAL, payments: { approveAboveFen: fen(999) } });
    const first = await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_1' }));
    expect(first).toMatchObject({ order: { state: 'PENDING_APPROVAL' }, approval: { state: 'pending' } });
    expect(world.bank.calls).toEqual([]);
    const close = () => closePayment(till, CALL, { outTradeNo: 'ORDER_1' });
    expect(await close()).toMatchObject({ order: { state: 'CLOSED' }, replayed: false });
    expect(await close()).toMatchObject({ order: { state: 'CLOSED' }, replayed: true });
  });

  it('closes at once, and says so once, what was sent in vain and nobody has a code of', async () => {
    world.bank.fault = (operation) => (operation === 'create' ? 'lost-before' : 'none');
    expect(await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_1' }))).toMatchObject({
      order: { state: 'UNKNOWN' },
    });
    const close = () => closePayment(till, CALL, { outTradeNo: 'ORDER_1' });
    expect(await close()).toMatchObject({ order: { state: 'CLOSED' }, replayed: false });
    expect(await close()).toMatchObject({ order: { state: 'CLOSED' }, replayed: true });
  });
});

describe('paid means proven', () => {
  it('waits for the payment and answers as soon as it is there', async () => {
    const { order } = await createPayment(till, CALL, payment());
    const waiting = query(order.outTradeNo, 50);
    void world.clock.sleep(9_000).then(() => world.bank.pay(order.outTradeNo));
    const startedAt = world.clock.now();
    expect((await waiting).order).toMatchObject({ state: 'PAID', source: 'query' });
    expect(world.clock.now() - startedAt).toBeLessThanOrEqual(11_000);
  });

  it('answers a waiting client within 300 ms of a notification, in this process or another', async () => {
    for (const receiver of [till, await world.process()]) {
      const { order } = await createPayment(
        till,
        CALL,
        payment({ outTradeNo: `ORDER_${world.clock.now()}` }),
      );
      const waiting = query(order.outTradeNo, 50);
      await world.clock.sleep(10_700);
      world.bank.pay(order.outTradeNo);
      const provider = [...receiver.providers.values()][0];
      if (!provider) throw new Error('no provider');
      const paidAt = world.clock.now();
      await applyNotify(receiver, provider, world.bank.notification(order.outTradeNo));
      expect((await waiting).order).toMatchObject({ state: 'PAID', source: 'notify' });
      expect(world.clock.now() - paidAt).toBeLessThan(300);
    }
  });

  it.each([
    ['as it asks for, less what its call has stood in line', 40_000, 10_000],
    ['not at all, where its call has stood in line for longer', 60_000, 0],
    ['no longer, where the clock was set back meanwhile', -3_600_000, 50_000],
  ])('waits %s', async (_what, stoodInLine, ms) => {
    const { order } = await createPayment(till, CALL, payment());
    const startedAt = world.clock.now();
    const call = { ...CALL, arrivedAt: startedAt - stoodInLine };
    await queryPayment(till, call, { outTradeNo: order.outTradeNo, waitSeconds: 50 });
    expect(world.clock.now() - startedAt).toBe(ms);
  });

  it('stops waiting when the client gives up, and tells it how the time goes', async () => {
    const { order } = await createPayment(till, CALL, payment());
    const stop = new AbortController();
    const progress: number[] = [];
    const waiting = queryPayment(
      till,
      { ...CALL, signal: stop.signal, progress: async (seconds) => void progress.push(seconds) },
      { outTradeNo: order.outTradeNo, waitSeconds: 50 },
    );
    const startedAt = world.clock.now();
    await world.clock.sleep(6_900);
    stop.abort();
    expect((await waiting).order.state).toBe('NOTPAY');
    expect(world.clock.now() - startedAt).toBeLessThan(7_000);
    expect(progress).toEqual([0, 2, 4, 6]);
  });

  it('takes a late payment of a closed order, and says so', async () => {
    const { order } = await createPayment(till, CALL, payment());
    expect((await closePayment(till, CALL, { outTradeNo: order.outTradeNo })).order.state).toBe('CLOSED');
    world.bank.pay(order.outTradeNo, { late: true });
    expect((await query(order.outTradeNo)).order).toMatchObject({ state: 'PAID', late: true });
  });

  it('never believes another amount or account', async () => {
    const { order } = await createPayment(till, CALL, payment());
    world.bank.pay(order.outTradeNo);
    const trade = world.bank.trades.get(order.outTradeNo);
    if (trade) trade.amountFen = fen(1);
    expect((await query(order.outTradeNo)).order.state).toBe('NOTPAY');
    const events = await till.ledger.read((book) => book.audit.ofOrder(order.outTradeNo));
    expect(events.map((event) => event.kind)).toContain('alarm-foreign-trade');
  });

  it('never believes an answer about another account', async () => {
    const { order } = await createPayment(till, CALL, payment());
    world.bank.pay(order.outTradeNo);
    world.bank.answersFor = 'bank 2';
    expect((await query(order.outTradeNo)).order.state).toBe('NOTPAY');
    world.bank.answersFor = undefined;
    expect((await query(order.outTradeNo)).order.state).toBe('PAID');
  });

  it('refuses an order of another account than the configured one', async () => {
    const { order } = await createPayment(till, CALL, payment());
    const elsewhere = await world.process(NO_APPROVAL, 'bank 2');
    await expect(
      queryPayment(elsewhere, CALL, { outTradeNo: order.outTradeNo, waitSeconds: 0 }),
    ).rejects.toMatchObject({ code: 'CONFIGURATION' });
  });

  it.each(['lost-before', 'unavailable', 'declined-unsigned'] as const)(
    'changes nothing when a query is %s',
    async (fault) => {
      const { order } = await createPayment(till, CALL, payment());
      world.failing('query', fault);
      await expect(query(order.outTradeNo)).rejects.toMatchObject({ details: { state: 'NOTPAY' } });
      expect((await query(order.outTradeNo)).order.state).toBe('NOTPAY');
    },
  );
});

describe('close', () => {
  it('refuses a paid order', async () => {
    const { order } = await createPayment(till, CALL, payment());
    world.bank.pay(order.outTradeNo);
    await expect(closePayment(till, CALL, { outTradeNo: order.outTradeNo })).rejects.toMatchObject({
      code: 'ALREADY_PAID',
    });
    expect((await query(order.outTradeNo)).order.state).toBe('PAID');
  });

  it('stays intended until a trade that nobody has opened appears', async () => {
    const { order } = await createPayment(till, CALL, payment());
    const trade = world.bank.trades.get(order.outTradeNo);
    world.bank.trades.delete(order.outTradeNo);
    expect((await closePayment(till, CALL, { outTradeNo: order.outTradeNo })).order).toMatchObject({
      state: 'NOTPAY',
      closing: true,
    });
    if (trade) world.bank.trades.set(order.outTradeNo, trade);
    expect((await query(order.outTradeNo)).order).toMatchObject({ state: 'CLOSED', closing: false });
  });

  it('sends no create again that somebody wants closed', async () => {
    world.failing('create', 'lost-before');
    await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_1' }));
    await closePayment(till, CALL, { outTradeNo: 'ORDER_1' });
    const again = await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_1' }));
    expect(again.order).toMatchObject({ state: 'CLOSED', closing: false });
    expect(count('create')).toBe(1);
    expect(count('close'), 'nothing of ours is there to be closed').toBe(0);
  });

  it('does not know what it cannot learn: silence to close and to the question after it', async () => {
    const { order } = await createPayment(till, CALL, payment());
    world.bank.fault = (op) => (op === 'close' ? 'lost-after' : op === 'query' ? 'lost-before' : 'none');
    expect((await closePayment(till, CALL, { outTradeNo: order.outTradeNo })).order.state).toBe('UNKNOWN');
    world.bank.fault = () => 'none';
    expect((await query(order.outTradeNo)).order.state).toBe('CLOSED');
  });
});
