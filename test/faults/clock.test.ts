import { utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Agent, Shop } from '../journeys/shop.ts';
import { LedgerFile } from '../support/ledger-file.ts';
import { withinOneDay } from '../support/one-day.ts';
import { type Arguments, runCommand } from '../support/server-process.ts';
import { canFail, faultsMark, Machine } from './machine.ts';

withinOneDay();

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const YEAR_MS = 365.25 * DAY_MS;
const WRONG: readonly [string, () => number][] = [
  ['two hours ahead', () => 2 * HOUR_MS],
  ['two hours behind', () => -2 * HOUR_MS],
  ['two days ahead', () => 2 * DAY_MS],
  ['in 1970', () => -Date.now() + DAY_MS],
  ['past 2038', () => Math.round(13 * YEAR_MS)],
  ['past 2100', () => Math.round(80 * YEAR_MS)],
];
/** Of the true day; refunds of up to 5 yuan need nobody. */
const PER_DAY = 40;
const POLICY = `version: 1
payments: { perDay: { count: ${PER_DAY} } }
refunds: { approveAboveYuan: "5" }
`;
/** Waits (ms) that are told in seconds may take this long on a busy machine; one that waits for the clock takes hours. */
const SOON_MS = 120_000;

describe.skipIf(!canFail)(`a process whose clock is wrong for a time${faultsMark}`, () => {
  let shop: Shop;
  let machine: Machine;
  let agent: Agent;
  beforeAll(async () => {
    machine = Machine.another();
    shop = await Shop.open({ policy: POLICY });
    agent = await shop.agent({ env: machine.env });
  });
  afterAll(async () => {
    machine.ahead = 0;
    await shop.close();
    machine.end();
  });

  const wanted = (word: string) => {
    const outTradeNo = shop.number(word);
    return { provider: 'wechatpay', outTradeNo, amountYuan: '10.00', title: `clock ${outTradeNo}` };
  };
  /** Whatever may come of it now: an answer of ours. */
  const attempt = async (tool: string, args: Arguments) => {
    const reply = await agent.server.call(tool, args);
    return { isError: reply.isError, text: reply.text };
  };

  it.each(WRONG)('%s, does what it was asked before, then and after once', async (_, ahead) => {
    const [before, then, after] = [wanted('BEFORE'), wanted('THEN'), wanted('AFTER')];
    const open = await agent.create(before);
    // The gateway wants a minute between two refunds of an order.
    const [one, two] = [await shop.sell(agent, 'wechatpay'), await shop.sell(agent, 'wechatpay')];
    const small = { outTradeNo: one.outTradeNo, outRefundNo: shop.number('R'), refundYuan: '1.00' };
    const large = { outTradeNo: two.outTradeNo, outRefundNo: shop.number('R'), refundYuan: '6.00' };
    const asked = await agent.refund(large);
    expect(asked.state).toBe('PENDING_APPROVAL');

    machine.ahead = ahead();
    await attempt('create-payment', then);
    await attempt('query-payment', { outTradeNo: before.outTradeNo, waitSeconds: 2 });
    await attempt('refund-payment', small);
    await attempt('refund-payment', large);
    await attempt('list-payments', {});
    machine.ahead = 0;

    // Nothing that was begun then is in anybody's way.
    const found = await agent.create(then);
    expect(found).toMatchObject({
      outTradeNo: then.outTradeNo,
      state: expect.stringMatching(/NOTPAY|CLOSED/),
    });
    await agent.create(after);
    await shop.simulator.pay(open, { late: true });
    expect((await agent.query(before.outTradeNo)).state).toBe('PAID');
    for (const { outTradeNo } of [one, two]) expect((await agent.known(outTradeNo)).state).toBe('PAID');
    await agent.refundArrives(await agent.refund(small));
    // Who had been asked may have run out meanwhile, and is asked again: once.
    const again = await agent.refund(large);
    expect(again.state).toBe('PENDING_APPROVAL');
    await shop.approve(again);
    await agent.refundArrives(await agent.refund(large));
    const givenBack = async (outTradeNo: string) =>
      (await shop.simulator.trade(outTradeNo)).refunds.map(({ amountFen }) => amountFen);
    expect([await givenBack(one.outTradeNo), await givenBack(two.outTradeNo)]).toEqual([[100], [600]]);
    expect(await shop.command(['audit', 'verify'], {}, runCommand)).toMatchObject({ code: 0 });
  });

  it('waits as long as it was told, whatever the clock does meanwhile', async () => {
    const { outTradeNo } = await agent.create(wanted('WAIT'));
    for (const ahead of [-1, 1].map((sign) => sign * Math.round(10 * YEAR_MS))) {
      const began = performance.now();
      const waiting = agent.server.call('query-payment', { outTradeNo, waitSeconds: 3 });
      machine.ahead = ahead;
      await waiting;
      machine.ahead = 0;
      expect(performance.now() - began).toBeLessThan(SOON_MS);
    }
  });

  it('gives up a ledger that is held as soon as ever', async () => {
    const unlock = await new LedgerFile(join(shop.home, 'simulator', 'ledger.db')).lock();
    const began = performance.now();
    const refused = agent.refused('create-payment', wanted('HELD'));
    machine.ahead = -Math.round(10 * YEAR_MS);
    expect((await refused).code).toBe('INTERNAL');
    machine.ahead = 0;
    unlock();
    expect(performance.now() - began).toBeLessThan(SOON_MS);
  });

  it('starts beside a lock that one with a wrong clock has left', async () => {
    const other = join(shop.home, 'other.db');
    const lock = join(shop.home, 'ledgers.json.lock');
    writeFileSync(lock, '1');
    const future = new Date(Date.now() + YEAR_MS);
    utimesSync(lock, future, future);
    const began = performance.now();
    const late = await shop.agent({ env: { CASHIER_LEDGER: other } });
    expect(performance.now() - began).toBeLessThan(SOON_MS);
    await late.server.close();
  });

  it('counts for each day what that day had', async () => {
    const today = new Date(Date.now() + 8 * HOUR_MS).toISOString().slice(0, 10);
    const count = async () => (await agent.list({ from: today, to: today })).totals.count;
    const left = PER_DAY - (await count());
    expect(left).toBeGreaterThan(0);
    for (let i = 0; i < left; i++) await agent.create(wanted('DAY'));
    expect(await agent.refused('create-payment', wanted('DAY'))).toMatchObject({ code: 'POLICY_DENIED' });
    expect(await count()).toBe(PER_DAY);
  });
});
