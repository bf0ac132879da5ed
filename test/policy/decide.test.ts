import { describe, expect, it } from 'vitest';
import { type Fen, fen } from '../../src/domain/money.ts';
import type { ProviderId, Scene } from '../../src/domain/order.ts';
import {
  clockTime,
  type Decision,
  decide,
  type Request,
  type Used,
  windowStart,
} from '../../src/policy/decide.ts';
import type { Policy, RuleSet } from '../../src/policy/policy.ts';
import {
  periodRules,
  RULE_NAMES,
  type Rule,
  ruleNameOf,
  rulesFor,
  subscriptionRules,
} from '../../src/policy/rules.ts';

const at = (time: string, day = '2026-11-21') => Date.parse(`${day}T${time}+08:00`);
const NOON = at('12:00:00');
const SECOND = 1000;
const wish = (amount = 100, more: Partial<Request> = {}): Request => ({
  ...{ provider: 'alipay', scene: 'qr', amountFen: fen(amount) },
  ...more,
});
/** By one rule, of which so much is used. */
const by = (rule: Rule, request: Request, used?: Used, now = NOON): Decision =>
  decide([rule], request, new Map(used ? [[rule, used]] : []), now);
const ALLOW = { kind: 'allow' };

describe('wallets and scenes', () => {
  const providers: Rule = { path: 'p', kind: 'providers', allowed: ['alipay', 'wechatpay'] };
  const scenes: Rule = { path: 's', kind: 'scenes', allowed: ['web', 'h5'] };

  it('are those that are named', () => {
    const other = wish(1, { provider: 'other' as ProviderId });
    expect(by(providers, wish(1, { provider: 'wechatpay' }))).toEqual(ALLOW);
    expect(by(providers, other)).toEqual({
      ...{ kind: 'deny', rule: 'p', limit: 'alipay, wechatpay', used: 'other' },
    });
    expect(by(scenes, wish(1, { scene: 'h5' }))).toEqual(ALLOW);
    expect(by(scenes, wish(1, { scene: 'qr' }))).toEqual({
      ...{ kind: 'deny', rule: 's', limit: 'web, h5', used: 'qr' },
    });
  });
});

describe('hours', () => {
  const open = (from: string, to: string, time: string) => {
    const [begin, end] = [from, to].map((clock) => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3)));
    return by({ path: 'h', kind: 'hours', hours: [begin ?? 0, end ?? 0] }, wish(), undefined, at(time));
  };
  const closed = (limit: string, used: string, freeAt: number) => ({
    ...{ kind: 'deny', rule: 'h', limit, used, freeAt },
  });

  it('begin with their first minute and end before their last, to the millisecond', () => {
    const today = closed('08:00-23:00', '07:59', at('08:00:00'));
    const tomorrow = closed('08:00-23:00', '23:00', at('08:00:00', '2026-11-22'));
    expect(open('08:00', '23:00', '07:59:59.999')).toEqual(today);
    expect(open('08:00', '23:00', '08:00:00')).toEqual(ALLOW);
    expect(open('08:00', '23:00', '22:59:59.999')).toEqual(ALLOW);
    expect(open('08:00', '23:00', '23:00:00')).toEqual(tomorrow);
  });

  it('may span midnight', () => {
    const today = closed('22:00-02:00', '21:59', at('22:00:00'));
    expect(open('22:00', '02:00', '21:59:59.999')).toEqual(today);
    for (const time of ['22:00:00', '23:59:59.999', '00:00:00', '01:59:59.999']) {
      expect(open('22:00', '02:00', time)).toEqual(ALLOW);
    }
    expect(open('22:00', '02:00', '02:00:00')).toEqual({ ...today, used: '02:00' });
  });

  it('of nothing allow nothing, and of a day all of it', () => {
    for (const time of ['00:00:00', '09:59:00', '10:00:00', '10:01:00', '23:59:59.999']) {
      expect(open('10:00', '10:00', time).kind).toBe('deny');
      expect(open('00:00', '24:00', time)).toEqual(ALLOW);
    }
  });
});

describe('sums of one call', () => {
  it('may be as high as the maximum', () => {
    const rule: Rule = { path: 'm', kind: 'max', fen: fen(5000) };
    expect(by(rule, wish(5000))).toEqual(ALLOW);
    expect(by(rule, wish(5001))).toEqual({ kind: 'deny', rule: 'm', limit: '50.00', used: '50.01' });
  });

  it('need a person above the threshold', () => {
    const rule: Rule = { path: 'a', kind: 'approve', aboveFen: fen(5000) };
    expect(by(rule, wish(5000))).toEqual(ALLOW);
    expect(by(rule, wish(5001))).toEqual({ kind: 'approve', rule: 'a' });
  });

  it('are denied before a person is asked, and the first that forbids is named', () => {
    const rules: Rule[] = [
      { path: 'a', kind: 'approve', aboveFen: 0 as Fen },
      { path: 'm', kind: 'max', fen: fen(50) },
      { path: 'n', kind: 'max', fen: fen(40) },
    ];
    const judge = (amount: number) => decide(rules, wish(amount), new Map(), NOON);
    expect(judge(60)).toMatchObject({ kind: 'deny', rule: 'm' });
    expect(judge(45)).toMatchObject({ kind: 'deny', rule: 'n' });
    expect(judge(40)).toEqual({ kind: 'approve', rule: 'a' });
  });
});

type Ceiling = Extract<Rule, { kind: 'ceiling' }>;
const ceiling = (more: Partial<Ceiling>): Rule => ({
  ...{ path: 'c', kind: 'ceiling', window: 'day', totalFen: undefined, count: undefined, scope: {} },
  ...more,
});

describe('a ceiling', () => {
  const tomorrow = at('00:00:00', '2026-11-22');

  it('on a number is reached by the last one that fits', () => {
    const rule = ceiling({ count: 5 });
    expect(by(rule, wish(), { count: 4, fen: 9999 })).toEqual(ALLOW);
    expect(by(rule, wish(), { count: 5, fen: 0 })).toEqual({
      ...{ kind: 'deny', rule: 'c.count', limit: '5', used: '5', freeAt: tomorrow },
    });
  });

  it('on a sum is reached by the last fen that fits', () => {
    const rule = ceiling({ totalFen: fen(1000) });
    expect(by(rule, wish(300), { count: 9999, fen: 700 })).toEqual(ALLOW);
    expect(by(rule, wish(301), { count: 0, fen: 700 })).toEqual({
      ...{ kind: 'deny', rule: 'c.totalYuan', limit: '10.00', used: '7.00', freeAt: tomorrow },
    });
  });

  it('on both names the number first', () => {
    const rule = ceiling({ totalFen: fen(1000), count: 1 });
    expect(by(rule, wish(1001), { count: 1, fen: 0 })).toMatchObject({ rule: 'c.count' });
    expect(by(rule, wish(1001), { count: 0, fen: 0 })).toMatchObject({ rule: 'c.totalYuan' });
    expect(by(rule, wish(1000), { count: 0, fen: 0 })).toEqual(ALLOW);
  });

  it.each<Rule>([
    ceiling({ count: 9 }),
    { path: 'c', kind: 'budget', budget: 'shop' },
    { path: 'c', kind: 'active', count: 9 },
  ])('or a budget is not unused because nobody has looked: $kind', (rule) => {
    expect(by(rule, wish())).toEqual({ kind: 'deny', rule: 'c', limit: '?', used: '?' });
  });

  it('never fits what is above it alone, so nothing says when', () => {
    const used = { count: 0, fen: 1 };
    const free = (rule: Rule, amount: number) => 'freeAt' in by(rule, wish(amount), used);
    expect(free(ceiling({ totalFen: fen(1000) }), 1000)).toBe(true);
    expect(free(ceiling({ totalFen: fen(1000) }), 1001)).toBe(false);
    expect(by(ceiling({ count: 0 }), wish(), used)).toEqual({
      ...{ kind: 'deny', rule: 'c.count', limit: '0', used: '0' },
    });
  });

  it.each(['00:00:00', '00:00:59.999', '07:59:59', '08:00:00', '23:58:59', '23:59:00', '23:59:59.999'])(
    'of a day is free at the next midnight of Beijing, at %s',
    (time) => {
      const denied = by(ceiling({ count: 1 }), wish(), { count: 1, fen: 0 }, at(time));
      expect(denied).toMatchObject({ freeAt: tomorrow });
    },
  );
});

describe('a ceiling of a minute', () => {
  const entries = [
    { at: NOON - 50 * SECOND, fen: 600 },
    { at: NOON - 10 * SECOND, fen: 300 },
  ];
  const used = { count: 2, fen: 900, entries };
  const [first, second] = [NOON + 10 * SECOND, NOON + 50 * SECOND];
  const freeAt = (more: Partial<Ceiling>, amount: number, of: Used = used) => {
    const decision = by(ceiling({ window: 'minute', ...more }), wish(amount), of);
    return decision.kind === 'deny' ? decision.freeAt : decision.kind;
  };

  it('is free when enough of the sum has left it', () => {
    const totalFen = fen(1000);
    expect(freeAt({ totalFen }, 100)).toBe('allow');
    expect(freeAt({ totalFen }, 101)).toBe(first);
    expect(freeAt({ totalFen }, 700)).toBe(first);
    expect(freeAt({ totalFen }, 701)).toBe(second);
    expect(freeAt({ totalFen }, 1000)).toBe(second);
    expect(freeAt({ totalFen }, 1001)).toBeUndefined();
  });

  it('is free when enough of the number has left it', () => {
    expect(freeAt({ count: 3 }, 100)).toBe('allow');
    expect(freeAt({ count: 2 }, 100)).toBe(first);
    expect(freeAt({ count: 1 }, 100)).toBe(second);
    expect(freeAt({ count: 0 }, 100)).toBeUndefined();
  });

  it('is free when both have', () => {
    expect(freeAt({ totalFen: fen(1000), count: 1 }, 700)).toBe(second);
    expect(freeAt({ totalFen: fen(1000), count: 2 }, 701)).toBe(second);
  });

  it('is free nobody knows when, without what was used one by one', () => {
    expect(freeAt({ count: 1 }, 100, { count: 2, fen: 900 })).toBeUndefined();
    expect(freeAt({ totalFen: fen(900) }, 100, { count: 2, fen: 900, entries: [] })).toBeUndefined();
  });
});

it('a budget that was never filled is empty', () => {
  const rule: Rule = { path: 'b', kind: 'budget', budget: 'shop' };
  const deny = { kind: 'deny', rule: 'b', limit: '0.00', used: '0.00' };
  expect(by(rule, wish(1), { count: 0, fen: 0 })).toEqual(deny);
  expect(by(rule, wish(1), { count: 0, fen: 99, filledFen: 100 })).toEqual(ALLOW);
  expect(by(rule, wish(2), { count: 0, fen: 99, filledFen: 100 })).toEqual({
    ...deny,
    ...{ limit: '1.00', used: '0.99' },
  });
});

it('of subscriptions there are as many at a time as fit', () => {
  const rule: Rule = { path: 'a', kind: 'active', count: 3 };
  expect(by(rule, wish(), { count: 2, fen: 0 })).toEqual(ALLOW);
  expect(by(rule, wish(), { count: 3, fen: 0 })).toEqual({
    ...{ kind: 'deny', rule: 'a', limit: '3', used: '3' },
  });
});

describe('what a window looks back on', () => {
  it.each([
    ['00:00:00', '2026-11-21'],
    ['00:00:30.500', '2026-11-21'],
    ['07:59:59.999', '2026-11-21'],
    ['08:00:00', '2026-11-21'],
    ['23:59:59.999', '2026-11-21'],
    ['00:00:00', '2026-11-22'],
  ])('is a day of Beijing, at %s on %s', (time, day) => {
    expect(windowStart('day', at(time, day))).toBe(at('00:00:00', day));
  });

  it('is a minute, which has not begun yet a minute ago', () => {
    expect(windowStart('minute', NOON)).toBe(NOON - 59_999);
  });
});

it.each([
  [0, '00:00'],
  [59, '00:59'],
  [60, '01:00'],
  [605, '10:05'],
  [1380, '23:00'],
  [1440, '24:00'],
])('minute %i of a day is %s', (minute, shown) => {
  expect(clockTime(minute)).toBe(shown);
});

const EVERY: RuleSet = {
  ...{ maxFen: fen(1), approveAboveFen: fen(2), providers: ['alipay'] as const, scenes: ['qr'] as const },
  ...{ perDay: { totalFen: fen(3), count: 4 }, perMinute: { count: 5 }, hours: [6, 7] as const },
  from: 'budget',
};
/** As they stand in the decision, in order. */
const everyAt = (path: string, scope: object, budget: string): Rule[] => [
  { path: `${path}.providers`, kind: 'providers', allowed: ['alipay'] },
  { path: `${path}.scenes`, kind: 'scenes', allowed: ['qr'] satisfies Scene[] },
  { path: `${path}.hours`, kind: 'hours', hours: [6, 7] },
  { path: `${path}.maxYuan`, kind: 'max', fen: fen(1) },
  {
    ...{ path: `${path}.perMinute`, kind: 'ceiling', window: 'minute' },
    ...{ totalFen: undefined, count: 5, scope },
  },
  { path: `${path}.perDay`, kind: 'ceiling', window: 'day', totalFen: fen(3), count: 4, scope },
  { path: `${path}.from`, kind: 'budget', budget },
  { path: `${path}.approveAboveYuan`, kind: 'approve', aboveFen: fen(2) },
];
const CEILINGS = ['ceiling'];

describe('the rules on a call', () => {
  const policy: Policy = { payments: EVERY, refunds: { maxFen: fen(9) } };
  const paths = (of: readonly Rule[]) => of.map(({ path }) => path);

  it('are those of its section, each with its place', () => {
    expect(rulesFor(policy, 'payment', { caller: 'shop' })).toEqual(everyAt('payments', {}, 'shop'));
    expect(rulesFor(policy, 'refund', { caller: 'shop' })).toEqual([
      { path: 'refunds.maxYuan', kind: 'max', fen: fen(9) },
    ]);
    expect(rulesFor({ payments: {}, refunds: {} }, 'payment', { caller: 'shop' })).toEqual([]);
  });

  it('are a maximum and a threshold of nothing, too, and no threshold of none', () => {
    const strict = { payments: { maxFen: fen(0), approveAboveFen: fen(0) }, refunds: {} };
    expect(rulesFor(strict, 'payment', { caller: 'shop' }).map(({ kind }) => kind)).toEqual([
      'max',
      'approve',
    ]);
    const none: Policy = { payments: { approveAboveFen: 'none' }, refunds: {} };
    expect(rulesFor(none, 'payment', { caller: 'shop' })).toEqual([]);
  });

  it('are replaced one by one by what stands for the caller, except what all have together', () => {
    const own = { ...policy, clients: { shop: { payments: EVERY }, bar: { payments: { maxFen: fen(8) } } } };
    const shop = rulesFor(own, 'payment', { caller: 'shop' });
    const together = everyAt('payments', {}, 'shop').filter(({ kind }) => CEILINGS.includes(kind));
    expect(shop).toEqual([...together, ...everyAt('clients.shop.payments', { caller: 'shop' }, 'shop')]);
    const bar = rulesFor(own, 'payment', { caller: 'bar' });
    expect(paths(bar).filter((path) => path.endsWith('maxYuan'))).toEqual(['clients.bar.payments.maxYuan']);
    expect(bar).toHaveLength(8);
    expect(rulesFor(own, 'refund', { caller: 'shop' })).toHaveLength(1);
  });

  it('are more by what stands with the token', () => {
    const who = { caller: 'shop', token: { payments: EVERY } };
    expect(rulesFor({ payments: {}, refunds: {} }, 'payment', who)).toEqual(
      everyAt('tokens.shop.payments', { caller: 'shop' }, 'shop'),
    );
    expect(rulesFor({ payments: {}, refunds: {} }, 'refund', who)).toEqual([]);
  });

  it.each([
    [{ caller: 'http' }, 'cline'],
    [{ caller: 'shop', named: true }, 'shop'],
    [{ caller: 'shop', named: false }, 'cline'],
  ])('are more by what stands for the program of %j, out of the budget of %s', (who, budget) => {
    const declared: Policy = { payments: {}, refunds: {}, clients: { cline: { payments: EVERY } } };
    const program = rulesFor(declared, 'payment', { ...who, client: 'cline' });
    expect(program).toEqual(everyAt('clients.cline.payments', { client: 'cline' }, budget));
    expect(rulesFor(declared, 'payment', { ...who, client: 'other' })).toEqual([]);
    expect(rulesFor(declared, 'refund', { ...who, client: 'cline' })).toEqual([]);
  });

  it('are none of anybody else where the program does not say what it is', () => {
    const declared: Policy = { payments: {}, refunds: {}, clients: { undefined: { payments: EVERY } } };
    expect(rulesFor(declared, 'payment', { caller: 'shop' })).toEqual([]);
  });

  it('are not there twice for a caller who is called as its program is', () => {
    const declared: Policy = { payments: {}, refunds: {}, clients: { cline: { payments: EVERY } } };
    const who = { caller: 'cline', client: 'cline' };
    expect(rulesFor(declared, 'payment', who)).toEqual(
      everyAt('clients.cline.payments', { caller: 'cline' }, 'cline'),
    );
  });

  it.each(['constructor', '__proto__', 'toString'])('are none of its own for a caller named %s', (name) => {
    const declared: Policy = { payments: EVERY, refunds: {}, clients: {} };
    expect(rulesFor(declared, 'payment', { caller: name, client: `${name}2` })).toHaveLength(8);
    expect(rulesFor({ ...declared }, 'payment', { caller: 'shop', client: name })).toHaveLength(8);
  });
});

describe('the rules on a subscription', () => {
  const policy: Policy = {
    payments: EVERY,
    refunds: {},
    subscriptions: { maxFen: fen(7), active: 8, perDay: { totalFen: fen(9), count: 10 } },
  };
  const who = { caller: 'shop' };
  const own = everyAt('payments', {}, 'shop');
  const OF_PAYMENTS = ['ceiling', 'budget', 'scenes'];

  it('are those on payments that say whether one may be, and who has to allow it, then its own', () => {
    expect(subscriptionRules(policy, who)).toEqual([
      ...own.filter(({ kind }) => !OF_PAYMENTS.includes(kind)),
      { path: 'subscriptions.maxYuan', kind: 'max', fen: 7 },
      { path: 'subscriptions.active', kind: 'active', count: 8 },
      {
        ...{ path: 'subscriptions.perDay', kind: 'ceiling', window: 'day' },
        ...{ totalFen: 9, count: 10, scope: {} },
      },
    ]);
  });

  it('are none of its own where none is stated', () => {
    const { subscriptions: _, ...without } = policy;
    for (const none of [without, { ...policy, subscriptions: {} }]) {
      expect(subscriptionRules(none, who).some(({ path }) => path.startsWith('subscriptions'))).toBe(false);
    }
  });

  it('are, on a period, those on one payment where its subscriber pays it, else only an allowance', () => {
    const ofKinds = (...kinds: string[]) => own.filter(({ kind }) => kinds.includes(kind));
    expect(periodRules(policy, who, 'qr')).toEqual(ofKinds(...OF_PAYMENTS));
    expect(periodRules(policy, who, 'agreement')).toEqual(ofKinds('budget'));
  });
});

describe('a rule by its name', () => {
  it('is one of those that can deny', () => {
    const names = [
      ...['providers', 'scenes', 'hours', 'maxYuan', 'from'],
      ...['perMinute.count', 'perMinute.totalYuan', 'perDay.count', 'perDay.totalYuan'],
    ];
    const stated = ['payments', 'refunds'].flatMap((section) => names.map((name) => `${section}.${name}`));
    const ofSubscriptions = ['maxYuan', 'active', 'perDay.count', 'perDay.totalYuan'];
    stated.push(...ofSubscriptions.map((name) => `subscriptions.${name}`));
    // What the trial edition takes at most stands in no file.
    expect(RULE_NAMES).toEqual([...stated, 'trial.maxYuan']);
  });

  it.each([
    ['payments.maxYuan', 'payments.maxYuan'],
    ['clients.shop.refunds.perDay.count', 'refunds.perDay.count'],
    ['clients.a.payments.maxYuan.refunds.from', 'refunds.from'],
    ['clients.mypayments.maxYuan', undefined],
    ['payments.approveAboveYuan', undefined],
    ['', undefined],
  ])('%s is %s', (path, name) => {
    expect(ruleNameOf(path)).toBe(name);
  });
});
