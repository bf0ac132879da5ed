import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fen } from '../../src/domain/money.ts';
import { verifyAudit } from '../../src/ledger/audit-verify.ts';
import type { Book } from '../../src/ledger/book.ts';
import type { OrderRecord } from '../../src/ledger/records.ts';
import { applyNotify } from '../../src/payments/apply-notify.ts';
import { newOrder } from '../../src/payments/beginnings.ts';
import { beginPayment } from '../../src/payments/choose-wallet.ts';
import { closePayment } from '../../src/payments/close-payment.ts';
import { createPayment } from '../../src/payments/create-payment.ts';
import { runPayBacks } from '../../src/payments/pay-back.ts';
import { queryPayment } from '../../src/payments/query-payment.ts';
import type { Till } from '../../src/payments/till.ts';
import type { Policy } from '../../src/policy/policy.ts';
import type { PaymentProvider } from '../../src/providers/contract.ts';
import { accept, CALL, payment, World } from '../support/world.ts';

const ORDER = 'ORDER_1';
const DAY_MS = 86_400_000;
/** A person decides on every refund. */
const CAREFUL: Policy = { payments: {}, refunds: { approveAboveFen: fen(0) } };
const at = (time: string) => Date.parse(`${time}+08:00`);

let world: World;
let till: Till;
const begin = async (realm: 'trial' | 'live', now = '2026-11-21T14:30:05') => {
  world = new World();
  world.realm = realm;
  world.clock.correct(at(now) - world.clock.now());
  till = await world.process(CAREFUL);
};
beforeEach(() => begin('trial'));
afterEach(() => world.end());

const owed = (outTradeNo = ORDER) =>
  till.ledger.read(async (book) => (await book.owed.ofOrders([outTradeNo])).get(outTradeNo) ?? []);
const sell = (outTradeNo = ORDER) => createPayment(till, CALL, payment({ outTradeNo }));
const ask = (outTradeNo = ORDER) => queryPayment(till, CALL, { outTradeNo, waitSeconds: 0 });

describe('a trial edition', () => {
  it.each([
    ['2026-11-21T00:00:00', '2026-11-22T10:00:00'],
    ['2026-11-21T09:59:59', '2026-11-22T10:00:00'],
    ['2026-11-21T14:30:05', '2026-11-22T10:00:00'],
    ['2026-11-21T23:59:58', '2026-11-22T10:00:00'],
    ['2026-12-31T23:59:58', '2027-01-01T10:00:00'],
  ])('owes what was paid at %s from %s on', async (paidAt, dueAt) => {
    await world.end();
    await begin('trial', paidAt);
    await world.sold(till);
    expect(await owed()).toMatchObject([
      { amountFen: 1000, why: 'trial', dueAt: at(dueAt), tryAt: at(dueAt) },
    ]);
  });

  it('goes by when it was paid, and not by when that was learned', async () => {
    await sell();
    world.bank.pay(ORDER);
    world.clock.advance(2 * DAY_MS);
    await ask();
    expect(await owed()).toMatchObject([{ dueAt: at('2026-11-22T10:00:00') }]);
  });

  it('owes it in the transaction in which it is known to be paid, by whomever that is told', async () => {
    await sell();
    world.bank.pay(ORDER);
    const [provider] = till.providers.values() as Iterable<PaymentProvider>;
    await applyNotify(till, provider as PaymentProvider, world.bank.notification(ORDER));
    await ask();
    const debts = await owed();
    expect(debts).toHaveLength(1);
    const story = await till.ledger.read((book) => book.audit.ofOrder(ORDER));
    const paid = story.findIndex(({ kind }) => kind === 'order-paid');
    expect(story[paid + 1]?.kind).toBe('owed-made');
    expect(story.filter(({ kind }) => kind === 'owed-made')).toHaveLength(1);
  });

  it('leaves neither where the payment could not be committed', async () => {
    await sell();
    world.bank.pay(ORDER);
    const order = (await ask().catch(() => undefined))?.order;
    expect(order?.state).toBe('PAID');
    const other = newOrder(till, {
      ...(order as OrderRecord),
      outTradeNo: 'ORDER_2',
      pageToken: 'x'.repeat(22),
      state: 'PAID',
    });
    const failing = async (book: Book) => {
      await book.orders.insert(other);
      expect((await book.owed.ofOrders(['ORDER_2'])).size).toBe(1);
      throw new Error('the disk is full');
    };
    await expect(till.ledger.write(failing)).rejects.toThrow();
    expect(await owed('ORDER_2')).toEqual([]);
    // What is proven as it is recorded is owed as well.
    await till.ledger.write((book) => book.orders.insert(other));
    expect(await owed('ORDER_2')).toHaveLength(1);
  });

  it('owes a payment that comes after the order was closed', async () => {
    await sell();
    await closePayment(till, CALL, { outTradeNo: ORDER });
    world.bank.pay(ORDER, { late: true });
    await ask();
    expect(await owed()).toHaveLength(1);
  });

  it('gives nothing away that another system has sold', async () => {
    await accept(till, { ...CAREFUL, foreignOrders: 'allow' });
    const trade = {
      plan: 'theirs',
      amountFen: fen(500_000),
      state: 'PAID' as const,
      paidAt: world.clock.now(),
    };
    world.bank.trades.set('SHOP_0001', { ...trade, refunds: new Map() });
    await closePayment(till, CALL, { outTradeNo: 'SHOP_0001' }).catch(() => undefined);
    const taken = await till.ledger.read((book) => book.orders.get('SHOP_0001'));
    expect(taken).toMatchObject({ state: 'PAID', terms: { adopted: true } });
    expect(await owed('SHOP_0001')).toEqual([]);
  });

  it('pays all of it back the next day at ten, under a number that a ledger from a backup has as well', async () => {
    await world.sold(till);
    const [debt] = await owed();
    const stop = new AbortController();
    void runPayBacks(till, stop.signal);
    world.clock.advance(at('2026-11-22T09:59:00') - world.clock.now());
    await world.clock.sleep(5_000);
    expect(world.bank.refundedFen(ORDER)).toBe(0);
    world.clock.advance(60_000);
    await world.clock.sleep(5_000);
    expect([...(world.bank.trades.get(ORDER)?.refunds.keys() ?? [])]).toEqual([debt?.outRefundNo]);
    expect(world.bank.refundedFen(ORDER)).toBe(1000);
    expect((await owed())[0]?.settledAt).toBeDefined();
    expect((await verifyAudit(till.ledger, [])).intact).toBe(true);
    stop.abort();
    // The number is the ledger's and the order's, whoever finds out once more.
    const salt = await till.ledger.read((book) => book.salt());
    const { trialDebt } = await import('../../src/ledger/owed.ts');
    const { order } = await ask();
    expect(trialDebt(order, salt, world.clock.now()).outRefundNo).toBe(debt?.outRefundNo);
    expect(trialDebt(order, 'another', world.clock.now()).outRefundNo).not.toBe(debt?.outRefundNo);
  });

  it('takes no more than it says, whichever way it is asked', async () => {
    const tooMuch = {
      code: 'POLICY_DENIED',
      details: { rule: 'trial.maxYuan', limit: '10.00', used: '10.01' },
    };
    const wish = payment({ amountFen: fen(1001) });
    await expect(createPayment(till, CALL, wish)).rejects.toMatchObject(tooMuch);
    const offering = { ...till, letsBuyerChoose: true };
    await expect(beginPayment(offering, CALL, { ...wish, provider: undefined })).rejects.toMatchObject(
      tooMuch,
    );
    expect(world.bank.calls).toEqual([]);
    await expect(createPayment(till, CALL, payment())).resolves.toMatchObject({ order: { state: 'NOTPAY' } });
  });
});

it('every other edition keeps what it was paid', async () => {
  await world.end();
  await begin('live');
  await world.sold(till);
  expect(await owed()).toEqual([]);
});
