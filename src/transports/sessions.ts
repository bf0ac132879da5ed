import {
  type HandleRequestOptions,
  type Server,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server';
import type { Clock, RandomBytes } from '../domain/clock.ts';

const HEADER = 'mcp-session-id';
const ID_BYTES = 18;
/** Sessions of one caller; further clients are served without one. */
const MAX_SESSIONS = 64;
/** What was not used for this long (ms) gives way to a new one: no call lasts as long. */
const IDLE_MS = 2 * 60_000;
/** Ids of ended sessions that are remembered. */
const MAX_ENDED = 1_000;

interface Session {
  readonly server: Server;
  readonly transport: WebStandardStreamableHTTPServerTransport;
  usedAt: number;
}

export interface SessionOptions {
  /** A server of 2025 for one session. */
  readonly build: () => Server;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  readonly maxBodyBytes: number;
  readonly failed: (error: Error) => void;
}

/**
 * The sessions of one caller's 2025 clients. All that a session adds is the way back: a question to the client, a word
 * about an order, which need a stream. Nothing of value is in it, so whoever comes with one that this process does not
 * know (another process opened it, or an earlier life of this one) is served as one without.
 */
export class Sessions {
  readonly #options: SessionOptions;
  /** The longest unused first. */
  readonly #open = new Map<string, Session>();
  readonly #ended = new Set<string>();
  /** How many are being opened. */
  #opening = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /**
   * The answer, where a session is opened, used or known to have ended; else undefined.
   * @param opens whether the request is an `initialize` of 2025
   * @param said what is known of the request: its body, where it has been read
   */
  async answer(request: Request, opens: boolean, said: HandleRequestOptions): Promise<Response | undefined> {
    const id = request.headers.get(HEADER);
    if (id === null) return opens ? this.#begin(request, said) : undefined;
    if (this.#ended.has(id)) return notFound();
    const session = this.#open.get(id);
    if (!session) return undefined;
    session.usedAt = this.#options.clock.now();
    this.#open.delete(id);
    this.#open.set(id, session);
    return session.transport.handleRequest(request, said);
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#open.values()].map(({ server }) => server.close()));
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
      const { transport } = await this.#start();
      return await transport.handleRequest(request, said);
    } finally {
      this.#opening -= 1;
    }
  }

  async #start(): Promise<Session> {
    const { build, clock, randomBytes, maxBodyBytes } = this.#options;
    const server = build();
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => randomBytes(ID_BYTES).toString('base64url'),
      onsessioninitialized: (id) => void this.#open.set(id, session),
      onsessionclosed: (id) => this.#remember(id),
      maxRequestBodySize: maxBodyBytes,
    });
    const session = { server, transport, usedAt: clock.now() };
    transport.onerror = (error) => this.#options.failed(error);
    await server.connect(transport);
    const closed = transport.onclose;
    transport.onclose = () => {
      if (transport.sessionId !== undefined) this.#open.delete(transport.sessionId);
      closed?.();
    };
    return session;
  }

  /** The client has ended it: it must hear so if it comes again. */
  #remember(id: string): void {
    this.#ended.add(id);
    const [first] = this.#ended;
    if (first !== undefined && this.#ended.size > MAX_ENDED) this.#ended.delete(first);
  }
}

function notFound(): Response {
  const error = { code: -32_001, message: 'Session not found' };
  return Response.json({ jsonrpc: '2.0', id: null, error }, { status: 404 });
}
