import { isInitializeRequest, WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server';
import type { Clock, RandomBytes } from '../../domain/clock.ts';
import { askedBy } from './asked-by.ts';
import { Catalogue } from './catalogue.ts';
import { refused, tooMany } from './refused.ts';
import { Relay, type RelayOptions } from './relay.ts';

const SESSION_HEADER = 'mcp-session-id';
/** Sessions at a time: where the upstream is a program, so many of it run. */
const MOST_PROGRAMS = 32;
const MOST_AT_ADDRESS = 1_000;
/** Of these, one who asks may have so many, as long as there is no room for all. */
const MOST_OF_ONE = 8;
/** What was not used for this long (ms) gives way to a new one. */
const IDLE_MS = 2 * 60_000;
/** What was not used for this long (ms) has been left by its client. */
const LEFT_MS = 30 * 60_000;

export interface OverHttp extends Omit<RelayOptions, 'client' | 'catalogue'> {
  /** Whether each connection to the upstream is a program that runs beside the others. */
  readonly isProgram: boolean;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
}

interface Session {
  readonly transport: WebStandardStreamableHTTPServerTransport;
  readonly relay: Relay;
  readonly source: string;
  usedAt: number;
}

/** The sessions of 2025 clients, whoever these are: who knows an id is its client. */
export class Sessions {
  readonly #options: OverHttp;
  /** The longest unused first. */
  readonly #open = new Map<string, Session>();
  readonly #ending = new Set<Promise<void>>();

  constructor(options: OverHttp) {
    this.#options = options;
  }

  /**
   * @param source who asks
   * @param body of a POST, read
   */
  async answer(request: Request, source: string, body?: unknown): Promise<Response> {
    this.#endLeft();
    const id = request.headers.get(SESSION_HEADER);
    const session = id === null ? undefined : this.#open.get(id);
    if (session && id !== null) {
      session.usedAt = this.#options.clock.now();
      this.#open.delete(id);
      this.#open.set(id, session);
      return session.transport.handleRequest(request, { parsedBody: body, ...askedBy(source) });
    }
    if (id !== null) return refused(404, -32_001, 'Session not found');
    if (isInitializeRequest(body)) return this.#begin(request, source, body);
    if (request.method === 'POST')
      return refused(400, -32_000, 'Bad Request: a session begins with initialize');
    return new Response(null, { status: 405, headers: { allow: 'POST' } });
  }

  /** Resolves when the calls at the counter are served and the upstreams have ended. */
  async close(): Promise<void> {
    await Promise.all([...this.#open.values()].map(({ transport }) => transport.close()));
    await Promise.all(this.#ending);
  }

  async #begin(request: Request, source: string, body: unknown): Promise<Response> {
    const { clock, randomBytes, isProgram, log } = this.#options;
    const most = isProgram ? MOST_PROGRAMS : MOST_AT_ADDRESS;
    if (this.#open.size + this.#ending.size >= most && !this.#makeRoom(source)) return tooMany();
    const id = randomBytes(24).toString('base64url');
    const transport = new WebStandardStreamableHTTPServerTransport({ sessionIdGenerator: () => id });
    const relay = new Relay({ ...this.#options, client: transport, catalogue: new Catalogue(clock) });
    this.#open.set(id, { transport, relay, source, usedAt: clock.now() });
    transport.onerror = ({ message }) => log.info('gate client', { error: message.slice(0, 300) });
    transport.onclose = () => {
      this.#open.delete(id);
      const ending = relay.finish().finally(() => this.#ending.delete(ending));
      this.#ending.add(ending);
    };
    await relay.start();
    const response = await transport.handleRequest(request, { parsedBody: body, ...askedBy(source) });
    if (!response.ok) await transport.close();
    return response;
  }

  /** The longest unused come first. */
  #endLeft(): void {
    const before = this.#options.clock.now() - LEFT_MS;
    for (const { transport, relay, usedAt } of this.#open.values()) {
      if (usedAt >= before) return;
      if (!relay.isBusy) void transport.close();
    }
  }

  /** Whether one could be ended for another: one that nobody uses, or one of somebody who has more than their share. */
  #makeRoom(source: string): boolean {
    const before = this.#options.clock.now() - IDLE_MS;
    const all = [...this.#open.values()].filter(({ relay }) => !relay.isBusy);
    const ofOne = (who: string) => [...this.#open.values()].filter((one) => one.source === who).length;
    const idle =
      all.find(({ usedAt }) => usedAt < before) ??
      all.find((one) => one.source !== source && ofOne(one.source) > MOST_OF_ONE);
    void idle?.transport.close();
    return idle !== undefined;
  }
}
