import {
  type HandleRequestOptions,
  isInitializeRequest,
  type Server,
  SUPPORTED_PROTOCOL_VERSIONS,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server';
import type { Clock } from '../domain/clock.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { showsApps } from '../mcp-apps/apps.ts';
import type { Identity } from '../policy/identity.ts';
import { digestOf, type SessionIds } from './session-ids.ts';
import type { SessionStreams } from './session-streams.ts';

export const SESSION_HEADER = 'mcp-session-id';
/** Sessions of one caller that can be asked something here; further clients are served without one. */
const MAX_SESSIONS = 64;
/** What was not used for this long (ms) gives way to a new one: no call lasts as long. */
const IDLE_MS = 2 * 60_000;
/** For so long (ms) a session is taken to be there still, though another process may have ended it. */
const BELIEVED_MS = 1_000;
/** Sessions of which is remembered when they were found to be there, or have ended. */
const MAX_REMEMBERED = 1_000;

interface Session {
  readonly server: Server;
  readonly transport: WebStandardStreamableHTTPServerTransport;
  usedAt: number;
}

export interface SessionOptions {
  /** A server of 2025 for one session. */
  readonly build: () => Server;
  readonly identity: Identity;
  readonly ids: SessionIds;
  readonly streams: SessionStreams;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly maxBodyBytes: number;
  readonly failed: (error: Error) => void;
}

/**
 * The sessions of one caller's 2025 clients. All that a session adds is the way back: word of orders, which any process
 * on the ledger gives, and a question to the client, which needs the process that opened it. Any other serves what comes
 * with one as it serves what comes without.
 */
export class Sessions {
  readonly #options: SessionOptions;
  /** The longest unused first. */
  readonly #open = new Map<string, Session>();
  /** By the digest: when it was found to be there; undefined where it has ended. */
  readonly #known = new Map<string, number | undefined>();
  /** How many are being opened. */
  #opening = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /** The digest of the session that a request comes with, undefined without one; or what is answered to it instead. */
  async find(request: Request): Promise<string | undefined | Response> {
    const id = request.headers.get(SESSION_HEADER);
    if (id === null) return undefined;
    const { ids, identity, ledger, clock } = this.#options;
    const session = digestOf(id);
    let isOurs = false;
    try {
      isOurs = await ids.isOf(id, identity.caller);
      if (!isOurs) return notFound();
      const now = clock.now();
      const isKnown = this.#known.has(session) && (this.#known.get(session) ?? now) > now - BELIEVED_MS;
      if (!isKnown) {
        const ended = await ledger.read((book) => book.sessions.hasEnded(session));
        this.#remember(session, ended ? undefined : now);
      }
      if (this.#known.get(session) !== undefined) return session;
      await this.#forget(id);
      return notFound();
    } catch (error) {
      // What is called without the ledger is told so in the call's own words.
      if (request.method === 'POST') return isOurs ? session : undefined;
      return this.#unavailable(error);
    }
  }

  /**
   * The answer, where a session is opened, ended, listened to or was opened here; else undefined.
   * @param session as {@link find} has found it
   * @param opens whether the request is an `initialize` of 2025
   * @param said what is known of the request: its body, where it has been read
   */
  async answer(
    request: Request,
    session: string | undefined,
    opens: boolean,
    said: HandleRequestOptions,
  ): Promise<Response | undefined> {
    const id = request.headers.get(SESSION_HEADER);
    if (id === null || session === undefined) return opens ? this.#begin(request, said) : undefined;
    try {
      if (request.method === 'GET') return await this.#listen(request, id, session);
      if (request.method === 'DELETE') return await this.#end(id, session);
    } catch (error) {
      return this.#unavailable(error);
    }
    const open = this.#open.get(id);
    if (!open) return undefined;
    open.usedAt = this.#options.clock.now();
    this.#open.delete(id);
    this.#open.set(id, open);
    return open.transport.handleRequest(request, said);
  }

  async close(): Promise<void> {
    await this.#options.streams.end(({ identity }) => identity === this.#options.identity);
    await Promise.allSettled([...this.#open.values()].map(({ server }) => server.close()));
  }

  async #listen({ headers }: Request, id: string, session: string): Promise<Response> {
    if (!headers.get('accept')?.includes('text/event-stream')) {
      return refused(406, -32_000, 'Not Acceptable: Client must accept text/event-stream');
    }
    const version = headers.get('mcp-protocol-version');
    if (version !== null && !SUPPORTED_PROTOCOL_VERSIONS.includes(version)) {
      return refused(400, -32_000, 'Bad Request: Unsupported protocol version');
    }
    return (await this.#options.streams.open(id, session, this.#options.identity)) ?? notFound();
  }

  /** Wherever it was opened, and whoever holds its streams. */
  async #end(id: string, session: string): Promise<Response> {
    const { ledger, streams, identity } = this.#options;
    await ledger.note((book) => book.sessions.end(session, identity.caller));
    this.#remember(session, undefined);
    await streams.end((one) => one.session === session);
    await this.#forget(id);
    return new Response(null, { status: 200 });
  }

  async #forget(id: string): Promise<void> {
    const open = this.#open.get(id);
    this.#open.delete(id);
    await open?.server.close();
  }

  /** undefined when all are in use. */
  async #begin(request: Request, said: HandleRequestOptions): Promise<Response | undefined> {
    const [longestUnused] = this.#open.values();
    if (this.#open.size + this.#opening >= MAX_SESSIONS) {
      if (!longestUnused || this.#options.clock.now() - longestUnused.usedAt < IDLE_MS) return undefined;
      this.#open.delete(longestUnused.transport.sessionId ?? '');
      void longestUnused.server.close().catch(this.#options.failed);
    }
    this.#opening += 1;
    try {
      const { ids, identity } = this.#options;
      const id = await ids.next(identity.caller, saysApps(said.parsedBody)).catch(this.#options.failed);
      if (id === undefined) return undefined;
      const { transport } = await this.#start(id);
      return await transport.handleRequest(request, said);
    } finally {
      this.#opening -= 1;
    }
  }

  async #start(id: string): Promise<Session> {
    const { build, clock, maxBodyBytes } = this.#options;
    const server = build();
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => id,
      onsessioninitialized: () => {
        this.#open.set(id, session);
        this.#remember(digestOf(id), clock.now());
      },
      maxRequestBodySize: maxBodyBytes,
    });
    const session = { server, transport, usedAt: clock.now() };
    transport.onerror = (error) => this.#options.failed(error);
    await server.connect(transport);
    const closed = transport.onclose;
    transport.onclose = () => {
      this.#open.delete(id);
      closed?.();
    };
    return session;
  }

  #remember(session: string, foundAt: number | undefined): void {
    this.#known.delete(session);
    this.#known.set(session, foundAt);
    const [first] = this.#known.keys();
    if (first !== undefined && this.#known.size > MAX_REMEMBERED) this.#known.delete(first);
  }

  #unavailable(error: unknown): Response {
    this.#options.failed(error instanceof Error ? error : new Error(String(error)));
    const response = refused(503, -32_000, 'The ledger cannot be read just now');
    response.headers.set('retry-after', '1');
    return response;
  }
}

function saysApps(body: unknown): boolean {
  return isInitializeRequest(body) && showsApps(body.params.capabilities);
}

function notFound(): Response {
  return refused(404, -32_001, 'Session not found');
}

function refused(status: number, code: number, message: string): Response {
  return Response.json({ jsonrpc: '2.0', id: null, error: { code, message } }, { status });
}
