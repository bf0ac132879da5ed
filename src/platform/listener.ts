import { createServer, type IncomingMessage, type Server } from 'node:http';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { areaOf, canonical, hostnameIn, originOf, type ServedName, servedNames } from '../domain/names.ts';
import { affordableConnections, limitConnections } from './listener-connections.ts';
import { isStrangeProxy, type SourceOf, sourceOf } from './source.ts';
import { systemClock } from './system.ts';

const LOOPBACK = '127.0.0.1';
/** A request has this long (ms) to arrive: its headers, and all of it. */
export const HEADERS_MS = 5_000;
const REQUEST_MS = 10_000;
/**
 * How long (ms) a connection may be idle: longer than proxies keep theirs, and so long that one which has something to
 * say is not closed before it is read, should this process have had no processor for some seconds.
 */
export const IDLE_MS = 65_000;
/** How often (ms) those limits are looked after; Node's own 30 s would let a slow one live that long. */
export const LOOK_AFTER_MS = 1_000;
/** How often (ms) connections that have become idle are closed while stopping. */
const CLOSE_IDLE_MS = 20;

export interface Listener {
  /** As {@link originAt}. */
  readonly origin: string;
  /** Stops listening; what is open goes on. */
  refuseNew(): void;
  /**
   * Stops listening, lets what is being answered end for up to `graceMs` (ms; none by default), then cuts what is
   * still open. May be called again.
   */
  close(graceMs?: number): Promise<void>;
}

export interface ListenOptions {
  readonly routes: Hono;
  /** The address to bind; loopback by default. */
  readonly host?: string;
  /** One that the system picks by default. */
  readonly port?: number;
  /** Further names this server is addressed by, such as the public one that a tunnel or proxy passes on. */
  readonly names?: readonly ServedName[] | undefined;
  /** Origins whose pages may call what stands under `mcp`; what the browser wants to hear is the route's affair. */
  readonly allowedOrigins?: readonly string[] | undefined;
  /** Whom a request comes from; by default whoever is connected. */
  readonly source?: SourceOf | undefined;
  /** Resolves when a request for `/mcp` may be looked at; undefined: at once. */
  readonly turn?: (request: IncomingMessage) => Promise<void> | undefined;
  /** Whether it keeps the process alive. */
  readonly foreground?: boolean;
  readonly refused: () => Response;
  /** Told of each `Host`, or `Origin`, that was refused. */
  readonly refusedName?: ((name: string) => void) | undefined;
  /** Told of what a route threw; the caller of the route learns nothing but that it failed. */
  readonly failed?: (error: unknown) => void;
}

/** The source of a request that came through {@link listen}; the same for all in a test without one. */
export function sourceIn(c: Context): string {
  return String(c.get('source') ?? '');
}

/**
 * Serves routes on one port. Host and Origin are checked before anything else: a page on another site can point its
 * own name at this machine, but it cannot make the browser say ours. It is no wall against anybody else, because
 * proxies and tunnels can put any name there. Rejects with the system's error (`EADDRINUSE`)
 * when the port is taken. Unless `foreground`, neither the listener nor an open connection keeps the process alive.
 */
export async function listen(options: ListenOptions): Promise<Listener> {
  const { host = LOOPBACK, foreground = false } = options;
  const { refusedName = () => undefined, source = sourceOf([]) } = options;
  const mayCall = new Set(options.allowedOrigins);
  let find: ReturnType<typeof servedNames> = () => undefined;
  let findOutside = find;
  const app = new Hono<{ Bindings: HttpBindings; Variables: { source: string } }>();
  app.use('*', async (c, next) => {
    const area = areaOf(c.req.path);
    // What a proxy lets pass by the beginning of a path must not turn into another on the way.
    if (areaOf(pathWritten(c.env.incoming)) !== area) return nowhere();
    const host = c.req.header('host') ?? '';
    const named = find(host);
    // A request line may name a host too, and would be believed before the header.
    const target = new URL(c.req.url);
    const isOurs =
      find(target.host) !== undefined &&
      canonical(target.hostname) === hostnameIn(host) &&
      target.username === '' &&
      target.password === '';
    const sender = source(c.env.incoming.socket.remoteAddress, (name) => c.req.header(name));
    // Operators come by a name of theirs or from this machine: an unknown proxy that says ours brings strangers.
    const isAstray = area === 'operator' && isStrangeProxy(sender) && !findOutside(host)?.areas.has(area);
    if (area !== 'health' && (!(isOurs && named?.areas.has(area)) || isAstray)) {
      refusedName(host);
      return options.refused();
    }
    const from = c.req.header('origin');
    const origin = originOf(from ?? '');
    const isSame = origin !== undefined && (named?.origins.has(origin) ?? false);
    const isAllowed = origin !== undefined && area === 'mcp' && mayCall.has(origin);
    if (from !== undefined && !isSame && !isAllowed) {
      refusedName(from);
      return options.refused();
    }
    c.set('source', sender);
    await next();
  });
  app.route('/', options.routes);
  app.notFound(nowhere);
  app.onError((error, c) => {
    // Who leaves in the middle of a request, or is cut for being slow, is no failure of ours.
    if (c.env.incoming.readableAborted) return bare(400);
    options.failed?.(error);
    return bare(500);
  });
  const answer = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  const timeouts = { headersTimeout: HEADERS_MS, requestTimeout: REQUEST_MS, keepAliveTimeout: IDLE_MS };
  const server = createServer(
    { ...timeouts, connectionsCheckingInterval: LOOK_AFTER_MS },
    (request, response) => {
      const turn = areaOf(pathWritten(request)) === 'mcp' ? options.turn?.(request) : undefined;
      // Who has left by then is asked for no more: nothing of it has begun, and nobody would hear of its end.
      void (
        turn?.then(() => (response.destroyed ? undefined : answer(request, response))) ??
        answer(request, response)
      );
    },
  );
  const most = affordableConnections();
  limitConnections(server, most);
  // Comes once it has stopped listening and the last connection has ended.
  const ended = new Promise<void>((resolve) => server.once('close', resolve));
  if (!foreground) server.on('connection', (socket) => socket.unref());
  // Who comes while this process has no processor stands in line, and is not turned away by the system.
  const port = await listening(server, { host, port: options.port ?? 0, backlog: most });
  if (!foreground) server.unref();
  find = servedNames(ownOrigins(host, port), port, options.names);
  findOutside = servedNames([], port, options.names);
  return {
    origin: originAt(host, port),
    refuseNew: () => void server.close(),
    close: (graceMs = 0) => closed(server, ended, graceMs),
  };
}

/** As {@link listen}, on 127.0.0.1 and beside a process that has other work. */
export function listenOnLoopback(options: Omit<ListenOptions, 'host' | 'foreground'>): Promise<Listener> {
  return listen(options);
}

/** The path of a request as its line has it: before dot segments are resolved and characters decoded. */
function pathWritten({ url = '' }: IncomingMessage): string {
  return url.replace(/^https?:\/\/[^/?#]*/i, '').replace(/[?#].*$/, '');
}

/** The names by which what is bound at `host` can be reached from this machine. */
export function ownOrigins(host: string, port: number): string[] {
  const names = host.includes(':') ? ['[::1]', 'localhost', LOOPBACK] : [LOOPBACK, 'localhost'];
  return [...names.map((name) => `http://${name}:${port}`), originAt(host, port)];
}

/** The origin at which a program on this machine reaches what binds `host`. */
export function originAt(host: string, port: number): string {
  const name = host === '0.0.0.0' || host === '::' ? LOOPBACK : host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`;
}

function bare(status: number): Response {
  return new Response(null, { status, headers: { 'cache-control': 'no-store' } });
}

/** Somebody may have come by a link: a browser shows an answer without a body as a blank page. */
export function nowhere(): Response {
  const headers = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' };
  return new Response(
    '没有这个页面，链接可能不完整。\nThere is no such page; the link may be incomplete.\n',
    {
      ...{ status: 404, headers },
    },
  );
}

/** Binds it; gives the port. Rejects with the system's error. */
export function listening(
  server: Server,
  at: { readonly host: string; readonly port: number; readonly backlog: number },
): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(at, () => {
      // From here on an error is a connection that could not be accepted: no reason to end a process that moves money.
      server.off('error', reject).on('error', () => undefined);
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : at.port);
    });
  });
}

/** As {@link Listener.close}. @param ended once the last connection has */
export async function closed(server: Server, ended: Promise<void>, graceMs: number): Promise<void> {
  let open = true;
  void ended.then(() => {
    open = false;
  });
  server.close();
  for (let waited = 0; open && waited < graceMs; waited += CLOSE_IDLE_MS) {
    server.closeIdleConnections();
    await Promise.race([ended, systemClock.sleep(CLOSE_IDLE_MS)]);
  }
  server.closeAllConnections();
  await ended;
}
