import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WALLETS } from '../../src/providers/registry.ts';
import { cleanEnv, makeHome } from '../journeys/shop.ts';
import { freePort } from '../support/free-port.mjs';
import { lendKeys } from '../support/lent-keys.ts';
import {
  type Arguments,
  type Env,
  runCommand,
  ServerProcess,
  Transcript,
  until,
} from '../support/server-process.ts';
import { formOn, SimulatorClient } from '../support/simulator-client.ts';
import { buildWithToy } from './build.ts';

let product: Awaited<ReturnType<typeof buildWithToy>>;
let home: string;
let env: Env;
const transcript = new Transcript();
const servers: ServerProcess[] = [];

beforeAll(async () => {
  product = await buildWithToy();
  home = makeHome();
  await lendKeys(home);
  env = { ...cleanEnv(home), CASHIER_LANG: 'en', CASHIER_POLICY: join(home, 'policy.yaml') };
});
afterAll(async () => {
  for (const server of servers) await server.close();
  for (const folder of [home, product.folder]) rmSync(folder, { recursive: true, force: true });
});

const command = (args: readonly string[], more: Env = {}) =>
  runCommand(
    args,
    { env: { ...cleanEnv(home), ...more }, cwd: join(home, 'cwd'), transcript },
    product.program,
  );
async function findings(more: Env) {
  const { stdout } = await command(['doctor', '--offline', '--lang', 'en', '--json'], more);
  return (
    JSON.parse(stdout).findings as { id: string; level: string; message: string; variable?: string }[]
  ).map(({ id, level, message, variable }) => ({ id, level, message, variable }));
}

it('is two folders and an entry in each of two lists', () => {
  const outside = product.sources.filter((name) => !name.startsWith('src/'));
  expect(outside.sort()).toEqual([
    'test/toypay/fake.ts',
    'test/toypay/provider/doctor.ts',
    'test/toypay/provider/index.ts',
    'test/toypay/provider/wallet.ts',
  ]);
});

describe('a merchant of a third wallet alone', () => {
  const KEYS = { TOYPAY_MERCHANT: '7000', TOYPAY_SECRET: 'toy-secret' };

  it('is never led into the simulator', async () => {
    expect(await findings(KEYS)).toContainEqual({
      ...{ id: 'configuration.realm', level: 'ok', variable: undefined },
      message: 'Live: real money moves, because TOYPAY_MERCHANT is set.',
    });
    const { code, stderr } = await command(['stdio'], { TOYPAY_SECRET: 'toy-secret', CASHIER_LANG: 'en' });
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining('TOYPAY_MERCHANT is not set. Set TOYPAY_MERCHANT.'),
    ]);
    expect(stderr).not.toContain('toy-secret');
  });

  it('has a secret that may stand in a file and is told of what is misspelt', async () => {
    const found = await findings({
      ...KEYS,
      TOYPAY_SECRETT: 'x',
      TOY_GATEWAY: 'y',
      TOYPAY_SECRET_FILE: '/no',
    });
    expect(found.map(({ id, variable }) => `${id} ${variable}`)).toEqual(
      expect.arrayContaining([
        'configuration.unknown-name TOYPAY_SECRETT',
        'configuration.unknown-name TOY_GATEWAY',
        'configuration.file-unreadable TOYPAY_SECRET_FILE',
        'notify.none TOYPAY_NOTIFY_URL',
      ]),
    );
  });

  it('may be in its sandbox, where no other wallet moves real money', async () => {
    const sandbox = { ...KEYS, TOYPAY_CURRENT_ENV: 'sandbox' };
    expect(await findings(sandbox)).toContainEqual(
      expect.objectContaining({
        message: "Toy Pay's sandbox: no real money, because TOYPAY_CURRENT_ENV=sandbox.",
      }),
    );
    for (const [name, other] of [
      ['WXPAY_MCH_ID', 'wechatpay'],
      ['AP_APP_ID', 'alipay'],
    ] as const) {
      const found = await findings({ ...sandbox, [name]: '1900000109' });
      expect(found.map(({ id }) => id)).toContain(`configuration.sandbox-with-${other}`);
    }
  });
});

it('stands in every document that is made of the settings', async () => {
  const { settingsTable, envExample, registryVariables, formOptions } = await import(
    /* @vite-ignore */ pathToFileURL(product.documents).href
  );
  expect(settingsTable('en')).toContain('| `TOYPAY_SECRET` (`_FILE`) | the secret | – |');
  expect(envExample()).toContain(
    '# --- 玩具支付 Toy Pay ---\n# Toy Pay: merchant ID. 玩具支付商户号。\n# TOYPAY_MERCHANT=7000\n',
  );
  expect(registryVariables()).toContainEqual({
    ...{ name: 'TOYPAY_SECRET', description: 'Toy Pay: the secret. 密钥。', isSecret: true },
  });
  expect(formOptions().env.TOYPAY_MERCHANT).toContain('{user_config.toypay_merchant}');
  const { stdout } = await command(['init', 'json', '--live']);
  expect(stdout).toContain('TOYPAY_SECRET_FILE');
});

describe('a shop with all of them', () => {
  let server: ServerProcess;
  let gateway: SimulatorClient;
  const call = async (tool: string, args: Arguments): Promise<Record<string, unknown>> => {
    const { text, structured, isError } = await server.call(tool, args);
    expect([isError, text]).toEqual([false, expect.any(String)]);
    return { ...(structured as Record<string, unknown>), text };
  };
  const sell = async (more: Arguments = {}): Promise<Record<string, string>> => {
    const order = await call('create-payment', {
      ...{ provider: 'toypay', amountYuan: '1.99', title: 'teddy bear' },
      ...more,
    });
    return order as Record<string, string>;
  };

  beforeAll(async () => {
    const { writeFileSync } = await import('node:fs');
    writeFileSync(
      join(home, 'policy.yaml'),
      'version: 1\npayments: { providers: [toypay, alipay] }\nrefunds: { approveAboveYuan: "none" }\n',
    );
    const port = String(await freePort());
    server = await ServerProcess.start({
      ...{ env: { ...env, CASHIER_HTTP_PORT: port }, cwd: join(home, 'cwd') },
      ...{ transcript, program: product.program },
    });
    servers.push(server);
    const page = await (await fetch((await sell()).cashierUrl ?? '')).text();
    const scan = /href="(http:\/\/127\.0\.0\.1:\d+)\/scan/.exec(page)?.[1];
    gateway = new SimulatorClient(scan ?? '');
  });

  it('sells through it: created, shown, paid, notified, proven, refunded, listed', async () => {
    const order = await sell({ title: 'teddy bear 2' });
    expect(order).toMatchObject({ provider: 'toypay', state: 'NOTPAY', simulated: true });
    expect(order.text).toContain('Toy Pay');
    const page = await (await fetch(`${order.cashierUrl}?lang=zh`)).text();
    expect(page).toMatch(/<body class="toypay[ "]/);
    expect(page).toContain('.toypay{--accent:#b45309;');
    expect(page).toMatch(/玩<\/span>.*玩具支付/);

    await gateway.pay(order);
    // The gateway tells by itself: nobody asks.
    await until('the notification', async () => {
      const { items } = await call('list-payments', { provider: 'toypay', state: 'PAID' });
      const found = (items as { outTradeNo: string; source: string }[]).find(
        (one) => one.outTradeNo === order.outTradeNo,
      );
      return found?.source === 'notify' ? found : undefined;
    });
    const paid = await call('query-payment', { outTradeNo: order.outTradeNo });
    expect(paid).toMatchObject({ state: 'PAID', amountYuan: '1.99' });
    const paidPage = await (await fetch(`${order.cashierUrl}?lang=zh`)).text();
    expect(paidPage).toContain(`<dt>玩具支付单号</dt>`);

    const refund = await call('refund-payment', { outTradeNo: order.outTradeNo, refundYuan: '0.99' });
    expect(refund).toMatchObject({ state: 'SUCCESS', refundedYuan: '0.99' });
    const again = { outTradeNo: order.outTradeNo, outRefundNo: refund.outRefundNo };
    expect(await call('query-refund', again)).toMatchObject({ state: 'SUCCESS', refundYuan: '0.99' });
    const { stdout } = await command(['orders', '--provider', 'toypay', '--state', 'PAID', '--json']);
    expect(stdout).toContain(order.outTradeNo);
  });

  it('closes no order: what was given out can be paid until it expires, and is shown no more', async () => {
    const order = await sell({ title: 'teddy bear 3' });
    const { outTradeNo } = order;
    const closing = await call('close-payment', { outTradeNo });
    expect(closing).toMatchObject({ state: 'NOTPAY', closing: true });
    expect(closing.nextStep).toContain('open no other payment for the same thing before that');
    expect(closing.qrCode).toBeUndefined();
    expect(await (await fetch(order.cashierUrl ?? '')).text()).not.toContain('<figure');
    await gateway.pay(order);
    expect(await call('query-payment', { outTradeNo })).toMatchObject({ state: 'PAID' });
    const late = await server.call('close-payment', { outTradeNo });
    expect(JSON.parse(late.text)).toMatchObject({ code: 'ALREADY_PAID' });
  });

  it('hands a form over from its page, and nowhere else', async () => {
    const order = await sell({ title: 'teddy "bear" <4>', scene: 'web' });
    expect(order.text).toMatch(/\[.+\]\(http:\/\/127\.0\.0\.1:\d+\/c\//);
    expect(JSON.stringify(order)).not.toContain('seal');
    const { headers } = await fetch(order.cashierUrl ?? '');
    const { action, fields } = await formOn(order.cashierUrl ?? '');
    expect(headers.get('content-security-policy')).toContain(
      `form-action ${new URL(action).origin} https://*.toypay.example;`,
    );
    expect(headers.get('referrer-policy')).toBe('origin');
    const posted = await fetch(action, { method: 'POST', body: new URLSearchParams(fields) });
    await gateway.pressPay({ url: posted.url, html: await posted.text() });
    expect(await call('query-payment', { outTradeNo: order.outTradeNo })).toMatchObject({ state: 'PAID' });
    expect(await (await fetch(order.cashierUrl ?? '')).text()).not.toContain('<form');
  });

  it('refuses what this wallet has not', async () => {
    const wrong = { provider: 'toypay', scene: 'h5', amountYuan: '1.00', title: 'bear' };
    expect((await server.call('create-payment', wrong)).isError).toBe(true);
    const denied = await server.call('create-payment', { ...wrong, provider: 'wechatpay', scene: 'qr' });
    expect(JSON.parse(denied.text)).toMatchObject({ code: 'POLICY_DENIED', rule: 'payments.providers' });
  });

  it('keeps an order of unknown outcome unknown, and settles it under its number', async () => {
    const order = await sell({ title: 'teddy bear sim:lost-create-after', outTradeNo: 'TOY_LOST_1' });
    expect(order).toMatchObject({ state: 'UNKNOWN', outTradeNo: 'TOY_LOST_1' });
    const settled = await sell({ title: 'teddy bear sim:lost-create-after', outTradeNo: 'TOY_LOST_1' });
    expect(settled).toMatchObject({ state: 'NOTPAY', replayed: true });
    expect(await gateway.calls('TOY_LOST_1', 'create')).toHaveLength(2);
  });

  it('is asked by doctor, without moving anything', async () => {
    const printed = await command(['doctor', '--lang', 'en'], await simulatorEnv());
    expect(printed.stdout).toContain(
      "Toy Pay's gateway takes these credentials and its answer is rightly signed",
    );
    expect(printed.stdout).toContain('for Toy Pay no bricks');
    const wrong = await command(['doctor', '--lang', 'en'], {
      ...(await simulatorEnv()),
      TOYPAY_SECRET: 'other',
    });
    expect([wrong.code, wrong.stdout]).toEqual([
      1,
      expect.stringContaining('Toy Pay declined the self-test.'),
    ]);
  });

  /** Of a merchant that talks to the gateway that the server plays. */
  async function simulatorEnv(): Promise<Env> {
    const { openSimulator } = await import('../../src/simulator/index.ts');
    const { FAKES } = await import('../../src/simulator/fakes.ts');
    const { TOYPAY } = await import('./fake.ts');
    const { systemPorts } = await import('../../src/platform/system.ts');
    const folder = join(home, 'simulator');
    const simulator = await openSimulator({ folder, ...systemPorts, fakes: [...FAKES, TOYPAY] });
    await simulator.close();
    return simulator.env;
  }
});

it('is in the demo like any other', async () => {
  const { code, stdout, stderr } = await command(['demo', '--auto-pay', '--lang', 'en']);
  expect(stdout).toContain('━━ Toy Pay ━━');
  expect(stdout).toContain('everything held');
  // Nothing but titles is in another language than the one asked for.
  expect(`${stdout}${stderr}`.replaceAll(/红烧肉菜谱|演示/g, '')).not.toMatch(/[\u4e00-\u9fff]/);
  expect([code, stdout.match(/query-refund → SUCCESS/g)]).toEqual([
    0,
    Array(WALLETS.length + 1).fill('query-refund → SUCCESS'),
  ]);
});
