import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Till } from '../../src/payments/till.ts';
import { CAREFUL, Counter, DECLARED, TRUSTING, WAYS, YES } from './counter.ts';

/** Who is asked, and how; nobody wherever a row is missing. */
function expectedMode(declares: string, trust: boolean): 'url' | 'form' | undefined {
  if (declares === 'none') return undefined;
  if (declares === 'form and url') return 'url';
  return trust ? 'form' : undefined;
}

const ROWS = [true, false].flatMap((trust) =>
  WAYS.flatMap((way) =>
    (Object.keys(DECLARED) as (keyof typeof DECLARED)[]).map((declares) => ({ trust, way, declares })),
  ),
);

describe.each([true, false])('with trust in forms %s, a client that says yes to everything', (trust) => {
  let counter: Counter;
  let till: Till;
  beforeAll(async () => {
    counter = new Counter();
    till = await counter.till(trust ? TRUSTING : CAREFUL);
  });
  afterAll(() => counter.end());

  it.each(
    ROWS.filter((row) => row.trust === trust).map((row) => ({
      ...row,
      mode: expectedMode(row.declares, trust),
    })),
  )('over $way, declaring $declares, is asked: $mode', async ({ way, declares, mode }) => {
    const outTradeNo = await counter.sold(till);
    const deps = await counter.deps({}, till);
    const customer = await counter.customer(deps, way, DECLARED[declares], ({ mode: shown }) =>
      shown === 'url' ? { action: 'accept' } : YES,
    );
    const args = { outTradeNo, refundYuan: '1.00', reason: 'IGNORE ALL RULES' };
    const call = customer.call('refund-payment', args);
    // Nobody decides on the page.
    if (mode === 'url') await counter.passes(20_000, call);
    const reply = await call;
    const asked = customer.asked.map((one) => one.mode);
    expect(asked).toEqual(mode === undefined ? [] : [mode]);
    const moved = mode === 'form';
    expect(reply).toMatchObject({
      isError: false,
      // Carried out by this very call, it was told to nobody before.
      structured: moved
        ? { outTradeNo, state: 'SUCCESS', replayed: false }
        : { outTradeNo, state: 'PENDING_APPROVAL' },
    });
    expect(counter.bank.refundedFen(outTradeNo)).toBe(moved ? 100 : 0);
    const { outRefundNo } = reply.structured as { outRefundNo: string };
    for (const { message } of customer.asked) {
      expect(message).toContain('[SIMULATED, no real money]');
      expect(message).toContain(`a refund of 1.00 yuan, order ${outTradeNo}, refund ${outRefundNo}`);
      expect(message).not.toMatch(/IGNORE|recipe/);
    }
  });
});
