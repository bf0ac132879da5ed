import { afterEach, beforeEach, expect, it } from 'vitest';
import { createSubscription } from '../../src/payments/agreements/create-subscription.ts';
import type { Till } from '../../src/payments/till.ts';
import { commandHere } from '../support/command-here.ts';
import { Transcript } from '../support/server-process.ts';
import { CALL, subscriptionWish, World } from '../support/world.ts';

const HOUR_MS = 3_600_000;
let world: World;
let till: Till;

beforeEach(async () => {
  world = new World(1, 'sqlite');
  world.bank.hasAgreements = true;
  till = await world.process();
  for (const [contractNo, title] of [
    ['GYM0001', '=1+1'],
    ['GYM0002', 'Reader'],
  ] as const)
    await createSubscription(till, CALL, subscriptionWish({ title, subscriber: contractNo, contractNo }));
  world.serveSubscriptions(till);
});
afterEach(() => world.end());

const pass = (ms: number) => world.clock.pass(ms);
function command(...args: string[]) {
  const folder = world.ledgerPath.slice(0, -'ledger.db'.length);
  const env = { HOME: folder, CASHIER_LANG: 'en' };
  const line = ['subscriptions', ...args, '--ledger', world.ledgerPath];
  return world.clock.during(commandHere(line, { env, cwd: folder, transcript: new Transcript() }));
}

it('lists them, shows the periods and the story of one, and gives a sheet that no cell of is a formula', async () => {
  world.bank.agreements.sign('GYM0001');
  await pass(HOUR_MS);
  await pass(HOUR_MS);
  const listed = JSON.parse((await command('list', '--state', 'ACTIVE', '--json')).stdout);
  expect(listed.items).toMatchObject([
    {
      ...{ contractNo: 'GYM0001', mode: 'auto', state: 'ACTIVE', amountYuan: '19.00', charged: 1 },
      ...{ lastCharge: { state: 'PAID', period: 1 }, nextChargeAt: expect.stringMatching(/^2026-12-/) },
    },
  ]);
  expect((await command()).stdout).toMatch(/GYM0002.*\n.*GYM0001|GYM0001.*\n.*GYM0002/);
  const shown = await command('show', 'GYM0001');
  expect(shown.stdout).toMatch(/PAID +paid/);
  expect(shown.stdout.length).toBeGreaterThan(400);
  expect((await command('show', 'NOBODY')).code).toBe(1);
  const { stdout } = await command('export');
  expect(stdout.split('\r\n')).toHaveLength(4);
  expect(stdout).toContain(`"'=1+1"`);
});

it('a person cancels one: nothing more is charged, and the server ends it at the gateway', async () => {
  world.bank.agreements.sign('GYM0001');
  await pass(HOUR_MS);
  const told = await command('cancel', 'GYM0001', '--json');
  expect(told).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(told.stdout)).toMatchObject({ contractNo: 'GYM0001', state: 'UNKNOWN' });
  await pass(60_000);
  await pass(40 * 24 * HOUR_MS);
  expect(world.bank.agreements.signed.get('GYM0001')).toMatchObject({ state: 'ENDED' });
  expect(world.bank.agreements.signed.get('GYM0001')?.charges).toHaveLength(1);
  const { items } = JSON.parse((await command('list', '--state', 'ENDED', '--json')).stdout);
  expect(items).toContainEqual(
    expect.objectContaining({ contractNo: 'GYM0001', endedReason: 'cancelled-by-person', charged: 1 }),
  );
});
