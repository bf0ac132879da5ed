import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { beijingIso } from '../../src/domain/clock.ts';
import { defined } from '../../src/domain/defined.ts';
import { fen } from '../../src/domain/money.ts';
import type { ProviderId } from '../../src/domain/order.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import { openSqliteStore } from '../../src/ledger/sqlite-store.ts';
import { applyNotify, type NotifyOutcome } from '../../src/payments/apply-notify.ts';
import { closePayment } from '../../src/payments/close-payment.ts';
import { createPayment, sendApproved } from '../../src/payments/create-payment.ts';
import { Desk } from '../../src/payments/desk.ts';
import { queryPayment } from '../../src/payments/query-payment.ts';
import { queryRefund } from '../../src/payments/query-refund.ts';
import { reconcile } from '../../src/payments/reconcile.ts';
import { refundPayment } from '../../src/payments/refund-payment.ts';
import { runSettler } from '../../src/payments/settler.ts';
import type { Till } from '../../src/payments/till.ts';
import { systemClock, systemRandom } from '../../src/platform/system.ts';
import type { PaymentProvider } from '../../src/providers/contract.ts';
import { gatewayHttp } from '../../src/providers/gateway-http.ts';
import { walletOf } from '../../src/providers/registry.ts';
import type { Simulator } from '../../src/simulator/index.ts';
import {
  controlOf,
  freshNumber,
  openReceiver,
  openSimulatorHere,
  type Receiver,
  until,
} from '../simulator/bench.ts';
import { withinOneDay } from '../support/one-day.ts';
import type { SimulatorClient } from '../support/simulator-client.ts';
import { CALL, decide, NO_APPROVAL, payment, refund } from '../support/world.ts';

/* Platforms order in the name of sellers: two of them at one gateway, each with books of its own. */

withinOneDay();

const ports = { clock: systemClock, randomBytes: systemRandom };
let home: string;
let simulator: Simulator;
let gateway: SimulatorClient;
const shops: Shop[] = [];

beforeAll(async () => {
  const here = await openSimulatorHere();
  ({ home, simulator, gateway } = here);
  return here.close;
});
afterAll(async () => {
  for (const { end } of shops) await end();
});

type Env = Readonly<Record<string, string | undefined>>;

interface Shop {
  readonly till: Till;
  readonly provider: PaymentProvider;
  readonly ear: Receiver;
  /** Takes the notification that was heard n-th (from 0) into its books. */
  take(n: number, from?: Shop): Promise<NotifyOutcome>;
  /** The same books, with another configuration. */
  as(env: Env): Promise<Shop>;
  readonly end: () => Promise<void>;
}

async function open(id: ProviderId, env: Env, books = join(home, `${randomUUID()}.db`)): Promise<Shop> {
  const ear = await openReceiver();
  const wallet = walletOf(id);
  const settings = { ...env, [wallet.notify.variable]: ear.url };
  const provider = await wallet.configure(settings, { ...ports, http: gatewayHttp() });
  if (!provider) throw new Error('not configured');
  const ledger = await Ledger.open(await openSqliteStore(books, ports), 'simulator', ports);
  const silent = () => undefined;
  let count = 0;
  const till: Till = {
    ...ports,
    ledger,
    providers: new Map([[id, provider]]),
    policy: NO_APPROVAL,
    foreignOrders: 'query',
    senders: { next: () => `p ${++count}`, mayBeAlive: () => true },
    log: { info: silent, warn: silent, error: silent },
    desk: new Desk({ ledger, clock: systemClock }),
    canHandOff: async () => true,
  };
  const shop: Shop = {
    ...{ till, provider, ear },
    async take(n, from = shop) {
      await until(() => from.ear.received.length > n);
      const { headers = {}, body = '' } = from.ear.received[n] ?? {};
      return applyNotify(till, provider, { headers, body: Buffer.from(body) });
    },
    as: (other) => open(id, other, books),
    async end() {
      await ear.close();
      await ledger.close();
    },
  };
  shops.push(shop);
  return shop;
}

const orderOf = ({ till }: Shop, outTradeNo: string) =>
  till.ledger.read((book) => book.orders.get(outTradeNo));
/** What a call ends in. */
const code = (call: Promise<unknown>) =>
  call.then(
    () => 'done',
    (error: unknown) => (error as { code?: string }).code ?? String(error),
  );

const MODES: readonly { name: string; id: ProviderId; sellers: readonly [number, number] }[] = [
  { name: 'WeChat Pay for a sub-merchant with an app', id: 'wechatpay', sellers: [0, 1] },
  { name: 'WeChat Pay for a sub-merchant without one', id: 'wechatpay', sellers: [1, 0] },
  { name: 'Alipay for a merchant who has authorised an ISV', id: 'alipay', sellers: [0, 1] },
];

describe.each(MODES)('$name', ({ id, sellers: [own, others] }) => {
  const create = async ({ till, provider }: Shop, change = {}) =>
    createPayment(till, CALL, payment({ provider: provider.id, ...change }));
  let shop: Shop;
  let other: Shop;
  beforeAll(async () => {
    shop = await open(id, simulator.platformEnvs[own] ?? {});
    other = await open(id, simulator.platformEnvs[others] ?? {});
  });

  it('sells, is told, gives back, closes and balances', async () => {
    const { till, provider, ear } = shop;
    const { order } = await create(shop);
    const { outTradeNo } = order;
    const heard = ear.received.length;
    await gateway.pay(order.credential);
    expect(await gateway.trade(outTradeNo)).toMatchObject({ seller: expect.any(String) });
    expect(await shop.take(heard)).toBe('applied');
    expect(await shop.take(heard)).toBe('repeated');
    expect(await orderOf(shop, outTradeNo)).toMatchObject({ state: 'PAID', source: 'notify', late: false });
    const asked = await queryPayment(till, CALL, { outTradeNo, waitSeconds: 0 });
    expect(asked.order.state).toBe('PAID');

    const wish = refund({ outTradeNo, refundFen: fen(300), reason: '少一件' });
    const { refund: sent } = await refundPayment(till, CALL, wish);
    const { outRefundNo } = sent;
    if (id === 'wechatpay') {
      expect(sent.state).toBe('PROCESSING');
      expect(await shop.take(heard + 1)).toBe('applied');
    }
    const back = await queryRefund(till, CALL, { outTradeNo, outRefundNo });
    expect(back).toMatchObject({ refund: { state: 'SUCCESS', amountFen: 300 } });

    const { order: unwanted } = await create(shop);
    await gateway.open(unwanted.credential);
    const closed = await closePayment(till, CALL, { outTradeNo: unwanted.outTradeNo });
    expect(closed.order.state).toBe('CLOSED');

    const balance = { date: beijingIso(Date.now()).slice(0, 10), today: 'allowed' } as const;
    expect(await reconcile(till, provider, balance)).toMatchObject({
      ...{ differences: [], bill: { payments: 1, paidFen: 1000, refunds: 1, refundedFen: 300 } },
      elsewhere: { payments: 0 },
    });
    // The other seller's bill has nothing of it.
    const { lines } = await other.provider.downloadBill(balance.date);
    expect(lines.filter((line) => line.outTradeNo === outTradeNo)).toEqual([]);
  });

  it.each(['qr', 'h5', 'app', ...(id === 'wechatpay' ? ['jsapi'] : ['web'])])(
    'gives %s out as something that a payer can use',
    async (scene) => {
      const payer = { payerOpenid: 'oPayer_1', payerClientIp: '14.23.150.211' };
      const { credential, outTradeNo } = (await create(shop, { scene, ...payer })).order;
      const { handOffUrl } = credential;
      await gateway.pay({ ...credential, ...(handOffUrl === undefined ? {} : { payUrl: handOffUrl }) });
      const paid = await queryPayment(shop.till, CALL, { outTradeNo, waitSeconds: 0 });
      expect(paid.order.state).toBe('PAID');
    },
  );

  it("does nothing with another seller's order, and hears nothing of it", async () => {
    const { order } = await create(shop);
    const { outTradeNo } = order;
    const heard = shop.ear.received.length;
    await gateway.pay(order.credential);
    await until(() => shop.ear.received.length > heard);
    expect(await other.take(heard, shop)).toMatch(/^(not-ours|rejected)$/);
    // Its books come into the hands of the other seller, and of the platform's own shop.
    const asked = (await gateway.calls(outTradeNo)).length;
    for (const env of [simulator.platformEnvs[others] ?? {}, simulator.env]) {
      const misled = await shop.as(env);
      const { till } = misled;
      expect(await misled.take(heard, shop)).toMatch(/^(not-ours|rejected)$/);
      expect(await code(queryPayment(till, CALL, { outTradeNo, waitSeconds: 0 }))).toBe('CONFIGURATION');
      expect(await code(closePayment(till, CALL, { outTradeNo }))).toBe('CONFIGURATION');
      expect(await code(refundPayment(till, CALL, refund({ outTradeNo })))).toBe('CONFIGURATION');
    }
    expect(await gateway.calls(outTradeNo)).toHaveLength(asked);
    expect(await orderOf(shop, outTradeNo)).toMatchObject({ state: 'NOTPAY' });
    // Whoever may ask for orders that its books do not know learns nothing of this one.
    const told = await code(queryPayment(other.till, CALL, { outTradeNo, waitSeconds: 0 }));
    expect(told).toBe('ORDER_NOT_FOUND');
  });
});

describe('a number that another sub-merchant of the service provider has', () => {
  it('is taken, and that is all that is told', async () => {
    const [first, second] = await Promise.all(simulator.platformEnvs.map((env) => open('wechatpay', env)));
    if (!first || !second) throw new Error('two sellers');
    const outTradeNo = freshNumber();
    const chosen = payment({ provider: 'wechatpay', outTradeNo });
    const { order } = await createPayment(first.till, CALL, chosen);
    await expect(createPayment(second.till, CALL, { ...chosen, title: '别的' })).rejects.toMatchObject({
      ...{ code: 'GATEWAY_DECLINED', details: { outTradeNo, gatewayCode: 'NUMBER_TAKEN' } },
    });
    expect(await orderOf(second, outTradeNo)).toBeUndefined();
    expect(await gateway.calls(outTradeNo, 'create')).toHaveLength(1);
    await gateway.pay(order.credential);
    const paid = await queryPayment(first.till, CALL, { outTradeNo, waitSeconds: 0 });
    expect(paid.order.state).toBe('PAID');
  });
});

describe('a number that another merchant of the same ISV has', () => {
  it('is free, and their payment of the same sum counts for nothing here', async () => {
    const [ours, theirs] = await Promise.all(simulator.platformEnvs.map((env) => open('alipay', env)));
    if (!ours || !theirs) throw new Error('two sellers');
    const outTradeNo = freshNumber();
    const chosen = payment({ provider: 'alipay', outTradeNo });
    const { order } = await createPayment(ours.till, CALL, chosen);
    const { order: other } = await createPayment(theirs.till, CALL, chosen);
    await gateway.pay(other.credential);
    expect(await ours.take(0, theirs)).toBe('rejected');
    expect(await theirs.take(0)).toBe('applied');
    const unpaid = await queryPayment(ours.till, CALL, { outTradeNo, waitSeconds: 0 });
    expect(unpaid.order.state).toBe('NOTPAY');
    await gateway.pay(order.credential);
    expect(await ours.take(0)).toBe('applied');
    // Each gives back its own.
    await refundPayment(ours.till, CALL, refund({ outTradeNo }));
    expect(await theirs.provider.queryTrade(outTradeNo)).not.toHaveProperty('refundedFen');
  });

  it('is told apart in the notification that names another of them', async () => {
    const ours = await open('alipay', simulator.platformEnvs[0] ?? {});
    const wish = payment({ provider: 'alipay', title: '咖啡 sim:wrong-account@notify' });
    const { order } = await createPayment(ours.till, CALL, wish);
    await gateway.pay(order.credential);
    expect(await ours.take(0)).toBe('rejected');
    expect(await orderOf(ours, order.outTradeNo)).toMatchObject({ state: 'NOTPAY' });
  });
});

describe("a merchant's orders under an earlier AppID", () => {
  const wechatpay = () => open('wechatpay', simulator.env);
  /** Another AppID of the same merchant. */
  const further = () => ({ ...simulator.env, WXPAY_APP_ID: simulator.platformEnvs[0]?.WXPAY_APP_ID });
  const wish = payment({ provider: 'wechatpay' });

  it('are asked for, notified, given back, closed and settled', async () => {
    const before = await wechatpay();
    const [paid, told, unpaid] = await Promise.all(
      [1, 2, 3].map(async () => (await createPayment(before.till, CALL, wish)).order),
    );
    if (!paid || !told || !unpaid) throw new Error('three orders');
    const after = await before.as(further());
    const { till } = after;
    expect(after.provider.account).not.toBe(paid.account);

    await gateway.pay(told.credential);
    expect(await after.take(0, before)).toBe('applied');
    await gateway.pay(paid.credential);
    const { outTradeNo } = paid;
    const asked = await queryPayment(till, CALL, { outTradeNo, waitSeconds: 0 });
    expect(asked.order.state).toBe('PAID');
    const given = await refundPayment(till, CALL, refund({ outTradeNo }));
    expect(given.refund.state).toBe('PROCESSING');
    const closed = await closePayment(till, CALL, { outTradeNo: unpaid.outTradeNo });
    expect(closed.order.state).toBe('CLOSED');
    // The numbers of refunds are the merchant's as well, whatever the app.
    const { order: newer } = await createPayment(till, CALL, wish);
    await gateway.pay(newer.credential);
    const { outRefundNo } = given.refund;
    const again = refundPayment(till, CALL, refund({ outTradeNo: newer.outTradeNo, outRefundNo }));
    expect(await code(again)).toBe('IDEMPOTENCY_CONFLICT');

    // The bill is the merchant's, whatever the app.
    const balance = { date: beijingIso(Date.now()).slice(0, 10), today: 'allowed' } as const;
    const { differences } = await reconcile(till, after.provider, balance);
    const ours = new Set([paid, told].map((order) => order.outTradeNo));
    expect(differences.filter((difference) => ours.has(difference.outTradeNo) && difference.order)).toEqual(
      [],
    );
  });

  it('are settled when nobody asks', async () => {
    const before = await wechatpay();
    const { order } = await createPayment(before.till, CALL, wish);
    const { order: paid } = await createPayment(before.till, CALL, wish);
    await gateway.pay(paid.credential);
    await queryPayment(before.till, CALL, { outTradeNo: paid.outTradeNo, waitSeconds: 0 });
    const given = refund({ outTradeNo: paid.outTradeNo });
    const { refund: sent } = await refundPayment(before.till, CALL, given);
    await gateway.pay(order.credential);
    const after = await before.as(further());
    // What is due later is due now.
    await after.till.ledger.note((book) => book.asking.pull(order.account, 0));
    const stop = new AbortController();
    const settling = runSettler(after.till, stop.signal);
    await until(async () => (await orderOf(after, order.outTradeNo))?.state === 'PAID');
    const stored = () =>
      after.till.ledger.read((book) => book.refunds.get(sent.outTradeNo, sent.outRefundNo));
    await until(async () => ((await stored())?.asked ?? 0) > 0);
    stop.abort();
    await settling;
  });

  it('are repeated to their buyer with the code that they have, and ask for nothing new', async () => {
    const before = await wechatpay();
    const bought = { ...wish, buyer: 'buyer-1' };
    const { order } = await createPayment(before.till, CALL, bought);
    const after = await before.as(further());
    const again = await createPayment(after.till, CALL, bought);
    expect(again).toMatchObject({ replayed: true, order: { outTradeNo: order.outTradeNo } });
  });

  it('are not made any more when a person approves them later', async () => {
    const policy = { payments: { approveAboveFen: fen(1) }, refunds: {} };
    const before = await wechatpay();
    const asking = { ...before.till, policy } as Till;
    const { order, approval } = await createPayment(asking, CALL, wish);
    expect(order.state).toBe('PENDING_APPROVAL');
    await decide(asking, approval?.id);
    const after = await before.as(further());
    const { outTradeNo } = order;
    const call = { ...CALL, ...defined({ approval: approval?.id }) };
    expect(await code(sendApproved(after.till, call, outTradeNo))).toBe('CONFIGURATION');
    expect(await gateway.calls(outTradeNo, 'create')).toEqual([]);
  });
});

describe('a notification of an order of a sub-merchant that names another of them', () => {
  it('is refused, and somebody is told', async () => {
    const [env = {}] = simulator.platformEnvs;
    const shop = await open('wechatpay', env);
    const wish = payment({ provider: 'wechatpay', title: '咖啡 sim:wrong-account@notify' });
    const { order } = await createPayment(shop.till, CALL, wish);
    const { outTradeNo } = order;
    await gateway.pay(order.credential);
    expect(await shop.take(0)).toBe('foreign');
    expect(await orderOf(shop, outTradeNo)).toMatchObject({ state: 'NOTPAY' });
    const alarmed = await shop.till.ledger.read((book) =>
      book.audit.isAlarmed({ outTradeNo }, 'foreign-trade'),
    );
    expect(alarmed).toBe(true);
  });
});

it('tells the tester who sells', async () => {
  const { value } = await controlOf(simulator, 'GET', 'trades');
  const sellers = new Set((value.trades as readonly { seller?: string }[]).map(({ seller }) => seller));
  expect(sellers.size).toBeGreaterThan(2);
});
