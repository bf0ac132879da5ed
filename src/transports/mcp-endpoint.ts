import { createMcpHandler, type McpHttpHandler } from '@modelcontextprotocol/server';
import type { Caller, Callers } from '../auth/callers.ts';
import { Newest } from '../resources/newest.ts';
import { watchOrders } from '../resources/watch.ts';
import { buildServer, type ServerDeps } from '../server.ts';

/** Far above any genuine call (bytes). */
const MAX_BODY_BYTES = 1024 * 1024;
/** Streams of order changes that one caller may hold open. */
const MAX_SUBSCRIPTIONS = 64;
/** Of what a client did wrong, no more than this is logged (characters). */
const MAX_LOGGED = 300;

export type EndpointDeps = Omit<
  ServerDeps,
  'caller' | 'named' | 'credential' | 'tokenRules' | 'ownOrdersOnly' | 'updates'
>;

export interface McpEndpoint {
  answer(request: Request, caller: Caller): Promise<Response>;
  /** Ends what is still open, and watches the ledger no more. */
  close(): Promise<void>;
}

/**
 * MCP over Streamable HTTP, the 2025 revisions and 2026-07-28 alike and without sessions: the only place that knows of
 * eras here. Each caller has a handler of its own, so that no list, order or news of one is ever another's.
 */
export function mcpEndpoint(deps: EndpointDeps, callers: Callers): McpEndpoint {
  const ended = new AbortController();
  const handlers = new Map<Caller, McpHttpHandler>();
  const newest = new Newest(deps.clock.now());

  function handlerOf(caller: Caller): McpHttpHandler {
    const known = handlers.get(caller);
    if (known) return known;
    const made = handlerFor({ ...deps, named: callers.named ?? false }, caller);
    handlers.set(caller, made);
    return made;
  }
  /** Who has been revoked, or has other rights now, loses the streams opened before. */
  function forgetRevoked(): void {
    for (const [caller, handler] of handlers) {
      if (callers.isCurrent(caller)) continue;
      handlers.delete(caller);
      void handler.close();
    }
  }
  async function tell(outTradeNo: string): Promise<void> {
    forgetRevoked();
    if (handlers.size === 0) return;
    const order = await deps.ledger.read((book) => book.order(outTradeNo));
    const isNew = order !== undefined && newest.takes(order);
    for (const [caller, handler] of handlers) {
      if (caller.ownOrdersOnly && order?.caller !== caller.name) continue;
      handler.notify.resourceUpdated(`payment://orders/${outTradeNo}`);
      if (isNew) handler.notify.resourcesChanged();
    }
  }
  const failed = (error: unknown) => deps.log.error('order news', { error: String(error) });
  watchOrders(deps, ended.signal, (outTradeNo) => void tell(outTradeNo).catch(failed)).catch(failed);

  return {
    async answer(request, caller) {
      forgetRevoked();
      const response = await handlerOf(caller).fetch(request);
      // The SDK says keep-alive on streams, also to who asked to close: how long a connection lasts is the listener's.
      response.headers.delete('connection');
      return response;
    },
    async close() {
      ended.abort();
      await Promise.all([...handlers.values()].map((handler) => handler.close()));
    },
  };
}

function handlerFor(shared: EndpointDeps & { readonly named: boolean }, caller: Caller): McpHttpHandler {
  const deps: ServerDeps = {
    ...shared,
    tools: shared.tools.filter(({ name }) => caller.tools?.has(name) ?? true),
    caller: caller.name,
    credential: caller.credential,
    tokenRules: caller.rules,
    ownOrdersOnly: caller.ownOrdersOnly,
    updates: 'transport',
  };
  return createMcpHandler(({ era }) => buildServer(deps, era), {
    maxRequestBodySize: MAX_BODY_BYTES,
    maxSubscriptions: MAX_SUBSCRIPTIONS,
    onerror: (error) =>
      shared.log.info('mcp request refused', {
        caller: caller.name,
        error: error.message.slice(0, MAX_LOGGED),
      }),
  });
}
