import { GatewayUnavailable, OutcomeUnknown } from './contract.ts';

/** One request to a gateway. The body is sent as these very bytes. */
export interface GatewayRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
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

/** The only outgoing network call of the server: no redirects, a bounded body, one deadline over everything. */
export function gatewayHttp(timeoutMs = GATEWAY_TIMEOUT_MS): GatewayHttp {
  return {
    async send(request) {
      const signal = AbortSignal.timeout(timeoutMs);
      try {
        const response = await fetch(request.url, {
          method: request.method,
          headers: request.headers,
          redirect: 'manual',
          signal,
          ...(request.body === undefined ? {} : { body: request.body }),
        });
        return {
          status: response.status,
          headers: Object.fromEntries(response.headers),
          body: await read(response),
        };
      } catch (error) {
        if (error instanceof OutcomeUnknown) throw error;
        const code = causeCode(error);
        if (NOT_SENT.has(code)) throw new GatewayUnavailable(code);
        throw new OutcomeUnknown(signal.aborted ? 'timeout' : code);
      }
    },
  };
}

async function read(response: Response): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > MAX_BODY_BYTES) throw new OutcomeUnknown('answer-too-large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The system's or undici's error code behind a failed fetch; `connection-lost` when there is none. */
function causeCode(error: unknown): string {
  for (let e = error; e instanceof Error; e = e.cause) {
    if ('code' in e && typeof e.code === 'string') return e.code;
    if (e instanceof AggregateError && e.errors[0] instanceof Error) return causeCode(e.errors[0]);
  }
  return 'connection-lost';
}
