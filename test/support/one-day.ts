import { setTimeout } from 'node:timers/promises';
import { beforeAll } from 'vitest';
import { systemClock } from '../../src/platform/system.ts';
import { timeUntil } from './background.ts';

/** Longer (ms) than any file takes that is about a day. */
const LONGEST_MS = 120_000;

/**
 * For tests about a day of Beijing whose processes have the machine's clock: where that day ends so soon that they could
 * find themselves in the next, they wait for it.
 */
export function withinOneDay(): void {
  beforeAll(async () => {
    const left = timeUntil(systemClock, 1, 0);
    if (left < LONGEST_MS) await setTimeout(left + 1);
  }, LONGEST_MS + 10_000);
}
