import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
  type ServerResponse,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { pairsOf, passedHeaders, type RawHeaders } from './relay-headers.ts';

/** A request, and its answer, as Node has them. */
export type { ClientRequest, IncomingMessage };
export type Asked = IncomingMessage;
export type Answering = ServerResponse;

/** How long (ms) a connection that is not used is kept: less than servers keep theirs as a rule. */
const KEPT_MS = 4_000;
/** What is sent once more on a connection that turns out to be closed: it changes nothing, and has no body. */
const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** A server behind us. */
export interface Upstream {
  /** Opens a request; no more than its headers are sent. Fresh: on a connection of its own. */
  open(request: {
    readonly method: string;
    readonly path: string;
    readonly headers: RawHeaders;
    readonly fresh?: boolean;
  }): ClientRequest;
  /** As it wants to be addressed. */
  readonly host: string;
  close(): void;
}

/** Scheme, host and port of `origin` are where it is. */
export function upstreamAt(origin: URL): Upstream {
  const isTls = origin.protocol === 'https:';
  const agent = isTls
    ? new HttpsAgent({ keepAlive: true, timeout: KEPT_MS, scheduling: 'lifo' })
    : new HttpAgent({ keepAlive: true, timeout: KEPT_MS, scheduling: 'lifo' });
  const request = isTls ? httpsRequest : httpRequest;
  const at: RequestOptions = {
    host: origin.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: origin.port || (isTls ? 443 : 80),
    ...(isTls ? { servername: origin.hostname } : {}),
  };
  return {
    host: origin.host,
    open: ({ method, path, headers, fresh = false }) =>
      request({
        ...at,
        ...{ method, path, headers: headers as string[], agent: fresh ? false : agent, setHost: false },
      }),
    close: () => agent.destroy(),
  };
}

/** How a request says where its body ends; `unknown`: in a way that would have to be read to be passed on. */
export function framingOf({ headers }: Asked): 'none' | 'length' | 'chunked' | 'unknown' {
  const coding = headers['transfer-encoding'];
  if (coding !== undefined) return coding.trim().toLowerCase() === 'chunked' ? 'chunked' : 'unknown';
  return headers['content-length'] === undefined ? 'none' : 'length';
}

export interface RelayOptions {
  readonly path: string;
  /** What goes on of the request's headers and of what is added to them; framing is not among them, and is added. */
  readonly headers: string[];
  /** What of the answer's headers, and of trailers of both, stays behind. */
  readonly withheld: (key: string) => boolean;
  /** The client waits to be told whether its body is wanted. */
  readonly expects: boolean;
  /** Called where there is no answer to relay, and none was begun. */
  readonly unanswered: (error: unknown) => void;
}

/**
 * Passes a request on as it comes in, and its answer as it comes back: no more of either is held than the slower side
 * leaves lying. Who leaves takes the other side along; an answer that breaks off, breaks off here.
 */
export function relay(upstream: Upstream, request: Asked, response: Answering, options: RelayOptions): void {
  const { method = 'GET' } = request;
  const framing = framingOf(request);
  const { headers } = options;
  if (framing === 'chunked') headers.push('Transfer-Encoding', 'chunked');
  else if (framing === 'length') headers.push('Content-Length', request.headers['content-length'] ?? '0');
  else if (!SAFE.has(method)) headers.push('Content-Length', '0');
  if (options.expects) headers.push('Expect', '100-continue');

  const mayRepeat = framing === 'none' && SAFE.has(method);
  attempt(mayRepeat);

  function attempt(mayRepeat: boolean): void {
    let answer: IncomingMessage | undefined;
    let over = false;
    const asking = upstream.open({ method, path: options.path, headers });
    const abandon = () => {
      if (!response.writableFinished) asking.destroy();
    };
    response.once('close', abandon);
    const ended = (error?: NodeJS.ErrnoException) => {
      // What has been answered is judged by its own end.
      if (answer || over || response.destroyed) return;
      over = true;
      response.off('close', abandon);
      // The other side had closed a connection that nobody used: it has not seen this one.
      if (mayRepeat && asking.reusedSocket && error?.code === 'ECONNRESET') return attempt(false);
      request.unpipe(asking);
      request.resume();
      options.unanswered(error);
    };
    asking.on('error', ended);
    // Also where it ends without a word, as after an answer that changes the protocol.
    asking.once('close', () => ended());
    if (options.expects) asking.once('continue', () => response.writeContinue());
    asking.once('response', (incoming) => {
      answer = incoming;
      passBack(incoming, request, response, options);
    });
    if (framing === 'none') asking.end();
    else passOn(request, asking, options.withheld);
  }
}

/** Streams the body, and what comes behind it. */
function passOn(request: Asked, asking: ClientRequest, withheld: RelayOptions['withheld']): void {
  // An upstream may have something to say before the body begins.
  asking.flushHeaders();
  request.pipe(asking, { end: false });
  request.once('end', () => {
    const trailers = passedHeaders(request.rawTrailers, withheld);
    if (trailers.length > 0) asking.addTrailers(pairsOf(trailers));
    asking.end();
  });
}

function passBack(answer: IncomingMessage, request: Asked, response: Answering, options: RelayOptions): void {
  const { statusCode = 502, statusMessage = '' } = answer;
  const headers = passedHeaders(answer.rawHeaders, options.withheld);
  // Whoever has not sent its body by now will not: what comes next on this connection could be taken for it.
  if (options.expects && !request.complete) headers.push('Connection', 'close');
  try {
    response.writeHead(statusCode, /^[\t -~]*$/.test(statusMessage) ? statusMessage : '', headers);
  } catch (error) {
    answer.destroy();
    options.unanswered(error);
    return;
  }
  answer.pipe(response, { end: false });
  answer.once('end', () => {
    const trailers = passedHeaders(answer.rawTrailers, options.withheld);
    if (trailers.length > 0) response.addTrailers(pairsOf(trailers));
    response.end();
    // The rest of a body that nobody wanted.
    if (!request.complete) request.unpipe().resume();
  });
  answer.once('close', () => {
    if (!answer.complete) response.destroy();
  });
  answer.on('error', () => response.destroy());
}
