import { randomBytes as cryptoRandomBytes } from 'node:crypto';
import { setTimeout as delay, setImmediate as immediate } from 'node:timers/promises';
import type { Clock, RandomBytes } from '../domain/clock.ts';

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  async sleep(ms, signal) {
    await delay(ms, undefined, signal ? { signal } : {}).catch(() => undefined);
  },
};

/** The end of a turn of the event loop. */
export const systemTurn = (): Promise<void> => immediate();

/** The machine's randomness. */
export const systemRandom: RandomBytes = (size) => cryptoRandomBytes(size);
