import { createServer } from 'node:http';
import { Hono } from 'hono';
import { afterEach, describe, expect, it } from 'vitest';
import { listenOnLoopback } from '../../src/platform/listener.ts';
import { type Mark, proveWhose, WHOSE, whoListens } from '../../src/platform/listener-proof.ts';
import { SharedListener } from '../../src/platform/listener-shared.ts';
import { systemClock, systemRandom } from '../../src/platform/system.ts';
import { until } from '../support/server-process.ts';

/** What the processes of one ledger share. */
class Agreement {
  port: number | undefined;
}
const opened: SharedListener[] = [];
const stop = new AbortController();
afterEach(async () => {
  await Promise.all(opened.splice(0).map((pages) => pages.close()));
});

const marked = (key: string, kind = 'pages'): Mark => ({ kind, key: Buffer.from(key.padEnd(32)) });
/** The port of a listener that proves a mark. */
async function listening(mark: Mark, name = 'genuine') {
  const routes = new Hono();
  routes.get(WHOSE, proveWhose(mark));
  routes.get('/', () => new Response(name));
  return listenOnLoopback({ routes, refused: () => new Response(null, { status: 403 }) });
}

function pages(agreement: Agreement, name: string, key = 'ours'): SharedListener {
  const mark = marked(key);
  const made = new SharedListener({
    mark: async () => mark,
    port: async () => agreement.port,
    agree: async (port, before) => {
      if (agreement.port !== undefined && agreement.port !== before) return agreement.port;
      agreement.port = port;
      return port;
    },
    listen: ({ port }) => {
      const routes = new Hono();
      routes.get(WHOSE, proveWhose(mark));
      routes.get('/', () => new Response(name));
      const refused = () => new Response(null, { status: 403 });
      return listenOnLoopback({ routes, refused, ...(port === undefined ? {} : { port }) });
    },
    clock: systemClock,
    randomBytes: systemRandom,
  });
  opened.push(made);
  return made;
}
const served = async (origin: string) => (await fetch(origin)).text().catch(() => undefined);

describe('pages that several processes can serve', () => {
  it('have one address, however many ask for it at once', async () => {
    const agreement = new Agreement();
    const all = ['a', 'b', 'c', 'd'].map((name) => pages(agreement, name));
    const origins = await Promise.all(all.flatMap((one) => [one.origin(), one.origin()]));
    expect(new Set(origins).size).toBe(1);
  });

  it('stay at that address when the one that served them is gone', async () => {
    const agreement = new Agreement();
    const first = pages(agreement, 'first');
    const second = pages(agreement, 'second');
    const origin = await first.origin();
    expect(await second.origin()).toBe(origin);
    expect(await served(origin)).toBe('first');
    void second.hold(stop.signal);
    await first.close();
    await until(
      'the second serves',
      async () => (await served(origin).catch(() => undefined)) === 'second' || undefined,
    );
    expect(await second.origin()).toBe(origin);
    stop.abort();
  });

  it('move to another port when a stranger has taken theirs', async () => {
    const agreement = new Agreement();
    const before = pages(agreement, 'before');
    const origin = await before.origin();
    await before.close();
    const stranger = createServer((_, response) => response.end('not yours'));
    await new Promise<void>((resolve) => stranger.listen(agreement.port, '127.0.0.1', resolve));
    const after = pages(agreement, 'after');
    expect(await after.origin()).not.toBe(origin);
    expect(await served(await after.origin())).toBe('after');
    await new Promise((resolve) => stranger.close(resolve));
  });

  it("are nobody else's, though they look alike", async () => {
    const agreement = new Agreement();
    const theirs = new Agreement();
    const other = await pages(theirs, 'other ledger', 'theirs').origin();
    agreement.port = theirs.port;
    expect(await pages(agreement, 'ours').origin()).not.toBe(other);
  });
});

describe("another user's program on the port", () => {
  type Answering = (
    path: string,
  ) => Promise<{ readonly status?: number; readonly body: string; readonly to?: string }>;
  const ask = (mark: Mark, origin: string) =>
    whoListens(mark, origin, { randomBytes: systemRandom, withinMs: 2_000 });
  async function impostor(answering: Answering): Promise<{ origin: string; end: () => Promise<void> }> {
    const server = createServer((request, response) => {
      void answering(request.url ?? '').then(({ status = 200, body, to }) => {
        response.writeHead(status, to === undefined ? {} : { location: to }).end(body);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    return {
      origin: `http://127.0.0.1:${port}`,
      end: () =>
        new Promise((resolve) => {
          server.close(() => resolve());
          server.closeAllConnections();
        }),
    };
  }
  const ours = marked('ours');
  const said = async (origin: string, path: string) => (await fetch(origin + path)).text();

  it.each<[string, (genuine: string) => Answering]>([
    [
      'says again what it was once told',
      (genuine) => {
        const once = said(genuine, `${WHOSE}?nonce=${'A'.repeat(43)}`);
        return async () => ({ body: await once });
      },
    ],
    [
      'passes the question on to ours at another port',
      (genuine) => async (path) => ({ body: await said(genuine, path) }),
    ],
    ['sends us there', (genuine) => async (path) => ({ status: 307, body: '', to: genuine + path })],
    ['says the question', () => async (path) => ({ body: path })],
    ['says nothing', () => async () => ({ body: '' })],
    ['talks for ever', () => async () => ({ body: 'x'.repeat(5_000_000) })],
    ['does not know the question', () => async () => ({ status: 404, body: 'no' })],
  ])('that %s is a stranger', async (_, answering) => {
    const genuine = await listening(ours);
    const other = await impostor(answering(genuine.origin));
    expect(await ask(ours, genuine.origin)).toBe('ours');
    expect(await ask(ours, other.origin)).not.toBe('ours');
    await other.end();
    await genuine.close();
  });

  it.each([
    ['another ledger', marked('theirs')],
    ['pages of another kind', marked('ours', 'operator')],
  ])('that belongs to %s is a stranger', async (_, mark) => {
    const other = await listening(mark);
    expect(await ask(ours, other.origin)).toBe('stranger');
    await other.close();
  });

  it('is asked another question every time', async () => {
    const asked: string[] = [];
    const other = await impostor(async (path) => {
      asked.push(path);
      return { body: '' };
    });
    await ask(ours, other.origin);
    await ask(ours, other.origin);
    expect(new Set(asked).size).toBe(2);
    await other.end();
    expect(await ask(ours, other.origin)).toBe('nobody');
  });

  it('gets no proof for what is no nonce', async () => {
    const genuine = await listening(ours);
    for (const nonce of ['', 'short', 'A'.repeat(44), `${'A'.repeat(42)}%0A`]) {
      expect((await fetch(`${genuine.origin}${WHOSE}?nonce=${nonce}`)).status).toBe(400);
    }
    await genuine.close();
  });
});
