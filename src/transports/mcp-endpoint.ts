import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import {
  createMcpHandler,
  isInitializeRequest,
  type McpHttpHandler,
  type McpRequestContext,
  PROTOCOL_VERSION_META_KEY,
  type Server,
} from '@modelcontextprotocol/server';
import type { Callers } from '../auth/callers.ts';
import { recordRefused } from '../calls/refused-call.ts';
import type { RandomBytes } from '../domain/clock.ts';
import { boundedBody } from '../platform/bounded-body.ts';
import { type Identity, mayUse, type Scope } from '../policy/identity.ts';
import { OrderNews } from '../resources/order-news.ts';
import { buildServer, type ServerDeps } from '../server.ts';
import { answerToExcess } from './excess.ts';
import { callBeyond, scopeMissing } from './scopes.ts';
import { SessionIds, showsAppsIn } from './session-ids.ts';
import { SessionStreams } from './session-streams.ts';
import { SESSION_HEADER, Sessions } from './sessions.ts';
import { isStateless, Stateless } from './stateless.ts';

/** Far above any genuine call (bytes). */
const MAX_BODY_BYTES = 1024 * 1024;
/** Streams of order changes that one caller may hold open. */
const MAX_SUBSCRIPTIONS = 64;
/** Of what a client did wrong, no more than this is logged (characters). */
const MAX_LOGGED = 300;

export type EndpointDeps = Omit<ServerDeps, 'identity' | 'bus'> & {
  readonly randomBytes: RandomBytes;
  /** Builds each server; ours unless something else is to be served. */
  readonly build?: (deps: ServerDeps, era: McpRequestContext['era']) => Server;
};

export interface McpEndpoint {
  /**
   * @param arrivedAt when (ms) the request came in: it may have stood in line
   * @param outgoing where the answer may be written that goes out as it is
   */
  answer(
    request: Request,
    identity: Identity,
    arrivedAt?: number,
    outgoing?: HttpBindings['outgoing'],
  ): Promise<Response>;
  /** Ends what is still open. */
  close(): Promise<void>;
}

/** How one caller is served: 2026-07-28, and 2025 with a session or without. */
interface Desk {
  readonly deps: ServerDeps;
  readonly handler: McpHttpHandler;
  readonly sessions: Sessions;
  readonly stateless: Stateless;
}

/**
 * MCP over Streamable HTTP, the 2025 revisions and 2026-07-28 alike: the only place that knows of eras here. Each caller
 * has a desk of its own, so that no list, order, session or news of one is ever another's.
 */
export function mcpEndpoint(deps: EndpointDeps, callers: Callers): McpEndpoint {
  const desks = new Map<Identity, Desk>();
  let current = callers.current();
  const shared = {
    ...deps,
    current() {
      forgetRevoked();
      return current;
    },
  };
  const told: Told = {
    news: new OrderNews(shared),
    streams: new SessionStreams(shared),
    ids: new SessionIds(deps.ledger, deps.randomBytes),
  };

  function deskOf(identity: Identity): Desk {
    const known = desks.get(identity);
    if (known) return known;
    const made = deskFor(deps, identity, told);
    desks.set(identity, made);
    return made;
  }
  const closeDesk = ({ handler, sessions }: Desk) => Promise.all([handler.close(), sessions.close()]);
  /** Who has been revoked, or has other rights now, loses the streams opened before. */
  function forgetRevoked(): void {
    const now = callers.current();
    if (now === current) return;
    current = now;
    for (const [identity, desk] of desks) {
      if (now?.has(identity) ?? true) continue;
      desks.delete(identity);
      void closeDesk(desk);
    }
  }
  /** It counts as a call: whoever asks for too many is not even told so. */
  function beyond({ caller }: Identity, scope: Scope): Response {
    if (deps.rate?.excess(caller, false) === false) deps.rate.admit(caller, false);
    deps.log.info('mcp request refused', { caller, error: `needs ${scope}` });
    return callers.insufficient?.([scope]) ?? new Response(null, { status: 403 });
  }

  return {
    async answer(request, identity, arrivedAt, outgoing) {
      forgetRevoked();
      const desk = deskOf(identity);
      const given = await readBody(request);
      if (!given) return tooLong();
      const early = await answerToExcess(desk.deps, given.parsedBody);
      if (early) return early;
      const refused = callBeyond(identity, given.parsedBody, deps.tools);
      if (refused) await recordRefused(desk.deps, refused);
      const missing = scopeMissing(identity, given.parsedBody, deps.tools);
      if (missing !== undefined) return beyond(identity, missing);
      const { sessions, handler, stateless } = desk;
      const { parsedBody } = given;
      const session = await sessions.find(given.request);
      if (session instanceof Response) return session;
      // The SDK's way to tell who serves a request what its transport knows of it.
      const id = given.request.headers.get(SESSION_HEADER);
      const extra = {
        arrivedAt,
        ...(session === undefined ? {} : { session, showsApps: id !== null && showsAppsIn(id) }),
      };
      const authInfo = { token: '', clientId: identity.caller, scopes: [], extra };
      const said = { authInfo, ...(parsedBody === undefined ? {} : { parsedBody }) };
      const inSession = await sessions.answer(given.request, session, opensSession(parsedBody), said);
      if (!inSession && outgoing && isStateless(request, parsedBody)) {
        await stateless.answer(parsedBody, outgoing, authInfo);
        return RESPONSE_ALREADY_SENT;
      }
      const response = inSession ?? (await handler.fetch(given.request, said));
      // The SDK says keep-alive on streams, also to who asked to close: how long a connection lasts is the listener's.
      response.headers.delete('connection');
      return response;
    },
    async close() {
      await Promise.all([...desks.values()].map(closeDesk));
    },
  };
}

/** `initialize` of 2025; the SDK has an answer for one that says it is of 2026-07-28. */
function opensSession(body: unknown): boolean {
  const said = body as { readonly method?: unknown } | undefined | null;
  return (
    said?.method === 'initialize' &&
    isInitializeRequest(body) &&
    body.params._meta?.[PROTOCOL_VERSION_META_KEY] === undefined
  );
}

/**
 * What a POST says, read here as a whole: the SDK would read it as a stream, and copy it. Where it is no JSON, the SDK
 * is to refuse it in its own way; undefined when it is too long.
 */
async function readBody(
  request: Request,
): Promise<{ readonly request: Request; readonly parsedBody?: unknown } | undefined> {
  if (request.method !== 'POST') return { request };
  const body = await boundedBody(request, MAX_BODY_BYTES);
  if (body === undefined) return undefined;
  try {
    return { request, parsedBody: JSON.parse(new TextDecoder().decode(body)) };
  } catch {
    const { method, headers, signal } = request;
    return { request: new Request(request.url, { method, headers, signal, body }) };
  }
}

function tooLong(): Response {
  const error = { code: -32_000, message: `Request body must not exceed ${MAX_BODY_BYTES} bytes` };
  return Response.json({ jsonrpc: '2.0', error, id: null }, { status: 413 });
}

/** What all callers' clients are told through. */
interface Told {
  readonly news: OrderNews;
  readonly streams: SessionStreams;
  readonly ids: SessionIds;
}

function deskFor(shared: EndpointDeps, identity: Identity, { news, streams, ids }: Told): Desk {
  const { build = buildServer } = shared;
  const bus = news.busOf(identity);
  const deps: ServerDeps = {
    ...shared,
    bus: undefined,
    tools: shared.tools.filter((tool) => mayUse(identity, tool)),
    // A list that varies by client is for stdio alone.
    dropsContent: () => false,
    identity,
  };
  const failed = (error: Error) =>
    shared.log.info('mcp request refused', {
      caller: identity.caller,
      error: error.message.slice(0, MAX_LOGGED),
    });
  const ofSession: ServerDeps = { ...deps, inSession: true };
  return {
    deps,
    handler: createMcpHandler(
      ({ era, authInfo }) => build(authInfo?.extra?.session ? ofSession : deps, era),
      {
        bus,
        maxRequestBodySize: MAX_BODY_BYTES,
        maxSubscriptions: MAX_SUBSCRIPTIONS,
        onerror: failed,
      },
    ),
    stateless: new Stateless(() => build(ofSession, 'legacy'), shared.clock),
    sessions: new Sessions({
      ...{ identity, ids, streams },
      build: () => build(ofSession, 'legacy'),
      ledger: shared.ledger,
      clock: shared.clock,
      maxBodyBytes: MAX_BODY_BYTES,
      failed,
    }),
  };
}
