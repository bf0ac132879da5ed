import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTls } from 'node:https';
import { connect, createServer as createTcp, isIP, type LookupFunction } from 'node:net';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type EgressPorts, egress, openEgress } from '../../src/events/egress.ts';
import { MOST_ANSWER_BYTES, NotSent } from '../../src/events/kinds/kind.ts';
import { outgoingProxyOf } from '../../src/platform/outgoing-proxy.ts';
import { localServers, untrustedTls } from '../support/local-servers.ts';
import { PATIENCE_MS } from '../support/patience.ts';

const { sockets, listen } = localServers();

/** Who is told, on this machine: in clear, and with a certificate that only this process believes. */
const told: string[] = [];
function answer(request: IncomingMessage, response: ServerResponse): void {
  told.push(`${request.method} ${request.headers.host?.replace(/:\d+$/, '')}${request.url}`);
  request.resume();
  if (request.url === '/away') response.writeHead(302, { location: '/followed' }).end();
  else if (request.url === '/long') response.end('x'.repeat(2 * MOST_ANSWER_BYTES));
  else if (request.url === '/endless') response.end('x'.repeat(2 * 1_048_576));
  else if (request.url !== '/silent') response.writeHead(200, { 'x-it': 'is' }).end('taken');
}
let [plain, secure] = [0, 0];
beforeAll(async () => {
  plain = await listen(createServer(answer));
  secure = await listen(createTls(untrustedTls(), answer));
});
afterEach(() => {
  vi.unstubAllEnvs();
  told.length = 0;
});

/** A resolver that says this of every name, one answer after the other, and the last one for good. */
const resolver = (...answers: (readonly string[])[]) => {
  const asked: string[] = [];
  const lookup: LookupFunction = (hostname, options, found) => {
    const addresses = answers[Math.min(asked.length, answers.length - 1)] ?? [];
    asked.push(hostname);
    const all = addresses.map((address) => ({ address, family: isIP(address) }));
    if (options.all) found(null, all);
    else found(null, all[0]?.address ?? '', all[0]?.family);
  };
  return Object.assign(lookup, { asked });
};

async function send(url: string, ports: EgressPorts = {}, allowPrivate = false) {
  const signal = new AbortController().signal;
  const sending = egress({ timeoutMs: PATIENCE_MS, ...ports })(
    { url, headers: { 'content-type': 'application/json' }, body: '{}' },
    { allowPrivate, signal },
  );
  return sending.then(
    ({ status }) => status as number | string,
    (error: unknown) => (error instanceof NotSent ? error.code : Promise.reject(error)),
  );
}

describe('where messages go', () => {
  it('to this machine in clear, and the answer comes back', async () => {
    const sent = egress()(
      { url: `http://127.0.0.1:${plain}/hook?key=1`, headers: {}, body: 'what' },
      { allowPrivate: false, signal: new AbortController().signal },
    );
    await expect(sent).resolves.toMatchObject({ status: 200, body: 'taken', headers: { 'x-it': 'is' } });
    expect(told).toEqual(['POST 127.0.0.1/hook?key=1']);
  });

  it.each([
    'http://a.example/',
    'http://10.0.0.1/',
    'http://127.0.0.1.a.example/',
    'ftp://127.0.0.1/',
    'https://user:word@a.example/',
    'not an address',
  ])('never to %s, which is neither https nor this machine', async (url) => {
    const lookup = resolver(['127.0.0.1']);
    expect(await send(url, { lookup }, true)).toBe('not-allowed');
    expect(lookup.asked).toEqual([]);
  });

  it.each([
    ...[
      'https://10.0.0.1',
      'https://192.168.0.1',
      'https://169.254.169.254',
      'https://0x0a000001',
      'https://167772161',
    ],
    ...[
      'https://[::ffff:10.0.0.1]',
      'https://[fd00::1]',
      'https://[fe80::1]',
      'https://0.0.0.0',
      'https://[::]',
    ],
    'https://0251.0376.0251.0376',
  ])('not to %s, unless it may', async (url) => expect(await send(`${url}/`)).toBe('not-allowed'));

  it.each([
    [['10.0.0.1']],
    [['127.0.0.1']],
    [['::ffff:127.0.0.1']],
    [['fe80::1']],
    // One of several is enough.
    [['203.0.113.7', '192.168.0.1']],
    [[]],
  ])('not to a name that means %j', async (addresses) => {
    const lookup = resolver(addresses);
    expect(await send('https://hook.a.example/', { lookup })).toBe('not-allowed');
    expect(lookup.asked).toEqual(['hook.a.example']);
  });

  it('looks at the address that is connected to, though the name means another one the next time', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    const lookup = resolver(['127.0.0.1']);
    const rebound = egress({ timeoutMs: PATIENCE_MS, lookup });
    const how = { allowPrivate: false, signal: new AbortController().signal };
    const request = { url: `https://hook.a.example:${secure}/`, headers: {}, body: '' };
    // Whoever may go there leaves a connection behind, which is of no use to who may not.
    await expect(rebound(request, { ...how, allowPrivate: true })).resolves.toMatchObject({ status: 200 });
    await expect(rebound(request, how)).rejects.toMatchObject({ code: 'not-allowed' });
    expect(told).toHaveLength(1);
    // Nobody asks for the name a second time after it was looked at: there is one question for a connection.
    expect(lookup.asked).toEqual(['hook.a.example', 'hook.a.example']);
  });

  it('to the inner network where the channel says so', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    const lookup = resolver(['127.0.0.1']);
    expect(await send(`https://erp.a.example:${secure}/in`, { lookup }, true)).toBe(200);
    expect(told).toEqual(['POST erp.a.example/in']);
  });

  it('believes no resolver that sends localhost elsewhere', async () => {
    expect(await send(`http://localhost:${plain}/`, { lookup: resolver(['203.0.113.7']) })).toBe(
      'not-allowed',
    );
    expect(await send(`http://localhost:${plain}/`, { lookup: resolver(['127.0.0.1']) })).toBe(200);
  });

  it('tells the certificate of a stranger from the right one', async () => {
    const lookup = resolver(['127.0.0.1']);
    expect(await send(`https://erp.a.example:${secure}/in`, { lookup }, true)).toBe('network');
    expect(told).toEqual([]);
  });
});

describe('what comes back', () => {
  it('follows nobody elsewhere', async () => {
    expect(await send(`http://127.0.0.1:${plain}/away`)).toBe('redirect');
    expect(told).toEqual(['POST 127.0.0.1/away']);
  });

  it('reads no more than it needs', async () => {
    const how = { allowPrivate: false, signal: new AbortController().signal };
    const request = { url: `http://127.0.0.1:${plain}/long`, headers: {}, body: '' };
    const { body } = await egress()(request, how);
    expect(body).toHaveLength(MOST_ANSWER_BYTES);
    expect(await send(`http://127.0.0.1:${plain}/endless`)).toBe('too-long');
  });

  it('waits until its time is over, or until it is called off', async () => {
    const url = `http://127.0.0.1:${plain}/silent`;
    expect(await send(url, { timeoutMs: 50 })).toBe('timeout');
    const stop = new AbortController();
    const request = { url, headers: {}, body: '' };
    const sending = egress({ timeoutMs: PATIENCE_MS })(request, { allowPrivate: false, signal: stop.signal });
    const ended = expect(sending).rejects.toMatchObject({ code: 'timeout' });
    await vi.waitFor(() => expect(told).toHaveLength(2), { timeout: PATIENCE_MS });
    stop.abort();
    await ended;
    const late = egress()(request, { allowPrivate: false, signal: stop.signal });
    await expect(late).rejects.toBeInstanceOf(NotSent);
    expect(told).toHaveLength(2);
  });

  it.each([
    ['http://127.0.0.1:1/secret-key', {}],
    ['https://secret-key.a.example/secret-key', { lookup: resolver(['10.0.0.1']) }],
  ])('says nothing of the address %s in an error', async (url, ports) => {
    const request = { url, headers: {}, body: 'secret-key' };
    const failed: Error = await egress(ports)(request, {
      allowPrivate: false,
      signal: new AbortController().signal,
    }).then(
      () => expect.fail('was sent'),
      (error: Error) => error,
    );
    expect(failed).toBeInstanceOf(NotSent);
    expect(`${failed.message} ${JSON.stringify(failed)} ${failed.cause ?? ''}`).not.toContain('secret-key');
  });
});

describe('whether somebody is there', () => {
  const how = { allowPrivate: false, signal: new AbortController().signal };
  it('is asked at the front door, where nothing is told', async () => {
    await openEgress().reach(new URL(`http://127.0.0.1:${plain}/hook/secret-key?key=secret-key`), how);
    expect(told).toEqual(['GET 127.0.0.1/']);
  });

  it.each([
    ['http://127.0.0.1:1/', 'network'],
    ['https://10.0.0.1/', 'not-allowed'],
    ['https://hook.a.example/', 'not-allowed'],
  ])('%s is not: %s', async (url, code) => {
    const reaching = openEgress({ lookup: resolver(['10.0.0.1']) }).reach(new URL(url), how);
    await expect(reaching).rejects.toMatchObject({ code });
  });
});

describe('through a proxy', () => {
  /** What the proxy is asked for; it leads everybody to the same server. */
  async function proxy() {
    const asked: string[] = [];
    const port = await listen(
      createTcp((socket) => {
        socket.once('data', (head) => {
          asked.push(/^CONNECT (\S+) /.exec(head.toString('latin1'))?.[1] ?? 'something else');
          const onward = connect(secure, '127.0.0.1', () => {
            socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
            socket.pipe(onward).pipe(socket);
          });
          onward.on('error', () => socket.destroy());
          sockets.add(onward);
        });
      }),
    );
    return { asked, proxy: outgoingProxyOf({ HTTPS_PROXY: `http://127.0.0.1:${port}` }) };
  }

  it('asks for the address that it has looked at, and wants the certificate of the name', async () => {
    const { asked, proxy: through } = await proxy();
    const lookup = resolver(['203.0.113.7']);
    expect(await send('https://hook.a.example/in', { proxy: through, lookup })).toBe('network');
    expect(asked).toEqual(['203.0.113.7:443']);
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    expect(await send('https://hook.a.example/in', { proxy: through, lookup })).toBe(200);
    expect(told).toEqual(['POST hook.a.example/in']);
  });

  it('asks for nothing inside', async () => {
    const { asked, proxy: through } = await proxy();
    const ports = { proxy: through, lookup: resolver(['10.0.0.1']) };
    expect(await send('https://hook.a.example/in', ports)).toBe('not-allowed');
    expect(await send('https://10.0.0.1/in', ports)).toBe('not-allowed');
    expect(asked).toEqual([]);
  });

  it('leaves the names of the platforms, and what the merchant vouches for, to it', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    const { asked, proxy: through } = await proxy();
    const lookup = resolver([]);
    expect(await send('https://open.feishu.cn/x', { proxy: through, lookup })).toBe(200);
    expect(await send('https://erp.inner.example/x', { proxy: through, lookup }, true)).toBe(200);
    expect(asked).toEqual(['open.feishu.cn:443', 'erp.inner.example:443']);
    expect(lookup.asked).toEqual([]);
  });

  it('does not lead to this machine', async () => {
    const { asked, proxy: through } = await proxy();
    expect(await send(`http://127.0.0.1:${plain}/`, { proxy: through })).toBe(200);
    expect(asked).toEqual([]);
  });
});
