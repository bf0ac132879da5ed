import { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configOf } from '../../src/config.ts';
import { type Listener, listen } from '../../src/platform/listener.ts';
import { RefusedNames } from '../../src/platform/refused-names.ts';
import { request, send } from '../http/wire.ts';

/** As a merchant sets it up: buyers and agents here, gateways there, operators inside. */
const ENV = {
  CASHIER_PUBLIC_URL: 'https://pay.shop:8443/till',
  AP_NOTIFY_URL: 'https://notify.shop/notify/alipay',
  WXPAY_NOTIFY_URL: 'https://Notify.Shop./notify/wechatpay',
  CASHIER_OPERATOR_URL: 'https://desk.shop.internal',
  CASHIER_ALLOWED_HOSTS: 'cashier_backend, api.shop:9000',
  CASHIER_ALLOWED_ORIGINS: 'http://localhost:6274, https://Agents.Example.',
};
const PATHS = {
  mcp: '/mcp',
  notify: '/notify/alipay',
  pages: '/c/AAAAAAAAAAAAAAAAAAAAAA',
  operator: '/approvals',
} as const;
type Where = keyof typeof PATHS;

let listener: Listener;
let port: number;
const refused: string[] = [];
beforeAll(async () => {
  const { names, allowedOrigins } = configOf({ CASHIER_HOME: '/nowhere', ...ENV });
  const routes = new Hono().all('*', (c) => c.text('served'));
  const refusedName = (name: string) => void refused.push(name);
  listener = await listen({
    ...{ routes, names, allowedOrigins, refusedName },
    refused: () => new Response(null, { status: 403 }),
  });
  port = Number(new URL(listener.origin).port);
});
afterAll(() => listener.close());

const own = (text: string) => text.replace('PORT', String(port));
async function reaches(host: string, path: string, origin?: string, via?: string): Promise<boolean> {
  const headers = {
    Host: own(host),
    Connection: 'close',
    'X-Forwarded-For': via,
    Origin: origin === undefined ? origin : own(origin),
  };
  const { status } = await send(port, request(`GET ${path} HTTP/1.1`, headers));
  expect([200, 403, 404]).toContain(status);
  return status === 200;
}
const ALL: readonly Where[] = ['mcp', 'notify', 'pages', 'operator'];

it.each<[string, readonly Where[]]>([
  ['127.0.0.1:PORT', ['mcp', 'notify', 'pages']],
  ['localhost:PORT', ['mcp', 'notify', 'pages']],
  ['pay.shop', ['mcp', 'notify', 'pages']],
  ['desk.shop.internal', ['operator']],
])('a proxy that says %s brings nobody to the operator by the name of this machine', async (host, areas) => {
  for (const where of ALL) {
    const reached = await reaches(host, PATHS[where], undefined, '203.0.113.9');
    expect([where, reached]).toEqual([where, areas.includes(where)]);
  }
});

describe('what stands under a name', () => {
  it.each<[string, readonly Where[]]>([
    // This machine.
    ['127.0.0.1:PORT', ALL],
    ['localhost:PORT', ALL],
    ['LocalHost:PORT', ALL],
    ['localhost.:PORT', ALL],
    ['127.0.0.1.:PORT', ALL],
    ['localhost', []],
    ['localhost:1', []],
    ['127.0.0.2:PORT', []],
    // The public address, with its port, without, and with what proxies make of it.
    ['pay.shop:8443', ['mcp', 'notify', 'pages']],
    ['pay.shop', ['mcp', 'notify', 'pages']],
    ['PAY.Shop.', ['mcp', 'notify', 'pages']],
    ['pay.shop.:8443', ['mcp', 'notify', 'pages']],
    ['pay.shop:443', ['mcp', 'notify', 'pages']],
    ['pay.shop:80', ['mcp', 'notify', 'pages']],
    ['pay.shop:PORT', ['mcp', 'notify', 'pages']],
    ['pay.shop:8444', []],
    ['x.pay.shop', []],
    ['pay.shop.evil.example', []],
    ['pay.shop..', []],
    // Gateways only.
    ['notify.shop', ['notify']],
    ['notify.shop:443', ['notify']],
    ['NOTIFY.SHOP.', ['notify']],
    // Operators only.
    ['desk.shop.internal', ['operator']],
    ['desk.shop.internal:443', ['operator']],
    // Further names, such as an upstream's.
    ['cashier_backend', ['mcp', 'notify', 'pages']],
    ['cashier_backend:PORT', ['mcp', 'notify', 'pages']],
    ['api.shop', ['mcp', 'notify', 'pages']],
    ['api.shop:9000', ['mcp', 'notify', 'pages']],
    ['api.shop:9001', []],
    ['evil.example', []],
  ])('%s', async (host, expected) => {
    const found = await Promise.all(
      ALL.map(async (where) => ((await reaches(host, PATHS[where])) ? [where] : [])),
    );
    expect(found.flat()).toEqual(expected);
  });

  it('counts for every spelling of a path', async () => {
    for (const path of [
      '/approvals/',
      '/approvals/sign-in',
      '/%61pprovals',
      '/approvals?x',
      '/console',
      '/mcp?x',
    ]) {
      expect([path, await reaches('notify.shop', path)]).toEqual([path, false]);
    }
    for (const path of [
      ...['/approvals/', '/approvals/sign-in', '/%61pprovals', '/console/orders'],
      ...[
        '/m/tea-shop/approvals',
        '/m/tea-shop/approvals/sign-in',
        '/m/tea-shop/%61pprovals',
        '/m/%74ea-shop/console',
      ],
    ]) {
      expect([path, await reaches('pay.shop', path)]).toEqual([path, false]);
    }
  });

  it('is not asked for by who looks whether we live', async () => {
    for (const host of ['10.1.2.3:8080', 'anything', 'pay.shop', 'notify.shop', '[fd00::1]:3920']) {
      expect([host, await reaches(host, '/livez'), await reaches(host, '/readyz')]).toEqual([
        host,
        true,
        true,
      ]);
    }
    expect(await reaches('10.1.2.3', '/livez/x')).toBe(false);
    expect(await reaches('10.1.2.3', '/livez', 'https://evil.example')).toBe(false);
  });
});

describe('a page of', () => {
  it.each<[string, string, string, boolean]>([
    ['the public address', 'pay.shop', 'https://pay.shop:8443', true],
    ['the same in capitals', 'pay.shop:8443', 'HTTPS://PAY.SHOP:8443', true],
    ['it at another port', 'pay.shop', 'https://pay.shop', false],
    ['it by another scheme', 'pay.shop', 'http://pay.shop:8443', false],
    ['this machine', 'localhost:PORT', 'http://localhost:PORT', true],
    ['this machine under its other name', 'localhost:PORT', 'http://127.0.0.1:PORT', false],
    ['a further name', 'cashier_backend', 'https://cashier_backend', true],
    ['an allowed origin', '127.0.0.1:PORT', 'http://localhost:6274', true],
    ['an allowed origin in other letters', 'pay.shop', 'https://agents.example', true],
    ['an allowed name at another port', '127.0.0.1:PORT', 'http://localhost:6275', false],
    ['nobody', '127.0.0.1:PORT', 'null', false],
    ['an origin with more behind it', 'pay.shop', 'https://pay.shop:8443/x', false],
    ['another site', 'pay.shop', 'https://evil.example', false],
  ])('%s', async (_, host, origin, expected) => {
    expect(await reaches(host, '/mcp', origin)).toBe(expected);
  });

  it('an allowed origin reaches what callers do, and nothing else', async () => {
    for (const where of ['notify', 'pages', 'operator'] as const) {
      expect(await reaches('127.0.0.1:PORT', PATHS[where], 'http://localhost:6274')).toBe(false);
    }
  });
});

it('tells which name or origin it refused', async () => {
  refused.length = 0;
  await reaches('evil.example', '/mcp');
  await reaches('notify.shop', '/mcp');
  await reaches('pay.shop', '/mcp', 'https://evil.example');
  await reaches('pay.shop', '/mcp');
  expect(refused).toEqual(['evil.example', 'notify.shop', 'https://evil.example']);
});

describe('settings of names', () => {
  it.each([
    ['CASHIER_ALLOWED_HOSTS', '*'],
    ['CASHIER_ALLOWED_HOSTS', 'https://pay.shop'],
    ['CASHIER_ALLOWED_HOSTS', 'a b'],
    ['CASHIER_ALLOWED_ORIGINS', '*'],
    ['CASHIER_ALLOWED_ORIGINS', 'localhost:6274'],
    ['CASHIER_ALLOWED_ORIGINS', 'https://a.example/path'],
    ['CASHIER_TRUSTED_PROXIES', 'nginx'],
    ['CASHIER_TRUSTED_PROXIES', '10.0.0.0/33'],
    ['CASHIER_OPERATOR_URL', 'desk.shop'],
  ])('are refused where they mean nothing: %s=%s', (variable, value) => {
    expect(() => configOf({ CASHIER_HOME: '/nowhere', [variable]: value })).toThrow(
      expect.objectContaining({ code: 'CONFIGURATION', details: { variable } }),
    );
  });
});

describe('refused names', () => {
  it('are told of once a minute, counted, and no more than twenty', async () => {
    let now = 1_000_000;
    const told: Record<string, number>[] = [];
    const kept: ReadonlyMap<string, number>[] = [];
    const clock = { now: () => now, sleep: async () => undefined };
    const log = {
      info: (_: string, facts: { refused?: Record<string, number> } = {}) =>
        void told.push(facts.refused ?? {}),
      ...{ warn: () => undefined, error: () => undefined },
    };
    const names = new RefusedNames({ clock, log, keep: async (counted) => void kept.push(counted) });
    names.note('first.example');
    for (let i = 0; i < 1_000; i++) names.note(`scanner-${i}.example`);
    names.note('pay.shop\n\u001b[31m');
    expect(told).toEqual([{ 'first.example': 1 }]);
    now += 60_000;
    names.note('scanner-0.example');
    expect(told).toHaveLength(2);
    expect(Object.keys(told[1] ?? {})).toHaveLength(21);
    expect(told[1]).toMatchObject({ 'scanner-0.example': 2, others: 981 });
    names.note('x'.repeat(10_000));
    await names.close();
    expect(JSON.stringify(told[2]).length).toBeLessThan(200);
    expect(kept).toHaveLength(3);
    expect(JSON.stringify(told)).not.toContain('\\n');
  });
});
