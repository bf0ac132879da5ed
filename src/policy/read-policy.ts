import { isActorName } from '../domain/actors.ts';
import { DAY_MS } from '../domain/clock.ts';
import { defined } from '../domain/defined.ts';
import type { Text } from '../domain/errors.ts';
import { type Fen, fenFromYuan } from '../domain/money.ts';
import { likely } from '../domain/nearest.ts';
import { SCENES } from '../domain/order.ts';
import { WALLET_IDS } from '../providers/registry.ts';
import type {
  Ceiling,
  DeliveryRule,
  ForeignOrders,
  Policy,
  RuleSet,
  Sections,
  SubscriptionRules,
} from './policy.ts';

/** Names of members and positions in lists, from the top. */
export type Path = readonly (string | number)[];

/** What is wrong with a policy and where: at the name of the member that the path ends in, or at its value. */
export class PolicyProblem extends Error {
  override readonly name = 'PolicyProblem';
  readonly text: Text;
  readonly path: Path;
  readonly at: 'name' | 'value';

  constructor(text: Text, path: Path, at: 'name' | 'value' = 'value') {
    super(text.en);
    this.text = text;
    this.path = path;
    this.at = at;
  }
}

export function wrong(path: Path, zh: string, en: string): PolicyProblem {
  return new PolicyProblem({ zh, en }, path);
}

type Read<T> = (value: unknown, path: Path) => T;

/** Client names are cut to this before they are compared. */
const MAX_CLIENT_NAME = 64;
/** Longer values and names are cut in sentences (characters). */
const MAX_SHOWN = 40;
const HOURS = /^(?:[01]\d|2[0-3]):[0-5]\d-(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)$/;

const RULES = {
  maxYuan: yuan,
  approveAboveYuan: threshold,
  perDay: ceiling,
  perMinute: ceiling,
  hours,
  from: oneOf(['budget']),
};
const PAYMENT_RULES = { ...RULES, providers: someOf(WALLET_IDS), scenes: someOf(SCENES) };
const SECTIONS = { payments: ruleSet(PAYMENT_RULES), refunds: ruleSet(RULES) };

/**
 * The rules that the plain data of a policy file states. Equal rules always come out with equal members in equal
 * order, however they were written: they are compared as text. Throws PolicyProblem at the first thing that is wrong.
 */
export function readPolicyData(value: unknown): Policy {
  const found = members(value, [], {
    version,
    ...SECTIONS,
    clients,
    foreignOrders: oneOf<ForeignOrders>(['refuse', 'query', 'allow']),
    approvals,
    delivery,
    subscriptions,
  });
  if (found.version === undefined) throw new PolicyProblem(NO_VERSION, []);
  const { maxFen, ...refunds } = found.refunds ?? {};
  return {
    payments: found.payments ?? {},
    // Unlike any other rule, this one holds where nothing is said.
    refunds: { ...defined({ maxFen }), approveAboveFen: 0 as Fen, ...refunds },
    ...defined({
      clients: found.clients,
      foreignOrders: found.foreignOrders,
      delivery: found.delivery,
      subscriptions: nonEmpty(found.subscriptions),
      trustForms: found.approvals?.form === 'trusted' ? true : undefined,
    }),
  };
}

/** The rules that stand with a token: sections of a policy file, and nothing is added. Throws PolicyProblem. */
export function readSections(value: unknown, path: Path = []): Partial<Sections> {
  const { payments, refunds } = members(value, path, SECTIONS);
  return defined({ payments: nonEmpty(payments), refunds: nonEmpty(refunds) });
}

function ruleSet(rules: Partial<typeof PAYMENT_RULES> & typeof RULES): Read<RuleSet> {
  return (value, path) => {
    const found = members(value, path, rules);
    return defined({
      maxFen: found.maxYuan,
      approveAboveFen: found.approveAboveYuan,
      perDay: found.perDay,
      perMinute: found.perMinute,
      providers: found.providers,
      scenes: found.scenes,
      hours: found.hours,
      from: found.from,
    });
  };
}

function subscriptions(value: unknown, path: Path): SubscriptionRules {
  const found = members(value, path, { maxYuan: yuan, active: wholeNumber, perDay: ceiling });
  return defined({ maxFen: found.maxYuan, active: found.active, perDay: found.perDay });
}

function ceiling(value: unknown, path: Path): Ceiling {
  const { totalYuan: totalFen, count } = members(value, path, { totalYuan: yuan, count: wholeNumber });
  if (totalFen === undefined && count === undefined) {
    throw wrong(path, '需要 totalYuan 或 count（或两者）', 'needs totalYuan or count, or both');
  }
  return defined({ totalFen, count });
}

function clients(value: unknown, path: Path): Policy['clients'] {
  const named = Object.entries(mapOf(value, path)).map(([name, own]) => {
    if (name === '' || name.length > MAX_CLIENT_NAME) {
      const text = {
        zh: `名称应有 1 到 ${MAX_CLIENT_NAME} 个字符`,
        en: `a name has 1 to ${MAX_CLIENT_NAME} characters`,
      };
      throw new PolicyProblem(text, [...path, name], 'name');
    }
    if (isActorName(name)) throw new PolicyProblem(RESERVED, [...path, name], 'name');
    return [name, readSections(own, [...path, name])] as const;
  });
  const stated = named.filter(([, own]) => Object.keys(own).length > 0);
  const sorted = stated.sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.length === 0 ? undefined : Object.fromEntries(sorted);
}

function approvals(value: unknown, path: Path) {
  return members(value, path, { form: oneOf(['trusted', 'off']) });
}

/** What is to be done is said in words, and within how long as `30m`, `24h` or `7d`. */
function delivery(value: unknown, path: Path): DeliveryRule {
  const { within, otherwise = 'tell' } = members(value, path, {
    within: span,
    otherwise: oneOf<DeliveryRule['otherwise']>(['tell', 'propose-refund', 'refund']),
  });
  if (within === undefined)
    throw wrong(path, '需要 within，例如 within: 24h', 'needs within, such as within: 24h');
  return { withinMs: within, otherwise };
}

const UNIT_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: DAY_MS };
const LONGEST_SPAN_MS = 90 * DAY_MS;

function span(value: unknown, path: Path): number {
  const [, count, unit = ''] = /^([1-9]\d{0,5})([mhd])$/.exec(typeof value === 'string' ? value : '') ?? [];
  const ms = Number(count) * (UNIT_MS[unit] ?? Number.NaN);
  if (ms <= LONGEST_SPAN_MS) return ms;
  throw wrong(
    path,
    `必须是 1 分钟到 90 天的时长，例如 30m、24h 或 7d，而不是 ${shown(value)}`,
    `must be a time from 1 minute to 90 days, such as 30m, 24h or 7d, not ${shown(value)}`,
  );
}

function version(value: unknown, path: Path): 1 {
  if (value === 1) return 1;
  throw wrong(path, `必须是 1，而不是 ${shown(value)}`, `must be 1, not ${shown(value)}`);
}

/** An amount in quotes. Throws PolicyProblem. */
export function yuan(value: unknown, path: Path): Fen {
  const fen = typeof value === 'string' ? fenFromYuan(value) : undefined;
  if (fen !== undefined) return fen;
  if (typeof value === 'number' && fenFromYuan(String(value)) !== undefined) {
    throw wrong(path, `金额要加引号，写成 "${value}"`, `quote the amount: write "${value}"`);
  }
  throw wrong(
    path,
    `必须是加引号的元金额，例如 "500" 或 "9.90"，而不是 ${shown(value)}`,
    `must be yuan in quotes, such as "500" or "9.90", not ${shown(value)}`,
  );
}

function threshold(value: unknown, path: Path): Fen | 'none' {
  return value === 'none' ? value : yuan(value, path);
}

function wholeNumber(value: unknown, path: Path): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw wrong(
    path,
    `必须是不带引号的整数，例如 20，而不是 ${shown(value)}`,
    `must be a whole number without quotes, such as 20, not ${shown(value)}`,
  );
}

function hours(value: unknown, path: Path): [from: number, to: number] {
  if (typeof value !== 'string' || !HOURS.test(value)) {
    throw wrong(
      path,
      `必须是北京时间的时段，例如 "08:00-23:00"，而不是 ${shown(value)}`,
      `must be a span of Beijing time such as "08:00-23:00", not ${shown(value)}`,
    );
  }
  const [from, to] = [minuteOf(value.slice(0, 5)), minuteOf(value.slice(6))];
  if (from !== to) return [from, to];
  throw wrong(
    path,
    '起止时间相同，什么都不允许；全天写 "00:00-24:00"',
    'begins and ends at the same time and allows nothing; all day is "00:00-24:00"',
  );
}

function minuteOf(clockTime: string): number {
  return Number(clockTime.slice(0, 2)) * 60 + Number(clockTime.slice(3));
}

function oneOf<T extends string>(allowed: readonly T[]): Read<T> {
  return (value, path) => {
    const found = allowed.find((candidate) => candidate === value);
    if (found !== undefined) return found;
    const hint = didYouMean(value, allowed);
    throw wrong(
      path,
      `只能是 ${allowed.join('、')}，而不是 ${shown(value)}${hint.zh}`,
      `must be ${allowed.join(' or ')}, not ${shown(value)}${hint.en}`,
    );
  };
}

function someOf<T extends string>(allowed: readonly T[]): Read<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value) || value.length === 0) {
      throw wrong(
        path,
        `必须是非空列表，例如 [${allowed.slice(0, 2).join(', ')}]，而不是 ${shown(value)}`,
        `must be a list of at least one, such as [${allowed.slice(0, 2).join(', ')}], not ${shown(value)}`,
      );
    }
    const wanted = new Set(value.map((item: unknown, i) => oneOf(allowed)(item, [...path, i])));
    return allowed.filter((candidate) => wanted.has(candidate));
  };
}

/** Reads each member by the reader of its name, in the order of the file. */
function members<R extends Readonly<Record<string, Read<unknown> | undefined>>>(
  value: unknown,
  path: Path,
  readers: R,
): { [K in keyof R]?: ReturnType<NonNullable<R[K]>> | undefined } {
  const found: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(mapOf(value, path))) {
    const read = Object.hasOwn(readers, name) ? readers[name] : undefined;
    if (read === undefined) throw unknownName(name, path, Object.keys(readers));
    found[name] = read(member, [...path, name]);
  }
  return found as { [K in keyof R]?: ReturnType<NonNullable<R[K]>> };
}

/** A name with nothing behind it states no rules. */
function mapOf(value: unknown, path: Path): Readonly<Record<string, unknown>> {
  if (value === null || value === undefined) return {};
  if (typeof value === 'object' && !Array.isArray(value)) return value as Readonly<Record<string, unknown>>;
  const text = {
    zh: `必须是“名称: 值”的形式，而不是 ${shown(value)}`,
    en: `must be a map of names to values, not ${shown(value)}`,
  };
  // What is no policy at all may be somebody's key: nothing of it is shown.
  throw path.length > 0 ? new PolicyProblem(text, path) : new PolicyProblem(NO_MAP, path);
}

const RESERVED: Text = {
  zh: '这个名称留给系统自己，不会是任何调用方的名称',
  en: 'this name is reserved, and nobody who calls can have it',
};
const NO_MAP: Text = {
  zh: '必须是“名称: 值”的形式，第一项是 version: 1',
  en: 'must be a map of names to values that begins with version: 1',
};
const NO_VERSION: Text = { zh: '缺少 version: 1', en: 'version: 1 is missing' };

function unknownName(name: string, path: Path, known: readonly string[]): PolicyProblem {
  const hint = didYouMean(name, known);
  return new PolicyProblem(
    {
      zh: `没有名为 ${cut(name)} 的规则${hint.zh || `；这里可用：${known.join('、')}`}`,
      en: `there is no rule called ${cut(name)}${hint.en || `; known here: ${known.join(', ')}`}`,
    },
    [...path, name],
    'name',
  );
}

function didYouMean(written: unknown, known: readonly string[]): Text {
  const near = typeof written === 'string' ? likely(written, known) : undefined;
  return near === undefined
    ? { zh: '', en: '' }
    : { zh: `（是否想写 ${near}？）`, en: ` (did you mean ${near}?)` };
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? '[]' : '[…]';
  if (typeof value === 'object' && value !== null) return '{…}';
  return cut(typeof value === 'string' ? JSON.stringify(value) : String(value));
}

/** What somebody has written, as a sentence may have it. */
export function cut(text: string): string {
  const plain = text.replace(/\p{C}/gu, '?');
  return plain.length > MAX_SHOWN ? `${plain.slice(0, MAX_SHOWN)}…` : plain;
}

function nonEmpty<T extends object>(value: T | undefined): T | undefined {
  return value && Object.keys(value).length > 0 ? value : undefined;
}
