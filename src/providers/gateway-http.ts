import type { IncomingMessage, RequestOptions } from 'node:http';
import type { Agent as HttpsAgent } from 'node:https';
import type { LookupFunction } from 'node:net';
import { pipeline } from 'node:stream';
import { createUnzip } from 'node:zlib';
import { GatewayUnavailable, OutcomeUnknown } from './contract.ts';

/** One request to a gateway. The body is sent as these very bytes. */
export interface GatewayRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Bytes of an answer that are read at most; default 128 KiB. */
  readonly maxBodyBytes?: number;
  /** ms; for answers that take longer than a call, such as a file. */
  readonly timeoutMs?: number;
  /** Ends it before its time, as the deadline does. */
  readonly signal?: AbortSignal;
}

/** One answer, raw: verify `body` before reading it. Header names are lower-case. */
export interface GatewayResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** The network port. Throws {@link GatewayUnavailable} when provably nothing was sent, else {@link OutcomeUnknown}. */
export interface GatewayHttp {
  send(request: GatewayRequest): Promise<GatewayResponse>;
}

/** The way out where it leads through a proxy. */
export interface WayOut {
  /**
   * Makes a connection to an address on which a request can be sent, TLS included, and always the same function;
   * undefined: it is reached directly.
   */
  connectorFor(url: string): HttpsAgent['createConnection'] | undefined;
  /** Finds the addresses of a name, for connections that are made directly; by default the machine does. */
  readonly lookup?: LookupFunction;
}

/** ms; WeChat Pay recommends at least 5 s for orders, both gateways answer within 10 s or not at all. */
const GATEWAY_TIMEOUT_MS = 10_000;
/** ms in which a connection has to show a sign of life while it is made: given up while there is time left. */
const CONNECT_MS = 5_000;
/** ms for which a connection is kept: gateways close theirs later, so that hardly a request meets a closed one. */
const KEPT_MS = 4_000;
const MAX_CONNECTIONS = 64;
/** Many times the longest answer, and few enough for whatever stands in it to be read within milliseconds. */
const MAX_BODY_BYTES = 131_072;

/** The only outgoing network call of the server: no redirects, a bounded body, one deadline over everything. */
export function gatewayHttp(timeoutMs = GATEWAY_TIMEOUT_MS, wayOut?: WayOut): GatewayHttp {
  let loading: ReturnType<typeof load> | undefined;
  return {
    async send(request) {
      loading ??= load(wayOut);
      const open = await loading;
      /** A request is written to a connection that is made, and never a second time. */
      let isSent = false;
      let isOver = false;
      let end = () => {};
      const stop = () => {
        isOver = true;
        end();
      };
      const deadline = setTimeout(stop, request.timeoutMs ?? timeoutMs);
      request.signal?.addEventListener('abort', stop);
      try {
        const response = await new Promise<IncomingMessage>((resolve, reject) => {
          const { method, headers, maxBodyBytes, url, body } = request;
          const encoding = maxBodyBytes === undefined ? 'identity' : 'gzip, deflate';
          const options = { method, headers: { ...headers, 'accept-encoding': encoding } };
          const going = open(url, options);
          going.on('error', reject).once('response', resolve);
          // One that has no connection yet tells nobody that it has ended.
          end = () => reject(going.destroy());
          going.once('socket', (socket) => {
            const send = () => {
              isSent = true;
              socket.setTimeout(0);
              going.end(body);
            };
            if (!socket.connecting) return send();
            const giveUp = () =>
              void going.destroy(Object.assign(new Error('no connection'), { code: 'CONNECT_TIMEOUT' }));
            socket.setTimeout(CONNECT_MS, giveUp);
            socket.once('encrypted' in socket ? 'secureConnect' : 'connect', () => {
              socket.off('timeout', giveUp);
              send();
            });
          });
        });
        return {
          status: response.statusCode ?? 0,
          headers: Object.fromEntries(
            Object.entries(response.headers).map(([name, value]) => [name, String(value)]),
          ),
          body: await read(response, request.maxBodyBytes ?? MAX_BODY_BYTES),
        };
      } catch (error) {
        if (error instanceof OutcomeUnknown) throw error;
        const code = error instanceof Error && 'code' in error ? String(error.code) : 'connection-lost';
        const why = isOver ? 'timeout' : code;
        throw isSent ? new OutcomeUnknown(why) : new GatewayUnavailable(why);
      } finally {
        clearTimeout(deadline);
        request.signal?.removeEventListener('abort', stop);
      }
    },
  };
}

/** Node's clients, loaded by the first call, with connections that are kept. */
async function load(wayOut: WayOut | undefined) {
  const [http, https] = await Promise.all([import('node:http'), import('node:https')]);
  const options = { keepAlive: true, timeout: KEPT_MS, maxSockets: MAX_CONNECTIONS };
  const [plain, direct, tunnel] = [
    new http.Agent(options),
    new https.Agent(options),
    new https.Agent(options),
  ];
  return (url: string, request: RequestOptions) => {
    const { lookup } = wayOut ?? {};
    if (url.startsWith('http:')) return http.request(url, { ...request, lookup, agent: plain });
    const createConnection = wayOut?.connectorFor(url);
    const agent = createConnection ? Object.assign(tunnel, { createConnection }) : direct;
    return https.request(url, { ...request, lookup, agent });
  };
}

async function read(response: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const isPacked = /^(gzip|deflate)$/.test(response.headers['content-encoding'] ?? '');
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of isPacked ? pipeline(response, createUnzip(), () => undefined) : response) {
    size += chunk.byteLength;
    if (size > maxBytes) throw new OutcomeUnknown('answer-too-large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
