import type { Readable, Writable } from 'node:stream';
import {
  isJSONRPCNotification,
  isJSONRPCRequest,
  isJSONRPCResponse,
  type JSONRPCMessage,
  PROTOCOL_VERSION_META_KEY,
  type Transport,
  UnsupportedProtocolVersionError,
} from '@modelcontextprotocol/server';
import { Batches } from './batches.ts';
import { Lines } from './lines.ts';

/** The longest line that is read (bytes): far above any genuine message. */
const MAX_LINE_BYTES = 10 * 1024 * 1024;
/** Messages in one batch, as over HTTP. */
const MAX_BATCH = 100;
/** The one revision that knows batches. */
const WITH_BATCHES = '2025-03-26';
/** The revision without `initialize` that is served. */
const STATELESS = '2026-07-28';

type Refusal = readonly [code: number, message: string, data?: unknown];
const INVALID_REQUEST = -32_600;
const INVALID_PARAMS = -32_602;
const NO_JSON: Refusal = [-32_700, 'Parse error: a message is one line of JSON in UTF-8'];
const TOO_LONG: Refusal = [INVALID_REQUEST, `Invalid request: a message has at most ${MAX_LINE_BYTES} bytes`];
const NO_BATCHES: Refusal = [INVALID_REQUEST, `Invalid request: only ${WITH_BATCHES} has batches`];
const BAD_BATCH: Refusal = [INVALID_REQUEST, `Invalid request: a batch has 1 to ${MAX_BATCH} messages`];
const NO_MESSAGE: Refusal = [INVALID_REQUEST, 'Invalid request: not a JSON-RPC 2.0 message as MCP has them'];
const BAD_PARAMS: Refusal = [INVALID_PARAMS, 'Invalid params: not an object, or one with a malformed _meta'];

/**
 * MCP's lines on two streams. Where the SDK's own transport is silent, this one answers as JSON-RPC 2.0 says: a line
 * that is no JSON, is too long or is no message is refused and the next one read, batches are served where the
 * revision has them, and in the 2026 era every request is held to the revision that it names.
 * @see https://modelcontextprotocol.io/specification/2025-03-26/basic/transports#stdio
 */
export class StdioWire implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  readonly #input: Readable;
  readonly #output: Writable;
  readonly #lines = new Lines(MAX_LINE_BYTES);
  readonly #batches = new Batches();
  /** As agreed by `initialize`; not in the 2026 era. */
  #revision: string | undefined;
  #closed = false;
  /** Until the reader, who is slow, has room again. */
  #draining: Promise<void> | undefined;
  /** Requests that have had no answer yet. */
  readonly #open = new Set<string | number>();
  #onIdle: () => void = () => undefined;

  constructor(input: Readable, output: Writable) {
    this.#input = input;
    this.#output = output;
  }

  setProtocolVersion = (version: string): void => {
    this.#revision = version;
  };

  async start(): Promise<void> {
    this.#input.on('data', this.#onData);
    this.#input.on('error', this.#onError);
    this.#output.on('error', this.#onError);
    for (const event of ['error', 'close']) this.#output.on(event, this.#onEnd);
  }

  /** Resolves when every request that has come in is answered, or cannot be any more. */
  async idle(): Promise<void> {
    if (this.#open.size > 0 && !this.#closed) await new Promise<void>((resolve) => (this.#onIdle = resolve));
  }

  /** Resolves when the line is on its way, waiting where the reader is slow. Rejects once the wire is closed. */
  async send(message: JSONRPCMessage): Promise<void> {
    const held = this.#batches.hold(message);
    if (held !== 'held') await this.#write(held === 'alone' ? message : held);
    if ('id' in message && !('method' in message)) this.#answered(message.id);
  }

  #answered(id: unknown): void {
    this.#open.delete(id as string | number);
    if (this.#open.size === 0) this.#onIdle();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#input.off('data', this.#onData);
    this.#input.pause();
    this.#onIdle();
    this.onclose?.();
  }

  readonly #onError = (error: Error) => this.onerror?.(error);
  readonly #onEnd = () => void this.close();
  readonly #onData = (chunk: Buffer) => {
    for (const line of this.#lines.cut(chunk)) if (!this.#closed) this.#read(line);
  };

  #read(line: Buffer | undefined): void {
    const message = line && parse(line);
    if (!message) this.#refuse(null, line ? NO_JSON : TOO_LONG);
    else if (message.value === undefined) return;
    else if (Array.isArray(message.value)) this.#readBatch(message.value);
    else this.#readOne(message.value);
  }

  #readOne(message: unknown): void {
    const refusal = this.#refusalOf(message);
    if (refusal) this.#refuse(idOf(message), refusal);
    else this.#deliver(message as JSONRPCMessage);
  }

  #readBatch(messages: readonly unknown[]): void {
    if (this.#revision !== WITH_BATCHES || messages.length === 0 || messages.length > MAX_BATCH) {
      this.#refuse(null, this.#revision === WITH_BATCHES ? BAD_BATCH : NO_BATCHES);
      return;
    }
    const good: JSONRPCMessage[] = [];
    const answers: unknown[] = [];
    const ids = new Set<string | number>();
    for (const message of messages) {
      const refusal = this.#refusalOf(message) ?? inBatch(message, ids);
      if (refusal) {
        answers.push(errorOf(idOf(message), refusal));
        continue;
      }
      if (isJSONRPCRequest(message)) ids.add(message.id);
      good.push(message as JSONRPCMessage);
    }
    const answer = this.#batches.open([...ids], answers);
    if (answer) this.#tell(answer);
    for (const message of good) this.#deliver(message);
  }

  #deliver(message: JSONRPCMessage): void {
    if (isJSONRPCRequest(message)) this.#open.add(message.id);
    this.onmessage?.(message);
    if (!isJSONRPCNotification(message) || message.method !== 'notifications/cancelled') return;
    this.#answered(message.params?.requestId);
    const answer = this.#batches.cancel(message.params?.requestId);
    if (answer) this.#tell(answer);
  }

  /** Why a message is not handed on; undefined when it is. */
  #refusalOf(message: unknown): Refusal | undefined {
    if (isJSONRPCNotification(message) || isJSONRPCResponse(message)) return undefined;
    if (!isJSONRPCRequest(message)) return malformed(message);
    const revision = message.params?._meta?.[PROTOCOL_VERSION_META_KEY];
    if (this.#revision !== undefined || typeof revision !== 'string' || revision === STATELESS)
      return undefined;
    const {
      code,
      message: text,
      data,
    } = new UnsupportedProtocolVersionError({
      supported: [STATELESS],
      requested: revision,
    });
    return [code, text, data];
  }

  #refuse(id: string | number | null, refusal: Refusal): void {
    this.onerror?.(new Error(`refused: ${refusal[1]}`));
    this.#tell(errorOf(id, refusal));
  }

  #tell(answer: unknown): void {
    this.#write(answer).catch(this.#onError);
  }

  async #write(message: unknown): Promise<void> {
    if (this.#closed) throw new Error('the wire is closed');
    if (this.#output.write(`${JSON.stringify(message)}\n`)) return;
    this.#draining ??= new Promise<void>((resolve) => {
      const events = ['drain', 'error', 'close'];
      const done = () => {
        for (const event of events) this.#output.off(event, done);
        this.#draining = undefined;
        resolve();
      };
      for (const event of events) this.#output.on(event, done);
    });
    await this.#draining;
  }
}

/** A request keeps its id in the answer as far as it has one; null is none in MCP. */
function idOf(message: unknown): string | number | null {
  const id = typeof message === 'object' && message !== null && 'id' in message ? message.id : null;
  return typeof id === 'string' || Number.isInteger(id) ? (id as string | number) : null;
}

function errorOf(id: string | number | null, [code, message, data]: Refusal) {
  return { jsonrpc: '2.0', id, error: { code, message, ...(data === undefined ? {} : { data }) } };
}

/** With a method and an id it is a request whose parameters are of wrong shape. */
function malformed(message: unknown): Refusal {
  if (typeof message !== 'object' || message === null) return NO_MESSAGE;
  const { jsonrpc, method } = message as Readonly<Record<string, unknown>>;
  const isRequest = jsonrpc === '2.0' && typeof method === 'string' && idOf(message) !== null;
  return isRequest ? BAD_PARAMS : NO_MESSAGE;
}

/** What a line says; nothing, if it is blank. undefined: it is no JSON, or not in UTF-8. */
function parse(line: Buffer): { readonly value?: unknown } | undefined {
  try {
    // Strict: what is not UTF-8 must not become the title of an order by replacement.
    const text = new TextDecoder('utf-8', { fatal: true }).decode(line);
    return text.trim() === '' ? {} : { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

function inBatch(message: unknown, ids: ReadonlySet<string | number>): Refusal | undefined {
  if (!isJSONRPCRequest(message)) return undefined;
  if (message.method === 'initialize') return [INVALID_REQUEST, 'initialize is not part of a batch'];
  return ids.has(message.id) ? [INVALID_REQUEST, 'The id is taken in this batch'] : undefined;
}
