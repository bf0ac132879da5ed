import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import type { Callers, Refused } from '../auth/callers.ts';
import { originOf } from '../domain/names.ts';
import { isPassedOn } from '../platform/source.ts';
import type { Identity } from '../policy/identity.ts';
import type { McpEndpoint } from './mcp-endpoint.ts';
import { plain } from './plain.ts';

/** Which answers a page may read that calls from a browser. */
const EXPOSED = 'mcp-protocol-version, mcp-session-id, retry-after, www-authenticate';
/** How long (s) a browser may remember what it was allowed. */
const REMEMBERED = '600';

/** `/mcp`: who calls is known, or refused, before anything of the call is read. */
export function mcpRoute(
  endpointOf: (identity: Identity) => McpEndpoint | undefined,
  callers: Callers,
  arrivals: { get(request: HttpBindings['incoming']): number | undefined },
  allowedOrigins: readonly string[] = [],
): (c: Context<{ Bindings: HttpBindings }>) => Promise<Response> {
  async function answer(c: Context, outgoing?: HttpBindings['outgoing']): Promise<Response> {
    // An address ends up in logs and histories: a token that has stood in one is no secret any more.
    const isInAddress = c.req.query('access_token') !== undefined;
    const identity = await callers.identify(isInAddress ? undefined : c.req.header('authorization'));
    if (identity instanceof Response) return identity;
    if (typeof identity === 'string') return unauthorized(identity);
    // Whoever reaches this machine is the merchant: a stranger behind a proxy or tunnel does not.
    if (!identity.named && isPassedOn((name) => c.req.header(name))) {
      return plain(403, 'what a proxy passes on needs a token: mcp-cashier tokens add NAME');
    }
    if (isPacked(c)) return plain(415, 'bodies are taken as they are', { 'accept-encoding': 'identity' });
    const endpoint = endpointOf(identity);
    // Whoever belongs to nobody here was refused before.
    if (!endpoint) return plain(403, 'not a caller of this service');
    return endpoint.answer(withPlainAccept(c.req.raw), identity, arrivals.get(c.env.incoming), outgoing);
  }
  return async (c) => {
    const origin = originOf(c.req.header('origin') ?? '');
    if (origin === undefined || !allowedOrigins.includes(origin)) return answer(c, c.env.outgoing);
    const response = isPreflight(c) ? preflight(c) : await answer(c);
    response.headers.set('access-control-allow-origin', origin);
    response.headers.set('access-control-expose-headers', EXPOSED);
    response.headers.append('vary', 'Origin');
    return response;
  };
}

function isPreflight(c: Context): boolean {
  return c.req.method === 'OPTIONS' && c.req.header('access-control-request-method') !== undefined;
}

/** A browser asks before it sends a token along; to be told that it may is no permission to call. */
function preflight(c: Context): Response {
  const headers = c.req.header('access-control-request-headers') ?? '';
  const isLocal = c.req.header('access-control-request-private-network') === 'true';
  return new Response(null, {
    status: 204,
    headers: {
      'access-control-allow-methods': 'POST, GET, DELETE',
      ...(/^[\w\-, ]{1,1000}$/.test(headers) ? { 'access-control-allow-headers': headers } : {}),
      ...(isLocal ? { 'access-control-allow-private-network': 'true' } : {}),
      'access-control-max-age': REMEMBERED,
    },
  });
}

function isPacked(c: Context): boolean {
  const encoding = c.req.header('content-encoding');
  return encoding !== undefined && encoding.trim().toLowerCase() !== 'identity';
}

/** Media types mean the same in any case; the SDK knows one. */
function withPlainAccept(request: Request): Request {
  const accept = request.headers.get('accept');
  if (accept !== null && accept !== accept.toLowerCase()) request.headers.set('accept', accept.toLowerCase());
  return request;
}

/** To who has shown no token, or one that lets nobody in. */
export function unauthorized(why: Refused): Response {
  if (why === 'unavailable') return plain(503, 'tokens cannot be read', { 'retry-after': '5' });
  const challenge = why === 'wrong' ? 'Bearer error="invalid_token"' : 'Bearer';
  return plain(401, 'a bearer token is needed', { 'www-authenticate': challenge });
}
