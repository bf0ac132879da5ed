import { createServer } from 'node:http';
import { Hono } from 'hono';
import { afterEach, describe, expect, it } from 'vitest';
import { listenOnLoopback } from '../../src/platform/listener.ts';
import { SharedListener, WHOSE } from '../../src/platform/listener-shared.ts';
import { systemClock } from '../../src/platform/system.ts';
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

function pages(agreement: Agreement, name: string, mark = 'ours'): SharedListener {
  const made = new SharedListener({
    mark: async () => mark,
    port: async () => agreement.port,
    agree: async (port, before) => {
      if (agreement.port !== undefined && agreement.port !== before) return agreement.port;
      agreement.port = port;
      return port;
    },
    listen: (port) => {
      const routes = new Hono();
      routes.get(WHOSE, () => new Response(mark));
      routes.get('/', () => new Response(name));
      const refused = () => new Response(null, { status: 403 });
      return listenOnLoopback({ routes, refused, ...(port === undefined ? {} : { port }) });
    },
    clock: systemClock,
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
