import type { Fen } from '../domain/money.ts';
import type { ProviderId, Scene } from '../domain/order.ts';
import type { MoneyKind, Scope } from '../ledger/counting.ts';
import type { Identity } from './identity.ts';
import type { Policy, RuleSet, Sections } from './policy.ts';

/** One rule as it applies to one call. `path` is its place in the policy file. The kinds are a closed set. */
export type Rule = { readonly path: string } & (
  | { readonly kind: 'providers'; readonly allowed: readonly ProviderId[] }
  | { readonly kind: 'scenes'; readonly allowed: readonly Scene[] }
  | { readonly kind: 'hours'; readonly hours: readonly [from: number, to: number] }
  | { readonly kind: 'max'; readonly fen: Fen }
  | { readonly kind: 'approve'; readonly aboveFen: Fen }
  | {
      readonly kind: 'ceiling';
      readonly window: 'day' | 'minute';
      readonly totalFen: Fen | undefined;
      readonly count: number | undefined;
      readonly scope: Scope;
    }
  | { readonly kind: 'budget'; readonly budget: string }
  /** How many subscriptions there may be at a time. */
  | { readonly kind: 'active'; readonly count: number }
);

/** Stands in no policy file: what the trial edition takes at most. */
export const TRIAL_RULE = 'trial.maxYuan';

/** Every rule that can deny, by its name in the policy file and without whose it is. */
export const RULE_NAMES = ['payments', 'refunds']
  .flatMap((section) =>
    [
      ...['providers', 'scenes', 'hours', 'maxYuan', 'from'],
      ...['perMinute', 'perDay'].flatMap((window) => [`${window}.count`, `${window}.totalYuan`]),
    ].map((rule) => `${section}.${rule}`),
  )
  .concat(['maxYuan', 'active', 'perDay.count', 'perDay.totalYuan'].map((rule) => `subscriptions.${rule}`))
  .concat(TRIAL_RULE);

/** The name of the rule at a path in a policy, whoever it is for: callers may have any name. */
export function ruleNameOf(path: string): string | undefined {
  return RULE_NAMES.find((name) => path === name || path.endsWith(`.${name}`));
}

/** Who calls, as far as rules go by it. */
export interface Who extends Pick<Identity, 'caller' | 'named' | 'token'> {
  /** What the program says it is: it can only bring stricter rules upon itself. */
  readonly client?: string | undefined;
}

/**
 * The rules on one call. What the merchant's own name for the caller overrides is replaced, per rule; sums and counts
 * of the top level hold all the same, for everyone together. What a program says of itself is only added.
 */
export function rulesFor(policy: Policy, kind: MoneyKind, who: Who): Rule[] {
  const section = kind === 'payment' ? 'payments' : 'refunds';
  const own = clientOf(policy, who.caller)?.[section] ?? {};
  const overridden = new Set(Object.keys(own).filter((name) => name !== 'perDay' && name !== 'perMinute'));
  const top = Object.fromEntries(Object.entries(policy[section]).filter(([name]) => !overridden.has(name)));
  return [
    ...expand(section, top, {}, who.caller),
    ...expand(`clients.${who.caller}.${section}`, own, { caller: who.caller }, who.caller),
    ...expand(
      `tokens.${who.caller}.${section}`,
      who.token?.[section] ?? {},
      { caller: who.caller },
      who.caller,
    ),
    ...declaredRules(policy, section, who),
  ];
}

/** Stand in one call's rules and are looked up by who calls, whatever is sold. */
const OF_ONE_PAYMENT: ReadonlySet<Rule['kind']> = new Set(['ceiling', 'budget', 'scenes']);

/**
 * The rules on making a subscription: those on subscriptions, and of those on payments what says whether one may be, and
 * who has to allow it. What its periods come to is no payment of today, and counts among subscriptions.
 */
export function subscriptionRules(policy: Policy, who: Who): Rule[] {
  const { maxFen, active, perDay } = policy.subscriptions ?? {};
  const found = rulesFor(policy, 'payment', who).filter(({ kind }) => !OF_ONE_PAYMENT.has(kind));
  if (maxFen !== undefined) found.push({ path: 'subscriptions.maxYuan', kind: 'max', fen: maxFen });
  if (active !== undefined) found.push({ path: 'subscriptions.active', kind: 'active', count: active });
  if (perDay) {
    const { totalFen, count } = perDay;
    found.push({ path: 'subscriptions.perDay', kind: 'ceiling', window: 'day', totalFen, count, scope: {} });
  }
  return found;
}

/**
 * The rules on one period of what was allowed as a subscription. One that its subscriber pays by hand is a payment like
 * any other; of one that the server charges only an allowance is asked, for what that holds is the most that its caller
 * can ever move.
 */
export function periodRules(policy: Policy, who: Who, scene: Scene): Rule[] {
  const binds = (kind: Rule['kind']) =>
    scene === 'agreement' ? kind === 'budget' : OF_ONE_PAYMENT.has(kind);
  return rulesFor(policy, 'payment', who).filter(({ kind }) => binds(kind));
}

/** What a program that says what it is brings upon itself. */
function declaredRules(policy: Policy, section: keyof Sections, { client, caller, named }: Who): Rule[] {
  if (client === undefined || client === caller) return [];
  const rules = clientOf(policy, client)?.[section] ?? {};
  // Who has a name of the merchant's draws on no other's budget by calling itself so.
  return expand(`clients.${client}.${section}`, rules, { client }, named ? caller : client);
}

function clientOf(policy: Policy, name: string): Partial<Sections> | undefined {
  const { clients = {} } = policy;
  return Object.hasOwn(clients, name) ? clients[name] : undefined;
}

function expand(path: string, rules: RuleSet, scope: Scope, budget: string): Rule[] {
  const { providers, scenes, hours, maxFen, approveAboveFen, perDay, perMinute, from } = rules;
  const found: Rule[] = [];
  if (providers) found.push({ path: `${path}.providers`, kind: 'providers', allowed: providers });
  if (scenes) found.push({ path: `${path}.scenes`, kind: 'scenes', allowed: scenes });
  if (hours) found.push({ path: `${path}.hours`, kind: 'hours', hours });
  if (maxFen !== undefined) found.push({ path: `${path}.maxYuan`, kind: 'max', fen: maxFen });
  for (const [name, window, ceiling] of [
    ['perMinute', 'minute', perMinute],
    ['perDay', 'day', perDay],
  ] as const) {
    if (!ceiling) continue;
    const { totalFen, count } = ceiling;
    found.push({ path: `${path}.${name}`, kind: 'ceiling', window, totalFen, count, scope });
  }
  if (from === 'budget') found.push({ path: `${path}.from`, kind: 'budget', budget });
  if (approveAboveFen !== undefined && approveAboveFen !== 'none') {
    found.push({ path: `${path}.approveAboveYuan`, kind: 'approve', aboveFen: approveAboveFen });
  }
  return found;
}
