import type { Clock, RandomBytes } from '../domain/clock.ts';

export interface Ports {
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
}
