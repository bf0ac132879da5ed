import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Fen } from '../../src/domain/money.ts';
import {
  compareBill,
  type KnownOrder,
  type KnownRefund,
  type LedgerDay,
  refundKey,
} from '../../src/payments/bill-comparison.ts';
import { readBillTable as readAlipay } from '../../src/providers/alipay/bill-table.ts';
import type { BillLine as ReadLine } from '../../src/providers/contract.ts';
import { readBillTable as readWechatpay } from '../../src/providers/wechatpay/bill-table.ts';
import { readZip } from '../../src/providers/zip.ts';
import { billArchive } from '../../src/simulator/alipay/bill-file.ts';
import type { BillLine } from '../../src/simulator/bill-lines.ts';
import type { Provider, Trade } from '../../src/simulator/state/trades.ts';
import { billText } from '../../src/simulator/wechatpay/bill-file.ts';
import { VirtualClock } from '../support/virtual-time.ts';

const DATE = '2026-11-20';
const START = Date.parse(`${DATE}T00:00:00+08:00`);
const identity = { sellerId: '2088123456789012', mchId: '1900000109', wechatAppId: 'wxd678efh567hg6787' };

/** One order of a day as both sides know it. */
interface Sale {
  readonly index: number;
  readonly amountFen: number;
  readonly feeFen: number;
  readonly title: string;
  readonly reason: string;
  /** ms */
  readonly at: number;
  readonly refundsFen: readonly number[];
}

/** What the gateway writes and the ledger holds, before either is bent. */
interface Day {
  lines: BillLine[];
  orders: KnownOrder[];
  refunds: KnownRefund[];
}

const text = fc.string({
  unit: fc.constantFrom('菜', '谱', 'a', ',', '`', '"', '#', ' ', '0', '.', '\t', '（'),
  maxLength: 30,
});
const sale = fc.record({
  amountFen: fc.integer({ min: 1, max: 10_000_000_000 }),
  feeShare: fc.integer({ min: 0, max: 100 }),
  title: text,
  reason: text,
  at: fc.integer({ min: 0, max: 86_399 }),
  refundShares: fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 3 }),
});
const sales = fc.array(sale, { minLength: 1, maxLength: 8 }).map((made): Sale[] =>
  made.map(({ amountFen, feeShare, refundShares, at, ...words }, index) => ({
    ...words,
    index,
    amountFen,
    feeFen: Math.floor((amountFen * feeShare) / 1000),
    at: START + at * 1000,
    refundsFen: refundShares.map((share) => Math.max(1, Math.floor((amountFen * share) / 1000))),
  })),
);

function dayOf(provider: Provider, made: readonly Sale[]): Day {
  const day: Day = { lines: [], orders: [], refunds: [] };
  for (const { index, amountFen, feeFen, title, reason, at, refundsFen } of made) {
    const trade: Trade = {
      ...{ provider, outTradeNo: `ORDER_${index}`, tradeNo: `42000000002026112000000000${index}`, title },
      ...{ scene: 'qr', amountFen: amountFen as Fen, fingerprint: '', payer: 'o1', cashierToken: 't' },
      ...{ createdAt: at, expiresAt: at, paidAt: at, refunds: [] },
    };
    day.lines.push({ trade, amountFen: trade.amountFen, feeFen, at });
    const { outTradeNo, tradeNo } = trade;
    day.orders.push({
      outTradeNo,
      state: 'PAID',
      amountFen: trade.amountFen,
      gatewayTradeNo: tradeNo,
      sentAt: at,
      paidAt: at,
    });
    for (const [i, fen] of refundsFen.entries()) {
      const outRefundNo = `REFUND_${index}_${i}`;
      const refund = { outRefundNo, refundId: `5030${i}`, amountFen: fen as Fen, fingerprint: '', reason };
      const settled = { createdAt: at, settlesAt: at, outcome: 'SUCCESS' as const };
      day.lines.push({
        trade,
        refund: { ...refund, ...settled },
        status: 'SUCCESS',
        amountFen: fen as Fen,
        feeFen: 0,
        at,
      });
      day.refunds.push({
        outTradeNo,
        outRefundNo,
        state: 'SUCCESS',
        amountFen: fen as Fen,
        sentAt: at,
        updatedAt: at,
      });
    }
  }
  return day;
}

/** Through the gateway's own file and back. */
function readBack(provider: Provider, lines: readonly BillLine[]): readonly ReadLine[] {
  if (provider === 'wechatpay') return readWechatpay(billText(identity, lines), identity);
  const files = readZip(billArchive({ clock: new VirtualClock(), identity }, DATE, lines), 100_000_000);
  const tables = files.flatMap(({ data }) => readAlipay(new TextDecoder('gb18030').decode(data)) ?? []);
  expect(tables).toHaveLength(1);
  expect(tables[0]).toMatchObject({ date: DATE, account: '20881234567890120156' });
  return tables[0]?.lines ?? [];
}

function ledgerOf({ orders, refunds }: Day): LedgerDay {
  return {
    orders: new Map(orders.map((order) => [order.outTradeNo, order])),
    unshown: new Set(),
    refunds: new Map(refunds.map((refund) => [refundKey(refund.outTradeNo, refund.outRefundNo), refund])),
    paid: orders.filter(({ state }) => state === 'PAID'),
    refunded: refunds.filter(({ state }) => state === 'SUCCESS'),
  };
}

/** A day with one thing wrong, and what that must be called. Undefined where the day has nothing to bend so. */
type Mutation = (day: Day, pick: number) => string | undefined;
const replace = (day: Day, line: BillLine, change: Partial<BillLine>): void => {
  day.lines = day.lines.map((known) => (known === line ? { ...known, ...change } : known));
};
function chosen(day: Day, kind: 'payment' | 'refund', pick: number) {
  const found = day.lines.filter(({ refund }) => (refund === undefined) === (kind === 'payment'));
  const line = found[pick % Math.max(1, found.length)];
  const name = line && [line.trade.outTradeNo, line.refund?.outRefundNo].filter(Boolean).join(' ');
  return line && { line, name };
}
const onLine =
  (
    kind: 'payment' | 'refund',
    called: string,
    bend: (day: Day, line: BillLine) => string | undefined,
  ): Mutation =>
  (day, pick) => {
    const found = chosen(day, kind, pick);
    return found && `${called} ${bend(day, found.line) ?? found.name}`;
  };

const MUTATIONS: Readonly<Record<string, Mutation>> = {
  'payment left out': onLine('payment', 'missing-there', (day, line) => {
    day.lines = day.lines.filter((known) => known !== line);
    return undefined;
  }),
  'payment added': onLine('payment', 'missing-here', (day, line) => {
    day.lines.push({ ...line, trade: { ...line.trade, outTradeNo: 'STRANGE_1' } });
    return 'STRANGE_1';
  }),
  'payment twice': onLine('payment', 'missing-here', (day, line) => {
    day.lines.push(line);
    return undefined;
  }),
  'payment a fen more': onLine('payment', 'amount', (day, line) => {
    replace(day, line, { amountFen: (line.amountFen + 1) as Fen });
    return undefined;
  }),
  'payment unknown to the ledger': onLine('payment', 'state', (day, line) => {
    day.orders = day.orders.map((order) =>
      order.outTradeNo === line.trade.outTradeNo ? { ...order, state: 'NOTPAY' } : order,
    );
    return undefined;
  }),
  'fee above the amount': onLine('payment', 'fee', (day, line) => {
    replace(day, line, { feeFen: line.amountFen + 1 });
    return undefined;
  }),
  'refund left out': onLine('refund', 'refund-missing-there', (day, line) => {
    day.lines = day.lines.filter((known) => known !== line);
    return undefined;
  }),
  'refund added': onLine('refund', 'refund-missing-here', (day, line) => {
    const refund = line.refund && { ...line.refund, outRefundNo: 'STRANGE_1' };
    day.lines.push({ ...line, ...(refund ? { refund } : {}) });
    return `${line.trade.outTradeNo} STRANGE_1`;
  }),
  'refund a fen less': onLine('refund', 'refund-amount', (day, line) => {
    replace(day, line, { amountFen: (line.amountFen - 1) as Fen });
    return undefined;
  }),
  'refund still on its way in the ledger': onLine('refund', 'refund-state', (day, line) => {
    day.refunds = day.refunds.map((refund) =>
      refund.outRefundNo === line.refund?.outRefundNo ? { ...refund, state: 'PROCESSING' } : refund,
    );
    return undefined;
  }),
};

describe.each(['alipay', 'wechatpay'] as const)('a random day of %s', (provider) => {
  const differences = (day: Day) =>
    compareBill({ date: DATE, lines: readBack(provider, day.lines) }, ledgerOf(day)).map(
      ({ kind, outTradeNo, outRefundNo }) => [kind, outTradeNo, outRefundNo].filter(Boolean).join(' '),
    );

  it('is clean after it was written, packed, read and compared', () => {
    fc.assert(
      fc.property(sales, (made) => {
        expect(differences(dayOf(provider, made))).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  it.each(Object.entries(MUTATIONS))('with one %s has exactly that difference', (_name, mutate) => {
    fc.assert(
      fc.property(sales, fc.nat(1000), (made, pick) => {
        const day = dayOf(provider, made);
        const called = mutate(day, pick);
        fc.pre(called !== undefined);
        expect(differences(day)).toEqual([called]);
      }),
      { numRuns: 40 },
    );
  });
});
