import type { Clock } from '../../src/domain/clock.ts';

/** What has been put on a timeline, until it has happened. */
export interface Planned {
  readonly at: number;
  readonly order: number;
  run: (() => void) | undefined;
}

/**
 * The one time of a simulated world, in ms. Nothing happens in it but what was put there, one thing after the other;
 * what follows from a thing is through before the next one happens.
 */
export class Timeline {
  #now: number;
  #order = 0;
  /** A heap: the first is the next to happen. */
  readonly #heap: Planned[] = [];

  constructor(start: number) {
    this.#now = start;
  }

  get now(): number {
    return this.#now;
  }

  /** Puts something on the timeline; of what is to happen at the same instant, what was put there first comes first. */
  in(ms: number, run: () => void): Planned {
    const planned = { at: this.#now + Math.max(0, ms), order: this.#order++, run };
    this.#push(planned);
    return planned;
  }

  wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.in(ms, resolve));
  }

  /** Lets everything happen until `done` says so, or nothing is left. Throws where that takes more than so many things. */
  async run(done: () => boolean, most: number): Promise<void> {
    await settled();
    for (let count = 0; !done(); count += 1) {
      const next = this.#pop();
      if (!next) return;
      if (count > most) throw new Error(`no end after ${most} events`);
      if (next.run === undefined) continue;
      this.#now = Math.max(this.#now, next.at);
      next.run();
      await settled();
    }
  }

  /** Lets time pass at once: who sleeps, sleeps as long as before, as on machines that were suspended. */
  leap(ms: number): void {
    this.#now += ms;
    for (const planned of this.#heap) (planned as { at: number }).at += ms;
  }

  #push(planned: Planned): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(planned);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as Planned;
      if (!isBefore(planned, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = planned;
  }

  #pop(): Planned | undefined {
    const heap = this.#heap;
    const [first] = heap;
    const last = heap.pop();
    if (!first || !last || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right && isBefore(right, heap[child] as Planned)) child += 1;
      const below = heap[child] as Planned;
      if (!isBefore(below, last)) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(a: Planned, b: Planned): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/**
 * All that follows by itself has been done: promises need no time, and nothing else is at work in a history. A tick that
 * one of them asks for comes when all have been heard, without a turn of the event loop; asked for by anything else, it
 * comes before them.
 */
function settled(): Promise<void> {
  return new Promise((resolve) => queueMicrotask(() => process.nextTick(resolve)));
}

/** The clock of one machine: apart from the true time, and fast or slow. */
export class MachineClock implements Clock {
  readonly #timeline: Timeline;
  readonly #rate: number;
  readonly #since: number;
  #apart: number;

  /** @param apart ms ahead of the true time; `rate` 1.001 is a thousandth fast */
  constructor(timeline: Timeline, apart: number, rate: number) {
    this.#timeline = timeline;
    this.#apart = apart;
    this.#rate = rate;
    this.#since = timeline.now;
  }

  now(): number {
    const elapsed = this.#timeline.now - this.#since;
    return Math.floor(this.#since + elapsed * this.#rate + this.#apart);
  }

  /** It is set, as by a time server. Timers know nothing of it. */
  set(apart: number): void {
    this.#apart = apart - (this.#timeline.now - this.#since) * (this.#rate - 1);
  }

  /** How far ahead (ms) of the true time. */
  get apart(): number {
    return this.now() - Math.floor(this.#timeline.now);
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const planned = this.#timeline.in(ms / this.#rate, () => end());
      const end = () => {
        planned.run = undefined;
        signal?.removeEventListener('abort', end);
        resolve();
      };
      signal?.addEventListener('abort', end);
    });
  }
}
