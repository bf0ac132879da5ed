import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { closePayment } from '../../../src/payments/close-payment.ts';
import { createPayment } from '../../../src/payments/create-payment.ts';
import { queryPayment } from '../../../src/payments/query-payment.ts';
import type { Till } from '../../../src/payments/till.ts';
import { GatewayDeclined } from '../../../src/providers/contract.ts';
import { CALL, NO_APPROVAL, payment, World } from '../../support/world.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
let world: World;
let till: Till;
const query = (outTradeNo: string, waitSeconds = 0, from = till) =>
  queryPayment(from, CALL, { outTradeNo, waitSeconds });

beforeEach(async () => {
  world = new World();
  till = await world.process();
});
afterEach(() => world.end());

describe('a declined order that is sent again', () => {
  it.each(['unavailable', 'declined', 'refused'] as const)(
    'gets its expiry when it is sent, after %s too',
    async (fault) => {
      world.failing('create', fault);
      const wanted = payment({ outTradeNo: 'ORDER_1' });
      await expect(createPayment(till, CALL, wanted)).rejects.toMatchObject({
        retryable: expect.anything(),
      });
      world.clock.advance(31 * MINUTE_MS);
      const again = await createPayment(till, CALL, wanted);
      expect(again.order.state).toBe('NOTPAY');
      expect(again.order.expiresAt).toBeGreaterThan(world.clock.now() + 29 * MINUTE_MS);
    },
  );
});

describe('the same buyer again', () => {
  it('is told of a payment that this very call found PAID, not handed a second code', async () => {
    const wanted = payment({ buyer: 'alice', expiresInMinutes: 1 });
    const first = await createPayment(till, CALL, wanted);
    world.bank.pay(first.order.outTradeNo);
    world.clock.advance(2 * MINUTE_MS);
    const again = await createPayment(till, CALL, wanted);
    expect(again.order).toMatchObject({ outTradeNo: first.order.outTradeNo, state: 'PAID' });
    expect(world.bank.trades.size).toBe(1);
  });
});

describe('an order of an account that is configured no more', () => {
  it('does not block the same buyer for ever', async () => {
    await createPayment(till, CALL, payment({ buyer: 'alice' }));
    const moved = await world.process(NO_APPROVAL, 'bank 2');
    world.clock.advance(2 * DAY_MS);
    const next = await createPayment(moved, CALL, payment({ buyer: 'alice' }));
    expect(next.order.state).toBe('NOTPAY');
  });

  it('does not block identical payments for ever when it is in doubt', async () => {
    world.failing('create', 'lost-before');
    await createPayment(till, CALL, payment());
    const moved = await world.process(NO_APPROVAL, 'bank 2');
    world.clock.advance(2 * DAY_MS);
    const next = await createPayment(moved, CALL, payment());
    expect(next.order.state).toBe('NOTPAY');
  });
});

describe('an order in doubt', () => {
  it('is ended by a signed refusal of a first send that a signed answer then says does not exist', async () => {
    // WeChat Pay's INVALID_REQUEST is read as number-conflict; here the number is free and stays so.
    const [provider] = till.providers.values();
    if (!provider) throw new Error('no provider');
    const refusing = {
      ...provider,
      sendPayment: async () => {
        throw new GatewayDeclined('number-conflict', 'INVALID_REQUEST', true);
      },
    };
    const strict = { ...till, providers: new Map([[provider.id, refusing]]) };
    await expect(createPayment(strict, CALL, payment({ outTradeNo: 'ORDER_1' }))).rejects.toMatchObject({
      code: 'GATEWAY_DECLINED',
    });
    expect((await query('ORDER_1')).order.state).toBe('CLOSED');
  });

  it("blocks its buyer's identical payment however many identical ones others made since", async () => {
    const first = await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_1', buyer: 'alice' }));
    for (let i = 0; i < 20; i++) {
      world.clock.advance(1_000);
      await createPayment(till, CALL, payment());
    }
    world.bank.fault = (op) => (op === 'close' || op === 'query' ? 'lost-before' : 'none');
    const closed = await closePayment(till, CALL, { outTradeNo: first.order.outTradeNo });
    expect(closed.order.state).toBe('UNKNOWN');
    const again = payment({ outTradeNo: 'ORDER_2', buyer: 'alice' });
    await expect(createPayment(till, CALL, again)).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    expect((await createPayment(till, CALL, payment())).order.state).toBe('NOTPAY');
  });
});

describe('close', () => {
  it('stays intended when a second close could not be sent', async () => {
    const { order } = await createPayment(till, CALL, payment());
    const trade = world.bank.trades.get(order.outTradeNo);
    world.bank.trades.delete(order.outTradeNo); // nobody has opened the link yet
    expect((await closePayment(till, CALL, { outTradeNo: order.outTradeNo })).order.closing).toBe(true);
    world.failing('close', 'unavailable');
    await expect(closePayment(till, CALL, { outTradeNo: order.outTradeNo })).rejects.toMatchObject({
      code: 'GATEWAY_UNAVAILABLE',
    });
    if (trade) world.bank.trades.set(order.outTradeNo, trade);
    expect((await query(order.outTradeNo)).order.state).toBe('CLOSED');
  });
});

describe('a question that gets no answer', () => {
  it('tells the state that the ledger has by then', async () => {
    const { order } = await createPayment(till, CALL, payment());
    const other = await world.process();
    world.bank.fault = (op) => (op === 'query' ? 'unavailable' : 'none');
    const waiting = query(order.outTradeNo, 10).catch((error) => error);
    await world.clock.sleep(3_000);
    world.bank.fault = () => 'none';
    world.bank.pay(order.outTradeNo);
    expect((await query(order.outTradeNo, 0, other)).order.state).toBe('PAID');
    world.bank.fault = (op) => (op === 'query' ? 'unavailable' : 'none');
    const told = await waiting;
    expect(told.order?.state ?? told.details?.state).toBe('PAID');
  });
});

describe('a paid order', () => {
  it("learns the gateway's later word, without leaving PAID", async () => {
    const { order } = await createPayment(till, CALL, payment());
    world.bank.pay(order.outTradeNo);
    await query(order.outTradeNo);
    const [bank] = till.providers.values();
    if (!bank) throw new Error('no provider');
    const finished = {
      ...bank,
      queryTrade: async (outTradeNo: string) => ({
        ...(await bank.queryTrade(outTradeNo)),
        gatewayState: 'TRADE_FINISHED',
      }),
    };
    const later = { ...till, providers: new Map([[bank.id, finished]]) };
    const told = await query(order.outTradeNo, 0, later);
    expect(told.order).toMatchObject({ state: 'PAID', gatewayState: 'TRADE_FINISHED' });
  });
});
