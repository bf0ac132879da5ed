import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/server-process.ts';
import { type Caller, FoodCourt, MERCHANTS, structured } from './food-court.ts';

let court: FoodCourt;
beforeAll(async () => {
  court = await FoodCourt.open();
});
afterAll(() => court.close());

const sell = async (caller: Caller, args: object = {}) => {
  const sale = { provider: 'wechatpay', amountYuan: '5.00', title: 'tea', ...args };
  return structured(await court.as(caller).call('create-payment', sale));
};
const query = async (caller: Caller, outTradeNo: string) =>
  structured(await court.as(caller).call('query-payment', { outTradeNo }));

it('each merchant has a ledger of its own, known to its home', () => {
  const ledgers = MERCHANTS.map((merchant) => join(court.home, 'simulator', merchant, 'ledger.db'));
  expect(ledgers.filter(existsSync)).toEqual(ledgers);
  const known = JSON.parse(readFileSync(join(court.home, 'ledgers.json'), 'utf8')) as { ledgers: string[] };
  expect(known.ledgers.toSorted()).toEqual(ledgers.toSorted());
});

it('both may sell under one number, and each is notified at its own address', async () => {
  const outTradeNo = 'SAME_000001';
  const [tea, noodles] = await Promise.all([
    sell('alice', { outTradeNo }),
    sell('carol', { outTradeNo, amountYuan: '9.00' }),
  ]);
  expect([tea.amountYuan, noodles.amountYuan]).toEqual(['5.00', '9.00']);
  expect(tea.cashierUrl).toContain(`${court.origin}/m/tea-shop/c/`);
  expect(noodles.cashierUrl).toContain(`${court.origin}/m/noodle-bar/c/`);
  await court.simulators['tea-shop'].pay(tea);
  const applied = (merchant: string) =>
    `cashier_notifications_total{merchant="${merchant}",gateway="wechatpay",outcome="applied"}`;
  const metrics = await until('the notification', async () => {
    const text = await (await court.fetch('/metrics')).text();
    return text.includes(`${applied('tea-shop')} 1`) ? text : undefined;
  });
  expect(metrics).toContain(`${applied('noodle-bar')} 0`);
  expect((await query('alice', outTradeNo)).state).toBe('PAID');
  expect((await query('carol', outTradeNo)).state).toBe('NOTPAY');
});

it('/metrics tells of all to this machine, each family once, and of itself to a token', async () => {
  const all = await (await court.fetch('/metrics')).text();
  expect(all.match(/^# TYPE .*$/gm)).toEqual([...new Set(all.match(/^# TYPE .*$/gm))]);
  expect(all.match(/^process_start_time_seconds .*$/gm)).toHaveLength(1);
  for (const merchant of MERCHANTS)
    expect(all).toContain(`cashier_ledger_readable{merchant="${merchant}"} 1`);
  const made = await court.command([
    'tokens',
    'add',
    'scraper',
    '--tools',
    'metrics',
    '--merchant',
    'tea-shop',
    '--json',
  ]);
  const { token } = JSON.parse(made.stdout) as { token: string };
  const headers = { authorization: `Bearer ${token}`, 'x-forwarded-for': '203.0.113.9' };
  const own = await (await court.fetch('/metrics', { headers })).text();
  expect(own).toContain('cashier_ledger_readable 1');
  expect(own).not.toContain('noodle-bar');
});

it('is ready when all are, and says nothing of whose it is', async () => {
  const answer = await court.fetch('/readyz');
  expect(answer.status).toBe(200);
  const text = await answer.text();
  expect(JSON.parse(text)).toMatchObject({ ready: true, ledger: 'ok' });
  for (const path of ['/readyz', '/', '/livez']) {
    expect(await (await court.fetch(path)).text()).not.toMatch(/tea-shop|noodle-bar|茶铺|面馆/);
  }
});

it('a command lists them with their payees, wallets and ledgers', async () => {
  const { stdout } = await court.command(['merchants', '--json']);
  const { items } = JSON.parse(stdout) as { items: Record<string, unknown>[] };
  expect(items.map(({ merchant, payee }) => [merchant, payee])).toEqual([
    ['tea-shop', '茶铺'],
    ['noodle-bar', '面馆'],
  ]);
  for (const { merchant, wallets, ledger } of items) {
    expect(wallets).toContain('alipay');
    expect(ledger).toContain(`/${merchant}/`);
  }
  const one = await court.command(['merchants', '--merchant', 'tea-shop', '--lang', 'en']);
  expect(one.stdout).toContain('tea-shop');
  expect(one.stdout).not.toContain('noodle-bar');
});

it('a token belongs to one merchant', async () => {
  const { code, stderr } = await court.command(['tokens', 'add', 'nobody']);
  expect([code, stderr]).toEqual([1, expect.stringContaining('--merchant: tea-shop, noodle-bar')]);
  const file = join(court.home, 'tokens.json');
  const before = readFileSync(file, 'utf8');
  const written = JSON.parse(before) as { tokens: { name: string; merchant?: string }[] };
  for (const merchant of [undefined, 'gone-away']) {
    const tokens = written.tokens.map((one) => (one.name === 'bob' ? { ...one, merchant } : one));
    writeFileSync(file, JSON.stringify({ ...written, tokens }));
    const refused = await court.as('bob').say('tools/list');
    expect(refused).toEqual({ status: 403, text: expect.stringContaining('tokens add NAME --merchant') });
    expect(refused.text).not.toMatch(/tea-shop|noodle-bar/);
  }
  writeFileSync(file, before);
  expect((await court.as('bob').say('tools/list')).status).toBe(200);
});

it('a name may be two callers’, one of each merchant', async () => {
  const { code } = await court.command(['tokens', 'add', 'alice', '--merchant', 'noodle-bar']);
  expect(code).toBe(0);
  expect(await court.command(['tokens', 'revoke', 'alice'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('--merchant: tea-shop, noodle-bar'),
  });
  expect((await court.command(['tokens', 'revoke', 'alice', '--merchant', 'noodle-bar'])).code).toBe(0);
  expect((await court.as('alice').say('tools/list')).status).toBe(200);
});

it('the pages of each have their payee', async () => {
  const { cashierUrl = '' } = await sell('carol');
  expect(await (await fetch(cashierUrl)).text()).toContain('面馆');
});

describe('what does not start', () => {
  const start = (args: readonly string[], more: Record<string, string> = {}) => {
    const env = { ...court.env, CASHIER_HTTP_PORT: '', ...more };
    return court.command(args, env);
  };
  const file = (text: string) => {
    const path = join(court.home, 'other.yaml');
    writeFileSync(path, text);
    return { CASHIER_MERCHANTS: path };
  };

  it('stdio, until it is said whose it is', async () => {
    expect(await start(['stdio'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('--merchant: tea-shop, noodle-bar'),
    });
    expect((await start(['stdio', '--merchant', 'tea-shop'])).code).toBe(0);
  });

  it('a service where nobody knows whose a caller is', async () => {
    const { code, stderr } = await start(['http'], { CASHIER_HOME: join(court.home, 'cwd') });
    expect([code, stderr]).toEqual([1, expect.stringMatching(/tokens add .*my-agent --merchant tea-shop/)]);
  });

  it('a service with one broken merchant, which it names', async () => {
    const broken = file(
      'version: 1\nmerchants:\n  tea-shop: {}\n  bad: { env: { AP_APP_ID: "2021000000000001" } }\n',
    );
    const { code, stderr } = await start(['http'], { ...broken, CASHIER_MODE: 'live' });
    expect([code, stderr]).toEqual([1, expect.stringContaining('Merchant tea-shop: ')]);
    const half = file('version: 1\nmerchants:\n  bad: { env: { AP_APP_ID: "2021000000000001" } }\n');
    expect((await start(['http'], { ...half, CASHIER_MODE: 'live' })).stderr).toContain('Merchant bad: ');
  });

  it('a service of two merchants with one account', async () => {
    const wallet = '{ env: { AP_APP_ID: "2021000000000001", AP_APP_KEY: x, AP_PUB_KEY: y } }';
    const twins = file(`version: 1\nmerchants:\n  one: ${wallet}\n  two: ${wallet}\n`);
    const { code, stderr } = await start(['http'], { ...twins, CASHIER_MODE: 'live' });
    expect([code, stderr]).toEqual([1, expect.stringContaining('one and two have the same account')]);
  });

  it('a merchant on another’s ledger', async () => {
    const ledger = join(court.home, 'simulator', 'noodle-bar', 'ledger.db');
    const { code, stderr } = await start(['orders', '--merchant', 'tea-shop', '--ledger', ledger]);
    expect([code, stderr]).toEqual([1, expect.stringContaining('belongs to the merchant noodle-bar')]);
  });
});
