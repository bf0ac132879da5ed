import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ledgerLookup, offerLookup } from '../../src/buyer-page/index.ts';
import { invalidArgument } from '../../src/domain/errors.ts';
import { fen } from '../../src/domain/money.ts';
import { verifyAudit } from '../../src/ledger/audit-verify.ts';
import { askBegun, beginPayment, chooseWallet, closeBegun } from '../../src/payments/choose-wallet.ts';
import { createPayment, sendApproved } from '../../src/payments/create-payment.ts';
import { forgetSome } from '../../src/payments/forgetting.ts';
import type { CreatePaymentInput } from '../../src/payments/inputs.ts';
import type { OfferResult } from '../../src/payments/offers.ts';
import { askForRefund } from '../../src/payments/query-refund.ts';
import { refundPayment } from '../../src/payments/refund-payment.ts';
import type { PaymentResult } from '../../src/payments/results.ts';
import type { Call, Till } from '../../src/payments/till.ts';
import { freeze } from '../../src/policy/decisions.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { Bank } from '../support/bank.ts';
import { takenInFromBill } from '../support/forgotten.ts';
import { CALL, decide, NO_APPROVAL, payment, refund, World } from '../support/world.ts';

const NUMBER = 'ORDER_1';
const EITHER: CreatePaymentInput = { ...payment({ outTradeNo: NUMBER }), provider: undefined };
const MINUTE = 60_000;
const PAGE = { simulated: false, merchantName: undefined, simulatorUrl: () => undefined };
const holders = () => 'unknown' as const;
const WALLETS = ['alipay', 'wechatpay'] as const;

let world: World;
let other: Bank;
beforeEach(() => {
  world = new World();
  other = new Bank(world.clock);
});
afterEach(() => world.end());

async function process(policy: Policy = NO_APPROVAL): Promise<Till> {
  const till = await world.process(policy);
  const second = other.provider({ id: 'wechatpay', account: 'bank 2' });
  return { ...till, letsBuyerChoose: true, providers: new Map([...till.providers, [second.id, second]]) };
}
const offer = async (till: Till, input = EITHER, call: Call = CALL) =>
  (await beginPayment(till, call, input)) as OfferResult;
const choose = (till: Till, { offer: { pageToken } }: OfferResult, wallet: (typeof WALLETS)[number]) =>
  chooseWallet(till, holders, pageToken, wallet);
const ask = (till: Till, waitSeconds = 0) => askBegun(till, CALL, { outTradeNo: NUMBER, waitSeconds });
/** What the gateways have under the number. */
const trades = (number = NUMBER) =>
  [world.bank, other].flatMap((bank) => bank.trades.get(number)?.state ?? []);
/** Somebody has been at the rows. */
async function edited(sql: string): Promise<void> {
  const store = await world.store();
  await store.write((tx) => tx.run(sql));
  await store.close();
}
const code = (name: string) => expect.objectContaining({ code: name });

describe('what nobody has chosen yet', () => {
  it('has a number, a page and an expiry, and is at no gateway', async () => {
    const till = await process();
    const { offer: made, replayed } = await offer(till);
    expect(made).toMatchObject({
      outTradeNo: NUMBER,
      closedAt: undefined,
      expiresAt: made.createdAt + 30 * MINUTE,
    });
    expect(replayed).toBe(false);
    expect(await ask(till)).toEqual({ offer: made, replayed: false });
    expect(await till.ledger.read((book) => book.orders.get(NUMBER))).toBeUndefined();
    expect([world.bank.calls, other.calls]).toEqual([[], []]);
  });

  it('lasts no longer than every gateway lets a payment last', async () => {
    const till = await process();
    const short = [...till.providers].map(([id, wallet]) =>
      id === 'alipay' ? ([id, { ...wallet, maxExpiryMinutes: 29 }] as const) : ([id, wallet] as const),
    );
    await expect(offer({ ...till, providers: new Map(short) })).rejects.toThrow(code('INVALID_ARGUMENT'));
    expect(await ask(till).catch((error: unknown) => error)).toMatchObject({ code: 'ORDER_NOT_FOUND' });
  });

  it('is the same however often it is asked for, and nothing else has its number', async () => {
    const till = await process();
    const first = await offer(till);
    expect(await offer(await process())).toEqual({ offer: first.offer, replayed: true });
    for (const differing of [{ amountFen: fen(1) }, { payerOpenid: 'o1' }, { payerClientIp: '1.1.1.1' }])
      await expect(offer(till, { ...EITHER, ...differing })).rejects.toThrow(code('IDEMPOTENCY_CONFLICT'));
    await expect(createPayment(till, CALL, payment({ outTradeNo: NUMBER }))).rejects.toThrow(
      code('IDEMPOTENCY_CONFLICT'),
    );
    const stranger = { caller: 'stranger', ownOrdersOnly: true };
    for (const input of [EITHER, payment({ outTradeNo: NUMBER })])
      await expect(beginPayment(till, stranger, input)).rejects.toThrow(code('IDEMPOTENCY_CONFLICT'));
    await expect(askBegun(till, stranger, { outTradeNo: NUMBER, waitSeconds: 0 })).rejects.toThrow(
      code('ORDER_NOT_FOUND'),
    );
    await expect(closeBegun(till, stranger, { outTradeNo: NUMBER })).rejects.toThrow(code('ORDER_NOT_FOUND'));
    expect(trades()).toEqual([]);
  });

  it('is recognised by its buyer until it is over', async () => {
    const till = await process();
    const input = { ...EITHER, outTradeNo: undefined, buyer: 'alice' };
    const first = await offer(till, input);
    expect((await offer(till, input)).offer.outTradeNo).toBe(first.offer.outTradeNo);
    expect((await offer(till, { ...input, buyer: 'bob' })).offer.outTradeNo).not.toBe(first.offer.outTradeNo);
    await choose(till, first, 'wechatpay');
    const chosen = (await beginPayment(till, CALL, input)) as PaymentResult;
    expect(chosen).toMatchObject({
      replayed: true,
      order: { outTradeNo: first.offer.outTradeNo, provider: 'wechatpay' },
    });
    other.pay(first.offer.outTradeNo);
    await askBegun(till, CALL, { outTradeNo: first.offer.outTradeNo, waitSeconds: 0 });
    expect((await offer(till, input)).offer.outTradeNo).not.toBe(first.offer.outTradeNo);
  });

  it('is closed where another takes its place, whatever the clocks of others say', async () => {
    const [ahead, behind] = [await process(), await process()];
    const input = { ...EITHER, outTradeNo: undefined, buyer: 'alice', expiresInMinutes: 1 };
    const first = await offer(ahead, input);
    const late = { now: () => world.clock.now() - MINUTE / 2, sleep: world.clock.sleep.bind(world.clock) };
    await world.clock.sleep(MINUTE);
    const second = await offer(ahead, input);
    expect(second.offer.outTradeNo).not.toBe(first.offer.outTradeNo);
    await expect(choose({ ...behind, clock: late }, first, 'alipay')).rejects.toThrow(code('ORDER_CLOSED'));
    expect(trades(first.offer.outTradeNo)).toEqual([]);
  });

  it('is closed without a gateway, and can be chosen no more', async () => {
    const till = await process();
    const made = await offer(till);
    expect(await closeBegun(till, CALL, { outTradeNo: NUMBER })).toMatchObject({ replayed: false });
    expect(await closeBegun(till, CALL, { outTradeNo: NUMBER })).toMatchObject({ replayed: true });
    await expect(choose(till, made, 'alipay')).rejects.toThrow(code('ORDER_CLOSED'));
    expect(await offer(till)).toMatchObject({ replayed: true, offer: { closedAt: expect.any(Number) } });
    expect([world.bank.calls, other.calls]).toEqual([[], []]);
  });

  it('is no more where it is closed while the choice is on its way', async () => {
    const till = await process();
    const made = await offer(till);
    world.bank.delay = async (operation) => {
      if (operation === 'query') await closeBegun(till, CALL, { outTradeNo: NUMBER });
    };
    await expect(choose(till, made, 'alipay')).rejects.toEqual(code('ORDER_CLOSED'));
    expect(trades()).toEqual([]);
    expect((await ask(till)) as OfferResult).toMatchObject({ offer: { closedAt: expect.any(Number) } });
  });

  it('expires, and can be chosen no more', async () => {
    const till = await process();
    const made = await offer(till);
    await world.clock.sleep(30 * MINUTE);
    await expect(choose(till, made, 'alipay')).rejects.toThrow(code('ORDER_CLOSED'));
    expect(trades()).toEqual([]);
  });

  it('cannot be refunded, for nobody has paid, and is told to have no refund', async () => {
    const till = await process({ ...NO_APPROVAL, foreignOrders: 'allow' });
    await offer(till);
    await expect(refundPayment(till, CALL, refund({ outTradeNo: NUMBER }))).rejects.toThrow(code('NOT_PAID'));
    const tooMuch = refund({ outTradeNo: NUMBER, refundFen: fen(1001) });
    await expect(refundPayment(till, CALL, tooMuch)).rejects.toThrow(code('REFUND_EXCEEDS_PAID'));
    await expect(askForRefund(till, CALL, { outTradeNo: NUMBER, outRefundNo: 'R1' })).rejects.toMatchObject({
      code: 'ORDER_NOT_FOUND',
      details: { argument: 'outRefundNo' },
    });
    expect([world.bank.calls, other.calls]).toEqual([[], []]);
  });

  it('is refused early where a gateway would refuse it, and for scenes that not every wallet has', async () => {
    const till = await process();
    await expect(offer(till, { ...EITHER, scene: 'web' })).rejects.toThrow(code('INVALID_ARGUMENT'));
    expect(await till.ledger.read((book) => book.offers.get(NUMBER))).toBeUndefined();
  });

  it('is not offered with a wallet that has no place for its number', async () => {
    const till = await process();
    const third = other.provider({ id: 'unionpay', account: 'bank 3' });
    const narrow = {
      ...third,
      planPayment() {
        throw invalidArgument('outTradeNo', { zh: '号码', en: 'number' }, { zh: '', en: '' });
      },
    };
    const all: Till = { ...till, providers: new Map([...till.providers, [narrow.id, narrow]]) };
    const walletsOf = async ({ offer: { pageToken } }: OfferResult) =>
      (await offerLookup({ ...till, ...PAGE }, [...all.providers.keys()])(pageToken))?.wallets;
    expect(await walletsOf(await offer(all))).toEqual(WALLETS);
    expect(await walletsOf(await offer(till, { ...EITHER, outTradeNo: 'ORDER0001' }))).toEqual([
      ...WALLETS,
      'unionpay',
    ]);
    const alone = { ...all, providers: new Map([[narrow.id, narrow]]) };
    const refused = offer(alone, { ...EITHER, outTradeNo: 'ORDER_2' });
    await expect(refused).rejects.toThrow(code('INVALID_ARGUMENT'));
  });

  it.each([
    ['is paid by an order that a restored ledger has forgotten', undefined, 'test'],
    ['pays with no number that another system may have', NUMBER, 'operator'],
  ])('%s', async (_what, outTradeNo, caller) => {
    const till = await process();
    const input = { ...EITHER, outTradeNo, buyer: 'alice' };
    const { offer: made } = await offer(till, input);
    const { outTradeNo: no, amountFen } = made;
    expect(await takenInFromBill(world, till, no, amountFen)).toMatchObject({ taken: 1, open: 0 });
    expect(await till.ledger.read((book) => book.orders.get(no))).toMatchObject({ state: 'PAID', caller });
    if (caller !== 'test') return;
    const page = await till.ledger.read((book) => book.orders.byPageToken(made.pageToken));
    expect(page).toMatchObject({ outTradeNo: no, state: 'PAID' });
    const again = await beginPayment(till, CALL, { ...input, outTradeNo: no });
    expect(again).toMatchObject({ order: { state: 'PAID' }, replayed: true });
  });

  it('forgets its buyer as orders do', async () => {
    const till = await process();
    await offer(till, { ...EITHER, buyer: 'alice' });
    expect(await forgetSome(till.ledger, world.clock.now() - 1)).toBe(0);
    await world.clock.sleep(MINUTE);
    expect(await forgetSome(till.ledger, world.clock.now())).toBe(1);
    expect(await till.ledger.read((book) => book.offers.get(NUMBER))).toMatchObject({ buyerHash: undefined });
    expect(await verifyAudit(till.ledger, [])).toMatchObject({ intact: true });
  });

  it('there is no such thing where the merchant has no page for it', async () => {
    const till = { ...(await process()), letsBuyerChoose: false };
    await expect(beginPayment(till, CALL, EITHER)).rejects.toThrow(code('INVALID_ARGUMENT'));
  });
});

describe('the choice', () => {
  it.each(WALLETS)('of %s makes one order of it, with all that was promised, and stands', async (wallet) => {
    const till = await process();
    const made = await offer(till);
    await world.clock.sleep(7 * MINUTE);
    const chosen = await choose(till, made, wallet);
    expect(chosen?.order).toMatchObject({
      ...{ outTradeNo: NUMBER, provider: wallet, state: 'NOTPAY', caller: 'test' },
      ...{ pageToken: made.offer.pageToken, expiresAt: made.offer.expiresAt },
    });
    for (const again of WALLETS)
      expect((await choose(await process(), made, again))?.order).toMatchObject({
        provider: wallet,
        state: 'NOTPAY',
      });
    expect(trades()).toEqual(['NOTPAY']);
    expect(await beginPayment(till, CALL, EITHER)).toMatchObject({
      replayed: true,
      order: { provider: wallet },
    });
    (wallet === 'alipay' ? world.bank : other).pay(NUMBER);
    expect(await ask(till)).toMatchObject({ order: { state: 'PAID', provider: wallet } });
    await refundPayment(till, CALL, refund({ outTradeNo: NUMBER }));
    expect(trades()).toEqual(['PAID']);
  });

  it('of two at once, by two clicks at two processes, is one', async () => {
    const [a, b] = [await process(), await process()];
    const made = await offer(a);
    const clicks = [
      choose(a, made, 'alipay'),
      choose(b, made, 'wechatpay'),
      choose(b, made, 'alipay'),
      choose(a, made, 'wechatpay'),
    ];
    const told = await Promise.all(clicks);
    expect(new Set(told.map((result) => result?.order.provider)).size).toBe(1);
    expect(trades()).toEqual(['NOTPAY']);
  });

  it.each(['crash-before', 'crash-after', 'lost-before', 'lost-after'] as const)(
    'that was lost on its way (%s) is sent again as it was, never to another',
    async (fault) => {
      const [dying, heir] = [await process(), await process()];
      const made = await offer(dying);
      world.failing('create', fault);
      void choose(dying, made, 'alipay').catch(() => undefined);
      await world.clock.sleep(MINUTE);
      expect((await choose(heir, made, 'wechatpay'))?.order).toMatchObject({
        provider: 'alipay',
        state: 'NOTPAY',
      });
      expect(trades()).toEqual(['NOTPAY']);
      expect(other.calls).toEqual([]);
    },
  );

  it('whose code was lost on its way is made again from the page, under the same number', async () => {
    const till = await process();
    const made = await offer(till);
    const simulatorUrl = () => undefined;
    const look = ledgerLookup({ ...till, simulated: false, merchantName: undefined, simulatorUrl });
    const page = () => look(made.offer.pageToken);
    other.fault = (operation) => (operation === 'create' ? 'lost-after' : 'none');
    await choose(till, made, 'wechatpay');
    expect(await page()).toMatchObject({ state: 'UNKNOWN', given: false, again: true });
    await ask(till);
    expect(await page()).toMatchObject({ state: 'NOTPAY', given: false, again: true });
    other.fault = () => 'none';
    await choose(till, made, 'wechatpay');
    expect(await page()).toMatchObject({ state: 'NOTPAY', given: true, again: false });
    expect(trades()).toEqual(['NOTPAY']);

    // What nobody offered, nobody chooses again.
    other.fault = (operation) => (operation === 'create' ? 'lost-after' : 'none');
    const named = { ...payment({ outTradeNo: 'ORDER_2' }), provider: 'wechatpay' } as const;
    const { order } = (await beginPayment(till, CALL, named)) as PaymentResult;
    expect(await look(order.pageToken)).toMatchObject({ state: 'UNKNOWN', given: false, again: false });
  });

  it('is held to the rules of now, and what they refuse leaves the choice open', async () => {
    const strict: Policy = { payments: { maxFen: fen(1) }, refunds: {} };
    const till = await process(strict);
    const made = await offer(till);
    await expect(choose(till, made, 'alipay')).rejects.toThrow(code('POLICY_DENIED'));
    await till.ledger.write((book) => freeze(book, 'page', undefined));
    await expect(choose(till, made, 'alipay')).rejects.toThrow(code('FROZEN'));
    expect(await ask(till)).toMatchObject({ offer: { closedAt: undefined } });
    expect(trades()).toEqual([]);
  });

  it('is on record where it is refused: each that a buyer makes, of a flood how many there were', async () => {
    const strict: Policy = { payments: { maxFen: fen(1) }, refunds: {} };
    const till = await process(strict);
    const made = await offer(till, EITHER, { ...CALL, id: 'the call' });
    const refused = async () => {
      const all = await till.ledger.read((book) => book.audit.after(0, 10_000));
      return all.filter(({ tool, kind }) => tool === 'choice' && /^(result|calls-limited)$/.test(kind));
    };
    await expect(choose(till, made, 'alipay')).rejects.toThrow(code('POLICY_DENIED'));
    await till.ledger.write((book) => freeze(book, 'page', undefined));
    await expect(choose(till, made, 'wechatpay')).rejects.toThrow(code('FROZEN'));
    const from = { kind: 'result', outTradeNo: NUMBER, caller: CALL.caller, call: 'the call' };
    expect(await refused()).toMatchObject([
      { ...from, detail: { code: 'POLICY_DENIED', rule: 'payments.maxYuan' } },
      { ...from, detail: { code: 'FROZEN' } },
    ]);
    expect(await till.ledger.read((book) => book.operator.policy())).toMatchObject({ version: 1 });
    for (let i = 0; i < 300; i++) await expect(choose(till, made, 'alipay')).rejects.toThrow(code('FROZEN'));
    await world.clock.sleep(MINUTE);
    for (let i = 0; i < 2; i++) await expect(choose(till, made, 'alipay')).rejects.toThrow(code('FROZEN'));
    const flood = await refused();
    expect(flood.length).toBeLessThan(30);
    expect(flood.filter(({ kind }) => kind === 'calls-limited').map(({ detail }) => detail.calls)).toEqual([
      1, 282,
    ]);
    // Another page is nobody's to fill.
    const other = await offer(till, { ...EITHER, outTradeNo: 'ORDER_2' });
    await expect(choose(till, other, 'alipay')).rejects.toThrow(code('FROZEN'));
    expect((await refused()).at(-1)).toMatchObject({ kind: 'result', outTradeNo: 'ORDER_2' });
    expect(await verifyAudit(till.ledger, [])).toMatchObject({ intact: true });
  });

  it('is counted once, by the order', async () => {
    const once: Policy = { payments: { perDay: { count: 1 } }, refunds: {} };
    const till = await process(once);
    const [first, second] = [await offer(till), await offer(till, { ...EITHER, outTradeNo: 'ORDER_2' })];
    await choose(till, first, 'alipay');
    await choose(till, first, 'wechatpay');
    await expect(choose(till, second, 'alipay')).rejects.toThrow(code('POLICY_DENIED'));
    expect([trades(), trades('ORDER_2')]).toEqual([['NOTPAY'], []]);
  });

  it('waits for a person where the rules want one, and not beyond the time that was promised', async () => {
    const asking: Policy = { payments: { approveAboveFen: fen(1) }, refunds: {} };
    const till = await process(asking);
    const [made, late] = [await offer(till), await offer(till, { ...EITHER, outTradeNo: 'ORDER_2' })];
    const waiting = await choose(till, made, 'alipay');
    expect(waiting).toMatchObject({ order: { state: 'PENDING_APPROVAL' } });
    await decide(till, waiting?.approval?.id);
    await sendApproved(till, { ...CALL, approval: waiting?.approval?.id ?? '' }, NUMBER);
    expect(trades()).toEqual(['NOTPAY']);
    await world.clock.sleep(29 * MINUTE);
    const tooLate = await choose(till, late, 'wechatpay');
    await decide(till, tooLate?.approval?.id);
    await world.clock.sleep(2 * MINUTE);
    const call = { ...CALL, approval: tooLate?.approval?.id ?? '' };
    expect((await sendApproved(till, call, 'ORDER_2')).order.state).toBe('CLOSED');
    expect(trades('ORDER_2')).toEqual([]);
  });

  it('is no more for a seller who has been revoked, and not made by who cannot tell', async () => {
    const till = await process();
    const made = await offer(till, EITHER, { ...CALL, credential: 'token 1' });
    for (const [holder, refusal] of [
      ['revoked', 'ORDER_CLOSED'],
      ['unknown', 'CONFIGURATION'],
    ] as const)
      await expect(chooseWallet(till, () => holder, made.offer.pageToken, 'alipay')).rejects.toThrow(
        code(refusal),
      );
    const strict = { caller: 'test', token: { payments: { maxFen: fen(1) } } };
    await expect(chooseWallet(till, () => strict, made.offer.pageToken, 'alipay')).rejects.toThrow(
      code('POLICY_DENIED'),
    );
    expect(trades()).toEqual([]);
    expect(await chooseWallet(till, holders, 'A'.repeat(22), 'alipay')).toBeUndefined();
  });

  it('is waited for, and then the payment', async () => {
    const [till, page] = [await process(), await process()];
    const made = await offer(till);
    const waited = ask(till, 50);
    await world.clock.sleep(3_000);
    await choose(page, made, 'wechatpay');
    await world.clock.sleep(3_000);
    other.pay(NUMBER);
    const told = await waited;
    expect(told).toMatchObject({ order: { provider: 'wechatpay' } });
    expect(await ask(till, 50)).toMatchObject({ order: { state: 'PAID' } });
  });

  it('is waited for as long as was asked, from when the call came in, and never by too many', async () => {
    const [till, page] = [await process(), await process()];
    const made = await offer(till);
    const from = world.clock.now();
    const call = { ...CALL, arrivedAt: from };
    const waited = askBegun(till, call, { outTradeNo: NUMBER, waitSeconds: 50 });
    await world.clock.sleep(20_000);
    await choose(page, made, 'wechatpay');
    expect(await waited).toMatchObject({ order: { state: 'NOTPAY' } });
    expect(world.clock.now() - from).toBe(50_000);

    const second = await offer(till, { ...EITHER, outTradeNo: 'ORDER_2' });
    const wait = () => askBegun(till, CALL, { outTradeNo: 'ORDER_2', waitSeconds: 50 });
    const waiting = Array.from({ length: 50 }, wait);
    await expect(wait()).rejects.toThrow(code('TRY_LATER'));
    expect(till.desk.waits.open).toBe(50);
    await closeBegun(page, CALL, { outTradeNo: 'ORDER_2' });
    for (const told of await Promise.all(waiting))
      expect(told).toMatchObject({ offer: { ...second.offer, closedAt: expect.any(Number) } });
    expect(till.desk.waits.open).toBe(0);
  });
});

describe('what stands on record of it', () => {
  it.each([
    ['a lower sum', 'amount_fen = 1'],
    ['a later end', 'expires_at = expires_at + 1'],
    ['another title', "title = 'x'"],
    ['another seller', "caller = 'x'"],
    ['other rules', "asked_json = '{}'"],
    ['open again', 'closed_at = NULL'],
  ])('tells of %s', async (_what, change) => {
    const till = await process();
    await offer(till);
    await offer(till, { ...EITHER, outTradeNo: 'ORDER_2' });
    await closeBegun(till, CALL, { outTradeNo: NUMBER });
    expect(await verifyAudit(till.ledger, [])).toMatchObject({ intact: true });
    await edited(`UPDATE offers SET ${change}`);
    const { intact, tables } = await verifyAudit(till.ledger, []);
    expect(intact).toBe(false);
    expect(tables[0]).toMatchObject({ table: 'offers', look: 'differs' });
  });

  it('tells of one that was put there, and of one that was taken away', async () => {
    const till = await process();
    await offer(till);
    const copied = [
      'caller',
      'amount_fen',
      'title',
      'input_hash',
      'terms_json',
      'expires_at',
      'asked_json',
    ].join();
    await edited(
      `INSERT INTO offers (out_trade_no, page_token, created_at, ${copied})
       SELECT 'FORGED_1', 'token', created_at, ${copied} FROM offers`,
    );
    expect((await verifyAudit(till.ledger, [])).tables).toMatchObject([
      { row: 'FORGED_1', look: 'unrecorded' },
    ]);
    await edited('DELETE FROM offers');
    expect((await verifyAudit(till.ledger, [])).tables).toMatchObject([{ row: NUMBER, look: 'gone' }]);
  });
});
