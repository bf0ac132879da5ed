import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DAY_MS } from '../../src/domain/clock.ts';
import { readRows, tableShapes } from '../../src/keeping/rows.ts';
import { verifyAudit } from '../../src/ledger/audit-verify.ts';
import { createPayment } from '../../src/payments/create-payment.ts';
import { forgetOlder, forgetOrder, forgetSome, runForgetting } from '../../src/payments/forgetting.ts';
import { queryPayment } from '../../src/payments/query-payment.ts';
import { refundPayment } from '../../src/payments/refund-payment.ts';
import type { Till } from '../../src/payments/till.ts';
import { CALL, payment, refund, World } from '../support/world.ts';

const OPENID = 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o';
const IP = '203.0.113.77';
const BUYER = 'wang.xiaoming@example.com';
const NOBODY = { buyer_hash: null, payer_openid: null, payer_client_ip: null };

let world: World;
let till: Till;
beforeEach(async () => {
  world = new World();
  till = await world.process();
});
afterEach(() => world.end());

const input = (outTradeNo: string) =>
  payment({ outTradeNo, buyer: BUYER, payerOpenid: OPENID, payerClientIp: IP });
async function sell(outTradeNo: string): Promise<void> {
  await createPayment(till, CALL, input(outTradeNo));
  world.bank.pay(outTradeNo);
  await queryPayment(till, CALL, { outTradeNo, waitSeconds: 0 });
}
const payerOf = async (outTradeNo: string) => {
  const [row] = await till.ledger.inspect((tx) =>
    tx.all('SELECT buyer_hash, payer_openid, payer_client_ip FROM orders WHERE out_trade_no = ?', outTradeNo),
  );
  return row;
};
/** Where a text stands in the ledger: every table and column. */
async function standsIn(text: string): Promise<string[]> {
  const found: string[] = [];
  const shapes = await tableShapes(till);
  await till.ledger.inspect(async (tx) => {
    for (const shape of shapes) {
      for (const row of await readRows(tx, shape, undefined, 10_000)) {
        for (const [column, value] of Object.entries(row)) {
          const plain = value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : String(value);
          if (plain.includes(text)) found.push(`${shape.name}.${column}`);
        }
      }
    }
  });
  return [...new Set(found)];
}
const intact = async () => verifyAudit(till.ledger, []);

describe('who has paid', () => {
  it('stands in columns of its own while that may be needed, and nowhere in the trail', async () => {
    await sell('SOLD_1');
    expect(await standsIn(OPENID)).toEqual(['orders.payer_openid']);
    expect(await standsIn(IP)).toEqual(['orders.payer_client_ip']);
    expect(await standsIn(BUYER)).toEqual([]);
    await createPayment(till, CALL, payment({ outTradeNo: 'NOBODYS' }));
    expect(await payerOf('NOBODYS')).toEqual(NOBODY);
  });

  it('is forgotten for one order, which is queried, repeated and refunded as before, and the trail holds', async () => {
    await sell('SOLD_1');
    expect(await forgetOrder(till.ledger, 'SOLD_1')).toBe(true);
    expect(await forgetOrder(till.ledger, 'SOLD_1')).toBe(false);
    expect(await payerOf('SOLD_1')).toEqual(NOBODY);
    for (const text of [OPENID, IP]) expect(await standsIn(text)).toEqual([]);
    expect(await intact()).toMatchObject({ intact: true });
    expect((await queryPayment(till, CALL, { outTradeNo: 'SOLD_1', waitSeconds: 0 })).order.state).toBe(
      'PAID',
    );
    expect(await createPayment(till, CALL, input('SOLD_1'))).toMatchObject({
      ...{ replayed: true, order: { state: 'PAID' } },
    });
    expect((await refundPayment(till, CALL, refund({ outTradeNo: 'SOLD_1' }))).refund.state).toBe('SUCCESS');
    const kinds = (await till.ledger.read((book) => book.audit.ofOrder('SOLD_1'))).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'order-forgotten')).toHaveLength(1);
    expect(await intact()).toMatchObject({ intact: true });
  });

  it('is kept for an order that may have to be sent again, and of no order there is nothing to forget', async () => {
    world.failing('create', 'lost-before');
    await createPayment(till, CALL, input('UNKNOWN_1'));
    await createPayment(till, CALL, { ...input('OPEN_1'), title: 'tea' });
    for (const number of ['UNKNOWN_1', 'OPEN_1'])
      await expect(forgetOrder(till.ledger, number)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(forgetOrder(till.ledger, 'NO_SUCH_1')).rejects.toMatchObject({ code: 'ORDER_NOT_FOUND' });
    world.clock.advance(400 * DAY_MS);
    expect(await forgetOlder(till.ledger, world.clock.now())).toBe(0);
    expect(await payerOf('OPEN_1')).toMatchObject({ payer_openid: OPENID });
  });

  it('of an order that the gateway has declined is forgotten, and that order is tried no more', async () => {
    world.failing('create', 'declined');
    await createPayment(till, CALL, input('DECLINED_1')).catch(() => undefined);
    expect(await forgetOrder(till.ledger, 'DECLINED_1')).toBe(true);
    const again = await createPayment(till, CALL, input('DECLINED_1'));
    expect(again).toMatchObject({ replayed: true, order: { state: 'CLOSED' } });
    expect(await intact()).toMatchObject({ intact: true });
  });

  it('is forgotten in time, a bounded piece at a time, and only what is old', async () => {
    for (let i = 0; i < 60; i++) {
      await createPayment(
        till,
        CALL,
        payment({ outTradeNo: `OLD_${i}00`, buyer: `b${i}`, expiresInMinutes: 1 }),
      );
    }
    await till.ledger.write(async (book) => {
      for (let i = 0; i < 60; i++) {
        const order = await book.orders.get(`OLD_${i}00`);
        if (order) await book.orders.move(order, 'closed', {});
      }
    });
    world.clock.advance(181 * DAY_MS);
    await sell('YOUNG_1');
    expect(await forgetSome(till.ledger, world.clock.now() - 182 * DAY_MS)).toBe(0);
    const stop = new AbortController();
    const forgetting = runForgetting(till, 180, stop.signal);
    await world.clock.sleep(500);
    const left = () => till.ledger.read((book) => book.orders.withPayer(world.clock.now(), 100));
    expect(await left()).toHaveLength(11);
    await world.clock.sleep(1_000);
    expect((await left()).map(({ outTradeNo }) => outTradeNo)).toEqual(['YOUNG_1']);
    stop.abort();
    await forgetting;
    expect(await intact()).toMatchObject({ intact: true });
  });

  it.each([
    ["payer_openid = 'other'", 'SOLD_1'],
    ["payer_client_ip = '203.0.113.78'", 'SOLD_1'],
    ["buyer_hash = 'other'", 'SOLD_1'],
    ["payer_salt = 'ff'", 'SOLD_1'],
    ['payer_openid = NULL', 'SOLD_1'],
    ['buyer_hash = NULL, payer_openid = NULL, payer_client_ip = NULL', 'SOLD_1'],
    ["buyer_hash = NULL, payer_openid = NULL, payer_client_ip = NULL, payer_salt = '-'", 'SOLD_1'],
    ["payer_openid = 'put back'", 'GONE_1'],
  ])('is found where somebody edits it: %s', async (edit, outTradeNo) => {
    await sell('SOLD_1');
    await sell('GONE_1');
    await forgetOrder(till.ledger, 'GONE_1');
    const store = await world.store();
    await store.write((tx) => tx.run(`UPDATE orders SET ${edit} WHERE out_trade_no = ?`, outTradeNo));
    expect(await intact()).toMatchObject({
      ...{ intact: false, tables: [{ table: 'orders', row: outTradeNo, column: 'payer' }] },
    });
    await store.close();
  });
});
