import { describe, expect, it } from 'vitest';
import { BY_CODE, BY_PERSON, FAMILIES, type Family, type FamilyName } from '../../src/telemetry/families.ts';
import { Metrics, type Setter } from '../../src/telemetry/metrics.ts';
import { TOOL_NAMES } from '../../src/tools/index.ts';
import { numberIn, samplesIn } from './exposition.ts';

const families = Object.entries<Family>(FAMILIES);
const made = () => new Metrics({ tool: TOOL_NAMES, version: ['1.2.3'] });
const nothing = () => undefined;

describe.each(families)('%s', (name, { kind, labels, buckets, does, alarm }) => {
  it('is named by what it is', () => {
    expect(name).toMatch(/^(cashier|process)_[a-z_]+$/);
    expect(name.endsWith('_total')).toBe(kind === 'counter');
    expect(buckets !== undefined).toBe(kind === 'histogram');
    expect([...(buckets ?? [])].sort((a, b) => a - b)).toEqual(buckets ?? []);
    if (kind === 'histogram') expect(name).toMatch(/_seconds$/);
    // One unit, the base one; money in fen.
    expect(name).not.toMatch(/_(ms|milliseconds|minutes|kb|mb|yuan)(_|$)/);
  });

  it('says what it means, in both languages, and nothing that would break a table', () => {
    for (const text of [does, alarm].filter((one) => one !== undefined)) {
      expect(text.zh).toMatch(/[一-鿿]/);
      expect(text.en).not.toMatch(/[一-鿿]/);
      expect(text.zh + text.en).not.toMatch(/[|\n]/);
    }
  });

  it('has labels of few values, known before anybody calls', () => {
    for (const list of Object.values(labels)) {
      if (typeof list === 'string') expect([BY_CODE, BY_PERSON]).toContain(list);
      else for (const value of list) expect(value).toMatch(/^[\w.-]{1,40}$/);
    }
    // Only persons' own names of allowances are not the code's.
    expect(Object.values(labels).includes(BY_PERSON)).toBe(name === 'cashier_budget_left_fen');
  });
});

/** What may stand where a word of ours should: caller text, numbers, keys, and what would end a line. */
const STRANGERS = [
  ...[
    '',
    'ORDER_20261128_0001',
    '红烧肉菜谱',
    'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o',
    'mcpc_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
  ],
  ...[
    '-----BEGIN PRIVATE KEY-----',
    'ok"} 1\ncashier_paused 1',
    '__proto__',
    'constructor',
    'other\\',
    '\u0000',
  ],
  'x'.repeat(100_000),
];

it('what is in no list becomes the one word for that, in every label of every metric', () => {
  const metrics = made();
  const of = (family: Family, value: string) =>
    Object.fromEntries(Object.keys(family.labels).map((label) => [label, value])) as never;
  const text = () =>
    metrics.text((set) => {
      for (const [name, family] of families) {
        for (const value of STRANGERS) {
          if (family.kind === 'counter' && name.startsWith('cashier')) {
            metrics.count(name as 'cashier_tool_calls_total', of(family, value));
          } else if (family.kind === 'histogram') {
            metrics.observe(name as 'cashier_tool_call_duration_seconds', of(family, value), 1);
          } else if (name !== 'cashier_budget_left_fen') {
            (set as (name: FamilyName, labels: never, value: number) => void)(
              name as FamilyName,
              of(family, value),
              1,
            );
          }
        }
      }
    });
  text();
  const said = text();
  for (const stranger of STRANGERS.filter((one) => one.length > 1)) expect(said).not.toContain(stranger);
  const known = new Set([
    ...families.flatMap(([, { labels }]) => Object.values(labels).flat()),
    ...['other', '+Inf', ...TOOL_NAMES, '1.2.3'],
  ]);
  for (const { labels } of samplesIn(said)) {
    for (const [label, value] of Object.entries(labels)) {
      expect(known.has(value) || (label === 'le' && Number(value) > 0), `${label}=${value}`).toBe(true);
    }
  }
});

it('a name that a person has given cannot end its label, and is not long', () => {
  const left = (set: Setter) =>
    set('cashier_budget_left_fen', { budget: `a"b\\c\nd${'x'.repeat(1000)}` }, -5);
  const [sample] = samplesIn(made().text(left)).filter(({ name }) => name === 'cashier_budget_left_fen');
  expect(sample?.value).toBe(-5);
  expect(sample?.labels.budget).toMatch(/^a\\"b\\\\c\\ndx{80,100}$/);
});

it('counts, and cumulates what it times, bounds included', () => {
  const metrics = made();
  for (let i = 0; i < 3; i++)
    metrics.count('cashier_tool_calls_total', { tool: 'create-payment', outcome: 'ok' });
  for (const seconds of [0, 0.001, 0.0011, 0.3, 99]) {
    metrics.observe('cashier_event_loop_lag_seconds', {}, seconds);
  }
  const samples = samplesIn(metrics.text(nothing));
  expect(numberIn(samples, 'cashier_tool_calls_total', { tool: 'create-payment', outcome: 'ok' })).toBe(3);
  const upTo = (le: string) => numberIn(samples, 'cashier_event_loop_lag_seconds_bucket', { le });
  expect(['0.001', '0.005', '0.25', '0.5', '5', '+Inf'].map(upTo)).toEqual([2, 3, 3, 4, 4, 5]);
  expect(numberIn(samples, 'cashier_event_loop_lag_seconds_count')).toBe(5);
  expect(numberIn(samples, 'cashier_event_loop_lag_seconds_sum')).toBeCloseTo(99.3021, 6);
});

it('rare events have their series from the start; what is measured now is not kept', () => {
  const metrics = made();
  const before = samplesIn(metrics.text((set) => set('cashier_paused', {}, 1)));
  expect(numberIn(before, 'cashier_policy_denials_total', { rule: 'payments.perDay.totalYuan' })).toBe(0);
  expect(numberIn(before, 'cashier_notifications_rejected_total', { reason: 'bad-signature' })).toBe(0);
  expect(numberIn(before, 'cashier_paused')).toBe(1);
  expect(numberIn(samplesIn(metrics.text(nothing)), 'cashier_paused')).toBeUndefined();
});
