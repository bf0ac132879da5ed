import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OutcomeUnknown } from '../../src/providers/contract.ts';
import { gatewayHttp } from '../../src/providers/gateway-http.ts';

const MEGABYTE = 1_048_576;
let server: Server;
let origin = '';
let followed = 0;
beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.url === '/never') return;
    if (request.url === '/followed') followed += 1;
    if (request.url === '/away') return void response.writeHead(302, { location: '/followed' }).end();
    const bomb = request.url === '/bomb';
    response.writeHead(200, bomb ? { 'content-encoding': 'gzip' } : {});
    response.end(bomb ? gzipSync(Buffer.alloc(8 * MEGABYTE)) : Buffer.alloc(2 * MEGABYTE, 0xff));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const get = (path: string, limits: { maxBodyBytes?: number; timeoutMs?: number } = {}) =>
  gatewayHttp().send({ method: 'GET', url: `${origin}${path}`, headers: {}, ...limits });
const why = (download: Promise<unknown>) =>
  download.then(
    () => 'read',
    (error: unknown) => (error instanceof OutcomeUnknown ? error.detail : error),
  );

describe('a download', () => {
  it('may be larger than an answer, byte for byte, where the request says so', async () => {
    expect(await why(get('/file'))).toBe('answer-too-large');
    const { body } = await get('/file', { maxBodyBytes: 2 * MEGABYTE });
    expect(body.equals(Buffer.alloc(2 * MEGABYTE, 0xff))).toBe(true);
    expect(await why(get('/file', { maxBodyBytes: 2 * MEGABYTE - 1 }))).toBe('answer-too-large');
  });

  it('is bounded by what it unpacks to on the way', async () => {
    expect(await why(get('/bomb', { maxBodyBytes: 4 * MEGABYTE }))).toBe('answer-too-large');
  });

  it('follows no redirect', async () => {
    expect((await get('/away')).status).toBe(302);
    expect(followed).toBe(0);
  });

  it('has a deadline of its own', async () => {
    expect(await why(get('/never', { timeoutMs: 50 }))).toBe('timeout');
  });
});
