import jsqr from 'jsqr';
import { PNG } from 'pngjs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { CashierError } from '../../src/domain/errors.ts';
import { chargePeriod } from '../../src/payments/agreements/charge.ts';
import { openPayment } from '../../src/payments/agreements/remind.ts';
import type { Till } from '../../src/payments/till.ts';
import type { Tool } from '../../src/tools/define-tool.ts';
import { SUBSCRIPTION_TOOLS } from '../../src/tools/index.ts';
import { presenter } from '../../src/tools/present.ts';
import { type SubscriptionListView, type SubscriptionView, subscriptionView } from '../../src/tools/views.ts';
import { accept, CALL, decide, World } from '../support/world.ts';

const [CREATE, QUERY, CANCEL, LIST] = SUBSCRIPTION_TOOLS;
const GYM = {
  provider: 'alipay',
  amountYuan: '19.00',
  title: 'Gym',
  period: 'P1M',
  subscriber: 'li',
  contractNo: 'GYM_01',
};

let world: World;
let till: Till;

beforeEach(async () => {
  world = new World();
  world.bank.hasAgreements = true;
  till = await world.process();
});
afterEach(() => world.end());

async function run<V = SubscriptionView>(tool: Tool | undefined, args: object, language: 'zh' | 'en' = 'en') {
  const setting = { language, providers: ['alipay', 'wechatpay'], scenes: ['qr'] } as const;
  const present = presenter({
    ...{ language, simulated: true, now: () => world.clock.now(), approvalUrl: async () => undefined },
    buyerPage: async (token) => ({ url: `https://shop.example/pay/${token}`, endsWithUs: false }),
  });
  if (!tool) throw new Error('no such tool');
  const answer = await tool.run({ till, call: CALL, setting, present }, args);
  if (language === 'en') expect(answer.text.replace(/[（）]/g, '')).not.toMatch(/[\u4e00-\u9fff]|undefined/);
  return { ...answer, told: answer.structured as V };
}
/** What a phone reads off the image of an answer. */
function scan(image: string | undefined): string | undefined {
  const { data, width, height } = PNG.sync.read(Buffer.from(image ?? '', 'base64'));
  return jsqr.default(new Uint8ClampedArray(data), width, height)?.data;
}
const known = () => till.ledger.read((book) => book.subscriptions.get('GYM_01'));
const sign = async () => world.bank.agreements.sign((await known())?.signNo ?? '');

it('give the app what its user pays and signs by, to nobody else, and say when it is signed', async () => {
  const { told, text, image } = await run(CREATE, { ...GYM, scene: 'app' });
  expect(told).toMatchObject({
    mode: 'auto',
    state: 'PENDING_SIGN',
    lastCharge: { state: 'NOTPAY', period: 1 },
  });
  expect(told).not.toHaveProperty('signUrl');
  expect(text).toContain(`orderString: ${told.orderString}`);
  expect(told.nextStep).toMatch(/^Hand orderString/);
  expect(image).toBeUndefined();
  expect((await run(QUERY, { contractNo: 'GYM_01' })).told.orderString).toBe(told.orderString);
  const { items } = (await run<SubscriptionListView>(LIST, {})).told;
  expect(items).toHaveLength(1);
  expect(items[0]).not.toHaveProperty('orderString');
  expect(items[0]?.nextStep).toMatch(/query-subscription tells again/);

  world.bank.agreements.signByPaying = () => undefined;
  world.bank.pay(told.lastCharge?.outTradeNo ?? '');
  const paid = (await run(QUERY, { contractNo: 'GYM_01' })).told;
  expect(paid).toMatchObject({ state: 'PENDING_SIGN', charged: 1, lastCharge: { state: 'PAID' } });
  expect(paid).not.toHaveProperty('orderString');
  expect(paid.nextStep).toMatch(/yet to confirm/);
});

it('tell of one that is charged all that the contract names, and nothing else', async () => {
  const { told, text, image } = await run(CREATE, GYM);
  expect(told).toEqual({
    ...{ contractNo: 'GYM_01', provider: 'alipay', mode: 'auto', state: 'PENDING_SIGN', amountYuan: '19.00' },
    ...{ title: 'Gym', period: 'P1M', charged: 0, signUrl: expect.stringMatching(/^https:/) },
    ...{ replayed: false, simulated: true, nextStep: expect.stringContaining('query-subscription') },
  });
  expect(text).toContain(`[Sign now](${told.signUrl})`);
  // Who sits at a computer scans it.
  expect(scan(image)).toBe(told.signUrl);
  expect(text).toMatch(/code in the image/);
  expect((await run(CREATE, GYM)).told).toEqual({ ...told, replayed: true });
  // What the gateway is given has no underscore, which it would not take.
  expect((await known())?.signNo).toMatch(/^[A-Za-z0-9]{6,32}$/);

  await sign();
  expect((await run(QUERY, { contractNo: 'GYM_01' })).told).toMatchObject({ state: 'ACTIVE', charged: 0 });
  const subscription = await known();
  if (subscription) await chargePeriod(till, subscription);
  const charged = (await run(QUERY, { contractNo: 'GYM_01' })).told;
  expect(charged).toMatchObject({
    ...{ state: 'ACTIVE', charged: 1, nextChargeAt: '2026-12-21T08:00:00+08:00' },
    lastCharge: { outTradeNo: expect.any(String), state: 'PAID', period: 1 },
  });
  expect(charged).not.toHaveProperty('signUrl');
  expect(await run(CREATE, GYM)).not.toHaveProperty('image');

  const ended = await run(CANCEL, { contractNo: 'GYM_01' });
  expect(ended.told).toMatchObject({ state: 'ENDED', endedReason: 'cancelled', replayed: false });
  expect(ended.told).not.toHaveProperty('nextChargeAt');
  expect((await run(CANCEL, { contractNo: 'GYM_01' })).told).toMatchObject({
    state: 'ENDED',
    replayed: true,
  });
  expect(subscriptionView.strict().parse(ended.told)).toEqual(ended.told);
});

it('say of a charge that is in doubt when it is cancelled that its result is not known', async () => {
  await run(CREATE, GYM);
  await sign();
  await run(QUERY, { contractNo: 'GYM_01' });
  world.failing('charge', 'lost-before');
  const subscription = await known();
  if (subscription) await chargePeriod(till, subscription);
  world.bank.fault = (operation) => (operation === 'query' ? 'lost-before' : 'none');
  const { told } = await run(CANCEL, { contractNo: 'GYM_01' });
  expect(told).toMatchObject({ lastCharge: { state: 'UNKNOWN' } });
  expect(told.nextStep).toContain(told.lastCharge?.outTradeNo);
  expect((await run(CANCEL, { contractNo: 'GYM_01' }, 'zh')).told.nextStep).toMatch(/结果待确认/);
});

it('give the page of the payment where the subscriber is reminded', async () => {
  world.bank.hasAgreements = false;
  till = await world.process();
  const { told, text, image } = await run(CREATE, { ...GYM, firstYuan: '1.00', times: 2 });
  expect(told).toMatchObject({ mode: 'reminded', state: 'PENDING_SIGN', times: 2, charged: 0 });
  expect(told.cashierUrl).toMatch(/^https:\/\/shop\.example\/pay\//);
  expect(text).toContain(told.cashierUrl);
  const first = told.lastCharge?.outTradeNo ?? '';
  expect(scan(image)).toBe(`bank://${first}`);
  expect(world.bank.trades.get(first)?.amountFen).toBe(100);
  world.bank.pay(first);
  const paid = (await run(QUERY, { contractNo: 'GYM_01' })).told;
  expect(paid).toMatchObject({ state: 'ACTIVE', charged: 1, lastCharge: { state: 'PAID', period: 1 } });
  expect(paid).not.toHaveProperty('cashierUrl');
  world.clock.advance(Date.parse(paid.nextChargeAt ?? '') - world.clock.now());
  const subscription = await known();
  if (subscription) await openPayment(till, subscription);
  const due = (await run(QUERY, { contractNo: 'GYM_01' })).told;
  expect(due).toMatchObject({ state: 'ACTIVE', cashierUrl: expect.any(String), lastCharge: { period: 2 } });
});

it('say what a person is to approve', async () => {
  await accept(till, { payments: { approveAboveFen: 1000 as never }, refunds: {} });
  const { told, text } = await run(CREATE, GYM);
  expect(told).not.toHaveProperty('signUrl');
  expect(told.nextStep).toMatch(/mcp-cashier approvals approve A\w+.*create-subscription again/);
  expect(text).toMatch(/Approval A\w+: /);
  const approval = { id: expect.stringMatching(/^A\w+$/), state: 'pending', expiresAt: expect.any(String) };
  expect(told).toMatchObject({ state: 'PENDING_SIGN', approval });
  await decide(till, told.approval?.id);
  expect((await run(CREATE, GYM)).told).toMatchObject({
    signUrl: expect.any(String),
    approval: { state: 'approved' },
  });
});

it('list them, newest first, by pages', async () => {
  for (const n of [1, 2, 3]) {
    await run(CREATE, { ...GYM, contractNo: `GYM_0${n}`, subscriber: `s${n}` });
    world.clock.advance(1_000);
  }
  const first = await run<SubscriptionListView>(LIST, { limit: 2 });
  expect(first.told.items.map(({ contractNo }) => contractNo)).toEqual(['GYM_03', 'GYM_02']);
  const second = await run<SubscriptionListView>(LIST, { limit: 2, cursor: first.told.nextCursor });
  expect(second.told.items.map(({ contractNo }) => contractNo)).toEqual(['GYM_01']);
  expect(second.told).not.toHaveProperty('nextCursor');
  expect((await run<SubscriptionListView>(LIST, { state: 'ACTIVE' })).told.items).toEqual([]);
});

it.each([
  [{ period: 'P6D' }, 'period'],
  [{ period: 'monthly' }, 'period'],
  [{ amountYuan: '0' }, 'amountYuan'],
  [{ firstYuan: '1.001' }, 'firstYuan'],
  [{ times: 0 }, 'times'],
  [{ subscriber: ' ' }, 'subscriber'],
  [{ title: '' }, 'title'],
  [{ contractNo: 'a-b-c-d' }, 'contractNo'],
])('refuse %j by its name', async (wrong, argument) => {
  const refused = await run(CREATE, { ...GYM, ...wrong }).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(CashierError);
  expect(refused).toMatchObject({ code: 'INVALID_ARGUMENT', details: { argument } });
});
