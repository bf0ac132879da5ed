import { Hono } from 'hono';
import { KEYS_PATH } from './jws.ts';
import type { Receipts } from './receipts.ts';

const HEADERS = {
  'Content-Type': 'application/json; charset=utf-8',
  // Long enough for whoever checks many, short enough for a new key.
  'Cache-Control': 'public, max-age=300',
  'X-Content-Type-Options': 'nosniff',
};

/** What receipts are checked by. A ledger that cannot be read answers 503, and leaves its error in `c.error`. */
export function receiptRoutes(receipts: Receipts): Hono {
  const routes = new Hono();
  routes.onError(() => new Response(undefined, { status: 503, headers: { 'Retry-After': '5' } }));
  routes.get(
    KEYS_PATH,
    async () => new Response(JSON.stringify(await receipts.keys()), { headers: HEADERS }),
  );
  return routes;
}
