import type { Cashier } from './cashier.ts';

/** How long (ms) a sender is believed to be still talking: the gateway's deadline and some. */
const SENDING_MS = 15_000;
const LOOK_AGAIN_MS = 40;

interface Sendable {
  readonly sendingBy: string | undefined;
  readonly sendingUntil: number | undefined;
}

/** Marks a record as being sent by this process. Commit it with the intent. */
export function claim(cashier: Cashier): { sendingBy: string; sendingUntil: number } {
  return { sendingBy: cashier.senders.next(), sendingUntil: cashier.clock.now() + SENDING_MS };
}

/** Clears {@link claim}. */
export const RELEASED = { sendingBy: undefined, sendingUntil: undefined } as const;

/** Whether somebody who may be alive is talking to the gateway about it right now. */
export function isBeingSent(cashier: Cashier, record: Sendable): boolean {
  const { sendingBy, sendingUntil } = record;
  if (sendingBy === undefined || sendingUntil === undefined) return false;
  return sendingUntil > cashier.clock.now() && cashier.senders.mayBeAlive(sendingBy);
}

/**
 * Runs `attempt` until it answers something other than 'busy'. It waits for another sender's answer instead of
 * sending the same thing beside it; the sender's claim runs out, so this ends.
 */
export async function whenFree<T>(cashier: Cashier, attempt: () => Promise<T | 'busy'>): Promise<T> {
  for (;;) {
    const result = await attempt();
    if (result !== 'busy') return result;
    await cashier.clock.sleep(LOOK_AGAIN_MS);
  }
}
