import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readPayment } from '../journeys/shapes.ts';
import { Shop } from '../journeys/shop.ts';
import { until } from '../support/server-process.ts';
import { type HttpAgent, Service } from './service.ts';
import { addToken } from './tokens.ts';

const POLICY = 'version: 1\npayments: { approveAboveYuan: "1" }\n';
let shop: Shop;
let service: Service;
const tokens = { kept: '', revoked: '' };
beforeAll(async () => {
  shop = await Shop.open({ policy: POLICY });
  tokens.kept = await addToken(shop, 'kept');
  tokens.revoked = await addToken(shop, 'revoked');
  service = await Service.start(shop);
});
afterAll(async () => {
  await service.stop();
  await shop.close();
});

async function wish(agent: HttpAgent) {
  const outTradeNo = shop.number('WISH');
  const wanted = { provider: 'alipay', amountYuan: '5.00', title: 'wish', outTradeNo };
  return readPayment(await agent.call('create-payment', wanted));
}
const sent = (outTradeNo: string) => shop.simulator.calls(outTradeNo, 'create');
const isSent = (outTradeNo: string) =>
  until('it is at the gateway', async () => ((await sent(outTradeNo)).length > 0 ? true : undefined));
async function approve(id = '') {
  const { stdout, code } = await shop.command(['approvals', 'approve', id, '--json']);
  expect(code).toBe(0);
  return JSON.parse(stdout) as Record<string, unknown>;
}

it('what somebody asked whose token is revoked since is never sent', async () => {
  const [kept, revoked] = await Promise.all([
    service.agent('legacy', tokens.kept),
    service.agent('modern', tokens.revoked),
  ]);
  const [theirs, others] = [await wish(revoked), await wish(kept)];
  expect((await shop.command(['tokens', 'revoke', 'revoked'])).code).toBe(0);
  // The name alone is not the caller: a new token of that name has asked for nothing.
  await addToken(shop, 'revoked');
  expect(await approve(theirs.approval?.id)).toMatchObject({ state: 'failed', code: 'CALLER_REVOKED' });
  expect(await approve(others.approval?.id)).toMatchObject({
    state: 'approved',
    outcome: { state: 'NOTPAY' },
  });
  await isSent(others.outTradeNo);
  expect(await sent(theirs.outTradeNo)).toEqual([]);
  await Promise.all([kept.close(), revoked.close()]);
});

it('what is sent has the id of the call that asked, in the log and in the trail', async () => {
  const kept = await service.agent('modern', tokens.kept);
  const { outTradeNo, approval } = await wish(kept);
  await kept.close();
  await approve(approval?.id);
  await isSent(outTradeNo);
  const { stdout } = await shop.command(['audit', 'show', outTradeNo, '--json']);
  const { records } = JSON.parse(stdout) as { records: { kind: string; call?: string }[] };
  const id = records.find(({ kind }) => kind === 'call')?.call ?? '';
  expect(id).toMatch(/^[\w-]{12}$/);
  expect(records.find(({ kind }) => kind === 'order-sent')?.call).toBe(id);
  const log = readFileSync(join(shop.home, 'cashier.log'), 'utf8').trim().split('\n');
  const exchanges = log
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ call, msg }) => call === id && msg === 'gateway answered');
  expect(exchanges.map(({ operation }) => operation)).toContain('create');
});

it('what was asked over HTTP is sent by another process once the service has ended', async () => {
  const kept = await service.agent('legacy', tokens.kept);
  const waiting = await wish(kept);
  await kept.close();
  await service.stop();
  await approve(waiting.approval?.id);
  expect(await sent(waiting.outTradeNo)).toEqual([]);
  const { server } = await shop.agent();
  await isSent(waiting.outTradeNo);
  await server.close();
  service = await Service.start(shop);
});
