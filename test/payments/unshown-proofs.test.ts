import { afterEach, beforeEach, expect, it } from 'vitest';
import { beijingDate, beijingMidnight, DAY_MS } from '../../src/domain/clock.ts';
import { fen } from '../../src/domain/money.ts';
import { verifyAudit } from '../../src/ledger/audit-verify.ts';
import { overdueCalls } from '../../src/payments/paid-calls/overdue.ts';
import { type Priced, quoteCall } from '../../src/payments/paid-calls/quote.ts';
import { refundPayment } from '../../src/payments/refund-payment.ts';
import { settleDay } from '../../src/payments/settle-day.ts';
import type { Till } from '../../src/payments/till.ts';
import { type A2m, type PaymentProvider, ProofRefused } from '../../src/providers/contract.ts';
import { CALL, NO_APPROVAL, World } from '../support/world.ts';

/* A bill of a single call that somebody has paid, and never shown: the day's bill of the gateway has it. */

const WEATHER: Priced = {
  ...{ face: 'http', upstream: 'http://127.0.0.1:9000', priced: 'GET /weather', title: 'weather' },
  ...{ amountFen: fen(10), repeatable: false, refundAfterMs: 3_600_000 },
};
const HASH = '0123456789abcdef'.repeat(4);

let world: World;
let till: Till;
let wallet: PaymentProvider;
/** Numbers of the gateway by which trades were asked for. */
let askedBy: (string | undefined)[];

beforeEach(async () => {
  world = new World();
  askedBy = [];
  const made = await world.process(NO_APPROVAL);
  const bank = made.providers.get('alipay');
  if (!bank) throw new Error('no provider');
  const a2m: A2m = {
    hasService: true,
    bill: () => '',
    readProof: (header) => ({ tradeNo: header, digest: 'd' }),
    verifyProof: () => Promise.reject(new ProofRefused('not-found')),
    confirmFulfilment: async () => 'confirmed',
    validation: () => '',
  };
  wallet = {
    ...bank,
    a2m,
    queryTrade(outTradeNo, known) {
      askedBy.push(known?.gatewayTradeNo);
      // By our number nothing is known of what a buyer's agent has paid.
      const isKnown = known?.gatewayTradeNo !== undefined;
      return isKnown ? bank.queryTrade(outTradeNo) : Promise.resolve({ exists: false });
    },
  };
  till = { ...made, providers: new Map([['alipay', wallet]]) };
});
afterEach(() => world.end());

/** A call that an agent pays at the bank, with so many fen. */
async function paidUnshown(amountFen = 10): Promise<string> {
  const { proofNo = '' } = await quoteCall(till, WEATHER, HASH, {
    serviceId: 'API_1',
    resourceId: '/weather',
  });
  world.bank.trades.set(proofNo, {
    plan: '',
    amountFen: fen(amountFen),
    state: 'NOTPAY',
    refunds: new Map(),
  });
  world.bank.pay(proofNo);
  return proofNo;
}
/** The comparison of the morning after. */
async function nextMorning() {
  const date = beijingDate(world.clock.now());
  world.clock.advance(DAY_MS);
  return settleDay(till, wallet, { date, today: 'refused' }, true);
}
const call = (no: string) => till.ledger.read((book) => book.paidCalls.ofProof(no));
const owed = (no: string) => till.ledger.read(async (book) => (await book.owed.ofOrders([no])).get(no) ?? []);

it('is proven by the gateway’s own number, and goes back by itself when nobody comes for it', async () => {
  const no = await paidUnshown();
  expect(await nextMorning()).toMatchObject({ open: 0 });
  expect(askedBy).toEqual([`T${no}`]);
  expect(await till.ledger.read((book) => book.orders.get(no))).toMatchObject({
    ...{ state: 'PAID', scene: 'a2m', gatewayTradeNo: `T${no}`, amountFen: 10, source: 'query' },
  });
  expect(await call(no)).toMatchObject({ state: 'PAID', paidBy: no });
  await nextMorning();
  expect(askedBy, 'once').toHaveLength(1);
  await overdueCalls(till);
  expect(await call(no)).toMatchObject({ state: 'REFUND_DUE' });
  expect(await owed(no)).toMatchObject([{ amountFen: 10 }]);
  expect(await verifyAudit(till.ledger, [])).toMatchObject({ intact: true });
});

it('is known for as long as bills are compared of their own accord', async () => {
  const no = await paidUnshown();
  const date = beijingDate(world.clock.now());
  // The last moment of the day on which that of the payment is the oldest.
  world.clock.advance((beijingMidnight(date) ?? 0) + 8 * DAY_MS - 1 - world.clock.now());
  await overdueCalls(till);
  expect(await settleDay(till, wallet, { date, today: 'refused' }, true)).toMatchObject({ open: 0 });
  expect(await call(no)).toMatchObject({ state: 'PAID', paidBy: no });
});

it('is left to a person where the gateway does not prove it, or another sum', async () => {
  const [lost, other] = [await paidUnshown(), await paidUnshown(11)];
  const fault = world.bank.fault;
  world.bank.fault = (operation, number) =>
    operation === 'query' && number === lost ? 'lost-after' : 'none';
  const { open, result } = await nextMorning();
  expect(open).toBe(2);
  expect(result.differences.map(({ kind, isForeign }) => [kind, isForeign])).toEqual(
    Array(2).fill(['missing-here', undefined]),
  );
  for (const no of [lost, other]) expect(await call(no)).toMatchObject({ state: 'QUOTED' });
  world.bank.fault = fault;
});

/** As a ledger that was put back from a backup which ended just now. */
const restored = () =>
  till.ledger.write((book) => {
    const now = world.clock.now();
    return book.operator.setRestored({ at: now, since: now, providers: ['alipay'], reconciled: {} });
  });

it('whose bill a restored ledger has forgotten is taken in by the gateway’s own number, and by it refunded', async () => {
  const no = 'C20261129000000ABCDEF0123';
  world.bank.trades.set(no, { plan: '', amountFen: fen(10), state: 'NOTPAY', refunds: new Map() });
  world.bank.pay(no);
  await restored();
  expect(await nextMorning()).toMatchObject({ taken: 1, open: 0, result: { differences: [] } });
  expect(askedBy).toEqual([undefined, `T${no}`]);
  expect(await till.ledger.read((book) => book.orders.get(no))).toMatchObject({
    ...{ state: 'PAID', scene: 'a2m', gatewayTradeNo: `T${no}`, amountFen: 10, caller: 'operator' },
  });
  expect(await owed(no)).toEqual([]);
  const asked: (string | undefined)[] = [];
  const sendRefund: PaymentProvider['sendRefund'] = (refund, ...more) => {
    asked.push(refund.gatewayTradeNo);
    return wallet.sendRefund(refund, ...more);
  };
  const providers = new Map([['alipay', { ...wallet, sendRefund }] as const]);
  await refundPayment({ ...till, providers }, CALL, { outTradeNo: no, refundFen: fen(10) });
  expect(asked).toEqual([`T${no}`]);
});

it('whose bill a restored ledger still has pays that', async () => {
  const no = await paidUnshown();
  await restored();
  expect(await nextMorning()).toMatchObject({ taken: 0, open: 0 });
  expect(await call(no)).toMatchObject({ state: 'PAID', paidBy: no });
});

it('of another system is nobody’s of ours', async () => {
  world.bank.trades.set('OTHERS_1', { plan: '', amountFen: fen(10), state: 'NOTPAY', refunds: new Map() });
  world.bank.pay('OTHERS_1');
  expect(await nextMorning()).toMatchObject({ open: 0, result: { differences: [{ isForeign: true }] } });
  expect(askedBy).toEqual([]);
});
