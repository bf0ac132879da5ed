import { Hono } from 'hono';
import type { Clock } from '../domain/clock.ts';
import { type Listener, listenOnLoopback } from '../platform/listener.ts';
import { type Mark, proveWhose, WHOSE } from '../platform/listener-proof.ts';
import { REFUSED_PAGE } from './page.ts';
import { reply } from './reply.ts';
import { cashierRoutes, methodRefused, notFound } from './routes.ts';
import type { CashierLookup } from './view.ts';

export type CashierListener = Listener;

/** Serves the cashier, and nothing else, on loopback for stdio. As {@link listenOnLoopback}. */
export function listenForCashier(options: {
  readonly lookup: CashierLookup;
  readonly clock: Clock;
  readonly port?: number;
  /** What it proves when it is asked whose it is. */
  readonly mark?: Mark;
}): Promise<CashierListener> {
  const routes = new Hono();
  routes.use('*', async (c, next) => {
    if (c.req.method !== 'GET' && c.req.method !== 'HEAD') return methodRefused();
    await next();
  });
  const { mark } = options;
  if (mark !== undefined) routes.get(WHOSE, proveWhose(mark));
  routes.route('/', cashierRoutes(options));
  routes.all('*', notFound);
  return listenOnLoopback({
    routes,
    refused: () => reply(403, 'html', REFUSED_PAGE),
    ...(options.port === undefined ? {} : { port: options.port }),
  });
}
