import type { Text } from '../domain/errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { type Outcome, outcomeOf } from '../operator/outcome.ts';
import { type CaseView, readCase } from '../operator/view.ts';
import { systemClock } from '../platform/system.ts';

/** How long (ms) a person is kept waiting for it: a server that runs sends within five seconds, and hears within some. */
const WAIT_MS = 8_000;
const LOOK_EVERY_MS = 150;

/** As a sentence or two. */
export function sentenceOf({ headline, next }: Outcome, language: keyof Text): string {
  return language === 'zh' ? `${headline.zh}。${next.zh}` : `${headline.en}. ${next.en}`;
}

/**
 * What came of a yes: waits until a server has sent it and heard an answer, or it is known why none has. undefined for
 * an approval that is not there.
 */
export async function whatCameOfIt(
  ledger: Ledger,
  id: string,
  signal: AbortSignal,
): Promise<{ readonly view: CaseView; readonly outcome: Outcome } | undefined> {
  const until = systemClock.now() + WAIT_MS;
  for (;;) {
    const now = systemClock.now();
    const view = await ledger.read((book) => readCase(book, id, now));
    if (!view) return undefined;
    const outcome = outcomeOf(view, now);
    const isHeld = outcome.look === 'wait' && !outcome.soon;
    const isInDoubt = outcome.look === 'sent' && (view.refund ?? view.order)?.state === 'UNKNOWN';
    const done = isHeld || (outcome.look !== 'wait' && !isInDoubt);
    if (done || now >= until || signal.aborted) return { view, outcome };
    await systemClock.sleep(LOOK_EVERY_MS, signal);
  }
}
