import { DAY_MS } from '../domain/clock.ts';
import { type Fen, toYuan } from '../domain/money.ts';
import { clockTime } from './decide.ts';
import type { Policy, RuleSet, Sections } from './policy.ts';

/** A rule that two policies state differently, in the words of a policy file; undefined: not stated. */
export interface RuleChange {
  readonly path: string;
  readonly inForce: string | undefined;
  readonly offered: string | undefined;
}

/** Every rule that a policy states: its place in a policy file → its value there, without quotes. */
export function statedRules(policy: Partial<Policy>): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  addSections(found, '', policy);
  for (const [name, own] of Object.entries(policy.clients ?? {})) addSections(found, `clients.${name}.`, own);
  if (policy.foreignOrders !== undefined) found.set('foreignOrders', policy.foreignOrders);
  if (policy.delivery) {
    found.set('delivery.within', spanWords(policy.delivery.withinMs));
    found.set('delivery.otherwise', policy.delivery.otherwise);
  }
  const { maxFen, active, perDay } = policy.subscriptions ?? {};
  const ofSubscriptions: [string, string | number | undefined][] = [
    ['maxYuan', yuan(maxFen)],
    ['active', active],
    ['perDay.totalYuan', yuan(perDay?.totalFen)],
    ['perDay.count', perDay?.count],
  ];
  for (const [rule, value] of ofSubscriptions) {
    if (value !== undefined) found.set(`subscriptions.${rule}`, String(value));
  }
  if (policy.trustForms) found.set('approvals.form', 'trusted');
  return found;
}

/** As it may stand in a policy file: `30m`, `24h`, `7d`. */
export function spanWords(ms: number): string {
  const [day, hour, minute] = [DAY_MS, 3_600_000, 60_000];
  if (ms % day === 0 && ms > day) return `${ms / day}d`;
  return ms % hour === 0 ? `${ms / hour}h` : `${ms / minute}m`;
}

/** What would change if `offered` came in force instead, in the order of a policy file. */
export function changedRules(inForce: Partial<Policy>, offered: Policy): RuleChange[] {
  const [before, after] = [statedRules(inForce), statedRules(offered)];
  return [...new Set([...before.keys(), ...after.keys()])]
    .map((path) => ({ path, inForce: before.get(path), offered: after.get(path) }))
    .filter((rule) => rule.inForce !== rule.offered);
}

function addSections(found: Map<string, string>, prefix: string, sections: Partial<Sections>): void {
  for (const name of ['payments', 'refunds'] as const) {
    for (const [rule, value] of ruleWords(sections[name] ?? {})) found.set(`${prefix}${name}.${rule}`, value);
  }
}

function yuan(amount: Fen | 'none' | undefined): string | undefined {
  return amount === undefined || amount === 'none' ? amount : toYuan(amount);
}

function ruleWords(rules: RuleSet): [rule: string, value: string][] {
  const { maxFen, approveAboveFen, perDay, perMinute, providers, scenes, hours, from } = rules;
  const words: [string, string | number | undefined][] = [
    ['maxYuan', yuan(maxFen)],
    ['approveAboveYuan', yuan(approveAboveFen)],
    ['perDay.totalYuan', yuan(perDay?.totalFen)],
    ['perDay.count', perDay?.count],
    ['perMinute.totalYuan', yuan(perMinute?.totalFen)],
    ['perMinute.count', perMinute?.count],
    ['providers', providers?.join(', ')],
    ['scenes', scenes?.join(', ')],
    ['hours', hours?.map(clockTime).join('-')],
    ['from', from],
  ];
  return words.flatMap(([rule, value]) => (value === undefined ? [] : [[rule, String(value)]]));
}
