import type { Clock } from '../domain/clock.ts';
import { CashierError } from '../domain/errors.ts';
import type { Log } from '../domain/ports.ts';
import type { Ledger } from '../ledger/ledger.ts';

/** What a caller may do at once, and how much of it comes back each second. */
export interface Allowance {
  readonly burst: number;
  readonly perSecond: number;
}
/** No agent that works, polls or waits comes near it. */
const CALLS: Allowance = { burst: 3_000, perSecond: 50 };
/** Each is recorded for good: what is refused this often is no agent's work. */
const REFUSALS: Allowance = { burst: 300, perSecond: 2 };
/** The same for one page: nobody who buys comes near it. */
export const REFUSED_STRANGERS: Allowance = { burst: 20, perSecond: 1 / 60 };
/** Callers that are remembered at a time; one with all its allowance need not be. */
const MOST_CALLERS = 10_000;

interface Level {
  left: number;
  at: number;
}

/**
 * How often each caller may call, all tools together: one that is too fast waits, and the others do not notice. Held in
 * memory by each process, which is what a flood burdens.
 */
export class CallRate {
  readonly #clock: Clock;
  readonly #calls = new Bucket(CALLS);
  readonly #refusals: Bucket;
  readonly #limited = new Map<string, { since: number; count: number }>();

  constructor(clock: Clock, refusals = REFUSALS) {
    this.#clock = clock;
    this.#refusals = new Bucket(refusals);
  }

  /** Counts a call that begins. Throws TRY_LATER when there were too many, or too many that were refused. */
  admit(caller: string, moves: boolean): void {
    const wait = this.#wait(caller, moves, 1);
    if (wait > 0) throw tooMany(Math.ceil(wait));
  }

  /** Whether {@link admit} would throw; counts nothing. */
  excess(caller: string, moves: boolean): boolean {
    return this.#wait(caller, moves, 0) > 0;
  }

  #wait(caller: string, moves: boolean, count: number): number {
    const now = this.#clock.now();
    return Math.max(
      this.#calls.take(caller, now, count),
      // What only asks is not recorded when it is refused.
      moves ? this.#refusals.take(caller, now, 0) : 0,
    );
  }

  /** Counts a call that was refused and recorded. */
  refused(caller: string): void {
    this.#refusals.take(caller, this.#clock.now(), 1);
  }

  /** Counts one that was not admitted: how many there were, to be told at most once a minute; else undefined. */
  limited(caller: string): number | undefined {
    const now = this.#clock.now();
    const known = this.#limited.get(caller);
    const elapsed = now - (known?.since ?? Number.NEGATIVE_INFINITY);
    const count = (known?.count ?? 0) + 1;
    if (elapsed >= 0 && elapsed < 60_000) {
      this.#limited.set(caller, { since: known?.since ?? now, count });
      return undefined;
    }
    if (this.#limited.size >= MOST_CALLERS) this.#limited.clear();
    this.#limited.set(caller, { since: now, count: 0 });
    return count;
  }
}

/**
 * Of many that were not looked at, or not recorded one by one, one record a minute says how many.
 * @param key under which they are counted
 */
export async function recordLimited(
  { ledger, log }: { readonly ledger: Ledger; readonly log: Log },
  rate: CallRate,
  { caller, tool }: { readonly caller: string; readonly tool?: string | undefined },
  key = caller,
): Promise<void> {
  const calls = rate.limited(key);
  if (calls === undefined) return;
  await ledger
    .as({ caller, ...(tool === undefined ? {} : { tool }) })
    .write((book) => book.audit.append({ kind: 'calls-limited', detail: { calls } }))
    .catch((error: unknown) => log.error('calls limited', { error: String(error) }));
}

/** What each of many may have at once, and get back with time. */
export class Bucket {
  readonly #allowance: Allowance;
  readonly #levels = new Map<string, Level>();

  constructor(allowance: Allowance) {
    this.#allowance = allowance;
  }

  /** Takes so many, as far as there are any; returns how long (s) until there is one, 0 when there was. */
  take(caller: string, now: number, count: number): number {
    const { burst, perSecond } = this.#allowance;
    const { left, at } = this.#levels.get(caller) ?? { left: burst, at: now };
    // A clock that was set back gives nothing, and takes nothing.
    const level = Math.min(burst, left + (Math.max(0, now - at) / 1_000) * perSecond);
    const enough = level >= 1;
    if (!this.#levels.has(caller) && this.#levels.size >= MOST_CALLERS) this.#forget(now);
    this.#levels.set(caller, { left: enough ? level - count : level, at: now });
    return enough ? 0 : Math.max(1, (1 - level) / perSecond);
  }

  /** Those who have everything again, else the one known for the longest. */
  #forget(now: number): void {
    const { burst, perSecond } = this.#allowance;
    for (const [caller, { left, at }] of this.#levels) {
      if (left + ((now - at) / 1_000) * perSecond >= burst) this.#levels.delete(caller);
    }
    const [first] = this.#levels.keys();
    if (this.#levels.size >= MOST_CALLERS && first !== undefined) this.#levels.delete(first);
  }
}

function tooMany(seconds: number): CashierError {
  return new CashierError('TRY_LATER', {
    zh: '调用过于频繁，这次没有处理：没有发出请求，没有资金变动。',
    en: 'Too many calls; this one was not looked at: nothing was sent and no money moved.',
    next: {
      zh: `${seconds} 秒后用相同参数重试，并放慢频率；等待付款用 waitSeconds。`,
      en: `Call again with the same arguments in ${seconds} s, and less often; to wait for a payment use waitSeconds.`,
    },
    details: { retryAfterSeconds: seconds },
  });
}
