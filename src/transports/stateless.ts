import type { HttpBindings } from '@hono/node-server';
import {
  type AuthInfo,
  isJSONRPCRequest,
  isJsonContentType,
  type JSONRPCMessage,
  type JSONRPCRequest,
  type MessageExtraInfo,
  type RequestId,
  type Server,
  SUPPORTED_PROTOCOL_VERSIONS,
  type Transport,
  type TransportSendOptions,
} from '@modelcontextprotocol/server';
import type { Clock } from '../domain/clock.ts';

type Outgoing = HttpBindings['outgoing'];

/** How often (ms) is looked after what has no answer yet. */
const LOOK_AFTER_MS = 1_000;
/** After so many looks it is told that it is being answered, and each time after so many that it still is. */
const BEGUN = 2;
const KEEP_ALIVE = 15;
/** As the SDK has them. */
const HEADERS = {
  'cache-control': 'no-cache, no-transform',
  'content-type': 'text/event-stream',
  'x-accel-buffering': 'no',
};

interface Exchange {
  readonly id: RequestId;
  readonly response: Outgoing;
  looks: number;
}

/** What a request says of its client with these names makes it one of 2026-07-28, or a malformed one. */
const ENVELOPE = 'io.modelcontextprotocol/';

/**
 * Whether it is one well-formed request of a 2025 client without a session, as nearly all are; of everything else, the
 * SDK knows best how it is answered or refused.
 */
export function isStateless({ headers }: Request, body: unknown): body is JSONRPCRequest {
  const accept = headers.get('accept');
  const version = headers.get('mcp-protocol-version');
  return (
    isJSONRPCRequest(body) &&
    body.method !== 'initialize' &&
    !Object.keys(body.params?._meta ?? {}).some((key) => key.startsWith(ENVELOPE)) &&
    (version === null || SUPPORTED_PROTOCOL_VERSIONS.includes(version)) &&
    isJsonContentType(headers.get('content-type')) &&
    ['application/json', 'text/event-stream'].every((type) => accept?.includes(type))
  );
}

/**
 * The requests of one caller's 2025 clients that have no session, all on one server. The SDK builds one for each, with
 * two streams around every answer: more than most calls cost, and many times what one that waits needs to hold.
 */
export class Stateless implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage, extra?: MessageExtraInfo) => void;
  readonly #build: () => Server;
  readonly #clock: Clock;
  #connected: Promise<void> | undefined;
  /** By an id of our own: clients know nothing of each other's. */
  readonly #open = new Map<unknown, Exchange>();
  #last = 0;
  #looking = false;

  /** @param build makes the server at the first request */
  constructor(build: () => Server, clock: Clock) {
    this.#build = build;
    this.#clock = clock;
  }

  async start(): Promise<void> {}

  async close(): Promise<void> {
    this.onclose?.();
  }

  /** Answers with a stream of events; in one piece where it does not take long. */
  async answer(request: JSONRPCRequest, response: Outgoing, authInfo: AuthInfo): Promise<void> {
    this.#connected ??= this.#build().connect(this);
    await this.#connected;
    this.#last += 1;
    const requestId = this.#last;
    this.#open.set(requestId, { id: request.id, response, looks: 0 });
    response.once('close', () => {
      if (!this.#open.delete(requestId)) return;
      this.onmessage?.({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId } });
    });
    if (!this.#looking) void this.#lookAfter();
    this.onmessage?.({ ...request, id: requestId }, { authInfo });
  }

  async send(message: JSONRPCMessage, options?: TransportSendOptions): Promise<void> {
    const isLast = !('method' in message);
    const requestId = isLast ? message.id : options?.relatedRequestId;
    const exchange = this.#open.get(requestId);
    if (!exchange) return;
    const { id, response } = exchange;
    const event = `event: message\ndata: ${JSON.stringify(isLast ? { ...message, id } : message)}\n\n`;
    if (!isLast) {
      begin(response);
      response.write(event);
      return;
    }
    this.#open.delete(requestId);
    if (!response.headersSent)
      response.writeHead(200, { ...HEADERS, 'content-length': Buffer.byteLength(event) });
    response.end(event);
  }

  async #lookAfter(): Promise<void> {
    this.#looking = true;
    while (this.#open.size > 0) {
      await this.#clock.sleep(LOOK_AFTER_MS);
      for (const exchange of this.#open.values()) {
        exchange.looks += 1;
        if (exchange.looks === BEGUN) begin(exchange.response);
        if (exchange.looks % KEEP_ALIVE === 0) exchange.response.write(': keepalive\n\n');
      }
    }
    this.#looking = false;
  }
}

function begin(response: Outgoing): void {
  if (response.headersSent) return;
  response.writeHead(200, HEADERS);
  response.flushHeaders();
}
