import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Agent, Shop } from '../journeys/shop.ts';
import { cheapGuesses } from '../support/guess-cost.ts';

cheapGuesses();

const SECRET = 'correct-horse-battery';
let shop: Shop;
let running: Agent;
beforeAll(async () => {
  shop = await Shop.open({ policy: 'version: 1\npayments: { maxYuan: "10" }\n' });
  shop.secrets.add(SECRET);
  expect(
    (
      await shop.command(['operator', 'set-secret', '--realm', 'simulator'], {
        CASHIER_OPERATOR_SECRET: SECRET,
      })
    ).code,
  ).toBe(0);
  running = await shop.agent();
});
afterAll(() => shop.close());

const wish = (amountYuan: string) => ({ provider: 'alipay', amountYuan, title: 'rules' });
const limitOf = async (agent: Agent) =>
  (await agent.refused('create-payment', wish('999999'))) as { code: string; rule?: string; limit?: string };

describe('the rules that a person has accepted', () => {
  it('hold in every process until a person accepts others, and then at once', async () => {
    expect((await running.create(wish('10'))).state).toBe('NOTPAY');
    expect(running.server.stderr).not.toContain('policy accept');
    expect(await limitOf(running)).toMatchObject({ rule: 'payments.maxYuan', limit: '10.00' });

    writeFileSync(join(shop.home, 'policy.yaml'), 'version: 1\npayments: { maxYuan: "20" }\n');
    expect(await limitOf(running)).toMatchObject({ limit: '10.00' });
    const started = await shop.agent();
    expect(await limitOf(started)).toMatchObject({ limit: '10.00' });
    const notices = started.server.stderr.split('\n').filter((line) => line.includes('policy accept'));
    expect(notices.join('\n')).toMatch(/^mcp-cashier: .*第 1 版.*\nmcp-cashier: .*version 1[^\n]*$/);
    expect(readFileSync(join(shop.home, 'cashier.log'), 'utf8')).toContain('differs from the rules in force');

    const refused = await shop.command(['policy', 'accept'], { CASHIER_OPERATOR_SECRET: 'wrong-secret' });
    expect(refused.code).toBe(1);
    expect(await limitOf(running)).toMatchObject({ limit: '10.00' });
    const accepted = await shop.command(['policy', 'accept'], { CASHIER_OPERATOR_SECRET: SECRET });
    expect([accepted.code, accepted.stderr]).toEqual([0, '']);
    for (const agent of [running, started]) {
      expect(await limitOf(agent)).toMatchObject({ limit: '20.00' });
      expect((await agent.create(wish('20'))).state).toBe('NOTPAY');
    }
  });
});

describe('a freeze', () => {
  it('stops a running process, which still answers questions, until a person thaws it', async () => {
    const { outTradeNo } = await running.create(wish('5'));
    expect((await shop.command(['freeze', '--reason', 'test'])).code).toBe(0);
    expect(await running.refused('create-payment', wish('5'))).toMatchObject({ code: 'FROZEN' });
    expect((await running.query(outTradeNo)).state).toBe('NOTPAY');
    expect((await shop.command(['unfreeze'], { CASHIER_OPERATOR_SECRET: SECRET })).code).toBe(0);
    expect((await running.create(wish('5'))).state).toBe('NOTPAY');
  });
});
