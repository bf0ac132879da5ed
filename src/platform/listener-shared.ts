import type { Clock, RandomBytes } from '../domain/clock.ts';
import type { Listener } from './listener.ts';
import { type Mark, whoListens } from './listener-proof.ts';
import { once } from './once.ts';
import { isTaken, takeOver } from './take-over.ts';

/** How often (ms) a process looks whether it is the one that has to serve. */
const LOOK_EVERY_MS = 1_000;
/** How long (ms) whoever holds the port may take to say whose it is. */
const ANSWERS_WITHIN_MS = 1_000;

export interface SharedListenerOptions {
  /** The port that all processes have agreed upon, once one of them has. */
  readonly port: () => Promise<number | undefined>;
  /** Agrees upon `port` in place of `before`. Returns the one that holds, which may be another's. */
  readonly agree: (port: number, before: number | undefined) => Promise<number>;
  /** Opens the listener on a port, or one that the system picks. It proves the mark. */
  readonly listen: (at: { readonly mark: Mark; readonly port?: number }) => Promise<Listener>;
  /** What only listeners of the same kind and ledger have; asked for once. */
  readonly mark: () => Promise<Mark>;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
}

/**
 * Pages on loopback that live while there is one of several processes: one serves them, and when it is gone another takes
 * the same port, so that addresses that were given out stay good.
 */
export class SharedListener {
  readonly #options: SharedListenerOptions;
  #listener: Listener | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(options: SharedListenerOptions) {
    this.#options = { ...options, mark: once(options.mark) };
  }

  /** Where the pages are, served from here if by nobody else. Rejects with the system's error when that cannot be. */
  origin(): Promise<string> {
    return this.#exclusively(async () => {
      const { port, agree } = this.#options;
      for (;;) {
        if (this.#listener) return this.#listener.origin;
        const agreed = await port();
        if (agreed !== undefined) {
          if (await this.#serve(agreed)) continue;
          const origin = `http://127.0.0.1:${agreed}`;
          if (await this.#isOurs(origin)) return origin;
        }
        // Nobody has begun, or a stranger has the port by now.
        const opened = await this.#listen();
        const own = Number(new URL(opened.origin).port);
        if ((await agree(own, agreed)) === own) this.#listener = opened;
        else await opened.close();
      }
    });
  }

  /** Serves whenever nobody else does, once a port has been agreed upon, until `signal` aborts. */
  hold(signal: AbortSignal): Promise<void> {
    const { port, clock } = this.#options;
    const serve = async () => {
      const agreed = await port();
      if (this.#listener) return true;
      return agreed !== undefined && !signal.aborted && this.#serve(agreed);
    };
    return takeOver(() => this.#exclusively(serve), LOOK_EVERY_MS, { clock, signal });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#exclusively(async () => this.#listener?.close());
  }

  /** Whether the port could be had. */
  async #serve(port: number): Promise<boolean> {
    if (this.#closed) return false;
    try {
      this.#listener = await this.#listen(port);
      return true;
    } catch (error) {
      if (isTaken(error)) return false;
      throw error;
    }
  }

  async #listen(port?: number): Promise<Listener> {
    const { mark, listen } = this.#options;
    return listen({ mark: await mark(), ...(port === undefined ? {} : { port }) });
  }

  async #isOurs(origin: string): Promise<boolean> {
    const { mark, randomBytes } = this.#options;
    return (await whoListens(await mark(), origin, { randomBytes, withinMs: ANSWERS_WITHIN_MS })) === 'ours';
  }

  #exclusively<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work, work);
    this.#turn = mine.catch(() => undefined);
    return mine;
  }
}
