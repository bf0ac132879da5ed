import { createServer, type Server } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import type { Clock } from '../domain/clock.ts';
import { REFUSED_PAGE } from './page.ts';
import { reply } from './reply.ts';
import { cashierRoutes, methodRefused, notFound } from './routes.ts';
import type { CashierLookup } from './view.ts';

const LOOPBACK = '127.0.0.1';

export interface CashierListener {
  /** `http://127.0.0.1:port`, without a slash at the end. */
  readonly origin: string;
  /** Stops listening and cuts what is still open. May be called again. */
  close(): Promise<void>;
}

/**
 * Serves the cashier on loopback for stdio, at `port` or one the system picks. Rejects with the system's error
 * (`EADDRINUSE`) when the port is taken. Neither the listener nor a browser that keeps a connection open keeps the
 * process alive.
 */
export async function listenForCashier(options: {
  readonly lookup: CashierLookup;
  readonly clock: Clock;
  readonly port?: number;
}): Promise<CashierListener> {
  const hosts = new Set<string>();
  const listener = getRequestListener(guarded(cashierRoutes(options), hosts).fetch, {
    overrideGlobalObjects: false,
  });
  const server = createServer((request, response) => void listener(request, response));
  server.on('connection', (socket) => socket.unref());
  const port = await listening(server, options.port ?? 0);
  server.unref();
  hosts.add(`${LOOPBACK}:${port}`).add(`localhost:${port}`);
  return { origin: `http://${LOOPBACK}:${port}`, close: () => closed(server) };
}

/**
 * Checks Host and Origin before anything else: a page on another site can point its own name at 127.0.0.1, but it
 * cannot make the browser say ours.
 */
function guarded(routes: Hono, hosts: ReadonlySet<string>): Hono {
  const app = new Hono();
  app.use('*', async (c, next) => {
    const host = c.req.header('host') ?? '';
    const origin = c.req.header('origin');
    if (!hosts.has(host) || (origin !== undefined && origin !== `http://${host}`)) {
      return reply(403, 'html', REFUSED_PAGE);
    }
    if (c.req.method !== 'GET' && c.req.method !== 'HEAD') return methodRefused();
    await next();
  });
  app.route('/', routes);
  app.notFound(notFound);
  return app;
}

function listening(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, LOOPBACK, () => {
      // From here on an error is a connection that could not be accepted: no reason to end a process that moves money.
      server.off('error', reject).on('error', () => undefined);
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
