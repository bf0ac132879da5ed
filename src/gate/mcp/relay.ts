import {
  isJSONRPCErrorResponse,
  isJSONRPCNotification,
  isJSONRPCRequest,
  type JSONRPCMessage,
  type JSONRPCNotification,
  type JSONRPCRequest,
  type JSONRPCResponse,
  type MessageExtraInfo,
  PROTOCOL_VERSION_META_KEY,
  type RequestId,
  type Result,
  type Transport,
} from '@modelcontextprotocol/server';
import type { Log } from '../../domain/ports.ts';
import { Agreement } from './agreement.ts';
import { type Catalogue, isTool } from './catalogue.ts';
import type { Behind, Counter, Params } from './counter.ts';
import { type Answer, Line, UpstreamLost } from './line.ts';
import { Questions } from './questions.ts';

export interface RelayOptions {
  readonly client: Transport;
  /** A new connection to the upstream, not yet started. Rejects where there can be none. */
  readonly upstream: () => Promise<Transport>;
  readonly counter: Counter;
  readonly catalogue: Catalogue;
  readonly log: Log;
  /** What a client is told when there is no answer. */
  readonly lost: (reached: boolean) => string;
}

/** A call that is being served at the counter. */
interface AtCounter {
  readonly request: JSONRPCRequest;
  /** Whether the client still wants to hear. */
  isAwaited: boolean;
}

/** Ids of what is asked of the upstream here; no client's begins so. */
const OWN = 'mcp-cashier/';
/** In the range that JSON-RPC leaves to servers. */
const NO_UPSTREAM = -32_000;
const INVALID_REQUEST = -32_600;
const INTERNAL = -32_603;
/** Of what went wrong, no more is logged (characters). */
const MAX_LOGGED = 300;

/**
 * One client and one upstream, between whom JSON-RPC passes as it is, of whatever era: requests of either side, answers,
 * notifications, those that this program has never heard of included. Looked at are only the list of tools, and calls
 * of those that the counter charges for. An upstream that has ended is started again with the next request, and told
 * what the client had agreed with the one before.
 */
export class Relay {
  readonly #options: RelayOptions;
  #line: Promise<Line> | undefined;
  /** Connections so far. */
  #epoch = 0;
  /** Requests of our own so far. */
  #asked = 0;
  /** Requests of the client that are being passed on, in the order in which they came. */
  readonly #open = new Map<RequestId, JSONRPCRequest>();
  readonly #atCounter = new Map<RequestId, AtCounter>();
  readonly #serving = new Set<Promise<void>>();
  readonly #questions = new Questions();
  readonly #agreement = new Agreement();
  #isClosed = false;

  constructor(options: RelayOptions) {
    this.#options = options;
  }

  /** Whether anybody waits for something. */
  get isBusy(): boolean {
    return this.#open.size > 0 || this.#serving.size > 0;
  }

  async start(): Promise<void> {
    const { client } = this.#options;
    client.onmessage = (message: JSONRPCMessage, extra?: MessageExtraInfo) =>
      this.#fromClient(message, extra?.authInfo?.clientId ?? 'stdio');
    const closed = client.onclose;
    client.onclose = () => {
      for (const call of this.#atCounter.values()) call.isAwaited = false;
      closed?.();
    };
    await client.start();
  }

  /** Ends the upstream, which the next request starts again. */
  async rest(): Promise<void> {
    const line = await this.#line?.catch(() => undefined);
    await line?.close();
  }

  /** Ends the upstream when the calls at the counter are served; what else is under way is answered that it has. */
  async finish(): Promise<void> {
    while (this.#serving.size > 0) await Promise.allSettled(this.#serving);
    await this.close();
  }

  /** Ends the upstream; whatever is under way is answered that it has. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.rest();
  }

  /** @param source who asks, for limits */
  #fromClient(message: JSONRPCMessage, source: string): void {
    if (isJSONRPCRequest(message)) this.#request(message, source);
    else if (isJSONRPCNotification(message)) this.#notification(message);
    else this.#reply(message);
  }

  #request(request: JSONRPCRequest, source: string): void {
    const { id, method, params } = request;
    if (this.#open.has(id) || this.#atCounter.has(id) || String(id).startsWith(OWN)) {
      this.#refuse(id, INVALID_REQUEST, 'Invalid request: the id is in use');
      return;
    }
    const { counter } = this.#options;
    if (method === 'tools/call' && typeof params?.name === 'string' && counter.charges(params.name)) {
      const serving = this.#serve(request, params, source).finally(() => this.#serving.delete(serving));
      this.#serving.add(serving);
      return;
    }
    this.#open.set(id, request);
    this.#ask(request, (answer) => {
      this.#open.delete(id);
      if (answer instanceof UpstreamLost) this.#lost(id, answer);
      else this.#pass(request, answer);
    });
  }

  #pass(request: JSONRPCRequest, answer: Answer): void {
    const { id } = request;
    try {
      this.#send({ ...this.#seen(request, answer), id });
    } catch (error) {
      this.#options.log.error('gate', { error: String(error) });
      this.#refuse(id, INTERNAL, 'Internal error');
    }
  }

  #notification(notification: JSONRPCNotification): void {
    if (notification.method !== 'notifications/cancelled') {
      this.#tell(notification);
      return;
    }
    const id = notification.params?.requestId as RequestId;
    const call = this.#atCounter.get(id);
    if (call) {
      // What is paid for is done all the same, and told to who asks again.
      call.isAwaited = false;
      return;
    }
    this.#tell(notification);
    if (this.#open.delete(id)) this.#then((line) => line.forget(id));
  }

  /** The client's answer to the upstream; dropped where the one that asked has ended. */
  #reply(response: JSONRPCResponse): void {
    if (response.id === undefined) return;
    const id = this.#questions.answered(response.id, this.#epoch);
    if (id !== undefined) this.#tell({ ...response, id });
  }

  /** Never rejects. */
  async #serve(request: JSONRPCRequest, params: Params, source: string): Promise<void> {
    const { id } = request;
    const { client, counter, log } = this.#options;
    const call: AtCounter = { request, isAwaited: true };
    this.#atCounter.set(id, call);
    try {
      const served = await counter.serve(params, this.#behind(request, source));
      if (!call.isAwaited) return;
      if ('error' in served) return await client.send({ jsonrpc: '2.0', id, error: served.error });
      await client.send({ jsonrpc: '2.0', id, result: inEraOf(request, served.result) });
      if (call.isAwaited) await served.delivered?.();
    } catch (error) {
      if (!(error instanceof UpstreamLost)) log.error('gate', { error: String(error) });
      if (!call.isAwaited) return;
      if (error instanceof UpstreamLost) this.#lost(id, error);
      else this.#refuse(id, INTERNAL, 'Internal error');
    } finally {
      this.#atCounter.delete(id);
    }
  }

  #behind(request: JSONRPCRequest, source: string): Behind {
    const own = (method: string, params: Params) => this.#own(method, params);
    return {
      source,
      tool: async (name) => (await this.#options.catalogue.read(own, request.params?._meta)).get(name),
      call: (params, over) =>
        // With the client's own id: what the upstream says of it is understood there.
        new Promise((resolve, reject) => {
          const answered = (answer: Answer | UpstreamLost) =>
            answer instanceof UpstreamLost ? reject(answer) : resolve(answer);
          this.#ask({ ...request, params: { ...params } }, answered, over);
        }),
    };
  }

  #own(method: string, params: Params, through?: Line): Promise<Answer> {
    this.#asked += 1;
    const request: JSONRPCRequest = { jsonrpc: '2.0', id: `${OWN}${this.#asked}`, method, params };
    return new Promise((resolve, reject) => {
      const answered = (answer: Answer | UpstreamLost) =>
        answer instanceof UpstreamLost ? reject(answer) : resolve(answer);
      if (through) through.ask(request, answered);
      else this.#ask(request, answered);
    });
  }

  #ask(request: JSONRPCRequest, answered: (answer: Answer | UpstreamLost) => void, over?: AbortSignal): void {
    this.#connection(request.method === 'initialize').then(
      (line) => {
        // What was paid for it may have gone back while the upstream was starting.
        if (!over?.aborted) line.ask(request, answered);
      },
      (error: unknown) =>
        answered(error instanceof UpstreamLost ? error : new UpstreamLost(String(error), false)),
    );
  }

  /** In the order in which they came, behind what is being connected; to nobody where nothing is. */
  #tell(message: JSONRPCMessage): void {
    this.#then((line) => line.tell(message));
  }

  #then(act: (line: Line) => void): void {
    this.#line?.then(act, () => undefined);
  }

  #connection(greets: boolean): Promise<Line> {
    if (this.#isClosed) return Promise.reject(new UpstreamLost('the gate is closing', false));
    if (this.#line) return this.#line;
    const line = this.#connect(greets);
    this.#line = line;
    line.catch(() => {
      if (this.#line === line) this.#line = undefined;
    });
    return line;
  }

  /** @param greets whether the client is about to say its greeting itself */
  async #connect(greets: boolean): Promise<Line> {
    this.#epoch += 1;
    const epoch = this.#epoch;
    const { upstream, log, catalogue } = this.#options;
    const line: Line = new Line(await upstream(), {
      request: (request) => this.#question(request, epoch),
      notification: (notification) => this.#news(notification, epoch),
      ended: () => {
        if (this.#epoch !== epoch) return;
        this.#line = undefined;
        catalogue.forget();
      },
      failed: ({ message }) => log.warn('gate upstream', { error: message.slice(0, MAX_LOGGED) }),
    });
    await line.start();
    if (greets) return line;
    await this.#agreement.repeat(
      (method, params) => this.#own(method, params, line),
      (notification) => line.tell(notification),
      (revision) => line.agree(revision),
    );
    return line;
  }

  /** An answer as the client is to see it; noted, where an upstream that is started again must know. */
  #seen(request: JSONRPCRequest, answer: Answer): Answer {
    if (isJSONRPCErrorResponse(answer)) return answer;
    const { client, counter } = this.#options;
    const { result } = answer;
    const revision = this.#agreement.note(request, result);
    if (revision !== undefined) {
      client.setProtocolVersion?.(revision);
      this.#then((line) => line.agree(revision));
    }
    if (request.method !== 'tools/list' || !Array.isArray(result.tools)) return answer;
    const tools = result.tools.map((tool) => (isTool(tool) ? counter.listed(tool) : tool));
    return { ...answer, result: { ...result, tools } };
  }

  #question(request: JSONRPCRequest, epoch: number): void {
    this.#send({ ...request, id: this.#questions.ask(request.id, epoch) }, this.#related(request));
  }

  #news(notification: JSONRPCNotification, epoch: number): void {
    const { method, params } = notification;
    if (method === 'notifications/tools/list_changed') this.#options.catalogue.forget();
    const withdrawn = method === 'notifications/cancelled' ? params?.requestId : undefined;
    if (withdrawn === undefined) {
      this.#send(notification, this.#related(notification));
      return;
    }
    const requestId = this.#questions.withdraw(withdrawn as RequestId, epoch);
    this.#send({ ...notification, params: { ...params, requestId } }, this.#related(notification));
  }

  /**
   * The request that a message of the upstream belongs to, for transports that answer each request on a stream of its
   * own: the one whose progress it is, or else the last that came, since then somebody certainly listens.
   */
  #related({ method, params }: JSONRPCRequest | JSONRPCNotification): RequestId | undefined {
    const open = [...this.#open.values(), ...[...this.#atCounter.values()].map(({ request }) => request)];
    const token = method === 'notifications/progress' ? params?.progressToken : undefined;
    const whose = open.find(
      ({ params: { _meta } = {} }) => token !== undefined && _meta?.progressToken === token,
    );
    return (whose ?? open.at(-1))?.id;
  }

  #send(message: JSONRPCMessage, relatedRequestId?: RequestId): void {
    const { client, log } = this.#options;
    client
      .send(message, { relatedRequestId })
      .catch((error: unknown) => log.info('gate client', { error: String(error).slice(0, MAX_LOGGED) }));
  }

  #lost(id: RequestId, { message, reached, refusal }: UpstreamLost): void {
    const { log, lost } = this.#options;
    log.warn('gate upstream', { error: message.slice(0, MAX_LOGGED) });
    if (refusal) this.#send({ jsonrpc: '2.0', id, error: refusal });
    else this.#refuse(id, NO_UPSTREAM, lost(reached));
  }

  #refuse(id: RequestId, code: number, message: string): void {
    this.#send({ jsonrpc: '2.0', id, error: { code, message } });
  }
}

/** Since 2026-07-28 a result says whether it is one; before, nobody knows the word. */
function inEraOf({ params }: JSONRPCRequest, { resultType = 'complete', ...result }: Result): Result {
  return typeof params?._meta?.[PROTOCOL_VERSION_META_KEY] === 'string' ? { resultType, ...result } : result;
}
