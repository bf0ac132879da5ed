import { afterAll, beforeAll, expect, it } from 'vitest';
import { cheapGuesses } from '../support/guess-cost.ts';
import { HookReceiver } from '../support/hook-receiver.ts';
import { until } from '../support/server-process.ts';
import { FoodCourt, structured } from './food-court.ts';

/* Two merchants of one service, each with somebody of its own to be told. */

cheapGuesses();

let court: FoodCourt;
let tea: HookReceiver;
let noodle: HookReceiver;
beforeAll(async () => {
  [tea, noodle] = await Promise.all([HookReceiver.start(), HookReceiver.start()]);
  court = await FoodCourt.open(() => ({}), { 'tea-shop': tea.file(), 'noodle-bar': noodle.file() });
});
afterAll(async () => {
  await court?.close();
  await Promise.all([tea?.close(), noodle?.close()]);
});

it('each is told of its own, under one name, and of nobody else’s', async () => {
  const sell = async (caller: 'alice' | 'carol', outTradeNo: string) => {
    const wish = { provider: 'alipay', outTradeNo, amountYuan: '7.31', title: `of ${caller}` };
    const made = structured(await court.as(caller).call('create-payment', wish));
    await court.simulators[caller === 'alice' ? 'tea-shop' : 'noodle-bar'].pay(made);
    expect(structured(await court.as(caller).call('query-payment', { outTradeNo })).state).toBe('PAID');
  };
  await sell('alice', 'TEA_000001');
  await sell('carol', 'NOODLE_001');
  await until('both are told', () => (tea.received.length > 0 && noodle.received.length > 0) || undefined);
  const told = (of: HookReceiver) => of.received.map(({ type, data }) => [type, data.outTradeNo, data.title]);
  expect(told(tea)).toEqual([['payment.paid', 'TEA_000001', 'of alice']]);
  expect(told(noodle)).toEqual([['payment.paid', 'NOODLE_001', 'of carol']]);
  // What happens to one channel of that name happens to one merchant's.
  const enabled = await court.command([
    'channels',
    'list',
    '--merchant',
    'tea-shop',
    '--realm',
    'simulator',
    '--json',
  ]);
  expect(JSON.parse(enabled.stdout)).toMatchObject({
    merchant: 'tea-shop',
    items: [{ name: 'shop', state: 'ok' }],
  });
  const { outbox } = (await (await court.fetch('/readyz')).json()) as { outbox: unknown };
  expect(outbox).toEqual({ waiting: 0, oldestSeconds: 0 });
});
