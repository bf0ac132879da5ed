import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTls } from 'node:https';
import { createServer as createTcp, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { GatewayUnavailable, OutcomeUnknown } from '../../src/providers/contract.ts';
import { type GatewayHttp, type GatewayRequest, gatewayHttp } from '../../src/providers/gateway-http.ts';
import { localServers, untrustedTls } from '../support/local-servers.ts';
import { PATIENCE_MS } from '../support/patience.ts';

const MEGABYTE = 1_048_576;
const { listen } = localServers();

/** A gateway that does as the path says, and counts. */
let origin = '';
let server: Server;
const seen = { requests: [] as string[], connections: 0 };
const waiting: ServerResponse[] = [];
beforeAll(async () => {
  server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    seen.requests.push(`${request.method} ${request.url}`);
    answer(request, response);
  });
  server.on('connection', () => {
    seen.connections += 1;
  });
  origin = `http://127.0.0.1:${await listen(server)}`;
});
function answer({ url, socket }: IncomingMessage, response: ServerResponse): void {
  switch (url) {
    case '/wait':
      waiting.push(response);
      return;
    case '/away':
      return void response.writeHead(302, { location: '/followed' }).end();
    case '/bomb':
      response.writeHead(200, { 'content-encoding': 'gzip' });
      return void response.end(gzipSync(Buffer.alloc(8 * MEGABYTE)));
    case '/file':
      return void response.end(Buffer.alloc(2 * MEGABYTE, 0xff));
    case '/reset':
      return void socket.resetAndDestroy();
    case '/hang-up':
      return void socket.destroy();
    case '/cut':
      response.writeHead(200, { 'content-length': '100' });
      return void response.write('half', () => socket.destroy());
    case '/garbage':
      return void socket.end('SSH-2.0-OpenSSH_9.9\r\n\r\n');
    default:
      return void response.end('here');
  }
}

function ask(path: string, change: Partial<GatewayRequest> = {}, http: GatewayHttp = gatewayHttp()) {
  return http.send({ method: 'GET', url: `${origin}${path}`, headers: {}, ...change });
}
const why = (sending: Promise<unknown>) =>
  sending.then(
    () => 'answered',
    (error: unknown) => {
      if (error instanceof GatewayUnavailable) return `unsent ${error.detail}`;
      return error instanceof OutcomeUnknown ? `unknown ${error.detail}` : error;
    },
  );

describe('a download', () => {
  it('may be larger than an answer, byte for byte, where the request says so', async () => {
    expect(await why(ask('/file'))).toBe('unknown answer-too-large');
    const { body } = await ask('/file', { maxBodyBytes: 2 * MEGABYTE });
    expect(body.equals(Buffer.alloc(2 * MEGABYTE, 0xff))).toBe(true);
    expect(await why(ask('/file', { maxBodyBytes: 2 * MEGABYTE - 1 }))).toBe('unknown answer-too-large');
  });

  it('reads no longer answer than any of a gateway is, where none is expected', async () => {
    expect(await why(ask('/file'))).toBe('unknown answer-too-large');
  });

  it('is bounded by what it unpacks to on the way', async () => {
    expect(await why(ask('/bomb', { maxBodyBytes: 4 * MEGABYTE }))).toBe('unknown answer-too-large');
    expect((await ask('/bomb', { maxBodyBytes: 8 * MEGABYTE })).body.length).toBe(8 * MEGABYTE);
  });

  it('follows no redirect', async () => {
    expect((await ask('/away')).status).toBe(302);
    expect(seen.requests).not.toContain('GET /followed');
  });

  it('has a deadline of its own', async () => {
    expect(await why(ask('/wait', { timeoutMs: 50 }))).toBe('unknown timeout');
  });
});

describe('a connection', () => {
  it('is kept for the next request, and never carries one twice', async () => {
    const http = gatewayHttp();
    const before = seen.connections;
    for (const path of ['/1', '/2', '/3']) await ask(path, {}, http);
    expect(seen.connections - before).toBe(1);
    // The gateway closes what was kept at the very moment of the next request: that may have arrived.
    seen.requests.length = 0;
    expect(await why(ask('/reset', { method: 'POST', body: 'x' }, http))).toBe('unknown ECONNRESET');
    expect(await why(ask('/4', {}, http))).toBe('answered');
    expect(seen.requests).toEqual(['POST /reset', 'GET /4']);
    expect(seen.connections - before).toBe(2);
  });

  it('that the gateway has closed is used no more', async () => {
    const http = gatewayHttp();
    await ask('/1', {}, http);
    server.closeIdleConnections();
    await vi.waitUntil(async () => (await why(ask('/2', {}, http))) === 'answered');
  });

  it('is one of a few, however many ask: who has waited too long for one has sent nothing', async () => {
    const http = gatewayHttp(PATIENCE_MS);
    const before = seen.connections;
    waiting.length = 0;
    const first = Array.from({ length: 64 }, () => ask('/wait', {}, http));
    await vi.waitUntil(() => waiting.length === 64);
    expect(await why(ask('/late', { timeoutMs: 50 }, http))).toBe('unsent timeout');
    expect(seen.connections - before).toBe(64);
    const last = ask('/last', {}, http);
    for (const response of waiting) response.end();
    await Promise.all([...first, last]);
    expect(seen.requests).not.toContain('GET /late');
  });
});

describe('what is known of a request that failed', () => {
  it.each(['/reset', '/hang-up', '/cut', '/garbage'])(
    'on a connection that was made, nothing: %s',
    async (path) => {
      expect(await why(ask(path, { method: 'POST', body: 'x' }))).toMatch(/^unknown (ECONNRESET|HPE_\w+)$/);
    },
  );

  it.each(['EHOSTUNREACH', 'ECONNREFUSED', 'ENOTFOUND'])('nor where %s is the word for it', async (code) => {
    // Linux reports a soft ICMP error of a connection that carries the request by the words of one that was not made.
    const broken = new Duplex({
      read: () => undefined,
      write: (_bytes, _encoding, done) => done(Object.assign(new Error(`read ${code}`), { code })),
    });
    const connectorFor = () => (_to: unknown, connected?: (error: null, socket: Duplex) => void) =>
      void connected?.(null, Object.assign(broken, { setTimeout: () => broken }));
    const http = gatewayHttp(4_000, { connectorFor });
    expect(await why(ask('/', { url: 'https://gateway.example/', method: 'POST', body: 'x' }, http))).toBe(
      `unknown ${code}`,
    );
  });

  it.each<[string, (socket: Socket) => void, RegExp]>([
    ['resets it', (socket) => socket.resetAndDestroy(), /^unsent ECONNRESET$/],
    ['closes it', (socket) => socket.end(), /^unsent ECONNRESET$/],
    ['speaks no TLS', (socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n'), /^unsent (EPROTO|ERR_SSL_\w+)$/],
    ['says nothing', () => undefined, /^unsent timeout$/],
  ])('before there was one, all: whoever answers %s', async (_what, act, expected) => {
    const heard: string[] = [];
    const port = await listen(
      createTcp((socket) => {
        socket.on('data', (chunk) => heard.push(chunk.toString('latin1')));
        act(socket);
      }),
    );
    const url = `https://localhost:${port}/money`;
    expect(await why(ask('', { url, method: 'POST', body: 'x', timeoutMs: 500 }))).toMatch(expected);
    expect(heard.join('')).not.toContain('money');
  });

  it('nobody listens, or nobody can be trusted: it was not sent', async () => {
    let heard = 0;
    const tls = createTls(untrustedTls(), (_request, response) => {
      heard += 1;
      response.end();
    });
    const port = await listen(tls);
    const request = { url: `https://localhost:${port}/`, method: 'POST', body: 'x' } as const;
    expect(await why(ask('', request))).toBe('unsent DEPTH_ZERO_SELF_SIGNED_CERT');
    expect(heard).toBe(0);
    await new Promise((resolve) => tls.close(resolve));
    expect(await why(ask('', request))).toBe('unsent ECONNREFUSED');
  });
});
