import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Service } from '../http/service.ts';
import { freePort } from '../support/free-port.mjs';
import { hasPostgres, newDatabase, say } from '../support/postgres.ts';
import { runCommand, until } from '../support/server-process.ts';
import { postgresMark } from '../support/skipped.ts';
import { Wire } from '../support/wire.ts';
import { type Agent, REFUNDS_WITHOUT_APPROVAL, Shop } from './shop.ts';

describe.skipIf(!hasPostgres)(`a shop on PostgreSQL${postgresMark(hasPostgres)}`, () => {
  let shop: Shop;
  let database: Awaited<ReturnType<typeof newDatabase>>;
  let address: URL;
  let name: string;
  beforeAll(async () => {
    database = await newDatabase();
    address = new URL(database.url);
    // Taken or ignored by the server, it is nobody's business.
    address.password ||= 'nobody-may-see-this-one';
    name = `postgres://${address.username}@${address.host}${address.pathname}`;
    shop = await Shop.open({ policy: REFUNDS_WITHOUT_APPROVAL, env: { CASHIER_LEDGER: address.href } });
    shop.secrets.add(address.password);
  });
  afterAll(async () => {
    await shop?.close();
    await database?.drop();
  });
  const told = async (...args: string[]) => {
    const { code, stdout } = await shop.command([...args, '--json']);
    return { code, ...(JSON.parse(stdout) as Record<string, unknown>) };
  };
  async function finding(id: string, env: Readonly<Record<string, string>> = {}) {
    const { stdout } = await shop.command(['doctor', '--offline', '--json'], env, runCommand);
    const { findings } = JSON.parse(stdout) as { findings?: { id: string; message: string }[] };
    return findings?.find((one) => one.id === id)?.message;
  }

  it('has none before a server has made it, and no command makes it', async () => {
    expect(await finding('ledger.absent')).toContain(name);
    const { code, stderr } = await shop.command(['orders']);
    expect([code, stderr]).toEqual([1, expect.stringContaining('CASHIER_LEDGER')]);
    expect(await finding('ledger.absent')).toContain(name);
  });

  it('sells, refunds and settles in any of its processes, and its trail verifies', async () => {
    const [here, there] = (await Promise.all([shop.agent(), shop.agent()])) as [Agent, Agent];
    const order = await here.create({ provider: 'wechatpay', amountYuan: '10.00', title: '菜谱 recipe' });
    expect(await there.known(order.outTradeNo)).toMatchObject({ state: 'NOTPAY' });
    await shop.simulator.pay(order);
    expect((await there.query(order.outTradeNo)).state).toBe('PAID');
    const { outTradeNo } = order;
    const refunds = [here, there].map((agent) =>
      agent.refund({ outTradeNo, refundYuan: '4.00', outRefundNo: 'R_1' }),
    );
    const [first] = await Promise.all(refunds);
    if (first) await here.refundArrives(first);
    expect(await there.known(outTradeNo)).toMatchObject({ refundedYuan: '4.00' });
    expect(await told('audit', 'verify')).toMatchObject({ code: 0, ledger: name });
    expect(await told('orders')).toMatchObject({ code: 0, ledger: name });
    expect(await finding('ledger.usable')).toContain(name);
  });

  it('tells whether its processes hear of each other at once, and of which address where they do not', async () => {
    expect(await finding('ledger.listening')).toContain(name);
    const nobody = `127.0.0.1:${await freePort()}`;
    const wrong = { CASHIER_LEDGER_LISTEN: `postgres://x:${address.password}@${nobody}/ledger` };
    expect(await finding('ledger.not-listening', wrong)).toContain(`x@${nobody}`);
  });

  it('is frozen by its name, for every process, and notes no password', async () => {
    const agent = await shop.agent();
    const ledgers = readFileSync(join(shop.home, 'ledgers.json'), 'utf8');
    expect(JSON.parse(ledgers)).toMatchObject({ ledgers: [name] });
    expect(await told('freeze')).toMatchObject({ code: 0, frozen: true, ledgers: [{ ledger: name }] });
    const sale = { provider: 'wechatpay', amountYuan: '1.00', title: 'tea' };
    expect((await agent.refused('create-payment', sale)).code).toBe('FROZEN');
    expect(await told('unfreeze')).toMatchObject({ code: 0 });
    await agent.create(sale);
  });

  it('outlives that the server ends all its connections', async () => {
    const agent = await shop.agent();
    const order = await agent.create({ provider: 'wechatpay', amountYuan: '2.00', title: 'tea' });
    await say(
      database.url,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    );
    await shop.simulator.pay(order);
    await until('paid', async () => (await agent.query(order.outTradeNo)).state === 'PAID' || undefined);
  });

  it('says in /readyz that its server is away, and that it is back', async () => {
    const wire = new Wire(address.href);
    const service = await Service.start(shop, { CASHIER_LEDGER: await wire.start() });
    const readyz = async () => {
      const answer = await fetch(`${service.origin}/readyz`);
      return { status: answer.status, ...((await answer.json()) as object) };
    };
    const becomes = async (status: number, ledger: string) => {
      const said = await until(`/readyz ${status}`, async () => {
        const now = await readyz();
        return now.status === status ? now : undefined;
      });
      expect(said).toMatchObject({ ledger });
    };
    await becomes(200, 'ok');
    wire.down();
    await becomes(503, 'unreadable');
    wire.isDown = false;
    await becomes(200, 'ok');
    await service.stop();
    wire.stop();
  });
});
