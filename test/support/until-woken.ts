import { vi } from 'vitest';
import type { Clock } from '../../src/domain/clock.ts';
import { systemClock } from '../../src/platform/system.ts';
import { PATIENCE_MS } from './patience.ts';

/** Time in which nobody looks by himself: who sleeps for long sleeps until he is woken. */
export const untilWoken: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) => systemClock.sleep(ms < 100 ? ms : 2 ** 30, signal),
};

/** Resolves when it is so. */
export const becomes = (so: () => unknown) => vi.waitUntil(so, { timeout: PATIENCE_MS });
