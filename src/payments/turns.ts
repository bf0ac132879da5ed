import type { Clock } from '../domain/clock.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { GatewayUnavailable } from '../providers/contract.ts';
import { PACE_MS, placeForCall } from './pace.ts';

/** How many questions of one caller may stand in the queue. */
const MOST_OF_CALLER = 50;

/** A question of a call comes before one that is repeated while somebody waits. */
export type Urgency = 'call' | 'wait';

export interface Question {
  readonly account: string;
  /** Whose order it is about: callers take turns. */
  readonly caller: string;
  readonly outTradeNo?: string;
  readonly urgency: Urgency;
  /** Not asked where any process has asked about the order within this time (ms). */
  readonly unlessAskedWithinMs?: number;
}

interface Standing extends Question {
  readonly settle: (asked: boolean) => void;
  readonly fail: (error: unknown) => void;
}

/** So many questions stand ahead that this one was not sent. */
export class Crowded extends GatewayUnavailable {
  readonly retryAfterSeconds: number;

  constructor(ahead: number) {
    super('too many questions');
    this.retryAfterSeconds = Math.ceil((ahead * PACE_MS) / 1000) + 1;
  }
}

/** Where this process's questions to the gateways stand in line, each account's in the pace that all processes share. */
export class Turns {
  readonly #ledger: Ledger;
  readonly #clock: Clock;
  readonly #lines = new Map<string, Standing[]>();
  /** Who had the last turn in each line. */
  readonly #served = new Map<string, string>();

  constructor(ledger: Ledger, clock: Clock) {
    this.#ledger = ledger;
    this.#clock = clock;
  }

  /**
   * Resolves when the question may be sent; false says that somebody else has just asked it. Throws {@link Crowded},
   * and what the ledger throws.
   */
  async take(question: Question): Promise<boolean> {
    const { account, caller, urgency } = question;
    const line = this.#lines.get(account) ?? [];
    const own = line.filter((other) => other.caller === caller && other.urgency === urgency);
    if (urgency === 'call' && own.length >= MOST_OF_CALLER) throw new Crowded(line.length);
    return new Promise((settle, fail) => {
      line.push({ ...question, settle, fail });
      if (line.length > 1) return;
      this.#lines.set(account, line);
      void this.#serve(account, line);
    });
  }

  async #serve(account: string, line: Standing[]): Promise<void> {
    for (let next = this.#next(account, line); next; next = this.#next(account, line)) {
      const standing = next;
      try {
        const place = await this.#book(standing);
        if (place === 'crowded') {
          await this.#clock.sleep(PACE_MS);
          continue;
        }
        if (place !== 'asked') await this.#until(place);
        standing.settle(place !== 'asked');
      } catch (error) {
        standing.fail(error);
      }
      line.splice(line.indexOf(standing), 1);
      this.#served.set(account, standing.caller);
    }
    this.#lines.delete(account);
  }

  /** The most urgent, of the caller whose turn it is. */
  #next(account: string, line: readonly Standing[]): Standing | undefined {
    const calls = line.filter(({ urgency }) => urgency === 'call');
    const candidates = calls.length > 0 ? calls : line;
    const last = this.#served.get(account) ?? '';
    const callers = [...new Set(candidates.map(({ caller }) => caller))].sort();
    const turn = callers.find((caller) => caller > last) ?? callers[0];
    return candidates.find(({ caller }) => caller === turn);
  }

  #book({ account, outTradeNo, unlessAskedWithinMs }: Standing): Promise<number | 'asked' | 'crowded'> {
    return this.#ledger.note(async (book) => {
      const now = this.#clock.now();
      if (outTradeNo !== undefined && unlessAskedWithinMs !== undefined) {
        const askedAt = await book.asking.askedAt(outTradeNo);
        if (askedAt !== undefined && Math.abs(now - askedAt) < unlessAskedWithinMs) return 'asked';
      }
      const place = await placeForCall(book, account, now);
      if (place === undefined) return 'crowded';
      if (outTradeNo !== undefined) await book.asking.noteAsked(outTradeNo);
      return place;
    });
  }

  async #until(place: number): Promise<void> {
    const wait = place - this.#clock.now();
    if (wait > 0) await this.#clock.sleep(wait);
  }
}
