import type { CryptoKey, JSONWebKeySet, JWTVerifyGetKey } from 'jose';
import type { Clock } from '../domain/clock.ts';
import type { Log } from '../domain/ports.ts';

/** After so long (ms) the keys are asked for again: one that the issuer has withdrawn ends then. */
const FRESH_MS = 10 * 60_000;
/** So long (ms) keys that are known count while the issuer cannot be asked. */
const USABLE_MS = 24 * 60 * 60_000;
/** How often it is asked at most, whatever tokens come: so many times at once, and once each so many ms. */
const BURST = 4;
const EACH_MS = 15_000;

/** Whether a token is good cannot be known at the moment: the issuer's keys cannot be had. */
export class KeysUnavailable extends Error {
  readonly retryAfterSeconds: number;

  constructor(retryAfterSeconds: number) {
    super('the keys of the issuer cannot be had');
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

type Jose = Pick<typeof import('jose'), 'createLocalJWKSet' | 'errors'>;

/**
 * The issuer's keys, for whoever verifies its tokens. An unknown one makes it ask once, as far as that is not too
 * often; what is known goes on working while the issuer cannot be asked.
 */
export class KeySet {
  readonly #jose: Jose;
  readonly #load: () => Promise<JSONWebKeySet>;
  readonly #clock: Clock;
  readonly #log: Log;
  #keys: JWTVerifyGetKey | undefined;
  #at = Number.NEGATIVE_INFINITY;
  #failing = false;
  #loading: Promise<void> | undefined;
  /** When (ms) it may be asked as often as at first again. */
  #restedAt = Number.NEGATIVE_INFINITY;

  constructor(jose: Jose, load: () => Promise<JSONWebKeySet>, clock: Clock, log: Log) {
    this.#jose = jose;
    this.#load = load;
    this.#clock = clock;
    this.#log = log;
  }

  /** The key that a token names. Throws jose's errors where there is none, and {@link KeysUnavailable}. */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    const age = Math.abs(this.#clock.now() - this.#at);
    if (age > USABLE_MS) this.#keys = undefined;
    if (age > FRESH_MS) {
      const asking = this.#ask();
      // During an outage nobody waits whose key is known.
      if (!this.#failing || !this.#keys) await asking;
    }
    const known = await this.#among(header, token);
    if (known) return known;
    await this.#ask();
    const added = await this.#among(header, token);
    if (added) return added;
    if (this.#failing || !this.#keys) throw new KeysUnavailable(Math.max(1, this.#secondsToNext()));
    throw new this.#jose.errors.JWKSNoMatchingKey();
  };

  async #among(...asked: Parameters<JWTVerifyGetKey>): Promise<CryptoKey | Uint8Array | object | undefined> {
    try {
      return await this.#keys?.(...asked);
    } catch (error) {
      if (error instanceof this.#jose.errors.JWKSNoMatchingKey) return undefined;
      throw error;
    }
  }

  /** Never rejects; whoever comes meanwhile waits for the same answer. */
  #ask(): Promise<void> {
    if (this.#loading) return this.#loading;
    if (this.#secondsToNext() > 0) return Promise.resolve();
    const now = this.#clock.now();
    this.#restedAt = Math.max(this.#restedAt, now) + EACH_MS;
    this.#loading = this.#load()
      .then((keys) => {
        this.#keys = this.#jose.createLocalJWKSet(keys);
        this.#at = this.#clock.now();
        this.#failing = false;
      })
      .catch((error: unknown) => {
        this.#failing = true;
        this.#log.warn('keys of the OAuth issuer', {
          error: error instanceof Error ? error.message : 'unknown',
        });
      })
      .finally(() => {
        this.#loading = undefined;
      });
    return this.#loading;
  }

  /** How long (s) until it may be asked; 0: now. */
  #secondsToNext(): number {
    const now = this.#clock.now();
    // A clock that was set back bars the way no longer than it ever was.
    this.#restedAt = Math.min(this.#restedAt, now + BURST * EACH_MS);
    const owed = this.#restedAt - now;
    return Math.max(0, Math.ceil((owed - (BURST - 1) * EACH_MS) / 1_000));
  }
}
