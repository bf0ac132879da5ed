/** Beyond so many lines, the oldest of what concerns everybody are forgotten. */
const KEPT = 4_000;

/** What happened when, to be read when something was wrong. */
export class Journal {
  readonly #began = performance.now();
  readonly #lines: { readonly at: number; readonly about: string; readonly what: string }[] = [];
  readonly #common: string[] = [];
  readonly #isLoud: boolean;

  /** @param isLoud says what concerns everybody as it happens */
  constructor(isLoud: boolean) {
    this.#isLoud = isLoud;
  }

  /** Seconds since the beginning. */
  get now(): number {
    return (performance.now() - this.#began) / 1000;
  }

  /** Of one wish. */
  note(about: string, what: string): void {
    this.#lines.push({ at: this.now, about, what });
  }

  /** Of the whole fleet. */
  tell(what: string): void {
    const line = `${this.now.toFixed(3)} ${what}`;
    this.#common.push(line);
    if (this.#isLoud) process.stderr.write(`${line}\n`);
    if (this.#common.length > KEPT) this.#common.shift();
  }

  of(about: string): string[] {
    const own = this.#lines.filter((line) => line.about === about);
    return own.map(({ at, what }) => `${at.toFixed(3)} ${what}`);
  }

  get common(): readonly string[] {
    return this.#common;
  }
}
