import { request } from 'node:http';
import { type AddressInfo, connect, createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type BuyerListener, listenForBuyers } from '../../src/buyer-page/index.ts';
import { SamplePage, TOKEN } from './sample.ts';

const open: BuyerListener[] = [];

async function listen(port?: number) {
  const sample = new SamplePage();
  const options = { lookup: sample.lookup, clock: sample.clock, ...(port === undefined ? {} : { port }) };
  const listener = await listenForBuyers(options);
  open.push(listener);
  return { sample, listener, port: Number(new URL(listener.origin).port) };
}

interface Answer {
  readonly status: number | undefined;
  readonly headers: Record<string, unknown>;
  readonly body: string;
}

/** Asks with exactly these headers; `fetch` would not let Host be set. */
function ask(
  port: number,
  headers: Record<string, string>,
  method = 'GET',
  path = `/c/${TOKEN}`,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (answer) => {
      let body = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk;
      });
      answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, body }));
    });
    call.on('error', reject).end();
  });
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((listener) => listener.close()));
});

describe('the loopback listener', () => {
  it('serves the page and the state at its origin, on loopback only', async () => {
    const { listener } = await listen();
    expect(listener.origin).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const page = await fetch(`${listener.origin}/c/${TOKEN}`);
    expect([page.status, page.headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(await page.text()).toContain('ORDER_000001');
    const state = await fetch(`${listener.origin}/c/${TOKEN}/state`);
    expect(await state.json()).toMatchObject({ state: 'NOTPAY', secondsLeft: 1800 });
  });

  it('listens where it is told, and says so when that is taken', async () => {
    const free = createServer();
    const port = await new Promise<number>((resolve) => {
      free.listen(0, '127.0.0.1', () => resolve((free.address() as AddressInfo).port));
    });
    await expect(listen(port)).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await new Promise((resolve) => free.close(resolve));
    expect((await listen(port)).listener.origin).toBe(`http://127.0.0.1:${port}`);
  });

  it('knows nothing but the page, and says it with the same headers', async () => {
    const { listener } = await listen();
    for (const path of ['/', '/favicon.ico', '/c', '/c/', '/mcp', '//c/']) {
      const answer = await fetch(listener.origin + path);
      expect([path, answer.status]).toEqual([path, 404]);
      expect(answer.headers.get('x-frame-options')).toBe('DENY');
    }
  });

  it('closes with connections open, and may be closed twice', async () => {
    const { listener, port } = await listen();
    const socket = connect(port, '127.0.0.1');
    await new Promise((resolve) => socket.once('connect', resolve));
    const cut = new Promise((resolve) => socket.once('close', resolve));
    await listener.close();
    await cut;
    await listener.close();
    await expect(fetch(listener.origin)).rejects.toThrow();
  });
});

describe('Host and Origin', () => {
  it.each(['127.0.0.1', 'localhost', 'LOCALHOST.'])(
    '%s with the port is let in, from itself too',
    async (name) => {
      const { port } = await listen();
      const host = `${name}:${port}`;
      expect((await ask(port, { host })).status).toBe(200);
      expect((await ask(port, { host, origin: `http://${host}` })).status).toBe(200);
    },
  );

  it.each([
    'evil.example',
    'evil.example:PORT',
    'localhost',
    '127.0.0.1',
    '127.0.0.1:1',
    'localhost.evil.example:PORT',
    '[::1]:PORT',
    '0.0.0.0:PORT',
  ])('refuses the host %s before looking anything up', async (template) => {
    const { sample, port } = await listen();
    for (const path of [`/c/${TOKEN}`, `/c/${TOKEN}/state`, '/']) {
      const answer = await ask(port, { host: template.replace('PORT', String(port)) }, 'GET', path);
      expect(answer.status).toBe(403);
      expect(answer.body).not.toContain('ORDER_');
      expect(answer.headers['cache-control']).toBe('no-store');
    }
    expect(sample.asked).toEqual([]);
  });

  it.each([
    'null',
    'http://evil.example',
    'https://127.0.0.1:PORT',
    'http://127.0.0.1',
    'http://127.0.0.1:PORT.evil.example',
  ])('refuses the origin %s', async (template) => {
    const { sample, port } = await listen();
    const origin = template.replace('PORT', String(port));
    expect((await ask(port, { host: `127.0.0.1:${port}`, origin })).status).toBe(403);
    expect(sample.asked).toEqual([]);
  });

  it('does not take the host from an absolute address', async () => {
    const { port } = await listen();
    const answer = await ask(port, { host: 'evil.example' }, 'GET', `http://127.0.0.1:${port}/c/${TOKEN}`);
    expect(answer.status).toBe(403);
  });

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('refuses %s anywhere', async (method) => {
    const { port } = await listen();
    for (const path of [`/c/${TOKEN}`, '/']) {
      const answer = await ask(port, { host: `localhost:${port}` }, method, path);
      expect([answer.status, answer.headers.allow]).toEqual([405, 'GET, HEAD']);
    }
  });
});
