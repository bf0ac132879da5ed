import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fen, toYuan } from '../../src/domain/money.ts';
import { openSqlite } from '../../src/platform/sqlite.ts';
import { HookReceiver } from '../support/hook-receiver.ts';
import { hasPostgres, newDatabase } from '../support/postgres.ts';
import { runCommand, until } from '../support/server-process.ts';
import { WALLETS } from '../support/simulator-client.ts';
import { postgresMark } from '../support/skipped.ts';
import { type Payment, readPayment } from './shapes.ts';
import { type Agent, Shop } from './shop.ts';

/** The gateways are the simulator's, on loopback, but the server is told that they are the real ones. */
let shop: Shop;
let live: Readonly<Record<string, string>>;
let agent: Agent;
let books: HookReceiver;
/** Of servers. */
let telling: Readonly<Record<string, string>>;
beforeAll(async () => {
  shop = await Shop.open();
  books = await HookReceiver.start();
  live = { ...shop.simulator.env, CASHIER_MODE: 'live' };
  // Not the doctor, who would knock there.
  const file = join(shop.home, 'told.yaml');
  writeFileSync(file, books.file({ allowPrivate: true, events: ['refund.*'] }));
  telling = { ...live, CASHIER_CHANNELS: file };
  agent = await shop.agent({
    env: { ...telling, CASHIER_TRIAL: 'true', AP_SELECT_TOOLS: 'unified,subscriptions' },
  });
});
afterAll(async () => {
  await shop.close();
  await books.close();
});

/** Something is done with the ledger of the trial edition, beside whoever works on it. */
async function inLedger<T>(sql: string): Promise<T[]> {
  const database = await openSqlite(join(shop.home, 'trial', 'ledger.db'));
  try {
    return database.prepare(sql).all() as T[];
  } finally {
    database.close();
  }
}
const back = async ({ outTradeNo }: Pick<Payment, 'outTradeNo'>) => {
  const { refunds } = await shop.simulator.trade(outTradeNo);
  return refunds.filter(({ status }) => status === 'SUCCESS').map(({ amountFen }) => amountFen);
};

describe('a trial edition', () => {
  const sold: Payment[] = [];
  let subscribed: { readonly outTradeNo: string; readonly signNo: string };
  let open: Payment;

  it.each(WALLETS)(
    'sells through %s, and says in every answer that the money goes back',
    async (provider) => {
      const wish = { provider, amountYuan: '0.50', title: 'trial' };
      const reply = await agent.server.call('create-payment', wish);
      expect(reply.text.split('\n')[0]).toContain('体验版');
      expect(reply.structured).toMatchObject({ trial: true, simulated: false });
      await shop.simulator.pay(readPayment(reply));
      const paid = await agent.query(readPayment(reply).outTradeNo);
      expect(paid).toMatchObject({ state: 'PAID', trial: true });
      sold.push(paid);
    },
  );

  it('has subscribers, who are charged as anybody is', async () => {
    const wish = { amountYuan: '0.40', title: 'trial', period: 'P7D' };
    const offer = (provider: string, contractNo: string) =>
      agent.server.call('create-subscription', { ...wish, provider, contractNo, subscriber: contractNo });
    const { signUrl } = (await offer('alipay', 'TRIAL1')).structured as { signUrl: string };
    await shop.simulator.subscriber('sign', { code: signUrl });
    const charged = await until('the first charge', async () => {
      const { structured } = await agent.server.call('query-subscription', { contractNo: 'TRIAL1' });
      const { lastCharge } = structured as { lastCharge?: { outTradeNo: string; state: string } };
      return lastCharge?.state === 'PAID' ? lastCharge : undefined;
    });
    await offer('alipay', 'TRIAL2');
    await offer('wechatpay', 'TRIAL3');
    subscribed = { outTradeNo: charged.outTradeNo, signNo: 'TRIAL1' };
  });

  it('takes no large sum', async () => {
    const wish = { provider: 'alipay', amountYuan: '1.01', title: 'too much' };
    const rule = { rule: 'trial.maxYuan', limit: '1.00', used: '1.01' };
    expect(await agent.refused('create-payment', wish)).toMatchObject({ code: 'POLICY_DENIED', ...rule });
  });

  it('is told by the doctor, with what it owes, also once it has ended', async () => {
    const doctor = async (env: Readonly<Record<string, string>>) => {
      const { stdout } = await shop.command(['doctor', '--json'], env, runCommand);
      const { findings } = JSON.parse(stdout) as { findings: { id: string; message: string }[] };
      return new Map(findings.map(({ id, message }) => [id, message]));
    };
    const trial = await doctor({ ...live, CASHIER_TRIAL: 'true' });
    expect(trial.get('configuration.realm')).toContain('体验版');
    const [owed, sum] = [sold.length + 1, toYuan(fen(50 * sold.length + 40))];
    expect(trial.get('ledger.owed')).toContain(`${owed} 笔，共 ${sum} 元`);
    const after = await doctor(live);
    expect(after.get('ledger.trial-owes')).toContain(`${owed} 笔、共 ${sum} 元`);
    expect(after.get('ledger.trial-subscriptions')).toContain('3 个未结束的订阅');
    expect(after.has('ledger.owed')).toBe(false);
  });

  it('that has ended is carried on by live servers of the same home: all goes back once', async () => {
    open = await agent.create({ provider: 'wechatpay', amountYuan: '0.30', title: 'paid later' });
    await agent.server.close();
    await shop.simulator.pay(open);
    // It is ten o'clock of the next day for what was sold.
    await inLedger('UPDATE owed SET try_at = 0 RETURNING 1');
    const [one] = await Promise.all([shop.agent({ env: telling }), shop.agent({ env: telling })]);
    for (const order of sold) {
      const refunded = await until(`${order.outTradeNo} back`, async () => {
        const given = await back(order);
        return given.length > 0 ? given : undefined;
      });
      expect(refunded).toEqual([50]);
    }
    // What was paid when no trial server ran any more is owed as well.
    await until('the late one owed', async () => {
      const owed = await inLedger<{ out_trade_no: string }>(
        'SELECT out_trade_no FROM owed WHERE settled_at IS NULL',
      );
      return owed.some((row) => row.out_trade_no === open.outTradeNo) ? owed : undefined;
    });
    await inLedger('UPDATE owed SET try_at = 0 WHERE settled_at IS NULL RETURNING 1');
    await until('the late one back', async () => ((await back(open)).length > 0 ? true : undefined));
    for (const order of [...sold, open]) expect(await back(order)).toHaveLength(1);
    // Whoever is told things is told of it, by whoever carries it on.
    const heard = (outTradeNo: string) =>
      books.received.find(({ type, data }) => type === 'refund.succeeded' && data.outTradeNo === outTradeNo);
    for (const { outTradeNo } of [...sold, open]) {
      const event = await until(`${outTradeNo} told`, () => heard(outTradeNo));
      expect(event.data).toMatchObject({ trial: true, simulated: false });
    }
    // Who had agreed to be charged again and again is not, by anybody.
    const agreement = await until('the end of what was agreed to', async () => {
      const agreed = await shop.simulator.agreements();
      return agreed.find(({ externalNo, state }) => externalNo === subscribed.signNo && state !== 'NORMAL');
    });
    expect(agreement.state).toBe('STOP');
    const ends = await inLedger('SELECT contract_no, state, reason FROM subscriptions ORDER BY contract_no');
    const ended = { state: 'ENDED', reason: 'trial-over' };
    expect(ends).toEqual(['TRIAL1', 'TRIAL2', 'TRIAL3'].map((no) => ({ contract_no: no, ...ended })));
    expect(await back(subscribed)).toEqual([40]);
    // Nothing of it is in the live ledger.
    expect((await (one as Agent).list()).totals.count).toBe(0);
    const verified = await shop.command(['audit', 'verify', '--realm', 'trial'], live);
    expect(verified).toMatchObject({ code: 0 });
  });

  it.runIf(hasPostgres)(
    `in a database is carried on by a live server at another one${postgresMark(hasPostgres)}`,
    async () => {
      const [trial, own] = [await newDatabase(), await newDatabase()];
      const at = ({ url }: { readonly url: string }) => ({ ...live, CASHIER_LEDGER: url });
      const seller = await shop.agent({ env: { ...at(trial), CASHIER_TRIAL: 'true' } });
      const order = await seller.create({ provider: 'alipay', amountYuan: '0.20', title: 'in a database' });
      await shop.simulator.pay(order);
      await seller.query(order.outTradeNo);
      await seller.server.close();
      const client = new Client(trial.url);
      await client.connect();
      await client.query('UPDATE owed SET try_at = 0');
      await client.end();
      const server = await shop.agent({ env: at(own) });
      await until('it is back', async () => ((await back(order)).length > 0 ? true : undefined));
      expect(await back(order)).toEqual([20]);
      await server.server.close();
      for (const database of [trial, own]) await database.drop();
    },
  );
});
