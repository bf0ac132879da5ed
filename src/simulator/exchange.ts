import { BAD_GATEWAY, GARBAGE, type Outgoing } from './http.ts';
import { SLOW_MS } from './limits.ts';
import type { AnswerFault } from './scenarios.ts';
import type { Occasion, Steered } from './steering.ts';
import type { World } from './world.ts';

/** What came of a call, and how its answer is to go wrong. */
export interface Carried<T> {
  /** undefined where the fault kept the call from being carried out. */
  readonly result: T | undefined;
  readonly fault: AnswerFault | undefined;
}

/**
 * Looks up what steers a call, logs it, and carries it out unless a fault prevents that. Call inside a write.
 * @param bytes what makes two calls the same
 */
export function carryOut<T>(
  world: World,
  occasion: Occasion,
  bytes: string | Buffer,
  handle: (steered: Steered) => T,
): Carried<T> {
  const steered = world.steering.take(occasion);
  const { fault, carriedOut = true } = steered.answer ?? {};
  const { provider, operation, outTradeNo, outRefundNo } = occasion;
  const logged = { provider, operation, outTradeNo, ...(outRefundNo === undefined ? {} : { outRefundNo }) };
  world.requests.add({ ...logged, ...(fault ? { fault } : {}), carriedOut }, bytes, world.clock.now());
  return { result: carriedOut ? handle(steered) : undefined, fault };
}

/** The answer to a call as the fault has it: with faults of the line, else in the gateway's own words. */
export async function spoilt(
  world: World,
  fault: AnswerFault | undefined,
  inItsWords: (fault: AnswerFault | undefined) => Outgoing,
): Promise<Outgoing> {
  if (fault === 'cut') return 'cut';
  if (fault === 'garbage') return GARBAGE;
  if (fault === 'http-502') return BAD_GATEWAY;
  if (fault === 'slow') await world.clock.sleep(SLOW_MS);
  return inItsWords(fault);
}
