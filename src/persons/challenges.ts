import type { Clock, RandomBytes } from '../domain/clock.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { sameToken, wordFor } from './tokens.ts';

/** How long (ms) a challenge can be answered. */
export const CHALLENGE_MS = 5 * 60_000;
const FORM = /^([A-Za-z0-9_-]{43})\.(\d{13})\.([A-Za-z0-9_-]{43})$/;

/** What a passkey is asked to sign, until when (ms) it may. */
export interface Challenge {
  readonly challenge: string;
  readonly until: number;
}

interface Ports {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
}

/**
 * Challenges that the browser keeps, in a cookie that no script reads: strangers may ask for as many as they like, and
 * nothing is stored. Each is good for one purpose, in that browser, for a few minutes; that it is answered only once is
 * seen to by who stores what came of it.
 */
export class Challenges {
  readonly #ports: Ports;

  constructor(ports: Ports) {
    this.#ports = ports;
  }

  /** A new one, and what the browser is to bring back with the answer. */
  async make(purpose: string): Promise<Challenge & { readonly kept: string }> {
    const challenge = this.#ports.randomBytes(32).toString('base64url');
    const until = this.#ports.clock.now() + CHALLENGE_MS;
    return { challenge, until, kept: `${challenge}.${until}.${await this.#mac(purpose, challenge, until)}` };
  }

  /** One that this browser was given for that purpose and may still answer. */
  async read(kept: string | undefined, purpose: string): Promise<Challenge | undefined> {
    const [, challenge, until, word] = FORM.exec(kept ?? '') ?? [];
    if (challenge === undefined || Number(until) <= this.#ports.clock.now()) return undefined;
    const isOurs = sameToken(word, await this.#mac(purpose, challenge, Number(until)));
    return isOurs ? { challenge, until: Number(until) } : undefined;
  }

  #mac(...parts: readonly (string | number)[]): Promise<string> {
    return wordFor(this.#ports, JSON.stringify(['challenge', ...parts]));
  }
}
