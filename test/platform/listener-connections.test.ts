import { createServer, type Server, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { limitConnections } from '../../src/platform/listener-connections.ts';
import { send } from '../http/wire.ts';
import { until } from '../support/server-process.ts';

const MOST = 20;
let server: Server;
let port: number;
/** Requests that wait for an answer of ours. */
const waits: ServerResponse[] = [];
const clients: Socket[] = [];
beforeEach(async () => {
  server = createServer((request, response) => {
    if (request.url === '/wait') waits.push(response);
    else request.resume().on('end', () => response.end('ok'));
  });
  limitConnections(server, MOST);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  port = typeof address === 'object' && address ? address.port : 0;
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  waits.length = 0;
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const open = () => new Promise<number>((resolve) => server.getConnections((_, count) => resolve(count)));
async function client(bytes = ''): Promise<{ socket: Socket; isCut: () => boolean; heard: () => string }> {
  let cut = false;
  let heard = '';
  const socket = connect({ port, host: '127.0.0.1' });
  clients.push(socket);
  socket.on('error', () => undefined);
  socket.on('data', (chunk) => {
    heard += String(chunk);
  });
  socket.on('close', () => {
    cut = true;
  });
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.write(bytes);
  return { socket, isCut: () => cut, heard: () => heard };
}
const ask = (path = '/') => send(port, `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
const several = <T>(count: number, make: () => Promise<T>) =>
  Promise.all(Array.from({ length: count }, make));

it.each([
  ['are silent', ''],
  ['never end their headers', 'GET / HTTP/1.1\r\nHost: x\r\nX: '],
  ['never end their bodies', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{'],
  ['have been answered and stay', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'],
])('connections that %s make room for new ones', async (_, bytes) => {
  await several(5 * MOST, () => client(bytes));
  for (let i = 0; i < 10; i++) expect((await ask()).status).toBe(200);
  expect(await open()).toBeLessThanOrEqual(MOST);
});

it('the one that has been idle for the longest gives way', async () => {
  const [old] = [await client()];
  const others = await several(MOST - 1, () => client());
  await until('all are there', async () => ((await open()) === MOST ? true : undefined));
  expect((await ask()).status).toBe(200);
  await until('it is cut', () => old?.isCut() || undefined);
  expect(others.filter(({ isCut }) => isCut())).toEqual([]);
});

it('who waits for an answer of ours is never cut, and gets it', async () => {
  const waiting = await several(MOST - 5, () => client('GET /wait HTTP/1.1\r\nHost: x\r\n\r\n'));
  await until('all wait', () => waits.length === MOST - 5 || undefined);
  await several(3 * MOST, () => client());
  expect((await ask()).status).toBe(200);
  expect(waiting.filter(({ isCut }) => isCut())).toEqual([]);
  for (const response of waits) response.end('told');
  await until('all are told', () => waiting.every(({ heard }) => heard().includes('told')) || undefined);
});

it('only where all wait is a new one refused', async () => {
  await several(MOST, () => client('GET /wait HTTP/1.1\r\nHost: x\r\n\r\n'));
  await until('all wait', () => waits.length === MOST || undefined);
  expect((await ask()).status).toBeUndefined();
  waits.pop()?.end();
  await until('there is room', async () => (await ask()).status === 200 || undefined);
});
