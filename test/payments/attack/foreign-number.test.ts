import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fen } from '../../../src/domain/money.ts';
import { closePayment } from '../../../src/payments/close-payment.ts';
import { createPayment } from '../../../src/payments/create-payment.ts';
import { queryPayment } from '../../../src/payments/query-payment.ts';
import { refundPayment } from '../../../src/payments/refund-payment.ts';
import type { Till } from '../../../src/payments/till.ts';
import { freeze } from '../../../src/policy/decisions.ts';
import { CALL, payment, refund, World } from '../../support/world.ts';

/** A number that another system of the merchant has used at the gateway. `foreignOrders: refuse` is in force. */
const FOREIGN = 'SHOP_0001';
const DAY_MS = 86_400_000;
let world: World;
let till: Till;

beforeEach(async () => {
  world = new World();
  till = await world.process();
});
afterEach(() => world.end());

function foreignTrade(change: { amountFen?: number; state?: 'NOTPAY' | 'PAID' } = {}): void {
  const { amountFen = 1000, state = 'PAID' } = change;
  world.bank.trades.set(FOREIGN, {
    plan: 'of another system',
    amountFen: fen(amountFen),
    state,
    ...(state === 'PAID' ? { paidAt: world.clock.now() - DAY_MS } : {}),
    refunds: new Map(),
  });
}

const create = (change = {}) => createPayment(till, CALL, payment({ outTradeNo: FOREIGN, ...change }));

describe("create-payment with a number of the merchant's other system", () => {
  it('does not call it PAID by a payment that was made before our intent', async () => {
    foreignTrade();
    const told = await create().catch(() => undefined);
    expect(told?.order.state).not.toBe('PAID');
    const asked = queryPayment(till, CALL, { outTradeNo: FOREIGN, waitSeconds: 0 });
    await expect(asked, 'nothing was stored').rejects.toMatchObject({ code: 'ORDER_NOT_FOUND' });
  });

  it('is no way to refund an order that the ledger never made', async () => {
    foreignTrade();
    await create().catch(() => undefined);
    await refundPayment(till, CALL, refund({ outTradeNo: FOREIGN, refundFen: fen(1000) })).catch(
      () => undefined,
    );
    expect(world.bank.refundedFen(FOREIGN)).toBe(0);
  });

  it('is no way to close an order that the ledger never made', async () => {
    foreignTrade({ state: 'NOTPAY' });
    await create().catch(() => undefined);
    await closePayment(till, CALL, { outTradeNo: FOREIGN }).catch(() => undefined);
    expect(world.bank.trades.get(FOREIGN)?.state).toBe('NOTPAY');
  });

  it('is no way to close or refund one by a link that is signed here without asking the gateway', async () => {
    const [bank] = till.providers.values();
    if (!bank) throw new Error('no provider');
    const links = { ...bank, sendPayment: async () => ({ payUrl: 'https://gateway.example/pay' }) };
    const linking = { ...till, providers: new Map([[bank.id, links]]) };
    const make = () => createPayment(linking, CALL, payment({ outTradeNo: FOREIGN, scene: 'web' }));
    foreignTrade({ state: 'NOTPAY' });
    await make().catch(() => undefined);
    await closePayment(linking, CALL, { outTradeNo: FOREIGN }).catch(() => undefined);
    expect(world.bank.trades.get(FOREIGN)?.state).toBe('NOTPAY');
    foreignTrade({ state: 'PAID' });
    await queryPayment(linking, CALL, { outTradeNo: FOREIGN, waitSeconds: 0 }).catch(() => undefined);
    const whole = refund({ outTradeNo: FOREIGN, refundFen: fen(1000) });
    await refundPayment(linking, CALL, whole).catch(() => undefined);
    expect(world.bank.refundedFen(FOREIGN)).toBe(0);
  });

  it('does not block identical payments under other numbers for ever', async () => {
    foreignTrade({ amountFen: 500, state: 'NOTPAY' });
    await expect(create()).rejects.toMatchObject({ code: 'GATEWAY_DECLINED' });
    world.clock.advance(2 * DAY_MS);
    const next = await createPayment(till, CALL, payment());
    expect(next.order.state).toBe('NOTPAY');
  });

  it('follows its own advice: the number is taken, so a new one goes through at once', async () => {
    foreignTrade({ amountFen: 500, state: 'NOTPAY' });
    const refused = await create().catch((error) => error);
    expect(refused.next.en).toMatch(/use a new one/);
    const next = await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_2' }));
    expect(next.order.state).toBe('NOTPAY');
  });
});

/** A gateway that makes a trade only once somebody has opened the link, which is signed here. */
function opening(): Till {
  const [bank] = till.providers.values();
  if (!bank) throw new Error('no provider');
  const links = {
    ...bank,
    opensLater: true,
    sendPayment: async () => ({ payUrl: 'https://gateway.example/pay' }),
  };
  return { ...till, providers: new Map([[bank.id, links]]) };
}

describe('close-payment of a link that was given out, under a number of the caller', () => {
  const name = { outTradeNo: FOREIGN };
  const sent = () => world.bank.calls.map(({ operation }) => operation);
  async function given(at: Till, change = {}): Promise<string> {
    const { order } = await createPayment(
      at,
      CALL,
      payment({ outTradeNo: FOREIGN, scene: 'web', ...change }),
    );
    world.bank.calls.length = 0;
    return order.outTradeNo;
  }

  it.each([
    ['another sum', { amountFen: 500 }, undefined],
    ['another account', {}, 'bank 2'],
  ])('does not close a trade of %s that another system has opened since', async (_, change, account) => {
    const at = opening();
    await given(at);
    foreignTrade({ state: 'NOTPAY', ...change });
    world.bank.answersFor = account;
    const told = await closePayment(at, CALL, name);
    expect(world.bank.trades.get(FOREIGN)?.state).toBe('NOTPAY');
    expect(told.order).toMatchObject({ state: 'NOTPAY', closing: true });
    expect(sent()).toEqual(['query']);
    const alarmed = await at.ledger.read((book) =>
      book.audit.isAlarmed({ outTradeNo: FOREIGN }, 'foreign-trade'),
    );
    expect(alarmed).toBe(true);
  });

  it('closes its own once it is opened, and asks only until it is known as that', async () => {
    const at = opening();
    await given(at);
    foreignTrade({ state: 'NOTPAY' });
    expect((await closePayment(at, CALL, name)).order.state).toBe('CLOSED');
    expect(sent()).toEqual(['query', 'close']);
  });

  it('is not sent while nobody has opened it, and done when somebody has', async () => {
    const at = opening();
    await given(at);
    expect((await closePayment(at, CALL, name)).order).toMatchObject({ state: 'NOTPAY', closing: true });
    expect(sent()).toEqual(['query']);
    foreignTrade({ state: 'NOTPAY' });
    const asked = await queryPayment(at, CALL, { ...name, waitSeconds: 0 });
    expect(asked.order.state).toBe('CLOSED');
  });

  it('is not sent once a freeze has come in while the gateway was asked', async () => {
    const at = opening();
    await given(at);
    foreignTrade({ state: 'NOTPAY' });
    world.bank.delay = async () => {
      await at.ledger.write((book) => freeze(book, 'operator', undefined));
    };
    await expect(closePayment(at, CALL, name)).rejects.toMatchObject({ code: 'FROZEN' });
    expect(sent()).toEqual(['query']);
    const order = await at.ledger.read((book) => book.orders.get(name.outTradeNo));
    expect(order).toMatchObject({ state: 'NOTPAY', closing: false });
  });

  it('says that it is paid where it is', async () => {
    const at = opening();
    await given(at);
    foreignTrade();
    await expect(closePayment(at, CALL, name)).rejects.toMatchObject({ code: 'ALREADY_PAID' });
    expect(sent()).toEqual(['query']);
  });

  it.each([
    ['unavailable', 'GATEWAY_UNAVAILABLE'],
    ['refused', 'GATEWAY_DECLINED'],
    ['lost-after', 'OUTCOME_UNKNOWN'],
  ] as const)('closes nothing when the question is %s, and says so', async (fault, code) => {
    const at = opening();
    await given(at);
    foreignTrade({ state: 'NOTPAY', amountFen: 500 });
    world.bank.fault = () => fault;
    await expect(closePayment(at, CALL, name)).rejects.toMatchObject({ code });
    expect(world.bank.trades.get(FOREIGN)?.state).toBe('NOTPAY');
    const order = await at.ledger.read((book) => book.orders.get(FOREIGN));
    expect(order).toMatchObject({ state: 'NOTPAY', closing: false });
  });

  it('needs no question where the number is ours anyway', async () => {
    const at = opening();
    await given(at);
    foreignTrade({ state: 'NOTPAY' });
    await queryPayment(at, CALL, { ...name, waitSeconds: 0 });
    world.bank.calls.length = 0;
    await closePayment(at, CALL, name);
    expect(sent(), 'known as ours').toEqual(['close']);
    const outTradeNo = await given(at, { outTradeNo: undefined });
    await closePayment(at, CALL, { outTradeNo }).catch(() => undefined);
    expect(sent(), 'made by the server').toEqual(['close']);
    await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_2' }));
    world.bank.calls.length = 0;
    await closePayment(till, CALL, { outTradeNo: 'ORDER_2' });
    expect(sent(), 'taken at the gateway with the create').toEqual(['close']);
  });
});
