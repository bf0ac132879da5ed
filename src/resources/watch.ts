import { once } from 'node:events';
import type { Ledger } from '../ledger/ledger.ts';

/**
 * Calls `changed` for every order that something has happened to, after the commit, until `signal` aborts. What this
 * process commits is told at once, what another one commits within half a second.
 */
export async function watchOrders(
  { ledger }: { readonly ledger: Ledger },
  signal: AbortSignal,
  changed: (outTradeNo: string) => void,
): Promise<void> {
  const stop = ledger.onChange(changed);
  if (!signal.aborted) await once(signal, 'abort');
  stop();
}
