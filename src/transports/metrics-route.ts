import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import type { Callers } from '../auth/callers.ts';
import { hostnameIn, isLoopbackName } from '../domain/names.ts';
import { isPassedOn, plainAddress } from '../platform/source.ts';
import type { Identity } from '../policy/identity.ts';
import { unauthorized } from './mcp-route.ts';
import { plain } from './plain.ts';

/** As Prometheus wants it. */
const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/**
 * `/metrics`: for this machine, by a name that only it has and through no proxy, or for a token that has the right.
 * @param exposition of all there is, or of what a caller may know
 * @param callers undefined: nobody has a token
 */
export function metricsRoute(
  exposition: (caller?: Identity) => Promise<string>,
  callers: Callers | undefined,
): (c: Context<{ Bindings: HttpBindings }>) => Promise<Response> {
  return async (c) => {
    let caller: Identity | undefined;
    if (!isFromHere(c)) {
      const identity = (await callers?.identify(c.req.header('authorization'))) ?? 'missing';
      if (identity instanceof Response) return identity;
      if (typeof identity === 'string') return unauthorized(identity);
      if (!identity.metrics)
        return plain(403, 'the token has no right to metrics: mcp-cashier tokens add NAME --tools metrics');
      caller = identity;
    }
    return new Response(await exposition(caller), {
      headers: {
        'content-type': CONTENT_TYPE,
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'cross-origin-resource-policy': 'same-origin',
      },
    });
  };
}

function isFromHere(c: Context<{ Bindings: HttpBindings }>): boolean {
  return (
    isLoopbackName(plainAddress(c.env.incoming.socket.remoteAddress ?? '')) &&
    isLoopbackName(hostnameIn(c.req.header('host') ?? '')) &&
    !isPassedOn((name) => c.req.header(name))
  );
}
