import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqliteStore } from '../../src/ledger/sqlite-store.ts';
import type { Store } from '../../src/ledger/store.ts';
import { createPayment } from '../../src/payments/create-payment.ts';
import { refundPayment } from '../../src/payments/refund-payment.ts';
import { runSettler } from '../../src/payments/settler.ts';
import type { Till } from '../../src/payments/till.ts';
import { freeze, moveBudget } from '../../src/policy/decisions.ts';
import { RULE_NAMES, ruleNameOf, rulesFor } from '../../src/policy/rules.ts';
import { OutcomeUnknown, type PaymentProvider } from '../../src/providers/contract.ts';
import { OPERATIONS } from '../../src/providers/measured.ts';
import { heardBy } from '../../src/telemetry/heard-calls.ts';
import { Telemetry, type Watched } from '../../src/telemetry/telemetry.ts';
import { TOOL_NAMES } from '../../src/tools/index.ts';
import { closeAt } from '../support/close.ts';
import { CALL, decide, payment, person, refund, World } from '../support/world.ts';
import { numberIn, samplesIn } from './exposition.ts';

let world: World;
let till: Till;
let telemetry: Telemetry;
let watched: Watched;
/** How often the ledger was read for figures. */
let reads: number;
beforeEach(async () => {
  world = new World();
  const plain = await world.process({ payments: {}, refunds: { approveAboveFen: 500 as never } });
  const timer = () => world.clock.now();
  telemetry = new Telemetry({
    ...{ clock: world.clock, timer, realm: 'simulator', version: '1.2.3', tools: TOOL_NAMES },
  });
  till = { ...plain, providers: heardBy(plain.providers, timer, telemetry) };
  reads = 0;
  const counted: Watched['ledger'] = {
    ear: plain.ledger.ear,
    inspect(work) {
      reads += 1;
      return plain.ledger.inspect(work);
    },
  };
  watched = {
    ledger: counted,
    providers: ['alipay', 'wechatpay'],
    channels: () => [],
    callsUnderWay: () => 3,
    waitsOpen: () => till.desk.waits.open,
  };
});
afterEach(() => world.end());

const scrape = async () => samplesIn(await telemetry.exposition(watched));

it('what is in doubt is counted, with its age, until it is known', async () => {
  world.failing('create', 'lost-before');
  await createPayment(till, CALL, payment({ outTradeNo: 'DOUBT_1' })).catch(() => undefined);
  world.clock.advance(90_000);
  const doubted = await scrape();
  expect(numberIn(doubted, 'cashier_orders_in_doubt', { gateway: 'alipay' })).toBe(1);
  expect(
    numberIn(doubted, 'cashier_oldest_order_in_doubt_age_seconds', { gateway: 'alipay' }),
  ).toBeGreaterThanOrEqual(90);
  expect(numberIn(doubted, 'cashier_orders_in_doubt', { gateway: 'wechatpay' })).toBe(0);
  const sent = { gateway: 'alipay', operation: 'create', outcome: 'unknown' };
  expect(numberIn(doubted, 'cashier_gateway_request_duration_seconds_count', sent)).toBe(1);
  await createPayment(till, CALL, payment({ outTradeNo: 'DOUBT_1' }));
  world.clock.advance(2_000);
  const known = await scrape();
  expect(numberIn(known, 'cashier_orders_in_doubt', { gateway: 'alipay' })).toBe(0);
  expect(numberIn(known, 'cashier_oldest_order_in_doubt_age_seconds', { gateway: 'alipay' })).toBe(0);
});

it('what waits for persons, and what is left of what they gave', async () => {
  await world.sold(till);
  const { approval } = await refundPayment(
    till,
    CALL,
    refund({ outTradeNo: 'ORDER_1', refundFen: 900 as never }),
  );
  const operator = await person(till);
  await till.ledger.write((book) => moveBudget(book, operator, 'desk', 12_345, undefined));
  const asked = await scrape();
  expect(numberIn(asked, 'cashier_approvals_waiting')).toBe(1);
  expect(numberIn(asked, 'cashier_approvals_to_carry_out')).toBe(0);
  expect(numberIn(asked, 'cashier_budget_left_fen', { budget: 'desk' })).toBe(12_345);
  expect(numberIn(asked, 'cashier_paused')).toBe(0);
  await decide(till, approval?.id);
  await till.ledger.write((book) => freeze(book, 'test', undefined));
  world.clock.advance(2_000);
  const decided = await scrape();
  expect(numberIn(decided, 'cashier_approvals_waiting')).toBe(0);
  expect(numberIn(decided, 'cashier_approvals_to_carry_out')).toBe(1);
  expect(numberIn(decided, 'cashier_paused')).toBe(1);
});

it('refunds in doubt, too, are counted with their age', async () => {
  await world.sold(till);
  world.failing('refund', 'lost-before', 9);
  await refundPayment(till, CALL, refund({ outTradeNo: 'ORDER_1' })).catch(() => undefined);
  world.clock.advance(5_000);
  const samples = await scrape();
  expect(numberIn(samples, 'cashier_refunds_in_doubt')).toBe(1);
  expect(numberIn(samples, 'cashier_oldest_refund_in_doubt_age_seconds')).toBeGreaterThanOrEqual(5);
});

it('all who scrape within a second share one look at the ledger', async () => {
  await Promise.all(Array.from({ length: 50 }, scrape));
  await telemetry.readiness(watched);
  expect(reads).toBe(1);
  world.clock.advance(1_001);
  await scrape();
  expect(reads).toBe(2);
});

it('every exchange is timed by what it was and how it ended', async () => {
  const ends = { unavailable: 'unavailable', declined: 'declined', 'lost-after': 'unknown' } as const;
  for (const [fault, outcome] of Object.entries(ends)) {
    world.failing('create', fault as keyof typeof ends);
    await createPayment(till, CALL, payment({ outTradeNo: `F_${outcome}` })).catch(() => undefined);
    const samples = await scrape();
    const labels = { gateway: 'alipay', operation: 'create', outcome };
    expect(numberIn(samples, 'cashier_gateway_request_duration_seconds_count', labels)).toBe(1);
  }
});

it('every operation of the port is heard of, and none that asks nobody', async () => {
  const heard: string[] = [];
  const nobody = () => Promise.reject(new OutcomeUnknown('timeout'));
  const base: PaymentProvider = {
    ...world.bank.provider(),
    a2m: { verifyProof: nobody, confirmFulfilment: nobody } as never,
    x402: { preorder: nobody },
  };
  const hearing = { exchanged: ({ operation }: { operation: string }) => heard.push(operation) };
  const provider = heardBy(new Map([[base.id, base]]), () => 0, hearing).get(base.id);
  if (!provider) throw new Error('no provider');
  const silently = (asked: unknown) => Promise.resolve(asked).catch(() => undefined);
  await silently(provider.sendPayment({ outTradeNo: 'X', amountFen: 1 } as never, '{}'));
  await silently(provider.queryTrade('X'));
  await silently(closeAt(provider, 'X'));
  await silently(provider.sendRefund({ outTradeNo: 'X', outRefundNo: 'R' } as never, '{}'));
  await silently(provider.queryRefund('X', 'R'));
  await silently(provider.downloadBill('2026-11-20'));
  await silently(provider.a2m?.verifyProof({} as never));
  await silently(provider.a2m?.confirmFulfilment('2026'));
  await silently(provider.x402?.preorder({} as never));
  expect(heard).toEqual(OPERATIONS);
});

describe('the rules', () => {
  const all = {
    ...{ providers: ['alipay'], scenes: ['qr'], hours: [0, 1], maxFen: 1, from: 'budget' },
    ...{ perMinute: { totalFen: 1, count: 1 }, perDay: { totalFen: 1, count: 1 } },
  } as never;

  it.each(['payment', 'refund'] as const)(
    'that can deny a %s each have a name, whoever they are for',
    (kind) => {
      const section = kind === 'payment' ? 'payments' : 'refunds';
      const who = 'payments.from';
      const sections = { payments: all, refunds: all };
      const policy = { ...sections, clients: { [who]: sections, program: sections } };
      const rules = rulesFor(policy, kind, { caller: who, named: true, client: 'program', token: sections });
      const paths = rules.flatMap((rule) =>
        rule.kind === 'ceiling' ? [`${rule.path}.count`, `${rule.path}.totalYuan`] : [rule.path],
      );
      expect(new Set(paths.map(ruleNameOf))).toEqual(
        new Set(RULE_NAMES.filter((name) => name.startsWith(section))),
      );
    },
  );

  it('are counted by their name, never by whose they are', async () => {
    const rule = 'clients.红烧肉 "x".payments.perDay.totalYuan';
    telemetry.called('create-payment', 'POLICY_DENIED', 5, {
      ...{ code: 'POLICY_DENIED', details: { rule } },
    } as never);
    const text = await telemetry.exposition(watched);
    expect(text).not.toContain('红烧肉');
    const denied = { rule: 'payments.perDay.totalYuan' };
    expect(numberIn(samplesIn(text), 'cashier_policy_denials_total', denied)).toBe(1);
    const called = { tool: 'create-payment', outcome: 'POLICY_DENIED' };
    expect(numberIn(samplesIn(text), 'cashier_tool_calls_total', called)).toBe(1);
  });
});

describe('a ledger', () => {
  let store: Store;
  beforeEach(async () => {
    store = await openSqliteStore(':memory:', till);
  });
  afterEach(() => store.close());

  it('is timed from being asked to its turn, and from the work to the end of the commit', async () => {
    const slow: Store = {
      ...store,
      write: (work) =>
        store
          .write(async (tx) => {
            world.clock.advance(200);
            return work(tx);
          })
          .finally(() => world.clock.advance(30)),
    };
    const timed = telemetry.store(slow);
    const result = await timed.write(async (tx) => {
      world.clock.advance(5_000);
      return (await tx.all('SELECT 7 AS seven')).length;
    });
    expect(result).toBe(1);
    await expect(timed.write(() => Promise.reject(new Error('refused')))).rejects.toThrow('refused');
    const samples = await scrape();
    expect(numberIn(samples, 'cashier_ledger_commit_seconds_count', { kind: 'write' })).toBe(1);
    expect(numberIn(samples, 'cashier_ledger_wait_seconds_sum', { kind: 'write' })).toBeCloseTo(0.4);
    expect(numberIn(samples, 'cashier_ledger_commit_seconds_sum', { kind: 'write' })).toBeCloseTo(0.03);
    expect(numberIn(samples, 'cashier_ledger_wait_seconds_count', { kind: 'write' })).toBe(2);
  });
});

it.each([
  ['by looking, as it must be', undefined, undefined],
  ['by LISTEN', true, 1],
  ['by looking, although it could be told', false, 0],
])('what others commit is heard of %s', async (_how, isLive, shown) => {
  const ear = isLive === undefined ? undefined : { isLive, tried: Promise.resolve() };
  const hearing = { ...watched, ledger: { ...watched.ledger, ear } };
  const samples = samplesIn(await telemetry.exposition(hearing));
  expect(numberIn(samples, 'cashier_ledger_listening')).toBe(shown);
});

describe('readiness', () => {
  const failing = () => ({
    ...watched,
    ledger: { inspect: () => Promise.reject(new Error('disk I/O error')) } as never,
  });

  it('is everything in order, with a settler that goes round', async () => {
    const stop = new AbortController();
    expect(await telemetry.readiness(watched)).toEqual({
      ...{
        ready: true,
        ledger: 'ok',
        settler: 'starting',
        gateways: 'idle',
        outbox: { waiting: 0, oldestSeconds: 0 },
      },
    });
    await runSettler(till, stop.signal, () => {
      telemetry.round();
      stop.abort();
    });
    await world.sold(till);
    expect(await telemetry.readiness(watched)).toMatchObject({ ready: true, settler: 'ok', gateways: 'ok' });
  });

  it('a ledger that cannot be read is no ledger to work with, and says so in the metrics', async () => {
    expect(await telemetry.readiness(failing())).toMatchObject({ ready: false, ledger: 'unreadable' });
    world.clock.advance(2_000);
    const samples = samplesIn(await telemetry.exposition(failing()));
    expect(numberIn(samples, 'cashier_ledger_readable')).toBe(0);
    expect(numberIn(samples, 'cashier_orders_in_doubt')).toBeUndefined();
    expect(numberIn(samples, 'cashier_calls_under_way')).toBe(3);
  });

  it('nor is one that does not answer', async () => {
    const silent = { ...watched, ledger: { inspect: () => new Promise(() => undefined) } as never };
    expect(await telemetry.readiness(silent)).toMatchObject({ ready: false, ledger: 'unreadable' });
  });

  it('a settler that stands still for a minute is told of', async () => {
    telemetry.round();
    world.clock.advance(60_001);
    expect(await telemetry.readiness(watched)).toMatchObject({ ready: false, settler: 'stalled' });
    telemetry.round();
    world.clock.advance(1_001);
    expect(await telemetry.readiness(watched)).toMatchObject({ ready: true, settler: 'ok' });
  });

  it('a gateway that is silent is told of, and keeps nobody from calling', async () => {
    world.bank.fault = () => 'unavailable';
    for (let i = 0; i < 3; i++) {
      await createPayment(till, CALL, payment({ outTradeNo: `S_${i}` })).catch(() => undefined);
    }
    expect(await telemetry.readiness(watched)).toMatchObject({ ready: true, gateways: 'silent' });
    world.bank.fault = () => 'none';
    await createPayment(till, CALL, payment({ outTradeNo: 'S_4' }));
    expect(await telemetry.readiness(watched)).toMatchObject({ gateways: 'ok' });
  });
});

it('the event loop is timed until it is over', async () => {
  const stop = new AbortController();
  let at = 0;
  const lagging = new Telemetry({
    ...{ realm: 'simulator', version: '1.2.3', tools: TOOL_NAMES },
    clock: {
      now: () => at,
      sleep: async (ms) => {
        at += ms + 40;
        if (at > 1_000) stop.abort();
      },
    },
    timer: () => at,
  });
  await lagging.watch(stop.signal);
  const samples = samplesIn(await lagging.exposition(watched));
  expect(numberIn(samples, 'cashier_event_loop_lag_seconds_count')).toBe(7);
  expect(numberIn(samples, 'cashier_event_loop_lag_seconds_sum')).toBeCloseTo(0.28);
});
