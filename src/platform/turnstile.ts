import { systemTurn } from './system.ts';

/** Few enough that a turn stays short, and so many that what they write shares a commit. */
const AT_A_TURN = 4;

/**
 * Lets a few calls in at each turn of the event loop, callers by turns: whatever else has come in, a probe of health
 * above all, is answered in between, and who sends a thousand at once stands in nobody else's way.
 */
export class Turnstile {
  readonly #lines = new Map<string, (() => void)[]>();
  #turning = false;

  /** Resolves when it is this caller's turn; undefined: it is now. */
  pass(caller: string): Promise<void> | undefined {
    if (this.#turning) {
      const line = this.#lines.get(caller) ?? [];
      this.#lines.set(caller, line);
      return new Promise((enter) => line.push(enter));
    }
    this.#turning = true;
    void systemTurn().then(this.#next);
    return undefined;
  }

  readonly #next = () => {
    for (let n = 0; n < AT_A_TURN; n++) this.#enter();
    this.#turning = this.#lines.size > 0;
    if (this.#turning) void systemTurn().then(this.#next);
  };

  #enter(): void {
    const [first] = this.#lines;
    if (!first) return;
    const [caller, line] = first;
    line.shift()?.();
    // The others first.
    this.#lines.delete(caller);
    if (line.length > 0) this.#lines.set(caller, line);
  }
}
