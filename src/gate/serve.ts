import { once } from 'node:events';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { GATE_MOUNT, originOf, type ServedName } from '../domain/names.ts';
import type { Realm } from '../domain/order.ts';
import type { Log } from '../domain/ports.ts';
import type { Till } from '../payments/till.ts';
import { nowhere } from '../platform/listener.ts';
import { listenToRelay } from '../platform/relay-listener.ts';
import { sourceOf } from '../platform/source.ts';
import { Executions } from './executions.ts';
import { forwardedHeaders } from './forwarded.ts';
import type { Language } from './http-answers.ts';
import { NOT_OURS, say } from './http-answers.ts';
import { HttpGate, type Own } from './http-gate.ts';
import { HttpSale } from './http-sale.ts';
import type { Prices } from './prices.ts';
import type { PageOf } from './receipt-link.ts';
import { Ways } from './ways.ts';

/** How long (ms) what is being answered may take to leave. */
const FLUSH_MS = 1_000;

export interface GateOptions {
  readonly till: Till;
  readonly prices: Prices;
  readonly host: string;
  readonly port: number;
  readonly names: readonly ServedName[];
  readonly trustedProxies: readonly string[];
  /** The gate as the world reaches it. */
  readonly gateUrl: string | undefined;
  readonly language: Language;
  readonly realm: Realm;
  readonly log: Log;
  /** The buyer's pages and the notify routes, which stand under {@link GATE_MOUNT}. */
  readonly routes: Hono;
  readonly ready: () => Promise<{ readonly ready: boolean }>;
  readonly pageOf: PageOf;
  readonly refusedName: (name: string) => void;
  /** What else stands on the port, in front of the upstreams. */
  readonly own?: Own;
  readonly listening: (origin: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Stands before upstreams until `signal` aborts: then it takes no more, and what is being executed ends, because it is
 * paid for. Rejects with the system's error when the port cannot be had.
 */
export async function serveGate(options: GateOptions): Promise<void> {
  const { till, prices, language, log, signal, trustedProxies: trusted, gateUrl: publicUrl } = options;
  const failed = (error: unknown) => log.error('gate', { error: String(error) });
  const { realm, pageOf } = options;
  const ways = new Ways(till, pageOf);
  const forwarded = forwardedHeaders({ trusted, publicUrl });
  const executions = new Executions({ till, forwarded, addedTo: (call) => ways.addedTo(call) });
  const sale = new HttpSale({ till, language, realm, ways, executions, pageOf, failed });
  const pages = pagesAt(options, failed);
  const gate = new HttpGate({
    ...{ upstreams: prices.http, sale, language, failed, trusted, publicUrl },
    source: sourceOf(trusted),
    own: (path) => (path === GATE_MOUNT || path.startsWith(`${GATE_MOUNT}/`) ? pages : options.own?.(path)),
  });
  const listener = await listenToRelay({
    ...{ host: options.host, port: options.port, names: options.names, refusedName: options.refusedName },
    answer: (request, response, expects) => gate.answer(request, response, expects),
    refused: (response) => say(response, language, NOT_OURS),
  });
  options.listening(listener.origin);
  if (!signal.aborted) await once(signal, 'abort');
  listener.refuseNew();
  await executions.ended();
  await listener.close(FLUSH_MS);
  gate.close();
}

/** Buyers' pages, gateways' notifications and probes. */
function pagesAt(
  { routes, ready }: GateOptions,
  failed: (error: unknown) => void,
): ReturnType<typeof getRequestListener> {
  const app = new Hono();
  app.use('*', async (c, next) => {
    const from = c.req.header('origin');
    const origin = from === undefined ? undefined : originOf(from);
    // No page of another site makes a buyer's choice.
    if (from !== undefined && (origin === undefined || new URL(origin).host !== c.req.header('host'))) {
      return c.body(null, 403);
    }
    await next();
  });
  app.get(`${GATE_MOUNT}/livez`, (c) => c.text('ok\n'));
  app.get(`${GATE_MOUNT}/readyz`, async (c) => {
    const said = await ready();
    return c.json(said, said.ready ? 200 : 503, { 'cache-control': 'no-store' });
  });
  app.route(GATE_MOUNT, routes);
  app.notFound(nowhere);
  app.onError((error, c) => {
    failed(error);
    return c.body(null, 500);
  });
  return getRequestListener(app.fetch, { overrideGlobalObjects: false });
}
