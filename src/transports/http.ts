import { once, setMaxListeners } from 'node:events';
import type { HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import type { Callers } from '../auth/callers.ts';
import { merchantOf } from '../domain/merchant.ts';
import type { Realm } from '../domain/order.ts';
import { type ListenOptions, listen } from '../platform/listener.ts';
import { Turnstile } from '../platform/turnstile.ts';
import type { Identity } from '../policy/identity.ts';
import { frontPage } from './front-page.ts';
import { type EndpointDeps, mcpEndpoint } from './mcp-endpoint.ts';
import { mcpRoute } from './mcp-route.ts';
import { metricsRoute } from './metrics-route.ts';
import { plain } from './plain.ts';

/** How long (ms) answers that are ready may take to leave before what is open is cut. */
const FLUSH_MS = 1_000;

export interface HttpOptions {
  /** What serves each merchant's callers, by the merchant. */
  readonly deps: ReadonlyMap<string, EndpointDeps>;
  /** Who may call; undefined: nobody, and there is no `/mcp`. */
  readonly callers: Callers | undefined;
  /** Whose money it moves, if it is any. */
  readonly realm: Realm;
  /** What is served beside MCP, for gateways and buyers: no token is asked for there. */
  readonly routes: Hono;
  /** Whether work can be done, and what else a probe is told. */
  readonly ready: () => Promise<{ readonly ready: boolean }>;
  /** `/metrics`, and who else than this machine may read them. */
  readonly metrics?: {
    readonly exposition: (caller?: Identity) => Promise<string>;
    readonly callers: Callers | undefined;
  };
  readonly host: string;
  readonly port: number;
  /** How the service is addressed from outside, and by whom. */
  readonly at?: Pick<ListenOptions, 'names' | 'allowedOrigins' | 'source' | 'refusedName'>;
  readonly listening: (origin: string) => void;
  /** When to stop. */
  readonly signal: AbortSignal;
}

/**
 * Serves MCP at `/mcp`, `/`, `/livez`, `/readyz`, `/metrics` and the given routes until `signal` aborts. Then it listens no more, ends
 * waits, lets the calls under way record what the gateway answers and tell it, and only then cuts what is left.
 * Rejects with the system's error when the port cannot be had.
 */
export async function serveOverHttp(options: HttpOptions): Promise<void> {
  const { callers, signal } = options;
  const deps = [...options.deps.values()];
  const [first] = deps;
  if (!first) throw new Error('a service of nobody');
  const { clock, log } = first;
  // Every call under way listens to it.
  setMaxListeners(0, signal);
  const endpoints = new Map(
    callers ? [...options.deps].map(([merchant, one]) => [merchant, mcpEndpoint(one, callers)]) : [],
  );
  const merchants = [...options.deps.keys()];
  const endpointOf = (identity: Identity) => endpoints.get(merchantOf(identity, merchants) ?? '');
  const closeEndpoints = () => Promise.all([...endpoints.values()].map((endpoint) => endpoint.close()));
  const requests = new Set<Promise<void>>();
  const turnstile = new Turnstile();
  const arrivals = new WeakMap<HttpBindings['incoming'], number>();
  const routes = new Hono();

  routes.use('*', async (_c, next) => {
    // Only a connection that was open before can still bring one.
    if (signal.aborted) return plain(503, 'stopping', { 'retry-after': '1', connection: 'close' });
    const answering = next();
    requests.add(answering);
    await answering.finally(() => requests.delete(answering));
  });
  routes.get('/livez', () => plain(200, 'ok'));
  routes.get('/readyz', async () => {
    const said = await options.ready();
    return Response.json(said, {
      status: said.ready ? 200 : 503,
      headers: { 'cache-control': 'no-store' },
    });
  });
  if (options.metrics) {
    routes.get('/metrics', metricsRoute(options.metrics.exposition, options.metrics.callers));
  }
  routes.get('/', frontPage({ mcp: callers !== undefined, realm: options.realm, merchants }));
  if (callers) routes.all('/mcp', mcpRoute(endpointOf, callers, arrivals, options.at?.allowedOrigins));
  if (callers?.metadata) {
    routes.all('/.well-known/*', async (c, next) => callers.metadata?.(c.req.raw) ?? (await next()));
  }
  routes.route('/', options.routes);

  try {
    const listener = await listen({
      routes,
      host: options.host,
      port: options.port,
      ...options.at,
      foreground: true,
      // Whose token is whose costs as much as a turn: a line for each that is shown will do.
      turn: (request) => {
        arrivals.set(request, clock.now());
        return turnstile.pass(request.headers.authorization ?? String(request.socket.remoteAddress));
      },
      refused: () => plain(403, 'Host or Origin is not ours'),
      failed: (error) => log.error('http', { error: String(error) }),
    });
    options.listening(listener.origin);
    if (!signal.aborted) await once(signal, 'abort');
    listener.refuseNew();
    // Nothing that has begun is lost: first the calls, then their answers, then the connections.
    const underWay = () => deps.flatMap((one) => [...one.underWay]);
    while (underWay().length > 0) await Promise.allSettled(underWay());
    await Promise.race([Promise.allSettled(requests), clock.sleep(FLUSH_MS)]);
    // What a call has returned leaves the SDK in this turn; then streams of news get the frame that ends them.
    await clock.sleep(0);
    await closeEndpoints();
    await listener.close(FLUSH_MS);
  } finally {
    await closeEndpoints();
    await Promise.allSettled(requests);
  }
}
