import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { CashierError } from '../../src/domain/errors.ts';
import { fen } from '../../src/domain/money.ts';
import { openSqliteStore } from '../../src/ledger/sqlite-store.ts';
import { createPayment } from '../../src/payments/create-payment.ts';
import { queryPayment } from '../../src/payments/query-payment.ts';
import { refundPayment } from '../../src/payments/refund-payment.ts';
import { systemClock, systemRandom } from '../../src/platform/system.ts';
import { presenter } from '../../src/tools/present.ts';
import { declined, refund as refundTerms, setUp, signed } from '../providers/alipay/fake-gateway.ts';
import { CALL, payment, refund, World } from '../support/world.ts';

afterEach(() => vi.unstubAllGlobals());

describe("Alipay's answers", () => {
  it('does not take the proof of an earlier refund of the order for that of another', async () => {
    const { provider, gateway } = setUp();
    const first = refundTerms();
    const second = refundTerms({ outRefundNo: 'REFUND_2', refundedBeforeFen: fen(300) });
    // fund_change=Y and the sum refunded so far; the number of the refund is not in the answer.
    const proof = signed('alipay.trade.refund', {
      code: '10000',
      msg: 'Success',
      out_trade_no: first.outTradeNo,
      fund_change: 'Y',
      refund_fee: '3.00',
    });
    gateway.answer(proof);
    expect(await provider.sendRefund(first, provider.planRefund(first))).toMatchObject({ state: 'SUCCESS' });
    const again = provider.sendRefund(second, provider.planRefund(second));
    const told = await again.catch((error) => error);
    expect(told.state ?? told.name, 'two refunds of 3.00 sum to 6.00, not 3.00').not.toBe('SUCCESS');
  });

  it('keeps gateway text out of what it throws', async () => {
    const { provider, gateway } = setUp();
    gateway.answer(signed('alipay.trade.refund', declined('ACQ.SELLER_BALANCE_NOT_ENOUGH')));
    const error = await provider
      .sendRefund(refundTerms(), provider.planRefund(refundTerms()))
      .catch((e) => e);
    expect(JSON.stringify(error) + String(error.stack)).not.toContain('忽略');
  });
});

describe('the ledger file', () => {
  it('does not call every SQL error a file that cannot be written', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cashier-edge-'));
    const store = await openSqliteStore(join(folder, 'ledger.db'), {
      clock: systemClock,
      randomBytes: systemRandom,
    });
    await store.write(async (tx) => {
      await tx.run('CREATE TABLE t (id TEXT PRIMARY KEY)');
      await tx.run('INSERT INTO t VALUES (?)', 'a');
    });
    const twice = store.write((tx) => tx.run('INSERT INTO t VALUES (?)', 'a')).catch((error) => error);
    expect(await twice, 'a bug of ours is INTERNAL, not CONFIGURATION').not.toBeInstanceOf(CashierError);
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });
});

describe('what a model is told to do next', () => {
  it('is not to deliver what has been refunded in full', async () => {
    const world = new World();
    const till = await world.process();
    await createPayment(till, CALL, payment({ outTradeNo: 'ORDER_1' }));
    world.bank.pay('ORDER_1');
    await queryPayment(till, CALL, { outTradeNo: 'ORDER_1', waitSeconds: 0 });
    await refundPayment(till, CALL, refund({ outTradeNo: 'ORDER_1', refundFen: fen(1000) }));
    const present = presenter({
      language: 'en',
      simulated: false,
      now: () => world.clock.now(),
      buyerPage: async () => undefined,
      approvalUrl: async () => undefined,
    });
    const result = await queryPayment(till, CALL, { outTradeNo: 'ORDER_1', waitSeconds: 0 });
    const { text, structured } = await present.payment(result);
    await world.end();
    expect(structured?.refundedYuan).toBe('10.00');
    expect(`${text}${structured?.nextStep}`).not.toMatch(/Deliver now/);
  });
});
