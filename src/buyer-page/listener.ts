import { Hono } from 'hono';
import { type Listener, listenOnLoopback } from '../platform/listener.ts';
import { type Mark, proveWhose, WHOSE } from '../platform/listener-proof.ts';
import { refusedPage } from './page.ts';
import { reply } from './reply.ts';
import {
  type BuyerRouteOptions,
  buyerRoutes,
  mayBeAsked,
  methodRefused,
  notFound,
  readerIn,
} from './routes.ts';

export type BuyerListener = Listener;

/** Serves the buyer's page, and nothing else, on loopback for stdio. As {@link listenOnLoopback}. */
export function listenForBuyers(
  options: BuyerRouteOptions & {
    readonly port?: number;
    /** What it proves when it is asked whose it is. */
    readonly mark?: Mark;
  },
): Promise<BuyerListener> {
  const routes = new Hono();
  routes.use('*', async (c, next) => {
    if (!mayBeAsked(c, options)) return methodRefused(readerIn(c, options.language).language);
    await next();
  });
  const { mark } = options;
  if (mark !== undefined) routes.get(WHOSE, proveWhose(mark));
  routes.route('/', buyerRoutes(options));
  routes.all('*', (c) => notFound(readerIn(c, options.language).language));
  return listenOnLoopback({
    routes,
    refused: () => reply(403, 'html', refusedPage(options.language ?? 'zh')),
    ...(options.port === undefined ? {} : { port: options.port }),
  });
}
