import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DAY_MS } from '../../src/domain/clock.ts';
import type { Passing, SlowNetwork, Treatment } from '../support/fake-gateway-server.ts';
import { freePort } from '../support/free-port.mjs';
import { until } from '../support/server-process.ts';
import type { GatewayTrade } from '../support/simulator-client.ts';
import { type Agent, Shop } from './shop.ts';

/* A subscription from end to end: real servers on stdio, the simulated Alipay, and time that is put forward for both. */

const AHEAD = join(tmpdir(), `ahead-${process.pid}`);
const CLOCK = {
  STEERED_CLOCK: AHEAD,
  NODE_OPTIONS: `--require ${JSON.stringify(fileURLToPath(new URL('../support/steered-clock.cjs', import.meta.url)))}`,
};

interface Subscription {
  readonly contractNo: string;
  readonly mode: string;
  readonly state: string;
  readonly charged: number;
  readonly signUrl?: string;
  readonly orderString?: string;
  readonly endedReason?: string;
  readonly nextChargeAt?: string;
  readonly simulated: boolean;
  readonly lastCharge?: { readonly outTradeNo: string; readonly state: string; readonly period: number };
}

/** After so many days a week's next period is charged, at whatever hour it began: from 08:00 of the seventh on. */
const WEEK = 8;

let shop: Shop;
let days = 0;
beforeAll(async () => {
  put(0);
  shop = await Shop.open({ env: { ...CLOCK, AP_SELECT_TOOLS: 'unified,subscriptions' }, gatewaysEnv: CLOCK });
});
afterAll(async () => {
  await shop.close();
  rmSync(AHEAD);
});

/** So many days, or a part of one, pass at once for everybody. */
function put(by: number): void {
  days += by;
  writeFileSync(AHEAD, String(days * DAY_MS));
}

async function told(agent: Agent, tool: string, args: object): Promise<Subscription> {
  const reply = await agent.server.call(tool, { ...args });
  expect(reply.isError, reply.text).toBe(false);
  const { contractNo } = reply.structured as Subscription;
  expect(reply.text).toContain(contractNo);
  return reply.structured as Subscription;
}
const known = (agent: Agent, contractNo: string) => told(agent, 'query-subscription', { contractNo });
/** Asks until it is so. */
const comes = (agent: Agent, contractNo: string, so: (subscription: Subscription) => boolean) =>
  until('the subscription', async () => {
    const subscription = await known(agent, contractNo);
    return so(subscription) ? subscription : undefined;
  });

let count = 0;
async function offered(agent: Agent, more: object = {}): Promise<Subscription> {
  count += 1;
  const wanted = { provider: 'alipay', amountYuan: '19.00', title: `读书会员 ${count}`, period: 'P7D' };
  return told(agent, 'create-subscription', { ...wanted, subscriber: `reader-${count}`, ...more });
}
/** What the gateway has taken for a subscription; nothing else is called so. */
async function taken(of: number): Promise<GatewayTrade[]> {
  const trades = await shop.simulator.trades();
  return trades.filter(
    ({ scene, title, state }) => scene === 'deduct' && title.includes(` ${of}`) && state === 'PAID',
  );
}
/** Everybody dies, and somebody else comes. */
async function reborn(agent: Agent, env?: { readonly env: Shop['env'] }): Promise<Agent> {
  await agent.server.kill();
  return shop.agent(env);
}

it('is agreed to on a page, charged once a period by whichever server is there, and ended by the subscriber', async () => {
  const port = await freePort();
  await shop.simulator.tellAt('alipay', `http://127.0.0.1:${port}/notify/alipay`);
  let agent = await shop.agent({ env: { CASHIER_HTTP_PORT: String(port) } });
  const { contractNo, signUrl = '', ...first } = await offered(agent);
  const of = count;
  expect(first).toMatchObject({ mode: 'auto', state: 'PENDING_SIGN', charged: 0, simulated: true });
  const page = await shop.simulator.follow(signUrl);
  expect(page.html).toContain('¥19.00');
  expect(await taken(of)).toHaveLength(0);
  await shop.simulator.pressPay(page, 'sign');
  const signed = await comes(agent, contractNo, ({ charged }) => charged === 1);
  expect(signed).toMatchObject({ state: 'ACTIVE', lastCharge: { state: 'PAID', period: 1 } });
  const { outTradeNo } = signed.lastCharge ?? {};
  const order = await agent.server.call('query-payment', { outTradeNo });
  expect(order.structured).toMatchObject({ state: 'PAID', scene: 'agreement', amountYuan: '19.00' });
  put(WEEK);
  agent = await reborn(agent, { env: { CASHIER_HTTP_PORT: String(port) } });
  await comes(agent, contractNo, ({ charged }) => charged === 2);
  expect(await taken(of)).toHaveLength(2);
  // Told at once, nobody asks.
  await shop.simulator.subscriber('stop', { number: agreementOf(signUrl) });
  await until('the end', async () => {
    const reply = await agent.server.call('list-subscriptions', { state: 'ENDED' });
    return reply.text.includes(contractNo) || undefined;
  });
  expect(await known(agent, contractNo)).toMatchObject({ endedReason: 'ended-by-subscriber', charged: 2 });
  put(WEEK);
  agent = await reborn(agent);
  expect(await known(agent, contractNo)).toMatchObject({ state: 'ENDED', charged: 2 });
  expect(await taken(of)).toHaveLength(2);
});

/** The number of ours that a link asks consent under. */
function agreementOf(signUrl: string): string {
  const biz = new URL(signUrl).searchParams.get('biz_content') ?? '{}';
  return String(JSON.parse(biz).external_agreement_no);
}

it('is charged no more once its cancelling is answered', async () => {
  let agent = await shop.agent();
  const { contractNo, signUrl = '' } = await offered(agent);
  const of = count;
  await shop.simulator.subscriber('sign', { code: signUrl });
  await comes(agent, contractNo, ({ charged }) => charged === 1);
  await told(agent, 'cancel-subscription', { contractNo });
  put(WEEK);
  agent = await reborn(agent);
  expect(await comes(agent, contractNo, ({ state }) => state === 'ENDED')).toMatchObject({
    ...{ endedReason: 'cancelled', charged: 1 },
  });
  const number = agreementOf(signUrl);
  expect((await shop.simulator.agreements()).find(({ externalNo }) => externalNo === number)?.state).toBe(
    'STOP',
  );
  expect(await taken(of)).toHaveLength(1);
});

it('waits for money that is not there, and takes it once it is', async () => {
  const agent = await shop.agent();
  const { contractNo, signUrl = '' } = await offered(agent, {
    title: '读书会员 sim:deduct-buyer-balance-not-enough*1 9001',
  });
  await shop.simulator.subscriber('sign', { code: signUrl });
  const waiting = await comes(agent, contractNo, ({ lastCharge }) => lastCharge !== undefined);
  expect(waiting.charged).toBe(0);
  await until('the refusal', async () => {
    const { outTradeNo = '' } = (await known(agent, contractNo)).lastCharge ?? {};
    return (await shop.simulator.calls(outTradeNo, 'deduct')).length === 1 || undefined;
  });
  put(1);
  const later = await reborn(agent);
  await comes(later, contractNo, ({ charged }) => charged === 1);
  expect(await taken(9001)).toHaveLength(1);
});

describe('a server that is killed in the midst of a charge', () => {
  it.each<[string, Treatment]>([
    ['before the gateway got it', 'hold-request'],
    ['after the gateway took the money', 'hold-answer'],
  ])('%s: the next one charges once', async (_when, treatment) => {
    const network: SlowNetwork = await shop.slowNetwork();
    let caught = false;
    network.treat = ({ method, target }: Passing) => {
      if (caught || !/alipay\.trade\.pay\b/.test(`${method} ${decodeURIComponent(target)}`)) return 'pass';
      caught = true;
      return treatment;
    };
    const held = network.held();
    const agent = await shop.agent(network);
    const { contractNo, signUrl = '' } = await offered(agent);
    const of = count;
    await shop.simulator.subscriber('sign', { code: signUrl });
    await held;
    // What somebody has who is killed is taken up by others two minutes later.
    put(3 / (24 * 60));
    const next = await reborn(agent, network);
    const found = await comes(next, contractNo, ({ charged }) => charged === 1);
    const { outTradeNo = '' } = found.lastCharge ?? {};
    expect(await taken(of)).toMatchObject([{ outTradeNo, amountFen: 1900 }]);
    const sent = await shop.simulator.calls(outTradeNo, 'deduct');
    expect(new Set(sent.map(({ bodyDigest }) => bodyDigest)).size).toBe(1);
  });
});

it('is signed by paying its first period in an app, which counts for none of what is charged then', async () => {
  let agent = await shop.agent();
  const { contractNo, orderString = '', ...made } = await offered(agent, { scene: 'app', times: 2 });
  const of = count;
  expect(made).toMatchObject({ mode: 'auto', state: 'PENDING_SIGN', lastCharge: { state: 'NOTPAY' } });
  await shop.simulator.pay({ orderString });
  const signed = await comes(agent, contractNo, ({ state }) => state === 'ACTIVE');
  expect(signed).toMatchObject({ charged: 1, lastCharge: { state: 'PAID', period: 1 } });
  expect(await taken(of)).toHaveLength(0);
  await agent.server.kill();
  put(WEEK);
  agent = await shop.agent();
  const ended = await comes(agent, contractNo, ({ state }) => state === 'ENDED');
  expect(ended).toMatchObject({ endedReason: 'completed', charged: 2 });
  expect(await taken(of)).toHaveLength(1);
});
