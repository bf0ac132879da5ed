import { GatewayUnavailable, OutcomeUnknown } from './contract.ts';

/** One request to a gateway. The body is sent as these very bytes. */
export interface GatewayRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Bytes of an answer that are read at most; default 1 MiB. */
  readonly maxBodyBytes?: number;
  /** ms; for answers that take longer than a call, such as a file. */
  readonly timeoutMs?: number;
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

/** ms; WeChat Pay recommends at least 5 s for orders, both gateways answer within 10 s or not at all. */
export const GATEWAY_TIMEOUT_MS = 10_000;
const MAX_BODY_BYTES = 1_048_576;

/** Failures of connecting: no byte of the request has left. */
const NOT_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

/** The way out where it leads through a proxy: what `fetch` takes as its dispatcher, undefined for none. */
export interface WayOut {
  dispatcherFor(url: string): object | undefined;
}

/** The only outgoing network call of the server: no redirects, a bounded body, one deadline over everything. */
export function gatewayHttp(timeoutMs = GATEWAY_TIMEOUT_MS, wayOut?: WayOut): GatewayHttp {
  return {
    async send(request) {
      const signal = AbortSignal.timeout(request.timeoutMs ?? timeoutMs);
      const dispatcher = wayOut?.dispatcherFor(request.url) as RequestInit['dispatcher'];
      try {
        const response = await fetch(request.url, {
          method: request.method,
          headers: request.headers,
          redirect: 'manual',
          signal,
          ...(request.body === undefined ? {} : { body: request.body }),
          ...(dispatcher === undefined ? {} : { dispatcher }),
        });
        return {
          status: response.status,
          headers: Object.fromEntries(response.headers),
          body: await read(response, request.maxBodyBytes ?? MAX_BODY_BYTES),
        };
      } catch (error) {
        if (error instanceof OutcomeUnknown) throw error;
        const { code, syscall } = systemCause(error);
        // The same codes on a read come from a connection that has carried the request.
        const inTime = NOT_SENT.has(code) && !DURING_EXCHANGE.has(syscall);
        // A tunnel that was not built has carried nothing.
        if (inTime || code.startsWith('PROXY_')) throw new GatewayUnavailable(code);
        throw new OutcomeUnknown(signal.aborted ? 'timeout' : code);
      }
    },
  };
}

async function read(response: Response, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > maxBytes) throw new OutcomeUnknown('answer-too-large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const DURING_EXCHANGE: ReadonlySet<string> = new Set(['read', 'write']);

/** The system's or undici's error behind a failed fetch; `connection-lost` when there is none. */
function systemCause(error: unknown): { code: string; syscall: string } {
  for (let e = error; e instanceof Error; e = e.cause) {
    const syscall = 'syscall' in e ? String(e.syscall) : '';
    if ('code' in e && typeof e.code === 'string') return { code: e.code, syscall };
    if (e instanceof AggregateError && e.errors[0] instanceof Error) return systemCause(e.errors[0]);
  }
  return { code: 'connection-lost', syscall: '' };
}
