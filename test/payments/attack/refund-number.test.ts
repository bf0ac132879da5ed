import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fen } from '../../../src/domain/money.ts';
import type { Ledger } from '../../../src/ledger/ledger.ts';
import { applyNotify } from '../../../src/payments/apply-notify.ts';
import { createPayment } from '../../../src/payments/create-payment.ts';
import { queryPayment } from '../../../src/payments/query-payment.ts';
import { refundPayment } from '../../../src/payments/refund-payment.ts';
import { releaseRefund } from '../../../src/payments/release.ts';
import type { Till } from '../../../src/payments/till.ts';
import type { PaymentProvider, TradeSnapshot, VerifiedNotify } from '../../../src/providers/contract.ts';
import {
  accept,
  CALL,
  DEFAULTS,
  decide,
  NO_APPROVAL,
  payment,
  person,
  refund,
  World,
} from '../../support/world.ts';

/** Refunds that others make of our orders, under whatever number, and what that does to our own. */
const ORDER = 'ORDER_1';
const OTHER = 'ORDER_2';
let world: World;
let till: Till;
let provider: PaymentProvider;
/** The gateway's word on a paid trade: that money went back, and no sum, as WeChat Pay's. */
let isRefunded: boolean;

beforeEach(async () => {
  world = new World();
  isRefunded = false;
  const plain = await world.process();
  const [bank] = plain.providers.values();
  if (!bank) throw new Error('no provider');
  provider = {
    ...bank,
    refundRules: { ...bank.refundRules, numberUniquePerMerchant: true },
    queryTrade: async (outTradeNo): Promise<TradeSnapshot> => {
      const trade = await bank.queryTrade(outTradeNo);
      return trade.exists && isRefunded ? { ...trade, refundedFen: 'unknown' } : trade;
    },
    parseNotify: async ({ body }) => JSON.parse(body.toString()) as VerifiedNotify,
  };
  till = { ...plain, providers: new Map([[bank.id, provider]]) };
  for (const outTradeNo of [ORDER, OTHER]) {
    await createPayment(till, CALL, payment({ outTradeNo }));
    world.bank.pay(outTradeNo);
    await query(outTradeNo);
  }
});
afterEach(() => world.end());

const query = (outTradeNo = ORDER) => queryPayment(till, CALL, { outTradeNo, waitSeconds: 0 });
const give = (outRefundNo: string, yuan: number, outTradeNo = ORDER, from = till) =>
  refundPayment(from, CALL, refund({ outTradeNo, outRefundNo, refundFen: fen(yuan * 100) }));
const notify = (outRefundNo: string, yuan: number, outTradeNo = ORDER, state = 'SUCCESS') => {
  const told = { exists: true, outTradeNo, outRefundNo, state, gatewayState: state, refundFen: yuan * 100 };
  const message = { kind: 'refund', id: `n-${outRefundNo}`, refund: told };
  return applyNotify(till, provider, { headers: {}, body: Buffer.from(JSON.stringify(message)) });
};
const approve = (id: string | undefined) => decide(till, id);
const elsewhere = async () => (await query()).refundedElsewhere;
const sent = () => world.bank.calls.filter(({ operation }) => operation === 'refund').length;

describe('a refund elsewhere, of a sum that nobody tells', () => {
  it('stays one when a person lets a refund of ours pass, and the next needs a person again', async () => {
    isRefunded = true;
    expect(await elsewhere()).toBe('unknown');
    await approve((await give('R1', 1)).approval?.id);
    expect((await give('R1', 1)).refund.state).toBe('SUCCESS');
    expect(await elsewhere()).toBe('unknown');
    world.clock.advance(60_000);
    expect((await give('R2', 1)).refund.state).toBe('PENDING_APPROVAL');
    await notify('BACK_OFFICE', 4);
    expect(await elsewhere(), 'until it is told').toBe(400);
  });

  it('is none where our own came first', async () => {
    await give('R1', 1);
    isRefunded = true;
    expect(await elsewhere()).toBeUndefined();
    world.clock.advance(60_000);
    expect((await give('R2', 1)).refund.state).toBe('SUCCESS');
    expect(await elsewhere()).toBeUndefined();
  });
});

describe('a refund that others made under a number of ours', () => {
  const waiting = async () => {
    await accept(till, DEFAULTS);
    expect((await give('R1', 3)).refund.state).toBe('PENDING_APPROVAL');
    await accept(till, NO_APPROVAL);
  };

  it.each([
    ['that waits for a person', waiting, 3],
    ['that waits, of another sum', waiting, 5],
    ['that was sent, of another sum', () => give('R1', 3), 5],
  ] as const)('%s is money that went back all the same', async (_what, ours, yuan) => {
    await ours();
    const before = (await query()).refundedFen;
    await notify('R1', yuan);
    const answer = await query();
    expect(answer.refundedElsewhere).toBe('unknown');
    expect(answer.refundedFen).toBe(before);
    world.clock.advance(60_000);
    expect((await give('R2', 1)).refund.state).toBe('PENDING_APPROVAL');
  });

  it('and that came to nothing gave nothing back', async () => {
    await waiting();
    await notify('R1', 3, ORDER, 'CLOSED');
    expect(await elsewhere()).toBeUndefined();
  });

  it('of another order keeps the number, where it is the merchant’s: nothing is sent', async () => {
    await notify('BACK_OFFICE', 2);
    await expect(give('BACK_OFFICE', 2, OTHER)).rejects.toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
    expect(sent()).toBe(0);
  });

  it('of another order is recorded although a refund of ours has the number', async () => {
    await give('R1', 2, OTHER);
    expect(await notify('R1', 4)).toBe('applied');
    expect(await elsewhere()).toBe(400);
  });
});

describe('a sender that slept between intent and gateway', () => {
  it('sends no refund any more that a person has released meanwhile', async () => {
    let isCommitted = false;
    const { ledger } = till;
    const asleep = {
      ...{ realm: ledger.realm, as: ledger.as.bind(ledger), onChange: ledger.onChange.bind(ledger) },
      read: async (work: Parameters<Ledger['read']>[0]) => {
        if (isCommitted) await world.clock.sleep(40_000);
        isCommitted = false;
        return ledger.read(work);
      },
      write: async (work: Parameters<Ledger['write']>[0]) => {
        const result = await ledger.write(work);
        isCommitted = true;
        return result;
      },
    } as unknown as Ledger;
    const slow = give('R1', 6, ORDER, { ...till, ledger: asleep });
    await world.clock.sleep(30_000);
    const operator = await person(till);
    const numbers = { outTradeNo: ORDER, outRefundNo: 'R1' };
    await releaseRefund(till.ledger, operator, numbers, world.clock.now());
    expect((await give('R2', 4)).refund.state).toBe('SUCCESS');
    expect((await slow).refund.state).toBe('CLOSED');
    expect(world.bank.refundedFen(ORDER)).toBe(400);
  });
});

it('a claim of a clock that was ahead does not keep a person from releasing', async () => {
  world.bank.fault = (operation) => (operation === 'refund' ? 'lost-before' : 'none');
  await give('R1', 3);
  world.bank.fault = () => 'none';
  const sendingUntil = world.clock.now() + 7_200_000;
  await till.ledger.write(async (book) => {
    const known = await book.refunds.get(ORDER, 'R1');
    if (known) await book.refunds.patch(known, { sendingBy: 'elsewhere 1', sendingUntil });
  });
  const numbers = { outTradeNo: ORDER, outRefundNo: 'R1' };
  const released = await releaseRefund(till.ledger, await person(till), numbers, world.clock.now());
  expect(released.state).toBe('CLOSED');
});
