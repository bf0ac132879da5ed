import { createServer, type Server } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';

const LOOPBACK = '127.0.0.1';

export interface Listener {
  /** `http://127.0.0.1:port`, without a slash at the end. */
  readonly origin: string;
  /** Stops listening and cuts what is still open. May be called again. */
  close(): Promise<void>;
}

/**
 * Serves routes on loopback, at `port` or one the system picks. Host and Origin are checked before anything else: a
 * page on another site can point its own name at 127.0.0.1, but it cannot make the browser say ours. Rejects with the
 * system's error (`EADDRINUSE`) when the port is taken. Neither the listener nor a browser that keeps a connection
 * open keeps the process alive.
 */
export async function listenOnLoopback(options: {
  readonly routes: Hono;
  readonly port?: number;
  /** Further names this server is reached by, such as the public one that a tunnel passes on. */
  readonly hosts?: readonly string[];
  readonly refused: () => Response;
}): Promise<Listener> {
  const elsewhere = new Set(options.hosts);
  const here = new Set<string>();
  const app = new Hono();
  app.use('*', async (c, next) => {
    const host = c.req.header('host') ?? '';
    const origin = c.req.header('origin');
    // TLS ends before us, if anywhere.
    const scheme = here.has(host) ? 'http' : elsewhere.has(host) ? 'https' : undefined;
    if (!scheme || (origin !== undefined && origin !== `${scheme}://${host}`)) return options.refused();
    await next();
  });
  app.route('/', options.routes);
  app.notFound(() => new Response(null, { status: 404, headers: { 'cache-control': 'no-store' } }));
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 5_000 }, (request, response) => {
    void listener(request, response);
  });
  server.on('connection', (socket) => socket.unref());
  const port = await listening(server, options.port ?? 0);
  server.unref();
  here.add(`${LOOPBACK}:${port}`).add(`localhost:${port}`);
  return { origin: `http://${LOOPBACK}:${port}`, close: () => closed(server) };
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
