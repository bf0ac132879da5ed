import type { Clock } from '../domain/clock.ts';
import type { Log } from '../domain/ports.ts';

/** How often (ms) refused names are told of, however many there are. */
const TELL_EVERY_MS = 60_000;
/** Names come from strangers: so many are kept apart, of so many characters. */
const MOST_NAMES = 20;
const MAX_LENGTH = 120;

/** Names that requests were refused for, with how often. */
export type Refusals = ReadonlyMap<string, number>;

/**
 * Counts the names under which we are addressed in vain, and tells of them at most once a minute: a proxy that passes
 * on another name keeps genuine notifications out, and strangers try every name there is.
 */
export class RefusedNames {
  readonly #options: {
    readonly clock: Clock;
    readonly log: Log;
    readonly keep: (names: Refusals) => Promise<void>;
  };
  #counted = new Map<string, number>();
  #toldAt = Number.NEGATIVE_INFINITY;
  #telling: Promise<void> = Promise.resolve();

  constructor(options: {
    readonly clock: Clock;
    readonly log: Log;
    /** Where the doctor finds them. */
    readonly keep: (names: Refusals) => Promise<void>;
  }) {
    this.#options = options;
  }

  note(name: string): void {
    const shown = name.replace(/[^\x21-\x7e]/g, '?').slice(0, MAX_LENGTH);
    const key = this.#counted.has(shown) || this.#counted.size < MOST_NAMES ? shown : 'others';
    this.#counted.set(key, (this.#counted.get(key) ?? 0) + 1);
    const now = this.#options.clock.now();
    // A clock that was set back is no reason to be silent.
    if (now - this.#toldAt >= TELL_EVERY_MS || now < this.#toldAt) this.#tell(now);
  }

  /** Tells the rest. */
  async close(): Promise<void> {
    if (this.#counted.size > 0) this.#tell(this.#options.clock.now());
    await this.#telling;
  }

  #tell(now: number): void {
    const { log, keep } = this.#options;
    const counted = this.#counted;
    this.#counted = new Map();
    this.#toldAt = now;
    log.info('a name that is not ours', { refused: Object.fromEntries(counted) });
    this.#telling = this.#telling
      .then(() => keep(counted))
      .catch((error: unknown) => log.error('refused names', { error: String(error) }));
  }
}
