import {
  isJSONRPCNotification,
  isJSONRPCRequest,
  type JSONRPCErrorResponse,
  type JSONRPCMessage,
  type JSONRPCNotification,
  type JSONRPCRequest,
  type JSONRPCResultResponse,
  type RequestId,
  type Transport,
} from '@modelcontextprotocol/server';

/** What an upstream says to a request. */
export type Answer = JSONRPCResultResponse | JSONRPCErrorResponse;

/** There will be no answer. */
export class UpstreamLost extends Error {
  override readonly name = 'UpstreamLost';
  /** Whether the request may have reached the upstream, and had its effect. */
  readonly reached: boolean;
  /** What the upstream has said in JSON-RPC all the same: a refusal of the whole request by its HTTP status. */
  readonly refusal: JSONRPCErrorResponse['error'] | undefined;

  constructor(reason: string, reached: boolean, refusal?: JSONRPCErrorResponse['error']) {
    super(reason);
    this.reached = reached;
    this.refusal = refusal;
  }
}

/** Who hears what an upstream says of its own accord. */
export interface Heard {
  request(request: JSONRPCRequest): void;
  notification(notification: JSONRPCNotification): void;
  /** Everything that was asked has been called back before. */
  ended(): void;
  failed(error: Error): void;
}

type Answered = (answer: Answer | UpstreamLost) => void;

/** One connection to an upstream, from its start to its end; messages go through it as they are. */
export class Line {
  readonly #transport: Transport;
  readonly #heard: Heard;
  readonly #waiting = new Map<RequestId, Answered>();
  #isOver = false;

  constructor(transport: Transport, heard: Heard) {
    this.#transport = transport;
    this.#heard = heard;
  }

  /** Throws {@link UpstreamLost}. */
  async start(): Promise<void> {
    this.#transport.onmessage = (message: JSONRPCMessage) => this.#hear(message);
    this.#transport.onclose = () => this.#end();
    this.#transport.onerror = (error) => this.#heard.failed(error);
    try {
      await this.#transport.start();
    } catch (error) {
      this.#end();
      throw lostBy(error, false);
    }
  }

  /** @param answered is called once, and not at all after {@link forget} */
  ask(request: JSONRPCRequest, answered: Answered): void {
    if (this.#isOver || this.#waiting.has(request.id)) {
      answered(new UpstreamLost(this.#isOver ? 'the upstream has ended' : 'the id is in use', false));
      return;
    }
    this.#waiting.set(request.id, answered);
    this.#transport.send(request).catch((error: unknown) => {
      if (this.#waiting.delete(request.id)) answered(lostBy(error, true));
    });
  }

  /** What is no request, and has no answer. */
  tell(message: JSONRPCMessage): void {
    if (this.#isOver) return;
    this.#transport.send(message).catch((error: unknown) => this.#heard.failed(lostBy(error, true)));
  }

  /** Nobody wants to hear the answer any more. */
  forget(id: RequestId): void {
    this.#waiting.delete(id);
  }

  /** As agreed in the handshake. */
  agree(revision: string): void {
    this.#transport.setProtocolVersion?.(revision);
  }

  async close(): Promise<void> {
    await this.#transport.close();
    this.#end();
  }

  #hear(message: JSONRPCMessage): void {
    if (isJSONRPCRequest(message)) this.#heard.request(message);
    else if (isJSONRPCNotification(message)) this.#heard.notification(message);
    else if (message.id !== undefined) {
      const answered = this.#waiting.get(message.id);
      this.#waiting.delete(message.id);
      answered?.(message);
    }
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const answered of waiting) answered(new UpstreamLost('the upstream has ended', true));
    this.#heard.ended();
  }
}

function lostBy(error: unknown, reached: boolean): UpstreamLost {
  return error instanceof UpstreamLost ? error : new UpstreamLost(String(error), reached);
}
