/** `mcp-cashier http` with other things to offer: the very same wiring, for the conformance suite. */
import { Hono } from 'hono';
import { anyoneAs } from '../../src/auth/callers.ts';
import { openApp } from '../../src/compose.ts';
import { readConfig } from '../../src/config.ts';
import { systemPorts } from '../../src/platform/system.ts';
import { serveOverHttp } from '../../src/transports/http.ts';
import type { EndpointDeps } from '../../src/transports/mcp-endpoint.ts';
import { fixtures } from './fixtures.ts';

const { CASHIER_HOME = '', CASHIER_HTTP_PORT } = process.env;
const config = await readConfig({ CASHIER_HOME, CASHIER_LOG_LEVEL: 'silent' }, CASHIER_HOME);
const app = await openApp(config, systemPorts);
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
await serveOverHttp({
  deps: new Map<string, EndpointDeps>([
    ['default', { ...app, tools: [], stopping: stop.signal, build: (_deps, era) => fixtures(era) }],
  ]),
  callers: anyoneAs('http'),
  routes: new Hono(),
  ready: async () => ({ ready: true }),
  realm: 'simulator',
  ...{ host: '127.0.0.1', port: Number(CASHIER_HTTP_PORT), signal: stop.signal },
  listening: (origin) => void process.stderr.write(`fixtures: ${origin}/mcp\n`),
});
await app.close();
