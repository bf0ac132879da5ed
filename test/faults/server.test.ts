import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readRefusal } from '../journeys/shapes.ts';
import { type Agent, REFUNDS_WITHOUT_APPROVAL, Shop } from '../journeys/shop.ts';
import { SAY_ONCE } from '../support/gateways.ts';
import { type Arguments, runCommand } from '../support/server-process.ts';
import { WALLETS } from '../support/simulator-client.ts';
import { seeded } from '../support/virtual-time.ts';
import { canFail, type DiskFault, faultsMark, Machine } from './machine.ts';

/** As in disk.test.ts: here the very product, as a process. */
const SEED = Number(process.env.FAULTS_SEED ?? 20_261_128);
const STRIDE = process.env.FAULTS === 'long' ? 1 : 60;

const KINDS: readonly [string, Omit<DiskFault, 'at'>][] = [
  ['fails once', { error: 'EIO' }],
  ['is full from then on', { error: 'ENOSPC', lasting: true, torn: true }],
  ['is read-only from then on', { error: 'EROFS', lasting: true }],
  ['is the last that the process does', { signal: 'SIGKILL' }],
];
/** An order keeps its number, whatever gets lost. */
const GIVE_AGAIN = WALLETS.filter((id) => !SAY_ONCE.has(id));
const NOTHING_SENT = /没有向支付平台发送|没有资金变动|nothing was sent|no money moved/i;

describe.skipIf(!canFail)(`a server whose write, any of them (FAULTS_SEED=${SEED})${faultsMark}`, () => {
  const random = seeded(SEED);
  let shop: Shop;
  let machine: Machine;
  let agent: Agent;
  beforeAll(async () => {
    machine = Machine.another();
    shop = await Shop.open({ policy: REFUNDS_WITHOUT_APPROVAL, env: { CASHIER_LOG_LEVEL: 'info' } });
    agent = await start();
  });
  afterAll(async () => {
    await shop.close();
    machine.end();
  });

  const start = () => shop.agent({ env: machine.env });
  const deeds = async (outTradeNo: string) => {
    const calls = await shop.simulator.calls(outTradeNo);
    return calls.filter(({ operation }) => /^(create|close|refund)$/.test(operation)).length;
  };

  /** A call that may be refused, in our own words, or not answered by a process that dies of it. */
  async function attempt(tool: string, args: Arguments & { readonly outTradeNo: string }): Promise<boolean> {
    const before = await deeds(args.outTradeNo);
    try {
      const reply = await agent.server.call(tool, args);
      if (!reply.isError) return true;
      const { message } = readRefusal(reply);
      if (NOTHING_SENT.test(message)) expect(await deeds(args.outTradeNo), message).toBe(before);
    } catch (error) {
      expect(String(error)).toMatch(/connection closed|not connected/i);
      // It died where it was told to, and of nothing else.
      expect(machine.failed).toBeGreaterThan(0);
    }
    return false;
  }

  it.each(KINDS)('%s, costs nobody anything', async (name, fault) => {
    let tried = 0;
    for (let at = 1 + Math.floor(random() * STRIDE), failed = 1; failed > 0; at += STRIDE) {
      const provider = GIVE_AGAIN[at % GIVE_AGAIN.length];
      const sold = {
        outTradeNo: shop.number('SOLD'),
        amountYuan: '10.00',
        title: `sold ${name} ${at}`,
        provider,
      };
      const unsold = {
        outTradeNo: shop.number('OPEN'),
        amountYuan: '5.00',
        title: `open ${name} ${at}`,
        provider,
      };
      const back = { outTradeNo: sold.outTradeNo, outRefundNo: shop.number('R'), refundYuan: '4.00' };
      machine.fail(shop.home, { at, ...fault });
      if (await attempt('create-payment', sold)) {
        await shop.simulator.payByNumber(provider ?? '', sold.outTradeNo);
        await attempt('query-payment', sold);
        if (await attempt('refund-payment', back)) await attempt('query-refund', back);
      }
      if (await attempt('create-payment', unsold)) await attempt('close-payment', unsold);
      machine.heal();
      ({ failed } = machine);
      tried += 1;
      if (fault.signal && failed > 0) agent = await start();

      const where = `${name} at ${at}`;
      const order = await agent.create(sold);
      const trades = await shop.simulator.trades();
      const isPaid = trades.some(({ title, state }) => title === sold.title && state === 'PAID');
      if (!isPaid) await shop.simulator.pay(order);
      expect(await agent.query(sold.outTradeNo), where).toMatchObject({ state: 'PAID', amountYuan: '10.00' });
      await agent.refundArrives(await agent.refund(back));
      await agent.create(unsold);
      await agent.close(unsold.outTradeNo);
      const { refunds } = await shop.simulator.trade(sold.outTradeNo);
      expect(refunds, where).toMatchObject([{ outRefundNo: back.outRefundNo, amountFen: 400 }]);
      expect(await agent.known(sold.outTradeNo), where).toMatchObject({
        state: 'PAID',
        refundedYuan: '4.00',
      });
    }
    expect(tried, 'positions').toBeGreaterThan(1);
    const verified = await shop.command(['audit', 'verify'], {}, runCommand);
    expect(verified).toMatchObject({ code: 0 });
    process.stdout.write(`${name}: ${tried} positions of a process\n`);
  });
});
