import type { Log } from '../domain/ports.ts';
import type { Identity } from '../policy/identity.ts';

/**
 * Who has a token now, by a tokens file. `revoked`: nobody any more; `unknown`: this process cannot tell. Only the service that takes tokens in knows that one is nobody's any more: another process on its
 * ledger may be looking into another file.
 */
export async function holdersIn(
  file: string | undefined,
  isService: boolean,
  log: Log,
): Promise<(credential: string) => Identity | 'revoked' | 'unknown'> {
  if (file === undefined) return () => 'unknown';
  const { tokenCallers } = await import('./token-callers.ts');
  try {
    const callers = tokenCallers(file, log);
    return (credential) => {
      const holder = callers.holderOf(credential) ?? (isService ? 'revoked' : 'unknown');
      return holder === 'unavailable' ? 'unknown' : holder;
    };
  } catch (error) {
    log.warn('tokens file', { error: error instanceof Error ? error.message : String(error) });
    return () => 'unknown';
  }
}
