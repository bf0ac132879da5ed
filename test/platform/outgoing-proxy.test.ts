import { createServer as createHttp } from 'node:http';
import { createServer as createTls } from 'node:https';
import { connect, createServer, type Socket } from 'node:net';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { CashierError } from '../../src/domain/errors.ts';
import { outgoingProxyOf } from '../../src/platform/outgoing-proxy.ts';
import { GatewayUnavailable, OutcomeUnknown } from '../../src/providers/contract.ts';
import { gatewayHttp } from '../../src/providers/gateway-http.ts';
import { localServers, untrustedTls } from '../support/local-servers.ts';
import { PATIENCE_MS } from '../support/patience.ts';

/** A gateway with a certificate that nobody trusts but this process, and a proxy that does as it is told. */
const { servers, listen } = localServers();
let gatewayPort = 0;
const received: string[] = [];
beforeAll(async () => {
  gatewayPort = await listen(
    createTls(untrustedTls(), (request, response) => {
      received.push(`${request.method} ${request.headers.host}${request.url}`);
      response.end('gateway');
    }),
  );
});
afterEach(() => {
  vi.unstubAllEnvs();
  received.length = 0;
  asked.length = 0;
});

/** What was said to the proxy. */
const asked: string[] = [];
function proxy(answer: (socket: Socket, head: string) => void): Promise<number> {
  return listen(
    createServer((socket) => {
      let head = '';
      socket.on('data', (chunk) => {
        if (head.includes('\r\n\r\n')) return;
        head += chunk.toString('latin1');
        if (!head.includes('\r\n\r\n')) return;
        asked.push(head);
        socket.removeAllListeners('data');
        answer(socket, head);
      });
    }),
  );
}
const tunnels = (socket: Socket) => {
  const onward = connect(gatewayPort, '127.0.0.1', () => {
    socket.write('HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n');
    socket.pipe(onward).pipe(socket);
  });
  onward.on('error', () => socket.destroy());
};

const SECRET = 'p%40ss%3Aword';
const send = (env: Record<string, string>, url = 'https://pay.gateway.example/v3/x?y=1') =>
  gatewayHttp(PATIENCE_MS, outgoingProxyOf(env)).send({ method: 'POST', url, headers: {}, body: 'b' });
const why = (sending: Promise<unknown>) =>
  sending.then(
    () => 'sent',
    (error: unknown) => {
      expect(String((error as Error).stack)).not.toMatch(/p@ss|p%40ss|Basic/);
      if (error instanceof GatewayUnavailable) return `unavailable ${error.detail}`;
      return error instanceof OutcomeUnknown ? `unknown ${error.detail}` : String(error);
    },
  );

describe('a call through a proxy', () => {
  it('goes by CONNECT, with TLS to the gateway itself, which the proxy cannot read or replace', async () => {
    const port = await proxy(tunnels);
    // The certificate is no authority's: the tunnel carries no request to whoever answers at its end.
    expect(await why(send({ HTTPS_PROXY: `http://user:${SECRET}@127.0.0.1:${port}` }))).toMatch(
      /^unavailable PROXY_DEPTH_ZERO_SELF_SIGNED_CERT$/,
    );
    expect(received).toEqual([]);
    const [head = ''] = asked;
    expect(head.split('\r\n').slice(0, 2)).toEqual([
      'CONNECT pay.gateway.example:443 HTTP/1.1',
      'Host: pay.gateway.example:443',
    ]);
    expect(head).toContain(`Proxy-Authorization: Basic ${btoa('user:p@ss:word')}`);
  });

  it('brings the answer back, one call after the other', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    const HTTPS_PROXY = `http://127.0.0.1:${await proxy(tunnels)}`;
    const http = gatewayHttp(PATIENCE_MS, outgoingProxyOf({ HTTPS_PROXY }));
    const url = 'https://pay.gateway.example/v3/x?y=1';
    for (let times = 0; times < 2; times += 1) {
      const { status, body } = await http.send({ method: 'POST', url, headers: {}, body: 'b' });
      expect([status, body.toString()]).toEqual([200, 'gateway']);
    }
    expect(received).toEqual(Array(2).fill('POST pay.gateway.example/v3/x?y=1'));
  });

  it.each<[string, (socket: Socket) => void]>([
    ['403', (socket) => socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n')],
    ['407', (socket) => socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')],
    ['502', (socket) => socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')],
    ['UNREADABLE', (socket) => socket.end('SSH-2.0-OpenSSH_9.9\r\n\r\n')],
    ['UNREADABLE', (socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n<html>')],
    ['UNREADABLE', (socket) => socket.end(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(20_000)}`)],
    ['CLOSED', (socket) => socket.end()],
    ['ECONNRESET', (socket) => socket.resetAndDestroy()],
  ])('that ends with %s was never sent', async (code, answer) => {
    const port = await proxy(answer);
    expect(await why(send({ HTTPS_PROXY: `http://127.0.0.1:${port}` }))).toBe(`unavailable PROXY_${code}`);
    expect(received).toEqual([]);
  });

  it('to a proxy that is not there was never sent', async () => {
    const port = await proxy(tunnels);
    await new Promise((resolve) => servers.at(-1)?.close(resolve));
    expect(await why(send({ HTTPS_PROXY: `127.0.0.1:${port}` }))).toBe('unavailable PROXY_ECONNREFUSED');
  });

  it('never takes the way to this machine', async () => {
    const port = await listen(createHttp((_request, response) => void response.end('here')));
    const HTTPS_PROXY = `http://127.0.0.1:${await proxy(tunnels)}`;
    for (const way of [outgoingProxyOf({ HTTPS_PROXY }), undefined]) {
      const url = `http://127.0.0.1:${port}/`;
      const { body } = await gatewayHttp(PATIENCE_MS, way).send({ method: 'GET', url, headers: {} });
      expect(body.toString()).toBe('here');
    }
    expect(asked).toEqual([]);
  });
});

describe('which addresses go through it', () => {
  const HTTPS_PROXY = 'http://proxy.example:3128';
  const goes = (url: string, NO_PROXY?: string) =>
    outgoingProxyOf({ HTTPS_PROXY, ...(NO_PROXY === undefined ? {} : { NO_PROXY }) })?.connectorFor(url) !==
    undefined;

  it.each([
    'https://localhost/x',
    'https://shop.localhost/x',
    'https://127.0.0.1:4000/x',
    'https://127.8.9.1/',
    'https://[::1]/',
    'https://[::ffff:127.0.0.1]/',
    'http://127.0.0.1/',
  ])('not %s', (url) => expect(goes(url)).toBe(false));

  it.each<[string, string | undefined, boolean]>([
    ['https://api.mch.weixin.qq.com/', undefined, true],
    ['https://api.mch.weixin.qq.com/', '', true],
    ['https://api.mch.weixin.qq.com/', 'example.com', true],
    ['https://api.mch.weixin.qq.com/', 'api.mch.weixin.qq.com', false],
    ['https://api.mch.weixin.qq.com/', 'qq.com', false],
    ['https://api.mch.weixin.qq.com/', '.qq.com', false],
    ['https://api.mch.weixin.qq.com/', '*.QQ.com, other', false],
    ['https://api.mch.weixin.qq.com/', 'q.com', true],
    ['https://api.mch.weixin.qq.com/', '*', false],
    ['https://api.mch.weixin.qq.com/', 'qq.com:443', false],
    ['https://api.mch.weixin.qq.com/', 'qq.com:8443', true],
    ['https://api.mch.weixin.qq.com:8443/', 'qq.com:8443', false],
    ['https://10.0.0.7/', 'localhost 10.0.0.7', false],
    ['https://[2001:db8::1]/', '2001:db8::1', false],
  ])('%s with NO_PROXY %j: %s', (url, noProxy, through) => expect(goes(url, noProxy)).toBe(through));

  it('is none without a variable, and the small name counts as well', () => {
    expect(outgoingProxyOf({})).toBeUndefined();
    expect(outgoingProxyOf({ HTTPS_PROXY: ' ' })).toBeUndefined();
    expect(outgoingProxyOf({ https_proxy: HTTPS_PROXY })).toBeDefined();
  });

  it.each(['socks5://127.0.0.1:1080', 'http://', '::::', 'ftp://x', 'http://a%zz@x'])(
    '%j is refused without being quoted',
    (value) => {
      try {
        outgoingProxyOf({ HTTPS_PROXY: value });
        expect.unreachable();
      } catch (error) {
        expect(error).toBeInstanceOf(CashierError);
        expect((error as CashierError).details).toEqual({ variable: 'HTTPS_PROXY' });
        expect(JSON.stringify((error as CashierError).text)).not.toMatch(/1080|ftp|zz/);
      }
    },
  );
});
