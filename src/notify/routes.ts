import { Hono } from 'hono';
import type { ProviderId } from '../domain/order.ts';
import { applyNotify, type NotifyOutcome } from '../payments/apply-notify.ts';
import type { Till } from '../payments/till.ts';
import { boundedBody } from '../platform/bounded-body.ts';

/** Far above any genuine notification (bytes). */
const MAX_BODY_BYTES = 64 * 1024;
const TAKEN: ReadonlySet<string> = new Set(['applied', 'repeated', 'other']);

/**
 * `POST /notify/:provider`: the raw bytes go to the money path, the gateway's own reply comes back.
 * @param taken told of what became of each
 */
export function notifyRoutes(
  open: () => Promise<Till>,
  taken: (gateway: ProviderId, outcome: NotifyOutcome) => void = () => undefined,
): Hono {
  const routes = new Hono();
  routes.post('/notify/:provider', async (c) => {
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
