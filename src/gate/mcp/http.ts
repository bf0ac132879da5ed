import { classifyInboundRequest, isJsonContentType, type JSONRPCRequest } from '@modelcontextprotocol/server';
import { boundedBody } from '../../platform/bounded-body.ts';
import { tooManyRequests } from '../../protocol/refusals.ts';
import { Catalogue } from './catalogue.ts';
import type { Counter } from './counter.ts';
import { Exchanges } from './exchanges.ts';
import { headersDisagree } from './headers.ts';
import { refused, tooMany } from './refused.ts';
import { Relay } from './relay.ts';
import { type OverHttp, Sessions } from './sessions.ts';

/** The longest message that is read (bytes). */
const MAX_BODY_BYTES = 4 * 1024 * 1024;
/** Requests of the stateless era at a time. */
const MOST_AT_ONCE = 1_000;

export interface HttpFace extends OverHttp {
  /** How long (s) somebody has to wait with a call that is charged for; 0: it is taken, and counted. */
  readonly admit: (source: string) => number;
}

export interface McpGate {
  /**
   * `/NAME/mcp`: under which name it may be asked for has been seen to before.
   * @param source who asks, for limits
   */
  answer(request: Request, source: string): Promise<Response>;
  /** Ends what is open, when the calls that are paid for are served. */
  close(): Promise<void>;
}

/**
 * One upstream over Streamable HTTP: to each session of a 2025 client a connection of its own, since what a client can
 * do is agreed there once; to requests of 2026-07-28 one for all where it is a program, and each its own at an address.
 */
export function mcpGate(options: HttpFace): McpGate {
  const { clock } = options;
  const sessions = new Sessions(options);
  let shared: Promise<{ readonly exchanges: Exchanges; readonly relay: Relay }> | undefined;
  /** Of an upstream at an address, those that are open. */
  const own = new Set<Relay>();

  async function begin(isSole: boolean) {
    const exchanges = new Exchanges(clock, isSole);
    const relay = new Relay({ ...options, client: exchanges, catalogue: new Catalogue(clock) });
    await relay.start();
    return { exchanges, relay };
  }

  async function stateless(request: JSONRPCRequest, source: string, asking: Request): Promise<Response> {
    if (!options.isProgram) {
      if (own.size >= MOST_AT_ONCE) return tooMany();
      const { exchanges, relay } = await begin(true);
      own.add(relay);
      exchanges.onidle = () => void relay.finish().finally(() => own.delete(relay));
      return exchanges.answer(request, source, asking);
    }
    shared ??= begin(false);
    const { exchanges, relay } = await shared;
    if (exchanges.size >= MOST_AT_ONCE) return tooMany();
    const response = await exchanges.answer(request, source, asking);
    // One that does not speak this era is not kept running for it.
    if (request.method === 'server/discover' && !response.ok && exchanges.size === 0) await relay.rest();
    return response;
  }

  return {
    async answer(request, source) {
      if (request.method !== 'POST') return sessions.answer(request, source);
      const read = await bodyOf(request);
      if (read instanceof Response) return read;
      const { body } = read;
      const early = isCharged(body, options.counter) ? options.admit(source) : 0;
      if (early > 0) {
        const { code, message, data } = tooManyRequests(Math.ceil(early));
        return refused(429, code, message, { id: idIn(body), data });
      }
      const version = request.headers.get('mcp-protocol-version');
      const method = request.headers.get('mcp-method');
      const route = classifyInboundRequest({
        ...{ httpMethod: 'POST', body },
        ...(version === null ? {} : { protocolVersionHeader: version }),
        ...(method === null ? {} : { mcpMethodHeader: method }),
      });
      if (route.kind === 'legacy') return sessions.answer(request, source, body);
      if (route.kind === 'reject') {
        const { code, message, data, httpStatus } = route;
        return refused(httpStatus, code, message, { id: idIn(body), data });
      }
      if (route.messageKind === 'notification') return new Response(null, { status: 202 });
      const mismatch = headersDisagree(request.headers, route.message);
      if (mismatch !== undefined) return refused(400, -32_020, mismatch, { id: idIn(body) });
      return stateless(route.message, source, request);
    },
    async close() {
      const relays = [...own, ...(shared ? [(await shared).relay] : [])];
      await Promise.all([sessions.close(), ...relays.map((relay) => relay.finish())]);
    },
  };
}

/** Whether a message, or one of a batch, is a call that costs something. */
function isCharged(body: unknown, counter: Counter): boolean {
  const messages: readonly unknown[] = Array.isArray(body) ? body : [body];
  return messages.some((message) => {
    const { method, params } = (message ?? {}) as { readonly method?: unknown; readonly params?: unknown };
    const { name } = (params ?? {}) as { readonly name?: unknown };
    return method === 'tools/call' && typeof name === 'string' && counter.charges(name);
  });
}

async function bodyOf(request: Request): Promise<{ readonly body: unknown } | Response> {
  if (!isJsonContentType(request.headers.get('content-type')))
    return refused(415, -32_000, 'Unsupported Media Type: Content-Type must be application/json');
  const bytes = await boundedBody(request, MAX_BODY_BYTES);
  if (!bytes) return refused(413, -32_000, `Request body must not exceed ${MAX_BODY_BYTES} bytes`);
  try {
    return { body: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) };
  } catch {
    return refused(400, -32_700, 'Parse error: the body is no JSON in UTF-8');
  }
}

function idIn(body: unknown): string | number | null {
  const id = typeof body === 'object' && body !== null && 'id' in body ? body.id : null;
  return typeof id === 'string' || typeof id === 'number' ? id : null;
}
