import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { beijingIso } from '../../src/domain/clock.ts';
import { type Fen, fen } from '../../src/domain/money.ts';
import { SCENES } from '../../src/domain/order.ts';
import { type Decision, decide, type Request, type Used, windowStart } from '../../src/policy/decide.ts';
import type { Ceiling, Policy, RuleSet, Sections } from '../../src/policy/policy.ts';
import { type Rule, rulesFor, type Who } from '../../src/policy/rules.ts';
import { WALLET_IDS } from '../../src/providers/registry.ts';

const NOON = Date.parse('2026-11-21T12:00:00+08:00');
const MINUTE = 60_000;
const DAY = 1440 * MINUTE;

/** What was let through, as a ledger keeps it. */
interface Entry {
  readonly at: number;
  readonly fen: number;
  readonly caller: string;
  readonly client: string | undefined;
  readonly budgets: readonly string[];
}

const amount = fc.integer({ min: 0, max: 2000 }).map(fen);
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
/** Without members that are undefined. */
const record = <T extends object>(model: { [K in keyof T]-?: fc.Arbitrary<NonNullable<T[K]>> }) =>
  fc.record(model, { requiredKeys: [] }) as fc.Arbitrary<Partial<T>>;
const ceiling: fc.Arbitrary<Ceiling> = record<Ceiling>({ totalFen: amount, count: fc.nat(5) });
const ruleSet: fc.Arbitrary<RuleSet> = record<RuleSet>({
  maxFen: amount,
  approveAboveFen: fc.oneof(amount, fc.constant('none' as const)),
  perDay: ceiling,
  perMinute: ceiling,
  providers: fc.subarray([...WALLET_IDS], { minLength: 1 }),
  scenes: fc.subarray([...SCENES], { minLength: 1 }),
  hours: fc.tuple(fc.nat(1439), fc.nat(1440)).filter(([from, to]) => from !== to),
  from: fc.constant('budget' as const),
});
const sections: fc.Arbitrary<Partial<Sections>> = record<Sections>({ payments: ruleSet, refunds: ruleSet });
const NAMES = ['shop', 'cursor', 'cline'];
const policy: fc.Arbitrary<Policy> = fc.record({
  payments: ruleSet,
  refunds: ruleSet,
  clients: fc.dictionary(fc.constantFrom(...NAMES), sections),
});
/** Sums only, so that much is let through before they are reached. */
const sums: fc.Arbitrary<RuleSet> = record<Pick<RuleSet, 'perDay' | 'perMinute' | 'from'>>({
  perDay: ceiling,
  perMinute: ceiling,
  from: fc.constant('budget' as const),
});
const sumsPolicy: fc.Arbitrary<Policy> = fc.record({
  payments: sums,
  refunds: fc.constant({}),
  clients: fc.dictionary(fc.constantFrom(...NAMES), record<Sections>({ payments: sums, refunds: sums })),
});
const request: fc.Arbitrary<Request> = fc.record({
  provider: fc.constantFrom(...WALLET_IDS),
  scene: fc.constantFrom(...SCENES),
  amountFen: fc.integer({ min: 1, max: 2500 }).map(fen),
});
const kind = fc.constantFrom('payment' as const, 'refund' as const);
const caller = fc.constantFrom(...NAMES);
const client = optional(fc.constantFrom(...NAMES, 'constructor'));
const filled: fc.Arbitrary<Readonly<Record<string, number>>> = fc.dictionary(
  fc.constantFrom(...NAMES),
  fc.nat(5000),
);
const entries: fc.Arbitrary<Entry[]> = fc
  .array(
    fc.record({
      at: fc.oneof(fc.nat(90_000), fc.nat(2 * DAY)).map((ago) => NOON - ago),
      fen: fc.integer({ min: 1, max: 1000 }),
      caller,
      client,
      budgets: fc.subarray(NAMES),
    }),
    { maxLength: 12 },
  )
  .map((all) => all.sort((a, b) => a.at - b.at));

const sum = (all: readonly { readonly fen: number }[]) => all.reduce((total, one) => total + one.fen, 0);

/** What the ledger would say is used of every rule. */
function usedOf(
  rules: readonly Rule[],
  all: readonly Entry[],
  budgets: Readonly<Record<string, number>>,
  now: number,
): Map<Rule, Used> {
  const found = new Map<Rule, Used>();
  for (const rule of rules) {
    if (rule.kind === 'budget') {
      const held = all.filter((entry) => entry.budgets.includes(rule.budget));
      found.set(rule, { count: 0, fen: sum(held), filledFen: budgets[rule.budget] ?? 0 });
    }
    if (rule.kind !== 'ceiling') continue;
    const counted = all.filter(
      (entry) =>
        entry.at >= windowStart(rule.window, now) &&
        (rule.scope.caller === undefined || rule.scope.caller === entry.caller) &&
        (rule.scope.client === undefined || rule.scope.client === entry.client),
    );
    found.set(rule, {
      count: counted.length,
      fen: sum(counted),
      ...(rule.window === 'minute' ? { entries: counted } : {}),
    });
  }
  return found;
}

function decideFor(
  rules: readonly Rule[],
  wish: Request,
  all: readonly Entry[],
  budgets: Readonly<Record<string, number>>,
  now = NOON,
): Decision {
  return decide(rules, wish, usedOf(rules, all, budgets, now), now);
}
const severity = ({ kind: word }: Decision) => ['allow', 'approve', 'deny'].indexOf(word);

describe('what is let through', () => {
  it('is never above the maximum, approved above the threshold only, and keeps wallets and scenes', () => {
    fc.assert(
      fc.property(policy, optional(sections), kind, caller, client, request, entries, filled, (...given) => {
        const [rules, token, verb, name, program, wish, all, budgets] = given;
        const decision = decideFor(
          rulesFor(rules, verb, { caller: name, client: program, token }),
          wish,
          all,
          budgets,
        );
        if (decision.kind === 'deny') return;
        const section = verb === 'payment' ? 'payments' : 'refunds';
        const own = rules.clients?.[name]?.[section];
        const effective = { ...rules[section], ...own };
        const declared =
          program !== undefined && Object.hasOwn(rules.clients ?? {}, program)
            ? rules.clients?.[program]?.[section]
            : undefined;
        for (const set of [effective, token?.[section], declared]) {
          expect(wish.amountFen).toBeLessThanOrEqual(set?.maxFen ?? Number.POSITIVE_INFINITY);
          expect(set?.providers ?? WALLET_IDS).toContain(wish.provider);
          expect(set?.scenes ?? SCENES).toContain(wish.scene);
          const above = set?.approveAboveFen;
          if (decision.kind === 'allow' && typeof above === 'number') {
            expect(wish.amountFen).toBeLessThanOrEqual(above);
          }
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('never sums above a ceiling or a budget, in any minute and on any day of Beijing, whoever calls', () => {
    const step = fc.record({
      waitMs: fc.oneof(fc.nat(30_000), fc.constantFrom(0, 1, MINUTE - 1, MINUTE), fc.nat(DAY)),
      caller,
      client,
      wish: request,
    });
    fc.assert(
      fc.property(
        fc.oneof(policy, sumsPolicy),
        filled,
        fc.array(step, { maxLength: 40 }),
        (rules, budgets, steps) => {
          const passed: Entry[] = [];
          let now = NOON;
          for (const { waitMs, wish, ...who } of steps) {
            now += waitMs;
            const applied = rulesFor(rules, 'payment', who);
            if (decideFor(applied, wish, passed, budgets, now).kind === 'deny') continue;
            const drawn = applied.flatMap((rule) => (rule.kind === 'budget' ? [rule.budget] : []));
            passed.push({ at: now, fen: wish.amountFen, ...who, budgets: drawn });
          }
          const holds = (limit: Ceiling | undefined, all: readonly Entry[]) => {
            expect(all.length).toBeLessThanOrEqual(limit?.count ?? Number.POSITIVE_INFINITY);
            expect(sum(all)).toBeLessThanOrEqual(limit?.totalFen ?? Number.POSITIVE_INFINITY);
          };
          const holdsFor = (set: RuleSet | undefined, all: readonly Entry[]) => {
            for (const last of all) {
              holds(
                set?.perMinute,
                all.filter(({ at }) => at > last.at - MINUTE && at <= last.at),
              );
              holds(
                set?.perDay,
                all.filter(({ at }) => dayOf(at) === dayOf(last.at)),
              );
            }
          };
          holdsFor(rules.payments, passed);
          for (const name of NAMES) {
            holdsFor(
              rules.clients?.[name]?.payments,
              passed.filter((entry) => entry.caller === name),
            );
            const held = sum(passed.filter((entry) => entry.budgets.includes(name)));
            expect(held).toBeLessThanOrEqual(budgets[name] ?? 0);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('is nothing whose use has not been looked up', () => {
    const rules = rulesFor({ payments: { perDay: { count: 5 } }, refunds: {} }, 'payment', { caller: 'a' });
    const wish: Request = { provider: 'alipay', scene: 'qr', amountFen: 1 as Fen };
    expect(decide(rules, wish, new Map(), NOON)).toMatchObject({ kind: 'deny', rule: 'payments.perDay' });
  });
});

describe('freeAt', () => {
  /** Also right before and after a midnight of Beijing. */
  const later = fc.oneof(
    fc.nat(DAY),
    fc.integer({ min: -2 * MINUTE, max: 2 * MINUTE }).map((ms) => DAY - 12 * 60 * MINUTE + ms),
    fc.constantFrom(-1, 0, 1).map((ms) => DAY - 12 * 60 * MINUTE + ms),
  );
  const single = (set: RuleSet) => rulesFor({ payments: set, refunds: {} }, 'payment', { caller: 'shop' });
  const wish = (amountFen: Fen): Request => ({ provider: 'alipay', scene: 'qr', amountFen });

  it.each(['perMinute', 'perDay'] as const)(
    'of %s is when it is free, and not a millisecond before',
    (name) => {
      let seen = 0;
      fc.assert(
        fc.property(
          ceiling,
          entries,
          fc.integer({ min: 1, max: 2500 }),
          later,
          (limit, before, sent, ahead) => {
            const rules = single({ [name]: limit });
            const now = NOON + ahead;
            const all = before.map((entry) => ({ ...entry, at: entry.at + ahead }));
            const decision = decideFor(rules, wish(fen(sent)), all, {}, now);
            if (decision.kind !== 'deny') return;
            const { freeAt } = decision;
            const never = sent > (limit.totalFen ?? Number.POSITIVE_INFINITY) || limit.count === 0;
            expect(freeAt === undefined).toBe(never);
            if (freeAt === undefined) return;
            seen += 1;
            expect(freeAt).toBeGreaterThan(now);
            expect(decideFor(rules, wish(fen(sent)), all, {}, freeAt).kind).toBe('allow');
            expect(decideFor(rules, wish(fen(sent)), all, {}, freeAt - 1).kind).toBe('deny');
          },
        ),
        { numRuns: 3000 },
      );
      expect(seen).toBeGreaterThan(100);
    },
  );

  it('of hours is when they begin', () => {
    const hours = fc.tuple(fc.nat(1439), fc.nat(1440)).filter(([from, to]) => from !== to);
    fc.assert(
      fc.property(hours, later, (span, ahead) => {
        const rules = single({ hours: span });
        const decision = decideFor(rules, wish(fen(1)), [], {}, NOON + ahead);
        if (decision.kind !== 'deny') return;
        const { freeAt = 0 } = decision;
        expect(freeAt).toBeGreaterThan(NOON + ahead);
        expect(decideFor(rules, wish(fen(1)), [], {}, freeAt).kind).toBe('allow');
        expect(decideFor(rules, wish(fen(1)), [], {}, freeAt - 1).kind).toBe('deny');
      }),
    );
  });

  it('is none where only a person can help', () => {
    const budget = decideFor(single({ from: 'budget' }), wish(fen(1)), [], {});
    const held = [{ at: NOON - DAY, fen: 60, caller: 'shop', client: undefined, budgets: ['shop'] }];
    const left = (sent: number) =>
      decideFor(single({ from: 'budget' }), wish(fen(sent)), held, { shop: 100 });
    expect(left(40)).toEqual({ kind: 'allow' });
    expect(left(41)).toEqual({ kind: 'deny', rule: 'payments.from', limit: '1.00', used: '0.60' });
    expect(budget).toEqual({ kind: 'deny', rule: 'payments.from', limit: '0.00', used: '0.00' });
    expect(decideFor(single({ maxFen: fen(1) }), wish(fen(2)), [], {})).not.toHaveProperty('freeAt');
  });
});

describe('who calls', () => {
  it('never loosens anything by what the program says of itself, nor by what stands with the token', () => {
    fc.assert(
      fc.property(policy, sections, kind, caller, client, request, entries, filled, (...given) => {
        const [rules, token, verb, name, program, wish, all, budgets] = given;
        const judge = (who: Who) => severity(decideFor(rulesFor(rules, verb, who), wish, all, budgets));
        const bare = judge({ caller: name });
        expect(judge({ caller: name, client: program })).toBeGreaterThanOrEqual(bare);
        expect(judge({ caller: name, token })).toBeGreaterThanOrEqual(bare);
        expect(judge({ caller: name, client: program, token })).toBeGreaterThanOrEqual(bare);
      }),
      { numRuns: 3000 },
    );
  });

  it('by the name that the merchant gave replaces what is said of one call, and leaves the sums of all', () => {
    const rules: Policy = {
      payments: { maxFen: fen(100), approveAboveFen: fen(50), perDay: { totalFen: fen(1000) } },
      refunds: {},
      clients: {
        shop: { payments: { maxFen: fen(2000), approveAboveFen: 'none', perDay: { totalFen: fen(5000) } } },
      },
    };
    const judge = (who: Who, sent: number, all: Entry[] = []) =>
      decideFor(rulesFor(rules, 'payment', who), { ...alipay, amountFen: fen(sent) }, all, {});
    expect(judge({ caller: 'shop' }, 1000)).toEqual({ kind: 'allow' });
    expect(judge({ caller: 'other' }, 1000)).toMatchObject({ kind: 'deny', rule: 'payments.maxYuan' });
    // A program that only says it is the shop gains nothing.
    expect(judge({ caller: 'other', client: 'shop' }, 1000)).toMatchObject({ rule: 'payments.maxYuan' });
    const others = [{ at: NOON - 1, fen: 600, caller: 'other', client: undefined, budgets: [] }];
    expect(judge({ caller: 'shop' }, 400, others)).toEqual({ kind: 'allow' });
    expect(judge({ caller: 'shop' }, 401, others)).toMatchObject({
      ...{ kind: 'deny', rule: 'payments.perDay.totalYuan', limit: '10.00', used: '6.00' },
      freeAt: Date.parse('2026-11-22T00:00:00+08:00'),
    });
  });

  it('by its own word is counted with all that call themselves so, and with nobody else', () => {
    const rules: Policy = {
      ...{ payments: {}, refunds: {} },
      clients: { cline: { payments: { perDay: { count: 1 } } } },
    };
    const judge = (program: string, before: string) =>
      decideFor(
        rulesFor(rules, 'payment', { caller: 'shop', client: program }),
        { ...alipay, amountFen: fen(1) },
        [{ at: NOON - 1, fen: 1, caller: 'other', client: before, budgets: [] }],
        {},
      ).kind;
    // The same for the merchant's own name.
    const own: Policy = { ...rules, clients: { shop: { payments: { perDay: { count: 1 } } } } };
    const spent = (name: string) => [{ at: NOON - 1, fen: 1, caller: name, client: undefined, budgets: [] }];
    const byCaller = (name: string) =>
      decideFor(
        rulesFor(own, 'payment', { caller: 'shop' }),
        { ...alipay, amountFen: fen(1) },
        spent(name),
        {},
      );
    expect([byCaller('shop').kind, byCaller('other').kind]).toEqual(['deny', 'allow']);
    expect([judge('cline', 'cline'), judge('cline', 'cursor'), judge('cursor', 'cline')]).toEqual([
      ...['deny', 'allow', 'allow'],
    ]);
  });

  it('has rules by its token, under its own name', () => {
    const token = { refunds: { maxFen: fen(10), from: 'budget' as const } };
    const judge = (sent: number, budgets = {}) =>
      decideFor(
        rulesFor({ payments: {}, refunds: {} }, 'refund', { caller: 'shop', token }),
        { ...alipay, amountFen: fen(sent) },
        [],
        budgets,
      );
    expect(judge(11, { shop: 50 })).toMatchObject({ rule: 'tokens.shop.refunds.maxYuan' });
    expect(judge(10, { shop: 9 })).toMatchObject({ rule: 'tokens.shop.refunds.from' });
    expect(judge(10, { shop: 10 })).toEqual({ kind: 'allow' });
  });
});

const alipay = { provider: 'alipay', scene: 'qr' } as const;
const dayOf = (at: number) => beijingIso(at).slice(0, 10);
