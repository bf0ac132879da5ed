import { type Fen, fen, toYuan } from '../domain/money.ts';
import type { ProviderId, Scene } from '../domain/order.ts';
import type { Rule } from './rules.ts';

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1440;
const BEIJING_OFFSET_MINUTES = 480;
/** Of what has no ceiling: neither a number nor a sum (fen) gets there. */
const UNBOUNDED = Number.MAX_SAFE_INTEGER as Fen;

/** What a ceiling or a budget has to bear already. */
export interface Used {
  readonly count: number;
  readonly fen: number;
  /** What a budget was filled with (fen). */
  readonly filledFen?: number;
  /** One by one (ms, fen), oldest first, for a minute. */
  readonly entries?: readonly { readonly at: number; readonly fen: number }[];
}

export interface Request {
  readonly provider: ProviderId;
  readonly scene: Scene;
  readonly amountFen: Fen;
}

/** What the rules say of one call. `rule` is the path in the policy file, `freeAt` (ms) when it would be allowed. */
export type Decision =
  | { readonly kind: 'allow' }
  | { readonly kind: 'approve'; readonly rule: string }
  | Denial;

export interface Denial {
  readonly kind: 'deny';
  readonly rule: string;
  readonly limit: string;
  readonly used: string;
  readonly freeAt?: number;
}

/**
 * Pure: the same rules, request, use and instant (ms) always give the same decision. What forbids comes before what
 * asks a person.
 * @param used for every ceiling and budget among the rules
 */
export function decide(
  rules: readonly Rule[],
  request: Request,
  used: ReadonlyMap<Rule, Used>,
  now: number,
): Decision {
  for (const rule of rules) {
    const denial = forbids(rule, request, used.get(rule), now);
    if (denial) return denial;
  }
  for (const rule of rules) {
    if (rule.kind === 'approve' && request.amountFen > rule.aboveFen)
      return { kind: 'approve', rule: rule.path };
  }
  return { kind: 'allow' };
}

function forbids(rule: Rule, request: Request, used: Used | undefined, now: number): Denial | undefined {
  const { path } = rule;
  const amount = request.amountFen;
  switch (rule.kind) {
    case 'providers':
      if (rule.allowed.includes(request.provider)) return undefined;
      return deny(path, rule.allowed.join(', '), request.provider);
    case 'scenes':
      if (rule.allowed.includes(request.scene)) return undefined;
      return deny(path, rule.allowed.join(', '), request.scene);
    case 'hours':
      if (within(rule.hours, now)) return undefined;
      return {
        ...deny(path, rule.hours.map(clockTime).join('-'), clockTime(minuteOfDay(now))),
        freeAt: nextOpening(rule.hours[0], now),
      };
    case 'max':
      return amount > rule.fen ? deny(path, toYuan(rule.fen), toYuan(amount)) : undefined;
    case 'ceiling': {
      if (used === undefined) return notLookedUp(path);
      const { totalFen = UNBOUNDED, count = UNBOUNDED } = rule;
      const frees = freeAt(rule, amount, used, now);
      if (used.count + 1 > count) {
        return { ...deny(`${path}.count`, String(count), String(used.count)), ...frees };
      }
      if (used.fen + amount > totalFen) {
        return { ...deny(`${path}.totalYuan`, toYuan(totalFen), toYuan(fen(used.fen))), ...frees };
      }
      return undefined;
    }
    case 'active': {
      if (used === undefined) return notLookedUp(path);
      return used.count + 1 > rule.count ? deny(path, String(rule.count), String(used.count)) : undefined;
    }
    case 'budget': {
      if (used === undefined) return notLookedUp(path);
      const { filledFen = 0 } = used;
      // Only a top-up frees it.
      return used.fen + amount > filledFen
        ? deny(path, toYuan(fen(filledFen)), toYuan(fen(used.fen)))
        : undefined;
    }
  }
  // What asks a person forbids nothing.
  return undefined;
}

/** A rule whose use nobody has looked up must not pass for unused. */
function notLookedUp(path: string): Denial {
  return deny(path, '?', '?');
}

/** When (ms) enough will have left the window; nothing for an amount that never fits. */
function freeAt(
  rule: Extract<Rule, { kind: 'ceiling' }>,
  amount: Fen,
  used: Used,
  now: number,
): { freeAt?: number } {
  const { totalFen = UNBOUNDED, count = UNBOUNDED } = rule;
  if (amount > totalFen || count < 1) return {};
  if (rule.window === 'day') return { freeAt: nextOpening(0, now + MINUTE_MS) };
  let left = used.count;
  let sum = used.fen;
  for (const entry of used.entries ?? []) {
    left -= 1;
    sum -= entry.fen;
    if (left + 1 <= count && sum + amount <= totalFen) return { freeAt: entry.at + MINUTE_MS };
  }
  return {};
}

/** The first instant (ms) of what a window looks back on, at `now`. */
export function windowStart(window: 'day' | 'minute', now: number): number {
  // What happened exactly a minute ago has left it.
  if (window === 'minute') return now - MINUTE_MS + 1;
  return Math.floor(now / MINUTE_MS - minuteOfDay(now)) * MINUTE_MS;
}

function deny(rule: string, limit: string, used: string): Denial {
  return { kind: 'deny', rule, limit, used };
}

function minuteOfDay(now: number): number {
  return (Math.floor(now / MINUTE_MS) + BEIJING_OFFSET_MINUTES) % DAY_MINUTES;
}

/** The next instant (ms) at which the clock of Beijing shows this minute of the day. */
function nextOpening(minute: number, now: number): number {
  const ahead = (minute - minuteOfDay(now) + DAY_MINUTES) % DAY_MINUTES;
  return Math.floor(now / MINUTE_MS + ahead) * MINUTE_MS;
}

function within([from, to]: readonly [number, number], now: number): boolean {
  const minute = minuteOfDay(now);
  return from <= to ? minute >= from && minute < to : minute >= from || minute < to;
}

/** A minute of the day as a clock shows it: 480 → `08:00`. */
export function clockTime(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
}
