import { afterEach, beforeEach, expect, it } from 'vitest';
import { CashierError } from '../../../src/domain/errors.ts';
import { attempt } from '../../../src/payments/attempt.ts';
import type { Till } from '../../../src/payments/till.ts';
import { createPaymentTool } from '../../../src/tools/create-payment.ts';
import { CALL, World } from '../../support/world.ts';

const BUYER = '13800138000';
let world: World;
let till: Till;
beforeEach(async () => {
  world = new World();
  till = await world.process();
});
afterEach(() => world.end());

/** A call that is refused as the tool refuses it; what the record then holds, and what the client is told. */
async function refused(args: Readonly<Record<string, unknown>>, meta?: unknown) {
  const setting = { language: 'en' as const, providers: ['alipay' as const], scenes: ['qr' as const] };
  const error: unknown = await attempt(
    till,
    CALL,
    { tool: 'create-payment', args, meta },
    (errand) => createPaymentTool.run({ ...errand, setting, present: {} as never }, args),
    () => ({}),
  ).catch((failed: unknown) => failed);
  if (!(error instanceof CashierError)) throw new Error('not refused');
  const all = await till.ledger.read((book) => book.audit.after(0, 100));
  return { error, record: JSON.stringify(all) };
}

it("keeps no buyer's number, also where it comes without quotes", async () => {
  const { record } = await refused({ buyer: BUYER, nonsense: 1 }, { user: { phone: Number(BUYER) } });
  expect(record).not.toContain(BUYER);
});

it("keeps no buyer's id that was sent as the name of an argument", async () => {
  const { record } = await refused({ buyer: BUYER, [BUYER]: true });
  expect(record).not.toContain(BUYER);
  expect(record).toContain('INVALID_ARGUMENT');
});

it('names a few unknown arguments, however many there are', async () => {
  const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`say_${i}`, i]));
  const { error, record } = await refused(many);
  expect(error.text.en.length).toBeLessThan(1_000);
  expect(record.length).toBeLessThan(5_000);
});
