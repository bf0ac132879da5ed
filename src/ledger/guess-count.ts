import type { Tx } from './store.ts';

/** So many guesses may the same guesser make within so long (ms), through whatever process. */
export const MOST_GUESSES = 10;
export const GUESSES_WITHIN_MS = 60_000;
/** Strangers come from as many places as they like: of more guesses than this the oldest are forgotten. */
const MOST_REMEMBERED = 10_000;

/** A guess that may be made, as which within the last minute, and where it is counted; or how long (ms) until one may. */
export type Turn = { readonly nth: number; readonly slot: number } | { readonly wait: number };

/**
 * Guesses at a secret, inside one transaction: counted before they are made, so that neither two processes at once nor
 * one that dies in between makes more of them. A good one takes back what was counted for it, and for no other: it says
 * nothing of guesses at what others know.
 */
export class GuessCount {
  readonly #tx: Tx;
  readonly #now: number;

  constructor(tx: Tx, now: number) {
    this.#tx = tx;
    this.#now = now;
  }

  /** @param guesser a digest: whoever guesses is not to be known from the ledger */
  async begin(guesser: string): Promise<Turn> {
    await this.#forgetOld();
    const made = await this.#tx.all('SELECT slot, at FROM guesses WHERE guesser = ? ORDER BY at', guesser);
    const taken = new Set(made.map(({ slot }) => Number(slot)));
    for (let slot = 1; slot <= MOST_GUESSES; slot++) {
      if (!taken.has(slot) && (await this.#take(guesser, slot))) return { nth: made.length + 1, slot };
    }
    return { wait: Number(made[0]?.at ?? this.#now) + GUESSES_WITHIN_MS - this.#now };
  }

  async forget(guesser: string, slot: number): Promise<void> {
    await this.#tx.run('DELETE FROM guesses WHERE guesser = ? AND slot = ?', guesser, slot);
  }

  /** Unless another process has it since. */
  async #take(guesser: string, slot: number): Promise<boolean> {
    const sql = 'INSERT INTO guesses (guesser, slot, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING';
    return (await this.#tx.run(sql, guesser, slot, this.#now)) === 1;
  }

  async #forgetOld(): Promise<void> {
    // What lies ahead was counted before a clock was set back.
    await this.#tx.run(
      'DELETE FROM guesses WHERE at <= ? OR at >= ?',
      this.#now - GUESSES_WITHIN_MS,
      this.#now + GUESSES_WITHIN_MS,
    );
    await this.#tx.run(
      `DELETE FROM guesses WHERE at <= (SELECT at FROM guesses ORDER BY at DESC LIMIT 1 OFFSET ${MOST_REMEMBERED - 1})`,
    );
  }
}
