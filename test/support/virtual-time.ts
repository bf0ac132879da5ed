import type { Clock, RandomBytes } from '../../src/domain/clock.ts';

/** A clock that stands still until everybody sleeps, then jumps to the first who wakes. */
export class VirtualClock implements Clock {
  #now: number;
  #sleepers: { at: number; order: number; wake: () => void }[] = [];
  #order = 0;
  #pumping = false;
  #held = 0;

  constructor(start = Date.parse('2026-11-21T14:30:05+08:00')) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  advance(ms: number): void {
    this.#now += ms;
  }

  /** Time passes, in jumps (ms) where it is much: whoever sleeps looks after each, and in its last five seconds. */
  async pass(ms: number, jumpMs = ms): Promise<void> {
    const until = this.#now + ms;
    for (let left = ms; left > 0; left = until - this.#now) {
      this.advance(Math.min(Math.max(0, left - 5_000), jumpMs));
      await this.sleep(Math.min(left, 1_000));
    }
  }

  /** Sets the clock to another time. Who sleeps, sleeps as long as before: timers know nothing of it. */
  correct(ms: number): void {
    this.#now += ms;
    for (const sleeper of this.#sleepers) sleeper.at += ms;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const sleeper = { at: this.#now + ms, order: this.#order++, wake: () => wake() };
      const wake = () => {
        signal?.removeEventListener('abort', wake);
        // Who was woken early holds the clock for no instant any more.
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        resolve();
      };
      signal?.addEventListener('abort', wake);
      this.#sleepers.push(sleeper);
      this.#pump();
    });
  }

  /** Stands still while this machine does something that takes its own time. */
  async during<T>(work: Promise<T>): Promise<T> {
    this.#held += 1;
    try {
      return await work;
    } finally {
      this.#held -= 1;
      this.#pump();
    }
  }

  #pump(): void {
    if (this.#pumping || this.#held > 0) return;
    this.#pumping = true;
    setImmediate(() => {
      this.#pumping = false;
      if (this.#held > 0) return;
      // The first to wake; of several, who went to sleep first.
      const [first, ...others] = this.#sleepers;
      if (!first) return;
      const next = others.reduce((a, b) => (b.at < a.at ? b : a), first);
      this.#now = Math.max(this.#now, next.at);
      next.wake();
      if (this.#sleepers.length > 0) this.#pump();
    });
  }
}

/** Mulberry32: small, seeded, good enough to choose faults. */
export function seeded(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** One of several, by lot. */
export function pick<T>(items: readonly T[], random: () => number): T {
  return items[Math.floor(random() * items.length)] as T;
}

export function seededBytes(random: () => number): RandomBytes {
  return (size) => {
    const bytes = Buffer.allocUnsafe(size);
    for (let at = 0; at < size; at += 1) bytes[at] = Math.floor(random() * 256);
    return bytes;
  };
}
