import { setFlagsFromString } from 'node:v8';

/**
 * Nearly all that a walk through the trail makes is gone at once: V8 would take tens of MiB for it all the same. Holds
 * for all threads, as of when the newest has begun.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--optimize-for-size');
}
