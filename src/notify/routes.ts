import { Hono } from 'hono';
import { DEFAULT_MERCHANT, notifyPath } from '../domain/merchant.ts';
import type { ProviderId } from '../domain/order.ts';
import { applyNotify, type NotifyOutcome } from '../payments/apply-notify.ts';
import type { Till } from '../payments/till.ts';
import { boundedBody } from '../platform/bounded-body.ts';

/** Far above any genuine notification (bytes). */
const MAX_BODY_BYTES = 64 * 1024;
const TAKEN: ReadonlySet<string> = new Set(['applied', 'repeated', 'other']);

/**
 * `POST /notify/:provider`, and `/notify/:provider/:merchant` of whoever has a name: the raw bytes go to the money path,
 * the gateway's own reply comes back.
 * @param taken told of what became of each
 */
export function notifyRoutes(
  open: () => Promise<Till>,
  merchant: string = DEFAULT_MERCHANT,
  taken: (gateway: ProviderId, outcome: NotifyOutcome) => void = () => undefined,
): Hono {
  const routes = new Hono();
  const paths = [notifyPath(':provider', merchant), `/notify/:provider/${merchant}`];
  routes.on('POST', paths, async (c) => {
    const till = await open();
    const provider = till.providers.get(c.req.param('provider') as ProviderId);
    if (!provider) return c.notFound();
    const body = await boundedBody(c.req.raw, MAX_BODY_BYTES);
    if (body === undefined) return c.body(null, 413);
    const headers = Object.fromEntries(c.req.raw.headers);
    const outcome = await applyNotify(till, provider, { headers, body });
    taken(provider.id, outcome);
    const reply = provider.acknowledge(TAKEN.has(outcome));
    return new Response(reply.body || null, {
      status: reply.status,
      headers: { 'content-type': reply.contentType, 'cache-control': 'no-store' },
    });
  });
  return routes;
}
