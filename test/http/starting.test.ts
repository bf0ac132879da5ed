import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPayment } from '../journeys/shapes.ts';
import { Shop } from '../journeys/shop.ts';
import { freePort } from '../support/free-port.mjs';
import { runCommand, until } from '../support/server-process.ts';
import { Service } from './service.ts';
import { addToken } from './tokens.ts';
import { send } from './wire.ts';

let shop: Shop;
beforeAll(async () => {
  shop = await Shop.open();
});
afterAll(() => shop.close());

describe('a bind to more than this machine', () => {
  it.each(['0.0.0.0', '::', '192.0.2.1', '127.0.0.1.example.com', '0', '127.1'])(
    'without tokens does not start: %s',
    async (host) => {
      const port = await freePort();
      const env = { CASHIER_HTTP_HOST: host, CASHIER_HTTP_PORT: String(port) };
      const { code, stdout, stderr } = await shop.command(['http'], env);
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toContain('CASHIER_HTTP_HOST');
      expect(stderr).toContain('令牌');
      expect(stderr).toContain('mcp-cashier tokens add');
    },
  );

  it.each([
    ['CASHIER_PUBLIC_URL', 'https://pay.shop'],
    ['CASHIER_OPERATOR_URL', 'https://desk.shop'],
    ['AP_NOTIFY_URL', 'https://pay.shop/notify/alipay'],
    ['WXPAY_NOTIFY_URL', 'https://pay.shop/notify/wechatpay'],
    ['WXPAY_NOTIFY_URL', 'https://192.168.1.9/notify/wechatpay'],
    ['CASHIER_ALLOWED_HOSTS', 'localhost,cashier_backend'],
    ['CASHIER_ALLOWED_ORIGINS', 'https://agents.example'],
    ['CASHIER_TRUSTED_PROXIES', '127.0.0.1'],
  ])('nor through a tunnel or proxy: %s=%s', async (variable, value) => {
    const env = { CASHIER_HTTP_PORT: String(await freePort()), [variable]: value };
    const { code, stdout, stderr } = await shop.command(['http'], env);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(`${variable}=${value}`);
    expect(stderr.trim().split('\n')).toHaveLength(2);
  });

  it('says the very command that mends it, and then starts', async () => {
    const other = await Shop.open();
    const env = { CASHIER_PUBLIC_URL: 'https://pay.shop' };
    const { stderr } = await other.command(['http'], { CASHIER_HTTP_PORT: String(await freePort()), ...env });
    const [, command = ''] = /mcp-cashier (tokens add(?: --home \S+)? my-agent)/.exec(stderr) ?? [];
    expect(command).toContain(other.home);
    expect((await other.command(command.split(' '))).code).toBe(0);
    const service = await Service.start(other, env);
    expect((await fetch(`${service.origin}/mcp`, { method: 'POST' })).status).toBe(401);
    expect(await service.stop()).toBe(0);
    await other.close();
  });

  it('with --no-mcp serves all else, however it can be reached', async () => {
    const service = await Service.start(
      shop,
      { CASHIER_HTTP_HOST: '0.0.0.0', CASHIER_PUBLIC_URL: 'https://pay.shop' },
      ['--no-mcp'],
    );
    const statusOf = async (method: string, path: string, host: string) =>
      (await send(service.port, `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`))
        .status;
    for (const host of [`127.0.0.1:${service.port}`, 'pay.shop']) {
      expect(await statusOf('POST', '/mcp', host)).toBe(404);
      expect(await statusOf('GET', '/readyz', host)).toBe(200);
      expect(await statusOf('GET', '/c/AAAAAAAAAAAAAAAAAAAAAA', host)).toBe(404);
      expect(await statusOf('GET', '/approvals', host)).toBe(303);
      expect(await statusOf('POST', '/notify/wechatpay', host)).toBe(400);
    }
    expect(await service.stop()).toBe(0);
  });

  it('refuses an option that there is not', async () => {
    const { code, stderr } = await shop.command(['http', '--no-mpc']);
    expect([code, stderr.includes('--no-mcp')]).toEqual([1, true]);
  });

  it('without tokens a proxy that says nothing of itself is the only way in, and one that does is none', async () => {
    const service = await Service.start(shop);
    const post = (headers: Record<string, string>) =>
      fetch(`${service.origin}/mcp`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          ...headers,
        },
        body: '{"jsonrpc":"2.0","id":1,"method":"tools/list"}',
      }).then(({ status }) => status);
    expect(await post({})).toBe(200);
    for (const name of [
      ...['X-Forwarded-For', 'X-Forwarded-Host', 'X-Forwarded-Proto', 'Forwarded', 'Via', 'X-Real-IP'],
      ...['CF-Connecting-IP', 'CDN-Loop', 'True-Client-IP', 'Fly-Client-IP', 'Tailscale-User-Login'],
    ]) {
      expect([name, await post({ [name]: '203.0.113.9' })]).toEqual([name, 403]);
    }
    expect(await service.stop()).toBe(0);
  });

  it('starts with tokens, asks for one, and needs none for what is not MCP', async () => {
    const file = join(shop.home, 'some-tokens.json');
    const env = { CASHIER_TOKENS_FILE: file };
    writeFileSync(file, '{"version":1,"tokens":[]}', { mode: 0o600 });
    const { stdout } = await shop.command(['tokens', 'add', 'remote', '--json'], env);
    const { token } = JSON.parse(stdout) as { token: string };
    const service = await Service.start(shop, { ...env, CASHIER_HTTP_HOST: '0.0.0.0' });
    expect(service.stderr).toContain(`${service.origin}/mcp`);
    expect((await fetch(`${service.origin}/mcp`, { method: 'POST' })).status).toBe(401);
    for (const [path, status] of [
      ['/livez', 200],
      ['/readyz', 200],
      ['/c/AAAAAAAAAAAAAAAAAAAAAA', 404],
    ] as const) {
      expect([path, (await fetch(service.origin + path)).status]).toEqual([path, status]);
    }
    const forged = await fetch(`${service.origin}/notify/wechatpay`, { method: 'POST', body: '{}' });
    expect(forged.status).toBe(400);
    expect(await (await service.agent('modern', token)).tools()).toHaveLength(6);
    expect(await service.stop()).toBe(0);
  });
});

describe('a start is refused in a sentence', () => {
  it.each([
    ['a port that is none', { CASHIER_HTTP_PORT: '0' }, 'CASHIER_HTTP_PORT'],
    ['a public address that is none', { CASHIER_PUBLIC_URL: 'shop.example.com' }, 'CASHIER_PUBLIC_URL'],
    ['a public address with a query', { CASHIER_PUBLIC_URL: 'https://a.example/?x=1' }, 'CASHIER_PUBLIC_URL'],
    ['tokens that are not there', { CASHIER_TOKENS_FILE: '/nowhere/tokens.json' }, 'CASHIER_TOKENS_FILE'],
    ['an address of another machine', { CASHIER_HTTP_HOST: '192.0.2.1', TOKENS: '1' }, 'CASHIER_HTTP_HOST'],
  ])('%s', async (_, { TOKENS, ...env }: Record<string, string>, named) => {
    const file = join(shop.home, 'no-tokens.json');
    writeFileSync(file, '{"version":1,"tokens":[]}', { mode: 0o600 });
    const tokens = TOKENS === undefined ? {} : { CASHIER_TOKENS_FILE: file };
    const { code, stdout, stderr } = await shop.command(['http'], {
      ...{ CASHIER_HTTP_PORT: String(await freePort()), ...tokens },
      ...env,
    });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(named);
    expect(stderr.trim().split('\n')).toHaveLength(2);
  });

  it('a port that another program holds', async () => {
    const other = createServer();
    const port = await freePort();
    await new Promise<void>((resolve) => {
      other.listen(port, '127.0.0.1', resolve);
    });
    const { code, stderr } = await shop.command(['http'], { CASHIER_HTTP_PORT: String(port) });
    expect(code).toBe(1);
    expect(stderr).toContain(`Port ${port} is taken`);
    other.close();
  });

  it.each([
    ['what is not JSON', 'tokens'],
    ['another version', '{"version":2,"tokens":[]}'],
    ['a token in place of its hash', '{"version":1,"tokens":[{"name":"a","sha256":"mcpc_AAAA"}]}'],
  ])('a tokens file with %s', async (_, text) => {
    const file = join(shop.home, 'bad-tokens.json');
    writeFileSync(file, text, { mode: 0o600 });
    const { code, stderr } = await shop.command(['http'], { CASHIER_TOKENS_FILE: file });
    expect(code).toBe(1);
    expect(stderr).toContain(file);
  });
});

describe('a service with a public address', () => {
  it('gives buyers its address, operators theirs, and is reached by them as by its own', async () => {
    const other = await Shop.open();
    const token = await addToken(other, 'till');
    const service = await Service.start(other, {
      CASHIER_PUBLIC_URL: 'https://shop.example.com/',
      CASHIER_OPERATOR_URL: 'https://desk.example.com',
    });
    const agent = await service.agent('modern', token);
    const order = readPayment(
      await agent.call('create-payment', { provider: 'wechatpay', amountYuan: '1.00', title: 'public' }),
    );
    const address = new URL(order.cashierUrl ?? '');
    expect(address.origin).toBe('https://shop.example.com');
    const get = (path: string, host: string, origin = '') =>
      send(service.port, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${origin}Connection: close\r\n\r\n`);
    expect((await get(address.pathname, 'shop.example.com')).status).toBe(200);
    expect((await get(address.pathname, 'SHOP.example.com.:443')).status).toBe(200);
    expect((await get(address.pathname, `127.0.0.1:${service.port}`)).status).toBe(200);
    expect((await get(address.pathname, 'shop.example.com:444')).status).toBe(403);
    expect((await get('/approvals', 'shop.example.com')).status).toBe(403);
    expect((await get('/approvals', 'desk.example.com')).status).toBe(303);
    expect((await get(address.pathname, 'desk.example.com')).status).toBe(403);
    expect((await get('/approvals', `127.0.0.1:${service.port}`)).status).toBe(303);
    expect((await get('/livez', 'shop.example.com', 'Origin: https://shop.example.com\r\n')).status).toBe(
      200,
    );
    expect((await get('/livez', 'shop.example.com', 'Origin: http://shop.example.com\r\n')).status).toBe(403);
    expect((await get('/livez', '10.0.0.7:8080')).status).toBe(200);
    await agent.close();
    expect(await service.stop()).toBe(0);
    const { stdout } = await other.command(['orders', '--json']);
    expect(stdout).toContain('"caller": "till"');
    const doctor = await other.command(['doctor', '--json', '--offline'], {}, runCommand);
    expect(doctor.stdout).toContain('service.refused-names');
    expect(doctor.stdout).toContain('shop.example.com:444');
    await other.close();
  });
});

it('has its own simulator where nothing else is configured, and settles without being asked', async () => {
  const service = await Service.start(shop);
  const agent = await service.agent('legacy');
  const order = readPayment(
    await agent.call('create-payment', { provider: 'alipay', amountYuan: '1.00', title: 'sim:notify-never' }),
  );
  await shop.simulator.pay(order);
  await agent.close();
  const { stdout } = await until('it is settled', async () => {
    const listed = await shop.command(['orders', '--json']);
    return listed.stdout.includes('"state": "PAID"') ? listed : undefined;
  });
  expect(stdout).toContain(order.outTradeNo);
  expect(await service.stop()).toBe(0);
  expect(service.stdout).toBe('');
});
