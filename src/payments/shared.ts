/** Questions that several may want answered at the same time: all who ask before one is sent share its answer. */
export class Shared<T> {
  /** Wait for their turn. */
  readonly #open = new Map<string, Promise<T>>();
  /** Were sent. Whoever asks from now on may know more than their answers will. */
  readonly #sent = new Map<string, Promise<T>>();

  /** @param turn resolves when `ask` may be sent */
  share(key: string, turn: () => Promise<unknown>, ask: () => Promise<T>): Promise<T> {
    const open = this.#open.get(key);
    if (open) return open;
    const mine = this.#inTurn(key, turn, ask);
    this.#open.set(key, mine);
    return mine;
  }

  async #inTurn(key: string, turn: () => Promise<unknown>, ask: () => Promise<T>): Promise<T> {
    try {
      await this.#sent.get(key)?.catch(() => undefined);
      await turn();
    } finally {
      this.#open.delete(key);
    }
    const answer = ask();
    this.#sent.set(key, answer);
    try {
      return await answer;
    } finally {
      if (this.#sent.get(key) === answer) this.#sent.delete(key);
    }
  }
}
