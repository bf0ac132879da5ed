import { afterEach, beforeEach, expect, it } from 'vitest';
import { CallRate } from '../../src/payments/call-rate.ts';
import { gate } from '../support/gate.ts';
import { Counter } from '../tools/counter.ts';

let counter: Counter;
beforeEach(async () => {
  counter = await Counter.open();
  Object.assign(counter.deps, { rate: new CallRate(counter.deps.clock) });
});
afterEach(() => counter.end());

const wanted = { provider: 'alipay', outTradeNo: 'ORDER_1', amountYuan: '5.00', title: 'tea' };
type Answer = { readonly isError?: boolean; readonly structuredContent?: unknown; readonly content: unknown };

/** Keeps others from writing until it is called. */
async function busy(): Promise<() => Promise<void>> {
  const { arrived, open, pass } = gate();
  const held = counter.till.ledger.write(pass);
  await arrived;
  return () => {
    open();
    return held;
  };
}

it.each(['legacy', 'modern'] as const)(
  'a call that comes when over 200 writes wait is told to come again, before it writes: %s',
  async (era) => {
    const client = await counter[era]('any');
    const create = async () =>
      (await client.callTool({ name: 'create-payment', arguments: wanted })) as Answer;
    const { ledger } = counter.till;
    const end = await busy();
    const behind = Array.from({ length: 200 }, () => ledger.write(async () => undefined));
    expect(ledger.isCrowded).toBe(false);
    behind.push(ledger.write(async () => undefined));
    expect(ledger.isCrowded).toBe(true);
    const refused = [await create(), await create()];
    for (const answer of refused) {
      expect(answer.isError).toBe(true);
      expect(JSON.stringify(answer)).toMatch(/TRY_LATER.*retryAfterSeconds\\":2/);
    }
    await Promise.all([end(), ...behind]);
    expect(ledger.isCrowded).toBe(false);
    expect(counter.world.bank.calls).toEqual([]);
    const records = await ledger.read((book) => book.audit.after(0, 100));
    expect(records.map(({ kind }) => kind)).not.toContain('call');
    // Of all that were refused one record says so.
    expect(records.filter(({ kind }) => kind === 'calls-limited')).toHaveLength(1);
    expect((await create()).isError).toBeFalsy();
  },
);

it('one that only asks waits with the others', async () => {
  const client = await counter.modern('any');
  const { ledger } = counter.till;
  const end = await busy();
  const behind = Array.from({ length: 250 }, () => ledger.write(async () => undefined));
  const listed = client.callTool({ name: 'list-payments', arguments: {} });
  await Promise.all([end(), ...behind]);
  const answer = (await listed) as Answer;
  expect([answer.isError ?? false, answer.content]).toEqual([false, expect.anything()]);
});
