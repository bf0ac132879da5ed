import { randomBytes as cryptoRandomBytes } from 'node:crypto';
import { setImmediate as immediate } from 'node:timers/promises';
import type { Clock, RandomBytes } from '../domain/clock.ts';

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  // Node's own makes an error, with its stack, of every sleep that ends early.
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', end);
        resolve();
      };
      const timer = setTimeout(end, signal?.aborted ? 0 : ms);
      signal?.addEventListener('abort', end);
    }),
};

/** ms since the process began, in fractions: for how long something takes, whatever is done to the clock. */
export const systemTimer = (): number => performance.now();

/** The end of a turn of the event loop. */
export const systemTurn = (): Promise<void> => immediate();

/** The machine's randomness. */
export const systemRandom: RandomBytes = (size) => cryptoRandomBytes(size);

/** What of the machine nearly everything wants. */
export const systemPorts = { clock: systemClock, randomBytes: systemRandom };
