import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPayment } from '../journeys/shapes.ts';
import { Shop, secretsIn } from '../journeys/shop.ts';
import { stumblingBlocks } from '../support/accessibility.ts';
import { axeFindings } from '../support/axe.ts';
import { findChromium, launchChromium } from '../support/chromium.ts';
import { until } from '../support/server-process.ts';
import { numberIn, samplesIn } from '../telemetry/exposition.ts';
import { ERAS, Service } from './service.ts';
import { addToken } from './tokens.ts';
import { request, send } from './wire.ts';

const NAME = 'pay.shop.example';
const NOTIFY_NAME = 'notify.shop.example';
const POLICY = 'version: 1\npayments: { maxYuan: "100.00" }\n';

let shop: Shop;
let service: Service;
const tokens = { watcher: '', both: '', agent: '' };
beforeAll(async () => {
  shop = await Shop.open({ policy: POLICY });
  tokens.watcher = await addToken(shop, 'watcher', '--tools', 'metrics');
  tokens.both = await addToken(shop, 'both', '--tools', 'query-payment,metrics');
  tokens.agent = await addToken(shop, 'agent-4711');
  service = await Service.start(shop, {
    CASHIER_PUBLIC_URL: `https://${NAME}`,
    AP_NOTIFY_URL: `https://${NOTIFY_NAME}/notify/alipay`,
    CASHIER_MERCHANT_NAME: '红烧肉总店',
  });
});
afterAll(async () => {
  expect(await service.stop()).toBe(0);
  await shop.close();
});

/** What is answered to a request with these headers. */
const get = (path: string, headers: Readonly<Record<string, string | undefined>> = {}) =>
  send(
    service.port,
    request(`GET ${path} HTTP/1.1`, {
      host: `127.0.0.1:${service.port}`,
      ...headers,
      connection: 'close',
    }),
  );
const bearer = (token: string) => `Bearer ${token}`;
const scrape = async () => samplesIn(await (await fetch(`${service.origin}/metrics`)).text());

describe('/metrics', () => {
  const outside = { host: NAME };
  const passedOn = { 'x-forwarded-for': '203.0.113.9' };
  it.each([
    ['this machine', 200, () => ({})],
    ['this machine by another name of its own', 200, () => ({ host: `localhost:${service.port}` })],
    ['a proxy without a token', 401, () => passedOn],
    ['a proxy that says so in another way', 401, () => ({ via: '1.1 tunnel' })],
    ['a proxy that claims to be this machine', 401, () => ({ 'x-forwarded-for': '127.0.0.1' })],
    ['the public name without a token', 401, () => outside],
    ['what is no token', 401, () => ({ ...outside, authorization: 'Bearer x' })],
    ['another scheme', 401, () => ({ ...outside, authorization: `Basic ${tokens.watcher}` })],
    ['a token without the right', 403, () => ({ ...outside, authorization: bearer(tokens.agent) })],
    ['the same by a proxy', 403, () => ({ ...passedOn, authorization: bearer(tokens.agent) })],
    ['a token with the right', 200, () => ({ ...outside, authorization: bearer(tokens.watcher) })],
    ['the same by a proxy', 200, () => ({ ...passedOn, authorization: bearer(tokens.watcher) })],
    ['one that may do more', 200, () => ({ ...outside, authorization: bearer(tokens.both) })],
    [
      'a name that is for notifications',
      403,
      () => ({ host: NOTIFY_NAME, authorization: bearer(tokens.watcher) }),
    ],
    ['a name that is not ours', 403, () => ({ host: 'evil.example', authorization: bearer(tokens.watcher) })],
    ['a page of another site', 403, () => ({ origin: 'https://evil.example' })],
  ] as const)('%s: %i', async (_, status, headers) => {
    const answer = await get('/metrics', headers());
    expect(answer.status).toBe(status);
    if (status === 200) expect(samplesIn(answer.body).length).toBeGreaterThan(100);
    else expect(answer.body).not.toContain('cashier_');
  });

  it('without /mcp, they are for this machine and for tokens all the same', async () => {
    const other = await Service.start(shop, {}, ['--no-mcp']);
    const statusWith = async (headers: Readonly<Record<string, string>>) =>
      (await fetch(`${other.origin}/metrics`, { headers })).status;
    expect(await statusWith({})).toBe(200);
    expect(await statusWith(passedOn)).toBe(401);
    expect(await statusWith({ ...passedOn, authorization: bearer(tokens.agent) })).toBe(403);
    expect(await statusWith({ ...passedOn, authorization: bearer(tokens.watcher) })).toBe(200);
    expect(await (await fetch(other.origin)).text()).not.toContain('<code>/mcp</code>');
    expect(await other.stop()).toBe(0);
  });

  it('a token in the address is none', async () => {
    expect((await get(`/metrics?access_token=${tokens.watcher}`, outside)).status).toBe(401);
  });

  it('is read and nothing else', async () => {
    const post = await fetch(`${service.origin}/metrics`, { method: 'POST' });
    expect(post.status).toBe(404);
    const { headers } = await fetch(`${service.origin}/metrics`);
    expect(headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('a token for metrics alone calls no tool and sees no order', async () => {
    const agent = await service.agent('legacy', tokens.watcher);
    expect(await agent.tools()).toEqual([]);
    expect(await agent.resources()).not.toContainEqual(expect.stringMatching(/orders\/\w/));
    await agent.close();
  });
});

/** What a caller can say: none of it may be told to whoever watches. */
const SAID = {
  title: 'TITLE_7f3a 红烧肉',
  outTradeNo: 'ORDER_WATCHED_1',
  buyer: 'buyer-9c1e@example.com',
  tool: 'no-such-tool-5d2b',
};

describe.each(ERAS)('what a %s client does', (era) => {
  it('is counted by what it was, and nothing that it said or holds is told', async () => {
    const before = await scrape();
    const more = async (name: string, labels: Readonly<Record<string, string>>) =>
      (numberIn(await scrape(), name, labels) ?? 0) - (numberIn(before, name, labels) ?? 0);
    const agent = await service.agent(era, tokens.agent);
    const outTradeNo = `${SAID.outTradeNo}_${era}`;
    const args = { provider: 'wechatpay', title: SAID.title, buyer: SAID.buyer, outTradeNo };
    const order = readPayment(await agent.call('create-payment', { ...args, amountYuan: '5.00' }));
    await agent.call('create-payment', { ...args, outTradeNo: `${outTradeNo}_2`, amountYuan: '5000.00' });
    await agent.call('create-payment', { ...args, [SAID.title]: 'x', amountYuan: '1.00' });
    await agent.call(SAID.tool, {}).catch(() => undefined);
    const waiting = agent.call('query-payment', { outTradeNo, waitSeconds: 20 });
    await until('it waits', async () => numberIn(await scrape(), 'cashier_waits_open') === 1 || undefined);
    await shop.simulator.pay(order);
    await waiting;
    await fetch(`${service.origin}/notify/wechatpay`, { method: 'POST', body: SAID.title });
    await fetch(`${service.origin}/notify/alipay`, { method: 'POST', body: `sign=${SAID.buyer}` });
    await agent.close();

    const ended = (outcome: string, tool = 'create-payment') =>
      more('cashier_tool_calls_total', { tool, outcome });
    expect(await ended('ok')).toBe(1);
    expect(await ended('POLICY_DENIED')).toBe(1);
    expect(await ended('INVALID_ARGUMENT')).toBe(1);
    expect(await ended('ok', 'query-payment')).toBe(1);
    expect(await more('cashier_policy_denials_total', { rule: 'payments.maxYuan' })).toBe(1);
    const created = { gateway: 'wechatpay', operation: 'create', outcome: 'ok' };
    expect(await more('cashier_gateway_request_duration_seconds_count', created)).toBe(1);
    const headless = { gateway: 'wechatpay', reason: 'missing-header' };
    expect(await more('cashier_notifications_rejected_total', headless)).toBe(1);
    expect(await more('cashier_notifications_total', { gateway: 'alipay', outcome: 'rejected' })).toBe(1);
    expect(await more('cashier_ledger_commit_seconds_count', { kind: 'write' })).toBeGreaterThan(2);
    expect(numberIn(await scrape(), 'cashier_waits_open')).toBe(0);

    const told = await (await fetch(`${service.origin}/metrics`)).text();
    const secret = [...secretsIn(shop.simulator.env), ...Object.values(tokens)];
    const words = [...Object.values(SAID), '红烧肉', 'TITLE_7f3a', 'agent-4711', '9c1e', order.outTradeNo];
    for (const one of [...words, ...secret, shop.home]) expect(told).not.toContain(one);
  });

  it('has one id in the log, from the call to the gateway, and in the trail', async () => {
    const agent = await service.agent(era, tokens.agent);
    const outTradeNo = `TRACED_1_${era}`;
    const args = { provider: 'alipay', amountYuan: '3.00', title: SAID.title, outTradeNo };
    await agent.call('create-payment', args);
    await agent.close();
    const { stdout } = await shop.command(['audit', 'show', outTradeNo, '--json']);
    const ids = new Set([...stdout.matchAll(/"call(?:Id)?": ?"([\w-]{12})"/g)].map((match) => match[1]));
    expect(ids.size).toBe(1);
    const [id = ''] = ids;
    const lines = readFileSync(join(shop.home, 'cashier.log'), 'utf8')
      .split('\n')
      .filter((line) => line.includes(id))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const facts = { call: id, outcome: 'ok', ms: expect.any(Number) };
    expect(lines).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ msg: 'call', caller: 'agent-4711', tool: 'create-payment', ...facts }),
        expect.objectContaining({
          msg: 'gateway answered',
          gateway: 'alipay',
          operation: 'create',
          ...facts,
        }),
      ]),
    );
    expect(JSON.stringify(lines)).not.toContain('TITLE_7f3a');
  });
});

it('/readyz is JSON with a word for each part, under any name, and tells a stranger nothing else', async () => {
  // What was sold before is told to its channel first.
  await until('all is told', async () => {
    const { outbox } = JSON.parse((await get('/readyz', { host: NAME })).body) as {
      outbox: { waiting: number };
    };
    return outbox.waiting === 0 || undefined;
  });
  for (const host of [NAME, NOTIFY_NAME, '10.1.2.3']) {
    const { status, body } = await get('/readyz', { host });
    expect(status).toBe(200);
    expect(JSON.parse(body)).toEqual({
      ...{ ready: true, ledger: 'ok', settler: 'ok', outbox: { waiting: 0, oldestSeconds: 0 } },
      gateways: expect.stringMatching(/^(ok|idle)$/),
    });
  }
});

describe('/', () => {
  it('says what this is and where things are, the same to everybody, and nothing of the merchant', async () => {
    const page = await (await fetch(service.origin)).text();
    for (const path of ['/mcp', '/approvals', '/livez', '/readyz', '/metrics', '/notify/']) {
      expect(page).toContain(path);
    }
    expect(page).toContain('Simulator, no real money');
    expect(page).toContain('支付宝和微信支付');
    const { body } = await get('/', { host: NAME });
    expect(body).toBe(page);
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    const theirs = ['红烧肉总店', 'agent-4711', version, process.version, shop.home, ...secretsIn(shop.env)];
    for (const one of theirs) expect(page).not.toContain(one);
    expect((await get('/', { host: NOTIFY_NAME })).status).toBe(403);
  });

  it('leads only to what is there', async () => {
    const page = await (await fetch(service.origin)).text();
    const links = [...page.matchAll(/href="(\/[^"]*)"/g)].map((match) => match[1] ?? '');
    expect(links.length).toBeGreaterThan(3);
    for (const link of links)
      expect([link, (await fetch(service.origin + link)).status]).toEqual([link, 200]);
  });

  const chromium = findChromium();
  it.skipIf(chromium === undefined)('is nobody’s stumbling block, at any size, light or dark', async () => {
    const browser = await launchChromium(chromium ?? '');
    const said: string[] = [];
    for (const [width, height] of [
      [320, 568],
      [390, 844],
      [1280, 800],
      [1920, 1080],
    ] as const) {
      for (const colorScheme of ['light', 'dark'] as const) {
        const context = await browser.newContext({ viewport: { width, height }, colorScheme });
        const page = await context.newPage();
        page.on('console', (message) => said.push(message.text()));
        await page.goto(service.origin);
        expect([width, colorScheme, await stumblingBlocks(page)]).toEqual([width, colorScheme, []]);
        expect(await axeFindings(page)).toEqual([]);
        await context.close();
      }
    }
    await browser.close();
    expect(said).toEqual([]);
  });
});
