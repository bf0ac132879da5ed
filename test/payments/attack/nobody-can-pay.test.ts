import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fen } from '../../../src/domain/money.ts';
import { applyNotify } from '../../../src/payments/apply-notify.ts';
import { closePayment } from '../../../src/payments/close-payment.ts';
import { createPayment } from '../../../src/payments/create-payment.ts';
import { queryPayment } from '../../../src/payments/query-payment.ts';
import { refundPayment } from '../../../src/payments/refund-payment.ts';
import { releaseOrder } from '../../../src/payments/release.ts';
import { runSettler } from '../../../src/payments/settler.ts';
import type { Till } from '../../../src/payments/till.ts';
import { GatewayDeclined, OutcomeUnknown, type TradeSnapshot } from '../../../src/providers/contract.ts';
import { CALL, payment, person, refund, World } from '../../support/world.ts';

/*
 * Nobody can pay an order whose code or link was never given out. However the process that was making it has ended,
 * whatever the gateway knows under its number is another system's: never PAID, closed or refunded here.
 */
const FOREIGN = 'SHOP_0001';
const MINUTE_MS = 60_000;
let world: World;
let first: Till;
let second: Till;

beforeEach(async () => {
  world = new World();
  first = await world.process();
  second = await world.process();
});
afterEach(() => world.end());

/** As Alipay's pages: to make a link is no exchange, and makes no trade until somebody opens it. */
function signing(till: Till, fault: () => Promise<void> = async () => undefined): Till {
  const [bank] = till.providers.values();
  if (!bank) throw new Error('no provider');
  const links = {
    ...bank,
    sendPayment: async () => {
      await fault();
      return { payUrl: 'https://gateway.example/pay' };
    },
    queryTrade: async (outTradeNo: string): Promise<TradeSnapshot> => {
      const trade = await bank.queryTrade(outTradeNo);
      return trade.exists ? { ...trade, opened: true } : trade;
    },
  };
  return { ...till, providers: new Map([[bank.id, links]]) };
}

function foreignTrade({ state = 'NOTPAY', amountFen = 1000, number = FOREIGN } = {}): void {
  world.bank.trades.set(number, {
    plan: 'of another system',
    amountFen: fen(amountFen),
    state: state as 'NOTPAY' | 'PAID',
    ...(state === 'PAID' ? { paidAt: world.clock.now() } : {}),
    refunds: new Map(),
  });
}

const wanted = payment({ outTradeNo: FOREIGN });
const make = (till: Till, input = wanted) => createPayment(till, CALL, input);
const ask = (till: Till) =>
  queryPayment(till, CALL, { outTradeNo: FOREIGN, waitSeconds: 0 }).catch(() => undefined);
const order = async () => second.ledger.read((book) => book.orders.get(FOREIGN));
const known = async () => (await order())?.state;
const notify = () =>
  applyNotify(second, [...second.providers.values()][0] as never, world.bank.notification(FOREIGN));
const count = (operation: string) => world.bank.calls.filter((call) => call.operation === operation).length;

const CREATES = {
  'a code that the gateway makes': (till: Till, fault: 'lost-before' | 'crash-before') => {
    world.bank.fault = (operation) => (operation === 'create' ? fault : 'none');
    return till;
  },
  'a link that is signed here': (till: Till, fault: 'lost-before' | 'crash-before') =>
    signing(till, async () => {
      if (fault === 'lost-before') throw new OutcomeUnknown('timeout');
      await new Promise(() => undefined);
    }),
};
const ENDS = { 'without an answer': 'lost-before', 'killed in mid-call': 'crash-before' } as const;

describe.each(Object.keys(CREATES) as (keyof typeof CREATES)[])('%s', (what) => {
  const survivor = () => (what === 'a link that is signed here' ? signing(second) : second);

  describe.each(Object.keys(ENDS) as (keyof typeof ENDS)[])('%s', (end) => {
    beforeEach(async () => {
      void make(CREATES[what](first, ENDS[end])).catch(() => undefined);
      await world.clock.sleep(30_000);
      world.bank.fault = () => 'none';
      expect(await known()).toBe('UNKNOWN');
    });

    it.each([
      ['the same sum', { amountFen: 1000 }],
      ['another sum', { amountFen: 500 }],
    ])("takes no payment of another system's order of %s for its own", async (_what, { amountFen }) => {
      foreignTrade({ amountFen });
      await ask(survivor());
      world.bank.pay(FOREIGN);
      expect((await ask(survivor()))?.order.state).not.toBe('PAID');
      expect(await notify()).toBe('foreign');
      expect(await known()).not.toBe('PAID');
      const whole = refund({ outTradeNo: FOREIGN, refundFen: fen(amountFen) });
      await expect(refundPayment(survivor(), CALL, whole)).rejects.toMatchObject({ code: 'NOT_PAID' });
      expect(world.bank.refundedFen(FOREIGN)).toBe(0);
      const kinds = (await second.ledger.read((book) => book.audit.ofOrder(FOREIGN))).map(({ kind }) => kind);
      expect(kinds.filter((kind) => kind === 'alarm-foreign-trade')).toHaveLength(1);
    });

    it("is no way to close another system's trade, by a call, a settler, or a close that waits", async () => {
      foreignTrade();
      const stop = new AbortController();
      const settler = runSettler(survivor(), stop.signal);
      await world.clock.sleep(2 * MINUTE_MS);
      await closePayment(survivor(), CALL, { outTradeNo: FOREIGN }).catch(() => undefined);
      await world.clock.sleep(40 * MINUTE_MS);
      stop.abort();
      await settler;
      expect(world.bank.trades.get(FOREIGN)?.state).toBe('NOTPAY');
      expect(count('close')).toBe(0);
      expect(await known()).toBe('CLOSED');
    });

    it.each(['NOTPAY', 'PAID'])('gives no code of a number that is taken and %s, and ends', async (state) => {
      foreignTrade({ state });
      await expect(make(survivor())).rejects.toMatchObject({ code: 'GATEWAY_DECLINED' });
      expect(await known()).toBe('CLOSED');
    });

    it('ends five minutes after its expiry, whatever the gateway says, or when it is silent', async () => {
      foreignTrade({ state: 'PAID', amountFen: 500 });
      world.bank.fault = (operation) => (operation === 'query' ? 'lost-before' : 'none');
      const stop = new AbortController();
      const settler = runSettler(survivor(), stop.signal);
      await world.clock.sleep(34 * MINUTE_MS);
      expect(await known()).toBe('UNKNOWN');
      await world.clock.sleep(3 * MINUTE_MS);
      stop.abort();
      await settler;
      expect(await known()).toBe('CLOSED');
    });

    it('ends by the word of a person, who can release nothing that somebody may pay', async () => {
      const operator = await person(second);
      expect((await releaseOrder(second.ledger, operator, FOREIGN)).state).toBe('CLOSED');
      const given = await make(survivor(), payment({ outTradeNo: 'ORDER_2' }));
      const { outTradeNo } = given.order;
      await expect(releaseOrder(second.ledger, operator, outTradeNo)).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
    });

    it('goes on when the number is free after all, and what is then given out is paid', async () => {
      expect((await make(survivor())).order).toMatchObject({ state: 'NOTPAY' });
      if (what === 'a link that is signed here') foreignTrade({ state: 'PAID' });
      else world.bank.pay(FOREIGN);
      await ask(survivor());
      expect(await known()).toBe('PAID');
    });
  });
});

describe('a number that the caller chose', () => {
  it.each(['qr', 'web'] as const)('is asked about before anything is committed to it, %s', async (scene) => {
    foreignTrade({ state: 'PAID' });
    const refused = make(signing(first), payment({ outTradeNo: FOREIGN, scene }));
    await expect(refused).rejects.toMatchObject({
      code: 'GATEWAY_DECLINED',
      details: { gatewayCode: 'NUMBER_TAKEN' },
    });
    expect(await order(), 'nothing is stored').toBeUndefined();
    expect(count('create')).toBe(0);
  });

  it.each([
    ['lost-before', 'TRY_LATER'],
    ['unavailable', 'GATEWAY_UNAVAILABLE'],
    ['declined-unsigned', 'GATEWAY_DECLINED'],
  ] as const)('is not used when that question is %s', async (fault, code) => {
    world.bank.fault = (operation) => (operation === 'query' ? fault : 'none');
    await expect(make(first)).rejects.toMatchObject({ code });
    expect(await order(), 'nothing is stored').toBeUndefined();
    expect(count('create')).toBe(0);
    world.bank.fault = () => 'none';
    expect((await make(first)).order.state).toBe('NOTPAY');
  });

  it('is not asked about when the rules refuse the call, or the number is the ledger’s own', async () => {
    await expect(
      make(await world.process({ payments: { maxFen: fen(999) }, refunds: {} })),
    ).rejects.toMatchObject({
      code: 'POLICY_DENIED',
    });
    expect(count('query')).toBe(0);
  });

  it('costs one question, and numbers of ours cost none', async () => {
    await make(first);
    expect(count('query')).toBe(1);
    await make(first, payment());
    expect(count('query')).toBe(1);
  });

  it('is not taken by the very order that another process has sent while this one asked', async () => {
    const delays = [1, 1_000];
    world.bank.delay = (operation) => world.clock.sleep(operation === 'query' ? (delays.shift() ?? 1) : 1);
    const both = await Promise.all([make(first), make(second)]);
    expect(both.map(({ order: { state } }) => state)).toEqual(['NOTPAY', 'NOTPAY']);
    // Which of them came first is the store's affair.
    expect(both.map(({ replayed }) => replayed).sort()).toEqual([false, true]);
    expect(count('create')).toBe(1);
  });

  it('of another caller is taken, and no more is said', async () => {
    await createPayment(first, { caller: 'a', ownOrdersOnly: true }, wanted);
    const error = await createPayment(first, { caller: 'b', ownOrdersOnly: true }, wanted).catch((e) => e);
    const other = payment({ outTradeNo: FOREIGN, title: 'other', amountFen: fen(1) });
    const same = await createPayment(first, { caller: 'b', ownOrdersOnly: true }, other).catch((e) => e);
    expect(error).toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
    expect(error.text.en).toMatch(/is taken/);
    expect({ text: same.text, details: same.details }).toEqual({ text: error.text, details: error.details });
  });
});

describe('a mark that the gateway returns', () => {
  const marking = (till: Till, told: (mark: string | undefined) => string | undefined): Till => {
    const [bank] = till.providers.values();
    if (!bank) throw new Error('no provider');
    const marks = {
      ...bank,
      returnsMark: true,
      queryTrade: async (outTradeNo: string): Promise<TradeSnapshot> => {
        const trade = await bank.queryTrade(outTradeNo);
        if (!trade.exists || trade.state !== 'PAID') return trade;
        const { mark } = JSON.parse(world.bank.trades.get(outTradeNo)?.plan ?? '{}') as { mark?: string };
        const returned = told(mark);
        return returned === undefined ? trade : { ...trade, mark: returned };
      },
    };
    return { ...till, providers: new Map([[bank.id, marks]]) };
  };

  it.each([
    ['itself', (mark: string | undefined) => mark, 'PAID'],
    ['nothing', () => undefined, 'NOTPAY'],
    ['another', () => 'of another system', 'NOTPAY'],
  ] as const)('is %s in the proof', async (_what, told, state) => {
    const shop = marking(first, told);
    const made = await createPayment(shop, CALL, payment());
    expect(made.order.terms.mark).toMatch(/^[\w-]{16}$/);
    const { outTradeNo } = made.order;
    world.bank.pay(outTradeNo);
    const asked = await queryPayment(shop, CALL, { outTradeNo, waitSeconds: 0 });
    expect(asked.order.state).toBe(state);
  });
});

describe('a wrong clock', () => {
  it.each([12, 30, 600, -12, -600])(
    'of %i minutes makes no payment of ours a foreign one',
    async (minutes) => {
      const clock = {
        now: () => world.clock.now() + minutes * MINUTE_MS,
        sleep: (...args: Parameters<typeof world.clock.sleep>) => world.clock.sleep(...args),
      };
      const astray = { ...first, clock } as Till;
      const { outTradeNo } = (await createPayment(astray, CALL, payment({ expiresInMinutes: 1440 }))).order;
      world.bank.pay(outTradeNo);
      const told = await queryPayment(astray, CALL, { outTradeNo, waitSeconds: 0 });
      expect(told.order.state).toBe('PAID');
      const events = await first.ledger.read((book) => book.audit.ofOrder(outTradeNo));
      expect(events.map(({ kind }) => kind)).not.toContain('alarm-foreign-trade');
    },
  );
});

describe('a code or link whose order was closed while its sender slept', () => {
  it.each(['qr', 'web'] as const)('is not given out, nor believed later, %s', async (scene) => {
    const input = payment({ outTradeNo: FOREIGN, scene });
    world.bank.delay = (operation) => world.clock.sleep(operation === 'create' ? 40_000 : 1);
    const slow = scene === 'qr' ? first : signing(first, () => world.clock.sleep(40_000));
    const late = make(slow, input);
    await world.clock.sleep(30_000);
    await closePayment(second, CALL, { outTradeNo: FOREIGN });
    expect((await late).order).toMatchObject({ state: 'CLOSED', credential: {} });
    if (scene === 'web') foreignTrade();
    world.bank.pay(FOREIGN);
    await ask(second);
    expect(await known()).toBe('CLOSED');
  });
});

describe('a rate limit on a create', () => {
  it('signed or not, proves nothing: the repetition sends the same bytes', async () => {
    const [bank] = first.providers.values();
    if (!bank) throw new Error('no provider');
    let limited = true;
    const plans: string[] = [];
    const busy = {
      ...bank,
      sendPayment: async (...args: Parameters<typeof bank.sendPayment>) => {
        plans.push(args[1]);
        const credential = await bank.sendPayment(...args);
        if (limited) throw new GatewayDeclined('rate-limited', 'FREQUENCY_LIMITED', true);
        return credential;
      },
    };
    const shop = { ...first, providers: new Map([[bank.id, busy]]) };
    expect((await make(shop)).order.state).toBe('UNKNOWN');
    limited = false;
    world.clock.advance(MINUTE_MS);
    expect((await make(shop)).order.state).toBe('NOTPAY');
    expect(plans[1]).toBe(plans[0]);
  });
});
