import {
  isJSONRPCErrorResponse,
  isJSONRPCNotification,
  type JSONRPCMessage,
  type JSONRPCNotification,
  type JSONRPCRequest,
  type JSONRPCResponse,
  type MessageExtraInfo,
  type RequestId,
  SUBSCRIPTION_ID_META_KEY,
  type Transport,
  type TransportSendOptions,
} from '@modelcontextprotocol/server';
import type { Clock } from '../../domain/clock.ts';
import { askedBy } from './asked-by.ts';

/** For so long (ms) an answer in one piece is waited for; then it is told that one will come, and again and again. */
const ONE_PIECE_MS = 2_000;
const KEEP_ALIVE_MS = 15_000;
/** Of a client that reads nothing, the stream ends when so many messages wait. */
const MOST_UNREAD = 1_000;
const HEADERS = {
  'cache-control': 'no-cache, no-transform',
  'content-type': 'text/event-stream',
  'x-accel-buffering': 'no',
};
/** With which status an error goes out that says that the request is none for this server. */
const STATUSES: Readonly<Record<number, number>> = {
  [-32_601]: 404,
  [-32_020]: 400,
  [-32_021]: 400,
  [-32_022]: 400,
};

interface Exchange {
  readonly request: JSONRPCRequest;
  /** Held as long as it is open: the signal of a Request that nobody holds never aborts. */
  readonly asking: Request;
  readonly body: ReadableStream<Uint8Array>;
  /** On the stream of events, which is what the answer becomes once anything comes before its end. */
  write(text: string): void;
  end(): void;
  /** Something is there to be told. */
  begin(answer?: JSONRPCMessage): void;
  readonly begun: Promise<JSONRPCMessage | undefined>;
  readonly over: AbortController;
}

/**
 * Requests of the stateless era over HTTP, each with its answer on a stream of its own, as one client towards an
 * upstream: under ids and progress tokens of ours, since clients know nothing of each other's.
 */
export class Exchanges implements Transport {
  onclose?: () => void;
  onmessage?: (message: JSONRPCMessage, extra?: MessageExtraInfo) => void;
  /** Every request is answered, or nobody waits for it any more. */
  onidle?: () => void;
  readonly #clock: Clock;
  readonly #isSole: boolean;
  readonly #open = new Map<RequestId, Exchange>();
  #last = 0;

  /** @param isSole whether there is one request only, to which all belongs that the upstream says */
  constructor(clock: Clock, isSole = false) {
    this.#clock = clock;
    this.#isSole = isSole;
  }

  /** How many are open. */
  get size(): number {
    return this.#open.size;
  }

  async start(): Promise<void> {}

  async close(): Promise<void> {
    for (const id of this.#open.keys()) this.#withdraw(id);
    this.onclose?.();
  }

  /**
   * @param source who asks
   * @param asking whose signal aborts when nobody waits for the answer any more
   */
  async answer(request: JSONRPCRequest, source: string, asking: Request): Promise<Response> {
    this.#last += 1;
    const id = this.#last;
    const leave = () => this.#withdraw(id);
    const exchange = exchangeFor(request, asking, leave);
    this.#open.set(id, exchange);
    asking.signal.addEventListener('abort', leave, { once: true });
    this.onmessage?.(underOurs(request, id), askedBy(source));
    if (asking.signal.aborted) leave();
    const late = this.#clock.sleep(ONE_PIECE_MS, exchange.over.signal).then(() => undefined);
    const answer = await Promise.race([exchange.begun, late]);
    if (answer) {
      asking.signal.removeEventListener('abort', leave);
      const status = isJSONRPCErrorResponse(answer) ? (STATUSES[answer.error.code] ?? 200) : 200;
      return Response.json(answer, { status });
    }
    exchange.begin();
    void this.#stayAlive(exchange);
    return new Response(exchange.body, { headers: HEADERS });
  }

  async send(message: JSONRPCMessage, options?: TransportSendOptions): Promise<void> {
    if (!('method' in message)) return this.#finish(message);
    const id = isJSONRPCNotification(message) ? this.#whose(message) : options?.relatedRequestId;
    const exchange = id === undefined ? undefined : this.#open.get(id);
    if (!exchange) return;
    exchange.begin();
    exchange.write(event(underTheirs(message, exchange.request)));
  }

  #finish(answer: JSONRPCResponse): void {
    const exchange = answer.id === undefined ? undefined : this.#open.get(answer.id);
    if (answer.id === undefined || !exchange) return;
    this.#open.delete(answer.id);
    const { id } = exchange.request;
    const told = { ...answer, ...('result' in answer ? { result: named(answer.result, id) } : {}), id };
    exchange.begin(told);
    exchange.write(event(told));
    this.#end(exchange);
  }

  #end(exchange: Exchange): void {
    exchange.end();
    exchange.over.abort();
    if (this.#open.size === 0) this.onidle?.();
  }

  /** The exchange that a notification says that it belongs to; what belongs to none is nobody's to hear. */
  #whose({ params }: Extract<JSONRPCMessage, { method: string }>): RequestId | undefined {
    const { progressToken, requestId, _meta } = (params ?? {}) as {
      readonly progressToken?: RequestId;
      readonly requestId?: RequestId;
      readonly _meta?: Readonly<Record<string, unknown>>;
    };
    const named = (_meta?.[SUBSCRIPTION_ID_META_KEY] as RequestId | undefined) ?? progressToken ?? requestId;
    return named ?? (this.#isSole ? this.#last : undefined);
  }

  #withdraw(id: RequestId): void {
    const exchange = this.#open.get(id);
    if (!exchange) return;
    this.#open.delete(id);
    this.onmessage?.({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: id } });
    this.#end(exchange);
  }

  /** While it is open. Never rejects. */
  async #stayAlive({ over, write }: Exchange): Promise<void> {
    while (!over.signal.aborted) {
      await this.#clock.sleep(KEEP_ALIVE_MS, over.signal);
      if (!over.signal.aborted) write(': keepalive\n\n');
    }
  }
}

function exchangeFor(request: JSONRPCRequest, asking: Request, left: () => void): Exchange {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  let isOver = false;
  const body = new ReadableStream<Uint8Array>({
    start: (own) => {
      controller = own;
    },
    cancel: () => {
      isOver = true;
      left();
    },
  });
  let begin: (answer?: JSONRPCMessage) => void = () => undefined;
  const begun = new Promise<JSONRPCMessage | undefined>((resolve) => {
    begin = resolve;
  });
  const encoder = new TextEncoder();
  return {
    ...{ request, asking, body, begin, begun, over: new AbortController() },
    write: (text) => {
      if (isOver) return;
      controller?.enqueue(encoder.encode(text));
      if ((controller?.desiredSize ?? 0) < -MOST_UNREAD) left();
    },
    end: () => {
      if (isOver) return;
      isOver = true;
      controller?.close();
    },
  };
}

function underOurs({ params, ...request }: JSONRPCRequest, id: number): JSONRPCRequest {
  const token = params?._meta?.progressToken;
  const ours = token === undefined ? params : { ...params, _meta: { ...params?._meta, progressToken: id } };
  return { ...request, ...(ours ? { params: ours } : {}), id };
}

/** What the upstream says of a request, with the client's names for it. */
function underTheirs(message: JSONRPCRequest | JSONRPCNotification, whose: JSONRPCRequest): JSONRPCMessage {
  const { params } = message;
  if (!params) return message;
  const token = whose.params?._meta?.progressToken;
  return {
    ...message,
    params: {
      ...named(params, whose.id),
      ...('progressToken' in params && token !== undefined ? { progressToken: token } : {}),
      ...('requestId' in params ? { requestId: whose.id } : {}),
    },
  };
}

/** A subscription is called by the id of the request that began it. */
function named<T extends { readonly _meta?: Readonly<Record<string, unknown>> | undefined }>(
  said: T,
  id: RequestId,
): T {
  const { _meta } = said;
  if (!_meta || !(SUBSCRIPTION_ID_META_KEY in _meta)) return said;
  return { ...said, _meta: { ..._meta, [SUBSCRIPTION_ID_META_KEY]: id } };
}

function event(message: JSONRPCMessage): string {
  return `event: message\ndata: ${JSON.stringify(message)}\n\n`;
}
