import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fen } from '../../../src/domain/money.ts';
import { applyNotify } from '../../../src/payments/apply-notify.ts';
import { askTrade } from '../../../src/payments/ask-gateway.ts';
import { closePayment, finishClosing } from '../../../src/payments/close-payment.ts';
import { createPayment } from '../../../src/payments/create-payment.ts';
import { queryPayment } from '../../../src/payments/query-payment.ts';
import { queryRefund } from '../../../src/payments/query-refund.ts';
import { refundPayment } from '../../../src/payments/refund-payment.ts';
import { runSettler } from '../../../src/payments/settler.ts';
import type { Call, Till } from '../../../src/payments/till.ts';
import { freeze, unfreeze } from '../../../src/policy/decisions.ts';
import type { Policy } from '../../../src/policy/policy.ts';
import { type MayStill, Stopped } from '../../../src/providers/contract.ts';
import type { Operation } from '../../support/bank.ts';
import { accept, CALL, decide, payment, person, refund, World } from '../../support/world.ts';

const FROZEN = { code: 'FROZEN' };
const MINUTE_MS = 60_000;
const ASKING: Policy = { payments: { approveAboveFen: fen(0) }, refunds: { approveAboveFen: fen(0) } };
let world: World;
let one: Till;
let two: Till;

beforeEach(async () => {
  world = new World();
  one = await world.process();
  two = await world.process();
});
afterEach(() => world.end());

const ice = () => one.ledger.write((book) => freeze(book, 'somebody', 'a test'));
const thaw = async () => {
  const operator = await person(one);
  await one.ledger.write((book) => unfreeze(book, operator));
};
const pay = (input: Parameters<typeof payment>[0] = {}, from = two, call: Call = CALL) =>
  createPayment(from, call, payment(input));
const give = (outRefundNo: string | undefined, from = two, refundFen = 100) =>
  refundPayment(from, CALL, refund({ outTradeNo: 'ORDER_1', outRefundNo, refundFen: fen(refundFen) }));
const close = (outTradeNo: string, from = two) => closePayment(from, CALL, { outTradeNo });
const query = (outTradeNo: string, from = two) => queryPayment(from, CALL, { outTradeNo, waitSeconds: 0 });
const stateOf = async (outTradeNo: string) =>
  (await one.ledger.read((book) => book.orders.get(outTradeNo)))?.state;
const failing = (operation: Operation, fault: ReturnType<World['bank']['fault']>) => {
  world.bank.fault = (op) => (op === operation ? fault : 'none');
};
const clear = () => {
  world.bank.fault = () => 'none';
};
async function paid(): Promise<void> {
  await pay({ outTradeNo: 'ORDER_1' });
  world.bank.pay('ORDER_1');
  await query('ORDER_1');
}
const approve = (id: string | undefined) => decide(one, id);
/** What moves: everything but questions. */
const sent = () =>
  world.bank.calls.filter(({ operation }) => ['create', 'close', 'refund'].includes(operation)).length;
/** Lets the settlers of both processes work for so long (ms). */
async function settlers(ms: number): Promise<void> {
  const stop = new AbortController();
  const running = [one, two].map((till) => runSettler(till, stop.signal));
  await world.clock.sleep(ms);
  stop.abort();
  await Promise.all(running);
}

describe('while a freeze stands, in every process on the ledger', () => {
  it('a new payment is refused, leaves nothing behind, and goes on under the same number afterwards', async () => {
    await ice();
    for (const from of [one, two]) {
      await expect(pay({ outTradeNo: 'ORDER_1' }, from)).rejects.toMatchObject(FROZEN);
      await expect(pay({ buyer: 'alice' }, from)).rejects.toMatchObject(FROZEN);
    }
    expect(await stateOf('ORDER_1')).toBeUndefined();
    expect(sent()).toBe(0);
    await thaw();
    expect((await pay({ outTradeNo: 'ORDER_1' })).order.state).toBe('NOTPAY');
  });

  it('a refund is refused, and goes on under the same number afterwards', async () => {
    await paid();
    await ice();
    const before = sent();
    for (const from of [one, two]) await expect(give('R1', from)).rejects.toMatchObject(FROZEN);
    expect(sent()).toBe(before);
    await thaw();
    expect((await give('R1')).refund).toMatchObject({ outRefundNo: 'R1', state: 'SUCCESS' });
  });

  it('an order is not closed, and is afterwards', async () => {
    await pay({ outTradeNo: 'ORDER_1' });
    await ice();
    const before = sent();
    await expect(close('ORDER_1')).rejects.toMatchObject(FROZEN);
    expect(sent()).toBe(before);
    await thaw();
    expect((await close('ORDER_1')).order.state).toBe('CLOSED');
  });

  it('nor is one in doubt, of which no code was given out', async () => {
    failing('create', 'lost-before');
    await pay({ outTradeNo: 'ORDER_1' });
    await ice();
    await expect(close('ORDER_1')).rejects.toMatchObject(FROZEN);
    expect(await stateOf('ORDER_1')).toBe('UNKNOWN');
    await thaw();
    expect((await close('ORDER_1')).order.state).toBe('CLOSED');
  });

  it('a close that was intended before is not done by a question', async () => {
    await pay({ outTradeNo: 'ORDER_1' });
    const trade = world.bank.trades.get('ORDER_1');
    world.bank.trades.delete('ORDER_1'); // Nobody has opened it yet.
    expect((await close('ORDER_1')).order.closing).toBe(true);
    if (trade) world.bank.trades.set('ORDER_1', trade);
    await ice();
    const before = sent();
    expect((await query('ORDER_1')).order).toMatchObject({ state: 'NOTPAY', closing: true });
    const order = await one.ledger.read((book) => book.orders.get('ORDER_1'));
    if (order) await finishClosing(one, await askTrade(one, order));
    await settlers(5 * MINUTE_MS);
    expect(sent()).toBe(before);
    await thaw();
    expect((await query('ORDER_1')).order.state).toBe('CLOSED');
  });

  it('a replay tells what there is and sends nothing', async () => {
    await pay({ outTradeNo: 'ORDER_1' });
    await pay({ buyer: 'alice' });
    await ice();
    const before = sent();
    expect((await pay({ outTradeNo: 'ORDER_1' })).replayed).toBe(true);
    expect((await pay({ buyer: 'alice' })).replayed).toBe(true);
    expect(sent()).toBe(before);
  });

  it('a dead link is not renewed, and is afterwards', async () => {
    const [bank] = two.providers.values();
    if (!bank) throw new Error('no provider');
    const sendPayment: typeof bank.sendPayment = async (...order) => ({
      ...(await bank.sendPayment(...order)),
      linkExpiresAt: world.clock.now() + MINUTE_MS,
    });
    const short = { ...two, providers: new Map([[bank.id, { ...bank, sendPayment }]]) };
    await pay({ outTradeNo: 'ORDER_1' }, short);
    world.clock.advance(2 * MINUTE_MS);
    await ice();
    const before = sent();
    await expect(pay({ outTradeNo: 'ORDER_1' }, short)).rejects.toMatchObject(FROZEN);
    expect(sent()).toBe(before);
    await thaw();
    const renewed = await pay({ outTradeNo: 'ORDER_1' }, short);
    expect(renewed.order.credential.linkExpiresAt).toBeGreaterThan(world.clock.now());
  });

  it('an order in doubt is asked about, not sent again, and nobody waits for it in vain', async () => {
    failing('create', 'lost-before');
    expect((await pay({ outTradeNo: 'ORDER_1' })).order.state).toBe('UNKNOWN');
    clear();
    await ice();
    const before = sent();
    const asked = world.bank.calls.length;
    const startedAt = world.clock.now();
    expect((await pay({ outTradeNo: 'ORDER_1' })).order.state).toBe('UNKNOWN');
    expect((await pay({ outTradeNo: 'ORDER_1' }, one)).order.state).toBe('UNKNOWN');
    expect(world.clock.now() - startedAt, 'ms that the second call stood in line').toBeLessThan(1_000);
    expect(sent()).toBe(before);
    expect(world.bank.calls.length).toBeGreaterThan(asked);
    await thaw();
    expect((await pay({ outTradeNo: 'ORDER_1' })).order.state).toBe('NOTPAY');
  });

  it('a refund in doubt is asked about by tool and settler, not sent again, until the thaw', async () => {
    await paid();
    failing('refund', 'lost-before');
    expect((await give('R1')).refund.state).toBe('UNKNOWN');
    clear();
    await ice();
    const before = sent();
    expect((await give('R1')).refund.state).toBe('UNKNOWN');
    const asked = world.bank.calls.length;
    await settlers(10 * MINUTE_MS);
    expect(sent()).toBe(before);
    expect(world.bank.calls.length, 'settling by question goes on').toBeGreaterThan(asked);
    await thaw();
    await settlers(10 * MINUTE_MS);
    expect(world.bank.refundedFen('ORDER_1')).toBe(100);
  });

  it('what was on the wire is recorded, asked about and notified as ever', async () => {
    await paid();
    await pay({ outTradeNo: 'ORDER_2' });
    failing('create', 'lost-after');
    await pay({ outTradeNo: 'ORDER_3' });
    failing('refund', 'lost-after');
    await give('R1');
    clear();
    await ice();
    await pay({ outTradeNo: 'ORDER_3' });
    expect(await stateOf('ORDER_3')).toBe('NOTPAY');
    expect((await queryRefund(two, CALL, { outTradeNo: 'ORDER_1', outRefundNo: 'R1' })).refund.state).toBe(
      'SUCCESS',
    );
    world.bank.pay('ORDER_2');
    const [provider] = two.providers.values();
    if (!provider) throw new Error('no provider');
    await applyNotify(two, provider, world.bank.notification('ORDER_2'));
    expect(await stateOf('ORDER_2')).toBe('PAID');
  });

  it('what waits for a person is not continued, and its yes is good afterwards, once', async () => {
    await paid();
    await accept(one, ASKING);
    const asked = await give('R1');
    await ice();
    await approve(asked.approval?.id);
    await expect(give('R1')).rejects.toMatchObject(FROZEN);
    await expect(give('R2')).rejects.toMatchObject(FROZEN);
    await thaw();
    expect((await give('R1')).refund.state).toBe('SUCCESS');
    expect(world.bank.refundedFen('ORDER_1')).toBe(100);
  });

  it('an order that still waits for a person can be withdrawn', async () => {
    await accept(one, ASKING);
    await pay({ outTradeNo: 'ORDER_1' });
    await ice();
    expect((await close('ORDER_1')).order.state).toBe('CLOSED');
    expect(sent()).toBe(0);
  });

  it('a call that was told so goes on after a restart of every process', async () => {
    await ice();
    const reborn = await world.process();
    await expect(pay({ outTradeNo: 'ORDER_1' }, reborn)).rejects.toMatchObject(FROZEN);
    await thaw();
    expect((await pay({ outTradeNo: 'ORDER_1' }, await world.process())).order.state).toBe('NOTPAY');
  });
});

describe('a freeze that comes between the commit and the wire', () => {
  it('stops a payment whose intent stands already, and lets the same call go on', async () => {
    world.afterCommit(ice);
    await expect(pay({ outTradeNo: 'ORDER_1' })).rejects.toMatchObject(FROZEN);
    expect(await stateOf('ORDER_1'), 'the intent stood').toBe('CLOSED');
    expect(sent()).toBe(0);
    await thaw();
    expect((await pay({ outTradeNo: 'ORDER_1' })).order.state).toBe('NOTPAY');
  });

  it('stops a refund whose intent stands already, and lets the same call go on', async () => {
    await paid();
    const before = sent();
    world.afterCommit(ice);
    await expect(give('R1')).rejects.toMatchObject(FROZEN);
    expect(sent()).toBe(before);
    await thaw();
    expect((await give('R1')).refund.state).toBe('SUCCESS');
  });

  it('stops a payment, gives its share and its yes back, and lets the same call go on', async () => {
    const policy = { ...ASKING, payments: { approveAboveFen: fen(0), perDay: { count: 1 } } };
    await accept(one, policy);
    const asked = await pay({ outTradeNo: 'ORDER_1', scene: 'web' });
    await approve(asked.approval?.id);
    // The question whether the number is free takes its time.
    world.bank.delay = async (op) => {
      if (op === 'query') await ice();
    };
    await expect(pay({ outTradeNo: 'ORDER_1', scene: 'web' })).rejects.toMatchObject(FROZEN);
    expect(sent()).toBe(0);
    world.bank.delay = async () => undefined;
    await thaw();
    const held = await one.ledger.read((book) =>
      book.quotas.usage('payment', {}, 0, Number.MAX_SAFE_INTEGER),
    );
    expect(held).toEqual({ count: 0, fen: 0 });
    expect((await pay({ outTradeNo: 'ORDER_1', scene: 'web' })).order.state).toBe('NOTPAY');
  });

  it('stops a close, which is not wanted any more then', async () => {
    await pay({ outTradeNo: 'ORDER_1' });
    const before = sent();
    world.afterCommit(ice);
    await expect(close('ORDER_1')).rejects.toMatchObject(FROZEN);
    expect(sent()).toBe(before);
    expect((await query('ORDER_1')).order).toMatchObject({ state: 'NOTPAY', closing: false });
    await thaw();
    expect((await close('ORDER_1')).order.state).toBe('CLOSED');
  });

  it('stops the second sending of an order in doubt', async () => {
    failing('create', 'lost-before');
    await pay({ outTradeNo: 'ORDER_1' });
    clear();
    world.bank.delay = async (op) => {
      if (op === 'query') await ice();
    };
    const before = sent();
    expect((await pay({ outTradeNo: 'ORDER_1' })).order.state).toBe('UNKNOWN');
    expect(sent()).toBe(before);
  });

  it('stops the second sending of a refund in doubt', async () => {
    await paid();
    failing('refund', 'lost-before');
    await give('R1');
    clear();
    world.bank.delay = async (op) => {
      if (op === 'query-refund') await ice();
    };
    const before = sent();
    expect((await give('R1')).refund.state).toBe('UNKNOWN');
    expect(sent()).toBe(before);
  });

  it('stops a refund that first had to ask whether the order is paid', async () => {
    await pay({ outTradeNo: 'ORDER_1' });
    world.bank.pay('ORDER_1');
    world.bank.delay = async (op) => {
      if (op === 'query') await ice();
    };
    const before = sent();
    await expect(give('R1')).rejects.toMatchObject(FROZEN);
    expect(sent()).toBe(before);
  });
});

describe('while an adapter asks for the keys of its gateway', () => {
  /** Whose adapter asks for them before each call, and then whether it may still go out. */
  function slowly(): Till {
    const [provider] = [...two.providers.values()];
    if (!provider?.closeTrade) throw new Error('none');
    const { sendPayment, sendRefund, closeTrade } = provider;
    const keys = async (mayStill: MayStill | undefined) => {
      await ice();
      world.clock.advance(5_000);
      if ((await mayStill?.()) === false) throw new Stopped();
    };
    const slow: typeof provider = {
      ...provider,
      sendPayment: (terms, plan, mayStill) => keys(mayStill).then(() => sendPayment(terms, plan)),
      sendRefund: (terms, plan, mayStill) => keys(mayStill).then(() => sendRefund(terms, plan)),
      closeTrade: (outTradeNo, mayStill) => keys(mayStill).then(() => closeTrade(outTradeNo)),
    };
    return { ...two, providers: new Map([[provider.id, slow]]) };
  }

  it.each<[string, (from: Till) => Promise<unknown>]>([
    ['payment', (from) => pay({ outTradeNo: 'ORDER_3' }, from)],
    ['refund', (from) => give('R1', from)],
    ['close', (from) => close('ORDER_2', from)],
  ])('a freeze keeps a %s from leaving, and nothing of it stays behind', async (_what, attempt) => {
    await paid();
    await pay({ outTradeNo: 'ORDER_2' });
    const before = sent();
    await expect(attempt(slowly())).rejects.toMatchObject(FROZEN);
    expect(sent()).toBe(before);
    await thaw();
    await attempt(two);
    expect(sent()).toBe(before + 1);
  });
});
