import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort } from '../support/free-port.mjs';
import { lendKeys } from '../support/lent-keys.ts';
import { type Arguments, type Env, ServerProcess, Transcript, until } from '../support/server-process.ts';
import { formOn, SimulatorClient } from '../support/simulator-client.ts';
import { cleanEnv, makeHome, REFUNDS_WITHOUT_APPROVAL } from './shop.ts';

/* What only UnionPay has: a form, orders that nobody can close, refunds told by the payment's number alone. */

const home = makeHome();
const transcript = new Transcript();
let env: Env;
let server: ServerProcess;
let gateway: SimulatorClient;

beforeAll(async () => {
  await lendKeys(home);
  writeFileSync(join(home, 'policy.yaml'), REFUNDS_WITHOUT_APPROVAL);
  env = {
    ...{ ...cleanEnv(home), CASHIER_LANG: 'en', CASHIER_POLICY: join(home, 'policy.yaml') },
    CASHIER_HTTP_PORT: String(await freePort()),
  };
  server = await start();
  const page = await (await fetch(String((await sell()).cashierUrl))).text();
  gateway = new SimulatorClient(/href="(http:\/\/127\.0\.0\.1:\d+)\/scan/.exec(page)?.[1] ?? '');
});
afterAll(async () => {
  await server.close();
  rmSync(home, { recursive: true, force: true });
});

const start = () => ServerProcess.start({ env, cwd: join(home, 'cwd'), transcript });
async function call(tool: string, args: Arguments): Promise<Record<string, unknown>> {
  const { text, structured, isError } = await server.call(tool, args);
  expect([isError, text]).toEqual([false, expect.any(String)]);
  return structured as Record<string, unknown>;
}
const refused = async (tool: string, args: Arguments) => JSON.parse((await server.call(tool, args)).text);
const sell = (more: Arguments = {}) =>
  call('create-payment', { provider: 'unionpay', amountYuan: '19.90', title: 'coffee', ...more });
const query = (outTradeNo: unknown) => call('query-payment', { outTradeNo: String(outTradeNo) });
const paid = (outTradeNo: unknown) =>
  until('paid', async () => ((await query(outTradeNo)).state === 'PAID' ? true : undefined));

it('sells by a code, is told by a notification, and gives back what comes about later', async () => {
  const order = await sell();
  expect(order).toMatchObject({ state: 'NOTPAY', qrCode: expect.any(String), simulated: true });
  await gateway.pay(order);
  const told = await until('the notification', async () => {
    const { items } = await call('list-payments', { provider: 'unionpay', state: 'PAID' });
    return (items as { outTradeNo: string; source: string }[]).find(
      (one) => one.outTradeNo === order.outTradeNo && one.source === 'notify',
    );
  });
  expect(told).toMatchObject({ gatewayTradeNo: expect.stringMatching(/^\d{21}$/) });
  const { outTradeNo } = order;
  const back = await call('refund-payment', { outTradeNo, refundYuan: '3.00' });
  expect(back).toMatchObject({ state: 'PROCESSING', refundedYuan: '0.00' });
  const { outRefundNo } = back;
  // Nobody asks: UnionPay's notification names the payment by its own number alone.
  await until('the refund', async () => {
    const { refundedYuan } = await query(outTradeNo);
    return refundedYuan === '3.00' ? true : undefined;
  });
  expect(await call('query-refund', { outTradeNo, outRefundNo })).toMatchObject({ state: 'SUCCESS' });
  expect(await refused('refund-payment', { outTradeNo, refundYuan: '17.00' })).toMatchObject({
    code: 'REFUND_EXCEEDS_PAID',
  });
});

it('sells by a form of its page', async () => {
  const order = await sell({ scene: 'web' });
  expect(JSON.stringify(order)).not.toContain('signature');
  const { action, fields } = await formOn(String(order.cashierUrl));
  expect(await query(order.outTradeNo), 'nothing is at UnionPay yet').toMatchObject({ state: 'NOTPAY' });
  const page = await fetch(action, { method: 'POST', body: new URLSearchParams(fields) });
  await gateway.pressPay({ url: page.url, html: await page.text() });
  await paid(order.outTradeNo);
});

it('closes nothing, and believes the payment that comes all the same', async () => {
  const order = await sell();
  const { outTradeNo } = order;
  expect(await call('close-payment', { outTradeNo })).toMatchObject({ state: 'NOTPAY', closing: true });
  await server.kill();
  server = await start();
  expect(await query(outTradeNo)).toMatchObject({ state: 'NOTPAY', closing: true });
  await gateway.pay(order);
  await paid(outTradeNo);
  expect(await refused('close-payment', { outTradeNo })).toMatchObject({ code: 'ALREADY_PAID' });
});
