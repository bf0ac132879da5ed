import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fen } from '../../src/domain/money.ts';
import { verifyAudit } from '../../src/ledger/audit-verify.ts';
import type { Scope } from '../../src/ledger/counting.ts';
import type { OrderFilter } from '../../src/ledger/order-filter.ts';
import { miscounted } from '../../src/ledger/recount.ts';
import { closePayment } from '../../src/payments/close-payment.ts';
import { createPayment } from '../../src/payments/create-payment.ts';
import { forgetOrder } from '../../src/payments/forgetting.ts';
import { queryPayment } from '../../src/payments/query-payment.ts';
import { refundPayment } from '../../src/payments/refund-payment.ts';
import { runSettler } from '../../src/payments/settler.ts';
import type { Call, Till } from '../../src/payments/till.ts';
import { openSqlite } from '../../src/platform/sqlite.ts';
import { CALL, payment, refund, World } from '../support/world.ts';

/** It took payments of another system's orders for its own, where its own had never given out a code. */
const NO_CODE = [
  'NO_CODE_UNKNOWN',
  'NO_CODE_NOTPAY',
  'NO_CODE_PAID',
  'NO_CODE_REFUNDED',
  'NO_CODE_CLOSING',
  'NO_CODE_OTHER_SUM',
];
let world: World;
let till: Till;
const state = async (outTradeNo: string) =>
  (await till.ledger.read((book) => book.orders.get(outTradeNo)))?.state;
const query = (outTradeNo: string) => queryPayment(till, CALL, { outTradeNo, waitSeconds: 0 });

async function restore(fixture: string): Promise<void> {
  world = new World();
  const db = await openSqlite(world.ledgerPath);
  db.exec(readFileSync(join(import.meta.dirname, 'fixtures', fixture), 'utf8'));
  db.close();
}
afterEach(() => world.end());

describe('a ledger of the version before codes and links counted', () => {
  beforeEach(async () => {
    await restore('ledger-2.sql');
    for (const number of [...NO_CODE, 'OWN_PAID', 'OWN_WAITING']) {
      world.bank.trades.set(number, {
        plan: 'of whomever',
        amountFen: fen(number === 'NO_CODE_OTHER_SUM' ? 500 : 1000),
        state: number.endsWith('PAID') ? 'PAID' : 'NOTPAY',
        ...(number.endsWith('PAID') ? { paidAt: world.clock.now() } : {}),
        refunds: new Map(),
      });
    }
    till = await world.process();
  });

  it('keeps what is its own', async () => {
    expect(await state('OWN_PAID')).toBe('PAID');
    expect((await query('OWN_WAITING')).order.state).toBe('NOTPAY');
    world.bank.pay('OWN_WAITING');
    expect((await query('OWN_WAITING')).order.state).toBe('PAID');
    const given = await refundPayment(till, CALL, refund({ outTradeNo: 'OWN_PAID', outRefundNo: 'R1' }));
    expect(given.refund.state).toBe('SUCCESS');
  });

  it.each(NO_CODE)('%s is never paid, closed or refunded, and ends', async (outTradeNo) => {
    expect(await state(outTradeNo)).not.toBe('PAID');
    world.bank.pay(outTradeNo);
    expect((await query(outTradeNo)).order.state).not.toBe('PAID');
    const asked = refundPayment(till, CALL, refund({ outTradeNo, outRefundNo: 'R9' }));
    await expect(asked).rejects.toMatchObject({ code: 'NOT_PAID' });
    expect(world.bank.refundedFen(outTradeNo)).toBe(0);
    const stop = new AbortController();
    const settler = runSettler(till, stop.signal);
    await world.clock.sleep(40 * 60_000);
    stop.abort();
    await settler;
    expect(await state(outTradeNo)).toBe('CLOSED');
    const closes = world.bank.calls.filter(({ operation }) => operation === 'close');
    expect(closes.filter(({ number }) => number === outTradeNo)).toEqual([]);
  });

  it('closes nothing at the gateway by a call either', async () => {
    for (const outTradeNo of NO_CODE) await closePayment(till, CALL, { outTradeNo });
    expect(world.bank.calls.filter(({ operation }) => operation === 'close')).toEqual([]);
    for (const outTradeNo of NO_CODE) expect(await state(outTradeNo)).toBe('CLOSED');
  });

  it('says in its history what it has given up, and its audit trail holds', async () => {
    const kinds = (await till.ledger.read((book) => book.audit.ofOrder('NO_CODE_PAID'))).map(
      ({ kind }) => kind,
    );
    expect(kinds.slice(-2)).toEqual(['alarm-foreign-trade', 'order-disowned']);
    const verdict = await verifyAudit(till.ledger, []);
    expect(verdict).toMatchObject({ intact: true, tables: [] });
  });
});

describe('a ledger of the version before limits and budgets were added up as they change', () => {
  const A = { caller: 'a', named: true };
  const B = { caller: 'b', client: 'cursor' };
  const NOW = Date.parse('2026-11-22T14:50:05+08:00');
  beforeEach(async () => {
    await restore('ledger-6-limits.sql');
    world.clock.advance(NOW - world.clock.now());
    till = await world.process();
  });
  const usage = (kind: 'payment' | 'refund', scope: Scope, days = 1) =>
    till.ledger.read((book) => book.quotas.usage(kind, scope, NOW - 86_400_000, NOW + days * 86_400_000));

  it('has every sum that its rows add up to', async () => {
    expect(await till.ledger.inspect(miscounted)).toEqual([]);
    expect(await till.ledger.read((book) => book.quotas.budget('a'))).toEqual({
      filledFen: 4_500,
      heldFen: 3_300,
    });
    expect(await till.ledger.read((book) => book.quotas.budgets())).toEqual(['a']);
    // What the gateway had declined and what a person had released counts no more; what is in doubt does.
    expect(await usage('payment', {})).toEqual({ count: 7, fen: 6_700 });
    expect(await usage('payment', { caller: 'a' })).toEqual({ count: 3, fen: 3_000 });
    expect(await usage('payment', { client: 'cursor' })).toEqual({ count: 4, fen: 3_700 });
    expect(await usage('refund', {})).toEqual({ count: 2, fen: 700 });
    const totals = (filter: OrderFilter) => till.ledger.read((book) => book.orders.totals(filter));
    expect(await totals({})).toEqual({ count: 10, paidFen: 4_000, refundedFen: 300 });
    expect(await totals({ caller: 'a', state: 'PAID' })).toEqual({
      count: 2,
      paidFen: 2_000,
      refundedFen: 300,
    });
  });

  it('holds its callers to what they had left, and goes on', async () => {
    const pay = (call: Call, outTradeNo: string, fens: number) =>
      createPayment(till, call, payment({ outTradeNo, amountFen: fen(fens), title: outTradeNo }));
    await expect(pay(B, 'ORDER_1', 1)).rejects.toMatchObject({
      details: { rule: 'clients.cursor.payments.perDay.count', used: '4' },
    });
    await expect(pay(A, 'ORDER_1', 1_201)).rejects.toMatchObject({
      details: { rule: 'clients.a.payments.from' },
    });
    expect((await pay(A, 'ORDER_1', 1_200)).order.state).toBe('NOTPAY');
    expect((await pay(A, 'DECLINED', 1_000).catch((error) => error)).code).toBe('POLICY_DENIED');
    const { ledger } = till;
    expect((await ledger.read((book) => book.quotas.budget('a'))).heldFen).toBe(4_500);
    expect(await verifyAudit(ledger, [])).toMatchObject({ intact: true, tables: [] });
  });
});

describe('a ledger of the version before payers had columns of their own', () => {
  beforeEach(async () => {
    await restore('ledger-6-limits.sql');
    const db = await openSqlite(world.ledgerPath);
    db.exec(`UPDATE orders SET terms_json = json_set(terms_json, '$.payerOpenid', 'oUpF8u', '$.payerClientIp', '203.0.113.7')
      WHERE out_trade_no = (SELECT MIN(out_trade_no) FROM orders WHERE state = 'PAID')`);
    db.close();
    till = await world.process();
  });

  it('has them there, verifies, and can forget them', async () => {
    const [row] = await till.ledger.inspect((tx) =>
      tx.all("SELECT out_trade_no, payer_client_ip, terms_json FROM orders WHERE payer_openid = 'oUpF8u'"),
    );
    expect(row?.payer_client_ip).toBe('203.0.113.7');
    expect(row?.terms_json).not.toContain('payer');
    expect(await verifyAudit(till.ledger, [])).toMatchObject({ intact: true, tables: [] });
    expect(await forgetOrder(till.ledger, String(row?.out_trade_no))).toBe(true);
    expect(await verifyAudit(till.ledger, [])).toMatchObject({ intact: true, tables: [] });
  });
});
