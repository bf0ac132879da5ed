import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { beijingDate, beijingIso, DAY_MS } from '../../src/domain/clock.ts';
import { fen } from '../../src/domain/money.ts';
import { readEvents } from '../../src/events/read-events.ts';
import { verifyAudit } from '../../src/ledger/audit-verify.ts';
import { cancelSubscription } from '../../src/payments/agreements/cancel-subscription.ts';
import { chargePeriod } from '../../src/payments/agreements/charge.ts';
import { createSubscription } from '../../src/payments/agreements/create-subscription.ts';
import { beginEnding } from '../../src/payments/agreements/end.ts';
import { applyAgreement } from '../../src/payments/agreements/learn.ts';
import { querySubscription } from '../../src/payments/agreements/query-subscription.ts';
import { applyNotify } from '../../src/payments/apply-notify.ts';
import { runApproved } from '../../src/payments/carry-out.ts';
import { createPayment } from '../../src/payments/create-payment.ts';
import { settleDay } from '../../src/payments/settle-day.ts';
import type { Till } from '../../src/payments/till.ts';
import { freeze, moveBudget, unfreeze } from '../../src/policy/decisions.ts';
import type { Operation } from '../support/bank.ts';
import {
  accept,
  CALL,
  decide,
  NO_APPROVAL,
  payment,
  person,
  World,
  subscriptionWish as wish,
} from '../support/world.ts';

const HOUR_MS = 3_600_000;
const NO = 'GYM0001';

let world: World;
let till: Till;

beforeEach(async () => {
  world = new World();
  world.bank.hasAgreements = true;
  till = await world.process();
});
afterEach(async () => {
  world.stop();
  expect((await verifyAudit(till.ledger, [])).intact).toBe(true);
  await world.end();
});

/** What somebody else learns, or wants, of the period that is being charged. */
const heardOf = (what: 'paid' | 'cancelled') =>
  till.ledger.write(async (book) => {
    const subscription = await book.subscriptions.get(NO);
    const [period] = await book.subscriptions.periods(NO);
    const order = period && (await book.orders.get(period.outTradeNo));
    if (!subscription || !order) throw new Error('nothing is being charged');
    if (what === 'cancelled') await beginEnding(till, book, subscription, 'cancelled');
    else await book.orders.move(order, 'paid', { paidAt: till.clock.now(), source: 'notify' });
  });

const serve = (from: Till) => world.serveSubscriptions(from);
const pass = (ms: number) => world.clock.pass(ms, 5 * HOUR_MS);
const known = () => till.ledger.read((book) => book.subscriptions.get(NO));
const periods = () => till.ledger.read((book) => book.subscriptions.periods(NO));
const orders = async () => {
  const begun = await periods();
  return Promise.all(begun.map(({ outTradeNo }) => till.ledger.read((book) => book.orders.get(outTradeNo))));
};
const charges = () => world.bank.agreements.signed.get(NO)?.charges ?? [];
const days = () => charges().map(({ at }) => beijingDate(at));
const sent = (operation: Operation) => world.bank.calls.filter((call) => call.operation === operation).length;

describe('a subscription that the server charges', () => {
  it('is signed, charged at once and on its day of every month, each by an order of its own', async () => {
    serve(till);
    const made = await createSubscription(till, CALL, wish());
    expect(made).toMatchObject({ replayed: false, signing: { signUrl: expect.stringContaining(NO) } });
    expect(made.subscription).toMatchObject({ mode: 'auto', state: 'PENDING_SIGN', charged: 0 });
    expect(sent('charge') + sent('create')).toBe(0);
    await pass(HOUR_MS);
    world.bank.agreements.sign(NO);
    await pass(15 * 60_000);
    expect(await known()).toMatchObject({ state: 'ACTIVE', charged: 1, nextPeriod: 2 });
    await pass(92 * DAY_MS);
    expect(days()).toEqual(['2026-11-21', '2026-12-21', '2027-01-21', '2027-02-21']);
    expect(await known()).toMatchObject({ state: 'ACTIVE', charged: 4, nextPeriod: 5 });
    expect((await orders()).map((order) => order?.state)).toEqual(['PAID', 'PAID', 'PAID', 'PAID']);
    expect((await orders())[1]).toMatchObject({ scene: 'agreement', amountFen: 1900, caller: 'test' });
    expect(new Set((await periods()).map(({ outTradeNo }) => outTradeNo)).size).toBe(4);
    expect(world.bank.agreements.outrages).toEqual([]);
  });

  it('charges nothing after a cancel that was answered, and the agreement has ended', async () => {
    serve(till);
    await createSubscription(till, CALL, wish());
    world.bank.agreements.sign(NO);
    await pass(HOUR_MS);
    const told = await cancelSubscription(till, CALL, { contractNo: NO });
    expect(told.subscription).toMatchObject({ state: 'ENDED', reason: 'cancelled' });
    expect(world.bank.agreements.signed.get(NO)?.state).toBe('ENDED');
    const before = sent('charge');
    await pass(70 * DAY_MS);
    expect(sent('charge')).toBe(before);
    const again = await cancelSubscription(till, CALL, { contractNo: NO });
    expect(again).toMatchObject({ replayed: true, subscription: { state: 'ENDED' } });
    expect(await known()).toMatchObject({ tryAt: undefined });
  });

  it('repeats itself for the same arguments and refuses others', async () => {
    const first = await createSubscription(till, CALL, wish());
    const again = await createSubscription(till, CALL, wish());
    expect(again).toMatchObject({ replayed: true, signing: first.signing });
    await expect(createSubscription(till, CALL, wish({ amountFen: fen(2900) }))).rejects.toMatchObject({
      code: 'IDEMPOTENCY_CONFLICT',
    });
    const other = await createSubscription(till, CALL, wish({ contractNo: undefined, subscriber: 'wang' }));
    const same = await createSubscription(till, CALL, wish({ contractNo: undefined, subscriber: 'wang' }));
    expect(same.subscription.contractNo).toBe(other.subscription.contractNo);
    await expect(
      createSubscription(till, { caller: 'other', ownOrdersOnly: true }, wish()),
    ).rejects.toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
    await expect(
      querySubscription(till, { caller: 'x', ownOrdersOnly: true }, { contractNo: NO }),
    ).rejects.toMatchObject({ code: 'ORDER_NOT_FOUND' });
  });

  it('tries again within the window where there is no money, then pauses, goes on, and ends after two in a row', async () => {
    serve(till);
    await createSubscription(till, CALL, wish());
    world.bank.agreements.sign(NO);
    await pass(HOUR_MS);
    const agreement = world.bank.agreements.signed.get(NO);
    if (!agreement) throw new Error('not signed');
    agreement.isPoor = true;
    await pass(32 * DAY_MS);
    expect(await known()).toMatchObject({ state: 'ACTIVE', charged: 1, nextPeriod: 2 });
    expect((await orders())[1]).toMatchObject({ state: 'NOTPAY' });
    expect((await periods())[1]?.tries).toBeGreaterThan(5);
    await pass(3 * DAY_MS);
    expect(await known()).toMatchObject({ state: 'PAUSED', missed: 1, nextPeriod: 3 });
    expect((await orders())[1]).toMatchObject({ state: 'CLOSED' });
    agreement.isPoor = false;
    await pass(30 * DAY_MS);
    expect(await known()).toMatchObject({ state: 'ACTIVE', charged: 2, missed: 0, nextPeriod: 4 });
    agreement.isPoor = true;
    await pass(70 * DAY_MS);
    expect(await known()).toMatchObject({ state: 'ENDED', reason: 'unpaid', charged: 2 });
    expect(world.bank.agreements.signed.get(NO)?.state).toBe('ENDED');
    expect(world.bank.agreements.outrages).toEqual([]);
  });

  it('believes at once a subscriber who ends it in the wallet, and finds one that has run out without a word', async () => {
    serve(till);
    await createSubscription(till, CALL, wish());
    world.bank.agreements.sign(NO);
    const [provider] = [...till.providers.values()];
    if (!provider) throw new Error('none');
    expect(await applyNotify(till, provider, world.bank.agreementNotification(NO))).toBe('applied');
    await pass(HOUR_MS);
    expect(await known()).toMatchObject({ state: 'ACTIVE', charged: 1 });
    const signed = world.bank.agreementNotification(NO);
    world.bank.agreements.revoke(NO);
    expect(await applyNotify(till, provider, world.bank.agreementNotification(NO))).toBe('applied');
    expect(await known()).toMatchObject({ state: 'ENDED', reason: 'ended-by-subscriber' });
    // Old news comes late, and changes nothing.
    expect(await applyNotify(till, provider, signed)).toBe('repeated');
    await pass(DAY_MS);
    expect(await known()).toMatchObject({ state: 'ENDED', reason: 'ended-by-subscriber', tryAt: undefined });

    const other = await createSubscription(till, CALL, wish({ contractNo: 'GYM0002' }));
    world.bank.agreements.sign('GYM0002');
    await pass(HOUR_MS);
    const agreement = world.bank.agreements.signed.get('GYM0002');
    if (agreement) agreement.validUntil = world.clock.now() + 20 * DAY_MS;
    await pass(40 * DAY_MS);
    const found = await till.ledger.read((book) => book.subscriptions.get('GYM0002'));
    expect(found).toMatchObject({ state: 'ENDED', charged: 1 });
    expect(other.subscription.contractNo).toBe('GYM0002');
    expect(agreement?.charges).toHaveLength(1);
  });

  it('ends by itself when all its times are charged, the first at its own price', async () => {
    serve(till);
    await createSubscription(till, CALL, wish({ times: 3, firstFen: fen(100), period: 'P7D' }));
    world.bank.agreements.sign(NO);
    await pass(40 * DAY_MS);
    expect(charges().map(({ amountFen }) => amountFen)).toEqual([100, 1900, 1900]);
    expect(await known()).toMatchObject({ state: 'ENDED', reason: 'completed', charged: 3 });
  });

  it('charges nothing while everything is stopped, and goes on when it is not', async () => {
    serve(till);
    await createSubscription(till, CALL, wish());
    await till.ledger.write((book) => freeze(book, 'page', undefined));
    world.bank.agreements.sign(NO);
    await pass(DAY_MS);
    expect(await known()).toMatchObject({ state: 'ACTIVE', charged: 0 });
    expect(sent('charge')).toBe(0);
    const operator = await person(till);
    await till.ledger.write((book) => unfreeze(book, operator));
    const agreement = world.bank.agreements.signed.get(NO);
    if (!agreement) throw new Error('not signed');
    agreement.isPoor = true;
    await pass(2 * HOUR_MS);
    expect(sent('charge')).toBe(1);
    // What is to be tried again is no more than what is to be tried.
    await till.ledger.write((book) => freeze(book, 'page', undefined));
    agreement.isPoor = false;
    await pass(DAY_MS);
    expect(sent('charge')).toBe(1);
    await till.ledger.write((book) => unfreeze(book, operator));
    await pass(2 * HOUR_MS);
    expect(await known()).toMatchObject({ charged: 1 });
  });

  it('is ended at the gateway where somebody signs what was cancelled before', async () => {
    serve(till);
    await createSubscription(till, CALL, wish());
    const told = await cancelSubscription(till, CALL, { contractNo: NO });
    expect(told).toMatchObject({ subscription: { state: 'ENDED' }, signing: undefined });
    world.bank.agreements.sign(NO);
    await pass(HOUR_MS);
    expect(world.bank.agreements.signed.get(NO)?.state).toBe('ENDED');
    expect(await known()).toMatchObject({ state: 'ENDED', reason: 'cancelled' });
    expect(sent('charge')).toBe(0);
  });

  it('ends where nobody signs in time', async () => {
    serve(till);
    const { subscription } = await createSubscription(till, CALL, wish());
    await pass(subscription.signBefore - world.clock.now() + HOUR_MS);
    expect(world.bank.agreements.sign(NO)).toBe(false);
    expect(await known()).toMatchObject({ state: 'ENDED', reason: 'not-signed', tryAt: undefined });
  });

  it('answers a cancel only when a charge that had left before has come to its end, and lets none leave after it', async () => {
    await createSubscription(till, CALL, wish());
    world.bank.agreements.sign(NO);
    const { clock } = world;
    world.bank.delay = (operation) => clock.sleep(operation === 'charge' ? 5_000 : 0);
    const server = serve(till);
    while (sent('charge') === 0) await clock.sleep(100);
    server.abort();
    const told = await cancelSubscription(await world.process(), CALL, { contractNo: NO });
    const answeredAt = clock.now();
    expect(told).toMatchObject({ underWay: false, last: { order: { state: 'PAID' } } });
    serve(till);
    await pass(DAY_MS);
    expect(charges().filter(({ at }) => at > answeredAt)).toEqual([]);
    expect(charges()).toHaveLength(1);

    // One whose intent is committed, and which is yet to leave.
    await createSubscription(till, CALL, wish({ contractNo: 'GYM0002' }));
    world.bank.agreements.sign('GYM0002');
    const other = await querySubscription(till, CALL, { contractNo: 'GYM0002' });
    world.afterCommit(() =>
      till.ledger.write(async (book) => {
        const known = await book.subscriptions.get('GYM0002');
        if (known) await beginEnding(till, book, known, 'cancelled');
      }),
    );
    const before = sent('charge');
    await chargePeriod(till, other.subscription);
    expect(sent('charge')).toBe(before);
  });

  it.each([
    ['while it is ours to send', true, async () => world.clock.advance(5_000)],
    ['but not once the machine has slept', false, async () => world.clock.advance(HOUR_MS)],
    ['but not once it is known what came of it', false, () => heardOf('paid')],
    [
      'but not while everything is stopped',
      false,
      () => till.ledger.write((book) => freeze(book, 'page', undefined)),
    ],
    ['but not once it is to end', false, () => heardOf('cancelled')],
  ])('is sent once more by an adapter %s', async (_what, may, meanwhile) => {
    const [provider] = [...till.providers.values()];
    const agreements = provider?.agreements;
    if (!agreements) throw new Error('none');
    await createSubscription(till, CALL, wish());
    world.bank.agreements.sign(NO);
    const { subscription } = await querySubscription(till, CALL, { contractNo: NO });
    let answer: boolean | undefined;
    const sendCharge: typeof agreements.sendCharge = async (terms, plan, mayStill) => {
      const charged = await agreements.sendCharge(terms, plan, mayStill);
      await meanwhile();
      answer = await mayStill?.();
      return charged;
    };
    const broken = { ...provider, agreements: { ...agreements, sendCharge } };
    await chargePeriod({ ...till, providers: new Map([[provider.id, broken]]) }, subscription);
    expect(answer).toBe(may);
  });

  it('has one number for a period, whoever makes it and whenever', async () => {
    const { subscription } = await createSubscription(till, CALL, wish());
    const number = (period: number) =>
      till.ledger.read((book) => book.subscriptions.numberOf(subscription, period));
    const first = await number(1);
    world.clock.advance(DAY_MS);
    expect([await number(1), first]).toEqual([first, expect.stringMatching(/^S[0-9A-F]{24}$/)]);
    expect(await number(2)).not.toBe(first);
  });

  it('does not believe a part of the gateway that has not heard of what was signed just now', async () => {
    const [provider] = [...till.providers.values()];
    if (!provider) throw new Error('none');
    await createSubscription(till, CALL, wish());
    world.bank.agreements.sign(NO);
    await applyNotify(till, provider, world.bank.agreementNotification(NO));
    world.bank.fault = (operation) => (operation === 'agreement' ? 'lag' : 'none');
    await querySubscription(till, CALL, { contractNo: NO });
    expect(await known()).toMatchObject({ state: 'ACTIVE' });
    await cancelSubscription(till, CALL, { contractNo: NO });
    expect(await known()).toMatchObject({ state: 'ENDED' });
    expect(world.bank.agreements.signed.get(NO)?.state).toBe('ENDED');
  });

  it('takes no word of another account for its own', async () => {
    await createSubscription(till, CALL, wish());
    world.bank.agreements.sign(NO);
    const [provider] = [...till.providers.values()];
    if (!provider) throw new Error('none');
    const forged = world.bank.agreementNotification(NO, 'bank 2');
    expect(await applyNotify(till, provider, forged)).toBe('foreign');
    expect(await known()).toMatchObject({ state: 'PENDING_SIGN' });
  });

  it.each(['lost-before', 'lost-after'] as const)(
    'with an answer %s charges a period once, and is in doubt until that is proven',
    async (fault) => {
      await createSubscription(till, CALL, wish());
      world.bank.agreements.sign(NO);
      world.failing('charge', fault);
      serve(till);
      await pass(2_000);
      expect((await orders())[0]?.state).toBe('UNKNOWN');
      // Whoever comes to it first asks at once.
      serve(await world.process());
      await pass(20 * HOUR_MS);
      expect(charges()).toHaveLength(1);
      expect(await known()).toMatchObject({ charged: 1, state: 'ACTIVE' });
    },
  );
});

describe('a subscription that is signed by paying its first period', () => {
  const made = (over = {}) => createSubscription(till, CALL, wish({ scene: 'app', ...over }));
  const first = async () => (await periods())[0]?.outTradeNo ?? '';

  it('has one order for both, and is charged from its second period on', async () => {
    serve(till);
    const told = await made({ times: 4, firstFen: fen(100) });
    expect(told).toMatchObject({
      ...{ subscription: { mode: 'auto', state: 'PENDING_SIGN', charged: 0 }, signing: undefined },
      last: { order: { scene: 'app', state: 'NOTPAY', amountFen: 100 }, period: { period: 1 } },
    });
    expect(JSON.parse(told.last?.order?.credential.orderString ?? '')).toMatchObject({
      amountFen: 100,
      signs: { signNo: NO, firstDay: '2026-12-24', times: 3, mostFen: 1900 },
    });
    await pass(HOUR_MS);
    expect(await known()).toMatchObject({ state: 'PENDING_SIGN', charged: 0 });
    world.bank.pay(await first());
    await pass(HOUR_MS);
    expect(await known()).toMatchObject({ state: 'ACTIVE', charged: 1, nextPeriod: 2 });
    expect(sent('charge')).toBe(0);
    await pass(100 * DAY_MS);
    expect(days()).toEqual(['2026-12-21', '2027-01-21', '2027-02-21']);
    expect(charges().map(({ amountFen }) => amountFen)).toEqual([1900, 1900, 1900]);
    expect(await known()).toMatchObject({ state: 'ENDED', reason: 'completed', charged: 4 });
    expect((await orders()).map((order) => order?.scene)).toEqual(['app', ...Array(3).fill('agreement')]);
    expect(world.bank.agreements.outrages).toEqual([]);
  });

  it('is the same one when it is asked for again, and another without the scene', async () => {
    const told = await made();
    const again = await made();
    expect(again).toMatchObject({ replayed: true, last: { order: told.last?.order } });
    await expect(made({ scene: undefined })).rejects.toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
    expect(world.bank.trades.size).toBe(1);
  });

  it('ends with its payment where nobody pays in time, and where it is cancelled', async () => {
    serve(till);
    const { subscription } = await made();
    await pass(subscription.signBefore - world.clock.now() + 2 * HOUR_MS);
    expect(await known()).toMatchObject({ state: 'ENDED', reason: 'not-signed', charged: 0 });
    expect((await orders())[0]).toMatchObject({ state: 'CLOSED', expiresAt: subscription.signBefore });
    const other = await made({ contractNo: 'GYM0002' });
    await cancelSubscription(till, CALL, { contractNo: 'GYM0002' });
    expect(world.bank.trades.get(other.last?.order?.outTradeNo ?? '')?.state).toBe('CLOSED');
  });

  it('is ended at the gateway where somebody pays after the cancel all the same, and is charged nothing', async () => {
    serve(till);
    await made();
    await cancelSubscription(till, CALL, { contractNo: NO });
    world.bank.pay(await first(), { late: true });
    const [provider] = [...till.providers.values()];
    if (!provider) throw new Error('none');
    await applyNotify(till, provider, world.bank.notification(await first()));
    await pass(HOUR_MS);
    expect((await orders())[0]).toMatchObject({ state: 'PAID', late: true });
    expect(world.bank.agreements.signed.get(NO)?.state).toBe('ENDED');
    expect(await known()).toMatchObject({ state: 'ENDED', reason: 'cancelled' });
    await pass(60 * DAY_MS);
    expect(sent('charge')).toBe(0);
  });

  it('is not believed to be signed because it is paid', async () => {
    serve(till);
    const { subscription } = await made();
    world.bank.agreements.signByPaying = () => undefined;
    world.bank.pay(await first());
    await pass(HOUR_MS);
    expect(await known()).toMatchObject({ state: 'PENDING_SIGN', charged: 1, nextPeriod: 2 });
    await pass(subscription.signBefore - world.clock.now() + HOUR_MS);
    expect(await known()).toMatchObject({ state: 'ENDED', reason: 'not-signed', charged: 1 });
    expect(sent('charge')).toBe(0);
  });

  it('is opened once a person has approved it', async () => {
    await accept(till, { payments: { approveAboveFen: fen(1000) }, refunds: {} });
    const waiting = await made();
    expect(waiting).toMatchObject({ last: undefined, approval: { state: 'pending' } });
    expect(world.bank.calls).toEqual([]);
    await decide(till, waiting.approval?.id);
    world.serve((signal) => runApproved(till, () => 'unknown', signal));
    await pass(3_000);
    expect((await orders())[0]).toMatchObject({ scene: 'app', state: 'NOTPAY' });
  });

  it('cannot be had where there is nothing to sign, or nobody signs so', async () => {
    const argument = (name: string) => ({ code: 'INVALID_ARGUMENT', details: { argument: name } });
    await expect(made({ times: 1 })).rejects.toMatchObject(argument('times'));
    await expect(made({ scene: 'qr' })).rejects.toMatchObject(argument('scene'));
    world.bank.hasAgreements = false;
    till = await world.process();
    await expect(made()).rejects.toMatchObject(argument('scene'));
    expect(await known()).toBeUndefined();
  });
});

describe('a subscription with reminders', () => {
  beforeEach(async () => {
    world.bank.hasAgreements = false;
    till = await world.process();
  });

  it('opens a payment a period, pauses where it is not paid, and goes on where one is', async () => {
    serve(till);
    const made = await createSubscription(till, CALL, wish());
    expect(made.subscription).toMatchObject({ mode: 'reminded', state: 'PENDING_SIGN' });
    expect(made.last).toMatchObject({ period: { period: 1 }, order: { state: 'NOTPAY', scene: 'qr' } });
    world.bank.pay(made.last?.order?.outTradeNo ?? '');
    await pass(HOUR_MS);
    expect(await known()).toMatchObject({ state: 'ACTIVE', charged: 1, nextPeriod: 2 });
    await pass(30 * DAY_MS);
    const [, second] = await orders();
    expect(second).toMatchObject({ state: 'NOTPAY' });
    expect(beijingIso(second?.createdAt ?? 0)).toMatch(/^2026-12-21/);
    await pass(4 * DAY_MS);
    expect(await known()).toMatchObject({ state: 'PAUSED', missed: 1, nextPeriod: 3 });
    await pass(28 * DAY_MS);
    const [, , third] = await orders();
    world.bank.pay(third?.outTradeNo ?? '');
    await pass(2 * HOUR_MS);
    expect(await known()).toMatchObject({ state: 'ACTIVE', charged: 2, missed: 0 });
    const told = await cancelSubscription(till, CALL, { contractNo: NO });
    expect(told.subscription).toMatchObject({ state: 'ENDED', reason: 'cancelled' });
    const before = sent('create');
    await pass(60 * DAY_MS);
    expect(sent('create')).toBe(before);
  });

  it('has ended where the first is not paid, and takes its payment with it when it is cancelled', async () => {
    serve(till);
    await createSubscription(till, CALL, wish());
    await pass(5 * DAY_MS);
    expect(await known()).toMatchObject({ state: 'ENDED', reason: 'not-signed' });
    const made = await createSubscription(till, CALL, wish({ contractNo: 'GYM0002' }));
    const number = made.last?.order?.outTradeNo ?? '';
    await cancelSubscription(till, CALL, { contractNo: 'GYM0002' });
    expect(world.bank.trades.get(number)?.state).toBe('CLOSED');
  });
});

/** Signed, with its first week paid. */
async function begun(mode: 'auto' | 'reminded'): Promise<AbortController> {
  world.bank.hasAgreements = mode === 'auto';
  till = await world.process();
  const made = await createSubscription(till, CALL, wish({ period: 'P7D' }));
  if (mode === 'auto') world.bank.agreements.sign(NO);
  else world.bank.pay(made.last?.order?.outTradeNo ?? '');
  const server = serve(till);
  await pass(2 * HOUR_MS);
  expect(await known()).toMatchObject({ state: 'ACTIVE', charged: 1 });
  return server;
}

describe('a period that a restored ledger has forgotten', () => {
  /** What the ledger that is lost had done at the gateway. */
  const paid = async (period: number) => {
    const [[provider], subscription] = [[...till.providers.values()], await known()];
    if (!provider || !subscription) throw new Error('none');
    const { amountFen, agreementNo = '', title, signNo } = subscription;
    const outTradeNo = await till.ledger.read((book) => book.subscriptions.numberOf(subscription, period));
    const sentAt = world.clock.now();
    const terms = { outTradeNo, scene: 'agreement', amountFen, title, sentAt, expiresAt: sentAt } as const;
    const { agreements } = provider;
    if (agreements) await agreements.sendCharge(terms, agreements.planCharge(terms, { signNo, agreementNo }));
    else {
      world.bank.trades.set(outTradeNo, { plan: '', amountFen, state: 'NOTPAY', refunds: new Map() });
      world.bank.pay(outTradeNo);
    }
  };
  /** The second and the third week are paid, and a backup of before is put back. */
  const restored = async (mode: 'auto' | 'reminded') => {
    (await begun(mode)).abort();
    const since = world.clock.now();
    world.clock.advance(8 * DAY_MS);
    await paid(2);
    world.clock.advance(7 * DAY_MS);
    await paid(3);
    world.clock.advance(HOUR_MS);
    const at = world.clock.now();
    await till.ledger.write(async (book) => {
      await freeze(book, 'restore', undefined);
      await book.operator.setRestored({ at, since, providers: ['alipay'], reconciled: {} });
    });
    return { since, at };
  };
  const goOn = async () => {
    const operator = await person(till);
    await till.ledger.write((book) => unfreeze(book, operator, true));
  };
  const reconciled = async ({ since, at }: { readonly since: number; readonly at: number }) => {
    const [provider] = [...till.providers.values()];
    if (!provider) throw new Error('none');
    world.clock.advance(DAY_MS);
    for (let day = since; day <= at; day += DAY_MS)
      await settleDay(till, provider, { date: beijingDate(day), today: 'refused' }, true);
  };

  it.each([
    ['auto', 'its bills have', reconciled, 'operator'],
    ['auto', 'no bill has yet', async () => undefined, 'test'],
    ['reminded', 'its bills have', reconciled, 'operator'],
    ['reminded', 'no bill has yet', async () => undefined, 'test'],
  ] as const)('of one that is %s, which %s, is paid by its payment', async (mode, _bills, bills, caller) => {
    await bills(await restored(mode));
    const before = sent('charge') + sent('create');
    serve(till);
    await pass(HOUR_MS);
    await goOn();
    // Also whoever repeats the call that made it opens no other payment.
    expect(await createSubscription(till, CALL, wish({ period: 'P7D' }))).toMatchObject({ replayed: true });
    await pass(2 * HOUR_MS);
    expect(await known()).toMatchObject({ state: 'ACTIVE', charged: 3, missed: 0, nextPeriod: 4 });
    expect((await periods()).map(({ outcome }) => outcome)).toEqual(['paid', 'paid', 'paid']);
    expect((await orders()).map((order) => order?.caller)).toEqual(['test', caller, caller]);
    expect(sent('charge') + sent('create')).toBe(before);
    await pass(7 * DAY_MS);
    if (mode === 'reminded') world.bank.pay((await periods()).at(-1)?.outTradeNo ?? '');
    await pass(2 * HOUR_MS);
    expect(await known()).toMatchObject({ state: 'ACTIVE', charged: 4 });
    expect(world.bank.agreements.outrages).toEqual([]);
  });

  it.each([
    [true, { state: 'ACTIVE', charged: 2, nextPeriod: 3 }],
    [false, { state: 'PAUSED', charged: 1, nextPeriod: 3, missed: 0 }],
  ])('and can be paid yet by the code that its subscriber has, is theirs to pay (%s)', async (pays, told) => {
    (await begun('reminded')).abort();
    const since = world.clock.now();
    world.clock.advance(8 * DAY_MS);
    const subscription = await known();
    if (!subscription) throw new Error('none');
    const { amountFen } = subscription;
    const outTradeNo = await till.ledger.read((book) => book.subscriptions.numberOf(subscription, 2));
    world.bank.trades.set(outTradeNo, { plan: '', amountFen, state: 'NOTPAY', refunds: new Map() });
    const at = world.clock.now();
    await till.ledger.write(async (book) => {
      await freeze(book, 'restore', undefined);
      await book.operator.setRestored({ at, since, providers: ['alipay'], reconciled: {} });
    });
    await goOn();
    const before = sent('create');
    serve(till);
    await pass(2 * HOUR_MS);
    expect(await known()).toMatchObject({ state: 'ACTIVE', charged: 1, nextPeriod: 2 });
    if (pays) world.bank.pay(outTradeNo);
    await pass(3 * DAY_MS);
    expect(await known()).toMatchObject(told);
    expect(sent('create')).toBe(before);
  });

  it('is neither paid nor missed before the gateway has answered', async () => {
    await restored('auto');
    world.bank.fault = (operation) => (operation === 'query' ? 'unavailable' : 'none');
    await goOn();
    serve(till);
    await pass(DAY_MS);
    expect(await known()).toMatchObject({ state: 'ACTIVE', charged: 1, nextPeriod: 2 });
    world.bank.fault = () => 'none';
    await pass(DAY_MS);
    expect(await known()).toMatchObject({ state: 'ACTIVE', charged: 3, nextPeriod: 4 });
  });

  it('is none that is due after the restoring: nobody asks for that', async () => {
    await restored('reminded');
    await goOn();
    serve(till);
    await pass(8 * DAY_MS);
    const fourth = (await periods())[3]?.outTradeNo;
    expect(world.bank.calls.find(({ number }) => number === fourth)?.operation).toBe('create');
  });
});

describe('a period that nobody was asked to pay', () => {
  const thaw = async () => {
    const operator = await person(till);
    await till.ledger.write((book) => unfreeze(book, operator));
  };
  const stopped = () => till.ledger.write((book) => freeze(book, 'page', undefined));

  it.each([
    ['auto', 'while everything is stopped', stopped, thaw],
    ['reminded', 'while everything is stopped', stopped, thaw],
    [
      'auto',
      'while an allowance does not reach',
      () => accept(till, { payments: { from: 'budget' }, refunds: {} }),
      () => accept(till, NO_APPROVAL),
    ],
    [
      'reminded',
      'while an allowance does not reach',
      () => accept(till, { payments: { from: 'budget' }, refunds: {} }),
      () => accept(till, NO_APPROVAL),
    ],
  ] as const)('of one that is %s goes by %s, and ends nothing', async (mode, _why, stop, goOn) => {
    await begun(mode);
    await stop();
    await pass(27 * DAY_MS);
    const { nextPeriod = 0, ...gone } = (await known()) ?? {};
    expect(gone).toMatchObject({ state: 'PAUSED', charged: 1, missed: 0 });
    expect(nextPeriod).toBeGreaterThan(3);
    expect((await periods()).slice(1, 3).map(({ outcome }) => outcome)).toEqual(['missed', 'missed']);
    await goOn();
    while ((await orders()).at(-1) === undefined) await pass(6 * HOUR_MS);
    if (mode === 'reminded') world.bank.pay((await periods()).at(-1)?.outTradeNo ?? '');
    await pass(2 * HOUR_MS);
    expect(await known()).toMatchObject({ state: 'ACTIVE', charged: 2 });
  });

  it('goes by while no server runs, and stands between none that were not paid', async () => {
    const server = await begun('auto');
    const agreement = world.bank.agreements.signed.get(NO);
    if (!agreement) throw new Error('not signed');
    agreement.isPoor = true;
    while ((await known())?.missed === 0) await pass(6 * HOUR_MS);
    expect(await known()).toMatchObject({ state: 'PAUSED', missed: 1, nextPeriod: 3 });
    server.abort();
    world.clock.advance(15 * DAY_MS);
    serve(till);
    await pass(9 * DAY_MS);
    expect(await known()).toMatchObject({ state: 'ENDED', reason: 'unpaid', charged: 1 });
    const tries = (await periods()).slice(1).map((period) => period.tries > 0);
    expect(tries).toEqual([true, false, false, true]);
  });

  it('is one that the gateway has never heard of', async () => {
    await begun('auto');
    world.bank.fault = (operation) => (operation === 'charge' ? 'unavailable' : 'none');
    await pass(20 * DAY_MS);
    expect(await known()).toMatchObject({ state: 'PAUSED', missed: 0, charged: 1 });
    expect((await orders())[1]).toMatchObject({ state: 'CLOSED' });
    // What the gateway said was not understood for a while, and it stays paused.
    const again = await till.ledger.write(async (book) => {
      const [found, now] = [await book.subscriptions.get(NO), world.clock.now()];
      const snapshot = world.bank.agreements.snapshot(NO, found?.account ?? '');
      if (!found || !snapshot.exists) throw new Error('none');
      const strange = { ...snapshot, state: 'UNKNOWN' } as const;
      const doubted = await applyAgreement(book, found, strange, 'query', now);
      expect(doubted.state).toBe('UNKNOWN');
      return applyAgreement(book, doubted, snapshot, 'query', now);
    });
    expect(again).toMatchObject({ state: 'PAUSED' });
  });
});

describe('the rules on subscriptions', () => {
  const denied = (rule: string) => ({ code: 'POLICY_DENIED', details: { rule } });
  const made = (contractNo: string, over = {}) =>
    createSubscription(till, CALL, wish({ contractNo, ...over }));

  it('bind the sum of a period, how many there are, and how many are made in a day', async () => {
    const subscriptions = { maxFen: fen(5000), active: 2, perDay: { totalFen: fen(9000), count: 3 } };
    await accept(till, { ...NO_APPROVAL, subscriptions });
    await expect(made('GYM0001', { firstFen: fen(5001) })).rejects.toMatchObject(
      denied('subscriptions.maxYuan'),
    );
    await made('GYM0001');
    await made('GYM0002', { subscriber: 'wang' });
    await expect(made('GYM0003')).rejects.toMatchObject({
      ...denied('subscriptions.active'),
      details: { rule: 'subscriptions.active', limit: '2', used: '2' },
    });
    await cancelSubscription(till, CALL, { contractNo: 'GYM0001' });
    await expect(made('GYM0003', { amountFen: fen(5000) })).resolves.toMatchObject({ replayed: false });
    await cancelSubscription(till, CALL, { contractNo: 'GYM0002' });
    await expect(made('GYM0004')).rejects.toMatchObject(denied('subscriptions.perDay.count'));
    world.clock.advance(DAY_MS);
    await made('GYM0004');
    await expect(made('GYM0001')).resolves.toMatchObject({ replayed: true });
  });

  it.each([
    ['how many there are', { active: 2 }],
    ['how many are made in a day', { perDay: { count: 2 } }],
  ])('bind %s where several processes make them at once', async (_what, subscriptions) => {
    await accept(till, { ...NO_APPROVAL, subscriptions });
    const tills = [till, await world.process(), await world.process()];
    const tried = await Promise.allSettled(
      Array.from({ length: 9 }, (_, i) =>
        createSubscription(
          tills[i % 3] as Till,
          CALL,
          wish({ contractNo: `GYM000${i}`, subscriber: `s${i}` }),
        ),
      ),
    );
    expect(tried.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
  });

  it('are those on payments as well, and what one of those needs a person for, waits for one', async () => {
    await accept(till, {
      payments: { maxFen: fen(3000), approveAboveFen: fen(1000), providers: ['alipay'] },
      refunds: {},
    });
    await expect(made(NO, { amountFen: fen(3001) })).rejects.toMatchObject(denied('payments.maxYuan'));
    const waiting = await made(NO);
    expect(waiting).toMatchObject({ signing: undefined, approval: { state: 'pending', amountFen: 1900 } });
    expect(await known()).toMatchObject({ state: 'PENDING_SIGN', openedAt: undefined });
    await decide(till, waiting.approval?.id);
    world.serve((signal) => runApproved(till, () => 'unknown', signal));
    await pass(3_000);
    expect(await known()).toMatchObject({ openedAt: expect.any(Number), plan: expect.any(String) });
    expect(await made(NO)).toMatchObject({ replayed: true, signing: { signUrl: expect.any(String) } });
    const other = await made('GYM0002', { subscriber: 'wang' });
    await decide(till, other.approval?.id, false);
    const refused = await querySubscription(till, CALL, { contractNo: 'GYM0002' });
    expect(refused.subscription).toMatchObject({ state: 'ENDED', reason: 'denied' });
  });

  it('hide no approved one that is here behind those of other accounts', async () => {
    await accept(till, { payments: { approveAboveFen: fen(1000) }, refunds: {} });
    const { subscription, approval } = await made(NO);
    if (!approval) throw new Error('nobody was asked');
    const other = { ...approval, id: 'OTHER', outTradeNo: 'contract:OTHER01' };
    await till.ledger.write(async (book) => {
      const named = { contractNo: 'OTHER01', signNo: 'OTHER01', account: 'elsewhere' };
      await book.subscriptions.insert({ ...subscription, ...named });
      await book.approvals.insert(other);
      await book.approvals.move(other, 'pending', 'approved');
    });
    world.clock.advance(1);
    await decide(till, approval.id);
    const found = (account: string) =>
      till.ledger.read((book) => book.approvals.toCarryOut((one) => one === account, 1));
    await expect(found(subscription.account)).resolves.toMatchObject([{ outTradeNo: `contract:${NO}` }]);
    await expect(found('elsewhere')).resolves.toMatchObject([{ outTradeNo: 'contract:OTHER01' }]);
    await expect(found('nowhere')).resolves.toEqual([]);
  });

  it('have what is approved carried out in the order in which it was, be it a subscription or a payment', async () => {
    await accept(till, { payments: { approveAboveFen: fen(900) }, refunds: {} });
    const approved: string[] = [];
    const approve = async (id: string | undefined) => {
      world.clock.advance(1_000);
      await decide(till, id);
      approved.push(id ?? '');
    };
    await approve((await made(NO)).approval?.id);
    const paid = await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_1' }));
    await approve('approval' in paid ? paid.approval?.id : undefined);
    await approve((await made('GYM0002', { subscriber: 'wang' })).approval?.id);
    const found = await till.ledger.read((book) => book.approvals.toCarryOut(undefined, 3));
    expect(found.map(({ id }) => id)).toEqual(approved);
  });

  it('on payments of a day, a minute and a scene bind each period that is paid by hand', async () => {
    world.bank.hasAgreements = false;
    till = await world.process();
    serve(till);
    const perDay = { totalFen: fen(2500), count: 9 };
    await accept(till, { payments: { perDay, scenes: ['qr'] }, refunds: {} });
    await made(NO, { period: 'P7D' });
    expect((await orders())[0]).toMatchObject({ countedAt: expect.any(Number), countedBy: 'test' });
    const over = denied('payments.perDay.totalYuan');
    await expect(made('GYM0002', { subscriber: 'wang' })).rejects.toMatchObject(over);
    await expect(createPayment(till, CALL, payment({ amountFen: fen(700) }))).rejects.toMatchObject(over);
    expect(await till.ledger.read((book) => book.subscriptions.get('GYM0002'))).toBeUndefined();
    world.bank.pay((await orders())[0]?.outTradeNo ?? '');
    await pass(6 * DAY_MS);
    // All of the day on which the second is due goes to another sale.
    world.clock.advance(DAY_MS - ((world.clock.now() + 8 * HOUR_MS) % DAY_MS));
    await createPayment(till, CALL, payment({ amountFen: fen(2000) }));
    await pass(20 * HOUR_MS);
    expect((await orders())[1]).toBeUndefined();
    await pass(DAY_MS);
    expect((await orders())[1]).toMatchObject({ state: 'NOTPAY' });
    await accept(till, { payments: { scenes: ['web'] }, refunds: {} });
    await expect(made('GYM0003')).rejects.toMatchObject(denied('payments.scenes'));
  });

  it('on payments of a day were not made for what the server charges later', async () => {
    serve(till);
    await accept(till, { payments: { perDay: { count: 1 }, scenes: ['web'] }, refunds: {} });
    await createPayment(till, CALL, payment({ scene: 'web' }));
    await made(NO);
    world.bank.agreements.sign(NO);
    await pass(HOUR_MS);
    expect((await orders())[0]).toMatchObject({ state: 'PAID', countedAt: undefined });
  });

  it('of an allowance hold for every period', async () => {
    await accept(till, { payments: { from: 'budget' }, refunds: {} });
    const operator = await person(till);
    await till.ledger.write((book) => moveBudget(book, operator, 'test', 2000, undefined));
    serve(till);
    await made(NO, { period: 'P7D' });
    world.bank.agreements.sign(NO);
    await pass(8 * DAY_MS);
    expect(charges()).toHaveLength(1);
    await till.ledger.write((book) => moveBudget(book, operator, 'test', 2000, undefined));
    await pass(2 * HOUR_MS);
    expect(charges()).toHaveLength(2);
  });
});

it('is told to whoever wants to know, each fact once', async () => {
  serve(till);
  await createSubscription(till, CALL, wish({ times: 2, period: 'P7D' }));
  world.bank.agreements.sign(NO);
  await pass(9 * DAY_MS);
  const events = await till.ledger.read(async (book) => {
    const seq = await book.trail.head();
    return readEvents(
      book,
      Array.from({ length: seq }, (_, i) => i + 1),
      { simulated: true },
    );
  });
  const types = events.map(({ type }) => type).filter((type) => type.startsWith('subscription.'));
  expect(types).toEqual([
    ...['subscription.signed', 'subscription.charged', 'subscription.charged', 'subscription.ended'],
  ]);
  expect(events.find(({ type }) => type === 'subscription.charged')?.data).toMatchObject({
    ...{ contractNo: NO, period: 1, amountYuan: '19.00', title: 'Reader', simulated: true },
  });
});
