import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Hono } from 'hono';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { anyoneAs } from '../../src/auth/callers.ts';
import { openApp } from '../../src/compose.ts';
import { readConfig } from '../../src/config.ts';
import { systemPorts } from '../../src/platform/system.ts';
import { serveOverHttp } from '../../src/transports/http.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'health-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

/** The service in this process, with a say in whether it is ready. */
async function serve(ready: () => Promise<{ readonly ready: boolean }>, routes = new Hono()) {
  const config = await readConfig({ CASHIER_HOME: home, CASHIER_LOG_LEVEL: 'silent' }, home);
  const app = await openApp(config, systemPorts);
  const stop = new AbortController();
  let listening: (origin: string) => void = () => undefined;
  const listens = new Promise<string>((resolve) => {
    listening = resolve;
  });
  const served = serveOverHttp({
    deps: new Map([['default', { ...app, tools: [], stopping: stop.signal }]]),
    callers: anyoneAs('http'),
    routes,
    ready,
    realm: 'simulator',
    ...{ host: '127.0.0.1', port: 0, signal: stop.signal },
    listening,
  });
  const origin = await listens;
  return {
    status: async (path: string) => (await fetch(origin + path)).status,
    async end() {
      stop.abort();
      await served;
      await app.close();
    },
  };
}

it('is alive and ready while the ledger can be read', async () => {
  const service = await serve(async () => ({ ready: true }));
  expect([await service.status('/livez'), await service.status('/readyz')]).toEqual([200, 200]);
  await service.end();
});

it('is alive and not ready while it cannot', async () => {
  const service = await serve(async () => ({ ready: false }));
  expect([await service.status('/livez'), await service.status('/readyz')]).toEqual([200, 503]);
  await service.end();
});

it('tells nothing of what a route threw', async () => {
  const routes = new Hono().get('/notify/x', () => {
    throw new Error('secret');
  });
  const service = await serve(async () => ({ ready: true }), routes);
  expect(await service.status('/notify/x')).toBe(500);
  expect(await service.status('/livez')).toBe(200);
  await service.end();
});
