import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fen } from '../../src/domain/money.ts';
import { Orders } from '../../src/ledger/orders.ts';
import { notifyRoutes } from '../../src/notify/routes.ts';
import { applyNotify, type NotifyOutcome } from '../../src/payments/apply-notify.ts';
import { createPayment } from '../../src/payments/create-payment.ts';
import { refundPayment } from '../../src/payments/refund-payment.ts';
import type { Till } from '../../src/payments/till.ts';
import type { PaymentProvider, RawNotify, VerifiedNotify } from '../../src/providers/contract.ts';
import { orderRow, subscriptionRow } from '../support/rows.ts';
import { CALL, payment, refund, World } from '../support/world.ts';

const ORDER = 'ORDER_1';
const ACCOUNT = 'bank 1';
const RAW: RawNotify = { headers: { 'x-sent': 'so' }, body: Buffer.from('a body') };

let world: World;
let till: Till;
let provider: PaymentProvider;
let told: { level: string; event: string; facts: unknown }[];

beforeEach(async () => {
  world = new World();
  told = [];
  const tell = (level: string) => (event: string, facts?: unknown) => told.push({ level, event, facts });
  till = {
    ...(await world.process()),
    log: { info: tell('info'), warn: tell('warn'), error: tell('error') },
  };
  provider = till.providers.get('alipay') as PaymentProvider;
  await createPayment(till, CALL, payment({ outTradeNo: ORDER }));
  world.bank.pay(ORDER);
  told = [];
});
afterEach(() => world.end());

type Trade = Extract<VerifiedNotify, { kind: 'trade' }>['trade'];
const trade = (more: Partial<Trade> = {}): VerifiedNotify => ({
  ...{ kind: 'trade', id: 'N1' },
  trade: {
    ...{ exists: true, account: ACCOUNT, outTradeNo: ORDER, state: 'PAID', gatewayState: 'PAID' },
    ...{ amountFen: fen(1000), paidAt: till.clock.now(), ...more },
  },
});
const wentBack = (more: Partial<Trade> = {}): VerifiedNotify => ({
  ...(trade({ refundedFen: fen(300), ...more }) as Extract<VerifiedNotify, { kind: 'trade' }>),
  kind: 'refunded',
});
const refunded = (outRefundNo: string, refundFen = 100, state: 'SUCCESS' | 'PROCESSING' = 'SUCCESS') =>
  ({
    ...{ kind: 'refund', id: 'N1' },
    refund: {
      ...{ exists: true, outTradeNo: ORDER, outRefundNo, refundFen: fen(refundFen) },
      ...{ state, gatewayState: state },
    },
  }) as VerifiedNotify;

/** The gateway's proven word, however it came by. */
const say = (verified: VerifiedNotify, by: Partial<PaymentProvider> = {}) =>
  applyNotify(till, { ...provider, ...by, parseNotify: async () => verified }, RAW);
const order = () => till.ledger.read((book) => book.orders.get(ORDER));
const kinds = async () =>
  (await till.ledger.read((book) => book.audit.ofOrder(ORDER))).map(({ kind }) => kind);

describe('what becomes of the word on', () => {
  it('a trade: news once, then a repetition', async () => {
    expect([await say(trade()), await say(trade())]).toEqual(['applied', 'repeated']);
    expect(await order()).toMatchObject({ state: 'PAID', source: 'notify' });
  });

  it('a trade of another sum: foreign, also where the order is paid', async () => {
    expect(await say(trade({ amountFen: fen(999) }))).toBe('foreign');
    expect(await order()).toMatchObject({ state: 'NOTPAY' });
    await say(trade());
    expect(await say(trade({ amountFen: fen(999) }))).toBe('foreign');
  });

  it('money that went back, in all: news once, and of an order that was never heard to be paid', async () => {
    expect([await say(wentBack()), await say(wentBack())]).toEqual(['applied', 'repeated']);
    expect(await order()).toMatchObject({ state: 'NOTPAY', gatewayRefunded: 300 });
  });

  it('money that went back of another trade: foreign, with an alarm, and no sum', async () => {
    expect(await say(wentBack({ account: 'bank 2' }))).toBe('foreign');
    expect(await kinds()).toContain('alarm-foreign-trade');
    expect((await order())?.gatewayRefunded).toBeUndefined();
  });

  it('a refund of ours: news once, then a repetition', async () => {
    await say(trade());
    world.bank.refundsProcessFirst = true;
    await refundPayment(till, CALL, refund({ outTradeNo: ORDER, outRefundNo: 'R1' }));
    expect(await say(refunded('R1', 100, 'PROCESSING'))).toBe('repeated');
    expect([await say(refunded('R1')), await say(refunded('R1'))]).toEqual(['applied', 'repeated']);
    const state = (await till.ledger.read((book) => book.refunds.get(ORDER, 'R1')))?.state;
    expect(state).toBe('SUCCESS');
  });

  it('a refund of ours with another sum: foreign, and it stays as it was', async () => {
    await say(trade());
    world.bank.refundsProcessFirst = true;
    await refundPayment(till, CALL, refund({ outTradeNo: ORDER, outRefundNo: 'R1' }));
    expect(await say(refunded('R1', 99))).toBe('foreign');
    const state = (await till.ledger.read((book) => book.refunds.get(ORDER, 'R1')))?.state;
    expect(state).toBe('PROCESSING');
  });

  it('a refund that nobody asked for here: recorded, and a repetition is one', async () => {
    await say(trade());
    expect([await say(refunded('R9')), await say(refunded('R9'))]).toEqual(['applied', 'repeated']);
    const kept = await till.ledger.read((book) => book.refunds.get(ORDER, 'R9'));
    expect(kept).toMatchObject({ caller: 'gateway', amountFen: 100, createdAt: till.clock.now() });
    expect(await say(refunded('R8', 1001)), 'more than was paid').toBe('foreign');
  });

  it.each<[string, Partial<PaymentProvider>, NotifyOutcome]>([
    ['the account it was made at', {}, 'applied'],
    ['another account', { account: 'bank 2' }, 'not-ours'],
    ['one account of several', { account: 'bank 2', owns: (account) => account === ACCOUNT }, 'applied'],
    ['another wallet', { id: 'wechatpay' }, 'not-ours'],
  ])('an order, said to %s', async (_, by, outcome) => {
    expect(await say(trade(), by)).toBe(outcome);
    expect((await order())?.state).toBe(outcome === 'applied' ? 'PAID' : 'NOTPAY');
  });

  it('an order that nobody here has: none of ours', async () => {
    expect(await say(trade({ outTradeNo: 'ORDER_2' }))).toBe('not-ours');
  });

  it('something else: taken, and nothing is written', async () => {
    const before = await kinds();
    expect(await say({ kind: 'other', id: 'N1', type: 'a-new-one' })).toBe('other');
    expect(await kinds()).toEqual(before);
  });
});

describe('a refund that names its order by the gateway’s number alone', () => {
  const named = (gatewayTradeNo: string | undefined, outTradeNo = '') => {
    const told = refunded('R9') as Extract<VerifiedNotify, { kind: 'refund' }>;
    return { ...told, gatewayTradeNo, refund: { ...told.refund, outTradeNo } } as VerifiedNotify;
  };
  beforeEach(async () => {
    await say(trade({ gatewayTradeNo: 'T1' }));
    // Newer than ours: another wallet's, and another shop's.
    await till.ledger.write(async (book) => {
      const same = { gatewayTradeNo: 'T1', state: 'PAID', createdAt: till.clock.now() + 1 } as const;
      await book.orders.insert(orderRow(till, { ...same, outTradeNo: 'W1', provider: 'wechatpay' }));
      await book.orders.insert(orderRow(till, { ...same, outTradeNo: 'O2', account: 'bank 2' }));
    });
  });

  it('is that of our order there, which nobody else changes meanwhile', async () => {
    const again = vi.spyOn(Orders.prototype, 'again');
    expect([await say(named('T1')), await say(named('T1'))]).toEqual(['applied', 'repeated']);
    expect(again).toHaveBeenCalledWith(expect.objectContaining({ outTradeNo: ORDER }));
    again.mockRestore();
    expect(await till.ledger.read((book) => book.refunds.get(ORDER, 'R9'))).toMatchObject({ amountFen: 100 });
  });

  it('is nobody’s where no order of ours has it, or no number is named', async () => {
    expect(await say(named('T2'))).toBe('not-ours');
    expect(await say(named(undefined))).toBe('not-ours');
    expect(await say(named('T1', 'ORDER_2')), 'a number of ours goes before').toBe('not-ours');
  });
});

describe('what becomes of the word on an agreement', () => {
  type Agreement = Extract<VerifiedNotify, { kind: 'agreement' }>['agreement'];
  const agreement = (more: Partial<Agreement> = {}): VerifiedNotify => ({
    ...{ kind: 'agreement', id: 'N1' },
    agreement: {
      ...{ exists: true, account: ACCOUNT, signNo: 'S1', agreementNo: 'A1' },
      ...{ state: 'ACTIVE', gatewayState: 'NORMAL', ...more },
    } as Agreement,
  });
  const subscription = () => till.ledger.read((book) => book.subscriptions.get('S1'));
  const given = (more: Parameters<typeof subscriptionRow>[1] = {}) =>
    till.ledger.write((book) => book.subscriptions.insert(subscriptionRow(till, more)));

  it('by our number: news once, then a repetition', async () => {
    await given();
    expect([await say(agreement()), await say(agreement())]).toEqual(['applied', 'repeated']);
    expect(await subscription()).toMatchObject({ state: 'ACTIVE', agreementNo: 'A1' });
  });

  it('by the gateway’s number alone: news of it as well', async () => {
    await given({ state: 'ACTIVE', agreementNo: 'A1', signedAt: till.clock.now() });
    expect(await say(agreement({ signNo: '', state: 'ENDED' }))).toBe('applied');
    expect(await subscription()).toMatchObject({ state: 'ENDED', reason: 'ended-by-subscriber' });
  });

  it('of another number: foreign', async () => {
    await given({ state: 'ACTIVE', agreementNo: 'A1', signedAt: till.clock.now() });
    expect(await say(agreement({ agreementNo: 'A2', state: 'ENDED' }))).toBe('foreign');
    expect(await subscription()).toMatchObject({ state: 'ACTIVE', agreementNo: 'A1' });
  });

  it.each<[string, Partial<PaymentProvider>]>([
    ['another account', { account: 'bank 2' }],
    ['another wallet', { id: 'wechatpay' }],
  ])('said to %s: none of ours', async (_, by) => {
    await given();
    expect(await say(agreement(), by)).toBe('not-ours');
    expect(await subscription()).toMatchObject({ state: 'PENDING_SIGN' });
  });

  it('that nobody here has: none of ours', async () => {
    expect(await say(agreement())).toBe('not-ours');
  });

  it('that is to end: may be old news, so that it is only asked for', async () => {
    await given({ state: 'ACTIVE', agreementNo: 'A1', signedAt: 1, endingAt: 2, reason: 'cancelled' });
    const before = await subscription();
    world.clock.advance(5000);
    expect(await say(agreement({ gatewayState: 'ANOTHER' }))).toBe('repeated');
    const { tryAt, updatedAt, ...after } = (await subscription()) ?? {};
    expect(before).toMatchObject(after);
    expect(tryAt).toBe(till.clock.now());
  });
});

describe('the log', () => {
  it.each<[NotifyOutcome, string, () => VerifiedNotify]>([
    ['applied', 'info', () => trade()],
    ['other', 'info', () => ({ kind: 'other', id: 'N1', type: 'a-new-one' })],
    ['foreign', 'warn', () => trade({ amountFen: fen(1) })],
    ['not-ours', 'warn', () => trade({ outTradeNo: 'ORDER_2' })],
  ])('has one line of what is %s', async (outcome, level, verified) => {
    const word = verified();
    await say(word);
    const facts = { provider: 'alipay', kind: word.kind, id: 'N1', outcome };
    expect(told).toEqual([{ level, event: 'notification', facts }]);
  });

  it('has a line of what is no notification, with the reason and nothing of the sender', async () => {
    expect(await applyNotify(till, provider, RAW)).toBe('rejected');
    const facts = { provider: 'alipay', reason: 'bad-signature' };
    expect(told).toEqual([{ level: 'warn', event: 'notification rejected', facts }]);
  });
});

it('is the gateway who acts, by the route of its wallet', async () => {
  await say(trade());
  const events = await till.ledger.read((book) => book.audit.ofOrder(ORDER));
  expect(events.at(-1)).toMatchObject({ caller: 'gateway', tool: 'notify/alipay', kind: 'order-paid' });
});

it('is not taken where reading it has failed in another way than by a refusal', async () => {
  const broken = new Error('a fault of ours');
  const parseNotify = async () => {
    throw broken;
  };
  await expect(applyNotify(till, { ...provider, parseNotify }, RAW)).rejects.toBe(broken);
  expect(told).toEqual([]);
});

describe('the route', () => {
  const outcomes: [string, NotifyOutcome][] = [];
  const seen: RawNotify[] = [];
  let acknowledged: boolean[];
  let verified: VerifiedNotify;
  beforeEach(() => {
    outcomes.length = 0;
    seen.length = 0;
    acknowledged = [];
    verified = trade();
    provider = {
      ...provider,
      parseNotify: async (raw) => {
        seen.push(raw);
        return verified;
      },
      acknowledge: (accepted) => {
        acknowledged.push(accepted);
        return accepted
          ? { status: 200, contentType: 'text/plain', body: 'taken' }
          : { status: 400, contentType: 'application/json', body: '' };
      },
    };
    till = { ...till, providers: new Map([['alipay', provider]]) };
  });
  const post = (body: Buffer, path = '/notify/alipay', merchant?: string) =>
    notifyRoutes(
      async () => till,
      merchant,
      (gateway, outcome) => outcomes.push([gateway, outcome]),
    ).request(path, { method: 'POST', body, headers: { 'x-sent': 'so' } });

  it("hands on the bytes and headers as they came, and gives back the gateway's own reply", async () => {
    const body = Buffer.from([0x7b, 0xff, 0x00, 0x7d]);
    const reply = await post(body);
    expect(seen[0]?.body.equals(body)).toBe(true);
    expect(seen[0]?.headers).toMatchObject({ 'x-sent': 'so' });
    expect([reply.status, await reply.text()]).toEqual([200, 'taken']);
    expect(reply.headers.get('content-type')).toBe('text/plain');
    expect(reply.headers.get('cache-control')).toBe('no-store');
  });

  it.each<[NotifyOutcome, boolean, () => VerifiedNotify]>([
    ['applied', true, () => trade()],
    ['other', true, () => ({ kind: 'other', id: 'N1', type: 'a-new-one' })],
    ['foreign', false, () => trade({ amountFen: fen(1) })],
    ['not-ours', false, () => trade({ outTradeNo: 'ORDER_2' })],
  ])('says of what is %s that it is taken: %s', async (outcome, taken, word) => {
    verified = word();
    const reply = await post(RAW.body);
    expect(acknowledged).toEqual([taken]);
    expect(outcomes).toEqual([['alipay', outcome]]);
    expect(reply.status).toBe(taken ? 200 : 400);
    if (!taken) {
      expect(reply.headers.get('content-type')).toBe('application/json');
      expect(reply.body, 'none, not an empty one').toBeNull();
    }
  });

  it('says of a repetition that it is taken', async () => {
    await post(RAW.body);
    expect((await post(RAW.body)).status).toBe(200);
    expect(outcomes).toEqual([
      ['alipay', 'applied'],
      ['alipay', 'repeated'],
    ]);
  });

  it('takes 64 KiB and not a byte more', async () => {
    expect((await post(Buffer.alloc(65_536))).status).toBe(200);
    expect((await post(Buffer.alloc(65_537))).status).toBe(413);
    expect(seen).toHaveLength(1);
  });

  it.each<[merchant: string | undefined, path: string, status: number]>([
    [undefined, '/notify/alipay', 200],
    [undefined, '/notify/alipay/default', 200],
    [undefined, '/notify/alipay/noodles', 404],
    ['noodles', '/notify/alipay/noodles', 200],
    ['noodles', '/notify/alipay', 404],
    ['noodles', '/notify/alipay/default', 404],
    ['noodles', '/notify/wechatpay/noodles', 404],
  ])('of merchant %s at %s: %i', async (merchant, path, status) => {
    expect((await post(RAW.body, path, merchant)).status).toBe(status);
  });
});
