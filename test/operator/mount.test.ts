import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { servePage } from '../../src/cli/serve-page.ts';
import { type App, openApp } from '../../src/compose.ts';
import { readConfig } from '../../src/config.ts';
import { systemPorts } from '../../src/platform/system.ts';
import { commandContext } from '../support/command-context.ts';
import { until } from '../support/server-process.ts';

const ID = 'A23456789ABCD';
let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'cashier-operator-'));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(home, { recursive: true, force: true });
});
const config = () => readConfig({ CASHIER_HOME: home, CASHIER_LOG_LEVEL: 'silent' }, home);
const statusOf = async (url: string) => (await fetch(url, { redirect: 'manual' })).status;

/** Without a secret nobody could sign in there, and no address is given out. */
async function withSecret(app: App): Promise<App> {
  expect(await app.approvalUrl(ID)).toBeUndefined();
  await app.ledger.write((book) => book.setMeta('operator_secret', 'c2FsdA==$aGFzaA=='));
  return app;
}

it('beside stdio the pages have a loopback port of their own, opened at the first call, closed with the app', async () => {
  const app = await withSecret(await openApp(await config(), systemPorts));
  const url = (await app.approvalUrl(ID)) ?? '';
  expect(url).toMatch(new RegExp(`^http://127\\.0\\.0\\.1:\\d+/approvals/${ID}$`));
  expect(await app.approvalUrl(ID)).toBe(url);
  expect(await statusOf(url)).toBe(303);
  expect(await statusOf(new URL('/', url).href)).toBe(303);
  expect(await statusOf(new URL('/c/Vx3_q-0aZ9LmNpQrStUvWA', url).href)).toBe(404);
  // The port for gateways may be open to the world.
  expect((await (await app.routes()).request('/approvals')).status).toBe(404);
  const foreign = await fetch(url, { headers: { origin: 'https://evil.example' } });
  expect([foreign.status, foreign.headers.get('x-frame-options')]).toEqual([403, 'DENY']);
  await app.close();
  await expect(fetch(url)).rejects.toThrow();
});

it('on the service they are below its public address, and opening it is all it takes', async () => {
  const service = { publicUrl: 'https://pay.example/till', localUrl: 'http://127.0.0.1:3920' };
  const app = await withSecret(await openApp(await config(), systemPorts, service));
  expect(await app.approvalUrl(ID)).toBe(`https://pay.example/till/approvals/${ID}`);
  const routes = await app.routes();
  expect((await routes.request(`http://127.0.0.1:3920/approvals/${ID}`)).headers.get('location')).toBe(
    `/approvals/sign-in?next=${ID}`,
  );
  expect((await routes.request(`http://pay.example/approvals/${ID}`)).headers.get('location')).toBe(
    `/till/approvals/sign-in?next=${ID}`,
  );
  await app.close();
});

it('a command serves them until it is stopped', async () => {
  const said: string[] = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => said.push(String(text)) > 0);
  const stop = new AbortController();
  const context = commandContext(config, stop.signal);
  const ended = servePage({}, context, '/approvals');
  const url = await until('the address', () => said.find((line) => line.startsWith('http'))?.trim());
  expect(await statusOf(url)).toBe(303);
  const busy = servePage({ port: new URL(url).port }, context, '/console');
  await expect(busy).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  stop.abort();
  expect(await ended).toBe(0);
  await expect(fetch(url)).rejects.toThrow();
});
