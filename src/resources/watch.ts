import type { Clock } from '../domain/clock.ts';
import type { Ledger } from '../ledger/ledger.ts';

/** How often (ms) the ledger is looked at for what other processes have committed. */
const LOOK_EVERY_MS = 500;

/**
 * Calls `changed` for every order that something has happened to, after the commit, until `signal` aborts. What this
 * process commits is told at once, what another one commits within half a second.
 */
export async function watchOrders(
  { ledger, clock }: { readonly ledger: Ledger; readonly clock: Clock },
  signal: AbortSignal,
  changed: (outTradeNo: string) => void,
): Promise<void> {
  let seen: number | undefined;
  let wake = new AbortController();
  seen = await ledger.read((book) => book.lastEvent()).catch(() => undefined);
  const stop = ledger.onChange(() => wake.abort());
  const end = () => wake.abort();
  signal.addEventListener('abort', end);
  try {
    while (!signal.aborted) {
      await clock.sleep(LOOK_EVERY_MS, wake.signal);
      if (signal.aborted) return;
      wake = new AbortController();
      try {
        seen ??= await ledger.read((book) => book.lastEvent());
        const since = seen;
        const news = await ledger.read((book) => book.eventsAfter(since));
        seen = Math.max(seen, ...news.map(({ seq }) => seq));
        for (const outTradeNo of new Set(news.map((event) => event.outTradeNo)))
          if (outTradeNo) changed(outTradeNo);
      } catch {
        // A ledger that cannot be read just now is looked at again; those who move money say what is wrong with it.
      }
    }
  } finally {
    signal.removeEventListener('abort', end);
    stop();
  }
}
