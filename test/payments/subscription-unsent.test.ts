import { afterEach, beforeEach, expect, it } from 'vitest';
import { createSubscription } from '../../src/payments/agreements/create-subscription.ts';
import { beginEnding } from '../../src/payments/agreements/end.ts';
import type { Till } from '../../src/payments/till.ts';
import { freeze, unfreeze } from '../../src/policy/decisions.ts';
import type { Fault } from '../support/bank.ts';
import { CALL, person, subscriptionWish, World } from '../support/world.ts';

/* What becomes of a charge of which the gateway has never heard. */

const HOUR_MS = 3_600_000;
const NO = 'GYM0001';

let world: World;
let till: Till;

beforeEach(async () => {
  world = new World();
  world.bank.hasAgreements = true;
  till = await world.process();
  await createSubscription(till, CALL, subscriptionWish());
  world.bank.agreements.sign(NO);
});
afterEach(() => world.end());

const serve = async () => world.serveSubscriptions(await world.process());
/** In jumps of minutes, longer ones where hours pass. */
const pass = (ms: number) => world.clock.pass(ms, ms < HOUR_MS ? 60_000 : 5 * 60_000);
const charges = () => world.bank.agreements.signed.get(NO)?.charges ?? [];
const sent = () => world.bank.calls.filter(({ operation }) => operation === 'charge');

/** It leaves us once, and this comes of it; then somebody else is here. */
async function sendOnce(fault: Fault): Promise<void> {
  world.failing('charge', fault);
  const first = await serve();
  while (sent().length === 0) await pass(1_000);
  await pass(1_000);
  first.abort();
}

it.each(['crash-before', 'lost-before', 'unavailable', 'declined-unsigned'] as const)(
  'is sent again soon under its number (%s)',
  async (fault) => {
    await sendOnce(fault);
    await serve();
    await pass(5 * 60_000);
    expect(charges()).toHaveLength(1);
    expect(new Set(sent().map(({ number }) => number)).size).toBe(1);
    expect(world.bank.agreements.outrages).toEqual([]);
  },
);

it('rests longer and longer while nothing of it arrives', async () => {
  world.bank.fault = (operation) => (operation === 'charge' ? 'lost-before' : 'none');
  await serve();
  await pass(24 * HOUR_MS);
  expect(sent().length).toBeGreaterThan(20);
  expect(sent().length).toBeLessThan(40);
  world.bank.fault = () => 'none';
  await pass(HOUR_MS + 120_000);
  expect(charges()).toHaveLength(1);
});

it.each(['refused', 'declined'] as const)(
  'waits as the gateway wants it where that has refused it (%s)',
  async (fault) => {
    await sendOnce(fault);
    await serve();
    await pass(5 * HOUR_MS);
    expect(sent()).toHaveLength(1);
    await pass(2 * HOUR_MS);
    expect(charges()).toHaveLength(1);
  },
);

it('waits as well where the gateway knows it, and has not taken it', async () => {
  const agreement = world.bank.agreements.signed.get(NO);
  if (agreement) agreement.isPoor = true;
  await sendOnce('lost-after');
  await serve();
  await pass(5 * HOUR_MS);
  expect(sent()).toHaveLength(1);
});

it('is never sent again after a cancel', async () => {
  await sendOnce('crash-before');
  await till.ledger.write(async (book) => {
    const known = await book.subscriptions.get(NO);
    if (known) await beginEnding(till, book, known, 'cancelled');
  });
  await serve();
  await pass(30 * HOUR_MS);
  expect(sent()).toHaveLength(1);
});

it('is not sent while everything is stopped, and soon when it is not any more', async () => {
  await sendOnce('crash-before');
  await till.ledger.write((book) => freeze(book, 'page', undefined));
  await serve();
  await pass(20 * HOUR_MS);
  expect(sent()).toHaveLength(1);
  const operator = await person(till);
  await till.ledger.write((book) => unfreeze(book, operator));
  await pass(6 * 60_000);
  expect(charges()).toHaveLength(1);
});

it('is tried again soon when everything goes on that was stopped before, and hardly looked at till then', async () => {
  await sendOnce('refused');
  await till.ledger.write((book) => freeze(book, 'page', undefined));
  await serve();
  await pass(8 * HOUR_MS);
  let commits = 0;
  world.committed = async () => void commits++;
  await pass(HOUR_MS);
  expect(commits).toBeLessThan(120);
  const operator = await person(till);
  await till.ledger.write((book) => unfreeze(book, operator));
  await pass(6 * 60_000);
  expect(charges()).toHaveLength(1);
});

it('is begun soon when everything goes on that was stopped before', async () => {
  await till.ledger.write((book) => freeze(book, 'page', undefined));
  await serve();
  await pass(20 * HOUR_MS);
  expect(sent()).toHaveLength(0);
  const operator = await person(till);
  await till.ledger.write((book) => unfreeze(book, operator));
  await pass(6 * 60_000);
  expect(charges()).toHaveLength(1);
});
