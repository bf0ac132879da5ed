import { once } from 'node:events';
import type { Hono } from 'hono';
import type { ServedName } from '../domain/names.ts';
import type { Till } from '../payments/till.ts';
import { type Listener, listenOnLoopback } from '../platform/listener.ts';
import { takeOver } from '../platform/take-over.ts';

/** How often (ms) a port that another process holds is tried again. */
const TRY_AGAIN_MS = 2_000;

/**
 * Serves the notify routes, and the buyer's pages beside them, on one loopback port until `signal` aborts. While
 * another process holds the port it waits for it to become free; that is never fatal.
 */
export async function serveNotify(options: {
  readonly till: Till;
  readonly port: number;
  /** Names by which gateways reach this port through a tunnel or proxy. */
  readonly names: readonly ServedName[];
  readonly refusedName: (name: string) => void;
  /** The notify routes and the buyer's pages. */
  readonly routes: Hono;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { till, routes, port, signal } = options;
  const refused = () => new Response(null, { status: 403, headers: { 'cache-control': 'no-store' } });
  let listener: Listener | undefined;
  let told = false;
  const failed = (error: unknown) => till.log.error('notify', { error: String(error) });
  const serve = async () => {
    try {
      const { names, refusedName } = options;
      listener = await listenOnLoopback({ routes, port, names, refusedName, refused, failed });
    } catch (error) {
      if (!told) till.log.warn('notify port is taken, waiting for it', { port, error: String(error) });
      told = true;
    }
    return listener !== undefined;
  };
  await takeOver(serve, TRY_AGAIN_MS, { clock: till.clock, signal });
  if (!listener) return;
  till.log.info('notify routes are served', { origin: listener.origin });
  if (!signal.aborted) await once(signal, 'abort');
  await listener.close();
}
