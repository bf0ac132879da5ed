import type { Readable } from 'node:stream';
import {
  isJSONRPCErrorResponse,
  isJSONRPCNotification,
  isJSONRPCRequest,
  type JSONRPCErrorResponse,
  type JSONRPCMessage,
  PROTOCOL_VERSION_META_KEY,
  type RequestId,
  type Transport,
} from '@modelcontextprotocol/server';
import type { Log } from '../../domain/ports.ts';
import { WALLETS } from '../../providers/registry.ts';
import type { McpUpstream } from '../prices.ts';
import { UpstreamLost } from './line.ts';

export type Reached = McpUpstream['reached'];

export interface UpstreamPorts {
  /** The environment of this process; what is ours in it stays here. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
}

/** The longest line of an upstream's stderr that is kept (characters). */
const MAX_LOGGED = 500;
/** The longest line that an upstream may write (bytes). */
const MAX_LINE_BYTES = 64 * 1024 * 1024;

/** A new connection to an upstream, not yet started. */
export async function openUpstream(name: string, reached: Reached, ports: UpstreamPorts): Promise<Transport> {
  if ('url' in reached) {
    const { StreamableHTTPClientTransport } = await import('@modelcontextprotocol/client');
    return new AtAddress(new StreamableHTTPClientTransport(reached.url));
  }
  const { StdioClientTransport } = await import('@modelcontextprotocol/client/stdio');
  const [command, ...args] = reached.command;
  const transport = new StdioClientTransport({
    ...{ command, args, env: { ...notOurs(ports.env), ...reached.env } },
    ...{ stderr: 'pipe', maxBufferSize: MAX_LINE_BYTES },
  });
  keepStderr(transport.stderr as Readable, (line) => ports.log.info('gate upstream says', { name, line }));
  return transport;
}

/** An environment without what is set for us: no key of the merchant's reaches an upstream. */
export function notOurs(env: UpstreamPorts['env']): Record<string, string> {
  const ours = ['CASHIER', ...WALLETS.map(({ prefix }) => prefix)].map((prefix) => `${prefix}_`);
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) =>
      value === undefined || ours.some((prefix) => name.toUpperCase().startsWith(prefix))
        ? []
        : [[name, value]],
    ),
  );
}

function keepStderr(stream: Readable, keep: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const lines = `${rest}${chunk}`.split('\n');
    rest = (lines.pop() ?? '').slice(0, MAX_LOGGED);
    for (const line of lines) if (line.trim() !== '') keep(line.slice(0, MAX_LOGGED));
  });
  stream.on('end', () => rest.trim() !== '' && keep(rest));
}

/** Where a request that was refused with an HTTP status has got to. */
interface Refused {
  readonly status?: unknown;
  readonly text?: unknown;
}

/** A request that has had no answer yet. */
interface Open {
  readonly abort: AbortController;
  readonly isStateless: boolean;
  readonly answered: () => void;
}

/**
 * An upstream at an address. Each request has a connection of its own: how that ends says what has become of it, and in
 * the stateless era ending it is how a request is cancelled.
 */
class AtAddress implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  readonly #http: Transport;
  readonly #open = new Map<RequestId, Open>();

  constructor(http: Transport) {
    this.#http = http;
  }

  setProtocolVersion = (revision: string): void => this.#http.setProtocolVersion?.(revision);

  async start(): Promise<void> {
    this.#http.onmessage = (message: JSONRPCMessage) => {
      this.onmessage?.(message);
      if (!('method' in message)) this.#settle(message.id);
    };
    this.#http.onerror = (error) => this.onerror?.(error);
    this.#http.onclose = () => this.onclose?.();
    await this.#http.start();
  }

  /** Of a request, resolves when it is answered. Rejects with {@link UpstreamLost}. */
  async send(message: JSONRPCMessage): Promise<void> {
    if (isJSONRPCNotification(message) && message.method === 'notifications/cancelled') {
      const open = this.#settle(message.params?.requestId as RequestId);
      if (open?.isStateless) return open.abort.abort();
    }
    if (!isJSONRPCRequest(message)) return this.#http.send(message);
    const { id, params } = message;
    const abort = new AbortController();
    const isStateless = typeof params?._meta?.[PROTOCOL_VERSION_META_KEY] === 'string';
    await new Promise<void>((answered, failed) => {
      this.#open.set(id, { abort, isStateless, answered });
      const requestSignal = abort.signal;
      const onRequestStreamEnd = () => failed(new UpstreamLost('the answer has not come', true));
      this.#http.send(message, { requestSignal, onRequestStreamEnd }).catch(failed);
    }).catch((error: unknown) => {
      this.#open.delete(id);
      throw this.#lostBy(error);
    });
  }

  close(): Promise<void> {
    return this.#http.close();
  }

  #settle(id: RequestId | undefined): Open | undefined {
    const open = id === undefined ? undefined : this.#open.get(id);
    if (id !== undefined) this.#open.delete(id);
    open?.answered();
    return open;
  }

  #lostBy(error: unknown): UpstreamLost {
    if (error instanceof UpstreamLost) return error;
    const { status, text } = ((error as { readonly data?: Refused } | undefined)?.data ?? {}) as Refused;
    // A session that the upstream does not know any more: the next request begins one.
    if (status === 404 && this.#http.sessionId !== undefined) this.onclose?.();
    const isRefused = typeof status === 'number' && status < 500;
    return new UpstreamLost(String(error), !isRefused && !isUnreachable(error), refusalIn(text));
  }
}

/** Nobody was there to take the request. */
function isUnreachable(error: unknown): boolean {
  const { cause } = (error ?? {}) as { readonly cause?: { readonly code?: unknown } };
  return ['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH'].includes(String(cause?.code));
}

function refusalIn(text: unknown): JSONRPCErrorResponse['error'] | undefined {
  try {
    const said: unknown = JSON.parse(String(text));
    const { error, id } = said as JSONRPCErrorResponse;
    const whole = { jsonrpc: '2.0', id: id ?? 0, error };
    return isJSONRPCErrorResponse(whole) ? whole.error : undefined;
  } catch {
    return undefined;
  }
}
