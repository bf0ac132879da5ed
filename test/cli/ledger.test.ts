import { existsSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REFUNDS_WITHOUT_APPROVAL, Shop } from '../journeys/shop.ts';
import { today } from '../reconcile/bench.ts';
import { cheapGuesses } from '../support/guess-cost.ts';
import { withinOneDay } from '../support/one-day.ts';
import { until } from '../support/server-process.ts';

withinOneDay();
cheapGuesses();

const SECRET = 'correct-horse-battery';

describe('a ledger as a whole, by commands', () => {
  let shop: Shop;
  let orders: string[];
  const path = (name: string) => join(shop.home, 'cwd', name);
  const told = async (args: readonly string[], env = {}) => {
    const { code, stdout, stderr } = await shop.command([...args, '--json'], env);
    expect([stderr, code]).toEqual(['', 0]);
    return JSON.parse(stdout);
  };
  beforeAll(async () => {
    shop = await Shop.open({ policy: REFUNDS_WITHOUT_APPROVAL });
    shop.secrets.add(SECRET);
    const agent = await shop.agent();
    orders = [(await shop.sell(agent, 'alipay')).outTradeNo];
    orders.push((await agent.create({ provider: 'wechatpay', amountYuan: '1.00', title: 'tea' })).outTradeNo);
    const open = await told(['ledger', 'info']);
    expect(open).toMatchObject({ openElsewhere: true, orders: { PAID: 1, NOTPAY: 1 }, paidYuan: '10.00' });
    await agent.server.close();
  });
  afterAll(() => shop.close());

  it('says what it is, in use by whom, and when it was looked after', async () => {
    const before = await told(['ledger']);
    expect(before).toMatchObject({
      ...{ realm: 'simulator', ledger: join(shop.home, 'simulator/ledger.db'), openElsewhere: false },
      ...{ refundedYuan: '0.00', frozen: null, restored: null, verified: null, backedUp: null },
      newest: { at: expect.stringMatching(/\+08:00$/), kind: expect.any(String) },
    });
    expect(before.id).toMatch(/^[0-9a-f]{32}$/);
    expect(before.bytes).toBeGreaterThan(10_000);
    await told(['audit', 'verify']);
    const { checkpoint } = await told(['ledger', 'backup', 'first.db']);
    expect(await told(['ledger', 'info'])).toMatchObject({
      verified: { records: before.records },
      backedUp: { records: checkpoint.seq },
    });
    const { stdout } = await shop.command(['ledger', 'info', '--lang', 'en']);
    expect(stdout).toContain('schema version');
    expect((await shop.command(['ledger', 'info', '--lang', 'zh'])).stdout).toContain('上次备份');
    expect((await shop.command(['help', 'ledger'])).stdout).toContain('backup FILE');
  });

  it('forgets who has paid, of one order or of all that are old', async () => {
    expect(await told(['ledger', 'forget', orders[0] ?? ''])).toMatchObject({
      realm: 'simulator',
      orders: 0,
    });
    expect(await told(['ledger', 'forget', '--older-than', '0'])).toMatchObject({ orders: 0 });
    for (const wrong of [[], ['NO_SUCH_1'], [orders[0] ?? '', '--older-than', '5'], ['--older-than', 'x']])
      expect(await shop.command(['ledger', 'forget', ...wrong])).toMatchObject({ code: 1, stdout: '' });
  });

  it('is restored only by whoever knows its secret, and begins paused until it knows again what came after', async () => {
    await told(['operator', 'set-secret', '--realm', 'simulator'], { CASHIER_OPERATOR_SECRET: SECRET });
    const kept = join(shop.home, 'kept.jsonl');
    expect(await shop.command(['audit', 'checkpoint', '--out', kept])).toMatchObject({ code: 0 });
    const { file, realm } = await told(['ledger', 'backup', 'backup.db']);
    expect([file, realm, statSync(path('backup.db')).mode & 0o77]).toEqual([
      path('backup.db'),
      'simulator',
      0,
    ]);
    expect(await shop.command(['ledger', 'backup', 'backup.db'])).toMatchObject({ code: 1, stdout: '' });
    const agent = await shop.agent();
    const later = await shop.sell(agent, 'alipay');
    await agent.server.close();

    // The machine is lost, and all that is left is the backup.
    const ledger = join(shop.home, 'simulator/ledger.db');
    for (const end of ['', '-wal', '-shm']) rmSync(`${ledger}${end}`, { force: true });
    const restore = ['ledger', 'restore', 'backup.db', '--checkpoint', kept];
    const stranger = await shop.command(restore, { CASHIER_OPERATOR_SECRET: 'wrong-horse-battery' });
    expect(stranger).toMatchObject({ code: 1, stdout: '' });
    expect(existsSync(ledger)).toBe(false);
    const person = { CASHIER_OPERATOR_SECRET: SECRET };
    expect(await told(restore, person)).toMatchObject({ realm: 'simulator', frozen: true });
    expect(existsSync(join(shop.home, 'live'))).toBe(false);
    expect(await shop.command(restore, person)).toMatchObject({ code: 1, stdout: '' });

    const beside = await shop.command([...restore, '--ledger', 'beside.db', '--lang', 'en'], {
      ...person,
      CASHIER_HOME: join(shop.home, 'other'),
    });
    expect(beside.stdout).toMatch(
      /reconcile .*--ledger \S+\/beside\.db --date DAY[\s\S]*unfreeze .*--ledger \S+\/beside\.db\n/,
    );

    const early = await shop.command(['unfreeze', '--lang', 'en'], person);
    expect(early).toMatchObject({ code: 1, stderr: expect.stringContaining('have not been asked about') });
    const again = await shop.agent();
    const refused = await again.refused('create-payment', {
      provider: 'alipay',
      amountYuan: '1.00',
      title: 'x',
    });
    expect(refused.code).toBe('FROZEN');
    await again.query(orders[1] ?? '');
    await until('what was open is asked about', async () => {
      const { restored } = await told(['ledger', 'info']);
      return restored?.openOrdersAsked ? restored : undefined;
    });
    expect(await shop.command(['unfreeze', '--lang', 'en'], person)).toMatchObject({
      ...{ code: 1, stderr: expect.stringContaining(`alipay ${today()} (not reconciled)`) },
    });
    const settle = ['reconcile', '--date', today(), '--settle', '--json'];
    const { providers } = JSON.parse((await shop.command(settle)).stdout);
    expect(providers[0]).toMatchObject({ provider: 'alipay', clean: true, takenIn: 1 });
    expect(await told(['unfreeze'], person)).toMatchObject({ thawed: true });
    const items = (await told(['orders'])).items as { outTradeNo: string; state: string }[];
    expect(items.find(({ outTradeNo }) => outTradeNo === later.outTradeNo)).toMatchObject({ state: 'PAID' });
    await shop.sell(again, 'alipay');
    expect(await told(['audit', 'verify'])).toMatchObject({ intact: true });
    await again.server.close();
  });

  it('is moved by one command; who starts on the old one hears where it is, and a freeze finds it there', async () => {
    const [old, moved] = [join(shop.home, 'simulator/ledger.db'), path('moved.db')];
    const person = { CASHIER_OPERATOR_SECRET: SECRET };
    const busy = await shop.agent();
    const inUse = await shop.command(['ledger', 'migrate', '--to', 'moved.db', '--lang', 'en']);
    expect(inUse).toMatchObject({ code: 1, stderr: expect.stringContaining('Stop every server') });
    await busy.server.close();
    const { records } = await told(['ledger', 'info']);
    expect(await told(['ledger', 'migrate', '--to', 'moved.db'])).toEqual({
      ...{ realm: 'simulator', from: old, ledger: moved, records, already: false },
    });
    const again = await shop.command(['ledger', 'migrate', '--to', 'moved.db', '--lang', 'zh']);
    expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining('早已迁完') });
    expect(await shop.command(['orders', '--lang', 'en'])).toMatchObject({
      ...{ code: 1, stdout: '', stderr: expect.stringContaining(`has moved to ${moved}`) },
    });
    expect(await told(['freeze'])).toMatchObject({ frozen: true, ledgers: [{ ledger: moved }] });
    expect(await told(['unfreeze'], person)).toMatchObject({ thawed: true, ledgers: [{ ledger: moved }] });
    const agent = await shop.agent({ env: { CASHIER_LEDGER: moved } });
    await shop.sell(agent, 'alipay');
    expect(await shop.command(['ledger', 'migrate', '--undo', '--lang', 'en'])).toMatchObject({ code: 1 });
    expect(await shop.command(['ledger', 'migrate', '--from', moved, '--lang', 'en'])).toMatchObject({
      ...{ code: 1, stderr: expect.stringContaining('needs --to') },
    });
  });
});
