import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Service } from '../http/service.ts';
import { readPayment, readRefusal } from '../journeys/shapes.ts';
import { REFUNDS_WITHOUT_APPROVAL, Shop } from '../journeys/shop.ts';
import { MAIN, runCommand, ServerProcess, until } from '../support/server-process.ts';
import { seeded } from '../support/virtual-time.ts';
import { canFail, faultsMark, Machine } from './machine.ts';

const SEED = Number(process.env.FAULTS_SEED ?? 20_261_128);
const REFUND = /domestic\/refunds/;

let shop: Shop;
beforeAll(async () => {
  shop = await Shop.open({ policy: REFUNDS_WITHOUT_APPROVAL });
});
afterAll(() => shop.close());

const wanted = (word: string) => {
  const outTradeNo = shop.number(word);
  return { provider: 'wechatpay', outTradeNo, amountYuan: '10.00', title: `process ${outTradeNo}` };
};
const intact = async () =>
  expect(await shop.command(['audit', 'verify'], {}, runCommand)).toMatchObject({ code: 0 });

describe(`under load, told to end at any moment (FAULTS_SEED=${SEED})`, () => {
  const random = seeded(SEED);
  const CALLS = 24;

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'by %s, a server on stdio leaves nothing open',
    async (signal) => {
      const agent = await shop.agent();
      const orders = Array.from({ length: CALLS }, () => wanted('LOAD'));
      const told = new Map<string, string | undefined>();
      const calls = orders.map(async (order) => {
        const reply = await agent.server.call('create-payment', order);
        if (reply.isError) readRefusal(reply);
        else told.set(order.outTradeNo, readPayment(reply).qrCode);
      });
      setTimeout(() => process.kill(agent.server.pid, signal), random() * 150);
      await Promise.allSettled(calls);
      await until('it is gone', () => !isRunning(agent.server.pid) || undefined);

      const next = await shop.agent();
      for (const order of orders) {
        const found = await next.create(order);
        expect(found.state).toBe('NOTPAY');
        if (told.has(order.outTradeNo)) expect(found.qrCode).toBe(told.get(order.outTradeNo));
        expect((await shop.simulator.trades()).filter(({ title }) => title === order.title)).toHaveLength(1);
      }
      await next.server.close();
      await intact();
    },
  );

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'by %s, the service answers all it has begun',
    async (signal) => {
      const service = await Service.start(shop);
      const agent = await service.agent('modern');
      const orders = Array.from({ length: CALLS }, () => wanted('HTTP'));
      const answered = new Set<string>();
      const calls = orders.map(async (order) => {
        const reply = await agent.call('create-payment', order);
        if (reply.isError) expect(readRefusal(reply).code).toMatch(/TRY_LATER|OUTCOME_UNKNOWN/);
        else answered.add(readPayment(reply).outTradeNo);
      });
      setTimeout(() => service.signal(signal), random() * 150);
      await Promise.allSettled(calls);
      expect(await service.ended()).toBe(0);

      const next = await shop.agent();
      const known = new Map(
        (await next.list({ limit: 100 })).items.map((one) => [one.outTradeNo, one.state]),
      );
      for (const { outTradeNo } of orders) {
        if (answered.has(outTradeNo)) expect(known.get(outTradeNo)).toBe('NOTPAY');
      }
      // What the gateway has had, the ledger has.
      const mine = new Set(orders.map(({ outTradeNo }) => outTradeNo));
      const trades = (await shop.simulator.trades()).filter(({ outTradeNo }) => mine.has(outTradeNo));
      for (const { outTradeNo } of trades) expect(known.has(outTradeNo), outTradeNo).toBe(true);
      await next.server.close();
    },
  );
});

describe.skipIf(!canFail)(`a process that is stopped and goes on later${faultsMark}`, () => {
  let machine: Machine;
  const stopped = new Set<number>();
  beforeAll(() => {
    machine = Machine.another();
  });
  afterEach(() => {
    for (const pid of stopped) if (isRunning(pid)) process.kill(pid, 'SIGCONT');
    stopped.clear();
    machine.heal();
    machine.ahead = 0;
  });
  afterAll(() => machine.end());

  it('while the gateway answers its refund, gives nothing back twice, nor does who took over', async () => {
    const network = await shop.slowNetwork();
    const first = await shop.agent({ env: network.env });
    const { outTradeNo } = await shop.sell(first, 'wechatpay');
    const back = { outTradeNo, outRefundNo: shop.number('R'), refundYuan: '4.00' };
    let release = () => {};
    const passing = new Promise<'pass'>((resolve) => {
      release = () => resolve('pass');
    });
    const reached = new Promise<void>((resolve) => {
      network.treat = ({ target, method }) => {
        if (!REFUND.test(target) || method !== 'POST') return 'pass';
        resolve();
        return passing;
      };
    });
    const late = first.server.call('refund-payment', back);
    await reached;
    process.kill(first.server.pid, 'SIGSTOP');
    stopped.add(first.server.pid);
    // Its claim has run out for who comes half a minute later.
    machine.ahead = 30_000;
    const second = await shop.agent({ env: { ...network.env, ...machine.env } });
    await second.refund(back);
    release();
    process.kill(first.server.pid, 'SIGCONT');
    const reply = await late;
    if (reply.isError) readRefusal(reply);
    await second.refundArrives(await second.refund(back));
    expect((await shop.simulator.trade(outTradeNo)).refunds).toMatchObject([{ amountFen: 400 }]);
    expect(await first.known(outTradeNo)).toMatchObject({ refundedYuan: '4.00' });
    await first.server.close();
    await second.server.close();
    await intact();
  });

  it('in the midst of a commit keeps others waiting, and no longer than they say', async () => {
    const [first, second] = [await shop.agent({ env: machine.env }), await shop.agent()];
    const held = wanted('HELD');
    for (const agent of [first, second]) await agent.create(wanted('WARM'));
    machine.fail(join(shop.home, 'simulator'), { at: 1, operations: ['flush'], signal: 'SIGSTOP' });
    stopped.add(first.server.pid);
    const late = first.server.call('create-payment', held);
    await until('it has stopped', () => machine.failed > 0 || undefined);
    machine.heal();
    const other = wanted('OTHER');
    const refusal = await second.refused('create-payment', other);
    expect(refusal).toMatchObject({ code: 'INTERNAL', retryable: true });
    expect(await shop.simulator.calls(other.outTradeNo)).toEqual([]);
    process.kill(first.server.pid, 'SIGCONT');
    expect(readPayment(await late)).toMatchObject({ outTradeNo: held.outTradeNo, state: 'NOTPAY' });
    expect((await second.create(other)).state).toBe('NOTPAY');
    await first.server.close();
    await second.server.close();
    await intact();
  });
});

describe('a machine with little', () => {
  it.each([16, 24, 32])(
    'of %i files that may be open serves, or says in a sentence why it does not',
    async (files) => {
      const program = ['sh', '-c', `ulimit -n ${files}; exec "$0" "$@"`, process.execPath, MAIN];
      const server = await ServerProcess.start({
        env: shop.env,
        cwd: join(shop.home, 'cwd'),
        transcript: shop.transcript,
        program,
      }).catch((error: Error) => error);
      if (server instanceof Error) {
        expect(server.message).not.toMatch(/\n +at |Unexpected|意外/);
        return;
      }
      const order = wanted('FEW');
      const reply = await server.call('create-payment', order);
      if (reply.isError) readRefusal(reply);
      await server.close();
      const next = await shop.agent();
      expect((await next.create(order)).state).toBe('NOTPAY');
      expect(await shop.simulator.calls(order.outTradeNo, 'create')).toHaveLength(1);
      await next.server.close();
    },
  );

  it('of files that may be open, all taken by strangers, serves again when they let go', async () => {
    const service = await Service.start(shop);
    execFileSync('prlimit', ['--pid', String(service.pid), '--nofile=64:64']);
    const sockets: Socket[] = [];
    for (let i = 0; i < 100; i++) {
      const socket = connect(service.port, '127.0.0.1');
      socket.on('error', () => undefined);
      sockets.push(socket);
    }
    await Promise.all(sockets.map((socket) => once(socket, 'connect').catch(() => undefined)));
    for (const socket of sockets) socket.destroy();
    const order = wanted('FLOOD');
    const agent = await until('it serves', () => service.agent('modern').catch(() => undefined));
    const found = await until('it sells', async () => {
      const reply = await agent.call('create-payment', order);
      if (!reply.isError) return readPayment(reply);
      readRefusal(reply);
      return undefined;
    });
    expect(found.state).toBe('NOTPAY');
    expect(await shop.simulator.trade(order.outTradeNo)).toMatchObject({ state: 'NOTPAY' });
    expect(await service.stop()).toBe(0);
  });

  it('memory sells all the same', async () => {
    const agent = await shop.agent({ env: { NODE_OPTIONS: '--max-old-space-size=48' } });
    for (let i = 0; i < 5; i++) {
      const orders = await Promise.all(Array.from({ length: 8 }, () => agent.create(wanted('SMALL'))));
      expect(orders.map(({ state }) => state)).toEqual(orders.map(() => 'NOTPAY'));
    }
    expect((await agent.list({ limit: 100 })).items.length).toBeGreaterThanOrEqual(40);
    await agent.server.close();
  });
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
