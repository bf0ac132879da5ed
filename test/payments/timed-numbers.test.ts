import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { beijingDate, wholeSecond } from '../../src/domain/clock.ts';
import { fen } from '../../src/domain/money.ts';
import { applyNotify } from '../../src/payments/apply-notify.ts';
import { createPayment } from '../../src/payments/create-payment.ts';
import { askPayment, queryPayment } from '../../src/payments/query-payment.ts';
import { askForRefund } from '../../src/payments/query-refund.ts';
import { reconcile } from '../../src/payments/reconcile.ts';
import { refundPayment } from '../../src/payments/refund-payment.ts';
import { releaseRefund } from '../../src/payments/release.ts';
import type { Till } from '../../src/payments/till.ts';
import type {
  Known,
  PaymentProvider,
  RefundSnapshot,
  TradeSnapshot,
  VerifiedNotify,
} from '../../src/providers/contract.ts';
import { CALL, payment, person, refund, World } from '../support/world.ts';

/* A gateway where a number means something only with the time of its sending, and refunds name the gateway's number. */

const ORDER = 'ORDER_1';
const HOUR_MS = 3_600_000;
let world: World;
let till: Till;
let asked: (Known | undefined)[];
let sent: { readonly sentAt: number; readonly gatewayTradeNo?: string }[];
let message: VerifiedNotify;

beforeEach(async () => {
  world = new World();
  [asked, sent] = [[], []];
  till = timed(await world.process());
});
afterEach(() => world.end());

function timed(made: Till): Till {
  const bank = made.providers.get('alipay');
  if (!bank) throw new Error('no provider');
  const times = new Map<string, number>();
  const provider: PaymentProvider = {
    ...bank,
    timedNumbers: { refundSentAt: (plan) => JSON.parse(plan).sentAt },
    refundRules: { ...bank.refundRules, byGatewayNo: true },
    planPayment: (order) => JSON.stringify({ sentAt: order.sentAt, bytes: bank.planPayment(order) }),
    sendPayment(order, plan) {
      const { sentAt, bytes } = JSON.parse(plan);
      times.set(order.outTradeNo, sentAt);
      return bank.sendPayment(order, bytes);
    },
    async queryTrade(outTradeNo, known = {}) {
      asked.push(known);
      if (known.sentAt !== times.get(outTradeNo)) return { exists: false };
      const trade = await bank.queryTrade(outTradeNo);
      return trade.exists ? { ...trade, sentAt: known.sentAt ?? 0 } : trade;
    },
    planRefund: (terms) => JSON.stringify(terms),
    sendRefund(terms, plan) {
      sent.push(JSON.parse(plan));
      return bank.sendRefund(terms, plan);
    },
    queryRefund(outTradeNo, outRefundNo, known) {
      asked.push(known);
      return bank.queryRefund(outTradeNo, outRefundNo);
    },
    parseNotify: async () => message,
  };
  return { ...made, providers: new Map([['alipay', provider]]) };
}

const create = (outTradeNo = ORDER) => createPayment(till, CALL, payment({ outTradeNo }));
const query = (at = till) => queryPayment(at, CALL, { outTradeNo: ORDER, waitSeconds: 0 });
const hear = async (told: VerifiedNotify) => {
  message = told;
  return applyNotify(till, provider(), { headers: {}, body: Buffer.alloc(0) });
};
function provider(): PaymentProvider {
  const [only] = till.providers.values();
  if (!only) throw new Error('no provider');
  return only;
}

describe('an order', () => {
  it('is asked for with the time of its first send, whatever has become of it since', async () => {
    await create();
    expect(asked, 'nobody can ask whether the number is free').toEqual([]);
    const { order } = await query();
    const sentAt = Math.floor((order.sentAt ?? 0) / 1000) * 1000;
    await world.clock.sleep(2 * HOUR_MS);
    expect((await query()).order.state, 'its time is over').toBe('CLOSED');
    world.bank.pay(ORDER, { late: true });
    expect((await query()).order).toMatchObject({ state: 'PAID', gatewayTradeNo: `T${ORDER}` });
    await query();
    expect(new Set(asked.map((known) => known?.sentAt))).toEqual(new Set([sentAt]));
  });

  it('is not another of the same number and sum that was sent at another time', async () => {
    await create();
    const { order } = await query();
    const paid: Extract<TradeSnapshot, { exists: true }> = {
      ...{ exists: true, account: order.account, outTradeNo: ORDER, amountFen: order.amountFen },
      ...{ state: 'PAID', gatewayState: '00', gatewayTradeNo: 'T1' },
    };
    const sentAt = Math.floor((order.sentAt ?? 0) / 1000) * 1000;
    expect(await hear({ kind: 'trade', id: '1', trade: { ...paid, sentAt: sentAt - 1000 } })).toBe('foreign');
    expect((await query()).order.state).toBe('NOTPAY');
    expect(await hear({ kind: 'trade', id: '2', trade: { ...paid, sentAt } })).toBe('applied');
  });

  it('of another system is asked for by nobody', async () => {
    const open = { ...till, foreignOrders: 'allow' } as const;
    const foreign = { outTradeNo: 'THEIRS_1', waitSeconds: 0, outRefundNo: 'R1' };
    await expect(askPayment(open, CALL, foreign)).rejects.toMatchObject({ code: 'ORDER_NOT_FOUND' });
    await expect(askForRefund(open, CALL, foreign)).rejects.toMatchObject({ code: 'ORDER_NOT_FOUND' });
    expect(asked).toEqual([]);
  });
});

describe('a refund', () => {
  beforeEach(async () => {
    await create();
    world.bank.pay(ORDER);
    await query();
  });
  const give = (outRefundNo = 'R1') =>
    refundPayment(till, CALL, refund({ outTradeNo: ORDER, outRefundNo, refundFen: fen(100) }));

  it('names the gateway’s number and is asked for by what was sent', async () => {
    world.failing('refund', 'lost-after');
    await give();
    expect((await give()).refund.state).toBe('SUCCESS');
    expect(sent).toEqual([expect.objectContaining({ gatewayTradeNo: `T${ORDER}` })]);
    expect(JSON.parse(asked.at(-1)?.plan ?? '')).toEqual(sent[0]);
  });

  it('goes out as the very bytes again, though a person has said that it never happened', async () => {
    world.failing('refund', 'lost-after');
    const { refund: lost } = await give();
    expect(lost.state).toBe('UNKNOWN');
    await world.clock.sleep(HOUR_MS);
    await releaseRefund(till.ledger, await person(till), lost, world.clock.now());
    await give();
    expect(sent).toHaveLength(2);
    expect(sent[1]).toEqual(sent[0]);
    expect(world.bank.refundedFen(ORDER)).toBe(100);
  });

  const told: Extract<RefundSnapshot, { exists: true }> = {
    ...{ exists: true, outTradeNo: '', outRefundNo: 'R1', refundFen: fen(100) },
    ...{ state: 'SUCCESS', gatewayState: '00' },
  };
  const say = ({
    gatewayTradeNo = `T${ORDER}`,
    ...more
  }: {
    gatewayTradeNo?: string;
    sentAt?: number;
  } = {}) => hear({ kind: 'refund', id: '1', refund: { ...told, ...more }, gatewayTradeNo });

  it('is not another of the same number, order and sum that was sent at another time', async () => {
    world.failing('refund', 'lost-before', 2);
    await give();
    await world.clock.sleep(HOUR_MS);
    expect((await give()).refund.state, 'sent again, as it was').toBe('UNKNOWN');
    const { sentAt } = sent[0] ?? { sentAt: 0 };
    for (const other of [sentAt + HOUR_MS, sentAt - 1000])
      expect(await say({ sentAt: other })).toBe('foreign');
    expect((await give()).refund.state).toBe('SUCCESS');
    expect((await query()).refundedElsewhere, 'other money of the order went back').toBe('unknown');
    expect(await say({ sentAt })).toBe('repeated');
  });

  it('is proven by its own time, whenever it was sent again', async () => {
    world.failing('refund', 'lost-before', 2);
    await give();
    await world.clock.sleep(HOUR_MS);
    await give();
    expect(await say({ sentAt: sent[0]?.sentAt ?? 0 })).toBe('applied');
    expect((await query()).refundedElsewhere).toBeUndefined();
  });

  it('stands in a bill by its own time, whenever it was sent again', async () => {
    world.failing('refund', 'lost-before');
    await give();
    await world.clock.sleep(HOUR_MS);
    await give();
    const { order } = await query();
    const { sentAt } = sent[0] ?? { sentAt: 0 };
    const differences = async (times: { readonly payment: number; readonly refund: number }) => {
      world.bank.editBill = ({ date, lines }) => ({
        date,
        lines: lines.map((line) => ({ ...line, sentAt: times[line.kind] })),
      });
      const date = beijingDate(world.clock.now());
      const { differences: found } = await reconcile(till, provider(), { date, today: 'allowed' });
      return found.map(({ kind }) => kind);
    };
    const own = { payment: wholeSecond(order.sentAt ?? 0), refund: sentAt };
    expect(await differences(own)).toEqual([]);
    expect(await differences({ ...own, refund: sentAt + HOUR_MS })).toEqual([
      'refund-missing-here',
      'refund-missing-there',
    ]);
  });

  it('is found by the gateway’s number of its order, where a notification has no other', async () => {
    world.bank.refundsProcessFirst = true;
    await give();
    expect(await say({ gatewayTradeNo: 'T_ANOTHER' })).toBe('not-ours');
    expect(await say()).toBe('applied');
    expect(await say()).toBe('repeated');
  });
});
