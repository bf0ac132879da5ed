import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HttpAgent, Service } from '../http/service.ts';
import { addToken } from '../http/tokens.ts';
import { readPayment, readRefusal } from '../journeys/shapes.ts';
import { Shop } from '../journeys/shop.ts';
import { withinOneDay } from '../support/one-day.ts';

withinOneDay();

let shop: Shop;
let service: Service;
const tokens = { alice: '', bob: '' };
beforeAll(async () => {
  shop = await Shop.open({
    policy: 'version: 1\npayments: { maxYuan: "100" }\nclients: { bob: { payments: { maxYuan: "500" } } }\n',
  });
  const rules = join(shop.home, 'rules.yaml');
  writeFileSync(rules, 'payments:\n  maxYuan: "50"\n');
  tokens.alice = await addToken(shop, 'alice', '--policy', rules);
  writeFileSync(rules, 'payments: { maxYuan: "9000", perDay: { count: 1 } }\n');
  tokens.bob = await addToken(shop, 'bob', '--policy', rules);
  service = await Service.start(shop);
});
afterAll(async () => {
  expect(await service.stop()).toBe(0);
  await shop.close();
});

const wish = (amountYuan: string) => ({ provider: 'alipay', amountYuan, title: 'rules' });
const pay = async (agent: HttpAgent, yuan: string) =>
  readPayment(await agent.call('create-payment', wish(yuan)));
const refused = async (agent: HttpAgent, yuan: string) =>
  readRefusal(await agent.call('create-payment', wish(yuan)));

describe('rules that stand with a token', () => {
  it("are stricter than the merchant's for that caller alone, and never looser", async () => {
    const [alice, bob] = await Promise.all([
      service.agent('modern', tokens.alice),
      service.agent('legacy', tokens.bob),
    ]);
    expect((await pay(alice, '50')).state).toBe('NOTPAY');
    expect(await refused(alice, '50.01')).toMatchObject({
      ...{ code: 'POLICY_DENIED', rule: 'tokens.alice.payments.maxYuan', limit: '50.00' },
    });
    expect(await refused(alice, '101')).toMatchObject({ rule: 'payments.maxYuan' });
    expect(await refused(bob, '500.01')).toMatchObject({ rule: 'clients.bob.payments.maxYuan' });
    expect((await pay(bob, '500')).state).toBe('NOTPAY');
    expect(await refused(bob, '1')).toMatchObject({ rule: 'tokens.bob.payments.perDay.count', used: '1' });
    await Promise.all([alice.close(), bob.close()]);
  });

  it('are read again when the file changes, while the service runs', async () => {
    const file = join(shop.home, 'tokens.json');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace('"maxYuan": "50"', '"maxYuan": "40"'));
    const alice = await service.agent('modern', tokens.alice);
    expect(await refused(alice, '40.01')).toMatchObject({ limit: '40.00' });
    await alice.close();
  });

  it('are listed, and refused with their place when they are none', async () => {
    const { stdout } = await shop.command(['tokens']);
    expect(stdout).toContain('payments.maxYuan=9000.00 payments.perDay.count=1');
    const rules = join(shop.home, 'rules.yaml');
    for (const [text, place] of [
      ['payments:\n  maxYaun: "5"', 'line 2, column 3, payments.maxYaun'],
      ['version: 1\npayments: {}', 'line 1, column 1, version'],
    ] as const) {
      writeFileSync(rules, text);
      const added = await shop.command(['tokens', 'add', 'carol', '--policy', rules]);
      expect(added).toMatchObject({ code: 1, stdout: '' });
      expect(added.stderr).toContain(`--policy: policy file ${rules}, ${place}`);
    }
    const nowhere = await shop.command(['tokens', 'add', 'carol', '--policy', join(shop.home, 'none')]);
    expect(nowhere).toMatchObject({ code: 1, stdout: '' });
  });
});
