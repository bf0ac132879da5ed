import type { Clock } from '../domain/clock.ts';

/** Tries every `everyMs` (ms) to take what another process may have, until it is taken or `signal` aborts. */
export async function takeOver(
  take: () => Promise<boolean>,
  everyMs: number,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<void> {
  while (!signal.aborted && !(await take())) await clock.sleep(everyMs, signal);
}

/** Whether a port could not be had because somebody else listens there, or may alone. */
export function isTaken(error: unknown): error is Error & { readonly code: string } {
  return (
    error instanceof Error && 'code' in error && (error.code === 'EADDRINUSE' || error.code === 'EACCES')
  );
}
