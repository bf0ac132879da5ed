import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { connect, createServer as createTcpServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { send } from '../http/wire.ts';
import { until } from '../support/server-process.ts';
import { ask, gatesHere, price } from './gate-here.ts';

const { gate, listen, sockets } = gatesHere();

/** Says what it was sent. */
function echo(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const { method, url, rawHeaders, rawTrailers } = request;
    response.setHeader('Content-Type', 'application/json');
    response.end(
      JSON.stringify({ method, url, rawHeaders, rawTrailers, body: Buffer.concat(chunks).toString() }),
    );
  });
}
interface Echo {
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: string[];
  readonly rawTrailers: string[];
  readonly body: string;
}
const named = ({ rawHeaders }: Echo) =>
  Object.fromEntries(
    rawHeaders.flatMap((name, i) => (i % 2 === 0 ? [[name.toLowerCase(), rawHeaders[i + 1]]] : [])),
  );

describe('what has no price', () => {
  it.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])(
    'passes with %s, byte for byte',
    async (method) => {
      const { port } = await gate(echo);
      const body = method === 'GET' ? undefined : '正文 \u0000 body';
      const path = '/a/%E5%A4%A9?x[]=1&y=%2f..//';
      const { status, text } = await ask(port, path, {
        method,
        body,
        headers: { 'X-Mine': 'a b', Accept: ['a', 'b'] },
      });
      const told = JSON.parse(text) as Echo;
      expect([status, told.method, told.url, told.body]).toEqual([200, method, path, body ?? '']);
      expect(told.rawHeaders).toEqual(expect.arrayContaining(['X-Mine', 'a b', 'Accept', 'b']));
    },
  );

  it('comes back with the status, headers and words of whoever answered', async () => {
    const { port } = await gate((_request, response) => {
      response.writeHead(418, 'Short and stout', [
        ...['X-One', '1', 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'Content-Length', '3'],
      ]);
      response.end('tea');
    });
    const { status, headers, text, raw } = await ask(port, '/pot');
    expect([status, text, headers['x-one'], headers['set-cookie']]).toEqual([
      418,
      'tea',
      '1',
      ['a=1', 'b=2'],
    ]);
    expect(raw).toEqual(expect.arrayContaining(['X-One', 'Content-Length']));
  });

  it('is told who asks, for what name and how, and not what a stranger says of it', async () => {
    const { port } = await gate(echo);
    const forged = {
      ...{
        'X-Forwarded-For': '6.6.6.6',
        'X-Forwarded-Proto': 'https',
        'X-Forwarded-User': 'admin',
        Forwarded: 'for=6.6.6.6',
      },
      ...{
        'X-Real-IP': '6.6.6.6',
        'CF-Connecting-IP': '6.6.6.6',
        x_forwarded_for: '6.6.6.6',
        Via: '1.1 away',
      },
    };
    const told = JSON.parse((await ask(port, '/', { headers: forged })).text) as Echo;
    expect(told.rawHeaders.join(' ')).not.toMatch(/6\.6\.6\.6|admin/);
    expect(named(told)).toMatchObject({
      ...{
        'x-forwarded-for': '127.0.0.1',
        'x-forwarded-host': `127.0.0.1:${port}`,
        'x-forwarded-proto': 'http',
      },
      via: '1.1 away',
    });
    expect(named(told).host).not.toBe(`127.0.0.1:${port}`);
  });

  it('is told what a proxy of ours says, with the proxy itself behind', async () => {
    const { port } = await gate(echo, [], { options: { trustedProxies: ['127.0.0.0/8'] } });
    const said = {
      'X-Forwarded-For': '9.9.9.9',
      'X-Forwarded-Proto': 'https',
      'X-Forwarded-Host': 'api.shop',
    };
    expect(named(JSON.parse((await ask(port, '/', { headers: said })).text) as Echo)).toMatchObject({
      ...{
        'x-forwarded-for': '9.9.9.9, 127.0.0.1',
        'x-forwarded-host': 'api.shop',
        'x-forwarded-proto': 'https',
      },
    });
  });

  it('loses what belongs to one connection, to a sale, or to operators', async () => {
    const { port } = await gate(echo);
    const { text } = await ask(port, '/', {
      headers: {
        ...{
          Connection: 'close, X-Gone, X-Forwarded-For',
          'X-Gone': '1',
          'Proxy-Authorization': 'x',
          TE: 'trailers',
        },
        ...{
          'Keep-Alive': 'timeout=1',
          'Payment-Proof': 'p',
          'X-Out-Trade-No': 'n',
          'WeixinPay-Required': 'w',
        },
        ...{ payment_proof: 'p', 'Payment-Needed': 'x', 'X-Kept': '1' },
        Cookie: 'a=1; operator-0123456789ab=secret; __Host-operator-device-0123456789ab=secret; b=2',
      },
    });
    const told = JSON.parse(text) as Echo;
    expect(told.rawHeaders.join(' ')).not.toMatch(
      /X-Gone|Proxy-Auth|trailers|timeout|payment|out-trade|weixin|secret/i,
    );
    expect(named(told)).toMatchObject({ 'x-kept': '1', cookie: 'a=1; b=2', 'x-forwarded-for': '127.0.0.1' });
  });

  it('cannot speak for the gate', async () => {
    const { port } = await gate((_request, response) => {
      response.writeHead(402, {
        ...{
          'Payment-Needed': 'x',
          'WeixinPay-Required': 'x',
          'X-Out-Trade-No': 'x',
          'Payment-Validation': 'x',
        },
        ...{ 'Proxy-Authenticate': 'x', 'X-Own': '1', Trailer: 'payment-validation, x-sum' },
      });
      response.addTrailers({ 'payment-validation': 'x', 'x-sum': '1' });
      response.end();
    });
    const { status, headers, trailers } = await ask(port, '/');
    expect(status).toBe(402);
    expect(Object.keys({ ...headers, ...trailers }).join(' ')).not.toMatch(/payment|weixin|x-out|proxy/);
    expect([headers['x-own'], trailers]).toEqual(['1', { 'x-sum': '1' }]);
  });

  it('brings its trailers along', async () => {
    const { port } = await gate(echo);
    const chunked = [
      'POST /t HTTP/1.1',
      'Host: 127.0.0.1',
      'Connection: close',
      'Transfer-Encoding: chunked',
    ];
    const bytes = `${[...chunked, 'Trailer: X-Sum'].join('\r\n')}\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 6\r\nPayment-Proof: p\r\n\r\n`;
    const { body } = await send(port, bytes.replace('Host: 127.0.0.1', `Host: 127.0.0.1:${port}`));
    expect(body).toContain('"rawTrailers":["X-Sum","6"]');
    expect(body).toContain('"body":"abc"');
  });

  it.each<[string, (port: number) => string, number]>([
    [
      'a WebSocket',
      (port) =>
        `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
      501,
    ],
    ['TRACE', (port) => `TRACE / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`, 405],
    ['CONNECT', (port) => `CONNECT a.example:443 HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`, 405],
    [
      'an absolute target',
      (port) =>
        `GET http://127.0.0.1:${port}/ HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`,
      400,
    ],
    [
      'two slashes',
      (port) => `GET //a HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`,
      400,
    ],
    ['another host', () => 'GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n', 403],
    ['no host', () => 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
    [
      'two lengths',
      (port) =>
        `POST / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab`,
      400,
    ],
    [
      'a length and chunks',
      (port) =>
        `POST / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
    ],
    [
      'an unknown coding',
      (port) =>
        `POST / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
      501,
    ],
  ])('is not passed on with %s', async (_what, bytes, status) => {
    let reached = 0;
    const { port } = await gate((_request, response) => void response.end(String(++reached)));
    expect((await send(port, bytes(port))).status).toBe(status);
    expect(reached).toBe(0);
  });

  it('asks for its body only when the upstream wants it', async () => {
    const upstream = createServer();
    let continues = true;
    upstream.on('checkContinue', (request, response) => {
      if (!continues) return void response.writeHead(417).end();
      response.writeContinue();
      echo(request, response);
    });
    const { port } = await gate(upstream);
    const post = () => {
      const asking = request({
        host: '127.0.0.1',
        port,
        method: 'POST',
        agent: false,
        headers: { Expect: '100-continue', 'Content-Length': 2 },
      });
      asking.flushHeaders();
      asking.once('continue', () => asking.end('ok'));
      asking.on('error', () => undefined);
      return asking;
    };
    const [wanted] = (await once(post(), 'response')) as [IncomingMessage];
    expect(wanted.statusCode).toBe(200);
    wanted.resume();
    continues = false;
    const [unwanted] = (await once(post(), 'response')) as [IncomingMessage];
    expect([unwanted.statusCode, unwanted.headers.connection]).toEqual([417, 'close']);
  });

  it('is 502 where nobody answers', async () => {
    const closed = createTcpServer();
    const port = await listen(closed);
    await new Promise<void>((resolve) => closed.close(() => resolve()));
    const { port: gone } = await gate(port);
    const { status, text } = await ask(gone, '/', { method: 'POST', body: 'x'.repeat(100_000) });
    expect([status, JSON.parse(text)]).toEqual([502, expect.objectContaining({ code: 'UPSTREAM_FAILED' })]);
    const rude = createTcpServer((socket) => socket.once('data', () => socket.destroy()));
    const { port: cut } = await gate(await listen(rude));
    expect((await ask(cut, '/')).status).toBe(502);
    const switching = createTcpServer((socket) =>
      socket.once('data', () =>
        socket.end('HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n'),
      ),
    );
    const { port: other } = await gate(await listen(switching));
    expect((await ask(other, '/')).status).toBe(502);
    const babbling = createTcpServer((socket) => socket.once('data', () => socket.end('no HTTP\r\n\r\n')));
    const { port: noise } = await gate(await listen(babbling));
    expect((await ask(noise, '/')).status).toBe(502);
  });

  it('breaks off where the upstream breaks off', async () => {
    const { port } = await gate((_request, response) => {
      response.writeHead(200, { 'Content-Length': 10 });
      response.write('half');
      setImmediate(() => response.destroy());
    });
    await expect(ask(port, '/')).rejects.toThrow(/aborted|hang up/);
  });

  it('takes the upstream along when its client leaves', async () => {
    const events: string[] = [];
    const { port } = await gate((request, response) => {
      events.push('asked');
      response.on('close', () => events.push('left'));
      if (request.method === 'GET') response.write('first');
    });
    for (const method of ['GET', 'POST']) {
      const asking = request({ host: '127.0.0.1', port, method, agent: false });
      asking.on('error', () => undefined);
      if (method === 'GET') asking.end();
      else asking.flushHeaders();
      await until('it is asked', () => Promise.resolve(events.at(-1) === 'asked' || undefined));
      asking.destroy();
      await until('it is left', () => Promise.resolve(events.at(-1) === 'left' || undefined));
    }
    expect(events).toEqual(['asked', 'left', 'asked', 'left']);
  });

  it('is asked once more on a connection that was closed meanwhile, and only what is safe', async () => {
    const seen: string[] = [];
    const cut = new WeakSet<Socket>();
    const upstream = createServer((request, response) => {
      seen.push(`${request.method}`);
      // The second request of a connection is cut, as by a server that has just given it up.
      if (cut.has(request.socket)) return void request.socket.resetAndDestroy();
      cut.add(request.socket);
      request.resume().on('end', () => response.end('ok'));
    });
    const { port } = await gate(upstream);
    expect((await ask(port, '/')).status).toBe(200);
    expect((await ask(port, '/')).status).toBe(200);
    expect((await ask(port, '/', { method: 'POST', body: 'x' })).status).toBe(502);
    expect(seen).toEqual(['GET', 'GET', 'GET', 'POST']);
  });

  it('holds no more of a body than the slower side leaves lying', async () => {
    const MIB = 1024 * 1024;
    let written = 0;
    let taken = 0;
    const { port } = await gate((request, response) => {
      if (request.method === 'POST') {
        // Reads nothing before it is told to.
        request.socket.once('resume-now', () => {
          request.on('data', (chunk: Buffer) => {
            taken += chunk.length;
          });
          request.on('end', () => response.end(String(taken)));
        });
        return;
      }
      const chunk = Buffer.alloc(MIB, 'x');
      const more = () => {
        while (written < 64 * MIB) {
          written += MIB;
          if (!response.write(chunk)) return void response.once('drain', more);
        }
        response.end();
      };
      more();
    });
    const asking = request({ host: '127.0.0.1', port, agent: false });
    asking.end();
    const [answer] = (await once(asking, 'response')) as [IncomingMessage];
    // Nobody reads yet: it stands still long before its end.
    let before = -1;
    await until('it stands still', async () => {
      const still = before === written;
      before = written;
      await sleep(50);
      return still || undefined;
    });
    expect(written).toBeLessThan(32 * MIB);
    let read = 0;
    for await (const chunk of answer) read += (chunk as Buffer).length;
    expect(read).toBe(64 * MIB);

    const sending = request({ host: '127.0.0.1', port, agent: false, method: 'POST' });
    let sent = 0;
    const chunk = Buffer.alloc(MIB, 'y');
    while (sent < 64 * MIB) {
      sent += MIB;
      if (!sending.write(chunk) && !(await Promise.race([once(sending, 'drain'), sleep(500)]))) break;
    }
    expect(sent).toBeLessThan(32 * MIB);
    for (const socket of sockets) socket.emit('resume-now');
    while (sent < 64 * MIB) {
      sent += MIB;
      if (!sending.write(chunk)) await once(sending, 'drain');
    }
    sending.end();
    const [done] = (await once(sending, 'response')) as [IncomingMessage];
    done.setEncoding('utf8');
    let said = '';
    for await (const part of done) said += part;
    expect(said).toBe(String(64 * MIB));
  });

  it('answers HEAD, 204 and 304 without a body, on a connection that goes on', async () => {
    const { port } = await gate((request, response) => {
      if (request.url === '/304') response.writeHead(304, { ETag: '"x"' });
      else if (request.url === '/204') response.writeHead(204);
      else response.writeHead(200, { 'Content-Length': 5 });
      response.end(request.method === 'GET' && request.url === '/' ? 'hello' : undefined);
    });
    const socket = connect(port, '127.0.0.1');
    socket.setEncoding('utf8');
    let text = '';
    socket.on('data', (chunk: string) => {
      text += chunk;
    });
    const lines = ['HEAD /', 'GET /304', 'GET /204', 'GET /'].map(
      (line) => `${line} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`,
    );
    socket.write(lines.join(''));
    await until('all are answered', () => Promise.resolve(text.includes('hello') || undefined));
    expect([...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual([
      '200',
      '304',
      '204',
      '200',
    ]);
    socket.destroy();
  });
});

describe('beside what has a price', () => {
  const PRICES = [price('GET /paid/weather'), price('PUT /v1/things/*')];

  it('passes, or is refused where nothing else is for sale', async () => {
    let reached = 0;
    const upstream = (_request: IncomingMessage, response: ServerResponse) =>
      void response.end(String(++reached));
    const open = await gate(upstream, PRICES);
    expect((await ask(open.port, '/free')).status).toBe(200);
    const shut = await gate(upstream, PRICES, { unpriced: 'refuse' });
    expect((await ask(shut.port, '/free')).status).toBe(403);
    expect((await ask(shut.port, '/paid/weather', { method: 'POST' })).status).toBe(403);
    expect((await ask(shut.port, '/paid/weather', { method: 'OPTIONS' })).status).toBe(200);
    expect((await ask(shut.port, '/elsewhere', { method: 'OPTIONS' })).status).toBe(403);
    expect(reached).toBe(2);
  });

  it.each<[string, string, Parameters<typeof ask>[2]]>([
    ['a header', '/paid/weather', { method: 'POST', headers: { 'X-HTTP-Method-Override': 'GET' } }],
    ['another header', '/paid/weather', { method: 'DELETE', headers: { X_HTTP_Method: 'GET' } }],
    ['a header of a priced request', '/paid/weather', { headers: { 'X-Method-Override': 'PUT' } }],
    ['the query', '/v1/things/1?_method=PUT', { method: 'POST' }],
    ['the query, encoded', '/v1/things/1?a=1&%5Fmethod=put', { method: 'POST' }],
    ['the query, as PHP reads it', '/v1/things/1?.method=put', { method: 'POST' }],
    [
      'a form',
      '/v1/things/1',
      {
        method: 'POST',
        headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
        body: '_method=PUT',
      },
    ],
  ])('no request poses as one of another method by %s', async (_what, path, how) => {
    let reached = 0;
    const { port } = await gate((_request, response) => void response.end(String(++reached)), PRICES);
    expect((await ask(port, path, how)).status).toBe(400);
    expect(reached).toBe(0);
  });

  it('keeps its own pages under one name, and nothing else of the paths', async () => {
    const { port } = await gate((request, response) => void response.end(`theirs ${request.url}`), PRICES);
    for (const path of [
      '/livez',
      '/readyz',
      '/c/x',
      '/notify/alipay',
      '/approvals',
      '/console',
      '/_cashiers',
    ]) {
      expect((await ask(port, path)).text).toBe(`theirs ${path}`);
    }
    expect((await ask(port, '/_cashier/livez')).text).toBe('ok\n');
    expect(JSON.parse((await ask(port, '/_cashier/readyz')).text)).toEqual({ ready: true });
    for (const path of ['/_cashier', '/_cashier/approvals', '/_cashier/console', '/_cashier/mcp']) {
      expect((await ask(port, path)).status).toBe(404);
    }
  });
});
