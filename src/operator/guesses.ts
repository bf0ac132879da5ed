import type { Clock } from '../domain/clock.ts';

const MAX_FAILURES = 10;
const WINDOW_MS = 60_000;
/** Guesses that wait for their turn at a time, and guessers that are remembered: strangers bring as many as they like. */
const MAX_WAITING = 200;
const MAX_REMEMBERED = 10_000;

/** Who guesses: somebody at a source, or at a device that a person has signed in with before. */
export interface Guesser {
  readonly key: string;
  readonly isKnown: boolean;
}

/** How long (s) this guesser has to wait. */
export interface Wait {
  readonly wait: number;
}

interface Waiting {
  readonly run: () => Promise<void>;
  readonly drop: () => void;
}

/**
 * Lets guesses happen one at a time, because each costs memory and a tenth of a second, and at most ten failed ones a
 * minute by the same guesser. Nobody's failures are another's: known devices come first, and strangers take turns by
 * source, so that however many there are, whoever knows the secret gets to say it.
 */
export class Guesses {
  readonly #clock: Clock;
  readonly #failures = new Map<string, number[]>();
  /** By guesser, in the order of their turns. */
  readonly #known = new Map<string, Waiting[]>();
  readonly #strangers = new Map<string, Waiting[]>();
  readonly #underWay = new Map<string, number>();
  #waiting = 0;
  #busy = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param guess whether it was right, and what to answer */
  take<T>(
    { key, isKnown }: Guesser,
    guess: () => Promise<{ readonly right: boolean; readonly answer: T }>,
  ): Promise<T | Wait> {
    const failed = this.#failed(key);
    // Those under way may all fail.
    if (failed.length + (this.#underWay.get(key) ?? 0) >= MAX_FAILURES) {
      return Promise.resolve({
        wait: this.#secondsUntil((failed[0] ?? this.#clock.now()) + WINDOW_MS, failed),
      });
    }
    if (!isKnown && this.#waiting >= MAX_WAITING) this.#dropOne();
    this.#underWay.set(key, (this.#underWay.get(key) ?? 0) + 1);
    const rows = isKnown ? this.#known : this.#strangers;
    return new Promise<T | Wait>((resolve, reject) => {
      const end = () => {
        const left = (this.#underWay.get(key) ?? 1) - 1;
        if (left > 0) this.#underWay.set(key, left);
        else this.#underWay.delete(key);
      };
      const run = async () => {
        try {
          const { right, answer } = await guess();
          if (right) this.#failures.delete(key);
          else this.#remember(key);
          resolve(answer);
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

  /** How many of this guesser's have failed within the last minute. */
  failures(key: string): number {
    return this.#failed(key).length;
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

  #remember(key: string): void {
    const failed = [...this.#failed(key), this.#clock.now()];
    // To the end: those that have been there for the longest are forgotten first.
    this.#failures.delete(key);
    this.#failures.set(key, failed);
    for (const old of this.#failures.keys()) {
      if (this.#failures.size <= MAX_REMEMBERED && this.#failed(old).length > 0) break;
      this.#failures.delete(old);
    }
  }

  #failed(key: string): readonly number[] {
    const now = this.#clock.now();
    // One that lies ahead was made before the clock was set back.
    return (this.#failures.get(key) ?? []).filter((at) => at > now - WINDOW_MS && at <= now);
  }

  #secondsUntil(at: number, failed: readonly number[]): number {
    if (failed.length === 0) return 1;
    return Math.max(1, Math.ceil((at - this.#clock.now()) / 1_000));
  }
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
