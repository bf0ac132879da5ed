import type { Clock } from '../domain/clock.ts';
import { GUESSES_WITHIN_MS, MOST_GUESSES, type Turn } from '../ledger/guess-count.ts';

/** Guesses that wait for their turn at a time, and guessers that are remembered: strangers bring as many as they like. */
const MAX_WAITING = 200;
const MAX_REMEMBERED = 10_000;

/** Who guesses: somebody at a source, or at a device on which whose secret it is has signed in before. */
export interface Guesser {
  readonly key: string;
  readonly isKnown: boolean;
}

/** How long (s) this guesser has to wait. */
export interface Wait {
  readonly wait: number;
}

/** Where guesses are counted for all processes. */
export interface Count {
  /** Counts one that is about to be made. */
  begin(key: string): Promise<Turn>;
  /** Takes back what was counted for that one. */
  forget(key: string, slot: number): Promise<void>;
}

interface Waiting {
  readonly run: () => Promise<void>;
  readonly drop: () => void;
}

/**
 * Lets guesses happen one at a time, because each costs memory and a tenth of a second, and at most ten failed ones a
 * minute by the same guesser, at whatever process. Nobody's failures are another's: known devices come first, and
 * strangers take turns by source, so that however many there are, whoever knows the secret gets to say it. Who is
 * locked out is told so from memory.
 */
export class Guesses {
  readonly #clock: Clock;
  readonly #count: Count;
  /** Until when (ms) each is. */
  readonly #lockedOut = new Map<string, number>();
  /** By guesser, in the order of their turns. */
  readonly #known = new Map<string, Waiting[]>();
  readonly #strangers = new Map<string, Waiting[]>();
  readonly #underWay = new Map<string, number>();
  #waiting = 0;
  #busy = false;

  constructor(clock: Clock, count: Count) {
    this.#clock = clock;
    this.#count = count;
  }

  /** @param guess given which within the last minute it is: whether it was right, and what to answer */
  take<T>(
    { key, isKnown }: Guesser,
    guess: (nth: number) => Promise<{ readonly right: boolean; readonly answer: T }>,
  ): Promise<T | Wait> {
    const underWay = this.#underWay.get(key) ?? 0;
    // Those under way may all fail.
    const locked = this.#locked(key) ?? (underWay >= MOST_GUESSES ? { wait: 1 } : undefined);
    if (locked) return Promise.resolve(locked);
    if (!isKnown && this.#waiting >= MAX_WAITING) this.#dropOne();
    this.#underWay.set(key, underWay + 1);
    const rows = isKnown ? this.#known : this.#strangers;
    return new Promise<T | Wait>((resolve, reject) => {
      const end = () => {
        const left = (this.#underWay.get(key) ?? 1) - 1;
        if (left > 0) this.#underWay.set(key, left);
        else this.#underWay.delete(key);
      };
      const run = async () => {
        try {
          resolve(this.#locked(key) ?? (await this.#make(key, guess)));
        } catch (error) {
          reject(error);
        } finally {
          end();
        }
      };
      const drop = () => {
        end();
        resolve({ wait: 1 });
      };
      rows.set(key, [...(rows.get(key) ?? []), { run, drop }]);
      if (!isKnown) this.#waiting += 1;
      if (!this.#busy) void this.#work();
    });
  }

  async #make<T>(key: string, guess: (nth: number) => Promise<{ right: boolean; answer: T }>) {
    const turn = await this.#count.begin(key);
    if ('wait' in turn) return this.#lockOut(key, turn.wait);
    const { right, answer } = await guess(turn.nth);
    if (right) await this.#count.forget(key, turn.slot);
    return answer;
  }

  async #work(): Promise<void> {
    this.#busy = true;
    for (let next = this.#next(); next !== undefined; next = this.#next()) await next.run();
    this.#busy = false;
  }

  #next(): Waiting | undefined {
    const known = shift(this.#known);
    if (known !== undefined) return known;
    const stranger = shift(this.#strangers);
    if (stranger !== undefined) this.#waiting -= 1;
    return stranger;
  }

  /** The latest of whoever has most of them waiting. */
  #dropOne(): void {
    const [key, row] = [...this.#strangers].reduce((most, one) =>
      one[1].length > most[1].length ? one : most,
    );
    if (row.length === 1) this.#strangers.delete(key);
    this.#waiting -= 1;
    row.pop()?.drop();
  }

  #lockOut(key: string, ms: number): Wait {
    // Those that have been for the longest are forgotten first.
    const [oldest] = this.#lockedOut.keys();
    if (oldest !== undefined && this.#lockedOut.size >= MAX_REMEMBERED) this.#lockedOut.delete(oldest);
    this.#lockedOut.set(key, this.#clock.now() + ms);
    return { wait: wholeSeconds(ms) };
  }

  #locked(key: string): Wait | undefined {
    const left = (this.#lockedOut.get(key) ?? 0) - this.#clock.now();
    // Longer than a minute nobody is: the clock has been set back since.
    if (left > 0 && left <= GUESSES_WITHIN_MS) return { wait: wholeSeconds(left) };
    this.#lockedOut.delete(key);
    return undefined;
  }
}

function wholeSeconds(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1_000));
}

/** Takes the first guess of whose turn it is, and puts them at the end. */
function shift(rows: Map<string, Waiting[]>): Waiting | undefined {
  for (const [key, row] of rows) {
    const first = row.shift();
    rows.delete(key);
    if (row.length > 0) rows.set(key, row);
    if (first !== undefined) return first;
  }
  return undefined;
}
