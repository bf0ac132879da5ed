import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { servedNames } from '../domain/names.ts';
import { proveWhose, WHOSE } from '../platform/listener-proof.ts';
import { control } from './control.ts';
import { type Incoming, json, type Outgoing, redirect } from './http.ts';
import { receive } from './inbox/receiver.ts';
import { RECEIVERS } from './inbox/receivers.ts';
import { MAX_BODY_BYTES } from './limits.ts';
import { cashierPage, errorPage } from './pages/cashier-page.ts';
import { homePage } from './pages/home-page.ts';
import { inboxPage } from './pages/inbox-page.ts';
import { openPage } from './pages/open-page.ts';
import { pay, refuse } from './payer.ts';
import { markOf } from './state/identity.ts';
import type { World } from './world.ts';

type App = { Bindings: HttpBindings };
type Handler = (world: World, incoming: Incoming, context: Context<App>) => Promise<Outgoing> | Outgoing;

/** The gateways, the payer's pages and the control API behind one loopback address. `changed` follows every request. */
export function createApp(world: World, changed: () => void): Hono<App> {
  const app = new Hono<App>();
  const on = (handler: Handler) => async (context: Context<App>) => {
    const outgoing = await handler(world, await incomingOf(context), context);
    changed();
    return send(context, outgoing);
  };
  const named = namesOf(world.origin);
  app.use(async (context, next) => {
    if (named(context.env.incoming.headers.host ?? '') === undefined)
      return context.text('unknown host', 421);
    return next();
  });
  app.use(bodyLimit({ maxSize: MAX_BODY_BYTES, onError: (context) => context.text('body too large', 413) }));

  app.get(
    '/healthz',
    on(() => json(200, { simulator: 'mcp-cashier', id: world.identity.id })),
  );
  app.get(WHOSE, proveWhose(markOf(world.identity)));
  for (const { method, path, handle } of world.fakes.flatMap(({ routes }) => routes))
    app.on(method, path, on(handle));
  for (const receiver of RECEIVERS) {
    app.post(
      receiver.route,
      on((w, incoming) => receive(w, receiver, incoming)),
    );
  }
  app.all('/control/*', on(control));
  app.post('/merchant/notify', on(acknowledge));

  app.get('/', on(homePage));
  app.get('/inbox', on(inboxPage));
  app.get(
    '/scan',
    on((w, _incoming, context) => openPage(w, context.req.query('code') ?? '')),
  );
  app.get('/cashier/:token', on(showCashier));
  app.post('/cashier/:token/pay', on(pressPay));
  app.post('/cashier/:token/refuse', on(pressRefuse));

  app.notFound((context) => context.text('not found', 404));
  app.onError((error, context) => context.text(`simulator error: ${error.message}`, 500));
  return app;
}

function namesOf(origin: string): ReturnType<typeof servedNames> {
  return servedNames([origin, origin.replace('127.0.0.1', 'localhost')], Number(new URL(origin).port));
}

/** Stands for a merchant's notify route where there is none: some gateways want an address in every order. */
const acknowledge: Handler = () => ({ status: 204, headers: {}, body: '' });

const showCashier: Handler = (world, _incoming, context) => {
  const trade = world.trades.byCashierToken(context.req.param('token') ?? '');
  return trade ? cashierPage(world, trade) : errorPage(world, 'plain', '订单不存在', 'No such order');
};

const pressPay: Handler = (world, incoming, context) => pressed(world, incoming, context, pay);
const pressRefuse: Handler = (world, incoming, context) => pressed(world, incoming, context, refuse);

/** A button of the cashier page, pressed on that page and nowhere else. */
async function pressed(
  world: World,
  incoming: Incoming,
  context: Context<App>,
  act: typeof pay | typeof refuse,
): Promise<Outgoing> {
  const token = context.req.param('token') ?? '';
  const site = incoming.headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none')
    return json(403, { error: 'another site' });
  await world.database.write(() => {
    const trade = world.trades.byCashierToken(token);
    if (trade) act(world, trade);
  });
  return redirect(`/cashier/${token}`);
}

/** The request as the socket brought it: `url` and headers untouched by any parser of addresses. */
async function incomingOf(context: Context<App>): Promise<Incoming> {
  const { method = '', url = '', headers } = context.env.incoming;
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers))
    flat[name] = Array.isArray(value) ? value.join(', ') : (value ?? '');
  return { method, target: url, headers: flat, body: Buffer.from(await context.req.arrayBuffer()) };
}

function send(context: Context<App>, outgoing: Outgoing): Response {
  if (outgoing === 'cut') {
    context.env.incoming.socket.destroy();
    return RESPONSE_ALREADY_SENT;
  }
  const { status, headers, body } = outgoing;
  return new Response(status === 204 || status === 303 ? null : body, { status, headers });
}
