import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { Hono } from 'hono';
import { afterEach, expect, it } from 'vitest';
import { type Listener, listen } from '../../src/platform/listener.ts';

let listener: Listener;
afterEach(() => listener.close());

/** A listener whose turns are given by hand, and what has been asked of it. */
async function listening() {
  const asked: string[] = [];
  const queued: { readonly request: IncomingMessage; readonly enter: () => void }[] = [];
  let arrived = () => {};
  listener = await listen({
    routes: new Hono().all('*', (c) => {
      asked.push(c.req.path);
      return c.text('ok');
    }),
    refused: () => new Response(null, { status: 403 }),
    turn: (request) =>
      new Promise((enter) => {
        queued.push({ request, enter });
        arrived();
      }),
  });
  const one = async () => {
    if (queued.length === 0) await new Promise<void>((resolve) => (arrived = resolve));
    return queued.shift() as (typeof queued)[number];
  };
  return { asked, one };
}

it('a call waits for its turn, a probe of health does not', async () => {
  const { asked, one } = await listening();
  const call = fetch(`${listener.origin}/mcp`, { method: 'POST', body: '{}' });
  const { enter } = await one();
  expect((await fetch(`${listener.origin}/livez`)).status).toBe(200);
  expect(asked).toEqual(['/livez']);
  enter();
  expect((await call).status).toBe(200);
  expect(asked).toEqual(['/livez', '/mcp']);
});

it('a call whose client has left by its turn is not begun', async () => {
  const { asked, one } = await listening();
  const client = connect(Number(new URL(listener.origin).port), '127.0.0.1');
  const { host } = new URL(listener.origin);
  client.write(`POST /mcp HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 2\r\n\r\n{}`);
  const { request, enter } = await one();
  const left = new Promise((resolve) => request.socket.once('close', resolve));
  client.destroy();
  await left;
  enter();
  await fetch(`${listener.origin}/livez`);
  expect(asked).toEqual(['/livez']);
});
