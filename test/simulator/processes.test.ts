import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock, systemRandom } from '../../src/platform/system.ts';
import { openSimulator, type Simulator } from '../../src/simulator/index.ts';
import { lendKeys } from '../support/lent-keys.ts';
import { controlOf, freshNumber, openReceiver, until, wechatPayClient } from './bench.ts';

interface Said {
  readonly serving: boolean;
  readonly origin: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Built beside the dependencies, so that the native ones are found. */
const program = join(import.meta.dirname, `../../node_modules/.cache/simulator-${process.pid}.mjs`);
let home: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  await build({
    entryPoints: [join(import.meta.dirname, 'fixtures/serve.ts')],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'error',
  });
});
afterAll(() => rm(program));
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'simulator-'));
  await lendKeys(home);
  return async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    await rm(home, { recursive: true });
  };
});

const open = (port?: number): Promise<Simulator> =>
  openSimulator({
    folder: join(home, 'simulator'),
    clock: systemClock,
    randomBytes: systemRandom,
    ...(port === undefined ? {} : { port }),
  });

/** Starts a process on the folder; resolves with what it says. */
function start(): Promise<{ child: ChildProcess; said: Said }> {
  const child = fork(program, [join(home, 'simulator')], {
    execArgv: [],
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  children.push(child);
  return new Promise((resolve, reject) => {
    child.once('message', (said) => resolve({ child, said: said as Said }));
    child.once('exit', (code) => reject(new Error(`exited with ${code}`)));
  });
}

function wechatPayOrder(env: Said['env'], number: string, more: object = {}) {
  return wechatPayClient(env).post('v3/pay/transactions/native', {
    appid: env.WXPAY_APP_ID,
    mchid: env.WXPAY_MCH_ID,
    description: '咖啡',
    out_trade_no: number,
    notify_url: env.WXPAY_NOTIFY_URL,
    amount: { total: 990 },
    ...more,
  });
}

const query = (env: Said['env'], number: string) =>
  wechatPayClient(env).get(`v3/pay/transactions/out-trade-no/${number}`, {
    params: { mchid: env.WXPAY_MCH_ID },
  });

async function occupy(port: number, answer: string): Promise<Server> {
  const server = createServer((_request, response) => response.end(answer));
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return server;
}

describe('one folder', () => {
  it('waits for a holder of its port that is too busy to say who it is', async () => {
    const simulator = await open();
    // Never answers; gone once it has been asked a second time.
    let asked = 0;
    const busy = createServer(() => {
      asked += 1;
      if (asked < 2) return;
      busy.close();
      busy.closeAllConnections();
    });
    const port = Number(new URL(simulator.origin).port);
    await new Promise<void>((resolve) => busy.listen(port, '127.0.0.1', resolve));
    expect(await simulator.serve()).toBe(true);
    expect(asked).toBe(2);
    await simulator.close();
  });

  it('is private, and names everything a server needs to be pointed at it', async () => {
    const simulator = await open();
    const folder = join(home, 'simulator');
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect((await stat(join(folder, 'simulator.db'))).mode & 0o777).toBe(0o600);
    expect(simulator.origin).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(simulator.env).toEqual({
      CASHIER_MODE: 'simulator',
      AP_APP_ID: expect.stringMatching(/^2021\d{12}$/),
      AP_APP_KEY: expect.stringMatching(/^MII[A-Za-z0-9+/=]+$/),
      AP_PUB_KEY: expect.stringMatching(/^MII[A-Za-z0-9+/=]+$/),
      AP_SELLER_ID: expect.stringMatching(/^2088\d{12}$/),
      AP_GATEWAY: `${simulator.origin}/gateway.do`,
      AP_A2M_SERVICE_ID: expect.stringMatching(/^API_\w+$/),
      AP_SIGN_SCENE: 'INDUSTRY|DIGITAL_MEDIA',
      CASHIER_MERCHANT_NAME: 'Simulated Shop',
      UNIONPAY_MER_ID: expect.stringMatching(/^777290\d{9}$/),
      UNIONPAY_CERT: expect.stringMatching(/^-----BEGIN PRIVATE KEY-----/),
      UNIONPAY_ROOT_CERT: expect.stringMatching(/^-----BEGIN CERTIFICATE-----/),
      UNIONPAY_MIDDLE_CERT: expect.stringMatching(/^-----BEGIN CERTIFICATE-----/),
      UNIONPAY_NOTIFY_URL: `${simulator.origin}/merchant/notify`,
      UNIONPAY_GATEWAY: `${simulator.origin}/unionpay`,
      WXPAY_APP_ID: expect.stringMatching(/^wx[0-9a-f]{16}$/),
      WXPAY_MCH_ID: expect.stringMatching(/^\d{10}$/),
      WXPAY_MCH_KEY: expect.stringMatching(/^-----BEGIN PRIVATE KEY-----/),
      WXPAY_MCH_SERIAL: expect.stringMatching(/^[0-9A-F]{40}$/),
      WXPAY_API_V3_KEY: expect.stringMatching(/^.{32}$/),
      WXPAY_PUB_KEY: expect.stringMatching(/^-----BEGIN PUBLIC KEY-----/),
      WXPAY_PUB_KEY_ID: expect.stringMatching(/^PUB_KEY_ID_\d+$/),
      WXPAY_NOTIFY_URL: `${simulator.origin}/merchant/notify`,
      WXPAY_GATEWAY: simulator.origin,
      WXPAY_SKILLHUB_DEVELOPER_ID: expect.stringMatching(/^sh-\d{8}$/),
      WXPAY_SKILLHUB_KEY: expect.stringMatching(/^-----BEGIN PRIVATE KEY-----/),
      WXPAY_SKILLHUB_KEY_ID: expect.stringMatching(/^PUB_KEY_[0-9A-F]{32}$/),
      WXPAY_X402_GATEWAY: simulator.origin,
      DYPAY_APP_ID: expect.stringMatching(/^tt[0-9a-f]{16}$/),
      DYPAY_MCH_ID: expect.stringMatching(/^\d{16}$/),
      DYPAY_MCH_KEY: expect.stringMatching(/^-----BEGIN PRIVATE KEY-----/),
      DYPAY_MCH_SERIAL: expect.stringMatching(/^[0-9A-F]{40}$/),
      DYPAY_API_KEY: expect.stringMatching(/^.{32}$/),
      DYPAY_NOTIFY_URL: `${simulator.origin}/merchant/notify`,
      DYPAY_GATEWAY: simulator.origin,
    });
    await simulator.close();
  });

  it('keeps keys, port, orders and waiting notifications over a restart', async () => {
    const merchant = await openReceiver();
    merchant.answer = { status: 500, body: '' };
    const first = await open();
    expect(await first.serve()).toBe(true);
    const number = freshNumber();
    await wechatPayOrder(first.env, number, { notify_url: merchant.url });
    await controlOf(first, 'POST', 'pay', { provider: 'wechatpay', outTradeNo: number });
    await until(() => merchant.received.length === 1);
    await first.close();
    merchant.answer = { status: 204, body: '' };

    const second = await open();
    expect(second.env).toEqual(first.env);
    expect(await second.serve()).toBe(true);
    expect((await query(second.env, number)).data).toMatchObject({ trade_state: 'SUCCESS' });
    await until(() => merchant.received.length === 2);
    await second.close();
    await merchant.close();
  });

  it('changes its port only when asked to, and keeps the new one', async () => {
    const first = await open();
    const moved = await open(Number(new URL(first.origin).port) + 1);
    expect(moved.origin).not.toBe(first.origin);
    const again = await open();
    expect(again.origin).toBe(moved.origin);
    for (const simulator of [first, moved, again]) await simulator.close();
  });
});

describe('several processes', () => {
  it('agree on one identity when all start at once, and exactly one serves', async () => {
    // Nobody has lent them one.
    await rm(join(home, 'simulator'), { recursive: true });
    const started = await Promise.all([start(), start(), start()]);
    const [first] = started;
    for (const { said } of started) expect(said.env).toEqual(first?.said.env);
    expect(started.filter(({ said }) => said.serving)).toHaveLength(1);
  });

  it('the second uses the first, and takes over with all orders when that is killed', async () => {
    const first = await start();
    const second = await open();
    expect([first.said.serving, await second.serve()]).toEqual([true, false]);
    expect(second.env).toEqual(first.said.env);
    const number = freshNumber();
    await wechatPayOrder(second.env, number);

    first.child.kill('SIGKILL');
    await new Promise((resolve) => first.child.once('exit', resolve));
    const askedAgain = async () => (await query(second.env, number)).data.trade_state === 'NOTPAY';
    await until(() => askedAgain().catch(() => false));
    expect(await second.serve()).toBe(true);
    await second.close();
  });

  it('writes nothing on stdout', async () => {
    const { child, said } = await start();
    let written = '';
    child.stdout?.on('data', (chunk) => {
      written += String(chunk);
    });
    await fetch(`${said.origin}/`);
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('close', resolve));
    expect(written).toBe('');
  });
});

describe('a stranger on the port', () => {
  it.each(['hello', '{"simulator":"mcp-cashier","id":"another"}'])(
    'who says %j is told apart',
    async (answer) => {
      const simulator = await open();
      const { port } = new URL(simulator.origin);
      const stranger = await occupy(Number(port), answer);
      await expect(simulator.serve()).rejects.toThrow(`Port ${port} on 127.0.0.1`);
      stranger.closeAllConnections();
      await new Promise((resolve) => stranger.close(resolve));
      expect(await simulator.serve()).toBe(true);
      await simulator.close();
    },
  );
});
