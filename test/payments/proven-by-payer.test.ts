import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { beijingDate } from '../../src/domain/clock.ts';
import { fen } from '../../src/domain/money.ts';
import { applyTrade } from '../../src/payments/apply.ts';
import { askTrade } from '../../src/payments/ask-gateway.ts';
import { newOrder } from '../../src/payments/beginnings.ts';
import { closePayment } from '../../src/payments/close-payment.ts';
import { createPayment } from '../../src/payments/create-payment.ts';
import { queryPayment } from '../../src/payments/query-payment.ts';
import { queryRefund } from '../../src/payments/query-refund.ts';
import { reconcile } from '../../src/payments/reconcile.ts';
import { refundPayment } from '../../src/payments/refund-payment.ts';
import { runSettler } from '../../src/payments/settler.ts';
import type { Till } from '../../src/payments/till.ts';
import type { PaymentProvider } from '../../src/providers/contract.ts';
import { CALL, payment, refund, World } from '../support/world.ts';

/* An order of which its payer shows the proof: the gateway is never asked about it by our number. */

const NO = 'CALL_1';
const TRADE_NO = `T${NO}`;
let world: World;
let till: Till;
/** By which number refunds were asked about. */
let askedBy: (string | undefined)[];

beforeEach(async () => {
  world = new World();
  const made = await world.process();
  const bank = made.providers.get('alipay');
  if (!bank) throw new Error('no provider');
  askedBy = [];
  const provider: PaymentProvider = {
    ...bank,
    queryRefund(outTradeNo, outRefundNo, known) {
      askedBy.push(known?.gatewayTradeNo);
      return bank.queryRefund(outTradeNo, outRefundNo);
    },
  };
  till = { ...made, providers: new Map([['alipay', provider]]) };
  world.bank.trades.set(NO, { plan: '', amountFen: fen(1000), state: 'NOTPAY', refunds: new Map() });
  world.bank.pay(NO);
  await till.ledger.write(async (book) => {
    const order = newOrder(till, {
      ...{ outTradeNo: NO, provider: 'alipay', account: provider.account, caller: CALL.caller, scene: 'a2m' },
      ...{ amountFen: fen(1000), title: '天气', source: 'ledger', inputHash: 'h' },
      terms: { expiresInMinutes: 15 },
      sentAt: till.clock.now(),
      expiresAt: till.clock.now() + 900_000,
    });
    await book.orders.insert(order);
    const waiting = await book.orders.move(order, 'adopted');
    await applyTrade(
      book,
      waiting,
      {
        ...{ exists: true, account: provider.account, outTradeNo: NO, state: 'PAID' },
        ...{ gatewayState: 'WAIT_SELLER_FULFILLMENT', gatewayTradeNo: TRADE_NO, amountFen: fen(1000) },
      },
      'query',
      till.clock.now(),
    );
  });
});
afterEach(() => world.end());

const asked = (operation: string) => world.bank.calls.filter((call) => call.operation === operation);
const order = () => till.ledger.read((book) => book.orders.get(NO));

it('is paid by that proof, and by nobody’s query', async () => {
  expect(await order()).toMatchObject({ state: 'PAID', scene: 'a2m', gatewayTradeNo: TRADE_NO });
  const told = await queryPayment(till, CALL, { outTradeNo: NO, waitSeconds: 0 });
  expect(told.order).toMatchObject({ state: 'PAID', outTradeNo: NO });
  const known = await order();
  if (!known) throw new Error('no order');
  expect(await askTrade(till, known)).toEqual({ order: known, exists: true, foreign: false });
  const stop = new AbortController();
  const settling = runSettler(till, stop.signal);
  await world.clock.sleep(3_600_000);
  stop.abort();
  await settling;
  expect(asked('query')).toEqual([]);
});

it('cannot be asked for by a call', async () => {
  await expect(createPayment(till, CALL, payment({ scene: 'a2m' }))).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    details: { argument: 'scene' },
  });
});

it('is not closed, and the bill agrees with it', async () => {
  await expect(closePayment(till, CALL, { outTradeNo: NO, provider: undefined })).rejects.toMatchObject({
    code: 'ALREADY_PAID',
  });
  expect([...asked('query'), ...asked('close')]).toEqual([]);
  const provider = till.providers.get('alipay') as PaymentProvider;
  const date = beijingDate(world.clock.now());
  const { differences } = await reconcile(till, provider, { date, today: 'allowed' });
  expect(differences).toEqual([]);
});

describe('money of it goes back', () => {
  it("by the gateway's number", async () => {
    const given = await refundPayment(till, CALL, refund({ outTradeNo: NO, outRefundNo: 'R1' }));
    expect(given.refund).toMatchObject({ state: 'SUCCESS' });
    const { plan = '{}' } = world.bank.trades.get(NO)?.refunds.get('R1') ?? {};
    expect(JSON.parse(plan)).toMatchObject({ gatewayTradeNo: TRADE_NO, outTradeNo: NO });
  });

  it('by it also when the answer was lost, and once', async () => {
    world.failing('refund', 'lost-after');
    const lost = await refundPayment(till, CALL, refund({ outTradeNo: NO, outRefundNo: 'R1' }));
    expect(lost.refund.state).toBe('UNKNOWN');
    await queryRefund(till, CALL, { outTradeNo: NO, outRefundNo: 'R1' });
    expect(askedBy).toEqual([TRADE_NO]);
    const again = await refundPayment(till, CALL, refund({ outTradeNo: NO, outRefundNo: 'R1' }));
    expect(again.refund.state).toBe('SUCCESS');
    expect(world.bank.refundedFen(NO)).toBe(100);
  });

  it('also when it never arrived: the very plan goes out again', async () => {
    world.failing('refund', 'lost-before');
    await refundPayment(till, CALL, refund({ outTradeNo: NO, outRefundNo: 'R1' }));
    await world.clock.sleep(60_000);
    const again = await refundPayment(till, CALL, refund({ outTradeNo: NO, outRefundNo: 'R1' }));
    expect(again.refund.state).toBe('SUCCESS');
    expect(asked('refund')).toHaveLength(2);
  });

  it('and for an ordinary order still by ours', async () => {
    await world.sold(till, 'ORDER_1');
    await refundPayment(till, CALL, refund({ outTradeNo: 'ORDER_1', outRefundNo: 'R1' }));
    const { plan = '{}' } = world.bank.trades.get('ORDER_1')?.refunds.get('R1') ?? {};
    expect(JSON.parse(plan)).not.toHaveProperty('gatewayTradeNo');
  });
});
