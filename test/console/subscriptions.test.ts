import { afterEach, beforeEach, expect, it } from 'vitest';
import { periodWords } from '../../src/console/subscription-words.ts';
import { createSubscription } from '../../src/payments/agreements/create-subscription.ts';
import { runSubscriptions } from '../../src/payments/agreements/round.ts';
import { Person } from '../../src/persons/person.ts';
import { Desk, readable } from '../operator/desk.ts';
import { cheapGuesses } from '../support/guess-cost.ts';
import { CALL, subscriptionWish } from '../support/world.ts';

const HOUR_MS = 3_600_000;
const NO = 'GYM0001';
const PAGE = `http://127.0.0.1:3920/console/subscriptions`;
cheapGuesses();

let d: Desk;
beforeEach(async () => {
  d = await Desk.open({ policy: { payments: {}, refunds: {} } });
  d.world.bank.hasAgreements = true;
  // A process that knows that it has.
  const till = await d.world.process({ payments: {}, refunds: {} });
  await createSubscription(till, CALL, subscriptionWish({ title: '<img src=x>月刊' }));
  d.world.bank.agreements.sign(NO);
  d.world.serve((signal) => runSubscriptions(till, signal));
  await pass(HOUR_MS);
  await d.signIn();
});
afterEach(() => d.close());

const pass = (ms: number) => d.world.clock.pass(ms);
const known = () => d.till.ledger.read((book) => book.subscriptions.get(NO));

const PASSWORD = 'a long password 1';
/** Somebody who may look. */
async function seeing(): Promise<Person> {
  const { code } = await d.invite('wang', 'see');
  await d.post('/join', { code, password: PASSWORD, again: PASSWORD });
  return Person.byPassword(d.till.ledger, 'wang', PASSWORD, 'page');
}

it('are listed and shown with their periods, and no title is markup', async () => {
  expect((await d.get('http://127.0.0.1:3920/console')).page).toMatch(
    /\/console\/subscriptions"[^>]*>订阅 <b>1</,
  );
  const list = await d.get(PAGE);
  expect(readable(list.page)).toMatch(/<img src=x>月刊.*生效中 ¥19\.00 ?1 期/);
  expect(list.page).not.toContain('<img src=x>');
  expect((await d.get(`${PAGE}?state=ENDED`)).page).not.toContain(NO);
  expect((await d.get(`${PAGE}?state=nonsense&after=nonsense`)).status).toBe(200);
  const shown = readable((await d.get(`${PAGE}/${NO}`)).page);
  expect(shown).toMatch(/GYM0001.*自动扣款.*周期 ?每月 .*1 期/);
  expect(shown).toMatch(/¥19\.00 ?已(付|支)/);
  expect((await d.get(`${PAGE}/NOBODY`)).status).toBe(404);
});

it.each([
  ['P7D', '每周', 'every week'],
  ['P10D', '每 10 天', 'every 10 days'],
  ['P3M', '每 3 个月', 'every 3 months'],
  ['P1Y', '每年', 'every year'],
  ['what nobody writes', 'what nobody writes', 'what nobody writes'],
])('the period %s reads %s, %s', (period, zh, en) => {
  expect(periodWords(period)).toEqual({ zh, en });
});

it('are cancelled by who may, after they were asked, and only by a form of ours', async () => {
  await d.signInAs(await seeing());
  expect((await d.get(`${PAGE}/${NO}`)).page).not.toContain('/cancel');
  expect((await d.get(`${PAGE}/${NO}/cancel`)).status).toBe(403);
  expect((await d.post(`${PAGE}/${NO}/cancel`, {})).status).toBe(403);
  await d.signIn();
  expect(readable((await d.get(`${PAGE}/${NO}/cancel`)).page)).toContain('取消这个订阅吗？');
  expect(readable((await d.get(`${PAGE}/${NO}/cancel`)).page)).toContain('返回订阅');
  expect((await d.post(`${PAGE}/${NO}/cancel`, { csrf: 'forged' })).status).toBe(403);
  expect(await known()).toMatchObject({ state: 'ACTIVE', endingAt: undefined });
  const done = await d.post(`${PAGE}/${NO}/cancel`, {});
  expect(done).toMatchObject({ status: 303, location: `/console/subscriptions/${NO}` });
  await pass(60_000);
  expect(await known()).toMatchObject({ state: 'ENDED', reason: 'cancelled-by-person' });
  expect(d.world.bank.agreements.signed.get(NO)?.state).toBe('ENDED');
  const shown = await d.get(`${PAGE}/${NO}`);
  expect(readable(shown.page)).toMatch(/已结束.*由人取消/);
  expect(shown.page).not.toContain('/cancel"');
  expect((await d.post(`${PAGE}/NOBODY/cancel`, {})).status).toBe(404);
});
