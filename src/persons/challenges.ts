import { createHmac } from 'node:crypto';
import type { Clock, RandomBytes } from '../domain/clock.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { sharedKey } from '../ledger/shared-key.ts';
import { sameToken } from './tokens.ts';

/** How long (ms) a challenge can be answered. */
const CHALLENGE_MS = 5 * 60_000;
const FORM = /^([A-Za-z0-9_-]{43})\.(\d{13})\.([A-Za-z0-9_-]{43})$/;

/** What a passkey is asked to sign, until when (ms) it may. */
export interface Challenge {
  readonly challenge: string;
  readonly until: number;
}

/**
 * Challenges that the browser keeps, in a cookie that no script reads: strangers may ask for as many as they like, and
 * nothing is stored. Each is good for one purpose, in that browser, for a few minutes; that it is answered only once is
 * seen to by who stores what came of it.
 */
export class Challenges {
  readonly #ledger: Ledger;
  readonly #clock: Clock;
  readonly #randomBytes: RandomBytes;

  constructor(ports: { readonly ledger: Ledger; readonly clock: Clock; readonly randomBytes: RandomBytes }) {
    this.#ledger = ports.ledger;
    this.#clock = ports.clock;
    this.#randomBytes = ports.randomBytes;
  }

  /** A new one, and what the browser is to bring back with the answer. */
  async make(purpose: string): Promise<Challenge & { readonly kept: string }> {
    const challenge = this.#randomBytes(32).toString('base64url');
    const until = this.#clock.now() + CHALLENGE_MS;
    return { challenge, until, kept: `${challenge}.${until}.${await this.#mac(purpose, challenge, until)}` };
  }

  /** One that this browser was given for that purpose and may still answer. */
  async read(kept: string | undefined, purpose: string): Promise<Challenge | undefined> {
    const [, challenge, until, word] = FORM.exec(kept ?? '') ?? [];
    if (challenge === undefined || Number(until) <= this.#clock.now()) return undefined;
    const isOurs = sameToken(word, await this.#mac(purpose, challenge, Number(until)));
    return isOurs ? { challenge, until: Number(until) } : undefined;
  }

  async #mac(...parts: readonly (string | number)[]): Promise<string> {
    const key = await sharedKey(this.#ledger, 'operator_device_key', this.#randomBytes);
    return createHmac('sha256', key)
      .update(JSON.stringify(['challenge', ...parts]))
      .digest('base64url');
  }
}
