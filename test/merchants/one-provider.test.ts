import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock, systemRandom } from '../../src/platform/system.ts';
import { openSimulator, type Simulator } from '../../src/simulator/index.ts';
import { lendKeys } from '../support/lent-keys.ts';
import { until } from '../support/server-process.ts';
import { SimulatorClient } from '../support/simulator-client.ts';
import { type Caller, FoodCourt, structured } from './food-court.ts';

/* Two sub-merchants of one WeChat Pay service provider: its keys, its numbers and its way of notifying are both's. */

interface Caught {
  readonly headers: Record<string, string>;
  readonly body: string;
}
let folder: string;
let simulator: Simulator;
let court: FoodCourt;
/** What the gateway posts, held back so that it can be tried where it does not belong. */
const caught: Caught[] = [];
const post = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk: Buffer) => {
    body += chunk.toString();
  });
  request.on('end', () => {
    const said = Object.entries(request.headers).filter(([name]) => /^(wechatpay-|content-type)/.test(name));
    caught.push({ headers: Object.fromEntries(said) as Record<string, string>, body });
    response.writeHead(200).end();
  });
});

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'provider-'));
  await lendKeys(folder, folder);
  simulator = await openSimulator({ folder, clock: systemClock, randomBytes: systemRandom });
  await simulator.serve();
  await new Promise<void>((resolve) => post.listen(0, '127.0.0.1', resolve));
  const WXPAY_NOTIFY_URL = `http://127.0.0.1:${(post.address() as AddressInfo).port}/`;
  const envOf = (at: number) => {
    const all = Object.entries(simulator.platformEnvs[at] ?? {});
    return { ...Object.fromEntries(all.filter(([name]) => name.startsWith('WXPAY_'))), WXPAY_NOTIFY_URL };
  };
  court = await FoodCourt.open(() => ({ 'tea-shop': envOf(0), 'noodle-bar': envOf(1) }));
});
afterAll(async () => {
  await court.close();
  await simulator.close();
  post.closeAllConnections();
  post.close();
  rmSync(folder, { recursive: true, force: true });
});

const sell = (caller: Caller, outTradeNo: string) =>
  court.as(caller).call('create-payment', { amountYuan: '7.31', title: 'four treasures', outTradeNo });

it('a number of one is taken for the other, and no more is told', async () => {
  expect(structured(await sell('alice', 'TAKEN_0001')).state).toBe('NOTPAY');
  const { text } = await sell('carol', 'TAKEN_0001');
  expect(text).toContain('This outTradeNo is taken');
  expect(text).not.toMatch(/four treasures|7\.31|tea-shop|alice|sub/i);
  expect((await court.as('carol').call('query-payment', { outTradeNo: 'TAKEN_0001' })).text).toContain(
    'ORDER_NOT_FOUND',
  );
});

it('what was paid to one is nothing to the other, though every key is the same', async () => {
  const sold = structured(await sell('alice', 'PAID_00001'));
  structured(await sell('carol', 'OTHER_0001'));
  const payer = new SimulatorClient(simulator.origin);
  await payer.pay(sold);
  const { headers, body } = await until('the notification', () => caught[0]);
  const notify = (merchant: string) =>
    court.fetch(`/notify/wechatpay/${merchant}`, { method: 'POST', headers, body });
  const count = async (merchant: string) => {
    const name = `cashier_notifications_total{merchant="${merchant}",gateway="wechatpay",outcome="applied"}`;
    const text = await (await court.fetch('/metrics')).text();
    return text
      .split('\n')
      .find((line) => line.startsWith(name))
      ?.slice(name.length + 1);
  };
  expect((await notify('noodle-bar')).status).toBeGreaterThanOrEqual(400);
  expect(await count('noodle-bar')).toBe('0');
  expect((await notify('tea-shop')).status).toBeLessThan(300);
  expect(await count('tea-shop')).toBe('1');
  const state = async (caller: Caller, outTradeNo: string) =>
    structured(await court.as(caller).call('query-payment', { outTradeNo })).state;
  expect(await state('alice', 'PAID_00001')).toBe('PAID');
  expect(await state('carol', 'OTHER_0001')).toBe('NOTPAY');
});
