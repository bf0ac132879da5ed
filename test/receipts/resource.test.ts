import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPayment } from '../../src/payments/create-payment.ts';
import { refundPayment } from '../../src/payments/refund-payment.ts';
import type { Till } from '../../src/payments/till.ts';
import { readReceipts } from '../../src/resources/receipts.ts';
import { receiptsOf } from '../support/receipts.ts';
import { CALL, payment, refund, World } from '../support/world.ts';

let world: World;
let till: Till;
beforeEach(async () => {
  world = new World();
  till = await world.process();
  await world.sold(till);
  await createPayment(till, CALL, payment({ outTradeNo: 'OPEN_1' }));
});
afterEach(() => world.end());

async function read(uri: string, call: object = { caller: CALL.caller, ownOrdersOnly: true }) {
  const deps = { ledger: till.ledger, receipts: receiptsOf(till), language: 'en' as const };
  const found = await readReceipts({ ...deps, call: call as typeof CALL }, uri);
  const [content] = found?.contents ?? [];
  return content && JSON.parse(String((content as { text: string }).text));
}

describe('payment://receipts/{outTradeNo}', () => {
  it('gives each receipt with what it says, and says what money it is', async () => {
    await refundPayment(till, CALL, refund({ outTradeNo: 'ORDER_1', outRefundNo: 'R1' }));
    const [paid, back] = await receiptsOf(till).of('ORDER_1');
    expect(await read('payment://receipts/ORDER_1')).toMatchObject({
      ...{ outTradeNo: 'ORDER_1', simulated: true },
      ...{ receipt: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/), claims: paid?.claims },
      refunds: [{ receipt: expect.any(String), claims: back?.claims }],
    });
  });

  it.each([
    ['that is not paid', 'OPEN_1', {}],
    ['that there is not', 'NEVER_1', {}],
    ["of another caller's", 'ORDER_1', { caller: 'other' }],
  ])('has none of an order %s, and says no more', async (_what, number, call) => {
    const uri = `payment://receipts/${number}`;
    const error = await read(uri, { caller: CALL.caller, ownOrdersOnly: true, ...call }).catch(
      (thrown) => thrown,
    );
    expect(String(error.message).replace(number, 'N')).toBe('Resource not found: payment://receipts/N');
  });

  it('has that of any order for whoever sees all', async () => {
    expect(await read('payment://receipts/ORDER_1', { caller: 'other' })).toMatchObject({
      outTradeNo: 'ORDER_1',
    });
  });

  it.each(['payment://orders/ORDER_1', 'payment://receipts/', 'payment://receipts/a%2Fb', 'x'])(
    'is not %s',
    async (uri) => {
      expect(await read(uri)).toBeUndefined();
    },
  );
});
