import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fen } from '../../src/domain/money.ts';
import { closePayment } from '../../src/payments/close-payment.ts';
import { askPayment } from '../../src/payments/query-payment.ts';
import { askForRefund } from '../../src/payments/query-refund.ts';
import { refundPayment } from '../../src/payments/refund-payment.ts';
import type { Till } from '../../src/payments/till.ts';
import type { ForeignOrders } from '../../src/policy/policy.ts';
import { accept, CALL, NO_APPROVAL, refund, World } from '../support/world.ts';

const ORDER = 'SHOP_77';
const OWN_ONLY = { ...CALL, caller: 'token', ownOrdersOnly: true };
const NOT_FOUND = { code: 'ORDER_NOT_FOUND' };
let world: World;
let till: Till;
const ask = (call = CALL) => askPayment(till, call, { outTradeNo: ORDER, waitSeconds: 0 });
const give = (call = CALL) => refundPayment(till, call, refund({ outTradeNo: ORDER, outRefundNo: 'R1' }));
const close = () => closePayment(till, CALL, { outTradeNo: ORDER });
const known = () => till.ledger.read((book) => book.orders.get(ORDER));
const allow = (foreignOrders: ForeignOrders) => accept(till, { ...NO_APPROVAL, foreignOrders });

/** Made by another system of the merchant, and paid yesterday where `paid`. */
function elsewhere({ paid = true, amountFen = fen(1000) } = {}) {
  world.bank.trades.set(ORDER, { plan: 'theirs', amountFen, state: 'NOTPAY', refunds: new Map() });
  if (paid) world.bank.pay(ORDER);
  world.clock.advance(86_400_000);
}

beforeEach(async () => {
  world = new World();
  till = await world.process();
});
afterEach(() => world.end());

describe('an order that the ledger does not know', () => {
  it('is refused without a word to the gateway', async () => {
    elsewhere();
    await expect(ask()).rejects.toMatchObject(NOT_FOUND);
    await expect(give()).rejects.toMatchObject(NOT_FOUND);
    await expect(close()).rejects.toMatchObject(NOT_FOUND);
    expect(world.bank.calls).toEqual([]);
  });

  it('may be asked for, no more, where the merchant says query', async () => {
    elsewhere();
    await allow('query');
    expect(await ask()).toMatchObject({ foreign: { state: 'PAID', amountFen: 1000 } });
    await expect(give()).rejects.toMatchObject(NOT_FOUND);
    await expect(close()).rejects.toMatchObject(NOT_FOUND);
    expect(await known()).toBeUndefined();
    expect(world.bank.refundedFen(ORDER)).toBe(0);
  });

  it('and never by a caller that sees only its own', async () => {
    elsewhere();
    await allow('allow');
    await expect(ask(OWN_ONLY)).rejects.toMatchObject(NOT_FOUND);
    await expect(give(OWN_ONLY)).rejects.toMatchObject(NOT_FOUND);
    expect(world.bank.calls).toEqual([]);
  });

  it('is refunded once it is proven and taken in, by all the rules', async () => {
    elsewhere();
    await accept(till, { payments: {}, refunds: { maxFen: fen(100) }, foreignOrders: 'allow' });
    expect(await give()).toMatchObject({ refund: { state: 'SUCCESS' }, order: { state: 'PAID' } });
    expect(await give()).toMatchObject({ replayed: true });
    await expect(
      refundPayment(till, CALL, refund({ outTradeNo: ORDER, refundFen: fen(101) })),
    ).rejects.toMatchObject({ code: 'POLICY_DENIED' });
    expect(world.bank.refundedFen(ORDER)).toBe(100);
    expect((await ask()) as object).toMatchObject({ order: { state: 'PAID', terms: { adopted: true } } });
    expect(await askForRefund(till, CALL, { outTradeNo: ORDER, outRefundNo: 'R1' })).toMatchObject({
      refund: { state: 'SUCCESS' },
    });
  });

  it('is not refunded while it is unpaid, and can be closed', async () => {
    elsewhere({ paid: false });
    await allow('allow');
    await expect(give()).rejects.toMatchObject({ code: 'NOT_PAID' });
    expect((await close()).order.state).toBe('CLOSED');
    expect(world.bank.trades.get(ORDER)?.state).toBe('CLOSED');
  });

  it('stays unknown when the gateway does not know it, speaks of another account, or gives no answer', async () => {
    await allow('allow');
    await expect(give()).rejects.toMatchObject(NOT_FOUND);
    elsewhere();
    world.bank.answersFor = 'another';
    await expect(give()).rejects.toMatchObject(NOT_FOUND);
    world.bank.answersFor = undefined;
    world.bank.fault = () => 'lost-after';
    await expect(give()).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    expect(await known()).toBeUndefined();
    expect(world.bank.refundedFen(ORDER)).toBe(0);
  });

  it('is refunded by two processes at once only as far as it was paid', async () => {
    elsewhere();
    await allow('allow');
    const other = await world.process(NO_APPROVAL);
    const tries = [till, other].flatMap((from) =>
      [1, 2, 3].map((n) =>
        refundPayment(
          from,
          CALL,
          refund({
            outTradeNo: ORDER,
            outRefundNo: `${from === other ? 'B' : 'A'}${n}`,
            refundFen: fen(400),
          }),
        ).catch(() => undefined),
      ),
    );
    await Promise.all(tries);
    expect(world.bank.refundedFen(ORDER)).toBeLessThanOrEqual(1000);
  });
});
