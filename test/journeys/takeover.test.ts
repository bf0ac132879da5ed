import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lendKeys } from '../support/lent-keys.ts';
import { ServerProcess, Transcript, until } from '../support/server-process.ts';
import { SimulatorClient, SimulatorProcess, WALLETS } from '../support/simulator-client.ts';
import { Agent, cleanEnv, makeHome, secretsIn } from './shop.ts';

/** Here the simulator lives inside the servers: nothing else serves it. */
const home = makeHome();
const transcript = new Transcript();
const agents: Agent[] = [];

async function agent(): Promise<Agent> {
  const started = new Agent(
    await ServerProcess.start({ env: cleanEnv(home), cwd: join(home, 'cwd'), transcript }),
  );
  agents.push(started);
  return started;
}

let serving: Agent;
let standingBy: Agent;
beforeAll(async () => {
  await lendKeys(home);
  [serving, standingBy] = await Promise.all([agent(), agent()]);
});
afterAll(async () => {
  await Promise.all(agents.map(({ server }) => server.close()));
  const simulator = await SimulatorProcess.start(cleanEnv(home), join(home, 'cwd'));
  const payers = (await simulator.trades()).map((trade) => trade.payer);
  await simulator.close();
  rmSync(home, { recursive: true, force: true });
  expect(transcript.leaks([...payers, ...secretsIn(simulator.env)])).toEqual([]);
});

describe('when the process that serves the simulator is killed', () => {
  it('another one takes over on the same address, and every order lives on', async () => {
    const open = await serving.create({ provider: 'alipay', amountYuan: '4.00', title: 'open' });
    const simulator = new SimulatorClient(new URL(open.qrCode ?? '').origin);
    const paid = await serving.create({ provider: 'wechatpay', amountYuan: '5.00', title: 'paid' });
    await simulator.pay(paid);
    expect(await standingBy.query(paid.outTradeNo)).toMatchObject({ state: 'PAID' });

    await serving.server.kill();
    await until('the simulator is served again', () =>
      simulator.trades().then(
        () => true,
        () => undefined,
      ),
    );
    expect(await simulator.trade(paid.outTradeNo)).toMatchObject({ state: 'PAID', amountFen: 500 });
    await simulator.pay(open);
    expect(await standingBy.query(open.outTradeNo)).toMatchObject({ state: 'PAID' });
    expect((await standingBy.list()).totals).toEqual({
      ...{ count: 2, paidYuan: '9.00', refundedYuan: '0.00' },
    });
  });

  it.each(WALLETS)('a call to %s in that very moment is answered by whoever is left', async (provider) => {
    const heir = await agent();
    const order = await heir.create({ provider, amountYuan: '1.00', title: 'before' });
    await standingBy.server.kill();
    standingBy = heir;
    const next = await heir.create({ provider, amountYuan: '1.00', title: 'after' });
    expect(next).toMatchObject({ state: 'NOTPAY' });
    const simulator = new SimulatorClient(
      new URL((await heir.create({ provider: 'alipay', amountYuan: '1.00', title: 'x' })).qrCode ?? '')
        .origin,
    );
    await simulator.pay(order);
    expect(await heir.query(order.outTradeNo)).toMatchObject({ state: 'PAID' });
  });
});
