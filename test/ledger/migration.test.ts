import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fen } from '../../src/domain/money.ts';
import { verifyAudit } from '../../src/ledger/audit-verify.ts';
import type { Cashier } from '../../src/payments/cashier.ts';
import { closePayment } from '../../src/payments/close-payment.ts';
import { queryPayment } from '../../src/payments/query-payment.ts';
import { refundPayment } from '../../src/payments/refund-payment.ts';
import { runSettler } from '../../src/payments/settler.ts';
import { openSqlite } from '../../src/platform/sqlite.ts';
import { CALL, refund, World } from '../support/world.ts';

/*
 * A ledger of the version before codes and links counted: it took payments of another system's orders for its own,
 * where its own had never given out a code.
 */
const NO_CODE = [
  'NO_CODE_UNKNOWN',
  'NO_CODE_NOTPAY',
  'NO_CODE_PAID',
  'NO_CODE_REFUNDED',
  'NO_CODE_CLOSING',
  'NO_CODE_OTHER_SUM',
];
let world: World;
let cashier: Cashier;
const state = async (outTradeNo: string) =>
  (await cashier.ledger.read((book) => book.orders.get(outTradeNo)))?.state;
const query = (outTradeNo: string) => queryPayment(cashier, CALL, { outTradeNo, waitSeconds: 0 });

beforeEach(async () => {
  world = new World();
  const db = await openSqlite(world.ledgerPath);
  db.exec(readFileSync(join(import.meta.dirname, 'fixtures/ledger-2.sql'), 'utf8'));
  db.close();
  for (const number of [...NO_CODE, 'OWN_PAID', 'OWN_WAITING']) {
    world.bank.trades.set(number, {
      plan: 'of whomever',
      amountFen: fen(number === 'NO_CODE_OTHER_SUM' ? 500 : 1000),
      state: number.endsWith('PAID') ? 'PAID' : 'NOTPAY',
      ...(number.endsWith('PAID') ? { paidAt: world.clock.now() } : {}),
      refunds: new Map(),
    });
  }
  cashier = await world.process();
});
afterEach(() => world.end());

describe('an older ledger', () => {
  it('keeps what is its own', async () => {
    expect(await state('OWN_PAID')).toBe('PAID');
    expect((await query('OWN_WAITING')).order.state).toBe('NOTPAY');
    world.bank.pay('OWN_WAITING');
    expect((await query('OWN_WAITING')).order.state).toBe('PAID');
    const given = await refundPayment(cashier, CALL, refund({ outTradeNo: 'OWN_PAID', outRefundNo: 'R1' }));
    expect(given.refund.state).toBe('SUCCESS');
  });

  it.each(NO_CODE)('%s is never paid, closed or refunded, and ends', async (outTradeNo) => {
    expect(await state(outTradeNo)).not.toBe('PAID');
    world.bank.pay(outTradeNo);
    expect((await query(outTradeNo)).order.state).not.toBe('PAID');
    const asked = refundPayment(cashier, CALL, refund({ outTradeNo, outRefundNo: 'R9' }));
    await expect(asked).rejects.toMatchObject({ code: 'NOT_PAID' });
    expect(world.bank.refundedFen(outTradeNo)).toBe(0);
    const stop = new AbortController();
    const settler = runSettler(cashier, stop.signal);
    await world.clock.sleep(40 * 60_000);
    stop.abort();
    await settler;
    expect(await state(outTradeNo)).toBe('CLOSED');
    expect(world.bank.calls.filter(({ operation }) => operation === 'close')).toEqual([]);
  });

  it('closes nothing at the gateway by a call either', async () => {
    for (const outTradeNo of NO_CODE) await closePayment(cashier, CALL, { outTradeNo });
    expect(world.bank.calls.filter(({ operation }) => operation === 'close')).toEqual([]);
    for (const outTradeNo of NO_CODE) expect(await state(outTradeNo)).toBe('CLOSED');
  });

  it('says in its history what it has given up, and its audit trail holds', async () => {
    const kinds = (await cashier.ledger.read((book) => book.events('NO_CODE_PAID'))).map(({ kind }) => kind);
    expect(kinds.slice(-2)).toEqual(['alarm-foreign-trade', 'order-disowned']);
    const verdict = await verifyAudit(cashier.ledger, []);
    expect(verdict).toMatchObject({ intact: true, tables: [] });
  });
});
