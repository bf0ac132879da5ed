import { Hono } from 'hono';
import type { Clock } from '../domain/clock.ts';
import { NOT_FOUND_PAGE, orderPage, REFUSED_PAGE, UNAVAILABLE_PAGE } from './page.ts';
import { secondsLeft } from './phase.ts';
import { reply } from './reply.ts';
import type { CashierLookup, CashierView } from './view.ts';

/** 16 bytes in base64url: the last of the 22 characters carries two bits only, so an altered one is no alias. */
const TOKEN = /^[A-Za-z0-9_-]{21}[AQgw]$/;

/**
 * The read-only cashier: `GET /c/:token`, the page, and `GET /c/:token/state`, what an open page asks for. Mountable
 * in another app. A failing lookup answers 503 without detail and leaves its error in `c.error` for that app.
 */
export function cashierRoutes(options: { readonly lookup: CashierLookup; readonly clock: Clock }): Hono {
  const { lookup, clock } = options;
  const find = async (token: string): Promise<CashierView | undefined> =>
    TOKEN.test(token) ? lookup(token) : undefined;

  const routes = new Hono();
  routes.onError(() => reply(503, 'html', UNAVAILABLE_PAGE, { 'Retry-After': '5' }));
  routes.use('/c/*', async (c, next) => {
    if (c.req.method !== 'GET' && c.req.method !== 'HEAD') return methodRefused();
    await next();
  });
  routes.get('/c/:token', async (c) => {
    const view = await find(c.req.param('token'));
    return view ? reply(200, 'html', await orderPage(view, clock.now())) : notFound();
  });
  routes.get('/c/:token/state', async (c) => {
    const view = await find(c.req.param('token'));
    return view ? reply(200, 'json', stateJson(view, clock.now())) : notFound();
  });
  routes.all('/c/*', notFound);
  return routes;
}

/** The one answer to whatever does not exist. */
export function notFound(): Response {
  return reply(404, 'html', NOT_FOUND_PAGE);
}

export function methodRefused(): Response {
  return reply(405, 'html', REFUSED_PAGE, { Allow: 'GET, HEAD' });
}

/** All that polling may learn: no number, no amount, no name. */
function stateJson(view: CashierView, now: number): string {
  const { state, closing, late } = view;
  return JSON.stringify({ state, closing, late, secondsLeft: secondsLeft(view, now) });
}
