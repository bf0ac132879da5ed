import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fen } from '../../src/domain/money.ts';
import { applyNotify } from '../../src/payments/apply-notify.ts';
import { closePayment } from '../../src/payments/close-payment.ts';
import { createPayment } from '../../src/payments/create-payment.ts';
import { queryPayment } from '../../src/payments/query-payment.ts';
import { refundPayment } from '../../src/payments/refund-payment.ts';
import type { Till } from '../../src/payments/till.ts';
import type { PaymentProvider, TradeSnapshot, VerifiedNotify } from '../../src/providers/contract.ts';
import { inEnglish } from '../support/presenter.ts';
import { CALL, payment, refund, World } from '../support/world.ts';

const ORDER = 'ORDER_1';
let world: World;
let till: Till;
/** What the gateway says was refunded in all, by whomever. */
let refundedFen: number | 'unknown' | undefined;

beforeEach(async () => {
  world = new World();
  const plain = await world.process();
  const [bank] = plain.providers.values();
  if (!bank) throw new Error('no provider');
  refundedFen = undefined;
  const provider: PaymentProvider = {
    ...bank,
    queryTrade: async (outTradeNo): Promise<TradeSnapshot> => {
      const trade = await bank.queryTrade(outTradeNo);
      if (!trade.exists || refundedFen === undefined) return trade;
      return { ...trade, refundedFen: refundedFen === 'unknown' ? 'unknown' : fen(refundedFen) };
    },
    sendRefund: async (...sent) => {
      const told = await bank.sendRefund(...sent);
      return told.exists && typeof refundedFen === 'number'
        ? { ...told, refundedFen: fen(refundedFen) }
        : told;
    },
    parseNotify: async ({ body }) => JSON.parse(body.toString()) as VerifiedNotify,
  };
  till = { ...plain, providers: new Map([[bank.id, provider]]) };
  await createPayment(till, CALL, payment({ outTradeNo: ORDER }));
  world.bank.pay(ORDER);
});
afterEach(() => world.end());

const query = () => queryPayment(till, CALL, { outTradeNo: ORDER, waitSeconds: 0 });
const give = (refundYuan: number, outRefundNo?: string) =>
  refundPayment(till, CALL, refund({ outTradeNo: ORDER, outRefundNo, refundFen: fen(refundYuan * 100) }));
const notify = (message: unknown) => {
  const [provider] = till.providers.values();
  const raw = { headers: {}, body: Buffer.from(JSON.stringify(message)) };
  return applyNotify(till, provider as PaymentProvider, raw);
};
const elsewhere = (outRefundNo: string, yuan: number | undefined, state = 'SUCCESS') =>
  notify({
    kind: 'refund',
    id: `n-${outRefundNo}`,
    refund: {
      exists: true,
      outTradeNo: ORDER,
      outRefundNo,
      state,
      gatewayState: state,
      ...(yuan === undefined ? {} : { refundFen: yuan * 100 }),
    },
  });
const closing = () => closePayment(till, CALL, { outTradeNo: ORDER });
/** A refusal that leaves it to the order whether there is something to deliver. */
const NO_DELIVERY = {
  code: 'ALREADY_PAID',
  next: { zh: expect.not.stringMatching(/交付|发货/), en: expect.not.stringMatching(/deliver/i) },
};
const told = async () => {
  const view = inEnglish(world);
  const answer = await view.payment(await query());
  return { ...answer.structured, text: answer.text } as Record<string, unknown>;
};

describe('an order that the gateway calls refunded elsewhere', () => {
  it.each([
    ['wholly', 1000, '10.00'],
    ['partly', 300, '3.00'],
    ['by an unknown sum', 'unknown', 'unknown'],
  ] as const)(
    '%s is never answered with "deliver", also when that is its first word',
    async (_how, sum, yuan) => {
      refundedFen = sum;
      const answer = await told();
      expect(answer).toMatchObject({ state: 'PAID', refundedYuan: '0.00', refundedElsewhereYuan: yuan });
      expect(answer.nextStep).toMatch(/refunded elsewhere: deliver nothing/);
      expect(answer.text).toMatch(/Refunded elsewhere/);
      await expect(closing()).rejects.toMatchObject(NO_DELIVERY);
    },
  );

  it('counts against what may still be refunded', async () => {
    await query();
    refundedFen = 700;
    await query();
    await expect(give(4)).rejects.toMatchObject({
      code: 'REFUND_EXCEEDS_PAID',
      details: { paidYuan: '10.00', heldYuan: '7.00' },
    });
    expect((await give(3)).refund.state).toBe('SUCCESS');
  });

  it('is not told as nothing where no sum is told', async () => {
    refundedFen = 'unknown';
    await query();
    await expect(give(11)).rejects.toMatchObject({
      code: 'REFUND_EXCEEDS_PAID',
      text: {
        zh: expect.stringContaining('至少 0.00 元'),
        en: expect.stringContaining('at least 0.00 yuan'),
      },
      details: { refundedElsewhereYuan: 'unknown' },
    });
  });

  it('in the very answer to a refund of ours counts at once', async () => {
    await query();
    await give(1, 'R1');
    world.clock.advance(60_000);
    refundedFen = 900;
    expect((await give(3, 'R2')).refund.state).toBe('SUCCESS');
    refundedFen = undefined;
    const answer = await told();
    expect(answer).toMatchObject({ refundedYuan: '4.00', refundedElsewhereYuan: '5.00' });
    expect(answer.nextStep).toMatch(/refunded elsewhere: deliver nothing/);
    world.clock.advance(60_000);
    await expect(give(2, 'R3')).rejects.toMatchObject({ code: 'REFUND_EXCEEDS_PAID' });
  });

  it('needs a person where no sum is told, even if the rules need none', async () => {
    refundedFen = 'unknown';
    await query();
    const asked = await give(1, 'R1');
    expect(asked.refund.state).toBe('PENDING_APPROVAL');
    expect(asked.approval?.rule).toBe('refunded-elsewhere');
    expect(world.bank.refundedFen(ORDER)).toBe(0);
  });
});

describe('our own refunds', () => {
  it('of all that was paid leave nothing to deliver', async () => {
    await query();
    await give(10);
    const { refundedYuan, text, nextStep } = await told();
    expect(refundedYuan).toBe('10.00');
    expect(`${text}${nextStep}`).not.toMatch(/Deliver now/);
    await expect(closing()).rejects.toMatchObject(NO_DELIVERY);
  });

  it.each(['unknown', 300] as const)('are not taken for others’, %s', async (sum) => {
    await query();
    await give(3, 'R1');
    refundedFen = sum;
    const answer = await told();
    expect(answer).toMatchObject({ refundedYuan: '3.00' });
    expect(answer.refundedElsewhereYuan).toBeUndefined();
    world.clock.advance(60_000);
    expect((await give(7, 'R2')).refund.state).toBe('SUCCESS');
  });

  it.each(['PROCESSING', 'SUCCESS'])('are not taken for others’ by their own answer, %s', async (state) => {
    await query();
    world.bank.refundsProcessFirst = state === 'PROCESSING';
    refundedFen = 300;
    expect((await give(3, 'R1')).refund.state).toBe(state);
    world.clock.advance(60_000);
    refundedFen = 1000;
    expect((await give(7, 'R2')).refund.state).toBe(state);
    expect((await told()).refundedElsewhereYuan).toBeUndefined();
  });

  it('in doubt are not taken for others’ either', async () => {
    await query();
    world.bank.fault = (op) => (op === 'refund' ? 'lost-after' : 'none');
    await give(3, 'R1');
    world.bank.fault = () => 'none';
    refundedFen = 300;
    expect((await told()).refundedElsewhereYuan).toBeUndefined();
    refundedFen = 500;
    expect((await told()).refundedElsewhereYuan).toBe('2.00');
  });
});

describe('a notification of a refund that nobody asked for here', () => {
  it('is taken, recorded once, and counts', async () => {
    await query();
    expect(await elsewhere('BACK_OFFICE_1', 4)).toBe('applied');
    expect(await elsewhere('BACK_OFFICE_1', 4)).toBe('repeated');
    expect(await elsewhere('BACK_OFFICE_2', 1)).toBe('applied');
    expect(await told()).toMatchObject({ refundedYuan: '0.00', refundedElsewhereYuan: '5.00' });
    await expect(give(6)).rejects.toMatchObject({ code: 'REFUND_EXCEEDS_PAID' });
    expect((await give(5)).refund.state).toBe('SUCCESS');
    const events = await till.ledger.read((book) => book.audit.ofOrder(ORDER));
    expect(events.filter(({ kind }) => kind === 'refund-created')).toHaveLength(3);
  });

  it('is not answered for an equal refund of ours, whose number it keeps', async () => {
    await query();
    await elsewhere('BACK_OFFICE_1', 4);
    expect(await give(4)).toMatchObject({ replayed: false, refund: { state: 'SUCCESS' } });
    await expect(give(1, 'BACK_OFFICE_1')).rejects.toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
  });

  it.each(['CLOSED', 'ABNORMAL'])('is recorded when it ended %s', async (state) => {
    await query();
    expect(await elsewhere('BACK_OFFICE_1', 4, state)).toBe('applied');
    expect((await told()).refundedElsewhereYuan).toBe(state === 'CLOSED' ? undefined : '4.00');
  });

  it('of more than was paid, or of an order of which nobody has a code, is not this order’s', async () => {
    await query();
    expect(await elsewhere('BACK_OFFICE_1', 11)).toBe('foreign');
    expect((await told()).refundedElsewhereYuan).toBeUndefined();
  });

  it('that tells the total of another trade is not this order’s, and raises the alarm', async () => {
    const total = { exists: true, account: 'bank 2', outTradeNo: ORDER, state: 'PAID', gatewayState: 'PAID' };
    const trade = { ...total, amountFen: 1000, refundedFen: 300 };
    for (let i = 0; i < 2; i++) expect(await notify({ kind: 'refunded', id: 'n-1', trade })).toBe('foreign');
    const events = await till.ledger.read((book) => book.audit.ofOrder(ORDER));
    expect(events.filter(({ kind }) => kind === 'alarm-foreign-trade')).toHaveLength(1);
  });

  it('without a sum is a refund of an unknown one', async () => {
    await query();
    expect(await elsewhere('BACK_OFFICE_1', undefined)).toBe('applied');
    expect((await told()).refundedElsewhereYuan).toBe('unknown');
  });

  it('that tells a total is taken, ahead of the payment too, and announces none', async () => {
    const total = (yuan: number) =>
      notify({
        kind: 'refunded',
        id: 'n-total',
        trade: {
          exists: true,
          account: 'bank 1',
          outTradeNo: ORDER,
          state: 'PAID',
          gatewayState: 'TRADE_SUCCESS',
          amountFen: 1000,
          refundedFen: yuan * 100,
        },
      });
    expect(await total(3)).toBe('applied');
    expect(await total(3)).toBe('repeated');
    expect((await till.ledger.read((book) => book.orders.get(ORDER)))?.state).toBe('NOTPAY');
    expect(await total(2), 'a late one takes nothing back').toBe('repeated');
    expect(await told()).toMatchObject({ state: 'PAID', refundedElsewhereYuan: '3.00' });
  });
});
